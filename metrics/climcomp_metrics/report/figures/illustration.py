"""What the figures of one level need, small enough to be kept in the archive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.report.figures.frame import Frame

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Maps:
    """What happened to each cell along time, as small pictures (see `Frame`); NaN is missing.

    Parameters
    ----------
    mean_error : (rows, columns)
        Mean of e over time, in the variable's unit.
    noise : (rows, columns)
        Rms of e over the standard deviation of x in time, in 1.
    maximum : (rows, columns)
        Change of the largest value in time.
    cells_per_pixel
        1 where nothing was averaged.
    largest_mean, largest_noise, largest_change
        Over all cells, before any averaging; the first and the last with their sign.
    """

    frame: Frame
    mean_error: Array
    noise: Array
    maximum: Array
    cells_per_pixel: float
    largest_mean: float
    largest_noise: float
    largest_change: float


@dataclass(frozen=True, slots=True, eq=False)
class WorstFields:
    """Original, reconstruction and error when the error was largest; single cells, not means.

    Parameters
    ----------
    original, decoded, error : (rows, columns)
        In the variable's unit.
    across, up
        Where the worst cell lies, in the frame's units.
    value, worst
        The original value and the error there.
    when
        The time step in words: "step 17 (1850-06-01)"; empty without time.
    where
        The place in words.
    """

    frame: Frame
    original: Array
    decoded: Array
    error: Array
    cells_per_pixel: float
    across: float
    up: float
    value: float
    worst: float
    when: str
    where: str


@dataclass(frozen=True, slots=True, eq=False)
class Tails:
    """How far the quantiles moved at both ends.

    Parameters
    ----------
    share : (quantiles,)
        The share of values that lies beyond, from 0.5 down.
    low, high : (quantiles,)
        Quantile of y minus that of x, with that share of values below, and above.
    low_value, high_value : (quantiles,)
        The original quantiles.
    values
        How many there are.
    """

    share: Array
    low: Array
    high: Array
    low_value: Array
    high_value: Array
    values: int


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """The mean over the domain, by time; many steps are gathered into bins.

    Parameters
    ----------
    time : (bins,)
        On the axis that `time_label` names: years, days, or steps where dates are not known.
    mean, mean_least, mean_most : (bins,)
        Of the original; least and most of the steps in the bin.
    error, error_least, error_most : (bins,)
        Of the error of the mean.
    borders : (borders,)
        Where chunks begin along time, on the same scale; empty if too many to show.
    spread
        Standard deviation of the original's series, of which C1 takes its limits.
    steps
        How many time steps there are.
    time_label, mean_label
        What the axes are called.
    """

    time: NDArray[np.float64]
    mean: NDArray[np.float64]
    mean_least: NDArray[np.float64]
    mean_most: NDArray[np.float64]
    error: Array
    error_least: Array
    error_most: Array
    borders: NDArray[np.float64]
    spread: float
    steps: int
    time_label: str
    mean_label: str


@dataclass(frozen=True, slots=True, eq=False)
class ErrorShape:
    """How errors are distributed and how much neighbours share; of the sampled slices.

    Parameters
    ----------
    edges : (bins + 1,)
        In the variable's unit, evenly spaced.
    share : (bins,)
        Share of the values in each bin.
    along_x, along_y, along_time : (lags,)
        Correlation of e with e so many steps away, from lag 0; empty where it cannot be had.
    exact
        Share of the values that came back exactly.
    sampled
        What was measured, in words; empty: all values.
    """

    edges: Array
    share: Array
    along_x: Array
    along_y: Array
    along_time: Array
    exact: float
    sampled: str


@dataclass(frozen=True, slots=True, eq=False)
class SpectrumCurves:
    """Energy by wavelength, and by the bands that S1 to S3 judge.

    Parameters
    ----------
    wavelength : (waves,)
        Descending, in `wavelength_unit`; of many short waves, means of several are kept.
    original, decoded, error : (waves,)
        Energy of one wavenumber in the unit squared, mean over the measured fields.
    band : (bands,)
        Wavelength of each band's middle.
    change, noise : (bands,)
        Ey/Ex - 1 and Ee/Ex.
    is_judged, is_fine : (bands,)
        1 or 0: whether the band counts, and whether it has the limits of fine scales.
    effective
        The effective resolution (S3) in `wavelength_unit` and in grid lengths; NaN if unknown.
    wavelength_unit
        "km"; "grid lengths" where the grid has no coordinates.
    basis
        In words.
    fields
        How many fields it is the mean of.
    """

    wavelength: Array
    original: NDArray[np.float64]
    decoded: NDArray[np.float64]
    error: NDArray[np.float64]
    band: Array
    change: NDArray[np.float64]
    noise: NDArray[np.float64]
    is_judged: Array
    is_fine: Array
    effective: float
    effective_cells: float
    wavelength_unit: str
    basis: str
    fields: int


@dataclass(frozen=True, slots=True, eq=False)
class ReturnLevels:
    """How large a value must be to be exceeded once in so many years, at one place.

    Parameters
    ----------
    years : (periods,)
        Return periods.
    original, decoded, low, high : (periods,)
        Return levels in the variable's unit; `low` to `high` is the original's bootstrap band.
    error : (periods,)
        Bootstrap standard error of the original's return level, which E7 measures by.
    where
        The place in words, and why this one.
    band
        What the band is, in words: "90 % of 200 bootstrap samples".
    """

    years: Array
    original: Array
    decoded: Array
    low: Array
    high: Array
    error: Array
    where: str
    band: str


Part = Literal["maps", "worst", "tails", "series", "errors", "spectrum", "return_levels"]


@dataclass(frozen=True, slots=True, eq=False)
class Illustration:
    """All that the figures of one level show.

    Parameters
    ----------
    level
        The folded level.
    title
        The variable and its level in words, as figures are headed.
    kind
        The class: "C", "P" or "B".
    sigma
        The plan's standard deviation of the level, in which METRICS has its limits.
    absent
        Why a part is None, by its name.
    """

    variable: str
    level: int
    title: str
    unit: str
    kind: Literal["C", "P", "B"]
    sigma: float
    maps: Maps | None = None
    worst: WorstFields | None = None
    tails: Tails | None = None
    series: Series | None = None
    errors: ErrorShape | None = None
    spectrum: SpectrumCurves | None = None
    return_levels: ReturnLevels | None = None
    absent: Mapping[Part, str] = field(default_factory=dict)
