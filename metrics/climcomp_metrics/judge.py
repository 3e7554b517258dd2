"""From values to verdicts: the worst over levels and times, against its limits."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from climcomp_metrics.base import Criterion, Limits, Outcome, Value, Verdict
from climcomp_metrics.field import FieldSettings
from climcomp_metrics.summarise import applicable


def judge(
    values: Sequence[Value], settings: FieldSettings, limits: Limits | None = None
) -> list[Verdict]:
    """One verdict for each variable-scope criterion of the variable's class.

    Parameters
    ----------
    values
        Those of all levels, of all level ranges.
    limits
        None: the defaults of METRICS.

    Notes
    -----
    Levels without a value do not pass and do not block; where some levels have one, the worst of
    these decides and the reason counts the others. A value that is not a number fails.
    """
    limits = limits or Limits()
    return [
        judge_criterion(criterion, values, limits, lambda value: _place(value, settings))
        for criterion in applicable(settings)
    ]


def judge_criterion(
    criterion: Criterion, values: Sequence[Value], limits: Limits, place: Callable[[Value], str]
) -> Verdict:
    """The verdict of one criterion; values of other metrics are left out.

    Parameters
    ----------
    place
        Where a value is from, in words.
    """
    warn, fail, source = limits.of_criterion(criterion)
    values = [value for value in values if value.metric == criterion.id]
    known = [value for value in values if value.value is not None]
    reasons = _reasons([value for value in values if value.value is None])
    if not known:
        return Verdict(
            criterion.id, criterion.name, "n/a", None, criterion.unit, warn, fail, source,
            reason=reasons or "nothing was measured",
            sampled=next((value.sampled for value in values if value.sampled), ""),
        )  # fmt: skip
    sign = -1.0 if criterion.least else 1.0
    worst = max(known, key=lambda value: _badness(value, sign))
    number = float("nan") if worst.value is None else worst.value
    outcome = _outcome(number, warn, fail, sign)
    if math.isnan(number):
        # A metric of one's own that says why it has no number was broken: no limit is needed.
        outcome = "fail" if worst.reason else outcome
        why = worst.reason or "the value is not a number"
        reasons = "; ".join(filter(None, [why, reasons]))
    elif outcome == "fail" and _could_be_chance(worst, fail, sign):
        outcome = "warn"
        why = f"beyond the limit by less than two standard errors ({worst.error:.2g} each)"
        reasons = "; ".join(filter(None, [why, reasons]))
    return Verdict(
        criterion=criterion.id,
        metric=criterion.name,
        outcome=outcome,
        value=number,
        unit=worst.unit,
        warn=warn,
        fail=fail,
        source=source,
        place=place(worst),
        reason=reasons,
        sampled=worst.sampled,
        detail=worst.detail,
    )


def _could_be_chance(value: Value, fail: float | None, sign: float) -> bool:
    """So few values could show that much without any damage."""
    if value.value is None or fail is None or value.error == 0.0:
        return False
    return sign * value.value - 2.0 * value.error <= sign * fail


def _badness(value: Value, sign: float) -> tuple[bool, float]:
    """What comes last in this order is the worst: nothing is worse than what is no number."""
    number = math.nan if value.value is None else value.value
    # Two levels with few values must not hide a third one whose excess is certain.
    certain = sign * number - 2.0 * value.error
    return math.isnan(number), math.inf if math.isnan(number) else certain


def _outcome(value: float, warn: float | None, fail: float | None, sign: float) -> Outcome:
    """Limits are kept when reached exactly. Without a FAIL limit nothing passes or blocks."""
    if fail is not None and not sign * value <= sign * fail:
        return "fail"
    if fail is None and warn is None:
        return "report"
    if warn is not None and not sign * value <= sign * warn:
        return "warn"
    return "pass" if fail is not None else "report"


def _place(value: Value, settings: FieldSettings) -> str:
    words = []
    if value.time is not None and settings.shape[0] > 1:
        words.append(f"time {value.time}")
    if value.level is not None and settings.shape[1] > 1:
        words.append(f"level {value.level}")
    return ", ".join(filter(None, [*words, value.place]))


def _reasons(missing: list[Value]) -> str:
    """Each distinct reason once, with the levels that have it."""
    levels: dict[str, list[int | None]] = {}
    for value in missing:
        levels.setdefault(value.reason, []).append(value.level)
    texts = []
    for reason, where in levels.items():
        count = len(where)
        texts.append(reason if count == 1 else f"{reason} ({count} levels)")
    return "; ".join(texts)
