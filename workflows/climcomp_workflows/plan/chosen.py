"""Codec and bounds of a variable: searched on part of its sample, confirmed on all of it."""

from __future__ import annotations

import math
from dataclasses import replace

from climcomp_workflows.plan.choice import Choice, Chosen, MakeGate
from climcomp_workflows.plan.confirm import Searched, by_ladder, confirmed
from climcomp_workflows.plan.draft import Draft, fill_of, levels_share_blocks
from climcomp_workflows.plan.lessons import learned
from climcomp_workflows.plan.sample import Sample
from climcomp_workflows.plan.search.budget import (
    FEWEST_VALUES,
    SEARCHING_SHARE,
    Budget,
    budget_of,
    thinned,
)
from climcomp_workflows.plan.search.find import WORTH, Search, search
from climcomp_workflows.plan.search.levels import last_step, steps_at
from climcomp_workflows.plan.search.rivals import rivals_of
from climcomp_workflows.plan.search.sizes import Sizes
from climcomp_workflows.plan.search.steps import step_of
from climcomp_workflows.plan.search.trials import (
    SAFE_SHARE,
    TAIL_SHARE,
    WHOLE_SHARE,
    Candidate,
    Trials,
)
from climcomp_workflows.plan.search.words import told
from climcomp_workflows.plan.subject import Findings, Subject
from climcomp_workflows.plan.survey import EveryBit, Survey, loosest_bounds


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
    loosest, begin, note = learned(loosest, step_of(factor), subject.lesson)
    findings.notes += [note] if note else []
    last = last_step(loosest, found.ranges, subject.dtype)
    choice = Choice(subject, found, findings, exact, loosest, last, make_gate)
    begin = min(begin, last)
    try:
        draft = choice.draft(choice.everywhere(begin))
    except EveryBit:
        if factor == 1:
            raise
        begin = 0  # it may be smaller within the loosest bounds
        draft = choice.draft(choice.everywhere(begin))
    # Of several trials of a codec the first, which is on whole blocks where one is.
    for trial in reversed(draft.race.trials):
        findings.rates[trial.codec] = trial.seconds / max(1, trial.raw_bytes)
    chosen = _searched(choice, draft, begin)
    return chosen or by_ladder(choice, draft, choice.everywhere(begin), ())


def _searched(choice: Choice, draft: Draft, begin: int) -> Chosen | None:
    """The smallest encoding that passes.

    None where the variable is too small to be searched, the recipe wants no search, or nothing
    passes and the variable is to be refused then.
    """
    subject, findings, sample = choice.subject, choice.findings, choice.found.sample
    values = subject.raw_bytes // subject.dtype.itemsize
    share = subject.recipe.search.max_share
    if share == 0:
        return None
    if values < FEWEST_VALUES:
        findings.notes.append(f"{values} values are too few to search by: the ladder decides")
        return None
    operations = math.floor(SEARCHING_SHARE * budget_of(values, share, whole=sample.whole))
    part = thinned(sample, operations)
    gate = replace(choice.make_gate(draft), sample=part)
    safe = WHOLE_SHARE if sample.whole else SAFE_SHARE
    tails = safe if part is sample else TAIL_SHARE
    trials = Trials(gate, choice.loosest, Budget(operations), safe, tails)
    sizes = _sizes(choice, draft, part, begin)
    together = levels_share_blocks(subject, choice.found)
    result = search(trials, _candidates(draft), sizes, begin, choice.last, together=together)
    findings.notes += told(result, trials, sizes.raw_bytes)
    if result.best is None:
        if subject.settings.on_fail == "refuse":
            return None
        raise EveryBit(_why_none(result))
    best, *others = _passing(result, trials, sizes, sample)
    first = confirmed(choice, draft, sizes, best)
    if others and others[0].size_bytes < WORTH * first.sample_bytes:
        # On more of the sample the best had to give way; the second may not have to.
        second = confirmed(choice, draft, sizes, others[0])
        return min(first, second, key=lambda chosen: chosen.sample_bytes)
    return first


def _sizes(choice: Choice, draft: Draft, part: Sample, begin: int) -> Sizes:
    plain = (t for t in reversed(draft.race.on_whole_blocks) if t.keepbits is None)
    whole = {t.codec: t.size_bytes for t in plain}  # of a codec's settings, the smallest
    known = (one for one in _candidates(draft) if one.codec in whole and one.codec != "delta")
    return Sizes(
        draft.blocks,
        choice.loosest,
        part.levels,
        choice.exact,
        fill_of(choice.subject.variable),
        whole,
        begin=(begin,) * len(part.levels),
        reference=next(known, None),
    )


def _passing(result: Search, trials: Trials, sizes: Sizes, sample: Sample) -> list[Searched]:
    """The codecs that pass, the smallest first."""
    part = trials.gate.sample
    rivals = rivals_of(result, trials, sizes)
    passing = [
        Searched(
            one.candidate,
            steps_at(part.levels, one.steps, sample.levels),
            one.size_bytes,
            one.stopped,
            is_proved=part is sample and trials.is_proved(one.candidate, one.steps),
            rivals=rivals if one is result.best else (),
        )
        for one in result.looked
        if one.steps is not None
    ]
    return sorted(passing, key=lambda one: one.size_bytes)


def _why_none(result: Search) -> str:
    first = result.looked[0]
    assert first.stopped is not None  # it was tried, and failed
    return (
        f"nothing lossy passes on the samples; the nearest, {first.candidate.name} within "
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
