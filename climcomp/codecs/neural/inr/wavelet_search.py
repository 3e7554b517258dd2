"""The wavelets of a block for a size or an error that is wanted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.neural.inr.bands import Depths, deepest, transformed
from climcomp.codecs.neural.inr.sparse import NO_PARENT, new_chances
from climcomp.codecs.neural.inr.sparse_choice import choose
from climcomp.codecs.neural.inr.task import Task
from climcomp.codecs.neural.inr.wavelets import INWARD_ONE, LARGEST_STEP, STEP_ONE, Wavelets

# Our own, of 0.05 to 0.2 and of 4 to 10 the best on six real fields at ratios of 300 and 1,000: the
# square steps that a bit may cost, and how much nearer to 0 numbers come back.
WEIGHT, INWARD = 0.1, 6
# Logarithms of steps: the first that is tried, in tolerances, and how far to the next.
FIRST, APART = 3.0, 2.0
# A search ends this near to what is wanted, as a natural logarithm, or after so many looks.
CLOSE, MOST_LOOKS = 0.004, 12
# Gaps are filled with what comes back there at so much wider steps, one after another: of what they
# ask for on their own less is left each time.
WIDER = (16.0, 8.0, 4.0, 2.0, 1.0)
FEWEST_PLANES = 2


@dataclass(frozen=True, slots=True)
class Chosen:
    """Wavelets, the bits that they take, nearly, and their cost in square steps."""

    wavelets: Wavelets
    bits: float
    cost: float


def choose_wavelets(bands: list[NDArray[np.float64]], depths: Depths, step: int) -> Chosen:
    """The numbers of one step, by what they take and what they save.

    Parameters
    ----------
    bands
        As `transformed` gives them.
    step
        In 1/256 units.
    """
    chances, bits, cost = new_chances(), 0.0, 0.0
    numbers: list[NDArray[np.int64]] = []
    inward = INWARD / INWARD_ONE
    for number, band in enumerate(bands):
        q, wanted = np.zeros(band.shape, dtype=np.int64), band * (STEP_ONE / step)
        parent = NO_PARENT if number < 4 else numbers[number - 3]
        bits += choose(wanted, parent, chances, inward, WEIGHT, q)
        numbers.append(q)
        wanted -= q - inward * np.sign(q)
        cost += float(np.vdot(wanted, wanted))
    return Chosen(Wavelets(depths, step, INWARD, tuple(numbers)), bits, cost + WEIGHT * bits)


def search_wavelets(task: Task, excess: Callable[[Chosen], float], *, is_size: bool) -> Wavelets:
    """The wavelets of least error that take a size, or of least size that leave an error.

    Parameters
    ----------
    excess
        The natural logarithm of the size, or the error, over the one that is wanted.
    is_size
        Which of both it is: wider steps make sizes smaller, and errors larger.
    """
    field = min(deepest(length) for length in task.layout.field)
    before, steps = (deepest(n, FEWEST_PLANES) for n in task.layout.lengths[:2])
    depths = Depths(field, before, steps)
    start = math.log2(task.tolerance * STEP_ONE) + FIRST
    bands = transformed(task.targets, task.layout, depths)
    found, at = _nearest(bands, depths, excess, start, is_size)
    if before or steps:
        others = {
            other: choose_wavelets(
                transformed(task.targets, task.layout, other), other, found.wavelets.step
            ).cost
            for other in _other_depths(depths)
        }
        best = min(others, key=lambda one: others[one])
        if others[best] < found.cost:
            depths, bands = best, transformed(task.targets, task.layout, best)
            found, at = _nearest(bands, depths, excess, at, is_size)
    if task.known is None:
        return found.wavelets
    for wider in WIDER:
        step = min(round(found.wavelets.step * wider), LARGEST_STEP)
        said = choose_wavelets(bands, depths, step).wavelets.base(task.layout)
        targets = np.where(task.known, task.targets, said)
        bands = transformed(targets, task.layout, depths)
    found, _ = _nearest(bands, depths, excess, at, is_size)
    return found.wavelets


def _other_depths(depths: Depths) -> Iterator[Depths]:
    """Less deep along the leading axes: not at all, or once."""
    for before, steps in product({0, 1, depths.before}, {0, 1, depths.steps}):
        other = Depths(depths.field, before, steps)
        if before <= depths.before and steps <= depths.steps and other != depths:
            yield other


def _nearest(
    bands: list[NDArray[np.float64]],
    depths: Depths,
    excess: Callable[[Chosen], float],
    start: float,
    is_size: bool,
) -> tuple[Chosen, float]:
    """What is nearest to the goal and reaches it, or the nearest of all; the logarithm of its step.

    Both sizes and errors are nearly powers of the step: a secant of logarithms finds it.
    """
    away = 1.0 if is_size else -1.0  # in which direction the goal is reached
    last = math.log2(LARGEST_STEP)
    at, apart = min(max(start, 0.0), last), APART
    best: tuple[float, Chosen, float] | None = None
    over: tuple[float, float] | None = None  # the nearest that misses it
    under: tuple[float, float] | None = None
    for _ in range(MOST_LOOKS):
        one = choose_wavelets(bands, depths, min(max(1, round(2.0**at)), LARGEST_STEP))
        found = excess(one)
        if best is None or (found <= 0, -abs(found)) > (best[0] <= 0, -abs(best[0])):
            best = found, one, at
        if -CLOSE <= found <= 0:
            break
        if found > 0:
            over = at, found
        else:
            under = at, found
        if over and under:
            share = over[1] / (over[1] - under[1])
            at = over[0] + min(max(share, 0.1), 0.9) * (under[0] - over[0])
        elif at in (0.0, last) and (at == last) == ((found > 0) == (away > 0)):
            break
        else:
            at = min(max(at + (away if found > 0 else -away) * apart, 0.0), last)
    assert best is not None
    return best[1], best[2]
