"""The smallest encoding that passes on the sample: codec by codec, level by level."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from climcomp_workflows.plan.search.budget import BudgetSpent
from climcomp_workflows.plan.search.curve import is_energy
from climcomp_workflows.plan.search.steps import LAST, loosest
from climcomp_workflows.plan.search.trials import Candidate, Failed, Trials

# Our own: a codec must promise to be smaller by this share before its bounds are searched.
WORTH = 0.99
# Our own: sizes that are tried to find the tightest bound at which a codec could be smaller, and
# what is near enough to it. Two sizes tell how they grow: what is beyond the reach then is not
# tried.
SIZE_TRIALS = 4
NEAR_ENOUGH = 0.97
REACHED = 1.2  # beyond this part of the reach, one size is enough to say that it is too far
# Bytes grow by this power of e with each step, before two sizes of a codec tell it: from 0.03 to
# 0.07 for all codecs on eight real variables.
GROWTH = 0.045
# Our own: no codec has kept so many steps looser bounds than another (5 times; SPERR and SZ3 on POP
# SST differ by some 12).
MOST_LOOSER = 19
# The same where the energy of errors is the limit: evenly spread within the bound, as SZ3 leaves
# them, they have 0.58 of it as their standard deviation, and a codec whose largest of a million
# errors is 5 times theirs has 0.2. SPERR and SZ3 on HadCM3 temperature differ by 5.
MOST_LOOSER_BY_ENERGY = 9

Steps = tuple[int, ...]
"""How many steps tighter than the loosest bound each sampled level's bound is."""

Size = Callable[[Candidate, Steps], float]
"""Bytes of pieces of the sample blocks; infinite where the codec refuses them."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What the search says of one codec."""

    candidate: Candidate
    steps: Steps | None  # where it passes; None: it does not, or cannot be smaller
    size_bytes: float  # at these steps, else at those where it had to pass, or was smallest
    stopped: Failed | None  # what keeps it from being looser, or from being the smallest


@dataclass(frozen=True, slots=True)
class Search:
    """The steps at which each level passes, and how the codecs came out, in order of trial."""

    best: Looked | None
    looked: tuple[Looked, ...]


def search(
    trials: Trials,
    candidates: Sequence[Candidate],
    size: Size,
    start: int,
    last: int = LAST,
    *,
    together: bool,
) -> Search:
    """Find the codec and the bounds whose sample is smallest among those that pass.

    Parameters
    ----------
    candidates
        The likeliest first: the others are searched only where they could be smaller still.
    start
        The step to begin with: of the table's bound, or 0 where the bound is a recipe's ceiling.
    together
        Whether the levels share one bound, because they share their blocks.

    Notes
    -----
    A codec can be smaller than the best one so far only from some bound on. Sizes are cheap and do
    grow as bounds become tighter, so that bound is found first, and one trial of each level there
    ends most searches.
    """
    best: Looked | None = None
    looked: list[Looked] = []
    operations = trials.budget.left  # as many again are for all others together
    for candidate in candidates:
        if not looked:
            trials.budget.grow(candidate.coder)
        if best is None:
            # What even the tightest bound of another codec failed is rarely passed by this one.
            begin = last if looked else min(start, last)
            found = _first(trials, candidate, size, begin, last, together)
        else:
            found = _rival(trials, candidate, size, best, last, together=together)
        looked.append(found)
        if len(looked) == 1:
            trials.budget.left += operations
        if found.steps is not None and (best is None or found.size_bytes < best.size_bytes):
            best = found
    return Search(best, tuple(looked))


def _first(
    trials: Trials, candidate: Candidate, size: Size, start: int, last: int, together: bool
) -> Looked:
    sampled = len(trials.gate.sample.levels)
    try:
        steps = _levels(trials, candidate, (start,) * sampled, last, together)
    except BudgetSpent:
        return Looked(candidate, None, float("inf"), trials.nearest(candidate))
    if steps is None:
        return Looked(candidate, None, float("inf"), trials.nearest(candidate))
    return Looked(candidate, steps, size(candidate, steps), trials.stopped(candidate, steps))


