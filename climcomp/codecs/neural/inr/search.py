"""Which latent grids a block is given: sizes and steps, by what a part of it then takes."""

from __future__ import annotations

import math

import numpy as np

from climcomp.codecs.neural.inr.grids import Grids, Sizes
from climcomp.codecs.neural.inr.models import pack_model
from climcomp.codecs.neural.inr.payload import Base
from climcomp.codecs.neural.inr.residual import encode_residual
from climcomp.codecs.neural.inr.start import start_grids
from climcomp.codecs.neural.inr.task import Task
from climcomp.errors import CodecError

# Our own, from ERA-Interim heights and temperatures of CESM, at bounds of 0.03 to 2 % of their
# standard deviation: finer grids than of stride 4 never paid beside a coded residual, and steps
# between 6 and 60 bounds were the best.
FINEST = (2, 3, 4, 5)
STEPS = (6.0, 20.0, 60.0)
MOST_LEVELS = 5
FEWEST_NODES = 3
# Points of the part that is tried.
TRIED = 1 << 17


def levels_for(task: Task, finest: int) -> int:
    """Levels from a stride on: up to the one that leaves a few nodes across a field."""
    shortest = min(task.layout.field)
    found = 1
    while found < MOST_LEVELS and shortest >> (finest + found) >= FEWEST_NODES:
        found += 1
    return found


def grids_for_bound(task: Task, bound: float) -> Grids:
    """The grids of least squares beside which the block, residual and all, is smallest."""
    part = task.part(TRIED)
    tried: dict[tuple[Sizes, float], float] = {}
    shortest = min(task.layout.field)
    for finest in FINEST:
        if tried and shortest >> finest < FEWEST_NODES:
            break
        sizes = Sizes(finest, levels_for(task, finest))
        for step in STEPS:
            step *= max(task.tolerance, 0.5)
            grids = start_grids(part.targets, part.layout, sizes, step)
            tried[sizes, step] = len(pack_model(grids)) + residual_size(part, grids, bound)
    sizes, step = min(tried, key=lambda one: tried[one])
    return start_grids(task.targets, task.layout, sizes, step)


def residual_size(task: Task, grids: Grids, bound: float) -> float:
    """Bytes of what the grids leave; infinity where no codec takes it."""
    base = Base(task.layout, task.origin, task.unit, b"", grids)
    # The mean of each cell is as if it were in the values.
    left = (np.rint(task.targets) if task.lattice else task.targets) * task.unit + task.origin
    values = left.astype(task.values.dtype)
    filled = None if task.known is None else ~task.known
    integers = base.integers(task.values.dtype)
    try:
        coded = encode_residual(values, base.values(integers), bound, filled, task.lattice)
    except CodecError:
        return math.inf
    return len(coded.data)
