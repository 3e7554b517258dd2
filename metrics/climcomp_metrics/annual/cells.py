"""The sampled cells of a part, their values along time, and the area each stands for."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.field import FieldSettings
from climcomp_metrics.level import Level
from climcomp_metrics.part import Part
from climcomp_metrics.strata import MOST_CELLS, stratified_cells

Weights = NDArray[np.float64]

_known: dict[tuple[tuple[int, int], int], tuple[Callable[[], Weights | None], NDArray[np.int64]]]
_known = {}
"""The sample of each grid met last, for as long as its weights live: finding it takes longer than
measuring a field."""


@dataclass(frozen=True, slots=True)
class Cells:
    """The sampled cells that lie in a part.

    Parameters
    ----------
    ids : (cells,)
        Where each stands in the list of all sampled cells, ascending.
    rows, columns : (cells,)
        Counted from the part's first cell.
    """

    ids: NDArray[np.int64]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]


def sampled_cells(
    shape: tuple[int, int], weights: Weights | None, most: int = MOST_CELLS
) -> NDArray[np.int64]:
    """What `stratified_cells` gives, found once for each grid."""
    known = _known.get((shape, most))
    if known is not None and known[0]() is weights:
        return known[1]
    cells = stratified_cells(shape, weights, most)
    _known[shape, most] = (_no_weights if weights is None else weakref.ref(weights), cells)
    return cells


def _no_weights() -> None:
    return None


def cells_of(part: Part, most: int = MOST_CELLS) -> Cells:
    """The sampled cells of a part, of at most so many in the whole grid."""
    rows, columns = part.settings.shape[2:]
    cells = sampled_cells((rows, columns), part.domain.weights, most)
    row, column = np.divmod(cells, columns)
    (_, _, y0, x0), (_, _, ny, nx) = part.place.start, part.place.shape
    inside = (row >= y0) & (row < y0 + ny) & (column >= x0) & (column < x0 + nx)
    ids = np.flatnonzero(inside)
    return Cells(ids, row[ids] - y0, column[ids] - x0)


def pair_along_time(part: Part, k: int, cells: Cells) -> NDArray[np.floating]:
    """(2, time, cells) x and y of the part's level k; NaN in both where either is not finite."""
    pair = np.stack(
        [values[:, k][:, cells.rows, cells.columns] for values in (part.original, part.decoded)]
    )
    pair[:, ~np.isfinite(pair).all(axis=0)] = np.nan
    return pair


def area_of(level: Level, ids: NDArray[np.generic], most: int = MOST_CELLS) -> Weights:
    """(cells,) the area that each of these cells stands for; 1 each where no area is known.

    A cell of a sample stands for an equal share of the area; one that is larger for itself.
    """
    rows, columns = level.settings.shape[2:]
    if level.weights is None:
        return np.ones(ids.size)
    cells = sampled_cells((rows, columns), level.weights, most)
    mine: Weights = level.weights.reshape(-1)[cells[np.asarray(ids, np.int64)]]
    if rows * columns <= most:
        return mine
    return np.maximum(mine, float(level.weights.sum()) / most)


def sample_in_words(settings: FieldSettings, most: int = MOST_CELLS) -> str:
    """How many cells were measured, for the report; empty for all of them."""
    total = settings.shape[2] * settings.shape[3]
    return "" if total <= most else f"at most {most} of {total} cells, spread over the grid"
