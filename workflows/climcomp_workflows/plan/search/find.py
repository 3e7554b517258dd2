"""The smallest encoding that passes on the sample: codec by codec, level by level."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from climcomp_workflows.plan.search.budget import BudgetSpent
from climcomp_workflows.plan.search.steps import LAST, loosest
from climcomp_workflows.plan.search.trials import Candidate, Failed, Trials

# Our own: a codec must promise to be smaller by this share before its bounds are searched.
WORTH = 0.99
# Our own: sizes that are tried to find the tightest bound at which a codec could be smaller.
SIZE_TRIALS = 5

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
    operations = trials.budget.left
    for candidate in candidates:
        if best is None:
            # What even the tightest bound of another codec failed is rarely passed by this one.
            begin = last if looked else min(start, last)
            found = _first(trials, candidate, size, begin, last, together)
        else:
            found = _rival(trials, candidate, size, best, last, operations, together=together)
        looked.append(found)
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
    operations: int,
    *,
    together: bool,
) -> Looked:
    """A codec that must be smaller than the best one so far, which had so many operations."""
    assert best.steps is not None
    wanted = WORTH * best.size_bytes
    shift = _tightest_smaller(candidate, size, best.steps, last, wanted)
    if shift is None:
        smallest = size(candidate, (0,) * len(best.steps))
        return Looked(candidate, None, smallest, None)
    needed = _shifted(best.steps, shift, last)
    trials.budget.at_least(operations // 2)
    failed = trials.first_failure(candidate, needed)
    if failed is not None:
        return Looked(candidate, None, size(candidate, needed), failed)
    trials.budget.at_least(operations)
    steps = _levels(trials, candidate, needed, last, together, known=True) or needed
    return Looked(candidate, steps, size(candidate, steps), trials.stopped(candidate, steps))


def _shifted(steps: Steps, shift: int, last: int) -> Steps:
    return tuple(min(last, max(0, step + shift)) for step in steps)


def _tightest_smaller(
    candidate: Candidate, size: Size, steps: Steps, last: int, wanted: float
) -> int | None:
    """By how many steps another codec's bounds may be tighter and its size below `wanted` still."""
    low, high = -max(steps), last - min(steps)  # smaller at low, larger at high
    at_low = size(candidate, _shifted(steps, low, last))
    if at_low >= wanted:
        return None
    at_high = size(candidate, _shifted(steps, high, last))
    if at_high < wanted:
        return high
    for _ in range(SIZE_TRIALS):
        if high - low <= 1:
            break
        # Each step takes about as many bits a value: bytes are linear in steps, or nearly so.
        share = (wanted - at_low) / (at_high - at_low) if at_high < float("inf") else 0.5
        middle = min(high - 1, max(low + 1, low + round(share * (high - low))))
        at_middle = size(candidate, _shifted(steps, middle, last))
        if at_middle < wanted:
            low, at_low = middle, at_middle
        else:
            high, at_high = middle, at_middle
    return low


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
            step = _level(trials, candidate, position, own if known else begin, last, first)
        except BudgetSpent:
            if not known:
                raise
            step = own
        if step is None:
            return None
        found.append(step)
    return (max(found),) * len(found) if together else tuple(found)


def _level(
    trials: Trials, candidate: Candidate, position: int, begin: int, last: int, first: int
) -> int | None:
    """The loosest step of one level; where the budget ends, the loosest that is known to pass.

    Raises
    ------
    BudgetSpent
        If none is known.
    """
    try:
        return loosest(lambda step: trials.strain(candidate, position, step), begin, last, first)
    except BudgetSpent:
        known = trials.known(candidate, position)
        failing = max((step for step, strain in known.items() if strain > 1), default=first - 1)
        passing = [step for step, strain in known.items() if strain <= 1 and step > failing]
        if not passing:
            raise
        return min(passing)
