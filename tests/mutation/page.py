"""The outcomes as one HTML page: which suite caught what, and which metric alone."""

from __future__ import annotations

from collections.abc import Sequence

from climcomp_metrics.report.markup import Markup, element

from .score import SUITES, alone, catches, scores, suites_of
from .trial import Outcome

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0 2rem } .wide { overflow-x: auto }
th, td { border-bottom: 1px solid #8888; padding: .2rem .6rem; text-align: left }
td.n { text-align: right } td.yes { background: #0072b233 } td.no { background: #d55e0055 }
"""


def render_page(outcomes: Sequence[Outcome]) -> str:
    """The page as text."""
    body = element(
        "body",
        element("h1", "What the metric suite catches"),
        element(
            "p",
            "Fields were damaged on purpose, mildly and strongly, and compressed well. The bound "
            "of a damaged field is its own largest error, so that P1 alone catches nothing.",
        ),
        element("h2", "By class"),
        _scores(outcomes),
        element("h2", "Damage by suite"),
        _damage(outcomes),
        element("h2", "By criterion"),
        _criteria(outcomes),
        element("h2", "Missed damage and refused compressions"),
        _wrong(outcomes),
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", "climcomp: mutation test of the metric suite"),
        element("style", Markup(_STYLE)),
    )
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    heads = element("tr", *(element("th", column, scope="col") for column in columns))
    lines = [element("tr", *map(_cell, row)) for row in rows]
    table = element("table", element("thead", heads), element("tbody", *lines))
    return element("div", table, class_="wide")


def _cell(text: str) -> Markup:
    if text in ("caught", "missed"):
        return element("td", text, class_="yes" if text == "caught" else "no")
    return element("td", text, class_="n") if text[:1].isdigit() else element("td", text)


def _scores(outcomes: Sequence[Outcome]) -> Markup:
    rows = [
        (
            s.suite, f"{s.damage}", f"{s.caught} ({100 * s.share_caught:.1f} %)",
            f"{s.good}", f"{s.refused} ({100 * s.share_refused:.1f} %)",
        )
        for s in scores(outcomes)
    ]  # fmt: skip
    return _table(("Class", "Damaged", "Caught", "Good", "Refused"), rows)


def _damage(outcomes: Sequence[Outcome]) -> Markup:
    rows = []
    kinds = dict.fromkeys(o.what for o in outcomes if not o.good)
    for kind in kinds:
        mine = [o for o in outcomes if o.what == kind and not o.good]
        row = [kind, "caught" if all(o.refused for o in mine) else "missed"]
        for suite in SUITES.values():
            count = sum(suite in suites_of(o.failed) for o in mine)
            row.append(f"{count} of {len(mine)}" if count else "-")
        rows.append(row)
    return _table(("Damage", "", *SUITES.values()), rows)


def _criteria(outcomes: Sequence[Outcome]) -> Markup:
    bad, good, sole = catches(outcomes, False), catches(outcomes, True), alone(outcomes)
    names = sorted(bad | good, key=lambda name: -bad[name])
    rows = [(name, f"{bad[name]}", f"{sole[name]}", f"{good[name]}") for name in names]
    return _table(("Criterion", "Damage caught", "of it alone", "Good refused"), rows)


def _wrong(outcomes: Sequence[Outcome]) -> Markup:
    rows = [
        (o.subject, o.what, "refused" if o.good else "missed", "; ".join(o.details) or "-")
        for o in outcomes
        if o.good == o.refused
    ]
    return _table(("Field", "What", "", "Why"), rows) if rows else element("p", "None.")
