"""What a search found on part of a sample, confirmed on all of it, or as much as is due."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass, replace

from climcomp_workflows.plan.choice import Choice, Chosen
from climcomp_workflows.plan.draft import Draft, levels_share_blocks, shard_levels_together
from climcomp_workflows.plan.ladder import bounds_in_words
from climcomp_workflows.plan.model import Settings
from climcomp_workflows.plan.redraft import redrafted
from climcomp_workflows.plan.search.budget import (
    CONFIRMING_SHARE,
    CONFIRMING_TRIALS,
    DEAR,
    Budget,
    BudgetSpent,
    budget_of,
    thinned,
)
from climcomp_workflows.plan.search.curve import is_smooth
from climcomp_workflows.plan.search.find import Steps, level_steps
from climcomp_workflows.plan.search.levels import steps_at
from climcomp_workflows.plan.search.sizes import Sizes
from climcomp_workflows.plan.search.trials import (
    SAFE_SHARE,
    UNTRIED,
    WHOLE_SHARE,
    Candidate,
    Failed,
    Trials,
)
from climcomp_workflows.plan.trial import first_rung
from climcomp_workflows.recipe.search import MAX_SHARE

# Our own: steps by which all values are tried looser than what passes, the loosest first.
LOOSER = (8, 5, 3)
LOOSER_BY_CURVE = (1,)  # the same where the limit is one of energy, which chance moves little
MOST_TIGHTER = 3  # steps that levels of one shard are tried tighter, if their tightest bound fails


@dataclass(frozen=True, slots=True)
class Searched:
    """A codec that passes on part of a sample, with the step of each level of the sample."""

    candidate: Candidate
    steps: Steps
    size_bytes: float  # of the sample blocks
    stopped: Failed | None
    is_proved: bool  # whether all of the sample passed
    rivals: tuple[tuple[str, Settings], ...] = ()  # to race with it on each block


def confirmed(choice: Choice, first: Draft, sizes: Sizes, searched: Searched) -> Chosen:
    """What a search found, on more of the sample: looser or tighter where that says so."""
    steps, stopped, candidate = searched.steps, searched.stopped, searched.candidate
    if not searched.is_proved:
        found = _on_more(choice, first, searched)
        if found is None:
            draft = redrafted(choice, first, candidate, steps, sizes)
            return by_ladder(choice, draft, steps, _failures(candidate, stopped))
        steps, stopped = found
    failed = _failures(candidate, stopped)
    looser = _beyond(choice, first, searched, steps, stopped)
    if looser != steps:  # what failed is no longer looser than what is chosen
        steps, failed = looser, ()
    steps = _shared(choice, first, searched, steps)
    if steps != searched.steps:
        bounds = bounds_in_words(choice.bounds(steps).bounds, choice.subject.unit)
        choice.findings.notes.append(
            f"after a look at more of the data: {candidate.name} within {bounds}"
        )
    draft = redrafted(choice, first, candidate, steps, sizes)
    return Chosen(_raced(draft, searched), choice.bounds(steps), 0, failed)


def _beyond(
    choice: Choice, first: Draft, searched: Searched, steps: Steps, stopped: Failed | None
) -> Steps:
    """Looser steps that pass beyond a failure by chance, where every value can be judged.

    Extremes fail and pass by chance of the rounding; on a part of the data that is no news of the
    whole, but what passes on all values passes.
    """
    sample, candidate = choice.found.sample, searched.candidate
    if candidate.slowness > 1 or not sample.whole or stopped is None or not stopped.criterion:
        return steps
    budget = _budget(choice, 1.0)
    trials = Trials(choice.make_gate(first), choice.loosest, budget, WHOLE_SHARE, WHOLE_SHARE)
    looser = LOOSER_BY_CURVE if is_smooth(stopped.criterion) else LOOSER
    found = [_beyond_one(trials, candidate, p, step, looser) for p, step in enumerate(steps)]
    if levels_share_blocks(choice.subject, choice.found):
        found = [max(found)] * len(found)
    return tuple(found)


def _beyond_one(
    trials: Trials, candidate: Candidate, position: int, step: int, looser: tuple[int, ...]
) -> int:
    """The same for one level, and one step more."""
    found = step
    with contextlib.suppress(BudgetSpent):
        for less in looser:
            tried = max(0, step - less)
            if tried == step or trials.outcome(candidate, position, tried).passes:
                found = tried
                break
        if 0 < found < step and trials.outcome(candidate, position, found - 1).passes:
            found -= 1
    return found


def _shared(choice: Choice, first: Draft, searched: Searched, steps: Steps) -> Steps:
    """One step for all levels that will share a shard, and with it its tightest bound.

    A tighter bound moves T3 by some 5 % either way (ERA-Interim v), so it is tried.
    """
    if not shard_levels_together(choice.found, first.layout, choice.bounds(steps)):
        return steps
    step, candidate = max(steps), searched.candidate
    if min(steps) == step:
        return steps
    trials = _trials_of_more(choice, first, candidate)
    for tighter in range(MOST_TIGHTER):
        tried = min(choice.last, step + tighter)
        failed = trials.first_failure(candidate, (tried,) * len(trials.gate.sample.levels))
        if failed is None:
            return choice.everywhere(tried)
        if failed.why == UNTRIED:
            break
    return choice.everywhere(step)


def _trials_of_more(choice: Choice, first: Draft, candidate: Candidate) -> Trials:
    """Trials on as much of the sample as is due."""
    sample = choice.found.sample
    budget = _budget(choice, CONFIRMING_SHARE)
    more = thinned(sample, budget.left, CONFIRMING_TRIALS, fewest=2)
    budget.grow(candidate.coder)
    safe = WHOLE_SHARE if more.whole else SAFE_SHARE
    gate = replace(choice.make_gate(first), sample=more)
    return Trials(gate, choice.loosest, budget, safe, safe)


def _budget(choice: Choice, share: float) -> Budget:
    """A share of the operations for a variable; some passes over all where the sample is whole."""
    sample, allowed = choice.found.sample, choice.subject.recipe.search.max_share
    values = choice.subject.raw_bytes // choice.subject.dtype.itemsize
    operations = share * budget_of(values, allowed, whole=sample.whole)
    if sample.whole:
        passes = DEAR * (CONFIRMING_TRIALS + 1) * sample.fields.size
        operations = max(operations, min(1.0, allowed / MAX_SHARE) * passes)
    return Budget(math.floor(operations))


def _on_more(
    choice: Choice, first: Draft, searched: Searched
) -> tuple[Steps, Failed | None] | None:
    """The steps of all sampled levels, and what stopped them; None where no bound passes.

    Levels for which no operation is left give way as much as the others had to: the run measures
    all values, and has rungs to go down.
    """
    sample, candidate = choice.found.sample, searched.candidate
    trials = _trials_of_more(choice, first, candidate)
    more = trials.gate.sample
    together = levels_share_blocks(choice.subject, choice.found)
    start = steps_at(sample.levels, searched.steps, more.levels)
    found: list[int] = []
    given = 0
    for position, step in enumerate(start):
        lowest = found[-1] if together and found else 0
        begin = min(choice.last, max(lowest, step + given))
        try:
            passing = level_steps(trials, candidate, position, begin, choice.last, lowest)
        except BudgetSpent:
            passing = trials.expected(candidate, position, begin, choice.last)
        if passing is None:
            return None
        given = max(given, passing - step)
        found.append(passing)
    if together:
        found = [max(found)] * len(found)
    stopped = trials.stopped(candidate, found) or searched.stopped
    return steps_at(more.levels, found, sample.levels), stopped


def _failures(candidate: Candidate, stopped: Failed | None) -> tuple[tuple[str, str], ...]:
    """The looser setting that failed, if one was tried."""
    if stopped is None or stopped.strain <= 1:
        return ()
    return ((f"{candidate.name} within {stopped.bound}", stopped.why),)


def _raced(draft: Draft, searched: Searched) -> Draft:
    """The draft, whose lossy rungs let the rivals of its codec have those blocks that suit them."""
    if draft.portable or not searched.rivals:
        return draft
    names = " or ".join(codec for codec, _ in searched.rivals)
    ladder = tuple(
        rung
        if rung.lossless
        else replace(rung, rivals=searched.rivals, text=f"{rung.text}, {names} where smaller")
        for rung in draft.ladder
    )
    return replace(draft, ladder=ladder)


def by_ladder(
    choice: Choice, draft: Draft, steps: Steps, failed: tuple[tuple[str, str], ...]
) -> Chosen:
    """As far down the ladder as the samples say."""
    start, said = first_rung(choice.make_gate(draft), draft.ladder)
    choice.findings.notes += said
    if choice.subject.settings.on_fail == "refuse":
        start = min(start, len(draft.ladder) - 2)  # only the whole variable may be refused
    by_ladder = tuple(
        (rung.text, why) for rung, why in zip(draft.ladder[:start], said, strict=False)
    )
    return Chosen(draft, choice.bounds(steps), start, (*failed, *by_ladder))
