"""Structural similarity of two maps: Gaussian windows of 11 x 11 cells in one pass over the rows.

Each row is filtered along itself once, into a ring of the eleven rows that a window needs, and
then across: 2 x 11 products a cell in place of 121.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.kernels.jit import compile_clean, compile_loop

REACH = 5
SIZE = 2 * REACH + 1
DEVIATION = 1.5

FAR = 1e30
"""Scaled values beyond are taken for this: their fourth powers must stay finite."""

Floats = NDArray[np.floating]
Buffer = NDArray[np.float64]


def taps() -> Buffer:
    """(6,) weights of a window from its middle outwards; a whole window has the sum 1."""
    half: Buffer = np.exp(-0.5 * (np.arange(REACH + 1) / DEVIATION) ** 2)
    half /= half[0] + 2.0 * half[1:].sum()
    return half


@compile_loop
def _load(
    x: Floats, y: Floats, low: float, inverse: float, a: Buffer, b: Buffer, w: Buffer
) -> float:
    """Scaled values between the margins of the buffers, 0 where either is not finite."""
    count = 0.0
    for i in range(x.size):
        p = (np.float64(x[i]) - low) * inverse
        q = (np.float64(y[i]) - low) * inverse
        good = (abs(p) < np.inf) & (abs(q) < np.inf)
        a[REACH + i] = min(max(p, -FAR), FAR) if good else 0.0
        b[REACH + i] = min(max(q, -FAR), FAR) if good else 0.0
        w[REACH + i] = 1.0 if good else 0.0
        count += 1.0 if good else 0.0
    return count


@compile_clean
def _products(a: Buffer, b: Buffer, squares: Buffer, product: Buffer) -> None:
    for i in range(a.size):
        squares[i] = a[i] * a[i] + b[i] * b[i]
        product[i] = a[i] * b[i]


@compile_loop
def _margins(padded: Buffer, columns: int, wrap: bool) -> None:
    for i in range(REACH):
        padded[i] = padded[columns + i] if wrap else 0.0
        padded[REACH + columns + i] = padded[REACH + i] if wrap else 0.0


@compile_clean
def _along(padded: Buffer, g: Buffer, out: Buffer) -> None:
    g0, g1, g2, g3, g4, g5 = g[0], g[1], g[2], g[3], g[4], g[5]
    for i in range(out.size):
        out[i] = (
            g0 * padded[i + 5]
            + g1 * (padded[i + 4] + padded[i + 6])
            + g2 * (padded[i + 3] + padded[i + 7])
            + g3 * (padded[i + 2] + padded[i + 8])
            + g4 * (padded[i + 1] + padded[i + 9])
            + g5 * (padded[i] + padded[i + 10])
        )


@compile_clean
def _scaled(row: Buffer, weight: float, out: Buffer) -> None:
    for i in range(out.size):
        out[i] = weight * row[i]


@compile_clean
def _add(row: Buffer, weight: float, out: Buffer) -> None:
    for i in range(out.size):
        out[i] += weight * row[i]


@compile_clean
def _add_both(before: Buffer, after: Buffer, weight: float, out: Buffer) -> None:
    for i in range(out.size):
        out[i] += weight * (before[i] + after[i])


@compile_loop
def _across(ring: NDArray[np.float64], row: int, rows: int, g: Buffer, out: Buffer) -> None:
    """The window's sum over the rows around `row`; those beyond the grid are left out."""
    _scaled(ring[row % SIZE], g[0], out)
    for k in range(1, REACH + 1):
        if row >= k and row + k < rows:
            _add_both(ring[(row - k) % SIZE], ring[(row + k) % SIZE], g[k], out)
        elif row >= k:
            _add(ring[(row - k) % SIZE], g[k], out)
        elif row + k < rows:
            _add(ring[(row + k) % SIZE], g[k], out)


@compile_clean
def _similarity(
    a: Buffer, b: Buffer, squares: Buffer, product: Buffer, w: Buffer, v: Buffer, small: float
) -> float:
    """The index summed over the valid cells of a row, from the sums of their windows."""
    total = 0.0
    for i in range(a.size):
        # A valid cell has itself in its window; for the others any finite weight will do.
        inverse = 1.0 / (w[i] if v[i] > 0.0 else 1.0)
        p = a[i] * inverse
        q = b[i] * inverse
        both = p * q
        means = p * p + q * q
        covariance = product[i] * inverse - both
        variances = squares[i] * inverse - means
        total += (
            v[i]
            * ((2.0 * both + small) * (2.0 * covariance + small))
            / ((means + small) * (variances + small))
        )
    return total


@compile_loop
def local_similarity(
    x: Floats, y: Floats, low: float, inverse: float, wrap: bool, g: Buffer, small: float
) -> tuple[float, float]:
    """Sum of the index over the cells of two maps (y, x) that are finite in both, and how many.

    `low` and `inverse` scale the values to [0, 1]; `g` are the `taps`; `small` is C1 and C2.
    """
    rows, columns = x.shape
    width = columns + 2 * REACH
    # Apart from each other: rows of one array would be strided to the compiler.
    a0, b0, w0 = np.zeros(width), np.zeros(width), np.zeros(width)
    s0, p0 = np.zeros(width), np.zeros(width)
    ring_a, ring_b = np.zeros((SIZE, columns)), np.zeros((SIZE, columns))
    ring_s, ring_p = np.zeros((SIZE, columns)), np.zeros((SIZE, columns))
    ring_w, ring_v = np.zeros((SIZE, columns)), np.zeros((SIZE, columns))
    a, b, s = np.empty(columns), np.empty(columns), np.empty(columns)
    p, w = np.empty(columns), np.empty(columns)
    total = count = 0.0
    for row in range(rows + REACH):
        if row < rows:
            at = row % SIZE
            count += _load(x[row], y[row], low, inverse, a0, b0, w0)
            ring_v[at] = w0[REACH : REACH + columns]
            _margins(a0, columns, wrap)
            _margins(b0, columns, wrap)
            _margins(w0, columns, wrap)
            _products(a0, b0, s0, p0)
            _along(a0, g, ring_a[at])
            _along(b0, g, ring_b[at])
            _along(s0, g, ring_s[at])
            _along(p0, g, ring_p[at])
            _along(w0, g, ring_w[at])
        middle = row - REACH
        if middle >= 0:
            _across(ring_a, middle, rows, g, a)
            _across(ring_b, middle, rows, g, b)
            _across(ring_s, middle, rows, g, s)
            _across(ring_p, middle, rows, g, p)
            _across(ring_w, middle, rows, g, w)
            total += _similarity(a, b, s, p, w, ring_v[middle % SIZE], small)
    return total, count
