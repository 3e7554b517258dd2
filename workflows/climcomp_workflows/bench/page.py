"""The page of a bench: tables and figures of each variable; no network, no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from climcomp_metrics.report.figures import Drawing, share
from climcomp_metrics.report.figures_section import figure
from climcomp_metrics.report.lights import badge
from climcomp_metrics.report.markup import Markup, breakable, drawing, element, joined
from climcomp_metrics.report.quantity import counted, moment, number_text, times
from climcomp_metrics.report.sheet import section, sheet, table
from climcomp_workflows.bench.advice import (
    differing_levels,
    kept,
    recipe_line,
    setting_text,
    smallest,
)
from climcomp_workflows.bench.figures import BenchFigures
from climcomp_workflows.bench.model import Bench, Curve, Trial, VariableBench
from climcomp_workflows.bench.page_tables import (
    delta_tables,
    every_trial,
    failures_table,
    left_out,
    plan_table,
)

NO_MATPLOTLIB = (
    "The figures need matplotlib: pip install 'climcomp[report]', then run climcomp bench again."
)


def render_page(bench: Bench, figures: Mapping[str, BenchFigures] | None) -> str:
    """The whole page as text, to be written as UTF-8.

    Parameters
    ----------
    figures
        By variable; None: matplotlib is not installed, which the page says.
    """
    drawn = {} if figures is None else figures
    every = [_drawings(drawn.get(v.name)) for v in bench.variables]
    shared, short = share([one for drawings in every for one in drawings])
    rest = iter(short)
    parts = [
        _variable(v, [next(rest) for _ in drawings], drawn.get(v.name), len(every) == 1)
        for v, drawings in zip(bench.variables, every, strict=True)
    ]
    return sheet(
        f"{bench.name}: climcomp bench",
        _header(bench),
        element(
            "main",
            drawing(shared),
            section("At a glance", "glance", _glance(bench)),
            section(
                "Variables",
                "variables",
                element("p", badge("warn", "note"), f" {NO_MATPLOTLIB}", class_="notice")
                if figures is None
                else "",
                *parts,
            ),
            section("Not benched", "absent", _absent(bench)) if bench.not_benched else "",
            section("How to read this", "reading", _reading()),
            section("Provenance", "provenance", _provenance(bench)),
        ),
    )


def _drawings(found: BenchFigures | None) -> tuple[Drawing, ...]:
    return () if found is None else (*found.main, *found.metrics)


def _header(bench: Bench) -> Markup:
    codecs = dict.fromkeys(curve.label for v in bench.variables for curve in v.curves)
    tiles = (
        ("Variables", str(len(bench.variables))),
        ("Codecs", ", ".join(codecs) or "none"),
        ("Bounds each", str(len(bench.factors))),
        (
            "Bounds over the plan's",
            f"{number_text(bench.factors[0])} to {number_text(bench.factors[-1])}",
        ),
    )
    return element(
        "header",
        element("p", f"climcomp {bench.climcomp}, {moment(bench.created)}", class_="kicker"),
        element("h1", f"{bench.name}: codecs and bounds"),
        element("p", "Every codec at every bound on samples of the data; nothing was stored."),
        element(
            "dl",
            *(element("div", element("dt", k), element("dd", v)) for k, v in tiles),
            class_="tiles",
        ),
    )


def _glance(bench: Bench) -> Markup:
    rows = []
    for v in bench.variables:
        best, begun = smallest(v), kept(v)
        said = f"{setting_text(v, *best[:2])}, {times(best[2].ratio)}" if best else "none"
        plan = v.planned
        if begun is not None and begun[1].rate is not None:
            plan += f", {times(begun[1].rate.ratio)}"
        rows.append(
            (
                breakable(v.name),
                f"{v.bound_text} ({v.bound_source})",
                plan,
                said,
                ", ".join(times(line.ratio) for line in v.lossless) or "-",
            )
        )
    columns = ("Variable", "Bound", "A run begins with", "Smallest that fails nothing", "Lossless")
    return table(columns, rows)


def _variable(
    variable: VariableBench,
    drawings: Sequence[Drawing],
    figures: BenchFigures | None,
    opened: bool,
) -> Markup:
    main = 0 if figures is None else len(figures.main)
    best = smallest(variable)
    facts = f" {times(best[2].ratio)} with {best[0].label}" if best else " every setting fails"
    return element(
        "details",
        element("summary", element("b", breakable(variable.name)), facts),
        _said(variable, best and best[:2]),
        _gallery(variable, drawings[:main]),
        element("h3", "At the bound of the plan"),
        plan_table(variable),
        element("h3", "Where each suite first fails"),
        failures_table(variable),
        element("h3", "Rate against another codec at equal quality"),
        delta_tables(variable),
        left_out(variable),
        _metrics(variable, drawings[main:], figures),
        element(
            "details",
            element("summary", f"Every setting tried ({_count(variable)})"),
            every_trial(variable),
            class_="figures",
        ),
        class_="figures",
        open="open" if opened else "",
    )


def _count(variable: VariableBench) -> str:
    return counted(sum(len(curve.trials) for curve in variable.curves), "setting")


def _said(variable: VariableBench, best: tuple[Curve, Trial] | None) -> Markup:
    lines = [
        element("p", f"Sizes, errors and speeds are of {variable.blocks}; the metrics saw "
                     f"{variable.sample}. A run begins with {variable.planned}.")
    ]  # fmt: skip
    if not variable.whole:
        lines.append(
            element(
                "p",
                "On a part of the record a test counts as failed beyond 1.25 times its limit, and "
                "those that need the whole record (P3, P7, C1, E5) do not count.",
            )
        )
    if differing_levels(variable):
        lines.append(element("p", "Levels have bounds of their own; the tightest is named."))
    if best is not None and (line := recipe_line(variable, *best)):
        lines.append(
            element(
                "p", "The smallest that fails nothing here, as an entry under variables of the "
                "recipe: ", element("code", line),
            )
        )  # fmt: skip
    lines += (element("p", note) for note in variable.notes)
    return element("div", *lines)


def _gallery(variable: VariableBench, drawings: Sequence[Drawing]) -> Markup:
    shown = (figure(one, variable.name) for one in drawings)
    return element("div", *shown, class_="gallery") if drawings else Markup()


def _metrics(
    variable: VariableBench, drawings: Sequence[Drawing], figures: BenchFigures | None
) -> Markup:
    if figures is None:
        return Markup()
    absent = element("ul", *(element("li", text) for text in figures.absent), class_="absent")
    return element(
        "details",
        element("summary", f"Every metric ({counted(len(drawings), 'figure')})"),
        _gallery(variable, drawings),
        joined(element("p", "Not drawn:", class_="absent"), absent) if figures.absent else "",
        class_="figures",
    )


def _absent(bench: Bench) -> Markup:
    return table(("Variable", "Why"), ((breakable(n), why) for n, why in bench.not_benched.items()))


def _reading() -> Markup:
    said = (
        "Sizes are those of climcomp's own blocks, chunk by chunk as an archive would have them.",
        "A setting fails where its failure on the sample would make a run pass it over. A run "
        "judges all values, so it can be stricter than a sample; tests over several variables are "
        "not made here.",
        "PSNR is 20 log10(range / RMSE) in decibels, each level over its own range.",
        "The rate against another codec is the Bjontegaard delta: the mean difference in bits per "
        "value over the qualities that both reach, by piecewise cubic interpolation of the "
        "logarithm of the rate. Below zero, the codec of the row takes less. It says nothing of "
        "the tests: settings that fail count like others.",
        "Speeds are of one process of one thread on this machine, and differ from run to run.",
    )
    return element("ul", *(element("li", text) for text in said))


def _provenance(bench: Bench) -> Markup:
    entries = (
        ("Recipe digest", bench.recipe_digest),
        ("climcomp", bench.climcomp),
        *bench.versions.items(),
    )
    facts = (element("div", element("dt", key), element("dd", value)) for key, value in entries)
    return element("dl", *facts, class_="facts")
