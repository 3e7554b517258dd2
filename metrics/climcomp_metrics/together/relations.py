"""The table of relations, and the groups that they find in a dataset."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from functools import cache

from climcomp_metrics.together.model import Group, Member, Relation

_HERE = "climcomp_metrics.together."

RELATIONS: dict[str, str] = {
    "order": f"{_HERE}order:TemperatureOrder",
    "order of levels": f"{_HERE}order:LevelOrder",
    "TOA budget": f"{_HERE}budgets:TopBudget",
    "surface budget": f"{_HERE}budgets:SurfaceBudget",
    "water budget": f"{_HERE}budgets:WaterBudget",
    "air mass": f"{_HERE}column_integrals:DryMass",
    "precipitable water": f"{_HERE}column_integrals:WaterColumn",
    "enthalpy": f"{_HERE}column_integrals:Enthalpy",
    "kinetic energy": f"{_HERE}energy:KineticEnergy",
    "ocean heat": f"{_HERE}energy:OceanHeat",
    "wind": f"{_HERE}wind:WindDerivatives",
    "geostrophic wind": f"{_HERE}heights:GeostrophicWind",
    "relative humidity": f"{_HERE}humidity:RelativeHumidity",
}
"""Name and "module:Class"."""


@cache
def find_relation(name: str) -> Relation:
    """The relation of this name."""
    module, _, attribute = RELATIONS[name].partition(":")
    relation: Relation = getattr(importlib.import_module(module), attribute)()
    return relation


def find_groups(members: Sequence[Member]) -> list[Group]:
    """All groups among the variables of one dataset in which some member may differ."""
    lossy = {member.name for member in members if member.lossy}
    return [
        group
        for name in RELATIONS
        for group in find_relation(name).find(members)
        if lossy & set(group.members.values())
    ]
