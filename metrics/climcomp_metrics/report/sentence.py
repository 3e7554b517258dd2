"""Verdicts in plain words: one sentence or two for a variable, one headline for the archive."""

from __future__ import annotations

import re
from collections.abc import Sequence

from climcomp_metrics.base import Verdict
from climcomp_metrics.report.bound import kept_text, largest_error
from climcomp_metrics.report.limits import last_limit_text, sides_text
from climcomp_metrics.report.model import Report, VariableReport
from climcomp_metrics.report.phrases import phrase
from climcomp_metrics.report.previews import losses, preview_sentence
from climcomp_metrics.report.quantity import counted, enumerated, number_text, percent, size
from climcomp_metrics.report.verdicts import closest, has_number, share_of_limit

_NAMED = 3
_WORST = "; the worst that happened to it: "


def verdict_sentence(variable: VariableReport) -> str:
    """What became of the variable, with the worst that happened to it, where, and its limit."""
    if variable.how == "refused":
        return f"{variable.name} is refused and is not in the archive: {_refusal(variable)}."
    if variable.standing == "fail":
        return f"{variable.name} fails: {_failures(variable, variable.with_outcome('fail'))}."
    if variable.how == "carried":
        return f"{variable.name} is carried over exactly."
    if variable.how == "lossless":
        return f"{variable.name} is stored losslessly, bit for bit{_why_lossless(variable)}."
    if variable.how == "preview":
        return f"{preview_sentence(variable)}."
    return f"{variable.name} {_kept(variable)}."


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
    previews = sum(variable.how == "preview" for variable in data)
    data = [variable for variable in data if variable.how != "preview"]
    if previews and not data:
        return f"{counted(previews, 'preview')} without a bound, and nothing else."
    also = f" Beside them, {counted(previews, 'preview')} without a bound." if previews else ""
    return _of_data(data) + also


def _of_data(data: Sequence[VariableReport]) -> str:
    """What became of variables that are more than previews."""
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
        "preview": "as previews without a bound",
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


def judgement(verdict: Verdict, variable: VariableReport) -> str:
    """What happened and the limits of it: "the total grew by 0.2 %, fails above 0.1 % (C3)"."""
    if not has_number(verdict):
        why = verdict.reason or "no number could be computed"
        return f"{verdict.criterion} {verdict.metric}: {why}"
    said = phrase(verdict, variable.unit, variable.sigma)
    limits = sides_text(verdict, said.told)
    return f"{said}{f', {limits}' if limits else ''} ({verdict.criterion})"


def further(variable: VariableReport) -> str:
    """What there is to know beside the verdict: largest error, other warnings, settings tried."""
    if variable.standing == "fail" or variable.how not in ("lossy", "lossless", "preview"):
        return ""
    if variable.how == "preview":
        return " ".join(filter(None, (losses(variable), _moved(variable))))
    parts: list[str] = []
    if variable.how == "lossless":
        return f"Before that, {_tried(variable)}." if _tried(variable) else ""
    if error := largest_error(variable):
        parts.append(f"The largest error is {error[0]}{f' at {error[1]}' if error[1] else ''}.")
    if others := _worst_first(variable.with_outcome("warn"))[1:]:
        listed = "; ".join(judgement(verdict, variable) for verdict in others[:_NAMED])
        more = f"; and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
        parts.append(f"Also: {listed}{more}.")
    if absent := len(variable.with_outcome("n/a")):
        parts.append(f"{counted(absent, 'test does', 'tests do')} not apply.")
    if any(attempt.failed for attempt in variable.attempts):
        parts.append(f"Before that, {_tried(variable)}.")
    if moved := _moved(variable):
        parts.append(moved)
    return " ".join(parts)


def _kept(variable: VariableReport) -> str:
    bound = kept_text(variable)
    if variable.standing == "unchecked":
        stored = f"is stored within {bound}, unverified" if bound else "is stored with loss"
        return f"{stored}; it was not checked: neither the mask (F1) nor the bound (P1) is proved"
    kept = f"is kept within {bound}" if bound else "is stored with loss, no bound was asked for"
    warned, passed = variable.with_outcome("warn"), variable.with_outcome("pass")
    if warned:
        count = counted(len(warned), "warns", "warn")
        return (
            f"{kept}; no test fails, {count}{_WORST}{judgement(_worst_first(warned)[0], variable)}"
        )
    tests = "the one test" if len(passed) == 1 else f"all {len(passed)} tests"
    comma = "," if "," in kept else ""
    return f"{kept}{comma} and passes {tests}{_nearest_limit(passed, variable)}"


def _nearest_limit(passed: Sequence[Verdict], variable: VariableReport) -> str:
    share, verdict = closest(passed)
    if verdict is None or share <= 0:
        return ""
    said = phrase(verdict, variable.unit, variable.sigma)
    limit = last_limit_text(verdict, said.told)
    return (
        f"{_WORST}{said}, {percent(share)} of the way to its limit of {limit} ({verdict.criterion})"
    )


def _moved(variable: VariableReport) -> str:
    """How many shards went further down the ladder than the variable."""
    if not variable.shards or not variable.attempts:
        return ""
    kept = variable.attempts[-1].rung
    others = {rung: n for rung, n in variable.shards.rungs.items() if rung != kept and n}
    if not others or kept not in variable.shards.rungs:
        return ""
    listed = ", ".join(f"{rung}: {n}" for rung, n in others.items())
    moved = f"{sum(others.values())} of {counted(variable.shards.total, 'shard')}"
    return f"{moved} went further down the ladder ({listed})."


def _tried(variable: VariableReport) -> str:
    return "; ".join(
        f"{attempt.rung} failed: {enumerated(attempt.failed)}"
        for attempt in variable.attempts
        if attempt.failed
    )


def _why_lossless(variable: VariableReport) -> str:
    """The settings that failed, by the ids of what they failed; `further` has the rest."""
    tried = (attempt for attempt in variable.attempts if attempt.failed)
    failed = (f"{attempt.rung} fails {enumerated(map(_id, attempt.failed))}" for attempt in tried)
    because = "; ".join(failed) or "; ".join(text.rstrip(". ") for text in variable.fallbacks)
    return f": {because}" if because else ""


def _id(failed: str) -> str:
    """The criterion that a text begins with; without one, the text."""
    found = re.match(r"[A-Z]\d+(?:-[\w-]+)?\b|X-\w+", failed)
    return found[0] if found else failed


def _refusal(variable: VariableReport) -> str:
    failed = variable.with_outcome("fail")
    if failed:
        return _failures(variable, failed)
    return _why_lossless(variable)[2:] or "no reason was recorded"


def _failures(variable: VariableReport, failed: Sequence[Verdict]) -> str:
    first, *rest = _worst_first(failed)
    more = f"; also failed: {enumerated(v.criterion for v in rest)}" if rest else ""
    return judgement(first, variable) + more


def _worst_first(verdicts: Sequence[Verdict]) -> list[Verdict]:
    def severity(verdict: Verdict) -> tuple[bool, float]:
        share = share_of_limit(verdict)
        return verdict.fail is not None, float("inf") if share is None else share

    return sorted(verdicts, key=severity, reverse=True)


def _all(count: int, noun: str) -> str:
    return f"The one {noun} is" if count == 1 else f"All {count} {noun}s are"
