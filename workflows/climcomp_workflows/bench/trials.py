"""All bounds of a codec on a variable: the curve that it makes of size and error."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np

from climcomp.errors import BoundError, CodecError, MissingExtraError
from climcomp_metrics.base import Verdict
from climcomp_metrics.report.verdicts import SUITE_NAMES, suite_of
from climcomp_workflows.bench.grid import CodecSetup
from climcomp_workflows.bench.model import (
    CriterionRow,
    Curve,
    FirstFailure,
    Judged,
    LevelTrial,
    Trial,
)
from climcomp_workflows.bench.prepare import Prepared
from climcomp_workflows.plan.model import PREVIEW_CODEC, Rung

# What a codec may say instead of a payload.
REFUSALS = (BoundError, CodecError, MissingExtraError)


def make_curve(
    prepared: Prepared,
    setup: CodecSetup,
    factors: Sequence[float],
    criteria: dict[str, CriterionRow],
) -> Curve:
    """Try a codec at all factors of the plan's bound.

    Parameters
    ----------
    criteria
        Is given a row for each criterion that is judged.

    Raises
    ------
    RecipeError
        If the code of one of the recipe's own metrics fails on the sample.
    """
    trials = tuple(_try(prepared, setup, factor, criteria) for factor in factors)
    sound = [trial for trial in trials if trial.rate is not None and not trial.failed]
    if setup.codec == PREVIEW_CODEC:  # without a bound it is no setting to take instead
        sound = []
    smallest = min(sound, key=lambda t: t.rate.stored_bytes if t.rate else 0, default=None)
    return Curve(
        label=setup.label,
        codec=setup.codec,
        rounded=setup.rounded,
        trials=trials,
        first_failures=first_failures(trials),
        best=None if smallest is None else smallest.factor,
    )


def _try(
    prepared: Prepared, setup: CodecSetup, factor: float, criteria: dict[str, CriterionRow]
) -> Trial:
    gate = prepared.gate
    bound = factor * min(bound.value for bound in prepared.bounds)
    try:
        rung = rung_of(prepared, setup, factor)
        rate, speed = prepared.blocks.measure(rung)
        measured = [gate.measure(rung, position) for position in range(len(gate.sample.levels))]
    except REFUSALS as error:
        return Trial(factor, bound, refused=str(error))
    together = gate.verdicts(measured)
    for verdict in together:
        criteria.setdefault(verdict.criterion, _row(verdict))
    return Trial(
        factor=factor,
        bound=bound,
        rate=rate,
        criteria=_judged(together),
        failed=tuple(v.criterion for v in gate.clear_failures(together)),
        levels=tuple(
            LevelTrial(
                level=one.level,
                bound=factor * prepared.bounds[one.level].value,
                largest_error=one.check.worst,
                criteria=_judged(gate.verdicts([one])),
            )
            for one in measured
        ),
        speed=speed,
    )


def rung_of(prepared: Prepared, setup: CodecSetup, factor: float) -> Rung:
    """The rung of a codec at a factor of the plan's bounds.

    Raises
    ------
    BoundError, CodecError, MissingExtraError
        If the codec refuses.
    """
    dtype = np.dtype(prepared.gate.sample.fields.dtype)
    return setup.rung(prepared.bounds, factor, prepared.blocks.ranges, dtype)


def _row(verdict: Verdict) -> CriterionRow:
    # P1's limit is the bound itself, another one in each trial.
    fail = None if verdict.criterion == "P1" else verdict.fail
    return CriterionRow(
        name=verdict.metric,
        suite=suite_of(verdict),
        unit=verdict.unit,
        warn=verdict.warn,
        fail=fail,
        source=verdict.source,
    )


def _judged(verdicts: Iterable[Verdict]) -> dict[str, Judged]:
    return {v.criterion: Judged(v.value, v.outcome) for v in verdicts}


def first_failures(trials: Iterable[Trial]) -> tuple[FirstFailure, ...]:
    """For each suite that fails anywhere, the tightest bound at which it does."""
    judged = sorted((t for t in trials if t.rate is not None), key=lambda t: t.factor)
    found: dict[str, FirstFailure] = {}
    for number, trial in enumerate(judged):
        by_suite: dict[str, list[str]] = {}
        for criterion in trial.failed:
            by_suite.setdefault(_suite(criterion), []).append(criterion)
        for suite, ids in by_suite.items():
            if suite not in found:
                again = any(suite not in map(_suite, t.failed) for t in judged[number + 1 :])
                criteria = tuple(dict.fromkeys(ids))
                found[suite] = FirstFailure(suite, trial.factor, trial.bound, criteria, again)
    return tuple(found[suite] for suite in SUITE_NAMES if suite in found)


def _suite(criterion: str) -> str:
    return suite_of(Verdict(criterion, "", "fail", None, "", None, None, ""))


def rounding_pays(prepared: Prepared, setup: CodecSetup, worth: float) -> CodecSetup | None:
    """The same codec behind a rounding, if that saves a share `worth` of the bytes at the bound."""
    if prepared.bounds[0].kind != "absolute" or setup.codec == PREVIEW_CODEC:
        return None
    behind = dataclasses.replace(setup, rounded=True)
    try:
        plain, _ = prepared.blocks.measure(rung_of(prepared, setup, 1.0))
        rounded, _ = prepared.blocks.measure(rung_of(prepared, behind, 1.0))
    except REFUSALS:
        return None
    return behind if rounded.stored_bytes <= (1 - worth) * plain.stored_bytes else None
