"""Differences of the fractions of events in neighbourhoods: whole numbers all the way.

A ring of nine rows of events gives the column sums of nine and of three rows; these are added up
along the row. Rows beyond the grid hold no events; columns wrap or hold none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.kernels.jit import compile_loop

REACH = 4
SIZE = 2 * REACH + 1

Floats = NDArray[np.floating]
Row = NDArray[np.int16]


@compile_loop
def _events(
    x: Floats, y: Floats, threshold: float, a: Row, b: Row, counts: NDArray[np.int64]
) -> None:
    """1 where a value reaches the threshold; nothing is an event where either is not finite."""
    n_x = n_y = changed = 0
    for i in range(x.size):
        p = np.float64(x[i])
        q = np.float64(y[i])
        good = (abs(p) < np.inf) & (abs(q) < np.inf)
        e = 1 if good & (p >= threshold) else 0
        f = 1 if good & (q >= threshold) else 0
        a[REACH + i] = e
        b[REACH + i] = f
        n_x += e
        n_y += f
        changed += e ^ f
    counts[0] += n_x
    counts[1] += n_y
    counts[2] += changed


@compile_loop
def _margins(padded: Row, columns: int, wrap: bool) -> None:
    for i in range(REACH):
        padded[i] = padded[columns + i] if wrap else 0
        padded[REACH + columns + i] = padded[REACH + i] if wrap else 0


@compile_loop
def _slide(sums: Row, leaving: Row, entering: Row) -> None:
    for i in range(sums.size):
        sums[i] += entering[i] - leaving[i]


@compile_loop
def _three(before: Row, row: Row, after: Row, out: Row) -> None:
    for i in range(out.size):
        out[i] = before[i] + row[i] + after[i]


@compile_loop
def _add_three(a: Row, b: Row, columns: int, sums: NDArray[np.int64]) -> None:
    apart = both = np.int64(0)
    for i in range(columns):
        at = i + REACH
        p = np.int32(a[at - 1] + a[at] + a[at + 1])
        q = np.int32(b[at - 1] + b[at] + b[at + 1])
        apart += np.int64((p - q) * (p - q))
        both += np.int64(p * p + q * q)
    sums[0] += apart
    sums[1] += both


@compile_loop
def _add_nine(a: Row, b: Row, columns: int, sums: NDArray[np.int64]) -> None:
    apart = both = np.int64(0)
    for i in range(columns):
        p = np.int32(
            a[i] + a[i + 1] + a[i + 2] + a[i + 3] + a[i + 4]
            + a[i + 5] + a[i + 6] + a[i + 7] + a[i + 8]
        )  # fmt: skip
        q = np.int32(
            b[i] + b[i + 1] + b[i + 2] + b[i + 3] + b[i + 4]
            + b[i + 5] + b[i + 6] + b[i + 7] + b[i + 8]
        )  # fmt: skip
        apart += np.int64((p - q) * (p - q))
        both += np.int64(p * p + q * q)
    sums[0] += apart
    sums[1] += both


@compile_loop
def fraction_sums(
    x: Floats,
    y: Floats,
    threshold: float,
    wrap: bool,
    sums: NDArray[np.int64],
    events: NDArray[np.int64],
) -> None:
    """Add up what two maps (y, x) have of events, which are values of `threshold` or more.

    `sums` (2, 2): for neighbourhoods of 3 and of 9 cells, the squared differences of the numbers
    of events and the sum of both squares, over all cells. `events` (3,): events of x, events of y,
    cells that are an event in one of them only.
    """
    rows, columns = x.shape
    width = columns + 2 * REACH
    ring_a, ring_b = np.zeros((SIZE, width), np.int16), np.zeros((SIZE, width), np.int16)
    nine_a, nine_b = np.zeros(width, np.int16), np.zeros(width, np.int16)
    three_a, three_b = np.zeros(width, np.int16), np.zeros(width, np.int16)
    a, b = np.zeros(width, np.int16), np.zeros(width, np.int16)
    for row in range(rows + REACH):
        at = row % SIZE
        if row < rows:
            _events(x[row], y[row], threshold, a, b, events)
            _margins(a, columns, wrap)
            _margins(b, columns, wrap)
        else:
            a[:] = 0
            b[:] = 0
        _slide(nine_a, ring_a[at], a)
        _slide(nine_b, ring_b[at], b)
        ring_a[at] = a
        ring_b[at] = b
        middle = row - REACH
        if middle >= 0:
            before, here, after = (middle - 1) % SIZE, middle % SIZE, (middle + 1) % SIZE
            _three(ring_a[before], ring_a[here], ring_a[after], three_a)
            _three(ring_b[before], ring_b[here], ring_b[after], three_b)
            _add_three(three_a, three_b, columns, sums[0])
            _add_nine(nine_a, nine_b, columns, sums[1])
