"""What the levels of a variable are called in a recipe: the values of their coordinate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from climcomp.source import Source, SourceVariable
from climcomp_workflows.plan.members import ensemble_of


@dataclass(frozen=True, slots=True)
class LevelValues:
    """The coordinate of a level dimension, and which of its values each folded level has."""

    name: str
    values: tuple[float, ...]
    unit: str
    of_folded: tuple[int, ...]


def level_values(variable: SourceVariable, source: Source) -> LevelValues | str:
    """The levels of a variable, members of an ensemble apart; in words why it has none."""
    dims = [name for name in variable.roles.level if not _is_of_members(variable, source, name)]
    if not dims:
        return f"it has no levels, only ({', '.join(variable.dims)})"
    if len(dims) > 1:
        return f"it has several dimensions of levels ({', '.join(dims)})"
    coordinate = _coordinate(variable, source, dims[0])
    if coordinate is None:
        return f"its dimension {dims[0]} has no coordinate of numbers"
    values, unit = coordinate
    sizes = [variable.shape[variable.dims.index(name)] for name in variable.roles.level]
    axis = variable.roles.level.index(dims[0])
    folded = np.indices(sizes)[axis].reshape(-1)
    return LevelValues(
        dims[0], tuple(float(v) for v in values), unit, tuple(int(n) for n in folded)
    )


def _is_of_members(variable: SourceVariable, source: Source, dim: str) -> bool:
    """Whether a dimension counts the members of an ensemble."""
    members = ensemble_of(variable, source)
    if members is None:
        return False
    sizes = [variable.shape[variable.dims.index(name)] for name in variable.roles.level]
    axis = variable.roles.level.index(dim)
    return members == (sizes[axis], int(np.prod(sizes[axis + 1 :], dtype=np.int64)))


def _coordinate(
    variable: SourceVariable, source: Source, dim: str
) -> tuple[NDArray[np.float64], str] | None:
    size = variable.shape[variable.dims.index(dim)]
    names = (f"{variable.group}/{dim}", dim) if variable.group else (dim,)
    for name in names:
        found = source.variables.get(name)
        if found is not None and found.shape == (size,) and found.dtype.kind in "iuf":
            return np.asarray(source.read(name), np.float64), str(found.attributes.get("units", ""))
    return None
