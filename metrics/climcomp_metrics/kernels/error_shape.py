"""Counts of errors by size, and products of errors some cells apart, of one slice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.kernels.jit import compile_clean, compile_loop

Floats = NDArray[np.floating]
Buffer = NDArray[np.float64]


@compile_loop
def load_errors(x: Floats, y: Floats, inverse: float, e: Buffer, v: Buffer) -> tuple[float, float]:
    """Fill e = (y - x) * inverse and v = 1, both 0 where either is not finite; all (y, x).

    Returns
    -------
    How many values are finite in both, and how many of them are equal.
    """
    count = same = 0.0
    for j in range(x.shape[0]):
        for i in range(x.shape[1]):
            a = np.float64(x[j, i])
            b = np.float64(y[j, i])
            good = abs(a + b) < np.inf
            e[j, i] = (b - a) * inverse if good else 0.0
            v[j, i] = 1.0 if good else 0.0
            count += 1.0 if good else 0.0
            same += 1.0 if good & (a == b) else 0.0
    return count, same


@compile_loop
def count_sizes(
    e: Buffer, v: Buffer, inverse: float, shift: int, one: int, counts: NDArray[np.int64]
) -> None:
    """Add each valid e to its bin of `counts` (2 * n), n bins on either side of zero.

    The bin is what `shift` leaves of the bits of 1 + abs(e) * inverse, counted from `one`.
    """
    half = counts.size // 2
    size = np.empty(e.shape[1])
    bits = size.view(np.int64)
    for j in range(e.shape[0]):
        for i in range(e.shape[1]):
            size[i] = 1.0 + abs(e[j, i]) * inverse
        for i in range(e.shape[1]):
            step = min((bits[i] >> shift) - one, half - 1)
            if v[j, i] > 0.0:
                counts[half - 1 - step if e[j, i] < 0.0 else half + step] += 1


@compile_clean
def _product(a: Buffer, b: Buffer) -> float:
    total = 0.0
    for i in range(a.size):
        total += a[i] * b[i]
    return total


@compile_loop
def add_lags(e: Buffer, v: Buffer, whole: bool, lags: int, sums: Buffer) -> None:
    """Add the products of e with e of the cells up to `lags` - 1 further, and how many they are.

    Parameters
    ----------
    whole
        No value is missing, so that the pairs need no counting.
    sums : (2, lags, 2)
        Along x, then along y; by lag; sum of products and number of pairs.
    """
    rows, columns = e.shape
    for lag in range(lags):
        reach = columns - lag
        for j in range(rows):
            if reach > 0:
                sums[0, lag, 0] += _product(e[j, :reach], e[j, lag:])
                sums[0, lag, 1] += reach if whole else _product(v[j, :reach], v[j, lag:])
            if j + lag < rows:
                sums[1, lag, 0] += _product(e[j], e[j + lag])
                sums[1, lag, 1] += columns if whole else _product(v[j], v[j + lag])
