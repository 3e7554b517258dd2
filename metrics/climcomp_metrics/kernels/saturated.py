"""Sums over the cells whose original lies at an end of its physical range."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.kernels.jit import compile_loop

Floats = NDArray[np.floating]


@compile_loop
def add_saturated(
    x: Floats,
    y: Floats,
    k: int,
    low: float,
    high: float,
    reference: float,
    neighbours: bool,
    wrap: bool,
    sums: NDArray[np.float64],
) -> None:
    """Add up the saturated cells of level `k` of two (time, level, y, x) arrays.

    `sums` (2, 7): n, e, ee, d, dd, de, (de)^2 with d = x - reference over all such cells; then the
    same with the 5-point Laplacian of x as d, over those that have four valid neighbours.
    """
    times, _, rows, columns = x.shape
    for t in range(times):
        for j in range(rows):
            for i in range(columns):
                value = np.float64(x[t, k, j, i])
                if value != low and value != high:
                    continue
                e = np.float64(y[t, k, j, i]) - value
                if not abs(e) < np.inf:
                    continue
                _add(sums[0], value - reference, e)
                if not neighbours or j == 0 or j == rows - 1:
                    continue
                if not wrap and (i == 0 or i == columns - 1):
                    continue
                west, east = (i - 1) % columns, (i + 1) % columns
                curve = (
                    (np.float64(x[t, k, j, west]) + np.float64(x[t, k, j, east]))
                    + (np.float64(x[t, k, j - 1, i]) + np.float64(x[t, k, j + 1, i]))
                    - 4.0 * value
                )
                around = (
                    (np.float64(y[t, k, j, west]) + np.float64(y[t, k, j, east]))
                    + (np.float64(y[t, k, j - 1, i]) + np.float64(y[t, k, j + 1, i]))
                )  # fmt: skip
                if abs(curve) + abs(around) < np.inf:
                    _add(sums[1], curve, e)


@compile_loop
def _add(row: NDArray[np.float64], d: float, e: float) -> None:
    product = d * e
    row[0] += 1.0
    row[1] += e
    row[2] += e * e
    row[3] += d
    row[4] += d * d
    row[5] += product
    row[6] += product * product
