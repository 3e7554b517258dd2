"""Bounds of all levels from the steps of those that were sampled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from climcomp_workflows.plan.ladder import LevelBounds
from climcomp_workflows.plan.level_bounds import LevelRange, below_spacing
from climcomp_workflows.plan.search.steps import LAST, at_step


def bounds_at(loosest: LevelBounds, sampled: Sequence[int], steps: Sequence[int]) -> LevelBounds:
    """The bound of each level; between sampled ones the tighter step of both neighbours.

    Parameters
    ----------
    loosest
        Of every level, at step 0.
    sampled, steps
        The levels that were sampled, in order, and the step of each.
    """
    every = steps_at(sampled, steps, range(len(loosest.bounds)))
    bounds = tuple(at_step(b, s) for b, s in zip(loosest.bounds, every, strict=True))
    return replace(loosest, bounds=bounds)


def steps_at(
    sampled: Sequence[int], steps: Sequence[int], levels: Sequence[int]
) -> tuple[int, ...]:
    """The step of each level; between sampled ones the tighter of both neighbours'."""
    at, known, wanted = (np.asarray(numbers) for numbers in (sampled, steps, levels))
    after = np.searchsorted(at, wanted).clip(0, at.size - 1)
    before = np.where(at[after] == wanted, after, np.maximum(after - 1, 0))
    return tuple(int(step) for step in np.maximum(known[before], known[after]))


def last_step(
    loosest: LevelBounds,
    ranges: tuple[LevelRange | None, ...],
    dtype: np.dtype[np.floating],
) -> int:
    """The tightest step whose bounds are all above the spacing of floats; LAST at most."""
    low, high = 0, LAST + 1  # low is above the spacing: the plan has looked
    while high - low > 1:
        middle = (low + high) // 2
        tried = replace(loosest, bounds=tuple(at_step(b, middle) for b in loosest.bounds))
        if below_spacing(tried, ranges, dtype) is None:
            low = middle
        else:
            high = middle
    return low
