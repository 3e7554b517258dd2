"""The frame of every page: no network, no script, light and dark, printable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.resources import files

from climcomp_metrics.report.markup import Markup, element

# Nothing may be fetched and no script may run, whatever a variable's attributes contain.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
STYLES = ("page.css", "figures.css", "beside.css")


def sheet(title: str, *body: str) -> str:
    """A whole page as text, to be written as UTF-8."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", Markup("".join(map(_read, STYLES)))),
    )
    page = element("html", head, element("body", symbols(), *body), lang="en")
    return f"<!doctype html>\n{page}\n"


def symbols() -> Markup:
    """The shapes of all outcomes, defined once for the page."""
    return Markup(_read("shapes.svg"))


def section(title: str, name: str, *children: str) -> Markup:
    """A part of a page with its heading."""
    return element("section", element("h2", title), *children, id=name)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], class_: str = "") -> Markup:
    """A table whose first cells are its rows' names; on a narrow page each row is a list."""
    heads = (element("th", column, scope="col") for column in columns)
    lines = (
        element(
            "tr",
            element("th", row[0], scope="row"),
            *(
                element("td", cell, data_label=name)
                for name, cell in zip(columns[1:], row[1:], strict=True)
            ),
        )
        for row in rows
    )
    made = element(
        "table", element("thead", element("tr", *heads)), element("tbody", *lines), class_=class_
    )
    return element("div", made, class_="sheet")


def _read(name: str) -> str:
    return files("climcomp_metrics.report").joinpath(name).read_text(encoding="utf-8")
