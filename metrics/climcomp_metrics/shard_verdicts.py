"""Judge what was counted on every value of a shard, or of all shards merged."""

from __future__ import annotations

import math
from dataclasses import replace

from climcomp_metrics.base import Outcome, Verdict
from climcomp_metrics.criteria import find_criterion
from climcomp_metrics.field import FieldSettings
from climcomp_metrics.physical import ShardCheck


def merge_checks(first: ShardCheck, second: ShardCheck) -> ShardCheck:
    """The check of both parts together, in any order."""
    worse = max(first, second, key=_badness)
    return ShardCheck(
        values=first.values + second.values,
        valid=first.valid + second.valid,
        mask_moved=first.mask_moved + second.mask_moved,
        outside=first.outside + second.outside,
        zeros=first.zeros + second.zeros,
        zeros_lost=first.zeros_lost + second.zeros_lost,
        zeros_new=first.zeros_new + second.zeros_new,
        special=first.special or second.special,
        special_changed=first.special_changed + second.special_changed,
        over=first.over + second.over,
        worst=worse.worst,
        bound=worse.bound,
        relative=worse.relative,
        worst_place=worse.worst_place,
        mask_place=_earlier(first.mask_place, second.mask_place),
        range_place=_earlier(first.range_place, second.range_place),
        zeros_place=_earlier(first.zeros_place, second.zeros_place),
    )


def _badness(check: ShardCheck) -> tuple[float, float, str]:
    """What comes last is the worst; ties go by the place, so that the order cannot show."""
    return check.share, check.worst, check.worst_place


def _earlier(first: str, second: str) -> str:
    return min(filter(None, (first, second)), default="")


def shard_verdicts(
    check: ShardCheck, settings: FieldSettings, bound_source: str = "the plan"
) -> list[Verdict]:
    """F1, F2, F3, F5 and P1 judged.

    F1 and P1 are never n/a; P1 warns where no bound is promised. F3 fails for class P whatever
    changed, and elsewhere for zeros that were promised and lost; in class B it warns of all others.
    New zeros of a continuous variable (0.003 degC becoming 0) are errors within the bound like any
    other. `bound_source` says whose bound it was ("recipe", "METRICS: default bounds").
    """
    changed = check.zeros_lost + check.zeros_new
    forbidden = changed if settings.kind == "P" else check.zeros_lost * settings.zeros_exact
    shown = check.zeros_lost if settings.kind == "C" else changed
    verdicts = [
        _count("F1", check.mask_moved, check.mask_place),
        _count("F2", check.outside, check.range_place),
        _count("F3", shown, check.zeros_place, "fail" if forbidden else "warn"),
        _count("F5", check.special_changed, ""),
        _largest_error(check, settings, bound_source),
    ]
    if settings.limits is None:
        why = "no physical range is known for this variable"
        verdicts[1] = replace(verdicts[1], outcome="n/a", value=None, reason=why)
    if settings.kind == "C" and not settings.zeros_exact:
        why = "zeros mean nothing special in a continuous variable"
        verdicts[2] = replace(verdicts[2], outcome="n/a", value=None, reason=why)
    if not check.special:
        why = "no special values are declared"
        verdicts[3] = replace(verdicts[3], outcome="n/a", value=None, reason=why)
    return verdicts


def _count(criterion_id: str, count: int, place: str, bad: Outcome = "fail") -> Verdict:
    row = find_criterion(criterion_id)
    fails = bad == "fail"
    return Verdict(
        criterion=row.id,
        metric=row.name,
        outcome=bad if count else "pass",
        value=float(count),
        unit=row.unit,
        warn=None if fails else 0.0,
        fail=0.0 if fails else None,
        source=f"METRICS: {row.source}",
        place=f"first at {place}" if place else "",
    )


def _largest_error(check: ShardCheck, settings: FieldSettings, bound_source: str) -> Verdict:
    row = find_criterion("P1")
    lossless, unbounded = check.bound == 0.0, math.isinf(check.bound)
    bad = check.over > 0
    reason = "no bound is promised" if unbounded else ""
    if bad:
        what = "values whose bits differ" if lossless else "values over their bound"
        reason = f"{check.over} of {check.values} {what}"
    elif lossless:
        reason = "lossless: every value has the same bits"
    return Verdict(
        criterion=row.id,
        metric=row.name,
        outcome="fail" if bad else "warn" if unbounded else "pass",
        value=check.worst,
        unit="of the value" if check.relative else settings.unit,
        warn=None,
        fail=None if unbounded else check.bound,
        source=bound_source,
        place=check.worst_place,
        reason=reason,
        detail={"over": float(check.over), "values": float(check.values)},
    )
