"""Which latent grids a block is given: sizes and steps, by what a part of it then takes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from climcomp.codecs.neural.inr.grids import Grids, Sizes
from climcomp.codecs.neural.inr.models import pack_model
from climcomp.codecs.neural.inr.payload import Base
from climcomp.codecs.neural.inr.residual import encode_residual
from climcomp.codecs.neural.inr.start import start_grids
from climcomp.codecs.neural.inr.task import Task
from climcomp.errors import CodecError

# Our own, from ERA-Interim heights, temperatures of CESM and of HadCM3, at bounds of 0.03 to 5 % of
# their standard deviation: finer grids than of stride 4 never paid beside a coded residual, and
# steps between 6 and 60 bounds were the best.
FINEST = range(2, 8)
FIRST_FINEST = 4
STEPS = (6.0, 60.0)
FIRST_STEP = 20.0
MOST_LEVELS = 5
FEWEST_NODES = 3
# Steps of time from which on nodes are tried that are 2 to 32 of them apart.
FEWEST_STEPS = 8
MOST_APART = 5
# Points of the part that is tried.
TRIED = 1 << 17


@dataclass(frozen=True, slots=True)
class Choice:
    """A task, the sizes of its latent grids, and the step of the finest one in tolerances."""

    task: Task
    sizes: Sizes
    step: float

    @property
    def key(self) -> tuple[Sizes, float]:
        """What sets it apart from others of its task."""
        return self.sizes, self.step

    def grids(self, task: Task | None = None) -> Grids:
        """The grids of least squares; of a part of the block, where one is given."""
        task = self.task if task is None else task
        step = self.step * max(task.tolerance, 0.5)
        return start_grids(task.targets, task.layout, self.sizes, step)


def levels_for(task: Task, finest: int) -> int:
    """Levels from a stride on: up to the one that leaves a few nodes across a field."""
    shortest = min(task.layout.field)
    found = 1
    while found < MOST_LEVELS and shortest >> (finest + found) >= FEWEST_NODES:
        found += 1
    return found


def choices_for_bound(tasks: Sequence[Task], bound: float) -> list[Choice]:
    """The grids beside which a block, residual and all, is smallest, one number after another.

    A part of the block is tried, which is not like the whole where one field predicts the next:
    beside the best choice there are the one that the search begins with, and that of the fewest
    latents.

    Parameters
    ----------
    tasks
        The block as it is, and less the mean of its cells, if both are to be tried.
    """
    last = max(n for n in FINEST if n == FINEST[0] or (min(tasks[0].layout.field) - 1) >> n)
    finest = min(FIRST_FINEST, last)
    first = [Choice(task, Sizes(finest, levels_for(task, finest)), FIRST_STEP) for task in tasks]
    best, size = _better(None, math.inf, first, bound)
    strides = [n for n in FINEST if n <= last and n != finest]
    others = [replace(best, sizes=Sizes(n, levels_for(best.task, n))) for n in strides]
    best, size = _better(best, size, others, bound)
    best, size = _better(best, size, [replace(best, step=step) for step in STEPS], bound)
    apart = 0
    if best.task.layout.lengths[1] >= FEWEST_STEPS:
        apart = max(n for n in range(MOST_APART + 1) if best.task.layout.lengths[1] >> n >= 2)
        tried = [replace(best.sizes, steps=power) for power in range(1, apart + 1)]
        best, size = _better(best, size, [replace(best, sizes=sizes) for sizes in tried], bound)
    fewest = Choice(best.task, Sizes(last, 1, steps=apart), STEPS[-1])
    usual = replace(first[0], task=best.task)
    return [best, *(one for one in (usual, fewest) if one.key != best.key)]


def _better(
    best: Choice | None, size: float, others: Iterable[Choice], bound: float
) -> tuple[Choice, float]:
    """The best of some choices, and the bytes that a part of the block then takes."""
    for one in others:
        part = one.task.part(TRIED)
        share = part.layout.points / one.task.layout.points
        grids = one.grids(part)
        found = len(pack_model(grids)) + len(one.task.mean) * share
        found += residual_size(part, grids, bound)
        if best is None or found < size:
            best, size = one, found
    assert best is not None
    return best, size


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
