"""The mean over the domain by time, and how far the reconstruction's mean is off."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.base import Verdict
from climcomp_metrics.report.figures.band import legend_above, paint_band, plain_ticks, reach
from climcomp_metrics.report.figures.drawing import Drawing, render
from climcomp_metrics.report.figures.illustration import Illustration, Series
from climcomp_metrics.report.figures.limits import limits_of
from climcomp_metrics.report.figures.style import (
    BLUE,
    GREY,
    INK,
    WIDTH,
    labelled,
    scaled,
    unit_text,
)
from climcomp_metrics.report.quantity import number_text, quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEIGHT = 290


def draw_series(
    illustration: Illustration, verdicts: Sequence[Verdict] | None = None
) -> Drawing | None:
    """The series of the original, and its error within C1's green band, with chunk borders.

    Returns
    -------
    None where the illustration has no series; `absent` says why.
    """
    series = illustration.series
    if series is None:
        return None
    warn, fail = limits_of("C1", illustration.kind, verdicts)
    return draw_budget(series, illustration.title, illustration.unit, "C1",
                       warn * series.spread, fail * series.spread)  # fmt: skip


def draw_budget(
    series: Series, title: str, unit: str, criterion: str, warn: float, fail: float
) -> Drawing:
    """Any series with a band: of a global mean, or of a budget that several variables make.

    Parameters
    ----------
    criterion
        Whose limits the band shows.
    warn, fail
        In `unit`; NaN: none.
    """
    ends = np.concatenate([series.error_least, series.error_most])
    worst = float(ends[np.nanargmax(np.abs(ends))])
    share = ""
    if series.spread > 0:
        share = f", {number_text(abs(worst) / series.spread, 2)} of the series' standard deviation"
    found = f"the {series.mean_label} is off by {quantity(worst, unit_text(unit))} at most{share}"
    borders = " Ticks at the bottom are chunk borders: steps there would show a break between them."
    work = partial(_paint, series=series, unit=unit, criterion=criterion, warn=warn, fail=fail)
    return render(
        work, WIDTH, HEIGHT, f"{title}: {series.mean_label} by time",
        f"Above the original, below reconstruction minus original; {found}."
        + (borders if series.borders.size else "")
        + (" Many steps share a pixel: bands reach from their least to their most."
           if series.steps > series.time.size else ""),
        f"Series of the {series.mean_label} of {title} over {series.steps} time steps; {found}.",
    )  # fmt: skip


def _paint(
    figure: Figure, series: Series, unit: str, criterion: str, warn: float, fail: float
) -> None:
    above, below = figure.subplots(2, 1, sharex=True)
    figure.subplots_adjust(left=0.175, right=0.975, bottom=0.155, top=0.97, hspace=0.32)
    factor, printed = scaled(float(np.abs(series.mean).max()), unit)
    _line(above, series.time, series.mean * factor, series.mean_least * factor,
          series.mean_most * factor, INK)  # fmt: skip
    above.set_ylabel(labelled("value" if series.mean_label == "value" else "mean", printed))
    top = reach(np.concatenate([series.error_least, series.error_most]), warn)
    factor, printed = scaled(top, unit)
    paint_band(below, warn * factor, fail * factor, top * factor, criterion)
    below.axhline(0.0, color=INK, linewidth=0.6)
    _line(below, series.time, series.error * factor, series.error_least * factor,
          series.error_most * factor, BLUE)  # fmt: skip
    below.set_ylabel(labelled("error", printed))
    below.set_xlabel(series.time_label)
    if series.borders.size:
        low = np.full(series.borders.size, -top * factor)
        below.vlines(series.borders, low, 0.86 * low, color=GREY, linewidth=1.0,
                     label="chunk borders")  # fmt: skip
    below.margins(x=0.01)
    plain_ticks(above, up=4)
    plain_ticks(below, 6, 5)
    if below.get_legend_handles_labels()[1]:
        legend_above(below)
    figure.align_ylabels()


def _line(
    axes: Axes,
    time: NDArray[np.floating],
    middle: NDArray[np.floating],
    least: NDArray[np.floating],
    most: NDArray[np.floating],
    colour: str,
) -> None:
    """A line, with a band where several steps are gathered."""
    if (most > least).any():
        axes.fill_between(time, least, most, facecolor=colour, alpha=0.3, linewidth=0)
    marker = "o" if time.size <= 12 else None
    axes.plot(time, middle, color=colour, linewidth=1.2, marker=marker, markersize=3)
