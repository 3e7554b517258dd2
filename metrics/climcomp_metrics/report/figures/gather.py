"""What the figures of one level show, taken out of its merged sums."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.conditions import enough, has_bins, has_sigma, has_time, has_values, rounding
from climcomp_metrics.error_shape import error_shape
from climcomp_metrics.level import Level, spread
from climcomp_metrics.report.figures.frame import Reduction
from climcomp_metrics.report.figures.framing import make_reduction
from climcomp_metrics.report.figures.illustration import (
    ErrorShape,
    Illustration,
    Maps,
    Part,
    SpectrumCurves,
    Tails,
    WorstFields,
)
from climcomp_metrics.report.figures.return_data import gather_return_levels
from climcomp_metrics.report.figures.series_data import gather_series
from climcomp_metrics.spectral.spectrum import spectrum_of

QUANTILES_PER_DECADE = 8
FEWEST_BEYOND = 10
"""METRICS, E1: a quantile with fewer values beyond it says little."""

ERROR_BINS = 61
BEYOND = 5e-4
"""The histogram reaches to where this share of the errors lies beyond."""

MOST_WAVES = 160

_BASES = {
    "zonal": "along latitude circles, rows by area",
    "harmonics": "spherical harmonics",
    "cosine": "cosine transform of the largest rectangle without gaps",
}

Found = TypeVar("Found")


def illustrate(level: Level, title: str = "", reduction: Reduction | None = None) -> Illustration:
    """All that the sums of one level have for the figures.

    The fields at the worst time need values, not sums: `with_worst` adds them.

    Parameters
    ----------
    title
        The variable and its level as figures are headed; empty: made of the settings.
    reduction
        What `make_reduction` gives for the grid, if the caller has it from another level: for large
        grids without plain coordinates it takes a second.
    """
    settings = level.settings
    absent: dict[Part, str] = {"worst": "the fields of the worst time were not kept"}

    def part(name: Part, gather: Callable[[], Found | str]) -> Found | None:
        found = (has_values(level) or _exact(level)) or gather()
        if isinstance(found, str):
            absent[name] = found
            return None
        return found

    return Illustration(
        variable=settings.variable,
        level=level.index,
        title=title or _title(level),
        unit=settings.unit,
        kind=settings.kind,
        sigma=level.sigma,
        maps=part("maps", lambda: _maps(level, reduction)),
        tails=part("tails", lambda: _tails(level)),
        series=part("series", lambda: gather_series(level)),
        errors=part("errors", lambda: _errors(level)),
        spectrum=part("spectrum", lambda: _spectrum(level)),
        return_levels=part("return_levels", lambda: gather_return_levels(level)),
        absent=absent,
    )


def worst_time(level: Level) -> int | None:
    """The time step that holds the largest error of a level; None if no value is valid."""
    largest = level.slices["largest"]
    return int(level.times[int(np.argmax(largest))]) if largest.size else None


def with_worst(illustration: Illustration, worst: WorstFields) -> Illustration:
    """The illustration with what `fields_at_worst` gave."""
    absent = dict(illustration.absent)
    absent.pop("worst", None)
    return replace(illustration, worst=worst, absent=absent)


def _exact(level: Level) -> str | None:
    return "every value came back exactly" if level.is_exact else None


def _title(level: Level) -> str:
    levels = level.settings.shape[1]
    name = level.settings.variable
    return name if levels == 1 else f"{name}, level {level.index} (of 0 to {levels - 1})"


def _maps(level: Level, reduction: Reduction | None) -> Maps | str:
    if reason := has_time(level):
        return reason
    grid = level.settings.shape[2], level.settings.shape[3]
    reduction = reduction or make_reduction(grid, level.domain)
    if reduction is None:
        return "the variable has a single cell"
    names = ("e", "ee", "x", "xx")
    sums = {name: np.zeros(grid) for name in names}
    count = np.zeros(grid)
    change = np.full(grid, np.nan)
    for region in level.regions():
        box = region.rows, region.columns
        count[box] += region.count
        for name in names:
            sums[name][box] += region.sums[name]
        maxima = region.maxima.astype(np.float64)
        seen = region.count > 0
        change[box][seen] = maxima[1][seen] - maxima[0][seen]
    n = np.where(count > 0, count, np.nan)
    mean, square = sums["e"] / n, sums["ee"] / n
    deviation = spread(count, sums["x"], sums["xx"])
    # Where the original never changes, there is nothing that noise could be compared with.
    variance = np.where((count > 0) & (deviation > rounding(level)), deviation**2, np.nan)
    weights = level.weights
    if weights is not None and not (weights[count > 0] > 0).any():
        weights = None
    noise = np.sqrt(reduction.mean(np.where(np.isnan(variance), np.nan, square), weights))
    return Maps(
        frame=reduction.frame,
        mean_error=_small(reduction.mean(mean, weights)),
        noise=_small(noise / np.sqrt(reduction.mean(variance, weights))),
        maximum=_small(reduction.mean(change, weights)),
        cells_per_pixel=reduction.cells_per_pixel,
        largest_mean=_furthest(mean),
        largest_noise=_furthest(np.sqrt(square / variance)),
        largest_change=_furthest(change),
    )


def _small(picture: NDArray[np.float64]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        return picture.astype(np.float32)


def _furthest(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(known[np.argmax(np.abs(known))]) if known.size else math.nan


def _tails(level: Level) -> Tails | str:
    count = level.totals["count"]
    reason = has_sigma(level) or has_bins(level) or enough(level, count, 10 * FEWEST_BEYOND)
    if reason:
        return reason
    decades = math.log10(0.5 * count / FEWEST_BEYOND)
    steps = 1 + int(decades * QUANTILES_PER_DECADE)
    share = 0.5 * 10.0 ** -(np.arange(steps) / QUANTILES_PER_DECADE)
    # The rarest that E1 may look at too.
    share = np.append(share[share > 1.05 * FEWEST_BEYOND / count], FEWEST_BEYOND / count)
    low_x, low_y = level.histogram.quantiles(share)
    high_x, high_y = level.histogram.quantiles(1.0 - share)
    return Tails(
        share=share.astype(np.float32),
        low=(low_y - low_x).astype(np.float32),
        high=(high_y - high_x).astype(np.float32),
        low_value=low_x.astype(np.float32),
        high_value=high_x.astype(np.float32),
        values=round(count),
    )


def _errors(level: Level) -> ErrorShape | str:
    if reason := has_sigma(level):
        return reason
    sums = error_shape(level)
    if sums is None or sums.exact == sums.count:
        return "every value of the sampled slices came back exactly"
    top = sums.reach(BEYOND)
    edges = np.linspace(-top, top, ERROR_BINS + 1)
    return ErrorShape(
        edges=(edges * level.sigma).astype(np.float32),
        share=sums.shares(edges).astype(np.float32),
        along_x=sums.correlation("x").astype(np.float32),
        along_y=sums.correlation("y").astype(np.float32),
        along_time=sums.correlation("time").astype(np.float32),
        exact=sums.exact / sums.count,
        sampled=sums.sampled,
    )


def _spectrum(level: Level) -> SpectrumCurves | str:
    spectrum = spectrum_of(level)
    if spectrum is None:
        return "no field without gaps is large enough for a spectrum"
    bands = spectrum.bands(rounding(level))
    if not (spectrum.x > 0).any():
        return "the field has no waves"
    size = 1.0 if spectrum.cell_km is None else spectrum.cell_km
    effective = spectrum.effective_resolution(rounding(level))
    held = np.flatnonzero(spectrum.x > 0)
    edges = np.unique(np.geomspace(1, held.size + 1, MOST_WAVES + 1).round().astype(int)) - 1

    def gathered(values: NDArray[np.float64]) -> NDArray[np.float64]:
        sums: NDArray[np.float64] = np.add.reduceat(values[held], edges[:-1])
        return sums / np.diff(edges)

    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        change = (2.0 * bands.cross + bands.e) / bands.x
        noise = bands.e / bands.x
        middle = np.exp(gathered(np.log(spectrum.wavelength_cells)))
    shown = bands.x > 0
    return SpectrumCurves(
        wavelength=(middle * size).astype(np.float32),
        original=gathered(spectrum.x),
        decoded=gathered(spectrum.y),
        error=gathered(spectrum.e),
        band=(2.0 / bands.centre * size)[shown].astype(np.float32),
        change=change[shown],
        noise=noise[shown],
        is_judged=bands.judged[shown].astype(np.float32),
        is_fine=bands.fine[shown].astype(np.float32),
        effective=math.nan if effective is None else effective * size,
        effective_cells=math.nan if effective is None else effective,
        wavelength_unit="grid lengths" if spectrum.cell_km is None else "km",
        basis=_BASES[spectrum.basis],
        fields=spectrum.fields,
    )
