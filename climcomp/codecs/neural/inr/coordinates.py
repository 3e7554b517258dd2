"""Where the points of a block are, as whole numbers that networks take.

Format
------
Coordinates are in 2^-20, rounded to the nearest integer. Each leading axis of more than one
point gives 2 i / (n - 1) - 1. Rows and columns give:

- without latitudes: 2 i / (n - 1) - 1 of the row; of the column the same, or, where columns wrap,
  cos a and sin a, a = 2 pi i / n;
- with latitudes, from the first row's to the last row's in degrees, where columns wrap: the unit
  vector cos p cos a, cos p sin a, sin p, p the latitude.

The same numbers come from every sine that is right to 15 digits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.neural.inr.layout import Layout

ONE = 1 << 20
Latitudes = tuple[float, float]


def coordinate_count(layout: Layout, latitudes: Latitudes | None) -> tuple[int, int]:
    """How many leading coordinates there are, and how many of rows and columns."""
    leading = sum(length > 1 for length in layout.lengths[:2])
    return leading, 2 + layout.wraps


def coordinates(
    layout: Layout, latitudes: Latitudes | None, where: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(coordinates, points) in 2^-20, not rounded, at (points, 4) places along the axes."""
    found = [
        2 * where[:, axis] / (layout.lengths[axis] - 1) - 1
        for axis in range(2)
        if layout.lengths[axis] > 1
    ]
    rows, columns = layout.field
    row = where[:, 2] / (rows - 1)
    if not layout.wraps:
        found += [2 * row - 1, 2 * where[:, 3] / (columns - 1) - 1]
    else:
        angle = 2 * np.pi * where[:, 3] / columns
        if latitudes is None:
            found += [2 * row - 1, np.cos(angle), np.sin(angle)]
        else:
            first, last = latitudes
            north = np.radians(first + (last - first) * row)
            across = np.cos(north)
            found += [across * np.cos(angle), across * np.sin(angle), np.sin(north)]
    return ONE * np.array(found)


def grid_coordinates(
    layout: Layout, latitudes: Latitudes | None, field: int
) -> NDArray[np.float64]:
    """(coordinates, rows * columns) whole numbers: the points of one field, counted in order."""
    rows, columns = layout.field
    where = np.empty((rows * columns, 4))
    where[:, 0], where[:, 1] = divmod(field, layout.lengths[1])
    where[:, 2] = np.repeat(np.arange(rows), columns)
    where[:, 3] = np.tile(np.arange(columns), rows)
    return np.rint(coordinates(layout, latitudes, where))
