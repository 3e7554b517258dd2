"""The report as plain lines for a terminal or a log."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from climcomp_metrics.base import Outcome
from climcomp_metrics.report.bound import bound_text
from climcomp_metrics.report.cost_words import assumed_text, cost_entries
from climcomp_metrics.report.gaps import Gap, not_checked, sampled
from climcomp_metrics.report.model import Report, Standing, VariableReport
from climcomp_metrics.report.previews import lost_facts, notice
from climcomp_metrics.report.quantity import duration, enumerated, size, times
from climcomp_metrics.report.sentence import further, headline, totals, verdict_sentence
from climcomp_metrics.report.verdicts import OTHER_SUITE, TOGETHER, by_suite, worst

_MARKS: dict[Standing, str] = {
    "pass": "PASS",
    "warn": "WARN",
    "fail": "FAIL",
    "exact": "EXACT",
    "unchecked": "UNCHECKED",
}
_CELLS: dict[Outcome | None, str] = {
    "pass": "pass",
    "warn": "WARN",
    "fail": "FAIL",
    "n/a": "n/a",
    "report": "info",
    None: "-",
}
_SUITE_COLUMNS = {
    "Physical": "Phys",
    "Pointwise": "Point",
    "Distribution": "Distr",
    "Extremes": "Extr",
    "Spectral": "Spec",
    "Conservation": "Cons",
    "Structure": "Struct",
    "Temporal": "Temp",
    TOGETHER: "Several",
    "Own": "Own",
    OTHER_SUITE: OTHER_SUITE,
}
_NAME_WIDTH = 30


def render_text(report: Report, width: int = 100) -> str:
    """The report in lines of at most `width` characters, without colours or control characters."""
    data = [variable for variable in report.variables if variable.how != "carried"]
    carried = [variable.name for variable in report.variables if variable.how == "carried"]
    blocks = [
        [notice(report)] if notice(report) else [],
        [f"Report of {report.name}, {report.created}, climcomp {report.climcomp}"],
        [headline(report), totals(report)],
        *(_variable(variable) for variable in data),
        [f"Carried over exactly: {', '.join(carried)}."] if carried else [],
        *(
            _listed(f"What {v.name} loses", (text for _, text in lost_facts(v)))
            for v in data
            if v.how == "preview"
        ),
        _suites(data),
        _listed("Fallbacks", (f"{v.name}: {text}" for v in data for text in v.fallbacks)),
        _listed("Not checked", map(_gap, not_checked(report))),
        _listed("Checked on a sample", map(_gap, sampled(report))),
        _listed("Warnings", report.warnings),
        _cost(report),
        _provenance(report),
    ]
    parts = (wrapped(block, width) for block in blocks if block)
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def printable(text: str) -> str:
    """The text with every character replaced that could steer a terminal or reorder a line."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _variable(variable: VariableReport) -> list[str]:
    facts = [times(variable.ratio), f"{size(variable.raw_bytes)} -> {size(variable.stored_bytes)}"]
    if variable.codecs:
        facts.append("+".join(sorted(variable.codecs)))
    if variable.bound:
        facts.append(f"bound {bound_text(variable.bound, variable.unit)}")
    is_preview = variable.how == "preview" and variable.standing == "warn"
    mark = "PREVIEW" if is_preview else _MARKS[variable.standing]
    line = f"{mark}  {variable.name}  {'  '.join(facts)}"
    said = " ".join(filter(None, (verdict_sentence(variable), further(variable))))
    return [line, f"      {said}"]


def _suites(variables: Iterable[VariableReport]) -> list[str]:
    judged = [(v.name, by_suite(v.verdicts)) for v in variables if v.verdicts]
    columns = [suite for suite in _SUITE_COLUMNS if any(suite in suites for _, suites in judged)]
    if not columns:
        return []
    heads = "".join(f"{_SUITE_COLUMNS[suite]:<7}" for suite in columns)
    lines = [f"{'Worst of each suite':<{_NAME_WIDTH}} {heads}".rstrip()]
    for name, suites in judged:
        cells = "".join(
            f"{_CELLS[worst(v.outcome for v in suites.get(suite, ()))]:<7}" for suite in columns
        )
        short = name if len(name) <= _NAME_WIDTH else f"{name[: _NAME_WIDTH - 2]}.."
        lines.append(f"{short:<{_NAME_WIDTH}} {cells}".rstrip())
    return lines


def _gap(gap: Gap) -> str:
    whom = f" [{enumerated(gap.variables)}]" if gap.variables else ""
    return f"{gap.what}: {gap.why}{whom}" if gap.what else f"{gap.why}{whom}"


def _listed(title: str, texts: Iterable[str]) -> list[str]:
    items = [f"  - {text}" for text in texts]
    return [f"{title}:", *items] if items else []


def _cost(report: Report) -> list[str]:
    if report.cost is None:
        return []
    entries = cost_entries(report.cost)
    if assumed := assumed_text(report.cost):
        entries.append(("Assumed", assumed))
    return _listed("Cost", (f"{label}: {text}" for label, text in entries))


def _provenance(report: Report) -> list[str]:
    files = report.source
    first = f" ({files[0].name}{' and others' if len(files) > 1 else ''})" if files else ""
    lines = [
        f"Recipe {report.recipe_digest}",
        f"Plan   {report.plan_digest}",
        f"Source {len(files)} file{'' if len(files) == 1 else 's'}{first}",
        "With   " + ", ".join(f"{name} {version}" for name, version in report.versions.items()),
    ]
    if report.durations:
        spent = (f"{part} {duration(seconds)}" for part, seconds in report.durations.items())
        lines.append("Time   " + ", ".join(spent))
    return lines


def wrapped(lines: Iterable[str], width: int) -> list[str]:
    """The lines, those that are too long broken between words, each with the indent of its own."""
    found: list[str] = []
    for line in map(printable, lines):
        indent = " " * (len(line) - len(line.lstrip()) + (2 if line.lstrip()[:2] == "- " else 0))
        if len(line) <= width:
            found.append(line)
        else:
            found += textwrap.wrap(
                line, width, subsequent_indent=indent or "  ", break_on_hyphens=False
            )
    return found
