"""How far quantiles moved, against the share of values beyond them, at both ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from climcomp_metrics.base import Verdict
from climcomp_metrics.report.figures.band import legend_above, paint_band, plain_ticks, reach
from climcomp_metrics.report.figures.drawing import Drawing, render
from climcomp_metrics.report.figures.illustration import Illustration, Tails
from climcomp_metrics.report.figures.limits import limits_of
from climcomp_metrics.report.figures.style import (
    BLUE,
    INK,
    WIDTH,
    exponent_tick,
    labelled,
    scaled,
    unit_text,
)
from climcomp_metrics.report.quantity import number_text, quantity

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEIGHT = 235


def draw_tails(
    illustration: Illustration, verdicts: Sequence[Verdict] | None = None
) -> Drawing | None:
    """Quantile of the reconstruction minus that of the original, with E1's limits as a band.

    Returns
    -------
    None where the illustration has no tails; `absent` says why.
    """
    tails = illustration.tails
    if tails is None:
        return None
    sigma, unit, title = illustration.sigma, illustration.unit, illustration.title
    warn, fail = (limit * sigma for limit in limits_of("E1", illustration.kind, verdicts))
    both = np.concatenate([tails.low, tails.high])
    worst = int(np.argmax(np.abs(both)))
    end, at = ("low", worst) if worst < tails.low.size else ("high", worst - tails.low.size)
    shift = float(both[worst])
    value = float((tails.low_value if end == "low" else tails.high_value)[at])
    found = (
        f"largest shift {quantity(shift, unit_text(unit))} ({number_text(abs(shift) / sigma, 2)} "
        f"sigma) at the {end} end, at {quantity(value, unit_text(unit))}, with "
        f"{number_text(100 * float(tails.share[at]), 2)} % of the values beyond"
    )
    work = partial(_paint, tails=tails, unit=unit, warn=warn, fail=fail)
    return render(
        work, WIDTH, HEIGHT, f"{title}: shifts of the tails",
        "How far each quantile moved"
        + ("; the dots are those that E1 judges" if math.isfinite(fail) else "")
        + ". The rarest low values are at the left, the rarest high ones "
        f"at the right; clipped extremes bend towards the middle. Here: {found}.",
        f"Quantile shifts of {title} against the share of values beyond; {found}.",
    )  # fmt: skip


def _paint(figure: Figure, tails: Tails, unit: str, warn: float, fail: float) -> None:
    top = reach(np.concatenate([tails.low, tails.high]), warn)
    factor, printed = scaled(top, unit)
    left, right = figure.subplots(1, 2, sharey=True)
    figure.subplots_adjust(left=0.155, right=0.975, bottom=0.2, top=0.87, wspace=0.06)
    judged = _judged(tails) if math.isfinite(fail) else []
    for axes, shift in ((left, tails.low), (right, tails.high)):
        paint_band(axes, warn * factor, fail * factor, top * factor, "E1")
        axes.axhline(0.0, color=INK, linewidth=0.8)
        axes.plot(tails.share, shift * factor, color=BLUE, linewidth=1.2)
        # Rarer and rarer values: shares descend, and interpolation wants them ascending.
        if judged:
            at = np.interp(np.log(judged), np.log(tails.share[::-1]), shift[::-1])
            axes.plot(judged, at * factor, "o", color=BLUE, markersize=4.5, label="judged by E1")
        axes.set_xscale("log")
        axes.minorticks_off()
        decades = 10.0 ** np.arange(-1, np.log10(tails.share[-1]) - 0.01, -1)
        axes.set_xticks(decades[:: max(1, len(decades) // 3)])
        axes.xaxis.set_major_formatter(exponent_tick)
    plain_ticks(left, up=5)
    left.set_xlim(tails.share[-1], tails.share[0])
    right.set_xlim(tails.share[0], tails.share[-1])
    right.spines["left"].set_visible(False)
    right.tick_params(axis="y", length=0)
    left.set_ylabel(labelled("shift", printed))
    left.set_xlabel("share of values below")
    right.set_xlabel("share of values above")
    if left.get_legend_handles_labels()[1]:
        legend_above(left)


def _judged(tails: Tails) -> list[float]:
    """The shares that E1 looks at: those with ten values or more beyond them."""
    return [share for share in (1e-4, 1e-3) if share >= 0.999 * float(tails.share[-1])]
