"""The lossless codec: every bit comes back, by whichever of five ways is the smallest.

Payload
-------
One byte says the way, the rest is its stream. All numbers are little-endian.

0. the values, as they are in memory
1. pcodec's standalone format, holding the values in C order as floats
2. Zstandard over the values' bytes, shuffled: first the lowest byte of every value, then the
   second, and so on
3. one byte a (1 to 3), then pcodec's standalone format holding unsigned integers: each value's
   bits as an integer that sorts as the floats do (all bits flipped if the sign bit is set, the
   sign bit alone if not), then the difference to the previous value taken along each of the last a
   axes, modulo 2**32 or 2**64, read as two's complement and folded (0, -1, 1, -2 ... becomes
   0, 1, 2, 3 ...)
4. the stream of climcomp.codecs.lattice_integers: whole numbers and the formula that gives the
   values from them
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs import zstd
from climcomp.codecs.base import (
    check_length,
    check_values,
    installed_version,
    value_count,
)
from climcomp.codecs.differences import (
    floats_of,
    ordered_bits,
    pack_differences,
    sums,
    unfolded,
    useful_axes,
)
from climcomp.codecs.lattice_integers import decode_integers, encode_integers
from climcomp.codecs.pcodec import pack_numbers, unpack_numbers
from climcomp.codecs.sample import sample_box
from climcomp.errors import PayloadError

_TRY_ALL_BELOW = 4 << 20  # bytes; above it a sample decides which way is the smallest
_ZSTD_LEVEL = 9  # levels 15 and 19 gain 1-8 % at a sixth of the speed (measured on 11 fields)
_Encoder = Callable[[NDArray[np.floating]], bytes]


@dataclass(frozen=True, slots=True)
class Lossless:
    """Keep every bit, -0.0 and the payloads of NaN included."""

    name: ClassVar[str] = "lossless"
    kinds: ClassVar[frozenset[str]] = frozenset()
    library: ClassVar[str] = "pcodec"
    is_sequential: ClassVar[bool] = True

    def library_version(self) -> str:
        """The version of pcodec that is installed."""
        return installed_version(self.library)

    def encode(self, values: NDArray[np.floating], bound: ErrorBound | None = None) -> bytes:
        """The smallest payload; any bound is kept, since nothing is lost."""
        check_values(values, self.name)
        if values.size == 0:
            return b"\x00"
        ways = _ways(values)
        if values.nbytes >= _TRY_ALL_BELOW:
            sample = sample_box(values)
            ways = [min(ways, key=lambda way: len(way(sample)))]
        payloads = [way(values) for way in ways]
        integers = encode_integers(values)
        if integers is not None:
            payloads.append(b"\x04" + integers)
        smallest = min(payloads, key=len)
        return smallest if len(smallest) <= values.nbytes else _encode_raw(values)

    def decode(
        self, payload: bytes | memoryview, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> NDArray[Any]:
        """The values, bit for bit.

        Raises
        ------
        PayloadError
            If the bytes are not a payload of so many values of this type.
        """
        check_length(payload, 1, self.name)
        way, stream = payload[0], memoryview(payload)[1:]
        size_bytes = value_count(shape) * dtype.itemsize
        if way == 0:
            if len(stream) != size_bytes:
                raise PayloadError(f"{len(stream)} raw bytes, the block has {size_bytes}")
            return np.frombuffer(bytearray(stream), dtype).reshape(shape)
        if way == 1:
            return unpack_numbers(stream, value_count(shape), dtype).reshape(shape)
        if way == 2:
            shuffled = np.frombuffer(zstd.decompress(stream, size_bytes), np.uint8)
            rows = shuffled.reshape(dtype.itemsize, -1)
            return np.ascontiguousarray(rows.T).reshape(-1).view(dtype).reshape(shape)
        if way == 3:
            return _decode_differences(stream, shape, dtype)
        if way == 4:
            return decode_integers(stream, shape, dtype)
        raise PayloadError(f"lossless way {way} is unknown (0 to 4): a newer climcomp made it?")


def _ways(values: NDArray[np.floating]) -> list[_Encoder]:
    """The encoders that are worth trying on blocks of this shape."""
    axes = useful_axes(values.shape)
    return [_encode_pcodec, _encode_shuffled, *(partial(_encode_differences, axes=a) for a in axes)]


def _encode_raw(values: NDArray[np.floating]) -> bytes:
    return b"\x00" + values.tobytes()


def _encode_pcodec(values: NDArray[np.floating]) -> bytes:
    return b"\x01" + pack_numbers(np.ascontiguousarray(values).reshape(-1))


def _encode_shuffled(values: NDArray[np.floating]) -> bytes:
    rows = np.ascontiguousarray(values).reshape(-1).view(np.uint8).reshape(-1, values.itemsize)
    return b"\x02" + zstd.compress(np.ascontiguousarray(rows.T).reshape(-1).data, _ZSTD_LEVEL)


def _encode_differences(values: NDArray[np.floating], axes: int) -> bytes:
    return b"\x03" + bytes([axes]) + pack_differences(ordered_bits(values), axes)


def _decode_differences(
    stream: memoryview, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[Any]:
    check_length(stream, 1, "differences")
    axes = stream[0]
    if not 1 <= axes <= min(3, len(shape)):
        raise PayloadError(f"differences along {axes} axes of a block with {len(shape)}")
    word = np.dtype(f"u{dtype.itemsize}")
    numbers = unpack_numbers(stream[1:], value_count(shape), word).reshape(shape)
    return floats_of(sums(unfolded(numbers), axes), dtype)
