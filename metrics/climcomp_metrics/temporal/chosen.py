"""The stratified cells of a part, gathered as series: metrics along time look at no others."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.field import FieldSettings
from climcomp_metrics.part import Part
from climcomp_metrics.strata import MOST_CELLS, stratified_cells

BLOCK = 512
"""Cells gathered at a time, so that the series of a long part stay in the cache."""


@dataclass(frozen=True, slots=True)
class Series:
    """Cells of one level along the time of a part.

    Parameters
    ----------
    x, e : (time, cells)
        x about the level's reference, and y - x; both zero where not valid.
    valid : (time, cells)
        Whether both are finite.
    """

    x: NDArray[np.float64]
    e: NDArray[np.float64]
    valid: NDArray[np.bool_]


def cells_of(part: Part, most: int = MOST_CELLS) -> NDArray[np.int64]:
    """Positions inside the part's own grid, flat and ascending, of the stratified cells in it.

    `most` cells of the whole variable at most.
    """
    (_, _, y0, x0), (_, _, rows, columns) = part.place.start, part.place.shape
    grid = part.settings.shape[2:]
    row, column = np.divmod(stratified_cells(grid, part.domain.weights, most), grid[1])
    inside = (row >= y0) & (row < y0 + rows) & (column >= x0) & (column < x0 + columns)
    return (row[inside] - y0) * columns + column[inside] - x0


def region_of(part: Part) -> str:
    """ "y0-y1/x0-x1" of the part, in cells of the whole variable."""
    (_, _, y0, x0), (_, _, rows, columns) = part.place.start, part.place.shape
    return f"{y0}-{y0 + rows}/{x0}-{x0 + columns}"


def series_of(part: Part, k: int, cells: NDArray[np.int64]) -> Iterator[Series]:
    """The series of a level (the part's k-th) at these cells, some cells at a time."""
    reference = part.settings.bins[part.levels()[k]].reference
    times = part.place.shape[0]
    original = part.original[:, k].reshape(times, -1)
    decoded = part.decoded[:, k].reshape(times, -1)
    for first in range(0, cells.size, BLOCK):
        some = cells[first : first + BLOCK]
        x = original[:, some].astype(np.float64)
        e = decoded[:, some].astype(np.float64)
        # Missing values and infinities give NaN here, and nothing else does.
        with np.errstate(invalid="ignore", over="ignore"):
            e -= x
            x -= reference
        valid = np.isfinite(e) & np.isfinite(x)
        if not valid.all():
            x[~valid] = e[~valid] = 0.0
        yield Series(x, e, valid)


def chosen_in_words(settings: FieldSettings, cells: int) -> str:
    """What part of the cells a metric saw; empty for all of them."""
    every = math.prod(settings.shape[2:])
    return "" if cells >= every else f"{cells} of {every} cells, each for as much area"
