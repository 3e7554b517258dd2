"""Z-scores of ensemble members against the others, summed over the cells of a row."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.kernels.jit import compile_loop

Floats = NDArray[np.floating]
Buffer = NDArray[np.float64]


@compile_loop
def _mean(x: Floats, share: float, mean: Buffer) -> None:
    for i in range(x.size):
        mean[i] += share * np.float64(x[i])


@compile_loop
def _squares(x: Floats, mean: Buffer, squares: Buffer) -> None:
    for i in range(x.size):
        d = np.float64(x[i]) - mean[i]
        squares[i] += d * d


@compile_loop
def _scores(
    x: Floats, y: Floats, mean: Buffer, squares: Buffer, members: int, precision: float, row: Buffer
) -> None:
    n = np.float64(members)
    count = of_x = of_y = 0.0
    for i in range(x.size):
        d = np.float64(x[i]) - mean[i]
        f = np.float64(y[i]) - mean[i]
        # Taking a member out moves the mean by d/(n - 1) and the squares by d^2 n/(n - 1).
        others = d / (n - 1.0)
        variance = (squares[i] - d * d * n / (n - 1.0)) / (n - 2.0)
        noise = precision * abs(mean[i])
        good = (variance > noise * noise) & (abs(f) < np.inf) & (variance < np.inf)
        inverse = 1.0 / variance if good else 0.0
        zx = d + others if good else 0.0
        zy = f + others if good else 0.0
        count += 1.0 if good else 0.0
        of_x += zx * zx * inverse
        of_y += zy * zy * inverse
    row[0] += count
    row[1] += of_x
    row[2] += of_y


@compile_loop
def member_scores(
    x: Floats, y: Floats, first: int, step: int, precision: float, sums: NDArray[np.float64]
) -> None:
    """Add to `sums` (members, 3) the cells and the squared z-scores of x and of y.

    `x` and `y` (level, y, x) hold member m at level first + m step. The others' mean and standard
    deviation are those of x; cells count where all members are finite and the others differ by
    more than `precision` of their mean.
    """
    members = sums.shape[0]
    _, rows, columns = x.shape
    mean, squares = np.empty(columns), np.empty(columns)
    for j in range(rows):
        mean[:] = 0.0
        squares[:] = 0.0
        for m in range(members):
            _mean(x[first + m * step, j], 1.0 / members, mean)
        for m in range(members):
            _squares(x[first + m * step, j], mean, squares)
        for m in range(members):
            k = first + m * step
            _scores(x[k, j], y[k, j], mean, squares, members, precision, sums[m])
