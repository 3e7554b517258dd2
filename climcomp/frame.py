"""Encode a block into a payload that decodes alone, and decode it.

The bytes are described in climcomp.header (frame) and climcomp.mask (special values); the body is
the codec's own. Order of work: trailing padding is left out, special values are split off, the
gaps they leave are filled from their neighbours, values are rounded if asked, and the codec gets
what is left of the error bound.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.registry import codec_class, codec_names
from climcomp.errors import ClimcompError, PayloadError
from climcomp.header import CONSTANT_BODY, GRID_BODY, NO_BODY, PACKED_BODY, BlockHeader, unpack
from climcomp.mask import Specials, decode_specials, packed_shape
from climcomp.prepare import BlockEncoding, prepare_block

__all__ = ["BlockEncoding", "decode_block", "encode_block", "read_header", "unpack_chunk"]


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
    block = prepare_block(values, encoding)
    return block.payload(block.body.coded())


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
    header, mask, body = unpack_chunk(payload, shape, dtype)
    dtype = np.dtype(dtype).newbyteorder("=")
    coded = _decode_extent(header, mask, body, dtype)
    if header.extent == header.shape:
        return coded
    block = np.empty(header.shape, dtype)
    block[...] = np.frombuffer(header.fill_bits, header.dtype).astype(dtype)
    block[tuple(slice(length) for length in header.extent)] = coded
    return block


def unpack_chunk(
    payload: bytes | memoryview, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> tuple[BlockHeader, memoryview, memoryview]:
    """The header, the mask section and the body of a payload; nothing of it is decoded.

    Raises
    ------
    PayloadError
        If the bytes are damaged, truncated, or not of a block of this shape and type.
    """
    header, mask, body = unpack(payload)
    dtype = np.dtype(dtype).newbyteorder("=")
    if header.shape != tuple(shape) or header.dtype.newbyteorder("=") != dtype:
        raise PayloadError(
            f"the payload holds a {header.dtype.name} block of shape {header.shape}, the array's "
            f"chunk is {dtype.name} of shape {tuple(shape)}: bytes of another chunk or array"
        )
    return header, mask, body


def read_header(payload: bytes | memoryview) -> BlockHeader:
    """What a payload says about itself; PayloadError where its checksum is wrong."""
    return unpack(payload)[0]


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
