"""Percentiles of many cells from their histograms, as a weighting of two bin edges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def edges_around(
    beyond: NDArray[np.integer], share: float, around: tuple[float, float]
) -> tuple[NDArray[np.bool_], NDArray[np.int64], Floats]:
    """The two bin edges between which a share of the values is reached.

    Parameters
    ----------
    beyond : (bins, cells)
        How many values lie in each bin or a higher one.
    share
        Of all values of a cell, that lies beyond the percentile.
    around
        The shares of both edges must lie in that interval.

    Returns
    -------
    good, edge, part : (cells,)
        Whether a cell has such edges; the lower one, as the bin above it; and the weight of the
        upper one, so that both together have the share beyond them.
    """
    shares = beyond / np.maximum(beyond[0], 1)
    edge = np.clip((shares >= share).sum(axis=0) - 1, 0, len(beyond) - 2)
    lower, upper = (np.take_along_axis(shares, e[None], axis=0)[0] for e in (edge, edge + 1))
    good = (beyond[0] > 0) & (lower <= around[1]) & (upper >= around[0]) & (lower > upper)
    part = np.where(good, (lower - share) / np.where(lower > upper, lower - upper, 1.0), 0.0)
    return good, edge, part


def between(beyond: NDArray[np.number], edge: NDArray[np.int64], part: Floats) -> Floats:
    """(sets, cells) what lies beyond both edges, weighted; from (bins, sets, cells)."""
    lower, upper = (
        np.take_along_axis(beyond, np.broadcast_to(e, (1, *beyond.shape[1:])), axis=0)[0]
        for e in (edge, edge + 1)
    )
    weighted: Floats = (1.0 - part) * lower + part * upper
    return weighted
