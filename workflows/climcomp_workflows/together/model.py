"""The groups of a plan: variables that are judged together, and by which criteria."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from climcomp.errors import MetricError
from climcomp_metrics.together.model import Group, Relation
from climcomp_metrics.together.relations import RELATIONS, find_relation


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """Variables that are judged together once each of them has been accepted.

    Parameters
    ----------
    dataset
        Key of the source that all of them are from.
    criteria
        Ids of those criteria of the relation that the recipe has not turned off.
    """

    dataset: str
    group: Group
    criteria: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The paths of the members, each once."""
        return tuple(dict.fromkeys(self.group.members.values()))

    @property
    def relation(self) -> Relation:
        """What ties the members together.

        Raises
        ------
        MetricError
            If this climcomp has no such relation: another version, or another plug-in, planned it.
        """
        name = self.group.relation
        if name not in RELATIONS:
            known = ", ".join(sorted(RELATIONS)) or "none"
            raise MetricError(
                f"{self.group.label}: the plan has the relation {name!r}, this climcomp knows "
                f"{known}. Use the climcomp, and the plug-ins, that made the plan."
            )
        return find_relation(name)

    def to_dict(self) -> dict[str, Any]:
        """The group as JSON stores it; roles keep their order."""
        return {
            "dataset": self.dataset,
            "relation": self.group.relation,
            "members": [[role, name] for role, name in self.group.members.items()],
            "criteria": list(self.criteria),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> GroupPlan:
        """The group that `to_dict` wrote."""
        members = {role: name for role, name in data["members"]}
        return cls(data["dataset"], Group(data["relation"], members), tuple(data["criteria"]))
