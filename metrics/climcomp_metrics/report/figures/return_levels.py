"""Return levels of original and reconstruction with the original's own uncertainty."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from climcomp_metrics.base import Verdict
from climcomp_metrics.report.figures.band import legend_above, paint_band, plain_ticks, reach
from climcomp_metrics.report.figures.drawing import Drawing, render
from climcomp_metrics.report.figures.illustration import Illustration, ReturnLevels
from climcomp_metrics.report.figures.limits import limits_of
from climcomp_metrics.report.figures.style import (
    BLUE,
    GREY,
    INK,
    VERMILLION,
    WIDTH,
    labelled,
    scaled,
    unit_text,
)
from climcomp_metrics.report.quantity import number_text, quantity

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEIGHT = 300


def draw_return_levels(
    illustration: Illustration, verdicts: Sequence[Verdict] | None = None
) -> Drawing | None:
    """Levels by return period with the bootstrap band; below, their change in standard errors.

    Returns
    -------
    None where the illustration has no return levels; `absent` says why.
    """
    levels = illustration.return_levels
    if levels is None:
        return None
    warn, fail = limits_of("E7", illustration.kind, verdicts)
    change = levels.decoded.astype(np.float64) - levels.original
    worst = int(np.argmax(np.abs(change)))
    found = (
        f"the {number_text(float(levels.years[worst]), 2)}-year level moves by "
        f"{quantity(float(change[worst]), unit_text(illustration.unit))}"
    )
    if levels.error[worst] > 0:
        share = abs(float(change[worst])) / float(levels.error[worst])
        found += f", {number_text(share, 2)} of its standard error"
    work = partial(_paint, levels=levels, unit=illustration.unit, warn=warn, fail=fail)
    return render(
        work, WIDTH, HEIGHT, f"{illustration.title}: return levels",
        "The value that is exceeded once in so many years on average. The grey band is how well "
        f"the original itself knows it ({levels.band}); below, the change by compression in "
        f"standard errors of the original. At {levels.where}: {found}.",
        f"Return levels of {illustration.title} at {levels.where}: {found}.",
    )  # fmt: skip


def _paint(figure: Figure, levels: ReturnLevels, unit: str, warn: float, fail: float) -> None:
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1.5, 1.0))
    figure.subplots_adjust(left=0.155, right=0.975, bottom=0.145, top=0.92, hspace=0.34)
    factor, printed = scaled(float(np.nanmax(np.abs(levels.high))), unit)
    above.fill_between(
        levels.years, levels.low * factor, levels.high * factor, facecolor=GREY, alpha=0.35,
        linewidth=0, label="bootstrap band",
    )  # fmt: skip
    above.plot(levels.years, levels.original * factor, color=INK, label="original")
    above.plot(
        levels.years, levels.decoded * factor, color=VERMILLION, linestyle=(0, (4, 2)),
        label="reconstruction",
    )  # fmt: skip
    above.set_ylabel(labelled("return level", printed))
    handles, names = above.get_legend_handles_labels()
    above.legend(
        handles[1:] + handles[:1], names[1:] + names[:1], loc="lower left",
        bbox_to_anchor=(0.0, 1.01), ncols=3, borderpad=0.0, handletextpad=0.5,
    )  # fmt: skip
    error = levels.error.astype(np.float64)
    known = error > 0
    change = np.full(error.shape, math.nan)
    change[known] = (levels.decoded[known].astype(np.float64) - levels.original[known]) / error[
        known
    ]
    paint_band(below, warn, fail, reach(change, warn), "E7")
    below.axhline(0.0, color=INK, linewidth=0.6)
    below.plot(levels.years, change, color=BLUE, marker="o", markersize=3, linewidth=1.2)
    below.set_ylabel("change\n(std. errors)")
    below.set_xlabel("return period (years)")
    below.set_xscale("log")
    below.minorticks_off()
    shown = [y for y in (2, 5, 10, 20, 50, 100, 200, 500, 1000)
             if levels.years[0] <= y <= levels.years[-1]]  # fmt: skip
    below.set_xticks(shown, [str(y) for y in shown])
    plain_ticks(above, up=5)
    plain_ticks(below, up=5)
    legend_above(below)
    figure.align_ylabels()
