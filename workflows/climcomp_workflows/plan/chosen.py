"""Codec and bounds of a variable: searched on part of its sample, confirmed on all of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from climcomp_workflows.plan.draft import Draft, fill_of, levels_share_blocks, make_draft
from climcomp_workflows.plan.ladder import TIGHTER, LevelBounds
from climcomp_workflows.plan.model import Rung
from climcomp_workflows.plan.search.budget import FEWEST_VALUES, Budget, budget_of, thinned
from climcomp_workflows.plan.search.find import Search, Steps, search
from climcomp_workflows.plan.search.levels import bounds_at, last_step, steps_at
from climcomp_workflows.plan.search.outcome import Outcome
from climcomp_workflows.plan.search.sizes import Sizes
from climcomp_workflows.plan.search.steps import step_of
from climcomp_workflows.plan.search.strain import outcome_of
from climcomp_workflows.plan.search.trials import Candidate, Failed, Trials
from climcomp_workflows.plan.search.words import told
from climcomp_workflows.plan.subject import Findings, Subject
from climcomp_workflows.plan.survey import EveryBit, Survey, loosest_bounds
from climcomp_workflows.plan.trial import SampleGate, first_rung

# Our own: what a part of the sample passed and all of it fails is tried again tighter, at least so
# many steps, so often; then it is left to the ladder.
RETREAT_STEPS = 2
RETREATS = 4
# Our own: how far beyond a limit chance may carry a part of the sample.
NEAR_MISS = 1.1
# Our own: a sample that uses more of a limit leaves too little for what was not sampled.
SAFE_SHARE = 0.9

MakeGate = Callable[[Draft], SampleGate]


@dataclass(frozen=True, slots=True)
class Chosen:
    """How a variable is to be stored: the draft, the rung to begin with, and what failed before."""

    draft: Draft
    bounds: LevelBounds
    start: int
    failed: tuple[tuple[str, str], ...]  # looser settings in words, and what they fail


@dataclass(frozen=True, slots=True)
class _Choice:
    """What stays the same while drafts change."""

    subject: Subject
    found: Survey
    findings: Findings
    exact: tuple[float, ...]
    loosest: LevelBounds
    last: int
    make_gate: MakeGate

    def draft(self, steps: Steps, codec: str | None = None, *, may_round: bool = True) -> Draft:
        """The draft of a codec at the steps of the sampled levels."""
        return make_draft(
            self.subject, self.found, self.bounds(steps), self.exact, codec, may_round=may_round
        )

    def everywhere(self, step: int) -> Steps:
        """One step on every level of the sample."""
        return (step,) * len(self.found.sample.levels)

    def bounds(self, steps: Steps) -> LevelBounds:
        """The bounds of all levels."""
        return bounds_at(self.loosest, self.found.sample.levels, steps)


def choose_encoding(
    subject: Subject,
    found: Survey,
    findings: Findings,
    exact: tuple[float, ...],
    make_gate: MakeGate,
) -> Chosen:
    """Choose codec and bounds; notes on the way are added to `findings`.

    Raises
    ------
    EveryBit
        If nothing lossy passes on the sample, or makes it smaller.
    RecipeError
        If the recipe asks of this variable what cannot be.
    """
    loosest, factor = loosest_bounds(subject, found, findings)
    last = last_step(loosest, found.ranges, subject.dtype)
    choice = _Choice(subject, found, findings, exact, loosest, last, make_gate)
    begin = min(step_of(factor), last)
    try:
        draft = choice.draft(choice.everywhere(begin))
    except EveryBit:
        if factor == 1:
            raise
        begin = 0  # it may be smaller within the loosest bounds
        draft = choice.draft(choice.everywhere(begin))
    searched = _searched(choice, draft, begin)
    if searched is None:
        return _by_ladder(choice, draft, choice.everywhere(begin), ())
    return _confirmed(choice, draft, begin, searched)


@dataclass(frozen=True, slots=True)
class _Searched:
    """What the search found smallest, with the step of each level of the sample."""

    codec: str
    steps: Steps
    stopped: Failed | None
    is_proved: bool  # whether all of the sample passed

    @property
    def is_near_miss(self) -> bool:
        """Whether what fails on a part of the sample may pass on all of it."""
        return self.stopped is not None and self.stopped.strain <= NEAR_MISS


def _searched(choice: _Choice, draft: Draft, begin: int) -> _Searched | None:
    """Search; None where the variable is too small, or the recipe wants no search."""
    subject, findings, sample = choice.subject, choice.findings, choice.found.sample
    values = subject.raw_bytes // subject.dtype.itemsize
    share = subject.recipe.search.max_share
    if share == 0:
        return None
    if values < FEWEST_VALUES:
        findings.notes.append(f"{values} values are too few to search by: the ladder decides")
        return None
    operations = budget_of(values, share)
    part = thinned(sample, operations)
    gate = replace(choice.make_gate(draft), sample=part)
    safe = 1.0 if sample.whole else SAFE_SHARE
    trials = Trials(gate, choice.loosest, Budget(operations), safe)
    sizes = Sizes(
        tuple(draft.blocks),
        choice.loosest,
        part.levels,
        choice.exact,
        fill_of(subject.variable),
        whole={t.codec: t.size_bytes for t in draft.race.on_whole_blocks if t.keepbits is None},
        begin=(begin,) * len(part.levels),
    )
    together = levels_share_blocks(subject, choice.found)
    result = search(trials, _candidates(draft), sizes, begin, choice.last, together=together)
    findings.notes += told(result, trials, sizes.raw_bytes)
    best = result.best
    if best is None or best.steps is None:
        if subject.settings.on_fail == "refuse":
            return None
        raise EveryBit(_why_none(result))
    steps = steps_at(part.levels, best.steps, sample.levels)
    proved = part is sample and trials.is_proved(best.candidate, best.steps)
    return _Searched(best.candidate.codec, steps, best.stopped, proved)


def _why_none(result: Search) -> str:
    first = result.looked[0]
    assert first.stopped is not None  # it was tried, and failed
    return (
        f"nothing lossy passes on the samples; the nearest, {first.candidate.codec} within "
        f"{first.stopped.bound}: {first.stopped.why}"
    )


def _candidates(draft: Draft) -> list[Candidate]:
    """Each codec once, the smallest on the sample blocks first, without a rounding of ours."""
    fixed = draft.rounding if isinstance(draft.rounding, int) else None
    found: dict[str, Candidate] = {}
    for trial in sorted(draft.race.trials, key=lambda t: t.size_bytes / t.raw_bytes):
        if trial.codec != "lossless" and trial.codec not in found:
            keepbits = None if trial.codec == "rounding" else fixed
            found[trial.codec] = Candidate(trial.codec, trial.settings, keepbits)
    return list(found.values())


def _confirmed(choice: _Choice, draft: Draft, begin: int, searched: _Searched) -> Chosen:
    """The best of the search on all of the sample; tighter on the levels that fail there."""
    steps, codec, may_round = searched.steps, searched.codec, True
    failed: list[tuple[str, str]] = []
    if searched.stopped is not None:
        failed.append((f"{codec} within {searched.stopped.bound}", searched.stopped.why))
    if steps != choice.everywhere(begin) or draft.race.best.codec != codec:
        draft = choice.draft(steps, codec)
    if searched.is_proved and draft.race.best.keepbits is None:
        return Chosen(draft, choice.bounds(steps), 0, tuple(failed))
    unsure = tuple(range(len(steps)))
    if not searched.is_proved and searched.is_near_miss:
        looser = tuple(max(0, step - RETREAT_STEPS) for step in steps)
        tried = choice.draft(looser, codec)
        if not _failing(choice.make_gate(tried), tried.ladder[0], unsure):
            return Chosen(tried, choice.bounds(looser), 0, ())
    for _ in range(RETREATS):
        failing = _failing(choice.make_gate(draft), draft.ladder[0], unsure)
        if not failing:
            return Chosen(draft, choice.bounds(steps), 0, tuple(failed))
        why = "; ".join(dict.fromkeys(outcome.words for outcome in failing.values()))
        failed.append((draft.ladder[0].text, why))
        if may_round and draft.race.best.keepbits is not None and draft.rounding == "auto":
            may_round = False
        else:
            steps = _retreated(choice, steps, failing)
            unsure = tuple(failing)
        draft = choice.draft(steps, codec, may_round=may_round)
    return _by_ladder(choice, draft, steps, tuple(failed))


def _failing(gate: SampleGate, rung: Rung, positions: Sequence[int]) -> dict[int, Outcome]:
    """The positions of the sampled levels that fail at a rung."""
    outcomes = {position: outcome_of(gate, rung, position) for position in positions}
    return {position: found for position, found in outcomes.items() if not found.passes}


def _retreated(choice: _Choice, steps: Steps, failing: dict[int, Outcome]) -> Steps:
    """Tighter where levels fail: as if strain grew with the bound."""
    more = {position: _steps_back(outcome) for position, outcome in failing.items()}
    if levels_share_blocks(choice.subject, choice.found):
        more = dict.fromkeys(range(len(steps)), max(more.values()))
    return tuple(min(choice.last, step + more.get(p, 0)) for p, step in enumerate(steps))


def _steps_back(outcome: Outcome) -> int:
    return max(RETREAT_STEPS, step_of(min(outcome.strain, TIGHTER)))


def _by_ladder(
    choice: _Choice, draft: Draft, steps: Steps, failed: tuple[tuple[str, str], ...]
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
