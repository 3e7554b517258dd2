"""Special values out of a block and back in, bit for bit: missing values, infinities, fills, zeros.

The section
-----------
All numbers are little-endian; a varint is LEB128: 7 bits a byte, lowest first, the high bit set in
all but the last.

    u8      n: 1 to 4 bit patterns, each with a plane of its own; or 255: one plane for all
    n > 4:  no patterns here
    n <= 4: n bit patterns of the values' size
    planes  n of them (one if n = 255): where the pattern stands
    n = 255: varint length, then the patterns of all special values in C order, shuffled (all
            lowest bytes first) and compressed by Zstandard

A plane of booleans of the block's shape:

    varint  axes along which it does not change, bit i for axis i: only index 0 of these is stored
    varint  axes along which each boolean was replaced by "differs from the one before"; undone in
            increasing order of the axes
    u8      coding: 0 bits as they are, 1 bits in Zstandard, 2 bits in LZMA1 (raw stream; lc, lp and
            pb are 0, dictionary of 64 KiB), 3 gaps
    varint  length, then the bytes. Bits: booleans in C order packed into bits, highest bit first,
            the last byte padded with zeros. Gaps: varint number of true booleans, then pcodec's
            standalone format of as many uint32: how many booleans in C order each one stands
            behind the one before, the first one behind index -1
"""

from __future__ import annotations

import lzma
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.byte_reader import ByteReader, varint
from climcomp.codecs import zstd
from climcomp.codecs.pcodec import pack_numbers, unpack_numbers
from climcomp.errors import PayloadError

