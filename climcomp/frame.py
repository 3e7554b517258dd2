"""Encode a block into a payload that decodes alone, and decode it.

The bytes are described in climcomp.header (frame) and climcomp.mask (special values); the body is
the codec's own. Order of work: trailing padding is left out, special values are split off, the
gaps they leave are filled from their neighbours, values are rounded if asked, and the codec gets
what is left of the error bound.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.budget import bound_left
from climcomp.codecs.base import Codec
from climcomp.codecs.lossless import Lossless
from climcomp.codecs.registry import codec_class, codec_names
from climcomp.errors import BoundError, ClimcompError, CodecError, PayloadError
from climcomp.fill import fill_missing
from climcomp.header import (
    CONSTANT_BODY,
    GRID_BODY,
    NO_BODY,
    PACKED_BODY,
    BlockHeader,
    pack,
    unpack,
)
from climcomp.mask import Specials, decode_specials, encode_specials, find_specials, packed_shape
from climcomp.padding import extent_without_padding
from climcomp.rounding import round_to_keepbits


@dataclass(frozen=True, slots=True)
class BlockEncoding:
    """How to encode the blocks of a variable.

    Parameters
    ----------
    codec
        Of climcomp.codecs, with its settings.
    bound
        What every decoded value must keep against the values given; None: every bit is kept, and
        the codec must be a lossless one.
    keepbits
        Round to so many mantissa bits first. The codec gets what is left of the bound; where
        rounding used it up, the rounded values are coded losslessly.
    exact
        Values that come back bit for bit, beside NaN and +-Inf, which always do: fills, flags,
        zeros (0.0 stands for -0.0 too).
    fill
        Zarr's fill value: padding with it at the end of a block costs nothing.
    """

    codec: Codec
    bound: ErrorBound | None = None
    keepbits: int | None = None
    exact: tuple[float, ...] = ()
    fill: float = math.nan

    def __post_init__(self) -> None:
        is_lossy = bool(self.codec.kinds)
        if self.bound is None and (is_lossy or self.keepbits is not None):
            raise BoundError(
                f"codec {self.codec.name!r} with keepbits {self.keepbits} loses bits and needs a "
                f"bound: give one, or use 'lossless' without keepbits"
            )
        if self.bound is not None and is_lossy and self.bound.kind not in self.codec.kinds:
            raise CodecError(
                f"codec {self.codec.name!r} cannot keep a {self.bound.kind} bound; it keeps: "
                f"{', '.join(sorted(self.codec.kinds))}. Use 'rounding' or 'lossless'"
            )


def encode_block(values: NDArray[np.floating], encoding: BlockEncoding) -> bytes:
    """The payload of a block.

    Parameters
    ----------
    values
        float32 or float64 of any byte order, shape and layout; NaN and Inf are welcome.

    Raises
    ------
    CodecError
        If the type is another one, or the codec cannot encode these values.
    BoundError
        If rounding to `keepbits` breaks the bound, or the bound is below the spacing of floats.
    """
    if values.dtype.kind != "f" or values.dtype.itemsize not in (4, 8):
        raise CodecError(f"blocks are float32 or float64, not {values.dtype}: convert them first")
    values = np.asarray(values, values.dtype.newbyteorder("="), order="C")
    extent, fill_bits = extent_without_padding(values, encoding.fill)
    if extent != values.shape:
        coded = np.ascontiguousarray(values[tuple(slice(length) for length in extent)])
    else:
        coded = values
    codec: Codec = encoding.codec
    mask, kind, body, value_range = b"", NO_BODY, b"", None
    if coded.size:
        special = find_specials(coded, encoding.exact)
        if special is not None:
            mask = encode_specials(coded, special)
        codec, kind, body, value_range = _encode_ordinary(coded, special, encoding)
    header = BlockHeader(
        codec=codec.name,
        library=f"{codec.library} {codec.library_version()}",
        dtype=values.dtype.newbyteorder("<"),
        shape=values.shape,
        extent=extent,
        fill_bits=fill_bits,
        bound=encoding.bound,
        keepbits=encoding.keepbits,
        body=kind,
        mask_bytes=len(mask),
        body_bytes=len(body),
        value_range=value_range,
    )
    return pack(header, mask, body)


def decode_block(
    payload: bytes | memoryview, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """The values of a payload.

    Parameters
    ----------
    shape, dtype
        What the array's metadata say; a payload of anything else is refused before memory is
        taken for it.

    Returns
    -------
    NDArray
        Of this shape, in native byte order, writable; where the codec reordered dimensions, a view
        whose memory is in another order.

    Raises
    ------
    PayloadError
        If the bytes are damaged, truncated, or not of a block of this shape and type.
    MissingExtraError
        If the library that the codec needs is not installed.
    """
    header, mask, body = unpack(payload)
    dtype = np.dtype(dtype).newbyteorder("=")
    if header.shape != tuple(shape) or header.dtype.newbyteorder("=") != dtype:
        raise PayloadError(
            f"the payload holds a {header.dtype.name} block of shape {header.shape}, the array's "
            f"chunk is {dtype.name} of shape {tuple(shape)}: bytes of another chunk or array"
        )
    coded = _decode_extent(header, mask, body, dtype)
    if header.extent == header.shape:
        return coded
    block = np.empty(header.shape, dtype)
    block[...] = np.frombuffer(header.fill_bits, header.dtype).astype(dtype)
    block[tuple(slice(length) for length in header.extent)] = coded
    return block


def read_header(payload: bytes | memoryview) -> BlockHeader:
    """What a payload says about itself; PayloadError where its checksum is wrong."""
    return unpack(payload)[0]


Range = tuple[float, float]


def _encode_ordinary(
    values: NDArray[np.floating], special: NDArray[np.bool_] | None, encoding: BlockEncoding
) -> tuple[Codec, int, bytes, Range | None]:
    """Codec used, kind of the body, body, and range of lossy values: all but the special values."""
    ordinary = values if special is None else values[~special]
    if ordinary.size == 0:
        return encoding.codec, NO_BODY, b"", None
    if _is_constant(ordinary):
        first = ordinary.reshape(-1)[:1].astype(ordinary.dtype.newbyteorder("<"))
        return encoding.codec, CONSTANT_BODY, first.tobytes(), None
    value_range = None
    if encoding.bound is not None:
        value_range = float(ordinary.min()), float(ordinary.max())
    # A codec without use for neighbours along other dimensions gets no filled gaps to code.
    is_packed = special is not None and getattr(encoding.codec, "is_sequential", False)
    if special is None:
        block = values
    elif is_packed:
        block = ordinary.reshape(packed_shape(~special))
    else:
        block = fill_missing(values, special)
    codec, bound = encoding.codec, encoding.bound
    if encoding.keepbits is not None:
        assert bound is not None  # BlockEncoding refuses keepbits without a bound
        rounded = round_to_keepbits(block, encoding.keepbits)
        bound = bound_left(block, rounded, bound)
        block = rounded
        if bound is None:
            codec = Lossless()
    kind = PACKED_BODY if is_packed else GRID_BODY
    encode_filled = getattr(codec, "encode_filled", None)
    if special is None or is_packed or encode_filled is None:
        return codec, kind, codec.encode(block, bound), value_range
    return codec, kind, encode_filled(block, bound, special), value_range


def _is_constant(values: NDArray[np.floating]) -> bool:
    bits = values.view(f"u{values.itemsize}").reshape(-1)
    return bool(bits[0] == bits[-1]) and bool((bits == bits[0]).all())


def _decode_extent(
    header: BlockHeader, mask: memoryview, body: memoryview, dtype: np.dtype[Any]
) -> NDArray[Any]:
    """The coded part of a block."""
    if math.prod(header.extent) == 0 and len(mask) + len(body):
        raise PayloadError(
            f"an empty extent {header.extent} with {len(mask) + len(body)} bytes of sections: the "
            f"header contradicts itself"
        )
    specials = decode_specials(mask, header.extent, dtype) if len(mask) else None
    if header.body == GRID_BODY:
        values = _decode_body(header, body, header.extent, dtype)
    else:
        values = np.empty(header.extent, dtype)
        _decode_without_grid(values, header, specials, body)
    if specials is not None:
        specials.restore(values)
    return values


def _decode_without_grid(
    values: NDArray[Any], header: BlockHeader, specials: Specials | None, body: memoryview
) -> None:
    """Write the ordinary values of a body that is no block into `values`."""
    dtype = values.dtype
    if header.body == CONSTANT_BODY and len(body) == dtype.itemsize:
        values[...] = np.frombuffer(body, header.dtype).astype(dtype)
    elif header.body == PACKED_BODY and specials is not None and values.ndim:
        is_ordinary = ~specials.anywhere()
        packed = packed_shape(is_ordinary)
        values[is_ordinary] = _decode_body(header, body, packed, dtype).reshape(-1)
    elif not (header.body == NO_BODY and len(body) == 0 and _is_covered(specials, values)):
        raise PayloadError(
            f"body of kind {header.body} with {len(body)} bytes does not fit a block of shape "
            f"{header.extent} with a mask of {header.mask_bytes} bytes: it contradicts itself"
        )


def _is_covered(specials: Specials | None, values: NDArray[Any]) -> bool:
    """Whether every value of a block is a special one."""
    if specials is None:
        return values.size == 0
    return bool(specials.anywhere().all())


def _decode_body(
    header: BlockHeader, body: memoryview, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[Any]:
    if header.codec not in codec_names():
        raise PayloadError(
            f"the payload needs codec {header.codec!r} ({header.library}); known here: "
            f"{', '.join(codec_names())}: install the package that brings it"
        )
    codec = codec_class(header.codec)()
    try:
        values = codec.decode(body, shape, dtype)
    except ClimcompError as err:
        err.add_note(f"in a payload made by codec {header.codec!r} with {header.library}")
        raise
    if values.shape != shape or values.dtype != dtype:
        raise PayloadError(
            f"codec {header.codec!r} decoded {values.dtype} values of shape {values.shape}, "
            f"expected {dtype} {shape}"
        )
    if header.value_range is not None:
        # In place, and in the precision of the values: the range was taken from such values.
        low, high = (dtype.type(end) for end in header.value_range)
        np.clip(values, low, high, out=values)
    return values
