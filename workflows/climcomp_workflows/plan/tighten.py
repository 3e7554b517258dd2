"""Tighter bounds for those levels alone whose samples fail at the first rung."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from climcomp.errors import BoundError, CodecError
from climcomp_workflows.plan.ladder import TIGHTER, LevelBounds
from climcomp_workflows.plan.level_bounds import LevelRange, below_spacing
from climcomp_workflows.plan.model import Rung
from climcomp_workflows.plan.trial import SampleGate

# Our own: a 256th of the bound is eight bits more of every value. What fails even then is left to
# the ladder, whose end is lossless.
MOST_STEPS = 4


def steps_of_levels(
    gate: SampleGate,
    rung: Rung,
    bounds: LevelBounds,
    ranges: tuple[LevelRange | None, ...],
) -> tuple[int, ...]:
    """By how many factors of four each level's bound must be tighter than the first rung's.

    A recipe's bound is a ceiling, and one bound of 0.01 K for all levels lets the smoothest of them
    fail a criterion: that should not cost the others their bound. Levels between sampled ones take
    the tighter bound of both neighbours.

    Parameters
    ----------
    rung
        The first of the ladder, whose codec and rounding are tried.
    bounds, ranges
        Of every level of the variable.

    Returns
    -------
    Empty where no level fails or every one does (then it is the variable that needs another rung),
    and where a level fails at every bound that can be kept.
    """
    sampled = gate.sample.levels
    if len(sampled) == 1:
        return ()
    failing = [p for p in range(len(sampled)) if _fails(gate, rung, p)]
    if not 0 < len(failing) < len(sampled):
        return ()
    steps = np.zeros(len(sampled), int)
    for position in failing:
        step = _fewest_steps(gate, rung, position, bounds, ranges)
        if step is None:
            return ()
        steps[position] = step
    return _between(np.asarray(sampled), steps, len(ranges))


def _fewest_steps(
    gate: SampleGate,
    rung: Rung,
    position: int,
    bounds: LevelBounds,
    ranges: tuple[LevelRange | None, ...],
) -> int | None:
    """How often a sampled level's bound must be divided by four to pass; None: it never does."""
    level = gate.sample.levels[position]
    for step in range(1, MOST_STEPS + 1):
        tried = tightened(bounds, (step,) * len(ranges))
        one = replace(tried, bounds=tried.bounds[level : level + 1])
        if below_spacing(one, ranges[level : level + 1], gate.sample.fields.dtype):
            return None
        keepbits = rung.keepbits and tuple(bits + 2 * step for bits in rung.keepbits)
        if not _fails(gate, replace(rung, bounds=tried.bounds, keepbits=keepbits), position):
            return step
    return None


def _fails(gate: SampleGate, rung: Rung, position: int) -> bool:
    try:
        return bool(gate.failed([gate.measure(rung, position)]))
    except (BoundError, CodecError):
        return True


def _between(
    sampled: NDArray[np.integer], steps: NDArray[np.integer], levels: int
) -> tuple[int, ...]:
    after = np.searchsorted(sampled, np.arange(levels)).clip(0, sampled.size - 1)
    exact = sampled[after] == np.arange(levels)
    before = np.where(exact, after, np.maximum(after - 1, 0))
    return tuple(int(s) for s in np.maximum(steps[before], steps[after]))


def tightened(bounds: LevelBounds, steps: tuple[int, ...]) -> LevelBounds:
    """The bounds, each divided by four as often as its level's steps say."""
    return replace(
        bounds,
        bounds=tuple(
            bound.tightened(TIGHTER**step) for bound, step in zip(bounds.bounds, steps, strict=True)
        ),
    )


def in_words(steps: tuple[int, ...]) -> str:
    """Which levels' bounds are tighter, for a plan."""
    parts = []
    for step in sorted(set(steps) - {0}):
        levels = [level for level, s in enumerate(steps) if s == step]
        some = ", ".join(map(str, levels[:8])) + (", ..." if len(levels) > 8 else "")
        word = "level" if len(levels) == 1 else "levels"
        parts.append(f"1/{TIGHTER**step:g} on {word} {some}")
    return (
        f"some levels fail on the samples where others pass; their bound is tighter: "
        f"{'; '.join(parts)}"
    )
