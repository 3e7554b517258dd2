"""The value and the limits of a verdict as a person reads them."""

from __future__ import annotations

from typing import Literal

from climcomp_metrics.base import Verdict
from climcomp_metrics.report.quantity import number_text, quantity
from climcomp_metrics.report.verdicts import larger_is_better

Told = Literal["value", "percent", "short"]


def value_text(verdict: Verdict) -> str:
    """The value with its unit, and digits enough to tell it from the limit it is judged by."""
    if verdict.value is None:
        return "-"
    beside = verdict.warn if verdict.outcome == "warn" else verdict.fail
    return quantity(verdict.value, verdict.unit, beside)


def limit_text(verdict: Verdict) -> str:
    """The limits and whose they are: "warns above 0.001, fails above 0.003; calibrated"."""
    limits = sides_text(verdict)
    return f"{limits}; {verdict.source}" if limits and verdict.source else limits


def sides_text(verdict: Verdict, told: Told = "value") -> str:
    """The limits alone: "warns above 0.1 %, fails above 0.3 %"."""
    side = "below" if larger_is_better(verdict) and told != "short" else "above"
    return ", ".join(
        f"{word} {side} {_limit(verdict, limit, told)}"
        for word, limit in (("warns", verdict.warn), ("fails", verdict.fail))
        if limit is not None
    )


def last_limit_text(verdict: Verdict, told: Told = "value") -> str:
    """The limit that counts most: that of failing, or of warning where nothing can fail."""
    limit = verdict.warn if verdict.fail is None else verdict.fail
    return "" if limit is None else _limit(verdict, limit, told)


def _limit(verdict: Verdict, limit: float, told: Told) -> str:
    if told == "value":
        return quantity(limit, verdict.unit)
    return f"{number_text(100 * (limit if told == 'percent' else 1 - limit))} %"
