"""One pass that compares every value of a shard with what a reader will get, exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.kernels.jit import compile_clean, compile_loop

MOVED, OUTSIDE, LOST, NEW, OVER, VALID, ZEROS = range(7)
COUNTS = 7
"""Columns of the counts of a level: mask moved, newly out of range, zeros lost, zeros new, over the
bound, finite originals, original zeros."""

UNBOUNDED = float(np.finfo(np.float64).max)
"""Stands for an infinite error: the compiled search for the largest assumes finite numbers."""


@compile_loop
def _row_errors(
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    absolute: float,
    relative: float,
    errors: NDArray[np.float64],
) -> tuple[int, int, int]:
    """Moved, finite, over; `errors` takes abs(e), or abs(e)/abs(x) where `relative` is positive."""
    moved = valid = over = np.int64(0)
    for i in range(x.size):
        a = np.float64(x[i])
        b = np.float64(y[i])
        error = abs(b - a)
        finite = abs(a) < np.inf
        # Equal infinities and two NaN (only NaN differs from itself) are the same kind of missing.
        same = (finite & (abs(b) < np.inf)) | ((a != a) & (b != b)) | ((not finite) & (a == b))
        # Not `error > tolerance`: a decoded NaN must count as over the bound.
        kept = (not finite) | (error <= absolute + relative * abs(a))
        moved += np.int64(not same)
        valid += np.int64(finite)
        over += np.int64(not kept)
        size = error if error < np.inf else UNBOUNDED
        errors[i] = size if finite else 0.0
    if relative > 0.0:
        for i in range(x.size):
            size = abs(np.float64(x[i]))
            errors[i] = errors[i] / size if errors[i] > 0.0 else 0.0
    return int(moved), int(valid), int(over)


@compile_loop
def _row_limits(
    x: NDArray[np.floating], y: NDArray[np.floating], low: float, high: float
) -> tuple[int, int, int, int]:
    """Newly outside, zeros lost, zeros new, original zeros of one row."""
    outside = lost = new = zeros = np.int64(0)
    for i in range(x.size):
        a = np.float64(x[i])
        b = np.float64(y[i])
        outside += np.int64((a >= low) & (a <= high) & (abs(a) < np.inf) & ((b < low) | (b > high)))
        zeros += np.int64(a == 0.0)
        lost += np.int64((a == 0.0) & (b != 0.0))
        new += np.int64((abs(a) < np.inf) & (a != 0.0) & (b == 0.0))
    return int(outside), int(lost), int(new), int(zeros)


@compile_clean
def _largest(errors: NDArray[np.float64]) -> float:
    largest = 0.0
    for i in range(errors.size):
        largest = max(largest, errors[i])
    return largest


@compile_loop
def scan(
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    limited: bool,
    low: float,
    high: float,
    absolute: NDArray[np.float64],
    relative: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Compare two (time, level, y, x) arrays.

    Returns
    -------
    counts : (level, 7)
    worst : (level,)
        The largest error, absolute or relative as the level's bound is.
    worst_at : (level, 3)
        Its time, y and x.
    first_at : (level, 3, 2)
        Time and y of the first row with a moved mask, a value newly out of range, a changed zero;
        -1 where there is none.
    """
    times, levels, rows, columns = x.shape
    counts = np.zeros((levels, COUNTS), np.int64)
    worst = np.zeros(levels, np.float64)
    worst_at = np.full((levels, 3), -1, np.int64)
    first_at = np.full((levels, 3, 2), -1, np.int64)
    errors = np.zeros(columns, np.float64)
    for t in range(times):
        for k in range(levels):
            for j in range(rows):
                moved, valid, over = _row_errors(
                    x[t, k, j], y[t, k, j], absolute[k], relative[k], errors
                )
                counts[k, MOVED] += moved
                counts[k, VALID] += valid
                counts[k, OVER] += over
                if limited:
                    outside, lost, new, zeros = _row_limits(x[t, k, j], y[t, k, j], low, high)
                    counts[k, OUTSIDE] += outside
                    counts[k, LOST] += lost
                    counts[k, NEW] += new
                    counts[k, ZEROS] += zeros
                largest = _largest(errors)
                if largest > worst[k] or (worst_at[k, 0] < 0 and columns > 0):
                    worst[k] = largest
                    worst_at[k, 0] = t
                    worst_at[k, 1] = j
                    worst_at[k, 2] = np.argmax(errors)
                found = (counts[k, MOVED], counts[k, OUTSIDE], counts[k, LOST] + counts[k, NEW])
                for which in range(3):
                    if found[which] > 0 and first_at[k, which, 0] < 0:
                        first_at[k, which, 0] = t
                        first_at[k, which, 1] = j
    return counts, worst, worst_at, first_at


@compile_loop
def count_changed(x: NDArray[np.floating], y: NDArray[np.floating], value: float) -> int:
    """How many places of two flat arrays hold `value` in x and something else in y."""
    changed = 0
    for i in range(x.size):
        changed += 1 if (x[i] == value and y[i] != value) else 0
    return changed


@compile_loop
def count_different(x: NDArray[np.integer], y: NDArray[np.integer]) -> int:
    """How many places of two flat arrays of bit patterns differ."""
    different = 0
    for i in range(x.size):
        different += 1 if x[i] != y[i] else 0
    return different
