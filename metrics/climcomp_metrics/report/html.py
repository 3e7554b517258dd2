"""The report as one HTML page: no network, no script, light and dark, printable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.resources import files

from climcomp_metrics.report.gaps import Gap, not_checked, sampled
from climcomp_metrics.report.lights import badge, suite_table, symbols
from climcomp_metrics.report.markup import Markup, element, joined
from climcomp_metrics.report.model import Report, Standing, VariableReport
from climcomp_metrics.report.quantity import duration, size, times
from climcomp_metrics.report.sentence import headline, totals
from climcomp_metrics.report.variable import facts, verdict_line

_WORST_FIRST: tuple[Standing, ...] = ("fail", "unchecked", "warn", "pass", "exact")
_HEADLINE_WORDS: dict[Standing, str] = {
    "pass": "passed",
    "warn": "passed, with warnings",
    "fail": "failed",
    "exact": "exact",
    "unchecked": "not checked",
}
# Nothing may be fetched and no script may run, whatever a variable's attributes contain.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def render_html(report: Report) -> str:
    """The whole page as text, to be written as UTF-8."""
    ordered = sorted(report.variables, key=lambda v: _WORST_FIRST.index(v.standing))
    data = [variable for variable in ordered if variable.how != "carried"]
    carried = [variable for variable in report.variables if variable.how == "carried"]
    title = f"{report.name}: climcomp report"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", Markup(_style())),
    )
    body = element(
        "body",
        symbols(),
        _header(report),
        element(
            "main",
            _filters(),
            _section("Verdicts", "verdicts", *map(verdict_line, data), _carried(carried)),
            _section("Tests by suite", "suites", _legend(), suite_table(data)),
            _section("Fallbacks", "fallbacks", _fallbacks(data)),
            _section("Not checked", "gaps", _gaps(report)),
            _section("Sizes", "sizes", _sizes(report)),
            _section("Provenance", "provenance", _provenance(report)),
        ),
    )
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _style() -> str:
    return files("climcomp_metrics.report").joinpath("page.css").read_text(encoding="utf-8")


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
        element("p", f"climcomp {report.climcomp}, {report.created}", class_="kicker"),
        element("h1", report.name),
        element(
            "p",
            badge(report.standing, _HEADLINE_WORDS[report.standing]),
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


def _section(title: str, name: str, *children: str) -> Markup:
    return element("section", element("h2", title), *children, id=name)


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
        _table(("Variable", "Name", "Shape", "Type"), rows),
        class_="carried calm",
    )


def _legend() -> Markup:
    states = ("pass", "warn", "fail", "n/a", "report")
    words = ("within limits", "near a limit", "over a limit", "does not apply", "not judged")
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
    return joined(element("h3", title), _table(("What", "Why or how", "Variables"), rows))


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
    return _table(columns, rows, class_="numbers")


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
            _table(("File", "Size", "Changed (UTC)"), sources),
        ),
    )


def _time(nanoseconds: int) -> str:
    try:
        return datetime.fromtimestamp(nanoseconds // 10**9, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return str(nanoseconds)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]], class_: str = "") -> Markup:
    heads = (element("th", column, scope="col") for column in columns)
    lines = (
        element(
            "tr", element("th", row[0], scope="row"), *(element("td", cell) for cell in row[1:])
        )
        for row in rows
    )
    table = element(
        "table", element("thead", element("tr", *heads)), element("tbody", *lines), class_=class_
    )
    return element("div", table, class_="scroll", tabindex="0")
