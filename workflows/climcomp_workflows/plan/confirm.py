"""What a search found on part of a sample, confirmed on all of it, or as much as is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from climcomp_workflows.plan.choice import Choice, Chosen
from climcomp_workflows.plan.draft import Draft, levels_share_blocks
from climcomp_workflows.plan.ladder import TIGHTER
from climcomp_workflows.plan.model import Rung, Settings
from climcomp_workflows.plan.search.budget import (
    CONFIRMING_SHARE,
    CONFIRMING_TRIALS,
    Budget,
    BudgetSpent,
    budget_of,
    thinned,
)
from climcomp_workflows.plan.search.find import Steps
from climcomp_workflows.plan.search.outcome import Outcome
from climcomp_workflows.plan.search.steps import step_of
from climcomp_workflows.plan.search.strain import outcome_of
from climcomp_workflows.plan.search.trials import Failed
from climcomp_workflows.plan.trial import SampleGate, first_rung

# Our own: what a part of the sample passed and all of it fails is tried again tighter, at least so
# many steps, so often; then it is left to the ladder.
RETREAT_STEPS = 2
RETREATS = 4
# Our own: steps by which all values are tried looser than what passes, the loosest first.
LOOSER = (11, 8, 5, 3)
# Our own: how far beyond a limit chance may carry a part of the sample.
NEAR_MISS = 1.1


@dataclass(frozen=True, slots=True)
class Searched:
    """What the search found smallest, with the step of each level of the sample."""

    codec: str
    steps: Steps
    size_bytes: float  # of the sample blocks
    stopped: Failed | None
    is_proved: bool  # whether all of the sample passed
    rivals: tuple[tuple[str, Settings], ...] = ()  # to race with it on each block

    @property
    def is_near_miss(self) -> bool:
        """Whether what fails on a part of the sample may pass on all of it."""
        return self.stopped is not None and self.stopped.strain <= NEAR_MISS


def confirmed(choice: Choice, draft: Draft, begin: int, searched: Searched) -> Chosen:
    """The best of the search on more of the sample; tighter on the levels that fail there."""
    steps, codec, may_round = searched.steps, searched.codec, True
    failed: list[tuple[str, str]] = []
    refused: set[Steps] = set()
    if searched.stopped is not None:
        failed.append((f"{codec} within {searched.stopped.bound}", searched.stopped.why))
    if steps != choice.everywhere(begin) or draft.race.best.codec != codec:
        draft = choice.draft(steps, codec)
    if searched.is_proved and draft.race.best.keepbits is None:
        return _loosened(choice, draft, steps, searched, tuple(failed), refused)
    unsure = choice.found.sample.levels

    def failing_of(tried: Draft) -> dict[int, Outcome]:
        return _failing(_confirming(choice, tried), tried.ladder[0], unsure)

    if not searched.is_proved and searched.is_near_miss:
        looser = tuple(max(0, step - RETREAT_STEPS) for step in steps)
        tried = choice.draft(looser, codec)
        if not failing_of(tried):
            return Chosen(_raced(tried, searched), choice.bounds(looser), 0, ())
    for _ in range(RETREATS):
        failing = failing_of(draft)
        if not failing:
            return _loosened(choice, draft, steps, searched, tuple(failed), refused)
        refused.add(steps)
        why = "; ".join(dict.fromkeys(outcome.words for outcome in failing.values()))
        failed.append((draft.ladder[0].text, why))
        if may_round and draft.race.best.keepbits is not None and draft.rounding == "auto":
            may_round = False
        else:
            steps = _retreated(choice, steps, failing)
            unsure = tuple(failing)
        draft = choice.draft(steps, codec, may_round=may_round)
    return by_ladder(choice, _raced(draft, searched), steps, tuple(failed))


def _loosened(
    choice: Choice,
    draft: Draft,
    steps: Steps,
    searched: Searched,
    failed: tuple[tuple[str, str], ...],
    refused: set[Steps],
) -> Chosen:
    """A looser bound that passes beyond one that fails, where every value can be judged.

    Extremes of few values fail and pass by chance of the rounding; on a part of the data that is no
    news of the whole, but what passes on all values passes.
    """
    found = Chosen(_raced(draft, searched), choice.bounds(steps), 0, failed)
    if not choice.found.sample.whole:
        return found
    values = choice.found.sample.fields.size
    budget = Budget(budget_of(values, choice.subject.recipe.search.max_share))
    for looser in LOOSER:
        tried = tuple(max(0, step - looser) for step in steps)
        if tried == steps or tried in refused:
            continue
        rung = replace(draft.ladder[0], bounds=choice.bounds(tried).bounds)
        try:
            for _ in choice.found.sample.levels:
                budget.spend(rung.codec, choice.found.sample.fields[:, 0].size)
        except BudgetSpent:
            return found
        if not _failing(choice.make_gate(draft), rung, choice.found.sample.levels):
            other = choice.draft(tried, searched.codec, may_round=rung.keepbits is not None)
            if other.race.best.keepbits == draft.race.best.keepbits is None:
                return Chosen(_raced(other, searched), choice.bounds(tried), 0, failed)
    return found


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


def _confirming(choice: Choice, draft: Draft) -> SampleGate:
    """The gate on all of the sample where that is the whole variable, else on as much as is due."""
    gate, sample = choice.make_gate(draft), choice.found.sample
    if sample.whole:
        return gate
    values = choice.subject.raw_bytes // choice.subject.dtype.itemsize
    operations = budget_of(values, choice.subject.recipe.search.max_share)
    due = CONFIRMING_SHARE * operations
    return replace(gate, sample=thinned(sample, due, CONFIRMING_TRIALS))


def _failing(gate: SampleGate, rung: Rung, levels: Sequence[int]) -> dict[int, Outcome]:
    """Those of some levels of the variable that fail at a rung on the sample."""
    outcomes = {
        level: outcome_of(gate, rung, position)
        for position, level in enumerate(gate.sample.levels)
        if level in levels
    }
    return {level: found for level, found in outcomes.items() if not found.passes}


def _retreated(choice: Choice, steps: Steps, failing: dict[int, Outcome]) -> Steps:
    """Tighter where levels fail: as if strain grew with the bound."""
    more = {level: _steps_back(outcome) for level, outcome in failing.items()}
    levels = choice.found.sample.levels
    if levels_share_blocks(choice.subject, choice.found):
        more = dict.fromkeys(levels, max(more.values()))
    pairs = zip(levels, steps, strict=True)
    return tuple(min(choice.last, step + more.get(level, 0)) for level, step in pairs)


def _steps_back(outcome: Outcome) -> int:
    return max(RETREAT_STEPS, step_of(min(outcome.strain, TIGHTER)))


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