_MOST_PLANES = 4
_LITERAL = 255
_LZMA = {"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16, "lc": 0, "lp": 0, "pb": 0}
_RAW_CODING, _ZSTD_CODING, _LZMA_CODING, _GAPS_CODING = range(4)
_THOROUGH_UP_TO = 1 << 12  # bytes of packed bits: below, every coding of every difference is tried
_SLOW_UP_TO = 1 << 14  # bytes of packed bits that are worth slow compression
_FEWEST_PER_TRUE = 8  # booleans; where true ones are denser than this, bits are smaller than gaps


@dataclass(frozen=True, slots=True)
class Specials:
    """Where a block's special values stand, and their bits.

    Attributes
    ----------
    planes
        Booleans of the block's shape, one for each pattern.
    patterns
        The bits of each plane's values; or, with a single plane, of each of its values in C order.
    """

    planes: tuple[NDArray[np.bool_], ...]
    patterns: tuple[NDArray[Any], ...]

    def anywhere(self) -> NDArray[np.bool_]:
        """True where any special value stands."""
        first, *others = self.planes
        for plane in others:
            first = first | plane
        return first

    def restore(self, values: NDArray[Any]) -> None:
        """Write the special values into a block, bit for bit."""
        for plane, pattern in zip(self.planes, self.patterns, strict=True):
            if pattern.size == 1:
                np.copyto(values, pattern, where=plane)
            else:
                values[plane] = pattern


def find_specials(
    values: NDArray[np.floating], exact: tuple[float, ...]
) -> NDArray[np.bool_] | None:
    """True where a value is NaN, +-Inf or equal to one of `exact`; None where no value is.

    0.0 in `exact` finds -0.0 too. A number that the type cannot hold stands for the nearest one,
    as it does in files.
    """
    with np.errstate(all="ignore"):
        lowest, highest = values.min(), values.max()
        wanted = [values.dtype.type(number) for number in exact]
        finite = bool(np.isfinite(lowest) and np.isfinite(highest))
        found = None if finite else np.asarray(~np.isfinite(values))
        for number in wanted:
            if finite and not lowest <= number <= highest:
                continue
            equal = np.asarray(values == number)
            found = equal if found is None else np.logical_or(found, equal, out=found)
    return found if found is not None and found.any() else None


def encode_specials(values: NDArray[np.floating], special: NDArray[np.bool_]) -> bytes:
    """The section for the special values of a block; `special` is True somewhere."""
    word = np.dtype(f"u{values.itemsize}")
    bits = values.view(word)
    rest = special.copy()
    planes: list[tuple[NDArray[Any], NDArray[np.bool_]]] = []
    while len(planes) < _MOST_PLANES and rest.any():
        pattern = bits.flat[int(rest.argmax())]
        plane = rest & (bits == pattern)
        planes.append((pattern, plane))
        rest ^= plane
    if not rest.any():
        patterns = np.array([pattern for pattern, _ in planes], word).astype(word.newbyteorder("<"))
        return b"".join(
            [bytes([len(planes)]), patterns.tobytes(), *(encode_plane(p) for _, p in planes)]
        )
    literal = bits[special].astype(word.newbyteorder("<"))
    rows = np.ascontiguousarray(literal.view(np.uint8).reshape(-1, word.itemsize).T)
    packed = zstd.compress(rows.reshape(-1).data, 9)
    return b"".join([bytes([_LITERAL]), encode_plane(special), varint(len(packed)), packed])


def packed_shape(ordinary: NDArray[np.bool_]) -> tuple[int, ...]:
    """The shape in which a block's ordinary values are coded without its special ones.

    Leading dimensions along which the places of special values do not change stay; the values of
    all others follow each other in C order. So a static land mask leaves (time, ocean).
    """
    kept = 0
    first = ordinary
    while kept < ordinary.ndim - 1 and bool((first == first[:1]).all()):
        first = first[0]
        kept += 1
    return (*ordinary.shape[:kept], int(np.count_nonzero(first)))


def decode_specials(section: memoryview, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Specials:
    """The special values of a block.

    Raises
    ------
    PayloadError
        If the section is not one of a block of this shape and type.
    """
    reader = ByteReader(section, "mask section")
    count = reader.byte()
    word = np.dtype(f"<u{dtype.itemsize}")
    if 1 <= count <= _MOST_PLANES:
        bits = np.frombuffer(reader.take(count * word.itemsize), word)
        planes = tuple(decode_plane(reader, shape) for _ in range(count))
    elif count == _LITERAL:
        planes = (decode_plane(reader, shape),)
        length = int(np.count_nonzero(planes[0]))
        content = zstd.decompress(reader.take(reader.varint()), length * word.itemsize)
        rows = np.frombuffer(content, np.uint8).reshape(word.itemsize, length)
        bits = np.ascontiguousarray(rows.T).reshape(-1).view(word)
    else:
        raise PayloadError(f"a mask section names {count} patterns; 1 to 4 or 255 were expected")
    reader.finish()
    values = bits.astype(word.newbyteorder("=")).view(dtype.newbyteorder("="))
    if count == _LITERAL:
        return Specials(planes, (values,))
    return Specials(planes, tuple(values[i : i + 1] for i in range(count)))


def encode_plane(plane: NDArray[np.bool_]) -> bytes:
    """A plane of booleans, of any shape with at least one value, as the section has it."""
    unchanged = 0
    for axis in range(plane.ndim):
        first = plane[_index(plane.ndim, axis, slice(0, 1))]
        if plane.shape[axis] > 1 and bool((plane == first).all()):
            unchanged |= 1 << axis
            plane = first
    ways = list(_differenced(plane))
    if plane.size > 8 * _THOROUGH_UP_TO:
        ways = [min(ways, key=lambda way: min(len(coded) for _, coded in _quick(way[1])))]
    axes, (coding, coded) = min(
        ((axes, coding) for axes, changed in ways for coding in _codings(changed)),
        key=lambda way: len(way[1][1]),
    )
    return b"".join([varint(unchanged), varint(axes), bytes([coding]), varint(len(coded)), coded])


def _differenced(plane: NDArray[np.bool_]) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """A plane, and its changes along each axis and along the last two; with the axes as bits."""
    yield 0, plane
    long = [axis for axis, length in enumerate(plane.shape) if length > 1]
    if plane.size <= 8:
        return
    for axes in [(axis,) for axis in long] + ([tuple(long[-2:])] if len(long) > 1 else []):
        changed = plane.copy()
        for axis in axes:
            later = _index(plane.ndim, axis, slice(1, None))
            earlier = _index(plane.ndim, axis, slice(None, -1))
            changed[later] = changed[later] ^ changed[earlier]
        yield sum(1 << axis for axis in axes), changed


def _quick(plane: NDArray[np.bool_]) -> Iterator[tuple[int, bytes]]:
    """Codings that tell at little cost which differences are the smallest."""
    yield _ZSTD_CODING, zstd.compress(np.packbits(plane).data, 1)
    yield from _gaps(plane)


def _codings(plane: NDArray[np.bool_]) -> Iterator[tuple[int, bytes]]:
    packed = np.packbits(plane).tobytes()
    yield _RAW_CODING, packed
    is_small = len(packed) <= _SLOW_UP_TO
    yield _ZSTD_CODING, zstd.compress(packed, 19 if is_small else 9)
    if is_small:
        yield _LZMA_CODING, lzma.compress(packed, lzma.FORMAT_RAW, filters=[_LZMA])
    yield from _gaps(plane)


def _gaps(plane: NDArray[np.bool_]) -> Iterator[tuple[int, bytes]]:
    places = np.flatnonzero(plane)
    if 0 < places.size * _FEWEST_PER_TRUE < plane.size < 1 << 32:
        gaps = np.diff(places, prepend=-1).astype(np.uint32)
        yield _GAPS_CODING, varint(places.size) + pack_numbers(gaps)


def decode_plane(reader: ByteReader, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The plane of a block of this shape that a reader comes to; read-only.

    Raises
    ------
    PayloadError
        If there is none.
    """
    unchanged, axes, coding = reader.varint(), reader.varint(), reader.byte()
    coded = reader.take(reader.varint())
    if max(unchanged, axes) >> len(shape):
        raise PayloadError(f"a mask names axes that a block of shape {shape} does not have")
    kept = tuple(1 if unchanged >> axis & 1 else n for axis, n in enumerate(shape))
    count = math.prod(kept)
    if coding == _GAPS_CODING:
        plane = _decoded_gaps(coded, count)
    else:
        bits = np.frombuffer(_decoded_bits(coding, coded, (count + 7) // 8), np.uint8)
        plane = np.unpackbits(bits, count=count)
    plane = plane.reshape(kept)
    for axis in range(len(shape)):
        if axes >> axis & 1:
            np.bitwise_xor.accumulate(plane, axis=axis, out=plane)
    return np.broadcast_to(plane.view(np.bool_), shape)


def _decoded_gaps(coded: memoryview, size: int) -> NDArray[np.uint8]:
    reader = ByteReader(coded, "mask gaps")
    count = reader.varint()
    if count > size:
        raise PayloadError(f"a mask of {size} booleans names {count} true ones")
    gaps = unpack_numbers(reader.rest(), count, np.dtype(np.uint32))
    places = np.cumsum(gaps, dtype=np.uint64)
    if count and (int(places[-1]) > size or int(gaps.min()) == 0):
        raise PayloadError(f"a mask's gaps lead beyond its {size} booleans or overlap")
    plane = np.zeros(size, np.uint8)
    plane[places - np.uint64(1)] = 1
    return plane


def _decoded_bits(coding: int, coded: memoryview, size: int) -> bytes | bytearray:
    """Exactly `size` bytes of packed bits, and never more memory than these."""
    if coding == _ZSTD_CODING:
        return zstd.decompress(coded, size)
    content = bytes(coded)
    if coding == _LZMA_CODING:
        try:
            decoder = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[_LZMA])
            content = decoder.decompress(content, max_length=size + 1)
        except lzma.LZMAError as err:
            raise PayloadError(f"a mask's LZMA stream cannot be decoded: {err}") from err
    elif coding != _RAW_CODING:
        raise PayloadError(f"a mask is coded in way {coding}; 0 to 3 were expected")
    if len(content) != size:
        raise PayloadError(f"a mask has {len(content)} bytes of bits, {size} were expected")
    return content


def _index(ndim: int, axis: int, part: slice) -> tuple[slice, ...]:
    return tuple(part if other == axis else slice(None) for other in range(ndim))
