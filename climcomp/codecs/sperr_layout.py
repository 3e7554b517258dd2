"""How a block becomes the volumes that SPERR codes: planes, alone or stacked along one axis."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_THICKNESS = 16  # planes of a sample: 8 of them hid what stacking gains or loses (measured)
_SHARE = 16
_LEAST, _MOST = 1 << 15, 1 << 18  # values; planes of less than about 40 x 40 misled (measured)


def stackable_axes(shape: tuple[int, ...]) -> list[int]:
    """The axes along which planes can be stacked: those longer than 1, but for the last two."""
    return [axis for axis, length in enumerate(shape) if length > 1][:-2]


def stacked_layout(
    shape: tuple[int, ...], depth: int | None
) -> tuple[list[int], tuple[int, int, int, int]]:
    """The order in which the axes of a block are coded, and the dimensions that SPERR is given.

    Parameters
    ----------
    depth
        One of `stackable_axes`; None for planes alone.

    Examples
    --------
    >>> stacked_layout((5, 1, 7, 30, 40), 0)
    ([1, 2, 0, 3, 4], (7, 5, 30, 40))
    >>> stacked_layout((5, 1, 30, 40), None)
    ([0, 1, 2, 3], (5, 1, 30, 40))
    """
    plane = [axis for axis, length in enumerate(shape) if length > 1][-2:]
    stacked = [] if depth is None else [depth]
    others = [axis for axis in range(len(shape)) if axis not in (*stacked, *plane)]
    rows, columns = [1, 1, *(shape[axis] for axis in plane)][-2:]
    volumes = math.prod(shape[axis] for axis in others)
    thickness = 1 if depth is None else shape[depth]
    return [*others, *stacked, *plane], (volumes, thickness, rows, columns)


def sample_volume(values: NDArray[np.floating], depth: int) -> NDArray[np.floating]:
    """Part of a block that shows what stacking along an axis does: (depth, rows, columns).

    From the middle of the block: at most 1/16 of its values or 32768 if that is more, and at most
    262144; 16 planes where there are so many, because fewer gain little from each other, and as
    much of them as fits, because small planes have little to gain by themselves.
    """
    shape = values.shape
    order, dims = stacked_layout(shape, depth)
    volume = values.transpose(order).reshape(-1, *dims[1:])[dims[0] // 2]
    limit = min(max(values.size // _SHARE, _LEAST), _MOST)
    thick, rows, columns = volume.shape
    thick = min(thick, max(_THICKNESS, limit // (rows * columns)))
    while thick * rows * columns > limit and max(rows, columns) > 1:
        if rows >= columns:
            rows = rows * 7 // 8
        else:
            columns = columns * 7 // 8
    box = tuple(
        slice((whole - part) // 2, (whole - part) // 2 + part)
        for whole, part in zip(volume.shape, (thick, rows, columns), strict=True)
    )
    sample: NDArray[np.floating] = volume[box].copy()
    return sample
