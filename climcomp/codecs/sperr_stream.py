"""Check the frame of a SPERR stream before its decoder sees it.

Format 0.2.0 of numcodecs-wasm-sperr: type (1 byte, 0 is float32, 1 float64), number of dimensions
(1), dimensions (LEB128), its version as text (length, characters); then for each volume, which are
the last three dimensions, a length (LEB128) and a SPERR stream.

A SPERR stream (little-endian): major version (1, 0), flags (1: 0x40 a volume, 0x20 float32, 0x10
cut into chunks), columns, rows, depth (4 each), the lengths of a chunk along them if it is cut (2
each), bytes of every chunk (4 each), and the chunks. A chunk whose values are all one number is:
flags (1: 0x01 set), number of values (8), the number (8). Any other is: flags (1), mean (8),
quantum (8), the coefficients, and the corrections where there are any; either of these is number
of bit planes (1), number of bits (8), the bits. Read in NCAR/SPERR (SPERR3D_Stream_Tools,
SPECK_FLT, SPECK_INT) and in the bytes that 0.2.3 writes.
"""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np

from climcomp.byte_reader import ByteReader
from climcomp.errors import PayloadError

_PLACE = "SPERR stream"
_TYPES = {4: 0, 8: 1}
_VERSION = "0.2.0"
_VOLUME, _FLOAT32, _CHUNKED = 0x40, 0x20, 0x10
_ONE_NUMBER = 0x01
_MOST_PLANES = 64  # bits of the integers that coefficients are quantised to


def check_stream(stream: memoryview, dims: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Refuse a stream that is cut, names other dimensions, or asks for more bits than it has.

    Parameters
    ----------
    dims
        Volumes, depth, rows, columns.

    Raises
    ------
    PayloadError
        With what was found and what was wanted.
    """
    reader = ByteReader(stream, _PLACE)
    kind, count = reader.byte(), reader.byte()
    if kind != _TYPES[dtype.itemsize]:
        raise PayloadError(f"{_PLACE} of type {kind}, expected {_TYPES[dtype.itemsize]} ({dtype})")
    if count != len(dims):
        raise PayloadError(f"{_PLACE} with {count} dimensions, expected {dims}")
    found = tuple(reader.varint() for _ in dims)
    if found != dims:
        raise PayloadError(f"{_PLACE} holds a block of shape {found}, expected {dims}")
    version = reader.text()
    if version != _VERSION:
        raise PayloadError(
            f"{_PLACE} of format {version!r}, known here is {_VERSION!r}: a newer climcomp made it?"
        )
    for _ in range(dims[0]):
        _check_volume(reader.take(reader.varint()), dims[1:], dtype)
    reader.finish()


def _check_volume(stream: memoryview, dims: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    reader = ByteReader(stream, _PLACE)
    major, flags = reader.byte(), reader.byte()
    expected = _VOLUME | (_FLOAT32 if dtype.itemsize == 4 else 0)
    if major != 0 or flags & ~_CHUNKED != expected:
        raise PayloadError(
            f"{_PLACE} of version {major} with flags {flags:#x}, expected 0, {expected:#x}"
        )
    sides = dims[::-1]
    found = struct.unpack("<III", reader.take(12))
    if found != sides:
        raise PayloadError(f"{_PLACE} holds a volume of sides {found}, expected {sides}")
    chunk = struct.unpack("<HHH", reader.take(6)) if flags & _CHUNKED else sides
    if not all(1 <= part <= side for part, side in zip(chunk, sides, strict=True)):
        raise PayloadError(f"{_PLACE} has chunks of sides {chunk} in a volume of sides {sides}")
    chunks = math.prod(_parts(side, part) for side, part in zip(sides, chunk, strict=True))
    lengths = reader.take(4 * chunks)
    for (length,) in struct.iter_unpack("<I", lengths):
        _check_chunk(ByteReader(reader.take(length), _PLACE))
    reader.finish()


def _parts(side: int, part: int) -> int:
    """Chunks along a side: a rest of at most half a chunk goes to the last one."""
    return max(side // part + (side % part > part // 2), 1)


def _check_chunk(reader: ByteReader) -> None:
    flags = reader.byte()
    reader.take(8)
    if flags & _ONE_NUMBER:
        reader.take(8)
        reader.finish()
        return
    quantum = reader.unpack("<d")
    if not 0 < quantum < math.inf:
        raise PayloadError(f"{_PLACE} with the quantum {quantum}, expected a positive number")
    _check_bits(reader)
    if len(reader.peek(1)):
        _check_bits(reader)
    reader.finish()


def _check_bits(reader: ByteReader) -> None:
    planes, bits = reader.byte(), reader.unpack("<Q")
    if planes > _MOST_PLANES:
        raise PayloadError(
            f"{_PLACE} with {planes} bit planes, at most {_MOST_PLANES} are possible"
        )
    reader.take((bits + 7) // 8)
