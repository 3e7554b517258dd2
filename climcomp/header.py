"""The header of a block's payload, and the checksum over all of it.

Frame 1, byte by byte
---------------------
All numbers are little-endian; a varint is LEB128 (7 bits a byte, lowest first, the high bit set in
all but the last byte); a text is one byte n, then n bytes of ASCII.

    4 bytes   magic "CLCB"
    u8        version of the frame: 1
    u8        type of the values: 1 float32, 2 float64
    u8        d: number of dimensions, 0 to 32
    d varints shape of the block
    d varints extent: what is coded starts at index 0 and ends here, along each dimension; all
              values beyond it are the fill
    fill      only where an extent is smaller than the shape: the bits of the fill, 4 or 8 bytes
    text      name of the codec
    text      name and version of its library, separated by a space
    u8        kind of the error bound asked: 0 none (lossless), 1 absolute, 2 range_relative,
              3 pointwise_relative, 4 none is kept (a preview)
    f64       the bound, infinite for kind 4; only where its kind is not 0
    u8        keepbits: mantissa bits that values were rounded to before the codec; 255 none
    u8        body: 0 none, all of the extent is special values
                    1 one value (4 or 8 bytes) that all ordinary values have
                    2 the codec's bytes for a block of the shape of the extent
                    3 the codec's bytes for the ordinary values alone, in C order: leading
                      dimensions along which the places of special values do not change stay,
                      all others become one
    range     only where the kind of the bound is not 0 and body is 2 or 3: the lowest and the
              highest ordinary value, 4 or 8 bytes each
    varint    length of the mask section; 0: there are no special values
    varint    length of the body
    mask section (see climcomp.mask)
    body
    u32       CRC-32C (Castagnoli, as in RFC 3720) over all bytes before it

The values are those of the body, moved into the range where there is one, with the special values
of the mask section put in their places. The range cannot enlarge an error, since every original
value lies in it; it keeps rain from becoming negative and fractions from exceeding one.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, get_args

import google_crc32c
import numpy as np

from climcomp.bounds import BoundKind, ErrorBound
from climcomp.byte_reader import ByteReader, text_bytes, varint
from climcomp.errors import BoundError, PayloadError

MAGIC = b"CLCB"
FRAME_VERSION = 1
NO_BODY, CONSTANT_BODY, GRID_BODY, PACKED_BODY = range(4)

_DTYPES: dict[int, np.dtype[Any]] = {1: np.dtype("<f4"), 2: np.dtype("<f8")}
_NO_KEEPBITS = 255
_MOST_DIMENSIONS = 32
_CRC_BYTES = 4


@dataclass(frozen=True, slots=True)
class BlockHeader:
    """What a payload says about itself.

    Attributes
    ----------
    library
        Name and version of the library that made the body, "pysz 1.1.0".
    extent
        The shape of the part that is coded; padding beyond it is `fill_bits`.
    body
        0 none, 1 constant, 2 a block, 3 the ordinary values alone.
    value_range
        The lowest and the highest ordinary value of a lossy body; None for any other.
    """

    codec: str
    library: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    extent: tuple[int, ...]
    fill_bits: bytes
    bound: ErrorBound | None
    keepbits: int | None
    body: int
    mask_bytes: int
    body_bytes: int
    value_range: tuple[float, float] | None = None
    frame: int = FRAME_VERSION


def pack(header: BlockHeader, mask: bytes, body: bytes) -> bytes:
    """A payload: header, sections, checksum."""
    kinds: tuple[str, ...] = get_args(BoundKind)
    bound = header.bound
    code = next(code for code, dtype in _DTYPES.items() if dtype == header.dtype)
    parts = [
        MAGIC,
        bytes([header.frame, code, len(header.shape)]),
        *(varint(length) for length in (*header.shape, *header.extent)),
        header.fill_bits,
        text_bytes(header.codec),
        text_bytes(header.library),
        b"\x00" if bound is None else struct.pack("<Bd", 1 + kinds.index(bound.kind), bound.value),
        bytes([_NO_KEEPBITS if header.keepbits is None else header.keepbits, header.body]),
        b"" if header.value_range is None else np.array(header.value_range, header.dtype).tobytes(),
        varint(len(mask)),
        varint(len(body)),
        mask,
        body,
    ]
    payload = b"".join(parts)
    return payload + struct.pack("<I", google_crc32c.value(payload))


def unpack(payload: bytes | memoryview) -> tuple[BlockHeader, memoryview, memoryview]:
    """The header, the mask section and the body of a payload whose checksum is right.

    Raises
    ------
    PayloadError
        If the bytes are truncated, damaged, of a newer frame, or contradict themselves.
    """
    data = memoryview(payload).cast("B")
    if bytes(data[:4]) != MAGIC:
        raise PayloadError(
            f"{len(data)} bytes that start with {bytes(data[:4]).hex()} are no block of climcomp "
            f"(wanted {MAGIC.hex()}): another codec's bytes, or damaged"
        )
    checked, stored = data[:-_CRC_BYTES], bytes(data[-_CRC_BYTES:])
    computed = struct.pack("<I", google_crc32c.value(bytes(checked)))
    if computed != stored:
        raise PayloadError(
            f"CRC-32C of a block of {len(data)} bytes is {computed.hex()}, stored {stored.hex()}: "
            f"the bytes are damaged or truncated; restore them from another copy"
        )
    reader = ByteReader(checked[4:], "block header")
    version = reader.byte()
    if version != FRAME_VERSION:
        raise PayloadError(
            f"block of frame {version}; this climcomp reads frame {FRAME_VERSION}: update climcomp"
        )
    header = _read_header(reader)
    mask, body = reader.take(header.mask_bytes), reader.take(header.body_bytes)
    reader.finish()
    return header, mask, body


def _read_header(reader: ByteReader) -> BlockHeader:
    code, ndim = reader.byte(), reader.byte()
    if code not in _DTYPES or ndim > _MOST_DIMENSIONS:
        raise PayloadError(f"block header: type {code}, {ndim} dimensions; wanted 1 or 2, 0 to 32")
    dtype = _DTYPES[code]
    shape = tuple(reader.varint() for _ in range(ndim))
    extent = tuple(reader.varint() for _ in range(ndim))
    if any(part > whole for part, whole in zip(extent, shape, strict=True)):
        raise PayloadError(f"block header: extent {extent} exceeds the shape {shape}")
    fill_bits = bytes(reader.take(dtype.itemsize)) if extent != shape else b""
    codec, library = reader.text(), reader.text()
    bound = _read_bound(reader)
    keepbits, body = reader.byte(), reader.byte()
    if body > PACKED_BODY:
        raise PayloadError(f"block header: body of kind {body}, wanted 0 to {PACKED_BODY}")
    value_range = None
    if bound is not None and body in (GRID_BODY, PACKED_BODY):
        value_range = _read_range(reader, dtype)
    return BlockHeader(
        codec=codec,
        library=library,
        dtype=dtype,
        shape=shape,
        extent=extent,
        fill_bits=fill_bits,
        bound=bound,
        keepbits=None if keepbits == _NO_KEEPBITS else keepbits,
        body=body,
        mask_bytes=reader.varint(),
        body_bytes=reader.varint(),
        value_range=value_range,
    )


def _read_range(reader: ByteReader, dtype: np.dtype[Any]) -> tuple[float, float]:
    low, high = (float(v) for v in np.frombuffer(reader.take(2 * dtype.itemsize), dtype))
    if not -np.inf < low <= high < np.inf:
        raise PayloadError(f"block header: values from {low} to {high}, wanted finite and ordered")
    return low, high


def _read_bound(reader: ByteReader) -> ErrorBound | None:
    code = reader.byte()
    if code == 0:
        return None
    kinds = get_args(BoundKind)
    if code > len(kinds):
        raise PayloadError(f"block header: error bound of kind {code}, wanted 0 to {len(kinds)}")
    try:
        return ErrorBound(kinds[code - 1], reader.unpack("<d"))
    except BoundError as err:
        raise PayloadError(f"block header: {err}") from err
