"""The bound of a variable and the largest error under it, in words."""

from __future__ import annotations

from collections.abc import Sequence

from climcomp_metrics.report.model import VariableReport
from climcomp_metrics.report.parts import BoundReport
from climcomp_metrics.report.quantity import number_text, quantity


def bound_text(bound: BoundReport, unit: str) -> str:
    """The bound as asked, and as resolved where that says more: "0.01 sigma (0.032 K)"."""
    asked = _asked(bound)
    if len(asked) > 1:
        return f"{bound.text}: {_span(asked, bound, unit)}"
    if bound.kind == "pointwise_relative":
        return f"{bound.text} of each value" if "%" in bound.text else bound.text
    # "0.01 K (temperature)" says it for a variable in degC, too.
    if bound.text.split(" ")[0] == number_text(bound.value):
        return bound.text
    return f"{bound.text} ({quantity(bound.value, unit)})"


def kept_text(variable: VariableReport, *, brief: bool = False) -> str:
    """The bound that every value keeps: "0.0025 K, a quarter of the 0.01 K asked for"; empty
    without one."""
    bound = variable.bound
    if bound is None:
        return ""
    asked = _asked(bound)
    kept = bound.kept or asked
    text = _span(kept, bound, variable.unit)
    if brief:
        return text
    if max(kept) == max(asked) and min(kept) == min(asked):
        return text
    share = "a quarter of " if abs(4 * max(kept) / max(asked) - 1) < 1e-6 else ""
    return f"{text}, {share}the {_span(asked, bound, variable.unit)} asked for"


def largest_error(variable: VariableReport) -> tuple[str, str | None] | None:
    """The largest error with its unit, and its place; taken from P1 where none is given apart."""
    bound = variable.bound
    limit = None if bound is None else max(bound.kept or _asked(bound))
    error = variable.error
    if error is not None:
        value, unit, place = error.value, error.unit, error.place
    else:
        measured = next(
            (v for v in variable.verdicts if v.criterion == "P1" and v.value is not None), None
        )
        if measured is None or measured.value is None:
            return None
        value, unit, place = measured.value, measured.unit, measured.place
    relative = bound is not None and bound.kind == "pointwise_relative"
    if relative and unit in ("", "1", "of the value"):
        shown = quantity(value * 100, "%", None if limit is None else limit * 100)
        return f"{shown} of the value", place
    return quantity(value, unit, limit), place


def _asked(bound: BoundReport) -> tuple[float, ...]:
    if bound.lowest is not None and bound.highest is not None and bound.lowest < bound.highest:
        return (bound.lowest, bound.highest)
    return (bound.value,)


def _span(values: Sequence[float], bound: BoundReport, unit: str) -> str:
    """A bound or the range of those of the levels: "0.01 K", "0.0025 to 0.01 K (by level)"."""
    low, high = min(values), max(values)
    if bound.kind == "pointwise_relative":
        low, high, unit = 100 * low, 100 * high, "% of each value"
    if low == high:
        return quantity(high, unit)
    return f"{number_text(low)} to {quantity(high, unit)} (by level)"
