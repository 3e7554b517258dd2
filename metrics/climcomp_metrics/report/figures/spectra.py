"""Energy by wavelength of original, reconstruction and error, with their ratios."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.base import Verdict
from climcomp_metrics.report.figures.band import legend_above
from climcomp_metrics.report.figures.drawing import Drawing, render
from climcomp_metrics.report.figures.illustration import Illustration, SpectrumCurves
from climcomp_metrics.report.figures.limits import limits_of
from climcomp_metrics.report.figures.style import (
    BLUE,
    GREY,
    INK,
    MINUS,
    VERMILLION,
    WIDTH,
    exponent_tick,
    labelled,
    unit_text,
)
from climcomp_metrics.report.quantity import counted, number_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEIGHT = 345

Limits = dict[str, tuple[float, float]]


def draw_spectrum(
    illustration: Illustration, verdicts: Sequence[Verdict] | None = None
) -> Drawing | None:
    """Spectra above, abs(Ey/Ex - 1) and Ee/Ex below with the limits of S1 and S2.

    Returns
    -------
    None where the illustration has no spectrum; `absent` says why.
    """
    curves = illustration.spectrum
    if curves is None:
        return None
    ids = ("S1", "S1-fine", "S2", "S2-fine")
    limits = {name: limits_of(name, illustration.kind, verdicts) for name in ids}
    judged = curves.is_judged > 0
    found = "no band of waves is judged"
    if judged.any():
        change = float(np.abs(curves.change[judged]).max())
        noise = float(curves.noise[judged].max())
        found = (
            f"the energy of no band changes by more than {number_text(100 * change, 2)} %, and the "
            f"error has at most {number_text(100 * noise, 2)} % of a band's energy"
        )
    resolved = ""
    if math.isfinite(curves.effective):
        cells = f"{number_text(curves.effective_cells, 2)} grid lengths"
        size = f"{number_text(curves.effective, 2)} km, "
        resolved = (
            f" Waves down to {size if curves.wavelength_unit == 'km' else ''}{cells} are resolved: "
            "the error has less than a tenth of their energy."
        )
    work = partial(_paint, curves=curves, unit=illustration.unit, limits=limits)
    return render(
        work, WIDTH, HEIGHT, f"{illustration.title}: spectra",
        "Above: energy of waves by their length, long ones at the left. Where the error comes near "
        "the original, waves are lost in noise; where the reconstruction falls below it, they are "
        f"smoothed away. Below: the ratios that are judged, with dashes where S1 and "
        "S2 fail; hollow bands are not judged. Basis: "
        f"{curves.basis}; mean of {counted(curves.fields, 'field')}.{resolved}",
        f"Spectra of {illustration.title}: {found}.{resolved}",
    )  # fmt: skip


def _paint(figure: Figure, curves: SpectrumCurves, unit: str, limits: Limits) -> None:
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1.2, 1.0))
    figure.subplots_adjust(left=0.155, right=0.975, bottom=0.125, top=0.925, hspace=0.26)
    for values, colour, dashes, width, name in (
        (curves.original, INK, "-", 1.4, "original"),
        (curves.decoded, VERMILLION, (0, (4, 2)), 1.4, "reconstruction"),
        (curves.error, BLUE, "-", 1.2, "error"),
    ):
        above.plot(
            curves.wavelength, np.where(values > 0, values, np.nan), color=colour,
            linestyle=dashes, linewidth=width, label=name,
        )  # fmt: skip
    squared = unit_text(unit)
    squared = f"{squared}²" if squared and " " not in squared and "/" not in squared else (
        f"({squared})²" if squared else ""
    )  # fmt: skip
    above.set_ylabel(labelled("energy", squared))
    legend_above(above)
    _paint_ratios(below, curves, limits)
    for axes in (above, below):
        axes.set_yscale("log")
        axes.set_xscale("log")
        axes.minorticks_off()
        if math.isfinite(curves.effective):
            axes.axvline(curves.effective, color=GREY, linewidth=1.1, dashes=(2, 2))
    _decades(above, curves.original, curves.error)
    _decades(below, np.abs(curves.change), curves.noise, *(
        np.array(limit) for limit in limits.values()))  # fmt: skip
    longest = max(float(curves.wavelength[0]), float(curves.band[0]))
    shortest = min(float(curves.wavelength[-1]), float(curves.band[-1]))
    below.set_xlim(1.08 * longest, shortest / 1.08)
    ticks = [
        one * 10.0**power for power in range(-1, 6) for one in (1, 2, 5)
        if shortest <= one * 10.0**power <= longest
    ]  # fmt: skip
    below.set_xticks(ticks[:: -(-len(ticks) // 8)])
    below.xaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    below.set_xlabel(f"wavelength ({curves.wavelength_unit})")
    below.set_ylabel("share of Ex")
    legend_above(below)
    if math.isfinite(curves.effective):
        above.annotate(
            "effective resolution", (curves.effective, 0.98),
            xycoords=("data", "axes fraction"), rotation=90, fontsize=9, ha="right", va="top",
        )  # fmt: skip
    figure.align_ylabels()


def _paint_ratios(axes: Axes, curves: SpectrumCurves, limits: Limits) -> None:
    judged = curves.is_judged > 0
    for values, colour, marker, name, ids in (
        (np.abs(curves.change), VERMILLION, "s", f"|Ey/Ex {MINUS} 1|", ("S1", "S1-fine")),
        (curves.noise, BLUE, "o", "Ee/Ex", ("S2", "S2-fine")),
    ):
        known = np.where(values > 0, values, np.nan)
        axes.plot(curves.band, known, color=colour, linewidth=0.9)
        axes.plot(
            curves.band[judged], known[judged], marker, color=colour, markersize=3.5, label=name
        )
        axes.plot(
            curves.band[~judged], known[~judged], marker, color=colour, markersize=3.5,
            fillstyle="none", markeredgewidth=0.8,
        )  # fmt: skip
        for part, is_fine in zip(ids, (False, True), strict=True):
            here = curves.band[(curves.is_fine > 0) == is_fine]
            fail = limits[part][1]
            if here.size and math.isfinite(fail):
                axes.plot(
                    [here[0], here[-1]], [fail, fail], color=colour, linewidth=1.0,
                    linestyle=(0, (5, 2)),
                )  # fmt: skip


def _decades(axes: Axes, *values: NDArray[np.floating]) -> None:
    """Ticks at powers of ten, and no more than twelve of them below the largest value."""
    every = np.concatenate([np.ravel(v) for v in values])
    every = every[np.isfinite(every) & (every > 0)]
    if not every.size:
        return
    high = math.log10(float(every.max())) + 0.25
    low = max(math.log10(float(every.min())) - 0.25, high - 12.0)
    axes.set_ylim(10.0**low, 10.0**high)
    step = max(1, round((high - low) / 5))
    axes.set_yticks([10.0**power for power in range(math.ceil(low), math.floor(high) + 1, step)])
    axes.yaxis.set_major_formatter(exponent_tick)
