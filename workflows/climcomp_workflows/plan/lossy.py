"""The plan of a variable that may lose what its bound allows."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from climcomp_workflows.domain import make_domain
from climcomp_workflows.gate import Enforced
from climcomp_workflows.plan.chosen import choose_encoding
from climcomp_workflows.plan.draft import Draft, estimates, field_settings
from climcomp_workflows.plan.fields import exact_values
from climcomp_workflows.plan.finer_tails import with_finer_tails
from climcomp_workflows.plan.lossless import array_spec, plan_lossless
from climcomp_workflows.plan.model import VariablePlan
from climcomp_workflows.plan.own_network import with_own_network
from climcomp_workflows.plan.subject import Findings, Subject, is_packed
from climcomp_workflows.plan.survey import EveryBit, Survey, survey
from climcomp_workflows.plan.trial import SampleGate

# Our own: what loses something must be smaller than what loses nothing by this share at least.
WORTH_LOSING = 0.95
# Our own: integers whose values take no less than this share of them, exactly, stay packed.
WORTH_UNPACKING = 0.8


def plan_lossy(subject: Subject, findings: Findings) -> VariablePlan:
    """Plan a variable: sample it, bound it, choose codec and layout, try the ladder on the sample.

    Where no value varies, sigma is undefined or nothing lossy is smaller, the plan is lossless and
    says why.

    Raises
    ------
    RecipeError
        If the recipe asks of this variable what cannot be.
    """
    try:
        plan = _plan(subject, findings)
    except EveryBit as found:
        return _lossless(subject, findings, str(found))
    if not plan.decoded and plan.estimated_bytes <= plan.source_bytes and _is_worth_losing(plan):
        return plan
    # Packed integers, or values that somebody rounded before, can be smaller as they are.
    what = "packed integers" if plan.decoded else "values as they are stored"
    reason = f"its {what} take hardly more than values within the bound"
    stored = _lossless(subject, findings, reason)
    if plan.decoded and not _is_worth_losing(plan):
        exact = _exactly(plan)
        if exact.estimated_bytes < WORTH_UNPACKING * stored.estimated_bytes:
            return exact
    if plan.estimated_bytes <= WORTH_LOSING * stored.estimated_bytes:
        return plan
    if stored.estimated_bytes < plan.estimated_bytes:
        reason = f"its {what} are smaller than its values within the bound"
        return replace(stored, reason=reason, bound_source=reason)
    return stored


def _is_worth_losing(plan: VariablePlan) -> bool:
    """Whether what its rung loses saves enough; also where the ladder begins with losing nothing.

    Such a ladder is kept, for its report says what the samples failed.
    """
    if plan.ladder[plan.start].lossless:
        return True
    return plan.estimated_bytes <= WORTH_LOSING * plan.estimates[-1]


def _exactly(plan: VariablePlan) -> VariablePlan:
    """The plan of unpacked values that begins with losing nothing of them.

    GRIB gives every field a lattice of its own, often much coarser than that of the integers that
    somebody packed them in later: as whole numbers on it, values can take less than any bound does.
    """
    why = "unpacked values take hardly more exactly than within the bound"
    return replace(
        plan,
        start=len(plan.ladder) - 1,
        estimated_bytes=plan.estimates[-1],
        bound_source=why,
        notes=(*plan.notes, why),
    )


def _lossless(subject: Subject, findings: Findings, reason: str) -> VariablePlan:
    return plan_lossless(
        subject.recipe,
        subject.dataset,
        subject.variable,
        subject.settings,
        reason,
        tuple(findings.notes),
    )


def _plan(subject: Subject, findings: Findings) -> VariablePlan:
    variable, settings, notes = subject.variable, subject.settings, findings.notes
    found = survey(subject, findings)
    decoded = is_packed(variable)
    exact, zeros_exact = exact_values(
        variable, settings, found.kind, found.sample.fields, decoded, notes
    )

    def make_gate(draft: Draft) -> SampleGate:
        return _gate(subject, found, draft, exact, zeros_exact)

    chosen = choose_encoding(subject, found, findings, exact, make_gate)
    draft, bounds, start = chosen.draft, chosen.bounds, chosen.start
    best = draft.race.best
    findings.seconds, findings.sampled_bytes = best.seconds, best.raw_bytes
    notes.append(draft.race.in_words())
    if draft.portable:
        notes.append("stored with standard codecs: any Zarr v3 reader opens it")
    draft = with_finer_tails(subject, draft, notes)
    draft, models = with_own_network(subject, draft, exact, notes)
    by_rung = estimates(draft, subject)
    codec: Literal["standard", "block"] = "standard" if draft.portable else "block"
    return VariablePlan(
        dataset=subject.dataset.key,
        source_name=variable.name,
        how="lossy",
        spec=replace(
            array_spec(subject.dataset, variable, draft.layout, codec, decoded), models=models
        ),
        decoded=decoded,
        settings=field_settings(subject, found, draft.layout, zeros_exact),
        ladder=draft.ladder,
        start=start,
        exact=exact,
        enforced=_enforced(subject),
        on_fail=settings.on_fail,
        bound_text=bounds.text,
        bound_source=bounds.source,
        kind=found.kind,
        reason=found.reason,
        notes=(*notes, *draft.layout.notes),
        source_bytes=variable.storage_bytes,
        amplification=draft.layout.amplification,
        estimated_bytes=by_rung[start],
        estimates=by_rung,
        part=variable.roles.part,
        failed_rungs=chosen.failed,
    )


def _enforced(subject: Subject) -> Enforced:
    return "bounds" if subject.recipe.quality == "bounds" else "all"


def _gate(
    subject: Subject, found: Survey, draft: Draft, exact: tuple[float, ...], zeros_exact: bool
) -> SampleGate:
    weights = None if isinstance(subject.weights, str) else subject.weights
    return SampleGate(
        found.sample,
        field_settings(subject, found, draft.layout, zeros_exact),
        exact,
        make_domain(subject.geometry, weights, None),
        subject.limits,
        _enforced(subject),
        frozenset(subject.recipe.checks.off),
    )
