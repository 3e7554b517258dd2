"""The field between the points of a block, from its network and the mean of its cells alone.

Nothing of the block is decoded. What comes back is the base, a smooth field: of a payload within a
bound, without the residual that brings every value within it; of a preview, all that there is.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from climcomp.codecs.neural.inr.layout import Layout
from climcomp.codecs.neural.inr.payload import ELSEWHERE, parse_payload
from climcomp.codecs.neural.inr.splines import weights_between
from climcomp.codecs.neural.ncx import Ncx
from climcomp.errors import CodecError, UsageError

# Our own: places of which the nodes around, 256 each, are in memory.
_TOGETHER = 1 << 12


def evaluate(
    payload: bytes | memoryview, points: ArrayLike, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[np.float64]:
    """What the network of a payload says at some places, by NumPy alone.

    Parameters
    ----------
    points : (points, dimensions of the block)
        Places as indices along each dimension, with fractions: 0 is the first point, 0.5 half way
        to the next. From 0 to the length less 1, along the last dimension of a field that wraps to
        less than the length. Along dimensions before the last three of a block of more than four,
        whole numbers alone.
    shape, dtype
        Of the block.

    Returns
    -------
    (points,)
        In the unit of the values. At the points of the block it is the base that a decoder finds,
        but for its rounding: at most an eighth of the bound, or of the target of a preview.

    Raises
    ------
    UsageError
        If a place is outside of the block.
    CodecError
        If no network was fitted to the block.
    PayloadError
        If the bytes are not a payload of this shape and type.
    """
    view = memoryview(payload)
    if view[:1] == ELSEWHERE or not len(view):
        raise CodecError(
            f"no network was fitted to this block of shape {shape}: decode it and interpolate"
        )
    parts = parse_payload(view, shape, np.dtype(dtype))
    base = parts.base
    where = _places(np.asarray(points, dtype=np.float64), shape, base.layout)
    found = np.empty(len(where))
    for begin in range(0, len(where), _TOGETHER):
        some = slice(begin, begin + _TOGETHER)
        found[some] = base.model.evaluate(base.layout, where[some])
    found *= base.unit
    if not base.mean:
        return found + base.origin
    mean = Ncx().decode(base.mean, base.layout.field, np.dtype(dtype)).astype(np.float64)
    return found + _between(mean, where[:, 2:], base.layout)


def _places(points: NDArray[np.float64], shape: tuple[int, ...], layout: Layout) -> NDArray[Any]:
    """(points, 4) places along the axes of a layout."""
    if points.ndim != 2 or points.shape[1] != len(shape):
        raise UsageError(
            f"places have the shape {points.shape}; wanted: (points, {len(shape)}), an index along "
            f"each dimension of a block of shape {shape}"
        )
    ends = np.array(shape, dtype=np.float64) - 1
    last = points[:, -1] < shape[-1] if layout.wraps else points[:, -1] <= ends[-1]
    inside = (points >= 0).all(1) & (points[:, :-1] <= ends[:-1]).all(1) & last
    if not inside.all():
        wrong = points[~inside][0].tolist()
        raise UsageError(f"the place {wrong} is outside of a block of shape {shape}")
    where = np.zeros((len(points), 4))
    where[:, 4 - min(3, len(shape)) :] = points[:, -3:]
    before = points[:, :-3]
    if before.shape[1] > 1 and (before % 1).any():
        raise UsageError(
            f"a place between the indices of dimensions that are read as one, of a block of shape "
            f"{shape}: give whole numbers along the first {before.shape[1]}"
        )
    for number in range(before.shape[1]):
        where[:, 0] += before[:, number] * math.prod(shape[number + 1 : -3])
    return where


def _between(
    mean: NDArray[np.float64], where: NDArray[np.float64], layout: Layout
) -> NDArray[np.float64]:
    """The mean at places between cells, along straight lines."""
    rows, columns = layout.field
    down, by = weights_between(where[:, 0], rows, 0, wraps=False)
    across, along = weights_between(where[:, 1], columns, 0, wraps=layout.wraps)
    near = mean[down[:, :, None], across[:, None, :]]
    found: NDArray[np.float64] = (near * by[:, :, None] * along[:, None, :]).sum((1, 2))
    return found
