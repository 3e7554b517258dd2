"""Words of the metrics over several variables: member, group, relation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.base import State, Value
from climcomp_metrics.domain import Domain
from climcomp_metrics.field import Axes


@dataclass(frozen=True, slots=True)
class Member:
    """A variable of a dataset, as relations look for it.

    Parameters
    ----------
    name
        Its path in the archive.
    dims, shape, axes
        Of the variable itself, in its own order.
    attributes
        CF attributes as text: standard_name, long_name, units, cell_methods, positive.
    lossy
        Whether values may differ from the source; a group without such a member is not measured.
    """

    name: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    axes: Axes
    attributes: Mapping[str, str]
    lossy: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Variables of one dataset that a relation is measured on.

    Parameters
    ----------
    relation
        The name of the relation in the table.
    members
        Role ("u", "v", "temperature") to the member's name.
    """

    relation: str
    members: Mapping[str, str]

    @property
    def label(self) -> str:
        """The group in words: "wind of ua and va"."""
        return f"{self.relation} of {' and '.join(self.members.values())}"


@dataclass(frozen=True, slots=True)
class GroupPart:
    """Some time steps of all members of a group, before and after.

    Parameters
    ----------
    original, decoded : role to (time, level, y, x)
        Whole horizontal fields and all levels of the same time steps, in float64 as their users
        read them; missing values are NaN. A member without levels has one.
    units
        Role to unit.
    domain
        Of the members' common horizontal grid; its clock is of the whole record.
    level_values, level_unit
        The common vertical coordinate as stored, and its unit; None and "" without one.
    start
        The first time step, counted from the start of the record.
    steps
        How many time steps the record has.
    every
        Step i of the arrays is step `start + i * every` of the record: more than 1 where a sample
        was read.
    bounds
        Role to the largest absolute error that the archive promises on any value, in the member's
        unit; 0 where it is lossless. A role that is not there: nobody knows.
    level_standard_name
        Of the vertical coordinate; "" if it has none. It tells pressures from hybrid levels whose
        nominal values are pressures too.
    """

    original: Mapping[str, NDArray[np.float64]]
    decoded: Mapping[str, NDArray[np.float64]]
    units: Mapping[str, str]
    domain: Domain
    level_values: NDArray[np.float64] | None
    level_unit: str
    start: int
    steps: int
    every: int = 1
    bounds: Mapping[str, float] = field(default_factory=dict)
    level_standard_name: str = ""


class Relation(Protocol):
    """What ties several variables together, and the metrics on it."""

    name: ClassVar[str]
    criteria: ClassVar[tuple[str, ...]]  # ids of the rows of METRICS that it gives values for
    by_level: ClassVar[bool]  # each level is measured by itself, so that parts may hold some levels

    def find(self, members: Sequence[Member]) -> list[Group]:
        """The groups among the variables of one dataset."""

    def stride(self, steps: int) -> int:
        """Every how many time steps are measured; 1: all."""

    def of(self, group: Group, part: GroupPart) -> State:
        """The sums of a part; keys are the relation's own."""

    def merge(self, first: State, second: State) -> State:
        """The sums of both parts, in any order; neither is changed."""

    def values(self, group: Group, state: State) -> list[Value]:
        """One value, or the reason why there is none, for each of `criteria`."""
