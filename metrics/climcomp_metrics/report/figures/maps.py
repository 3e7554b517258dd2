"""Maps of what happened to each cell along time: mean error, noise, change of the maximum."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.report.figures.colours import Scale, signed_scale, unsigned_scale
from climcomp_metrics.report.figures.drawing import Drawing, render
from climcomp_metrics.report.figures.frame import Frame
from climcomp_metrics.report.figures.illustration import Illustration
from climcomp_metrics.report.figures.picture import paint, sheet_height
from climcomp_metrics.report.figures.smaller import mean_of, rms_of
from climcomp_metrics.report.figures.style import WIDTH, labelled, scaled, unit_text
from climcomp_metrics.report.quantity import number_text, quantity


def draw_maps(illustration: Illustration, most_columns: int = 180) -> tuple[Drawing, ...]:
    """Three maps: mean error, rms error over local variability, change of the cell maximum.

    Parameters
    ----------
    most_columns
        Pixels are gathered until the map has about so many columns and half as many rows: fewer
        make a smaller page.

    Returns
    -------
    Empty where the illustration has no maps; `absent` says why.
    """
    maps = illustration.maps
    if maps is None:
        return ()
    mean = mean_of(maps.mean_error, most_columns)
    noise = rms_of(maps.noise, most_columns)
    change = mean_of(maps.maximum, most_columns)
    title, unit, sigma = illustration.title, illustration.unit, illustration.sigma
    per_pixel = maps.cells_per_pixel * maps.mean_error.size / mean.size
    return (
        _draw(
            maps.frame, mean, signed_scale(mean), unit, "mean error",
            title=f"{title}: mean error",
            caption="Mean over time of reconstruction minus original. Noise without direction is "
            "patchy and pale; a pattern that follows land, ice or currents is a bias."
            + _pixels(per_pixel, "the mean"),
            alt=f"Map of the mean error of {title}, "
            + _largest(maps.largest_mean, unit, sigma, "of either sign in any cell"),
        ),
        _draw(
            maps.frame, noise, unsigned_scale(noise), "", "rms error / local SD in time",
            title=f"{title}: error against local variability",
            caption="Root mean square of the error in time, over the standard deviation of the "
            "original in time at the same place: where this is large, the compression noise stands "
            "out from the local weather. Grey: no values, or an original that never changes."
            + _pixels(per_pixel, "that of all its cells together"),
            alt=f"Map of the rms error of {title} over the local standard deviation in time, "
            + _largest(maps.largest_noise, "", math.nan, "in any cell"),
        ),
        _draw(
            maps.frame, change, signed_scale(change), unit, "change of the maximum",
            title=f"{title}: change of the cell maximum",
            caption="Largest value in time of the reconstruction minus that of the original, cell "
            "by cell. Red: record highs were raised; blue: lowered, as clipping does."
            + _pixels(per_pixel, "the mean"),
            alt=f"Map of the change of the largest value in time of {title}, "
            + _largest(maps.largest_change, unit, sigma, "of either sign in any cell"),
        ),
    )  # fmt: skip


def _draw(
    frame: Frame,
    picture: NDArray[np.floating],
    scale: Scale,
    unit: str,
    name: str,
    *,
    title: str,
    caption: str,
    alt: str,
) -> Drawing:
    factor, printed = scaled(scale.edges[-1], unit)
    work = partial(
        paint, frame=frame, picture=picture, scale=scale, factor=factor,
        label=labelled(name, printed),
    )  # fmt: skip
    return render(work, WIDTH, sheet_height(frame), title, caption, alt)


def _pixels(cells: float, what: str) -> str:
    if cells < 1.05:
        return ""
    return f" A pixel stands for about {number_text(cells, 2)} cells and shows {what}."


def _largest(value: float, unit: str, sigma: float, where: str) -> str:
    if not math.isfinite(value):
        return "which no cell has."
    shown = quantity(value, unit_text(unit))
    share = f" ({number_text(abs(value) / sigma, 2)} sigma)" if sigma > 0 else ""
    return f"largest {where}: {shown}{share}."
