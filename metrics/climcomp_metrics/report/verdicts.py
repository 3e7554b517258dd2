"""What a report reads out of verdicts: suite, share of the limit used, the worst of many."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import replace

from climcomp_metrics.base import Outcome, Verdict
from climcomp_metrics.suites import together

SUITES: dict[str, str] = {
    "F": "Physical",
    "P": "Pointwise",
    "D": "Distribution",
    "E": "Extremes",
    "S": "Spectral",
    "C": "Conservation",
    "T": "Structure",
    "M": "Temporal",
    "X": "Own",
}
TOGETHER = "Several variables"
OTHER_SUITE = "Other"
SUITE_NAMES = (
    *(name for letter, name in SUITES.items() if letter != "X"), TOGETHER, SUITES["X"], OTHER_SUITE,
)  # fmt: skip
"""All of them, in the order in which a report shows them."""

_OVER_SEVERAL = frozenset(criterion.id for criterion in together.CRITERIA)
_SMALLEST: dict[str, float] = {"S3": 2.0}
"""Perfect values that are not zero: no wave is shorter than two grid lengths."""

_BY_SEVERITY: tuple[Outcome, ...] = ("fail", "warn", "pass", "report", "n/a")


def sound(verdict: Verdict) -> Verdict:
    """The verdict, made a failure if it passes or warns without a finite value.

    A number that is missing proves nothing, so no page may show it as a pass.
    """
    if verdict.outcome not in ("pass", "warn") or has_number(verdict):
        return verdict
    said = f"judged {verdict.outcome!r} without a finite value, which proves nothing"
    reason = f"{said}; {verdict.reason}" if verdict.reason else said
    return replace(verdict, outcome="fail", reason=reason)


def has_number(verdict: Verdict) -> bool:
    """Whether a finite value was computed."""
    return verdict.value is not None and math.isfinite(verdict.value)


def suite_of(verdict: Verdict) -> str:
    """The suite of METRICS.md that the criterion belongs to, "Several variables" for those over
    several, "Own" for a metric of the recipe's own file; "Other" for those of other installed
    packages."""
    if verdict.criterion in _OVER_SEVERAL:
        return TOGETHER
    known = re.fullmatch(r"([A-WYZ])\d+[a-z]?(?:-[\w-]+)?|(?P<own>X)-\w+", verdict.criterion)
    return SUITES.get(known["own"] or known[1], OTHER_SUITE) if known else OTHER_SUITE


def larger_is_better(verdict: Verdict) -> bool:
    """Whether the limits are floors, as those of skill scores are.

    The warning limit stands above the failing one then. Where a recipe made both equal, the side
    on which the value was judged tells.
    """
    warn, fail, value = verdict.warn, verdict.fail, verdict.value
    if warn is None or fail is None or value is None or warn != fail:
        return warn is not None and fail is not None and warn > fail
    return value > fail if verdict.outcome == "pass" else value < fail


def share_of_limit(verdict: Verdict) -> float | None:
    """How much of the allowed distance from perfect is used up: 1 is at the limit.

    The limit is that of failing, or that of warning where nothing can fail. Perfect is zero, one
    for a score of which more is better, and two grid lengths for the effective resolution. None
    where there is no number or no limit to divide by.
    """
    limit = verdict.warn if verdict.fail is None else verdict.fail
    if verdict.value is None or limit is None or not has_number(verdict):
        return None
    perfect = _SMALLEST.get(verdict.criterion, 0.0)
    used, allowed = max(abs(verdict.value) - perfect, 0.0), limit - perfect
    if larger_is_better(verdict):
        used, allowed = max(1 - verdict.value, 0.0), 1 - limit
    if allowed > 0:
        return used / allowed
    return None if used > 0 else 0.0


def closest(verdicts: Iterable[Verdict]) -> tuple[float, Verdict | None]:
    """The largest share of a limit that is used, and whose it is; 0 and None where none is.

    P1 does not count: a codec uses up its bound by design.
    """
    shares = ((share_of_limit(v) or 0.0, v) for v in verdicts if v.criterion != "P1")
    return max(shares, key=lambda pair: pair[0], default=(0.0, None))


def worst(outcomes: Iterable[Outcome]) -> Outcome | None:
    """The most severe outcome: fail, warn, pass, report, n/a in that order; None of none."""
    found = set(outcomes)
    return next((outcome for outcome in _BY_SEVERITY if outcome in found), None)


def by_suite(verdicts: Iterable[Verdict]) -> dict[str, tuple[Verdict, ...]]:
    """The verdicts of each suite that has some, suites in the order of METRICS.md."""
    found: dict[str, tuple[Verdict, ...]] = {}
    for verdict in verdicts:
        suite = suite_of(verdict)
        found[suite] = (*found.get(suite, ()), verdict)
    return {suite: found[suite] for suite in SUITE_NAMES if suite in found}
