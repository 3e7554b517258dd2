"""The figures on the page: a part for each variable that opens, or a page of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from climcomp_metrics.report.drawn import VariableFigures
from climcomp_metrics.report.figures import Drawing, share
from climcomp_metrics.report.markup import Markup, element, joined
from climcomp_metrics.report.markup import drawing as svg_markup
from climcomp_metrics.report.model import Report, VariableReport
from climcomp_metrics.report.names import Names, link
from climcomp_metrics.report.quantity import counted
from climcomp_metrics.report.sheet import sheet

NO_MATPLOTLIB = (
    "Figures need matplotlib: pip install 'climcomp[report]', then `climcomp report STORE --out "
    "report.html` draws them from the data that the archive keeps."
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """The figures of some variables for one page: what they share, and each variable's own."""

    shared: str
    figures: tuple[VariableFigures, ...]

    @property
    def size_bytes(self) -> int:
        """About what they take in the page."""
        texts = [self.shared, *(d.svg for one in self.figures for d in one.drawings)]
        return sum(map(len, texts))


def shared_by(figures: Sequence[VariableFigures]) -> Drawn:
    """Figures as they stand together in one page."""
    every: list[Drawing] = [drawing for one in figures for drawing in one.drawings]
    shared, short = share(every)
    rest = iter(short)
    return Drawn(
        shared,
        tuple(replace(one, drawings=tuple(next(rest) for _ in one.drawings)) for one in figures),
    )


def inline(report: Report, drawn: Drawn) -> Markup:
    """The section with all figures in it."""
    names = {variable.name for variable in report.variables if variable.is_lossy}
    without = [v for v in report.variables if v.name in names - {f.name for f in drawn.figures}]
    opened = len(drawn.figures) == 1
    return joined(
        svg_markup(drawn.shared),
        *(
            element(
                "details",
                element("summary", element("b", one.title), f" {_count(one)}"),
                _body(one),
                class_="figures",
                id=f"figures-{number}",
                open="open" if opened else "",
            )
            for number, one in enumerate(drawn.figures)
        ),
        _without(without),
    )


def linked(report: Report, figures: Mapping[str, VariableFigures], names: Names) -> Markup:
    """The section that names the pages of the figures."""
    shown = [v for v in report.variables if v.name in figures]
    without = [v for v in report.variables if v.is_lossy and v.name not in figures]
    items = (
        element(
            "li",
            element("a", figures[v.name].title, href=link(names.of_figures(v.name))),
            f" {_count(figures[v.name])}",
        )
        for v in shown
    )
    said = f"Each variable has its figures on a page of its own, in the folder {names.folder}"
    return joined(element("p", said), element("ul", *items, class_="links"), _without(without))


def figure_page(report: Report, one: VariableFigures, names: Names) -> str:
    """The page of one variable's figures."""
    drawn = shared_by([one])
    title = f"{one.title}: figures"
    back = element("a", f"Report of {report.name}", href=f"../{link(names.page)}")
    return sheet(
        f"{title}, {report.name}",
        element("header", element("p", back, class_="kicker"), element("h1", title)),
        element("main", svg_markup(drawn.shared), _body(drawn.figures[0])),
    )


def _body(one: VariableFigures) -> Markup:
    shown = (figure(drawing, one.title) for drawing in one.drawings)
    absent = element("ul", *(element("li", text) for text in one.absent), class_="absent")
    return joined(
        element("div", *shown, class_="gallery"),
        joined(element("p", "Not shown:", class_="absent"), absent) if one.absent else "",
    )


def figure(drawing: Drawing, title: str) -> Markup:
    """A drawing with its heading, which leaves out the title that stands above, and caption."""
    name = drawing.title.removeprefix(f"{title}: ")
    return element(
        "figure",
        element("h3", name[:1].upper() + name[1:]),
        svg_markup(drawing.svg),
        element("figcaption", drawing.caption),
        # The page sets no picture larger than it was drawn.
        style=f"--w:{drawing.width}px",
    )


def _count(one: VariableFigures) -> str:
    return counted(len(one.drawings), "figure") if one.drawings else "no figure"


def _without(variables: Iterable[VariableReport]) -> Markup:
    """Lossy variables without figures, by the reason why."""
    reasons: dict[str, list[str]] = {}
    for variable in variables:
        why = NO_MATPLOTLIB if variable.figures else variable.no_figures
        reasons.setdefault(why or "the report has no data for figures", []).append(variable.name)
    lines = (
        element("li", element("b", ", ".join(names)), f": {why}") for why, names in reasons.items()
    )
    return element("ul", *lines, class_="absent") if reasons else Markup()
