"""Latent grids whose numbers are those of a wavelet transform: as many as a block has points.

Where no bound is kept beside them, latents with few numbers that are not 0 say most about a field.
Those of splines (`grids`) are more than the points and overlap; these neither, so that each number
is chosen for itself, by what it takes and what it saves.

Format
------
u8: the levels of the transform along rows and columns; u8 and u8, those along the two leading axes;
u8 b, in 1/64; u32 w, the step in 1/256 of the base's unit. Then, coded as in `sparse`, the numbers
q, level by level from coarse to fine as (planes, rows, columns): of the coarsest level first those
that are low along rows and columns, then of every level those high along columns, those high along
rows, and those high along both. The parent of the latter three is the one of the same kind of the
level before. Planes are the numbers along the leading axes, the first of them the slower, each axis
with what is low at its coarsest level first.

A number stands for sign(q) floor(W (64 |q| - b) / 2^16) in 1/256 units, at most 2^38 from 0, with
W = floor(w T[e] / 2^10), T[e] = floor(2^20 (1205448 / 2^20)^e) in exact fractions, and e how often
the number is high less how often it is low, over all axes and levels; |q| w is at most 2^44. The
transform is that of `lifting`, undone level by level from coarse to fine, along the axis of rows,
then along that of columns, which alone may wrap; then along the second leading axis, then the
first. The base is floor((f + 128) / 256).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.neural.inr.bands import (
    Depths,
    axis_sizes,
    leading_high_less_low,
    parents_of,
)
from climcomp.codecs.neural.inr.layout import Layout
from climcomp.codecs.neural.inr.lifting import FARTHEST, backward
from climcomp.codecs.neural.inr.sparse import NO_PARENT, pack_sparse, unpack_sparse
from climcomp.codecs.neural.inr.splines import weights_between
from climcomp.errors import PayloadError

STEP_ONE = 256
LARGEST_STEP = (1 << 32) - 1
LARGEST_PRODUCT = 1 << 44
INWARD_ONE = 64
MOST_DEPTH = 12
_GAIN, _GAIN_ONE = 1205448, 1 << 20
_HEAD = struct.Struct("<4BI")
_TOGETHER = 1 << 10  # places whose weights are made at once (our own)


@dataclass(frozen=True, slots=True)
class Wavelets:
    """The numbers of a block: for each band (planes, rows, columns) whole numbers."""

    depths: Depths
    step: int
    inward: int
    numbers: tuple[NDArray[np.int64], ...]

    def is_exact(self) -> bool:
        """Whether no product is larger than its integers hold."""
        largest = max(int(np.abs(q).max(initial=0)) for q in self.numbers)
        return largest * self.step <= LARGEST_PRODUCT

    def packed(self) -> bytes:
        """As in the format."""
        d = self.depths
        head = _HEAD.pack(d.field, d.before, d.steps, self.inward, self.step)
        parents = [NO_PARENT if n < 4 else self.numbers[n - 3] for n in range(len(self.numbers))]
        return head + pack_sparse(self.numbers, parents)

    def base(self, layout: Layout) -> NDArray[np.float64]:
        """(before, steps, rows, columns) the base of every point, whole numbers of its unit."""
        whole = self._field(layout, self._raw(layout))
        whole = whole.reshape(layout.lengths)
        for axis, depth in ((1, self.depths.steps), (0, self.depths.before)):
            for size in axis_sizes(layout.lengths[axis], depth)[-2::-1]:
                some = (slice(None),) * axis + (slice(0, size),)
                whole[some] = backward(whole[some], axis, wraps=False)
        whole += STEP_ONE // 2
        whole >>= 8
        return whole.astype(np.float64)

    def _raw(self, layout: Layout) -> list[NDArray[np.int64]]:
        """The numbers of each band in 1/256 units."""
        leading = leading_high_less_low(layout, self.depths)
        found = []
        for band, q in zip(self.depths.bands(layout), self.numbers, strict=True):
            steps = [self.step * _gain(band.high_less_low + e) >> 10 for e in leading]
            width = np.array(steps, dtype=np.int64)[:, None, None]
            raw = width * np.maximum(INWARD_ONE * np.abs(q) - self.inward, 0) >> 16
            found.append(np.sign(q) * np.minimum(raw, FARTHEST))
        return found

    def _field(self, layout: Layout, raw: list[NDArray[np.int64]]) -> NDArray[np.int64]:
        """(planes, rows, columns), the transform along rows and columns undone."""
        bands = list(self.depths.bands(layout))
        whole = raw[0]
        for first in range(1, len(bands), 3):
            low = whole.shape[1], whole.shape[2]
            rows, columns = low[0] + bands[first + 1].rows, low[1] + bands[first].columns
            every = np.empty((len(whole), rows, columns), dtype=np.int64)
            every[:, : low[0], : low[1]] = whole
            for number in range(first, first + 3):
                every[bands[number].within(low)] = raw[number]
            whole = backward(backward(every, 1, wraps=False), 2, wraps=layout.wraps)
        return whole

    def evaluate(self, layout: Layout, where: NDArray[np.float64]) -> NDArray[np.float64]:
        """(points,) the base at (points, 4) places, in its unit, without the rounding of `base`.

        Between points along cubics (Keys 1981), along the leading axes on straight lines.
        """
        raw, found = self._raw(layout), np.empty(len(where))
        for begin in range(0, len(where), _TOGETHER):
            some = slice(begin, begin + _TOGETHER)
            found[some] = self._said(layout, raw, where[some])
        found /= STEP_ONE
        return found

    def _said(
        self, layout: Layout, raw: list[NDArray[np.int64]], where: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """What the numbers say at some places, in 1/256 units."""
        before = _straight(where[:, 0], layout.lengths[0])
        steps = _straight(where[:, 1], layout.lengths[1])
        before = before @ _low(layout.lengths[0], self.depths.before, False)
        steps = steps @ _low(layout.lengths[1], self.depths.steps, False)
        planes = (before[:, :, None] * steps[:, None, :]).reshape(len(where), -1)
        down = _cubic(where[:, 2], layout.field[0], wraps=False)
        across = _cubic(where[:, 3], layout.field[1], wraps=layout.wraps)
        total = np.zeros(len(where))
        bands = self.depths.bands(layout)
        for band, of_band in zip(bands, raw, strict=True):
            rows = down @ _part(layout.field[0], band.level, band.is_high_row, False)
            columns = across @ _part(layout.field[1], band.level, band.is_high_column, layout.wraps)
            for plane in np.flatnonzero(of_band.any((1, 2))):
                said = ((rows @ of_band[plane].astype(np.float64)) * columns).sum(1)
                total += said * planes[:, plane]
        return total


@cache
def _gain(high_less_low: int) -> int:
    return int(_GAIN_ONE * Fraction(_GAIN, _GAIN_ONE) ** high_less_low)


@lru_cache(maxsize=64)
def _undone(points: int, wraps: bool) -> NDArray[np.float64]:
    """(points, points) one level of the transform undone, as a matrix."""
    every = np.eye(points, dtype=np.int64) * _GAIN_ONE
    found: NDArray[np.float64] = backward(every, 0, wraps=wraps) / _GAIN_ONE
    return found


@lru_cache(maxsize=64)
def _part(points: int, level: int, is_high: bool, wraps: bool) -> NDArray[np.float64]:
    """(points, numbers) what the low or the high numbers of a level say of an axis."""
    if level == 0:
        return np.eye(points)
    sizes = axis_sizes(points, level)
    found = _undone(sizes[-2], wraps)
    found = found[:, sizes[-1] :] if is_high else found[:, : sizes[-1]]
    return _part(points, level - 1, False, wraps) @ found


def _low(points: int, depth: int, wraps: bool) -> NDArray[np.float64]:
    """(points, points) what all numbers of an axis say of it."""
    parts = [_part(points, depth, False, wraps)]
    parts += [_part(points, level, True, wraps) for level in range(depth, 0, -1)]
    return np.concatenate(parts, 1)


def _straight(where: NDArray[np.float64], points: int) -> NDArray[np.float64]:
    """(places, points) weights of linear interpolation."""
    nodes, weights = weights_between(where, points, 0, wraps=False)
    found = np.zeros((len(where), points))
    np.add.at(found, (np.arange(len(where))[:, None], nodes), weights)
    return found


def _cubic(where: NDArray[np.float64], points: int, *, wraps: bool) -> NDArray[np.float64]:
    """(places, points) weights of cubic convolution, a = -1/2; beyond an end, of its point."""
    first = np.floor(where).astype(np.int64)
    t = where - first
    weights = [
        ((2 - t) * t - 1) * t / 2,
        ((3 * t - 5) * t * t + 2) / 2,
        ((4 - 3 * t) * t + 1) * t / 2,
        (t - 1) * t * t / 2,
    ]
    found = np.zeros((len(where), points))
    for step, weight in enumerate(weights):
        node = first - 1 + step
        node = node % points if wraps else np.clip(node, 0, points - 1)
        np.add.at(found, (np.arange(len(where)), node), weight)
    return found


def parse_wavelets(data: memoryview, layout: Layout) -> Wavelets:
    """The wavelets of some bytes, for a block of this layout.

    Raises
    ------
    PayloadError
        If they are not those of such a block.
    """
    if len(data) < _HEAD.size:
        raise PayloadError("the wavelets of codec 'inr' end in their head")
    field, before, steps, inward, step = _HEAD.unpack_from(data)
    depths = Depths(field, before, steps)
    if max(field, before, steps) > MOST_DEPTH or inward >= INWARD_ONE or not step:
        raise PayloadError(
            f"the wavelets of codec 'inr' have depths of {field}, {before} and {steps} and a step "
            f"of {step}, of which this version knows nothing"
        )
    bands = list(depths.bands(layout))
    planes = layout.fields
    shapes = [(planes, band.rows, band.columns) for band in bands]
    numbers = unpack_sparse(data[_HEAD.size :], shapes, parents_of(bands))
    found = Wavelets(depths, step, inward, tuple(numbers))
    if not found.is_exact():
        raise PayloadError("a number of the wavelets of codec 'inr' is too large: it is damaged")
    return found
