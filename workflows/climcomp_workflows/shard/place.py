"""Where a shard sits among the levels and cells of its variable, and what holds there."""

from __future__ import annotations

import math
from typing import Any

from climcomp.bounds import ErrorBound
from climcomp_metrics.field import Place
from climcomp_workflows.plan.model import Rung, VariablePlan
from climcomp_workflows.states import Column, Index


def column_of(variable: VariablePlan, index: Index, attempt: int) -> Column:
    """The column that a shard belongs to: the shards of the same levels."""
    assert variable.settings is not None
    return Column(
        variable.name, attempt, tuple(index[axis] for axis in variable.settings.axes.level)
    )


def place_of(variable: VariablePlan, region: tuple[slice, ...]) -> Place:
    """Where a shard sits in the canonical layout (time, level, y, x) of its variable."""
    settings = variable.settings
    assert settings is not None
    axes = settings.axes
    full = variable.spec.shape

    def start(axis: int | None) -> int:
        return 0 if axis is None else int(region[axis].start)

    def length(axis: int | None) -> int:
        return 1 if axis is None else int(region[axis].stop - region[axis].start)

    level = 0
    for axis in axes.level:  # levels of several dimensions count in C order
        level = level * full[axis] + start(axis)
    x = axes.x if axes.cell is None else axes.cell
    return Place(
        variable=variable.name,
        start=(start(axes.time), level, start(axes.y), start(x)),
        shape=(
            length(axes.time),
            math.prod(length(axis) for axis in axes.level),
            length(axes.y),
            length(x),
        ),
        names=(
            _name(variable, axes.time),
            " x ".join(variable.spec.dims[axis] for axis in axes.level),
            _name(variable, axes.y),
            _name(variable, x),
        ),
    )


def _name(variable: VariablePlan, axis: int | None) -> str:
    return "" if axis is None else variable.spec.dims[axis]


def rung_bounds(rung: Rung, levels: int) -> tuple[ErrorBound | None, ...]:
    """The bound of a rung on every level of its variable; None where it is lossless."""
    if rung.bounds is None:
        return (None,) * levels
    return rung.bounds * levels if len(rung.bounds) == 1 else rung.bounds


def of_shard(values: tuple[Any, ...], place: Place) -> tuple[Any, ...]:
    """What a rung says of the levels of a shard: one entry each, or one for all."""
    if len(values) == 1:
        return values
    return values[place.start[1] : place.start[1] + place.shape[1]]