def _rival(
    trials: Trials,
    candidate: Candidate,
    size: Size,
    best: Looked,
    last: int,
    *,
    together: bool,
) -> Looked:
    """A codec that must be smaller than the best one so far."""
    assert best.steps is not None
    wanted = WORTH * best.size_bytes
    by_energy = best.stopped is not None and is_energy(best.stopped.criterion)
    reach = MOST_LOOSER_BY_ENERGY if by_energy else MOST_LOOSER
    shift = _tightest_smaller(candidate, size, best.steps, (reach, last), wanted)
    if shift is None:
        return Looked(candidate, None, size(candidate, best.steps), None)
    needed = _shifted(best.steps, shift, last)
    failed = trials.first_failure(candidate, needed)
    if failed is not None:
        return Looked(candidate, None, size(candidate, needed), failed)
    trials.budget.grow(candidate.coder)
    steps = _levels(trials, candidate, needed, last, together, known=True) or needed
    return Looked(candidate, steps, size(candidate, steps), trials.stopped(candidate, steps))


def _shifted(steps: Steps, shift: int, last: int) -> Steps:
    return tuple(min(last, max(0, step + shift)) for step in steps)


def _tightest_smaller(
    candidate: Candidate, size: Size, steps: Steps, ends: tuple[int, int], wanted: float
) -> int | None:
    """By how many steps another codec's bounds may be tighter and its size below `wanted` still.

    About: a little less where that is as good. None where bounds as much looser as `ends` has
    first do not do; no step is beyond its second.
    """
    reach, last = ends
    lowest, highest = max(-max(steps), -reach), last - min(steps)
    known: dict[int, float] = {}
    shift = min(0, highest)
    for _ in range(SIZE_TRIALS):
        known[shift] = size(candidate, _shifted(steps, shift, last))
        if NEAR_ENOUGH * wanted <= known[shift] < wanted:
            break
        following = _shift_to(wanted, known, shift)
        if following < (REACHED * lowest if len(known) == 1 else lowest):
            break
        shift = min(highest, max(lowest, following))
        if shift in known:
            break
    return max((shift for shift, found in known.items() if found < wanted), default=None)


def _growth(known: dict[int, float]) -> float:
    """By how much the logarithm of a size grows with each step; rounding's grows by jumps."""
    finite = sorted((s, math.log(found)) for s, found in known.items() if math.isfinite(found))
    if len(finite) < 2 or finite[0][1] == finite[-1][1]:
        return GROWTH
    (first, low), (last, high) = finite[0], finite[-1]
    return min(2 * GROWTH, max(GROWTH / 4, (high - low) / (last - first)))


def _shift_to(wanted: float, known: dict[int, float], shift: int) -> int:
    """Where a size should be the wanted one: its logarithm is nearly linear in steps."""
    low = max((s for s, found in known.items() if found < wanted), default=None)
    high = min((s for s, found in known.items() if found >= wanted), default=None)
    if low is None or high is None:
        if not math.isfinite(known[shift]):
            return shift - MOST_LOOSER // 3  # the bound is below the precision of the values
        return math.floor(shift + math.log(wanted / known[shift]) / _growth(known))
    share = 0.5
    if math.isfinite(known[high]):
        share = math.log(wanted / known[low]) / math.log(known[high] / known[low])
    return (
        min(high - 1, max(low + 1, low + math.floor(share * (high - low)))) if high > low else low
    )


def _levels(
    trials: Trials,
    candidate: Candidate,
    start: Steps,
    last: int,
    together: bool,
    *,
    known: bool = False,
) -> Steps | None:
    """The loosest steps of all levels; None where one of them never passes.

    Where `start` is known to pass, levels that no operation is left for stay there.

    Raises
    ------
    BudgetSpent
        If none is left, and nothing is known of a level.
    """
    found: list[int] = []
    for position, own in enumerate(start):
        # Neighbouring levels are alike. What one level cannot keep, none of one block may have.
        first = found[-1] if together and found else 0
        begin = found[-1] if found and (together or min(start) == max(start)) else own
        try:
            step = level_steps(trials, candidate, position, own if known else begin, last, first)
        except BudgetSpent:
            if not known:
                raise
            step = own
        if step is None:
            return None
        found.append(step)
    return (max(found),) * len(found) if together else tuple(found)


def level_steps(
    trials: Trials, candidate: Candidate, position: int, begin: int, last: int, first: int
) -> int | None:
    """The loosest step of one level; where the budget ends, the loosest that is known to pass.

    Raises
    ------
    BudgetSpent
        If none is known.
    """
    try:
        return loosest(
            lambda step: trials.outcome(candidate, position, step).by_criterion, begin, last, first
        )
    except BudgetSpent:
        known = trials.known(candidate, position)
        failing = max((step for step, strain in known.items() if strain > 1), default=first - 1)
        passing = [step for step, strain in known.items() if strain <= 1 and step > failing]
        if not passing:
            raise
        return min(passing)
