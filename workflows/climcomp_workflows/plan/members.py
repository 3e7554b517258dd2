"""Which of a variable's level dimensions counts the members of an ensemble."""

from __future__ import annotations

import math

from climcomp.source import Source, SourceVariable

_STANDARD_NAME = "realization"
# Names that models, ESGF, ECMWF and NCAR give the dimension.
_DIMENSIONS = frozenset(
    ("member", "members", "member_id", "ens", "ensemble", "ensemble_member", "lens", "number")
) | {"realization", "realisation"}


def ensemble_of(variable: SourceVariable, source: Source) -> tuple[int, int] | None:
    """How many members the folded levels hold, and how many folded levels apart they are.

    The dimension is known by its coordinate's standard_name "realization", else by its name. None
    where there is none, or one member.
    """
    levels = variable.roles.level
    sizes = [variable.shape[variable.dims.index(name)] for name in levels]
    for position, name in enumerate(levels):
        if sizes[position] > 1 and _counts_members(variable, source, name):
            return sizes[position], math.prod(sizes[position + 1 :])
    return None


def _counts_members(variable: SourceVariable, source: Source, dimension: str) -> bool:
    group = f"{variable.group}/" if variable.group else ""
    for name in (f"{group}{dimension}", dimension):
        coordinate = source.variables.get(name)
        if coordinate is not None and coordinate.attributes.get("standard_name") is not None:
            return bool(coordinate.attributes["standard_name"] == _STANDARD_NAME)
    return dimension.lower() in _DIMENSIONS
