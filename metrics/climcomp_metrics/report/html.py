"""The report as HTML: one page, or with many figures one for each variable beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from climcomp_metrics.report.cost_words import assumed_text, cost_entries
from climcomp_metrics.report.drawn import VariableFigures
from climcomp_metrics.report.figures_section import figure_page, inline, linked, shared_by
from climcomp_metrics.report.gaps import Gap, not_checked, sampled
from climcomp_metrics.report.lights import badge, suite_table
from climcomp_metrics.report.markup import Markup, element, joined
from climcomp_metrics.report.model import Report, Standing, VariableReport
from climcomp_metrics.report.names import Names
from climcomp_metrics.report.previews import notice
from climcomp_metrics.report.quantity import duration, moment, size, times
from climcomp_metrics.report.sentence import headline, totals
from climcomp_metrics.report.sheet import section, sheet, table
from climcomp_metrics.report.variable import facts, verdict_line

_WORST_FIRST: tuple[Standing, ...] = ("fail", "unchecked", "warn", "pass", "exact")
_HEADLINE_WORDS: dict[Standing, str] = {
    "pass": "passed",
    "warn": "passed, with warnings",
    "fail": "failed",
    "exact": "exact",
    "unchecked": "not checked",
}


MOST_BYTES = 14_000_000
"""Of a page with all figures in it; with more, each variable's stand on a page of their own."""


def render_pages(
    report: Report,
    figures: Mapping[str, VariableFigures] | None = None,
    most_bytes: int = MOST_BYTES,
    names: Names | None = None,
) -> dict[str, str]:
    """The pages of a report by their names, to be written as UTF-8; the report itself is the first.

    It stands alone where it is no larger than `most_bytes` with all figures in it.

    Parameters
    ----------
    figures
        Of each variable that has some; None: none were drawn.
    names
        None: those in an archive.
    """
    drawn, names = figures or {}, names or Names()
    plain = render_html(report, drawn=linked(report, drawn, names))
    together = shared_by([drawn[v.name] for v in _worst_first(report) if v.name in drawn])
    if len(plain) + together.size_bytes <= most_bytes:
        return {names.page: render_html(report, drawn=inline(report, together))}
    pages = {names.of_figures(name): figure_page(report, one, names) for name, one in drawn.items()}
    return {names.page: plain, **pages}


def render_html(report: Report, drawn: Markup | None = None) -> str:
    """The page of a report.

    Parameters
    ----------
    drawn
        The content of its section of figures.
    """
    data = [variable for variable in _worst_first(report) if variable.how != "carried"]
    carried = [variable for variable in report.variables if variable.how == "carried"]
    return sheet(
        f"{report.name}: climcomp report",
        _header(report),
        element(
            "main",
            _filters(),
            section("Verdicts", "verdicts", *map(verdict_line, data), _carried(carried)),
            section("Tests by suite", "suites", _legend(), suite_table(data)),
            section("Figures", "figures", drawn) if drawn else "",
            section("Fallbacks", "fallbacks", _fallbacks(data)),
            section("Not checked", "gaps", _gaps(report)),
            section("Sizes", "sizes", _sizes(report)),
            section("Cost", "cost", _cost(report)) if report.cost else "",
            section("Provenance", "provenance", _provenance(report)),
        ),
    )


def _worst_first(report: Report) -> list[VariableReport]:
    return sorted(report.variables, key=lambda v: _WORST_FIRST.index(v.standing))


def _header(report: Report) -> Markup:
    smaller = report.source_bytes / report.stored_bytes if report.stored_bytes else None
    raw = report.raw_bytes / report.stored_bytes if report.stored_bytes else None
    tiles = (
        ("Source files", size(report.source_bytes)),
        ("Archive", size(report.stored_bytes)),
        ("Smaller than the files", times(smaller)),
        ("Smaller than raw values", times(raw)),
        ("Variables", str(len(report.variables))),
    )
    return element(
        "header",
        element("p", badge("warn", "no bound"), f" {told}", class_="notice first")
        if (told := notice(report).removeprefix("NO BOUND: "))
        else "",
        element("p", f"climcomp {report.climcomp}, {moment(report.created)}", class_="kicker"),
        element("h1", report.name),
        element(
            "p",
            badge(report.standing, _headline_word(report)),
            f" {headline(report)}",
            class_="headline",
        ),
        element("p", totals(report)),
        element(
            "dl",
            *(element("div", element("dt", k), element("dd", v)) for k, v in tiles),
            class_="tiles",
        ),
        *(
            element("p", badge("warn", "warning"), f" {text}", class_="notice")
            for text in report.warnings
        ),
    )


