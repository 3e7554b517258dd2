"""The figures of a bench: how small against how far off, how fast, and every metric."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from climcomp_metrics.report.figures.drawing import Drawing, render
from climcomp_metrics.report.figures.style import WIDTH, labelled, scaled, unit_text
from climcomp_metrics.report.quantity import enumerated, number_text, times
from climcomp_workflows.bench.advice import kept, setting_text, smallest
from climcomp_workflows.bench.model import Curve, Rate, Speed, Trial, VariableBench
from climcomp_workflows.bench.paint import (
    HEIGHT,
    ROW,
    Line,
    Look,
    Mark,
    Panel,
    Point,
    Series,
    looks,
    paint,
)

_RATIO = "raw size / stored size"
_HOLLOW = "Filled: nothing fails; hollow: something does."
_READ = f"Each point is a bound that was tried; the higher, the smaller. {_HOLLOW}"


@dataclass(frozen=True, slots=True)
class BenchFigures:
    """The drawings of one variable: those that everybody looks at, and one for each metric.

    Parameters
    ----------
    absent
        Metrics that are not drawn, and why.
    """

    main: tuple[Drawing, ...]
    metrics: tuple[Drawing, ...]
    absent: tuple[str, ...]


def draw_variable(variable: VariableBench) -> BenchFigures:
    """All figures of a variable.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    style = looks([(curve.label, curve.codec) for curve in variable.curves])
    main = (
        _size(variable, style, "largest error", lambda rate: rate.largest_error, strips=True),
        _size(variable, style, "RMSE", lambda rate: rate.rmse),
        _speed(variable, style),
    )
    drawn: list[Drawing] = []
    absent: dict[str, list[str]] = {}
    for name in variable.criteria:
        found = _metric(variable, style, name)
        if isinstance(found, Drawing):
            drawn.append(found)
        else:
            absent.setdefault(found, []).append(name)
    said = tuple(f"{', '.join(names)}: {why}" for why, names in absent.items())
    return BenchFigures(tuple(d for d in main if d), tuple(drawn), said)


def _size(
    variable: VariableBench,
    style: dict[str, Look],
    name: str,
    error: Callable[[Rate], float],
    strips: bool = False,
) -> Drawing | None:
    relative = variable.relative and name != "RMSE"
    unit = "% of the value" if relative else variable.unit
    most = max(
        (error(t.rate) for c in variable.curves for t in c.trials if t.rate is not None),
        default=0.0,
    )
    factor, printed = (100.0, unit) if relative else scaled(most, unit)

    def at(trial: Trial) -> float | None:
        return None if trial.rate is None else error(trial.rate) * float(factor)

    series = [_series(variable, curve, style, at) for curve in variable.curves]
    if not any(len(one.points) > 1 for one in series):
        return None
    marks = _marks(variable, style, at) if strips else {}
    height = HEIGHT + ROW * len(marks)
    panel = Panel(series, _RATIO, _lossless(variable))
    work = partial(
        paint, panels=[panel], across=labelled(name, printed), height=height, marks=marks
    )
    caption = f"{_READ} The ring is where a run begins."
    if marks:
        caption += " Below: where each suite first fails, by codec."
    return render(
        work, WIDTH, height, f"{variable.name}: ratio against {name}", caption,
        f"Compression ratio of {variable.name} against {name}. {_found(variable)}",
    )  # fmt: skip


def _found(variable: VariableBench) -> str:
    """The finding of the main figure in words."""
    spans = [
        f"{curve.label} from {times(min(ratios))} to {times(max(ratios))}"
        for curve in variable.curves
        if (ratios := [t.rate.ratio for t in curve.trials if t.rate is not None])
    ]
    best = smallest(variable)
    said = (
        f"the smallest that fails nothing is {setting_text(variable, best[0], best[1])}, "
        f"{times(best[2].ratio)}"
        if best
        else "every setting fails something"
    )
    return f"{enumerated(spans)}; {said}."


def _series(
    variable: VariableBench,
    curve: Curve,
    style: dict[str, Look],
    at: Callable[[Trial], float | None],
) -> Series:
    begun = kept(variable)
    points = []
    for trial in curve.trials:
        x = at(trial)
        if x is None or trial.rate is None or not math.isfinite(x):
            continue
        ringed = begun is not None and begun[0] is curve and begun[1] is trial
        points.append(Point(x, trial.rate.ratio, not trial.failed, ringed))
    return Series(curve.label, style[curve.label], tuple(points))


def _lossless(variable: VariableBench) -> tuple[Line, ...]:
    return tuple(Line(line.ratio, line.codec) for line in variable.lossless)


