"""The gate: what follows from the verdicts on a variable. Pure: every case can be tested."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from climcomp_metrics.base import Verdict

LOSSY_ATTEMPTS = 2  # DESIGN: at most two lossy attempts of a variable, then lossless
# What `quality: bounds` still enforces: the promise on every value.
BOUND_CRITERIA = frozenset({"F1", "F2", "F3", "F5", "P1"})
# What a preview keeps: missing values, flags, and the range of the values.
MASK_CRITERIA = frozenset({"F1", "F2", "F5"})

Enforced = Literal["all", "bounds", "masks"]
"""Which failures block publication: all, those of BOUND_CRITERIA, those of MASK_CRITERIA."""
_ONLY = {"bounds": BOUND_CRITERIA, "masks": MASK_CRITERIA}
_WHY = {
    "bounds": "quality: bounds enforces the bounds alone",
    "masks": "a preview is not refused for it",
}


@dataclass(frozen=True, slots=True)
class Accept:
    """The variable may be published as it is stored."""


@dataclass(frozen=True, slots=True)
class Retry:
    """The variable is compressed again from this rung on."""

    rung: int
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refuse:
    """The variable may not be published: the recipe forbids to store it losslessly."""

    because: tuple[str, ...]


Decision = Accept | Retry | Refuse


def decides(criterion: str, enforced: Enforced) -> bool:
    """Whether a failure of a criterion blocks publication."""
    return enforced == "all" or criterion in _ONLY[enforced]


def failures(
    verdicts: Iterable[Verdict], enforced: Enforced, require: Collection[str] = ()
) -> list[Verdict]:
    """The verdicts that block publication.

    A criterion that is n/a blocks only if the recipe requires it, and a preview never.
    """
    return [
        v
        for v in verdicts
        if (v.outcome == "fail" and decides(v.criterion, enforced))
        or (v.outcome == "n/a" and v.criterion in require and enforced != "masks")
    ]


def not_enforced(verdict: Verdict, enforced: Enforced) -> Verdict:
    """The verdict as the report shows it: a failure that does not block is a warning.

    Of a preview, one without a number is n/a: there is nothing to warn of with.
    """
    if verdict.outcome != "fail" or decides(verdict.criterion, enforced):
        return verdict
    reason = f"{verdict.reason or 'fails its limit'}; {_WHY[enforced]}"
    if enforced == "masks" and not (verdict.value is not None and math.isfinite(verdict.value)):
        return replace(verdict, outcome="n/a", value=None, reason=reason)
    return replace(verdict, outcome="warn", reason=reason)


def in_words(verdict: Verdict) -> str:
    """A failed verdict in one line: criterion, value, limit, place."""
    if verdict.outcome == "n/a":
        return f"{verdict.criterion} {verdict.metric} is required but n/a: {verdict.reason}"
    if verdict.value is None or math.isnan(verdict.value) or verdict.fail is None:
        return f"{verdict.criterion} {verdict.metric} fails{_at(verdict)}: {_why(verdict)}"
    unit = f" {verdict.unit}" if verdict.unit not in ("", "1") else ""
    return (
        f"{verdict.criterion} {verdict.metric} is {verdict.value:.4g}{unit}, "
        f"limit {verdict.fail:.4g}{unit} ({verdict.source}){_at(verdict)}"
    )


def _why(verdict: Verdict) -> str:
    return verdict.reason or "its value is not a number"


def _at(verdict: Verdict) -> str:
    return f" at {verdict.place}" if verdict.place else ""


def decide(
    failed: list[Verdict],
    rung: int,
    rungs: int,
    attempt: int,
    on_fail: Literal["lossless", "refuse"],
) -> Decision:
    """Decide on one attempt of a variable.

    Parameters
    ----------
    failed
        What `failures` gave.
    rung
        The rung that this attempt began with; `rungs` counts the ladder, its last rung lossless.
    attempt
        Counted from 0.
    """
    if not failed:
        return Accept()
    because = tuple(in_words(v) for v in failed)
    lossless = rungs - 1
    following = rung + 1 if attempt + 1 < LOSSY_ATTEMPTS else lossless
    if following >= lossless:
        if on_fail == "refuse":
            return Refuse(because)
        following = lossless
    return Retry(following, because)
