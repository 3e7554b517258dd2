"""The standard deviation that errors are measured against: METRICS, "Conventions"."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp.errors import MetricError
from climcomp_metrics.level import FEWEST_TIMES

FEWEST_PER_MONTH = 3
"""Samples of a calendar month below which its mean would be fitted to noise."""

BAND_DEGREES = 1.0

ROUNDING = 1e-13
"""Means in float64 leave a constant field this far from constant, as a share of its size."""


def estimate_sigma(
    sample: NDArray[np.floating],
    months: NDArray[np.integer] | None,
    weights: NDArray[np.float64] | None,
    lat: NDArray[np.float64] | None,
) -> tuple[tuple[float, ...], str]:
    """Sigma of each level, and which standard deviation it is, in words.

    Parameters
    ----------
    sample : (time, level, y, x)
        NaN and infinities are left out.
    months : (time,)
        Month numbers, or None.
    weights : (y, x)
        Area weights; None: all cells count alike.
    lat : (y,), (y, x) or (cell,)
        Degrees, or None.

    Returns
    -------
    With 30 steps or more: sqrt(<sigma_i^2>), sigma_i the standard deviation in time of cell i about
    its means by calendar month, where every month that occurs has three samples or more, else about
    its mean; degrees of freedom are corrected. With fewer: the standard deviation about means of
    1-degree latitude bands in each step; without latitudes: of all cells. Zero where there is
    nothing but rounding, NaN where nothing is valid.
    """
    if sample.ndim != 4:
        raise MetricError(f"a sample must be (time, level, y, x), not {sample.shape}")
    times, levels, rows, columns = sample.shape
    grid = np.ones((rows, columns)) if weights is None else weights
    by_weight = "area-weighted" if weights is not None else "unweighted"
    if times >= FEWEST_TIMES:
        groups, how = _seasons(months, times)
        words = f"standard deviation in time about {how}, {by_weight} over cells"
    else:
        groups, how = _bands(lat, rows, columns)
        words = f"spatial standard deviation {how} ({times} time steps), {by_weight}"
    sigmas = []
    for k in range(levels):
        x = sample[:, k].astype(np.float64)
        x = np.where(np.isfinite(x), x, np.nan)
        variance = (
            _variance_in_time(x, groups, grid)
            if times >= FEWEST_TIMES
            else _variance_in_space(x, groups, grid)
        )
        sigma = float(np.sqrt(variance))
        size = float(np.max(np.abs(x), initial=0.0, where=np.isfinite(x)))
        sigmas.append(0.0 if sigma <= ROUNDING * size else sigma)
    return tuple(sigmas), words


def _seasons(months: NDArray[np.integer] | None, times: int) -> tuple[NDArray[np.int64], str]:
    """A group number for each time step."""
    if months is not None:
        _, group, count = np.unique(months, return_inverse=True, return_counts=True)
        if count.min() >= FEWEST_PER_MONTH:
            return group.astype(np.int64), "means by calendar month"
    return np.zeros(times, np.int64), "the time mean"


def _bands(
    lat: NDArray[np.float64] | None, rows: int, columns: int
) -> tuple[NDArray[np.int64], str]:
    """A group number for each cell, flat."""
    if lat is None or not np.isfinite(lat).any():
        return np.zeros(rows * columns, np.int64), "of all cells, for there are no latitudes"
    every = lat if lat.size == rows * columns else np.repeat(lat, columns)
    band = np.floor(np.nan_to_num(every.ravel(), nan=-999.0) / BAND_DEGREES)
    _, group = np.unique(band, return_inverse=True)
    return group.astype(np.int64), "about means of 1-degree latitude bands"


def _variance_in_time(
    x: NDArray[np.float64], groups: NDArray[np.int64], weights: NDArray[np.float64]
) -> float:
    """Weighted mean over cells of the variance about group means, of cells with two to spare."""
    squares, freedom = np.zeros(weights.shape), np.zeros(weights.shape)
    for group in np.unique(groups):
        part = x[groups == group]
        valid = np.isfinite(part)
        count = valid.sum(axis=0)
        mean = np.where(valid, part, 0.0).sum(axis=0) / np.maximum(count, 1)
        with np.errstate(over="ignore"):  # of 1e300: infinite, so undefined, so lossless
            squares += (np.where(valid, part - mean, 0.0) ** 2).sum(axis=0)
        freedom += np.maximum(count - 1, 0)
    good = (freedom >= 2) & (weights > 0)
    if not good.any():
        return float("nan")
    variance = squares[good] / freedom[good]
    return float((weights[good] * variance).sum() / weights[good].sum())


def _variance_in_space(
    x: NDArray[np.float64], groups: NDArray[np.int64], weights: NDArray[np.float64]
) -> float:
    """Weighted variance about band means of each step, all steps together."""
    flat = x.reshape(len(x), weights.size)
    valid = np.isfinite(flat)
    w = np.where(valid, weights.reshape(1, -1), 0.0)
    value = np.where(valid, flat, 0.0)
    squares = total = 0.0
    for step in range(len(x)):
        weight = np.bincount(groups, w[step])
        mean = np.bincount(groups, w[step] * value[step]) / np.where(weight > 0, weight, 1.0)
        squares += float((w[step] * (value[step] - mean[groups]) ** 2).sum())
        total += float(w[step].sum())
    return squares / total if total > 0 else float("nan")