def _marks(
    variable: VariableBench, style: dict[str, Look], at: Callable[[Trial], float | None]
) -> dict[str, tuple[Mark, ...]]:
    """For each suite that fails anywhere, where the curves begin to."""
    found: dict[str, list[Mark]] = {}
    for curve in variable.curves:
        for first in curve.first_failures:
            x = at(curve.at(first.factor))
            if x is not None and x > 0:
                found.setdefault(first.suite, []).append(Mark(x, style[curve.label]))
    return {suite: tuple(marks) for suite, marks in sorted(found.items(), key=_leftmost)}


def _leftmost(entry: tuple[str, Sequence[Mark]]) -> float:
    return min(mark.x for mark in entry[1])


def _speed(variable: VariableBench, style: dict[str, Look]) -> Drawing | None:
    largest = max((t.bound for c in variable.curves for t in c.trials), default=0.0)
    factor, printed = (
        (100.0, "% of the value") if variable.relative else scaled(largest, variable.unit)
    )
    ways: tuple[tuple[str, Callable[[Speed], float]], ...] = (
        ("encode", lambda speed: speed.encode_mb_s),
        ("decode", lambda speed: speed.decode_mb_s),
    )
    panels = [
        Panel(
            [_speeds(curve, style, float(factor), speed) for curve in variable.curves],
            f"{name} (MB/s)",
            tuple(Line(speed(line.speed), line.codec) for line in variable.lossless),
        )
        for name, speed in ways
    ]
    if not any(len(one.points) > 1 for one in panels[0].series):
        return None
    height = 2 * HEIGHT - 60
    work = partial(paint, panels=panels, across=labelled("bound", printed), height=height)
    spans = [
        f"{panel.up} of {one.label} {number_text(min(p.y for p in one.points), 2)} to "
        f"{number_text(max(p.y for p in one.points), 2)}"
        for panel in panels
        for one in panel.series
        if one.points
    ]
    return render(
        work, WIDTH, height, f"{variable.name}: speed",
        f"Raw values coded on this machine by one process of one thread. {_HOLLOW}",
        f"Speeds of {variable.name} by bound: {enumerated(spans)}.",
    )  # fmt: skip


def _speeds(
    curve: Curve, style: dict[str, Look], factor: float, speed: Callable[[Speed], float]
) -> Series:
    points = (
        Point(trial.bound * factor, speed(trial.speed), not trial.failed)
        for trial in curve.trials
        if trial.speed is not None
    )
    return Series(curve.label, style[curve.label], tuple(points))


def _metric(variable: VariableBench, style: dict[str, Look], name: str) -> Drawing | str:
    """The figure of a criterion, or why there is none."""
    row = variable.criteria[name]
    if name == "P1":
        return "drawn above as the largest error"
    values = [v for v in _values(variable.curves, name) if v is not None and math.isfinite(v)]
    if not values:
        return "no value on the sample"
    if len(set(values)) == 1:
        return f"{number_text(values[0])} at every bound"

    def at(trial: Trial) -> float | None:
        judged = trial.criteria.get(name)
        return None if judged is None else judged.value

    series = []
    for curve in variable.curves:
        ratios = _series(variable, curve, style, at)
        # Here a point is hollow where this criterion fails.
        sound = [
            trial.criteria[name].outcome != "fail"
            for trial in curve.trials
            if trial.rate is not None and (x := at(trial)) is not None and math.isfinite(x)
        ]
        points = [Point(p.x, p.y, ok, p.ringed) for p, ok in zip(ratios.points, sound, strict=True)]
        series.append(Series(curve.label, ratios.look, tuple(points)))
    limits = tuple(
        Line(limit, word)
        for limit, word in ((row.warn, "warns"), (row.fail, "fails"))
        if limit is not None
    )
    panel = Panel(series, _RATIO, _lossless(variable), limits)
    across = labelled(row.name, unit_text(row.unit))
    work = partial(paint, panels=[panel], across=across, height=HEIGHT)
    said = f" Lines: it {' and '.join(line.label for line in limits)}." if limits else ""
    return render(
        work, WIDTH, HEIGHT, f"{variable.name}: {name} {row.name}",
        f"{row.suite}. Filled: this test passes or warns; hollow: it fails.{said}",
        f"Compression ratio of {variable.name} against {name}, {row.name}, from "
        f"{number_text(min(values))} to {number_text(max(values))} {row.unit}.",
    )  # fmt: skip


def _values(curves: Iterable[Curve], name: str) -> list[float | None]:
    return [
        trial.criteria[name].value
        for curve in curves
        for trial in curve.trials
        if name in trial.criteria
    ]
