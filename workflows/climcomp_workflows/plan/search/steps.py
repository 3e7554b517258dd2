"""A grid of bounds, and the loosest of them that passes, found in few trials."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from climcomp.bounds import ErrorBound

# Our own: 27 steps a decade are 9 % each. A codec that spends 3 bits on a value spends 0.12 more
# after such a step, so the step between the last that passes and the first that fails costs 2 % of
# the bytes on average.
PER_DECADE = 27
# Our own: four decades below the loosest bound, 10 bits below the table's. What fails there is left
# to lossless coding.
LAST = 4 * PER_DECADE
STRIDE = 3  # the first move from a step whose outcome is known; it doubles from there
SURE = 2  # the tighter step that is tried, too, where outcomes are not monotone


def at_step(bound: ErrorBound, step: int) -> ErrorBound:
    """The bound, so many steps tighter, in four digits: people read it."""
    if step == 0:
        return bound
    value = bound.value / 10.0 ** (step / PER_DECADE)
    return ErrorBound(bound.kind, float(f"{value:.4g}"))


def step_of(factor: float) -> int:
    """The step at which a bound is `factor` times tighter, or the next tighter one."""
    return math.ceil(PER_DECADE * math.log10(factor) - 1e-9)


@dataclass(slots=True)
class Bracket:
    """What is known of the steps of one codec on one level.

    `strain` is how much of its limit the most strained criterion uses: at most 1 passes. Outcomes
    need not be monotone: what counts is the loosest step that passes and whose next tighter
    neighbours are not known to fail.
    """

    strains: dict[int, float] = field(default_factory=dict)

    @property
    def passing(self) -> int | None:
        """The loosest step behind the last failure that is known to pass."""
        behind = -1 if self.failing is None else self.failing
        return min((s for s, v in self.strains.items() if v <= 1 and s > behind), default=None)

    @property
    def failing(self) -> int | None:
        """The tightest step that is known to fail."""
        return max((s for s, v in self.strains.items() if not v <= 1), default=None)


def loosest(
    strain: Callable[[int], float], start: int, last: int = LAST, first: int = 0
) -> int | None:
    """The loosest step that passes, about; None where none does.

    Parameters
    ----------
    strain
        What a step strains; called once a step.
    start
        The step to begin with, between `first` and `last`.

    Notes
    -----
    Moves that double, until a step fails and a tighter one passes; between them the step where a
    line through the logarithms of both strains meets the limit, or the middle where such a step has
    not halved the interval. Then a tighter neighbour: where it fails, what passed did so by chance,
    and the search goes on behind it.
    """
    known = Bracket()

    def passes(step: int) -> bool:
        if step not in known.strains:
            known.strains[step] = strain(step)
        return known.strains[step] <= 1

    passes(start)
    while True:
        found = _narrowed(known, passes, start, first, last)
        if found is None or found == first or passes(min(last, found + SURE)):
            return found


def _narrowed(
    known: Bracket, passes: Callable[[int], bool], start: int, first: int, last: int
) -> int | None:
    """A step that passes beside one that fails, or the first step; None where none passes."""
    stride = STRIDE
    while known.failing is None:  # looser and looser
        step = known.passing
        assert step is not None  # every known step passes, and one is known
        if step == first:
            return step
        passes(max(first, step - stride))
        stride *= 2
    stride = STRIDE
    while known.passing is None:  # tighter and tighter
        step = known.failing
        if step >= last:
            return None
        passes(min(last, step + stride))
        stride *= 2
    halve = False
    while known.passing - known.failing > 1:
        width = known.passing - known.failing
        passes(_between(known, halve))
        if known.passing is None:  # the last step failed after all
            return _narrowed(known, passes, start, first, last)
        halve = known.passing - known.failing > width / 2
    return known.passing


def _between(known: Bracket, halve: bool) -> int:
    low, high = known.failing, known.passing
    assert low is not None
    assert high is not None
    above, below = known.strains[low], known.strains[high]
    share = 0.5
    if not halve and math.isfinite(above) and below > 0:
        up, down = math.log(above), -math.log(below)
        share = up / (up + down) if up + down > 0 else 0.5
    return min(high - 1, max(low + 1, low + round(share * (high - low))))
