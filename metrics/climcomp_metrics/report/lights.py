"""The table variable x suite: one light a suite, each opening to its tests, without any script."""

from __future__ import annotations

from collections.abc import Sequence

from climcomp_metrics.base import Outcome, Verdict
from climcomp_metrics.report.limits import value_text
from climcomp_metrics.report.markup import Markup, breakable, element, joined
from climcomp_metrics.report.model import VariableReport
from climcomp_metrics.report.phrases import meaning_of
from climcomp_metrics.report.quantity import counted, number_text, percent, quantity
from climcomp_metrics.report.verdicts import (
    SUITE_NAMES,
    by_suite,
    closest,
    larger_is_better,
    share_of_limit,
    worst,
)

_WORDS = {"report": "shown", "exact": "exact", "unchecked": "unchecked"}
_LIMITLESS: tuple[Outcome, ...] = ("n/a", "report")


def badge(state: str, word: str = "") -> Markup:
    """The shape of an outcome or standing with its word: these two carry the meaning, and the
    colour only repeats it."""
    name = state.replace("/", "")
    icon = Markup(f'<svg class="i" aria-hidden="true"><use href="#i-{name}"/></svg>')
    return element("span", icon, word or _WORDS.get(state, state), class_=f"badge s-{name}")


def suite_table(variables: Sequence[VariableReport]) -> Markup:
    """One row a variable, one light a suite; suites that no variable has are left out."""
    judged = [(variable, by_suite(variable.verdicts)) for variable in variables]
    names = [suite for suite in SUITE_NAMES if any(suite in suites for _, suites in judged)]
    if not names:
        return element("p", "No criterion was judged on any variable.")
    heads = (element("span", name) for name in ("Variable", *names))
    rows = (_row(variable, suites, names) for variable, suites in judged)
    return element(
        "div",
        element("div", *heads, class_="row heads", aria_hidden="true"),
        *rows,
        class_="lights",
        style=f"--n:{len(names)}",
    )


def _row(
    variable: VariableReport, suites: dict[str, tuple[Verdict, ...]], names: Sequence[str]
) -> Markup:
    title = element("h3", breakable(variable.name))
    calm = " calm" if variable.standing in ("pass", "exact") else ""
    if not suites:
        said = {"lossy": "no criterion was judged", "refused": "refused before any test"}
        text = said.get(variable.how, "bit for bit as in the source: no test is needed")
        note = element("p", badge(variable.standing), f" {text}", class_="whole")
        return element("div", title, note, class_=f"row{calm}")
    cells = (_cell(name, suites.get(name, ()), variable.name) for name in names)
    return element("div", title, *cells, class_=f"row{calm}")


def _cell(suite: str, verdicts: Sequence[Verdict], variable: str) -> Markup:
    outcome = worst(verdict.outcome for verdict in verdicts)
    if outcome is None:
        return element("span", element("span", suite, class_="suite"), "not run", class_="none")
    head = element(
        "summary",
        element("span", f"{suite} ", class_="suite"),
        badge(outcome),
        element("small", _gist(outcome, verdicts)),
    )
    return element("details", head, _panel(suite, verdicts, variable), class_="cell")


def _gist(outcome: Outcome, verdicts: Sequence[Verdict]) -> str:
    alike = [verdict for verdict in verdicts if verdict.outcome == outcome]
    if outcome == "pass":
        tests, share = counted(len(alike), "test"), closest(alike)[0]
        return f"{tests}, {percent(share)} of limit" if share > 0 else tests
    if outcome in _LIMITLESS:
        return counted(len(alike), "test")
    return ", ".join(verdict.criterion for verdict in alike)


def _panel(suite: str, verdicts: Sequence[Verdict], variable: str) -> Markup:
    columns = ("Test", "Outcome", "Value", "Warns, fails", "Used", "Limit set by", "Worst place")
    heads = (element("th", column, scope="col") for column in columns)
    return element(
        "div",
        element(
            "table",
            element("caption", f"{variable}: {suite}"),
            element("thead", element("tr", *heads)),
            element("tbody", *(_line(verdict) for verdict in verdicts)),
        ),
        class_="panel",
    )


def _line(verdict: Verdict) -> Markup:
    share = share_of_limit(verdict)
    notes = [meaning] if (meaning := meaning_of(verdict.criterion)) else []
    notes += [verdict.reason] if verdict.reason else []
    if verdict.sampled:
        notes.append(f"measured on {verdict.sampled}")
    notes += (f"{name}: {number_text(value)}" for name, value in verdict.detail.items())
    test = joined(
        element("b", verdict.criterion),
        f" {verdict.metric}",
        *(element("small", note) for note in notes),
    )
    cells = (
        element("td", badge(verdict.outcome)),
        element("td", value_text(verdict)),
        element("td", _limits(verdict)),
        element("td", "-" if share is None else percent(share)),
        element("td", verdict.source or "-"),
        element("td", verdict.place or "-"),
    )
    return element("tr", element("th", test, scope="row"), *cells)


def _limits(verdict: Verdict) -> str:
    if verdict.warn is None and verdict.fail is None:
        return "-"
    side = "< " if larger_is_better(verdict) else "> "
    shown = (
        side + quantity(limit, verdict.unit) if limit is not None else "never"
        for limit in (verdict.warn, verdict.fail)
    )
    return ", ".join(shown)