def _headline_word(report: Report) -> str:
    """The verdict in a word or two; previews are never said to have passed."""
    if report.standing == "warn" and notice(report):
        return "with previews"
    return _HEADLINE_WORDS[report.standing]


def _filters() -> Markup:
    """Two radio buttons that hide calm variables by style sheet alone; they stand before the
    sections so that the sibling rules of page.css reach these."""
    return joined(
        element("span", "Show ", id="filter"),
        element("input", type="radio", name="show", id="show-all", checked="checked"),
        element("label", "all variables", for_="show-all"),
        element("input", type="radio", name="show", id="show-some"),
        element("label", "only what needs a look", for_="show-some"),
    )


def _carried(variables: Sequence[VariableReport]) -> Markup:
    if not variables:
        return Markup()
    rows = (
        (v.name, v.long_name or v.standard_name, " x ".join(map(str, v.shape)) or "scalar", v.dtype)
        for v in variables
    )
    return element(
        "details",
        element(
            "summary",
            badge("exact"),
            f" {len(variables)} carried over exactly: coordinates, bounds, text, integers",
        ),
        table(("Variable", "Name", "Shape", "Type"), rows),
        class_="carried calm",
    )


def _legend() -> Markup:
    states = ("pass", "warn", "fail", "n/a", "report")
    words = (
        "within limits",
        "near a limit, or over one that does not decide",
        "over a limit",
        "does not apply",
        "not judged",
    )
    items = (
        element("li", badge(state), f" {word}") for state, word in zip(states, words, strict=True)
    )
    return element("ul", *items, class_="legend")


def _fallbacks(variables: Iterable[VariableReport]) -> Markup:
    items = [
        element("li", element("b", variable.name), f" {text}")
        for variable in variables
        for text in variable.fallbacks
    ]
    if not items:
        return element("p", "None: everything was stored as first planned.")
    return element("ul", *items)


def _gaps(report: Report) -> Markup:
    open_gaps, samples = not_checked(report), sampled(report)
    return joined(
        _gap_table("Not checked, and why", open_gaps)
        if open_gaps
        else element("p", "Nothing: every criterion was judged on every variable."),
        _gap_table("Checked on a sample", samples) if samples else "",
    )


def _gap_table(title: str, gaps: Iterable[Gap]) -> Markup:
    rows = ((gap.what or "-", gap.why, ", ".join(gap.variables) or "the archive") for gap in gaps)
    return joined(element("h3", title), table(("What", "Why or how", "Variables"), rows))


def _sizes(report: Report) -> Markup:
    total = sum(variable.stored_bytes for variable in report.variables)
    rows = (
        (
            variable.name,
            size(variable.source_bytes),
            size(variable.raw_bytes),
            size(variable.stored_bytes),
            times(variable.ratio),
            f"{100 * variable.stored_bytes / total:.1f} %" if total else "-",
        )
        for variable in sorted(report.variables, key=lambda v: -v.stored_bytes)
        if variable.how != "carried"
    )
    columns = ("Variable", "In source files", "Raw values", "In archive", "Raw to archive", "Share")
    return table(columns, rows, class_="numbers")


def _cost(report: Report) -> Markup:
    if report.cost is None:
        return Markup()
    return facts([*cost_entries(report.cost), ("Assumed", assumed_text(report.cost))])


def _provenance(report: Report) -> Markup:
    entries = [
        ("Recipe digest", report.recipe_digest),
        ("Plan digest", report.plan_digest),
        ("climcomp", report.climcomp),
        *((name, version) for name, version in report.versions.items()),
        *((f"Time: {part}", duration(seconds)) for part, seconds in report.durations.items()),
    ]
    sources = ((file.name, size(file.size_bytes), _time(file.mtime_ns)) for file in report.source)
    return joined(
        facts(entries),
        element(
            "details",
            element("summary", f"Source files ({len(report.source)})"),
            table(("File", "Size", "Changed (UTC)"), sources),
        ),
    )


def _time(nanoseconds: int) -> str:
    try:
        return datetime.fromtimestamp(nanoseconds // 10**9, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return str(nanoseconds)
