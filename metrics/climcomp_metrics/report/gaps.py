"""What was not checked, or only on a sample, and why: gathered so that equal reasons stand once."""

from __future__ import annotations

import re
from dataclasses import dataclass

from climcomp_metrics.report.model import Report

# How many levels a reason holds for says nothing where it is gathered over variables.
_LEVELS = re.compile(r" \(\d+ levels\)")


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that was not checked, or not on every value.

    Parameters
    ----------
    what
        "C1 global mean series; M4 trend"; empty where `why` says it all.
    why
        In plain words.
    variables
        Whom it concerns; empty for the whole archive.
    """

    what: str
    why: str
    variables: tuple[str, ...] = ()


def not_checked(report: Report) -> tuple[Gap, ...]:
    """Everything without a verdict: of the archive, of single variables, and n/a criteria."""
    whole = tuple(Gap("", text) for text in report.not_checked)
    found: dict[tuple[str, str], list[str]] = {}
    for variable in report.variables:
        if variable.standing == "unchecked":
            why = "stored with loss, but neither mask nor bound were measured"
            found.setdefault(("F1, P1", why), []).append(variable.name)
        for text in variable.not_checked:
            found.setdefault(("", text), []).append(variable.name)
        for verdict in variable.with_outcome("n/a"):
            why = _LEVELS.sub("", verdict.reason) or "no reason was given"
            key = (f"{verdict.criterion} {verdict.metric}", why)
            found.setdefault(key, []).append(variable.name)
    return whole + _gaps(found)


def sampled(report: Report) -> tuple[Gap, ...]:
    """Criteria that were measured on a sample, with what the sample was."""
    found: dict[tuple[str, str], list[str]] = {}
    for variable in report.variables:
        for verdict in variable.verdicts:
            if verdict.sampled and verdict.outcome != "n/a":
                key = (f"{verdict.criterion} {verdict.metric}", verdict.sampled)
                found.setdefault(key, []).append(variable.name)
    return _gaps(found)


def _gaps(found: dict[tuple[str, str], list[str]]) -> tuple[Gap, ...]:
    """What has the same reason for the same variables, in one."""
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (what, why), names in found.items():
        alike.setdefault((why, tuple(names)), []).append(what)
    return tuple(
        Gap("; ".join(filter(None, whats)), why, names) for (why, names), whats in alike.items()
    )
