"""Fewer pixels for a page that has many figures."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.floating]

LEEWAY = 0.25
"""A picture that has so much more than is asked for keeps its pixels: half would be too coarse."""


def mean_of(picture: Picture, most_columns: int) -> NDArray[np.float64]:
    """Means of blocks of pixels; missing only where the whole block is."""
    known = np.isfinite(picture)
    total = _gathered(np.where(known, picture, 0.0), most_columns)
    count = _gathered(known.astype(np.float64), most_columns)
    mean = np.full(total.shape, np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return mean


def rms_of(picture: Picture, most_columns: int) -> NDArray[np.float64]:
    """Root mean squares of blocks of pixels."""
    root: NDArray[np.float64] = np.sqrt(mean_of(np.square(picture, dtype=np.float64), most_columns))
    return root


def cells_of(
    picture: Picture, most_columns: int, keep: tuple[int, int] | None = None
) -> NDArray[np.float64]:
    """One pixel of each block, near its middle; `keep` (row, column) is among them."""
    rows, columns = _starts(picture, most_columns)
    ends = (*rows[1:], picture.shape[0]), (*columns[1:], picture.shape[1])
    row, column = (np.array(rows) + ends[0]) // 2, (np.array(columns) + ends[1]) // 2
    found = picture[np.ix_(row, column)].astype(np.float64)
    if keep is not None:
        at = np.searchsorted(rows, keep[0], "right") - 1, np.searchsorted(columns, keep[1], "right")
        found[at[0], at[1] - 1] = picture[keep]
    return found


def _gathered(picture: Picture, most_columns: int) -> NDArray[np.float64]:
    rows, columns = _starts(picture, most_columns)
    sums = np.add.reduceat(picture.astype(np.float64), rows, axis=0)
    found: NDArray[np.float64] = np.add.reduceat(sums, columns, axis=1)
    return found


def _starts(picture: Picture, most_columns: int) -> tuple[list[int], list[int]]:
    """Where blocks begin: as even as they can be over the whole picture, so that nothing shifts."""
    if 1 in picture.shape:
        return list(range(picture.shape[0])), list(range(picture.shape[1]))
    rows, columns = (
        max(1, math.ceil(count / most - LEEWAY))
        for count, most in zip(picture.shape, (most_columns / 2, most_columns), strict=True)
    )
    return _even_starts(picture.shape[0], rows), _even_starts(picture.shape[1], columns)


def _even_starts(count: int, size: int) -> list[int]:
    blocks = -(-count // size)
    return [-(-block * count // blocks) for block in range(blocks)]
