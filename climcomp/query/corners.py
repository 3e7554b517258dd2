"""From positions in a variable to places in its blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

TOGETHER = 3
"""Dimensions, the last ones, between whose positions a network is asked in blocks of five or more:
those before are read as one (see `climcomp.codecs.neural.inr.layout`)."""


@dataclass(frozen=True, slots=True)
class Corners:
    """What is asked of blocks: for each place one corner, or several where it lies between blocks.

    Parameters
    ----------
    place : (corners,)
        Number of the place.
    weight : (corners,)
        Add up to 1 over the corners of a place.
    chunk, local : (corners, dimensions)
        Position of the block in the grid of inner chunks; position within it, with fractions.
    """

    place: NDArray[np.int64]
    weight: NDArray[np.float64]
    chunk: NDArray[np.int64]
    local: NDArray[np.float64]


def split_places(
    where: NDArray[np.float64], shape: tuple[int, ...], chunk: tuple[int, ...], seam: int | None
) -> Corners:
    """Split places that lie between blocks into corners at their edges, linearly weighted.

    So are those between positions that no network is asked between.

    Parameters
    ----------
    where : (places, dimensions)
        From 0 to the length less 1; along the dimension `seam` to less than the length.
    seam
        The dimension whose last position is followed by the first. A place between them stays one
        if both lie in one block.
    """
    place, weight = np.arange(len(where)), np.ones(len(where))
    whole = len(shape) - TOGETHER if len(shape) > TOGETHER + 1 else 0
    for axis, step in enumerate(chunk):
        first = np.floor(where[:, axis])
        share = where[:, axis] - first
        after = first + 1
        if axis == seam:
            after = after % shape[axis]
        apart = (share > 0) & ((first // step != after // step) | (axis < whole))
        later = where[apart]
        later[:, axis] = after[apart]
        place = np.concatenate([place, place[apart]])
        weight = np.concatenate(
            [np.where(apart, weight * (1 - share), weight), (weight * share)[apart]]
        )
        where = where.copy()
        where[apart, axis] = first[apart]
        where = np.concatenate([where, later])
    blocks: NDArray[Any] = np.floor(where).astype(np.int64) // np.array(chunk, dtype=np.int64)
    return Corners(place, weight, blocks, where - blocks * np.array(chunk, dtype=np.int64))


def cells_around(
    where: NDArray[np.float64], seam: int | None, length: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The cells around each place, and their weights in a linear interpolation.

    Parameters
    ----------
    where : (places, dimensions)
    seam, length
        The dimension whose position `length` is position 0.

    Returns
    -------
    cells : (places, cells, dimensions)
    weights : (places, cells)
        0 for cells that repeat another.
    """
    first = np.floor(where).astype(np.int64)
    share = where - first
    cells, weights = first[:, None, :], np.ones((len(where), 1))
    for axis in range(where.shape[1]):
        some = share[:, axis]
        if not some.any():
            continue
        later = cells.copy()
        later[..., axis] += (some > 0)[:, None]
        if axis == seam:
            later[..., axis] %= length
        cells = np.concatenate([cells, later], 1)
        weights = np.concatenate([weights * (1 - some)[:, None], weights * some[:, None]], 1)
    return cells, weights
