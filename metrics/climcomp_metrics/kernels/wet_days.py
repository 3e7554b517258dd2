"""Counts of wet values before and after, weighted by area."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.kernels.jit import compile_loop

Floats = NDArray[np.floating]

LOST, GAINED, KEPT = range(3)
"""Columns: wet in x alone, in y alone, in both."""


@compile_loop
def _count_row(x: Floats, y: Floats, threshold: float) -> tuple[int, int, int]:
    lost = gained = kept = np.int64(0)
    for i in range(x.size):
        a = np.float64(x[i])
        b = np.float64(y[i])
        finite = (abs(a) < np.inf) & (abs(b) < np.inf)
        wet_x = finite & (a >= threshold)
        wet_y = finite & (b >= threshold)
        lost += np.int64(wet_x & (not wet_y))
        gained += np.int64(wet_y & (not wet_x))
        kept += np.int64(wet_x & wet_y)
    return int(lost), int(gained), int(kept)


@compile_loop
def _weigh_row(
    x: Floats, y: Floats, threshold: float, weights: NDArray[np.float64]
) -> tuple[float, float, float]:
    lost = gained = kept = 0.0
    for i in range(x.size):
        a = np.float64(x[i])
        b = np.float64(y[i])
        finite = (abs(a) < np.inf) & (abs(b) < np.inf)
        wet_x = finite & (a >= threshold)
        wet_y = finite & (b >= threshold)
        lost += weights[i] if wet_x & (not wet_y) else 0.0
        gained += weights[i] if wet_y & (not wet_x) else 0.0
        kept += weights[i] if wet_x & wet_y else 0.0
    return lost, gained, kept


@compile_loop
def count_wet(
    x: Floats,
    y: Floats,
    k: int,
    thresholds: NDArray[np.float64],
    weights: NDArray[np.float64],
    by_row: bool,
    counts: NDArray[np.float64],
    areas: NDArray[np.float64],
) -> None:
    """Add up level `k` of two (time, level, y, x) arrays, of values that are finite in both.

    `weights` are (y, 1) where they are the same along a row (`by_row`), else (y, x). `counts` and
    `areas` (thresholds, 3) take the columns named above, as numbers and as areas.
    """
    times, _, rows, _ = x.shape
    for t in range(times):
        for j in range(rows):
            for n in range(thresholds.size):
                found = _count_row(x[t, k, j], y[t, k, j], thresholds[n])
                for column in range(3):
                    counts[n, column] += found[column]
                    if by_row:
                        areas[n, column] += found[column] * weights[j, 0]
                if not by_row:
                    share = _weigh_row(x[t, k, j], y[t, k, j], thresholds[n], weights[j])
                    for column in range(3):
                        areas[n, column] += share[column]
