"""Two archives side by side on one page."""

from __future__ import annotations

from collections.abc import Sequence

from climcomp_metrics.base import Verdict
from climcomp_metrics.report.beside import Beside, CriterionBeside, VariableBeside
from climcomp_metrics.report.bound import kept_text, largest_error
from climcomp_metrics.report.lights import badge
from climcomp_metrics.report.limits import last_limit_text, value_text
from climcomp_metrics.report.markup import Markup, breakable, element, joined
from climcomp_metrics.report.model import VariableReport
from climcomp_metrics.report.quantity import enumerated, moment, size, times
from climcomp_metrics.report.sentence import verdict_sentence
from climcomp_metrics.report.sheet import section, sheet, table


def render_beside_html(found: Beside) -> str:
    """The whole page as text, to be written as UTF-8."""
    title = f"{found.reports[0].name} and {found.reports[1].name} side by side"
    return sheet(
        title,
        element(
            "header",
            element("p", "climcomp report --compare", class_="kicker"),
            element("h1", title),
            _archives(found),
        ),
        element(
            "main",
            section("Variables", "variables", *map(_variable, found.variables)),
            section("Only in one", "only", *_only(found)) if any(found.only) else "",
        ),
    )


def _archives(found: Beside) -> Markup:
    rows = (
        (
            letter,
            label,
            report.name,
            moment(report.created),
            report.climcomp,
            size(report.stored_bytes),
        )
        for letter, label, report in zip("AB", found.labels, found.reports, strict=True)
    )
    return table(("", "Archive", "Name", "Created", "climcomp", "Size"), rows)


def _variable(one: VariableBeside) -> Markup:
    summary = element(
        "summary",
        element("h3", breakable(one.name)),
        *(
            element(
                "span",
                element("b", f"{letter} "),
                badge(variable.standing),
                element("small", _facts(variable)),
                class_="side",
            )
            for letter, variable in zip("AB", one.both, strict=True)
        ),
    )
    said = (
        element("p", element("b", f"{letter} "), verdict_sentence(variable))
        for letter, variable in zip("AB", one.both, strict=True)
    )
    remarks = (
        element("p", badge("warn", "note"), f" {text}", class_="notice") for text in one.remarks
    )
    body = element("div", *said, *remarks, _suites(one), _criteria(one.criteria), class_="inside")
    return element("details", summary, body, class_="beside")


def _facts(variable: VariableReport) -> str:
    error = largest_error(variable)
    parts = [
        f"{times(variable.ratio)}, {size(variable.stored_bytes)}",
        f"bound {kept_text(variable, brief=True)}" if variable.how == "lossy" else variable.how,
        f"largest error {error[0]}" if error else "",
    ]
    return "; ".join(filter(None, parts))


def _suites(one: VariableBeside) -> Markup:
    rows = [
        (name, *(badge(outcome) if outcome else "-" for outcome in pair))
        for name, pair in one.suites.items()
    ]
    return table(("Suite", "A", "B"), rows) if rows else Markup()


def _criteria(criteria: Sequence[CriterionBeside]) -> Markup:
    rows = [
        (
            f"{one.criterion} {one.metric}",
            *(_value(verdict) for verdict in one.verdicts),
            next((last_limit_text(v) for v in one.verdicts if v), "") or "-",
        )
        for one in criteria
    ]
    return table(("Test", "A", "B", "Limit"), rows) if rows else Markup()


def _value(verdict: Verdict | None) -> str:
    if verdict is None:
        return "not judged"
    value = "" if verdict.value is None else f" {value_text(verdict)}"
    where = element("small", verdict.place) if verdict.place else ""
    return joined(badge(verdict.outcome), value, where)


def _only(found: Beside) -> list[Markup]:
    return [
        element("p", element("b", f"{letter}: "), enumerated(names))
        for letter, names in zip("AB", found.only, strict=True)
        if names
    ]
