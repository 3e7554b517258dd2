"""What a payload begins with, and its parts.

Format
------
u8: 255, then a payload of `ncx`, for a block to which no network is fitted. Else 1 for float64,
plus 2 where columns wrap, plus 4 with a mean, plus 8 where SZ3 codes the residual, plus 16 for a
preview without one. Then u32, the CRC-32C of that byte and of all bytes that follow these four;
u32, that of the base (int32, in the order of the block); the base's origin and unit, float64; the
root-mean-square error of the base over the values that count, float32 (of what passes it, the
largest), for those who ask the network alone; u32, the bytes of the mean, and the mean, a payload
of `ncx` of one field of rows x columns of the block's type; u32, the bytes of the network, and the
network (see `models`). To the end, the residual (see `residual`). All little-endian.

The base of a point is what the network says, in units, plus, with a mean, the nearest integer to
(mean - origin) / unit of its cell (float64, halves to even), at most 2^30 from 0. It stands for
origin + base * unit, a double product, then a double sum.

The first checksum tells damaged bytes, before anything of them is used. The second tells a machine
whose arithmetic is another one than the format's. Both are errors.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.base import check_length
from climcomp.codecs.neural.inr.layout import Layout, layout_of
from climcomp.codecs.neural.inr.models import Model, pack_model, parse_model
from climcomp.codecs.neural.ncx import Ncx
from climcomp.errors import CodecError, PayloadError

ELSEWHERE = b"\xff"
"""The first byte of a block that is coded by `ncx` alone."""
LARGEST_BASE = 1 << 30
_FLOAT64, _WRAPS, _MEAN, _SZ3, _PREVIEW = 1, 2, 4, 8, 16
_FLAGS = 31
_LARGEST_ERROR = float(np.finfo(np.float32).max)
_SUMS = struct.Struct("<II")
_SCALE = struct.Struct("<ddf")
_SIZE = struct.Struct("<I")
_FIRST = 1 + _SUMS.size + _SCALE.size


@dataclass(frozen=True, slots=True)
class Base:
    """What gives the base of every point of a block.

    `mean` is a payload of `ncx`, empty where there is none.
    """

    layout: Layout
    origin: float
    unit: float
    mean: bytes
    model: Model

    def integers(self, dtype: np.dtype[Any]) -> NDArray[np.float64]:
        """(before, steps, rows, columns) the base of every point, whole numbers."""
        found = self.model.base(self.layout)
        if self.mean:
            found += mean_integers(self.mean, self.layout, self.origin, self.unit, dtype)
        np.clip(found, -LARGEST_BASE, LARGEST_BASE, out=found)
        return found

    def values(self, integers: NDArray[np.float64]) -> NDArray[np.float64]:
        """What they stand for."""
        with np.errstate(over="ignore"):  # damaged numbers may pass the largest
            found = integers * self.unit  # NumPy rounds the product before the sum
            found += self.origin
        return found


def has_wrapping_columns(payload: memoryview) -> bool:
    """Whether the network of a payload goes on from the last column to the first."""
    return bool(payload[0] & _WRAPS)


def network_error(payload: memoryview) -> float:
    """How far the network of a payload is off at the block's points, root mean square."""
    return float(_SCALE.unpack_from(payload, 1 + _SUMS.size)[2])


def error_of(base: NDArray[np.float64], values: NDArray[np.floating]) -> float:
    """The root-mean-square error of the values that a base stands for."""
    left = base - values
    with np.errstate(over="ignore"):  # squares of the largest numbers pass what a float holds
        return math.sqrt(float(np.mean(np.square(left, out=left))))


def mean_integers(
    mean: bytes, layout: Layout, origin: float, unit: float, dtype: np.dtype[Any]
) -> NDArray[np.float64]:
    """(rows, columns) the mean of each cell in units."""
    found = Ncx().decode(mean, layout.field, dtype).astype(np.float64)
    found -= origin
    found /= unit
    rounded: NDArray[np.float64] = np.rint(found)
    return rounded


def checksum_of(integers: NDArray[np.float64]) -> int:
    """The CRC-32C of a base."""
    return int(google_crc32c.value(integers.astype("<i4").tobytes()))


