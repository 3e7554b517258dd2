"""Previews in plain words: that they keep no bound, and what they lose."""

from __future__ import annotations

from collections.abc import Sequence

from climcomp_metrics.base import Verdict
from climcomp_metrics.report.bound import largest_error
from climcomp_metrics.report.limits import last_limit_text
from climcomp_metrics.report.model import Report, VariableReport
from climcomp_metrics.report.phrases import phrase
from climcomp_metrics.report.quantity import counted, enumerated
from climcomp_metrics.report.verdicts import has_number, share_of_limit

_NAMED = 3


def notice(report: Report) -> str:
    """What stands first in a report with previews; empty without any."""
    names = [variable.name for variable in report.variables if variable.how == "preview"]
    if not names:
        return ""
    return (
        f"NO BOUND: {enumerated(names)} {'is a preview' if len(names) == 1 else 'are previews'}, "
        "for a quick look only. Single values may be off by any amount, and tests are shown, not "
        "kept. Do not compute with them, and keep their originals."
    )


def preview_sentence(variable: VariableReport) -> str:
    """What the preview of a variable is, and how far off it is."""
    made = variable.attempts[-1].rung if variable.attempts else "a preview without a bound"
    parts = [f"{variable.name} is for a quick look only: {made}"]
    if error := largest_error(variable):
        parts.append(f"single values are off by up to {error[0]}{_at(error[1])}")
    over = beyond(variable)
    judged = [v for v in variable.verdicts if v.outcome in ("pass", "warn") and has_number(v)]
    judged = [v for v in judged if v.criterion != "P1"]
    if over:
        parts.append(f"it is beyond the limits of {len(over)} of {counted(len(judged), 'test')}")
    elif judged:
        parts.append(f"it is within the limits of all {len(judged)} tests")
    return "; ".join(parts)


def losses(variable: VariableReport, most: int | None = _NAMED) -> str:
    """What a preview loses, in a sentence, the worst first; empty where it is within all limits.

    Parameters
    ----------
    most
        How many losses are named; None: all.
    """
    over = beyond(variable)
    if not over:
        return ""
    named = over if most is None else over[:most]
    more = f"; and {len(over) - len(named)} more" if len(over) > len(named) else ""
    return f"What is lost: {'; '.join(_loss(v, variable) for v in named)}{more}."


def beyond(variable: VariableReport) -> Sequence[Verdict]:
    """The verdicts beyond a limit at which variables with a bound fail, the worst first."""
    return sorted(
        (v for v in variable.verdicts if v.outcome == "warn" and _is_beyond(v)),
        key=lambda v: share_of_limit(v) or 0.0,
        reverse=True,
    )


def lost_facts(variable: VariableReport) -> list[tuple[str, str]]:
    """All that a preview loses, the worst first, one fact each."""
    if variable.how != "preview":
        return []
    return [("Lost", _loss(verdict, variable)) for verdict in beyond(variable)]


def _loss(verdict: Verdict, variable: VariableReport) -> str:
    said = phrase(verdict, variable.unit, variable.sigma)
    return f"{said} (limit {last_limit_text(verdict, said.told)}; {verdict.criterion})"


def _is_beyond(verdict: Verdict) -> bool:
    share = share_of_limit(verdict)
    return has_number(verdict) and verdict.fail is not None and (share is None or share > 1)


def _at(place: str | None) -> str:
    return f" at {place}" if place else ""
