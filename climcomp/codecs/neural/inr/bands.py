"""The numbers of a wavelet transform of a block, sorted into bands, and the transform itself.

`wavelets` says what a decoder makes of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.neural.inr.layout import Layout
from climcomp.codecs.neural.inr.lifting import GAIN, forward

FEWEST_LOW = 4


@dataclass(frozen=True, slots=True)
class Depths:
    """Levels of the transform along rows and columns, and along the two leading axes."""

    field: int
    before: int = 0
    steps: int = 0

    def bands(self, layout: Layout) -> Iterator[Band]:
        """The arrays of numbers, in their order."""
        sizes = [layout.field]
        for _ in range(self.field):
            rows, columns = sizes[-1]
            sizes.append(((rows + 1) // 2, (columns + 1) // 2))
        rows, columns = sizes[-1]
        yield Band(self.field, rows, columns, False, False)
        for level in range(self.field, 0, -1):
            rows, columns = sizes[level - 1]
            low, left = sizes[level]
            yield Band(level, low, columns - left, False, True)
            yield Band(level, rows - low, left, True, False)
            yield Band(level, rows - low, columns - left, True, True)


@dataclass(frozen=True, slots=True)
class Band:
    """Numbers of one level that are low or high along rows and along columns."""

    level: int
    rows: int
    columns: int
    is_high_row: bool
    is_high_column: bool

    @property
    def high_less_low(self) -> int:
        """How often they are high less how often they are low."""
        return 2 * (self.is_high_row + self.is_high_column) - 2 * self.level

    def within(self, low: tuple[int, int]) -> tuple[slice, slice, slice]:
        """Where they are among all of their level, of which `low` rows and columns are low."""
        rows = slice(low[0], None) if self.is_high_row else slice(0, low[0])
        columns = slice(low[1], None) if self.is_high_column else slice(0, low[1])
        return slice(None), rows, columns


def parents_of(bands: Sequence[Band]) -> list[int | None]:
    """The number of the parent of each band."""
    return [None if number < 4 else number - 3 for number in range(len(bands))]


def deepest(points: int, fewest: int = FEWEST_LOW) -> int:
    """Levels after which an axis has so many low numbers left, at least."""
    found = 0
    while (points + 1) // 2 >= fewest:
        points, found = (points + 1) // 2, found + 1
    return found


def axis_sizes(points: int, depth: int) -> list[int]:
    """Numbers of an axis, all and those that are low at each level."""
    found = [points]
    for _ in range(depth):
        found.append((found[-1] + 1) // 2)
    return found


def leading_high_less_low(layout: Layout, depths: Depths) -> list[int]:
    """The same as that of bands for each plane."""
    axes = []
    for length, depth in zip(layout.lengths[:2], (depths.before, depths.steps), strict=True):
        sizes = axis_sizes(length, depth)
        found = [-depth] * sizes[-1]
        for level in range(depth, 0, -1):
            found += [2 - level] * (sizes[level - 1] - sizes[level])
        axes.append(found)
    return [first + second for first in axes[0] for second in axes[1]]


def transformed(
    values: NDArray[np.float64], layout: Layout, depths: Depths
) -> list[NDArray[np.float64]]:
    """(planes, rows, columns) of each band, scaled so that sums of squares stay, nearly.

    Parameters
    ----------
    values : (before, steps, rows, columns)
        In units.
    """
    whole = values.copy()
    for axis, depth in ((0, depths.before), (1, depths.steps)):
        for size in axis_sizes(layout.lengths[axis], depth)[:-1]:
            some = (slice(None),) * axis + (slice(0, size),)
            whole[some] = forward(whole[some], axis, wraps=False)
    whole = whole.reshape(-1, *layout.field)
    scale = GAIN ** -np.array(leading_high_less_low(layout, depths), dtype=np.float64)
    whole *= scale[:, None, None]
    found: list[NDArray[np.float64]] = []
    bands = list(depths.bands(layout))
    for level in range(depths.field):
        whole = forward(forward(whole, 2, wraps=layout.wraps), 1, wraps=False)
        low = (whole.shape[1] + 1) // 2, (whole.shape[2] + 1) // 2
        first = 1 + 3 * (depths.field - 1 - level)
        here = [
            np.ascontiguousarray(whole[band.within(low)]) * GAIN**-band.high_less_low
            for band in bands[first : first + 3]
        ]
        found = here + found
        whole = np.ascontiguousarray(whole[:, : low[0], : low[1]])
    return [whole * GAIN ** -bands[0].high_less_low, *found]
