"""Values of a block as integers, the steps of its stages, and the values that stay over the bound.

Format
------
value = float(origin + R * unit), a double product, then a double sum, then a cast to the type of
the block. 256 units are two bounds. The step of a stage of stride s is
D = max(64, floor(256 * alpha ** log2(s))) units, alpha one of `ALPHAS`; in stage "0", s is twice
that of the stage after it. Where values lie on a lattice of wider steps, 256 units are one of
these, every D is 256, and every R a multiple of it.

Patches are values that come back bit for bit: the smallest and the largest of a block, and any that
would not keep the bound. No other value comes back beyond them: it is moved to the nearer of the
two. As bytes: u32 count; the index of each, less that of the one before, less one, as 7 bits to a
byte, low ones first, the high bit set where more follow; then the values.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.errors import CodecError, PayloadError

PER_STEP = 256
ALPHAS = (1.0, 0.97, 0.95, 0.9)
SMALLEST_STEP = 64
# R is at most this far from 0: then every candidate is exact in the compiled loops.
FARTHEST = 1 << 28
_COUNT = struct.Struct("<I")
_WIDEST_GAP = 35  # bits


@dataclass(frozen=True, slots=True)
class Grid:
    """The numbers that make values of integers."""

    origin: float
    unit: float

    def values(self, integers: NDArray[np.int32], dtype: np.dtype[Any]) -> NDArray[Any]:
        """What integers stand for."""
        with np.errstate(over="ignore"):  # patches bring back what passes the largest number
            found = integers * self.unit  # NumPy rounds the product before the sum
            found += self.origin
            return found.astype(dtype)

    def targets(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Values in units."""
        found = values.astype(np.float64)
        found -= self.origin
        found *= 1.0 / self.unit
        return found


def grid_of(values: NDArray[np.floating], bound: float) -> Grid:
    """The grid of finite values under a bound.

    Raises
    ------
    CodecError
        If they span more steps than the integers hold.
    """
    low, high = float(values.min()), float(values.max())
    unit = 2 * bound / PER_STEP
    origin = low / 2 + high / 2
    if not (high / 2 - low / 2) / unit < FARTHEST or not math.isfinite(unit):
        raise CodecError(
            f"codec 'ncx' was given values from {low:g} to {high:g} and a bound of {bound:g}: it "
            f"takes spans of up to {4 * FARTHEST / PER_STEP:.0f} bounds"
        )
    return Grid(origin, unit)


def step_of(alpha: int, stride: int) -> int:
    """D of a stage."""
    return max(SMALLEST_STEP, math.floor(PER_STEP * ALPHAS[alpha] ** (stride.bit_length() - 1)))


def logarithm_of(step: int) -> int:
    """64 times the logarithm to base 2 of a step over 256."""
    return round(64 * math.log2(step / PER_STEP))


@dataclass(frozen=True, slots=True)
class Patches:
    """Values that come back bit for bit, by their index in the block; there is one at least."""

    places: NDArray[np.int64]
    values: NDArray[Any]

    def apply(self, decoded: NDArray[Any]) -> None:
        """Put them into a block, and no other value beyond them."""
        np.clip(decoded, self.values.min(), self.values.max(), out=decoded)
        decoded.reshape(-1)[self.places] = self.values

    def packed(self) -> bytes:
        """As in the format."""
        out = bytearray(_COUNT.pack(self.places.size))
        for gap in np.diff(self.places, prepend=-1) - 1:
            rest = int(gap)
            while rest > 0x7F:
                out.append(rest & 0x7F | 0x80)
                rest >>= 7
            out.append(rest)
        return bytes(out) + self.values.astype(self.values.dtype.newbyteorder("<")).tobytes()


def patches_of(
    values: NDArray[Any],
    decoded: NDArray[Any],
    bound: float,
    filled: NDArray[np.bool_] | None = None,
) -> Patches:
    """What a block needs, from what is decoded without them; values that fill gaps need none."""
    flat = values.reshape(-1)
    moved = decoded.reshape(-1)
    if filled is not None:
        known = ~filled.reshape(-1)
        flat, moved = flat[known], moved[known]
    moved = np.clip(moved, flat.min(), flat.max())
    over = ~(np.abs(flat.astype(np.float64) - moved) <= bound)
    over[[int(flat.argmin()), int(flat.argmax())]] = True
    at = np.flatnonzero(over)
    return Patches(at if filled is None else np.flatnonzero(known)[at], flat[at])


def parse_patches(data: memoryview, size: int, dtype: np.dtype[Any]) -> tuple[Patches, int]:
    """The patches at the start of some bytes, for a block of `size` values; how many bytes it were.

    Raises
    ------
    PayloadError
        If they end before, or lie outside of the block.
    """
    if len(data) < _COUNT.size:
        raise PayloadError("a block of codec 'ncx' ends before its patches")
    (count,) = _COUNT.unpack_from(data)
    if not 0 < count <= size or count * (1 + dtype.itemsize) > len(data):
        raise PayloadError(f"a block of codec 'ncx' of {size} values names {count} patches")
    index, at, places = -1, _COUNT.size, []
    for _ in range(count):
        gap = shift = 0
        while True:
            if at >= len(data) or shift > _WIDEST_GAP:
                raise PayloadError("the patches of a block of codec 'ncx' are damaged")
            byte = data[at]
            at += 1
            gap |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        index += gap + 1
        places.append(index)
    if index >= size:
        raise PayloadError(f"a patch of codec 'ncx' is at {index} of {size} values")
    if len(data) < at + count * dtype.itemsize:
        raise PayloadError("a block of codec 'ncx' ends in its patches")
    values = np.frombuffer(data, dtype.newbyteorder("<"), count, at).astype(dtype)
    return Patches(np.array(places, dtype=np.int64), values), at + count * dtype.itemsize
