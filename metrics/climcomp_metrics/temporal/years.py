"""Annual means in each cell, folded into sums for a straight line as soon as a year is whole.

The arrays of a region of cells:

- `years` (partial years, 3): years since the record's middle, steps seen, steps of that year
- `year_sums` (partial years, 2, cells) of x and e; `year_counts` (partial years, cells)
- `trend` (9, cells) as `TREND`, over whole years with enough valid steps
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.base import State
from climcomp_metrics.clock import Clock

TREND = ("n", "t", "tt", "x", "xx", "tx", "e", "te", "ee")
"""Sums over years: how many, t in years since the record's middle, annual means x and e."""

WHOLE_YEAR = 0.9
"""A year counts with so many of the steps of the record's fullest one, and a cell in that year with
so many valid ones: half a year's mean is another season, not another climate. Our own choice."""


def years_of(
    x: NDArray[np.float64],
    e: NDArray[np.float64],
    valid: NDArray[np.bool_],
    clock: Clock,
    times: NDArray[np.int64],
) -> State:
    """The sums of the years that a part touches; years that the record cuts short are left out.

    Parameters
    ----------
    x, e, valid : (time, cells)
        Zero where not valid.
    times : (time,)
        Steps of the part, counted from the start of the record.
    """
    first = int(clock.year.min())
    steps = np.bincount(clock.year - first)
    origin = steps.size // 2
    year = clock.year[times] - first
    touched = [y for y in np.unique(year) if steps[y] >= WHOLE_YEAR * steps.max()]
    rows = [year == y for y in touched]
    cells = x.shape[1]
    table = [[y - origin, row.sum(), steps[y]] for y, row in zip(touched, rows, strict=True)]
    sums = [[x[row].sum(axis=0), e[row].sum(axis=0)] for row in rows]
    counts = [valid[row].sum(axis=0) for row in rows]
    return _fold(
        np.array(table, np.int64).reshape(-1, 3),
        np.array(sums, np.float64).reshape(-1, 2, cells),
        np.array(counts, np.int32).reshape(-1, cells),
        np.zeros((len(TREND), cells)),
    )


def merge_years(first: State, second: State) -> State:
    """The years of both parts; what both hold of the same year is put together."""
    tables = np.concatenate([first["years"], second["years"]])
    year, row = np.unique(tables[:, 0], return_inverse=True)
    table = np.zeros((year.size, 3), np.int64)
    table[:, 0] = year
    table[row, 2] = tables[:, 2]
    sums = np.zeros((year.size, *first["year_sums"].shape[1:]))
    counts = np.zeros((year.size, first["year_counts"].shape[1]), np.int32)
    np.add.at(table[:, 1], row, tables[:, 1])
    np.add.at(sums, row, np.concatenate([first["year_sums"], second["year_sums"]]))
    np.add.at(counts, row, np.concatenate([first["year_counts"], second["year_counts"]]))
    trend = np.asarray(first["trend"], np.float64) + np.asarray(second["trend"], np.float64)
    return _fold(table, sums, counts, trend)


def _fold(
    table: NDArray[np.int64],
    sums: NDArray[np.float64],
    counts: NDArray[np.int32],
    trend: NDArray[np.float64],
) -> State:
    """Years of which every step was seen become terms of `trend`, which is changed in place."""
    whole = table[:, 1] == table[:, 2]
    for i in np.flatnonzero(whole):
        enough = counts[i] >= WHOLE_YEAR * table[i, 2]
        x, e = sums[i] / np.maximum(counts[i], 1)
        t = np.full(x.shape, float(table[i, 0]))
        terms = (np.ones(x.shape), t, t * t, x, x * x, t * x, e, t * e, e * e)
        trend += np.where(enough, np.stack(terms), 0.0)
    left = ~whole
    return {
        "years": table[left],
        "year_sums": sums[left],
        "year_counts": counts[left],
        "trend": trend,
    }
