"""Histograms of many cells in few bins each, whose width doubles until they hold all values.

The bins of a cell are the narrowest of width 2**n that take its values from the least to the most,
with edges at whole multiples of the width. So they depend on the least and the most value alone,
and a histogram of narrow bins turns into one of wide bins exactly: merging gives the same counts
in any order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BINS = 64
"""Between 32 and 64 bins are in use: of a month's normal values, a sixth of their SD wide."""

NOTHING = (np.iinfo(np.int32).max, np.iinfo(np.int32).min)
"""Least and most position of a cell without values."""

_FARTHEST = float(2**30)

Ranges = NDArray[np.int32]
Counts = NDArray[np.uint16]


def position_of(values: NDArray[np.floating], origin: float, width: float) -> NDArray[np.int32]:
    """In which of the narrowest bins values lie; NaN in the bin of the origin."""
    at = np.floor((values.astype(np.float64) - origin) / width)
    position: NDArray[np.int32] = np.clip(np.nan_to_num(at), -_FARTHEST, _FARTHEST).astype(np.int32)
    return position


def doublings(ranges: Ranges) -> NDArray[np.int32]:
    """(cells,) how many times the width of the bins is doubled.

    Parameters
    ----------
    ranges : (2, cells)
        The least and the most position of the narrowest bins.
    """
    least, most = ranges
    doubled = np.zeros(least.size, np.int32)
    while (wide := (most >> doubled) - (least >> doubled).astype(np.int64) >= BINS).any():
        doubled[wide] += 1
    return doubled


def count(positions: NDArray[np.int32], valid: NDArray[np.bool_]) -> tuple[Ranges, Counts]:
    """Ranges (2, cells) and counts (sets, cells, 64) of some sets of values in common bins.

    Parameters
    ----------
    positions : (sets, time, cells)
    valid : (time, cells)
        Which of them count.
    """
    least = np.where(valid, positions.min(axis=0), NOTHING[0]).min(axis=0)
    most = np.where(valid, positions.max(axis=0), NOTHING[1]).max(axis=0)
    ranges = np.stack([least, most]).astype(np.int32)
    doubled = doublings(ranges)
    place = (positions >> doubled) - (least >> doubled)
    cells = least.size
    whole = np.arange(cells) * BINS + place
    counts = [np.bincount(one[valid], minlength=cells * BINS) for one in whole]
    return ranges, np.stack(counts).reshape(-1, cells, BINS).astype(np.uint16)


def widen(ranges: Ranges, counts: Counts, wanted: Ranges) -> Counts:
    """The counts in the bins of wider ranges, which hold the old ones; (sets, cells, 64)."""
    before, after = doublings(ranges), doublings(wanted)
    cells = before.size
    first = (ranges[0].astype(np.int64) >> before)[:, None] + np.arange(BINS)
    place = (first >> (after - before)[:, None]) - (wanted[0] >> after)[:, None]
    # Bins beyond the most value are empty; they may come to lie beyond the new bins.
    whole = (np.arange(cells) * BINS)[:, None] + np.clip(place, 0, BINS - 1)
    wide = [np.bincount(whole.ravel(), one.ravel(), minlength=cells * BINS) for one in counts]
    return np.stack(wide).reshape(-1, cells, BINS).astype(np.uint16)


def merge_counts(
    first: tuple[Ranges, Counts], second: tuple[Ranges, Counts]
) -> tuple[Ranges, Counts]:
    """Ranges and counts of both, of the same cells."""
    ranges = np.stack(
        [np.minimum(first[0][0], second[0][0]), np.maximum(first[0][1], second[0][1])]
    )
    return ranges, widen(*first, ranges) + widen(*second, ranges)
