"""The cells at which metrics along time are taken where all cells would be too many."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST_CELLS = 4096
"""METRICS: per-cell statistics that are dear are kept at so many stratified cells at most."""


def stratified_cells(
    shape: tuple[int, int], weights: NDArray[np.float64] | None, most: int = MOST_CELLS
) -> NDArray[np.int64]:
    """Flat indices (ascending) of at most `most` cells of a grid (y, x), each for as much area.

    Systematic: the grid's area, row after row, is cut into equal shares, and each share is stood
    for by the cell at its middle. All cells where there are no more; by number without weights.
    The same grid gives the same cells.
    """
    total = shape[0] * shape[1]
    if total <= most:
        return np.arange(total, dtype=np.int64)
    area = np.ones(total) if weights is None else weights.reshape(-1)
    reach = np.cumsum(area)
    middles = (np.arange(most) + 0.5) / most * reach[-1]
    return np.unique(np.searchsorted(reach, middles)).astype(np.int64)