def pack_payload(
    base: Base,
    checksum: int,
    dtype: np.dtype[Any],
    residual: bytes | None,
    *,
    error: float,
    is_sz3: bool = False,
) -> bytes:
    """The payload of a block, whose base has some `error`; None for the residual of a preview."""
    flags = (
        _FLOAT64 * (dtype.itemsize == 8)
        | _WRAPS * base.layout.wraps
        | _MEAN * bool(base.mean)
        | _SZ3 * is_sz3
        | _PREVIEW * (residual is None)
    )
    model = pack_model(base.model)
    rest = b"".join(
        (
            _SIZE.pack(checksum),
            _SCALE.pack(base.origin, base.unit, min(error, _LARGEST_ERROR)),
            _SIZE.pack(len(base.mean)),
            base.mean,
            _SIZE.pack(len(model)),
            model,
            residual or b"",
        )
    )
    first = bytes([flags])
    return first + _SIZE.pack(google_crc32c.value(first + rest)) + rest


@dataclass(frozen=True, slots=True)
class Parts:
    """A payload, taken apart."""

    base: Base
    checksum: int
    is_preview: bool
    is_sz3: bool
    residual: memoryview

    def integers(self, dtype: np.dtype[Any]) -> NDArray[np.float64]:
        """(before, steps, rows, columns) the base, compared with its checksum.

        Raises
        ------
        PayloadError
            If it is not what the encoder had.
        """
        found = self.base.integers(dtype)
        if checksum_of(found) != self.checksum:
            raise PayloadError(
                f"the base of a block of codec 'inr' has the checksum {checksum_of(found):#010x}, "
                f"not {self.checksum:#010x}: this machine's arithmetic is wrong, or the block is "
                f"damaged"
            )
        return found


def parse_payload(payload: memoryview, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Parts:
    """The parts of a payload that has a network.

    Raises
    ------
    PayloadError
        If the bytes are damaged, or not those of a block of this shape and type.
    """
    check_length(payload, _FIRST + 2 * _SIZE.size, "inr")
    flags, (wanted, checksum) = payload[0], _SUMS.unpack_from(payload, 1)
    found = google_crc32c.value(bytes(payload[:1]) + bytes(payload[1 + _SIZE.size :]))
    if found != wanted or flags > _FLAGS:
        raise PayloadError(
            f"a payload of codec 'inr' has the checksum {found:#010x}, not {wanted:#010x}: it is "
            f"damaged, or not of this codec"
        )
    if bool(flags & _FLOAT64) != (dtype.itemsize == 8):
        raise PayloadError(f"inr payload of another type, expected {dtype}")
    try:
        layout = layout_of(shape, wraps=bool(flags & _WRAPS))
    except CodecError as error:
        raise PayloadError(str(error)) from error
    origin, unit, off = _SCALE.unpack_from(payload, 1 + _SUMS.size)
    if not 0 <= off <= _LARGEST_ERROR:
        raise PayloadError(f"inr payload whose network is off by {off:g}")
    if not (math.isfinite(origin) and 0 < unit * LARGEST_BASE < math.inf):
        raise PayloadError(f"inr payload with the origin {origin:g} and the unit {unit:g}")
    mean, at = _part(payload, _FIRST)
    model, at = _part(payload, at)
    if bool(flags & _MEAN) != bool(len(mean)):
        raise PayloadError("inr payload whose mean is not what its first byte says")
    base = Base(layout, origin, unit, bytes(mean), parse_model(model, layout))
    return Parts(base, checksum, bool(flags & _PREVIEW), bool(flags & _SZ3), payload[at:])


def _part(payload: memoryview, at: int) -> tuple[memoryview, int]:
    """A part with its size before it, and where the next one begins."""
    if len(payload) < at + _SIZE.size:
        raise PayloadError("inr payload that ends before its parts")
    (size,) = _SIZE.unpack_from(payload, at)
    begin = at + _SIZE.size
    if len(payload) < begin + size:
        raise PayloadError(f"inr payload with a part of {size} bytes, of which some are not there")
    return payload[begin : begin + size], begin + size
