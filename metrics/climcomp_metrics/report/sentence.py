"""Verdicts in plain words: one sentence or two for a variable, one headline for the archive."""

from __future__ import annotations

from collections.abc import Sequence

from climcomp_metrics.base import Verdict
from climcomp_metrics.report.model import BoundReport, Report, VariableReport
from climcomp_metrics.report.quantity import (
    counted,
    enumerated,
    number_text,
    percent,
    quantity,
    size,
)
from climcomp_metrics.report.verdicts import closest, has_number, larger_is_better, share_of_limit

_NAMED = 3


def verdict_sentence(variable: VariableReport) -> str:
    """What became of the variable, with the worst that happened to it and where."""
    if variable.how == "refused":
        return f"{variable.name} is refused and is not in the archive: {_refusal(variable)}."
    if variable.standing == "fail":
        return f"{variable.name} fails: {_failures(variable.with_outcome('fail'))}."
    if variable.how == "carried":
        return f"{variable.name} is carried over exactly."
    if variable.how == "lossless":
        return f"{variable.name} is stored losslessly, bit for bit{_why_lossless(variable)}."
    parts = [f"{variable.name} {_kept(variable)}", _tests(variable)]
    return "; ".join(part for part in parts if part) + "." + _detours(variable)


def headline(report: Report) -> str:
    """The verdict on the archive, in one sentence."""
    data = [variable for variable in report.variables if variable.how != "carried"]
    for standing, singular, plural in (
        ("fail", "variable fails or is refused", "variables fail or are refused"),
        ("unchecked", "variable was not checked", "variables were not checked"),
    ):
        names = [v.name for v in report.variables if v.standing == standing]
        if names:
            found = counted(len(names), singular, plural)
            return f"{found}, of {len(report.variables)}: {enumerated(names)}."
    if not data:
        return "Nothing but coordinates and the like, carried over exactly."
    lossy = [variable for variable in data if variable.how == "lossy"]
    warned = [variable.name for variable in lossy if variable.standing == "warn"]
    if not lossy:
        return f"{_all(len(data), 'variable')} stored losslessly, bit for bit."
    if warned:
        return (
            f"{_all(len(data), 'variable')} kept and no test failed; "
            f"{counted(len(warned), 'variable has warnings', 'variables have warnings')}: "
            f"{enumerated(warned)}."
        )
    return f"{_all(len(data), 'variable')} kept and every test passed."


def totals(report: Report) -> str:
    """How many variables went which way, and how much smaller the archive is."""
    words = {
        "lossy": "within error bounds",
        "lossless": "lossless",
        "refused": "refused",
        "carried": "carried over exactly",
    }
    counts = [sum(variable.how == how for variable in report.variables) for how in words]
    ways = ", ".join(f"{n} {word}" for n, word in zip(counts, words.values(), strict=True) if n)
    if not report.stored_bytes:
        return f"{ways or 'no variables'}."
    smaller = number_text(report.source_bytes / report.stored_bytes)
    return (
        f"{ways or 'no variables'}. {size(report.source_bytes)} of source files became "
        f"{size(report.stored_bytes)}: {smaller} times smaller."
    )


def judgement(verdict: Verdict) -> str:
    """The criterion, its value, its place and its limit: "C2 tile means is 0.0041 (...)"."""
    name = f"{verdict.criterion} {verdict.metric}"
    if not has_number(verdict):
        return f"{name}: {verdict.reason or 'no number could be computed'}"
    where = f" at {verdict.place}" if verdict.place else ""
    limit = limit_text(verdict)
    return f"{name} is {value_text(verdict)}{where}" + (f" ({limit})" if limit else "")


def value_text(verdict: Verdict) -> str:
    """The value with its unit, and digits enough to tell it from the limit it is judged by."""
    if verdict.value is None:
        return "-"
    beside = verdict.warn if verdict.outcome == "warn" else verdict.fail
    return quantity(verdict.value, verdict.unit, beside)


def limit_text(verdict: Verdict) -> str:
    """The limits and whose they are: "warns above 0.001, fails above 0.003; calibrated"."""
    side = "below" if larger_is_better(verdict) else "above"
    limits = ", ".join(
        f"{word} {side} {quantity(limit, verdict.unit)}"
        for word, limit in (("warns", verdict.warn), ("fails", verdict.fail))
        if limit is not None
    )
    return f"{limits}; {verdict.source}" if limits and verdict.source else limits


def bound_text(bound: BoundReport, unit: str) -> str:
    """The bound as asked, and as resolved where that says more: "0.01 sigma (0.032 K)"."""
    if bound.lowest is not None and bound.highest is not None and bound.lowest != bound.highest:
        low, high = number_text(bound.lowest), quantity(bound.highest, unit)
        return f"{bound.text} ({low} to {high} by level)"
    if bound.kind == "pointwise_relative":
        return f"{bound.text} of each value" if "%" in bound.text else bound.text
    resolved = quantity(bound.value, unit)
    return bound.text if resolved == bound.text else f"{bound.text} ({resolved})"


