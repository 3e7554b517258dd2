"""The distribution of errors, and how alike errors of neighbours are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.base import Verdict
from climcomp_metrics.report.figures.band import legend_above, plain_ticks
from climcomp_metrics.report.figures.drawing import Drawing, render
from climcomp_metrics.report.figures.illustration import ErrorShape, Illustration
from climcomp_metrics.report.figures.limits import limits_of
from climcomp_metrics.report.figures.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    VERMILLION,
    WIDTH,
    labelled,
    scaled,
    unit_text,
)
from climcomp_metrics.report.quantity import number_text, percent, quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEIGHT = 235

PEAKED = 0.25
"""Where one of 61 bins holds more than this, shares are drawn on a logarithmic axis."""


def draw_errors(
    illustration: Illustration,
    verdicts: Sequence[Verdict] | None = None,
    bound: float | None = None,
) -> Drawing | None:
    """Histogram of e, and its correlation with itself some cells or steps away.

    Parameters
    ----------
    bound
        The absolute error bound of this level, in the unit of the variable; None: no such bound.

    Returns
    -------
    None where the illustration has no errors; `absent` says why.
    """
    shape = illustration.errors
    if shape is None:
        return None
    warn, _ = limits_of("P10", illustration.kind, verdicts)
    inside = float(shape.share.sum())
    top = quantity(float(shape.edges[-1]), unit_text(illustration.unit))
    beyond = f" {percent(1.0 - inside)} lie beyond the axis." if inside < 0.9999 else ""
    exact = f" {percent(shape.exact)} of the values came back exactly." if shape.exact > 0 else ""
    lags = [
        f"{along} {number_text(float(values[1]), 2)}" for along, values in _lines(shape).items()
    ]
    found = f"errors reach to about {top}"
    if lags:
        found += f"; with the next neighbour they correlate by {', '.join(lags)}"
    work = partial(_paint, shape=shape, unit=illustration.unit, warn=warn, bound=bound)
    return render(
        work, WIDTH, HEIGHT, f"{illustration.title}: errors and their neighbours",
        "Left: how often errors of each size occur. A sound codec gives a symmetric heap; a "
        "lopsided one is a bias, spikes are steps of rounding. Right: correlation of an error with "
        "the one some cells or steps away: noise falls to zero at once, smoothing does not."
        f"{beyond}{exact}" + (f" Measured on {shape.sampled}." if shape.sampled else ""),
        f"Histogram and autocorrelation of the errors of {illustration.title}: {found}.",
    )  # fmt: skip


def _lines(shape: ErrorShape) -> dict[str, NDArray[np.floating]]:
    every = {"along x": shape.along_x, "along y": shape.along_y, "in time": shape.along_time}
    return {name: values for name, values in every.items() if values.size > 1}


def _paint(figure: Figure, shape: ErrorShape, unit: str, warn: float, bound: float | None) -> None:
    lines = _lines(shape)
    if lines:
        left, right = figure.subplots(1, 2, width_ratios=(1.15, 1.0))
        figure.subplots_adjust(left=0.13, right=0.975, bottom=0.2, top=0.88, wspace=0.36)
        _paint_lags(right, lines, warn)
    else:
        left = figure.subplots()
        figure.subplots_adjust(left=0.13, right=0.975, bottom=0.2, top=0.88)
    top = float(shape.edges[-1])
    factor, printed = scaled(max(top, bound or 0.0), unit)
    percents = 100.0 * shape.share
    left.stairs(
        percents, shape.edges * factor, fill=True, facecolor=BLUE, alpha=0.55, edgecolor="none"
    )
    if shape.share.max() > PEAKED:
        left.set_yscale("log")
        left.set_ylim(max(float(percents[percents > 0].min()), 1e-4), 150.0)
        left.minorticks_off()
        left.yaxis.set_major_formatter(lambda value, _: number_text(value))
        plain_ticks(left, 4)
    else:
        plain_ticks(left, 4, 5)
    if bound is not None and bound < 3.0 * top:
        for side in (-bound, bound):
            left.axvline(side * factor, color=VERMILLION, linewidth=1.0, dashes=(5, 2),
                         label="error bound" if side < 0 else "_")  # fmt: skip
        legend_above(left)
    left.axvline(0.0, color=INK, linewidth=0.6)
    left.set_xlabel(labelled("error", printed))
    left.set_ylabel("% of values in each bin")


def _paint_lags(axes: Axes, lines: dict[str, NDArray[np.floating]], warn: float) -> None:
    styles = {
        "along x": (BLUE, "o", "-"),
        "along y": (VERMILLION, "s", (0, (4, 1.5))),
        "in time": (GREEN, "^", (0, (1.2, 1.2))),
    }
    axes.axhline(0.0, color=INK, linewidth=0.6)
    if math.isfinite(warn):
        axes.axhline(warn, color=GREY, linewidth=1.0, dashes=(5, 2))
        axes.annotate("P10 warns", (8.3, warn), ha="right", va="bottom", fontsize=9)
    for name, values in lines.items():
        colour, marker, dashes = styles[name]
        axes.plot(
            np.arange(1, values.size), values[1:], color=colour, linestyle=dashes, marker=marker,
            markersize=3.5, linewidth=1.2, label=name,
        )  # fmt: skip
    lowest = min(float(values[1:].min()) for values in lines.values())
    highest = max(float(values[1:].max()) for values in lines.values())
    axes.set_ylim(min(-0.1, 1.15 * lowest), max(0.45, 1.4 * highest))
    plain_ticks(axes, up=6)
    axes.set_xlim(0.6, 8.4)
    axes.set_xticks([1, 2, 4, 6, 8])
    axes.set_xlabel("cells or steps apart")
    axes.set_ylabel("correlation")
    axes.legend(loc="upper right", fontsize=9, handlelength=2.2)
