"""The fields of one time and level: as the source has them, and as a reader of the archive will."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.archive import read_stored
from climcomp.blocks import Region
from climcomp_metrics.field import canonical
from climcomp_workflows.context import RunContext
from climcomp_workflows.plan.model import VariablePlan
from climcomp_workflows.shard.values import as_read, read_original

Fields = NDArray[np.floating]


def region_of(variable: VariablePlan, steps: slice, level: int) -> Region:
    """Some time steps of a folded level, the whole fields; a variable without time has step 0."""
    assert variable.settings is not None
    axes, shape = variable.settings.axes, variable.spec.shape
    found = [slice(0, size) for size in shape]
    if axes.time is not None:
        found[axes.time] = steps
    sizes = [shape[axis] for axis in axes.level]
    for axis, index in zip(
        axes.level, np.unravel_index(level, sizes) if sizes else (), strict=True
    ):
        found[axis] = slice(int(index), int(index) + 1)
    return tuple(found)


def read_fields(
    context: RunContext, variable: VariablePlan, steps: slice, level: int
) -> tuple[Fields, Fields, NDArray[Any]]:
    """The fields before and after, and the values as they were to be stored.

    Returns
    -------
    (time, y, x) twice
        Special values are NaN in both, as the metrics see them.
    The region's own shape
        Values to store: packed integers where the archive keeps these.

    Raises
    ------
    SourceError
        If the source cannot be read, or has changed.
    ArchiveDamagedError
        If a stored object is gone or does not decode.
    """
    settings = variable.settings
    assert settings is not None
    region = region_of(variable, steps, level)
    source = context.source(variable)
    values, original, _ = read_original(variable, source, region)
    source.check_region(variable.source_name, region)
    decoded = as_read(variable, context, read_stored(context.store, variable.spec, region))
    x, y = (canonical(array, settings.axes)[:, 0] for array in (original, decoded))
    special = [value for value in settings.exact if value != 0]
    if special:
        flags = np.isin(x, np.array(special, x.dtype))
        x, y = np.where(flags, np.nan, x), np.where(flags, np.nan, y)
    return x, y, values


def steps_at_once(variable: VariablePlan, time: int, most_values: int) -> slice:
    """The time steps of the chunk that holds a step, but no more values than `most_values`."""
    assert variable.settings is not None
    axis = variable.settings.axes.time
    if axis is None:
        return slice(0, 1)
    length, size = variable.spec.chunk[axis], variable.spec.shape[axis]
    start = time // length * length
    stop = min(start + length, size)
    field = math.prod(variable.settings.shape[2:])
    most = max(1, most_values // max(1, field))
    if stop - start > most:
        start = min(max(start, time - most // 2), stop - most)
        stop = start + most
    return slice(start, stop)