def largest_error(variable: VariableReport) -> tuple[str, str | None] | None:
    """The largest error with its unit, and its place; taken from P1 where none is given apart."""
    relative = variable.bound is not None and variable.bound.kind == "pointwise_relative"
    limit = variable.bound.value if variable.bound else None
    if variable.bound and variable.bound.highest is not None:
        limit = variable.bound.highest
    if variable.error is not None:
        value, unit, place = variable.error.value, variable.error.unit, variable.error.place
    else:
        measured = next(
            (v for v in variable.verdicts if v.criterion == "P1" and has_number(v)), None
        )
        if measured is None or measured.value is None:
            return None
        value, unit, place = measured.value, measured.unit, measured.place
    if relative and unit in ("", "1"):
        return quantity(value * 100, "%", None if limit is None else limit * 100), place
    return quantity(value, unit, limit), place


def _kept(variable: VariableReport) -> str:
    bound = bound_text(variable.bound, variable.unit) if variable.bound else ""
    kept = f"is kept within {bound}" if bound else "is stored with loss, no bound was asked for"
    if variable.standing == "unchecked":
        kept = f"is stored within {bound}, unverified" if bound else "is stored with loss"
    error = largest_error(variable)
    if error is None:
        return kept
    where = f", {error[1]}" if error[1] else ""
    if kept.endswith(")"):
        return f"{kept[:-1]}; largest error {error[0]}{where})"
    return f"{kept} (largest error {error[0]}{where})"


def _tests(variable: VariableReport) -> str:
    passed, warned = variable.with_outcome("pass"), variable.with_outcome("warn")
    absent = len(variable.with_outcome("n/a"))
    apart = f" ({counted(absent, 'does', 'do')} not apply)" if absent else ""
    if variable.standing == "unchecked":
        return "it was not checked: neither the mask (F1) nor the bound (P1) is proved"
    if warned:
        listed = "; ".join(judgement(verdict) for verdict in _worst_first(warned)[:_NAMED])
        more = f"; and {len(warned) - _NAMED} more" if len(warned) > _NAMED else ""
        return f"no test failed{apart}, {counted(len(warned), 'warns', 'warn')}: {listed}{more}"
    tests = "the one test" if len(passed) == 1 else f"all {len(passed)} tests"
    return f"{tests} passed{apart}{_nearest_limit(passed)}"


def _nearest_limit(passed: Sequence[Verdict]) -> str:
    share, verdict = closest(passed)
    if verdict is None or share <= 0:
        return ""
    name = f"{verdict.criterion} {verdict.metric}"
    return f"; the closest to its limit is {name} at {percent(share)} of it"


def _detours(variable: VariableReport) -> str:
    text = ""
    failed = [attempt for attempt in variable.attempts if attempt.failed]
    if failed:
        text += f" Before that, {_tried(variable)}."
    if variable.shards and variable.attempts:
        kept = variable.attempts[-1].rung
        others = {rung: n for rung, n in variable.shards.rungs.items() if rung != kept and n}
        if others and kept in variable.shards.rungs:
            listed = ", ".join(f"{rung}: {n}" for rung, n in others.items())
            moved = f"{sum(others.values())} of {counted(variable.shards.total, 'shard')}"
            text += f" {moved} went further down the ladder ({listed})."
    return text


def _tried(variable: VariableReport) -> str:
    return "; ".join(
        f"{attempt.rung} failed: {enumerated(attempt.failed)}"
        for attempt in variable.attempts
        if attempt.failed
    )


def _why_lossless(variable: VariableReport) -> str:
    because = _tried(variable) or "; ".join(text.rstrip(". ") for text in variable.fallbacks)
    return f": {because}" if because else ""


def _refusal(variable: VariableReport) -> str:
    failed = variable.with_outcome("fail")
    return _failures(failed) if failed else _why_lossless(variable)[2:] or "no reason was recorded"


def _failures(failed: Sequence[Verdict]) -> str:
    first, *rest = _worst_first(failed)
    more = f"; also failed: {enumerated(v.criterion for v in rest)}" if rest else ""
    return judgement(first) + more


def _worst_first(verdicts: Sequence[Verdict]) -> list[Verdict]:
    def severity(verdict: Verdict) -> float:
        share = share_of_limit(verdict)
        return float("inf") if share is None else share

    return sorted(verdicts, key=severity, reverse=True)


def _all(count: int, noun: str) -> str:
    return f"The one {noun} is" if count == 1 else f"All {count} {noun}s are"
