"""A bench for a person at a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from climcomp_metrics.report.quantity import counted, times
from climcomp_metrics.report.text import printable
from climcomp_workflows.bench.advice import (
    differing_levels,
    error_text,
    percent_text,
    recipe_line,
    setting_text,
    smallest,
)
from climcomp_workflows.bench.model import Bench, Curve, VariableBench


def bench_text(bench: Bench) -> str:
    """The bench in a few lines a variable: what is smallest, and what each codec comes to."""
    lines = [
        f"{bench.name}: {counted(len(bench.variables), 'variable')}, "
        f"{counted(len(bench.factors), 'bound')} each",
        "",
    ]
    for variable in bench.variables:
        lines += [*_variable(variable), ""]
    for name, why in bench.not_benched.items():
        lines.append(f"{name}: not benched: {why}")
    return "\n".join(map(printable, lines)) + "\n"


def _variable(variable: VariableBench) -> Iterator[str]:
    yield f"{variable.name}  bound {variable.bound_text} ({variable.bound_source})"
    lossless = ", ".join(f"{line.codec} {times(line.ratio)}" for line in variable.lossless)
    yield f"  a run begins with {variable.planned}; {lossless}"
    if differing_levels(variable):
        yield "  levels have bounds of their own; the tightest is named below"
    best = smallest(variable)
    if best is None:
        yield "  every setting fails something"
    else:
        curve, trial, rate = best
        yield f"  fails nothing: {setting_text(variable, curve, trial)}, {times(rate.ratio)}"
        if line := recipe_line(variable, curve, trial):
            yield f"    {line}"
    against = f"BD-rate against {variable.curves[0].label}" if len(variable.curves) > 1 else ""
    yield from _aligned(
        [
            ("codec", "at the bound", "smallest that fails nothing", "first to fail", against),
            *(_row(variable, curve) for curve in variable.curves),
        ]
    )
    for name, why in variable.left_out.items():
        yield f"  {name}: not tried: {why}"


def _row(variable: VariableBench, curve: Curve) -> tuple[str, ...]:
    here = curve.at(1.0)
    if here.rate is None:
        return (curve.label, f"refused: {here.refused}", "", "", "")
    best = "none"
    if curve.best is not None and (trial := curve.at(curve.best)).rate is not None:
        best = f"{error_text(variable, trial.bound)}, {times(trial.rate.ratio)}"
    first = min(curve.first_failures, key=lambda f: f.factor, default=None)
    fails = "nothing"
    if first is not None:
        fails = f"{first.suite} at {error_text(variable, first.bound)} ({first.criteria[0]})"
        fails += ", passes at a looser one" if first.passes_again else ""
    return (curve.label, times(here.rate.ratio), best, fails, _delta(variable, curve))


def _delta(variable: VariableBench, curve: Curve) -> str:
    """Against the first codec of the table, at equal PSNR."""
    anchor = variable.curves[0]
    if curve is anchor:
        return "-" if len(variable.curves) > 1 else ""
    delta = next(
        d
        for d in variable.deltas
        if (d.tested, d.anchor, d.quality) == (curve.label, anchor.label, "psnr_db")
    )
    return "no number" if delta.percent is None else percent_text(delta.percent)


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    # What a codec says instead of numbers is long, and has no column to keep.
    whole = [row for row in rows if row[2] or row is rows[0]]
    widths = [max(len(row[column]) for row in whole) for column in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()
