"""A grid of bounds, and the loosest of them that passes, found in few trials."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from climcomp.bounds import ErrorBound
from climcomp_workflows.plan.search.curve import PER_DECADE, Curve

# Our own: four decades below the loosest bound, 10 bits below the table's. What fails there is left
# to lossless coding.
LAST = 4 * PER_DECADE
STRIDE = 3  # the least second move from a step that fails; it doubles from there
SURE = 2  # the tighter step that is tried, too, where outcomes may be chance
TRUSTED = 2
NEAR = 4  # steps between a failure and a pass that an expectation is trusted over


def at_step(bound: ErrorBound, step: int) -> ErrorBound:
    """The bound, so many steps tighter, in four digits: people read it."""
    if step == 0:
        return bound
    value = bound.value / 10.0 ** (step / PER_DECADE)
    return ErrorBound(bound.kind, float(f"{value:.4g}"))


def step_of(factor: float) -> int:
    """The step at which a bound is `factor` times tighter, or the next tighter one."""
    return math.ceil(PER_DECADE * math.log10(factor) - 1e-9)


def loosest(
    trial: Callable[[int], Mapping[str, float]], start: int, last: int = LAST, first: int = 0
) -> int | None:
    """The loosest step that passes, about; None where none does.

    Parameters
    ----------
    trial
        What each criterion uses of its limit at a step; called once a step.
    start
        The step to begin with, between `first` and `last`.

    Notes
    -----
    From each outcome the curve tells where the first limit is met, and that step is tried next,
    until it is one that passes or that stands beside a failure. Where what limits the bound may
    pass by chance, a tighter neighbour must pass, too; where that fails, the search goes on behind
    it.
    """
    curve = Curve({start: trial(start)})
    failures = 0
    while True:
        step = _next(curve, first, last, failures)
        if step is None:
            return curve.passing
        curve.shares[step] = trial(step)
        failures = failures + 1 if not curve.passes(step) else failures


def _next(curve: Curve, first: int, last: int, failures: int) -> int | None:
    """The step to be tried; None where enough is known."""
    passing, failing, expected = curve.passing, curve.failing, curve.expected()
    if passing is None:
        assert failing is not None  # a step is known
        if failing >= last:
            return None
        # An expectation is trusted twice; what fails there, too, is no curve.
        known = expected is not None and failures < TRUSTED
        least = 1 if known else STRIDE * 2**failures
        return min(last, max(failing + least, _whole(expected)))
    low = first if failing is None else max(first, failing + 1)
    if passing > low:
        wanted = low if expected is None and failing is None else _whole(expected, passing)
        if wanted < passing:
            return max(low, wanted)
        if failing is not None and passing - failing > NEAR and not curve.is_at_limit:
            return (passing + failing) // 2
    return _neighbour(curve, passing, first, last)


def _whole(expected: float | None, otherwise: int = 0) -> int:
    return otherwise if expected is None else math.ceil(expected - 1e-9)


def _neighbour(curve: Curve, passing: int, first: int, last: int) -> int | None:
    """A tighter step to be tried where chance may have had a part in the one that passes."""
    if passing == first or curve.is_smooth:
        return None
    tighter = min(last, passing + SURE)
    if any(passing < step <= passing + 2 * SURE for step in curve.shares):
        return None
    return tighter if tighter > passing else None
