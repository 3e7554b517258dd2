"""What a block becomes before a codec codes it, and the payload that is made of what it made.

A codec may so code many blocks at once. The order of work is told in climcomp.frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.budget import bound_left
from climcomp.codecs.base import Codec, Sized
from climcomp.codecs.lossless import Lossless
from climcomp.errors import BoundError, CodecError
from climcomp.fill import fill_missing
from climcomp.header import CONSTANT_BODY, GRID_BODY, NO_BODY, PACKED_BODY, BlockHeader, pack
from climcomp.mask import encode_specials, find_specials, packed_shape
from climcomp.padding import extent_without_padding
from climcomp.rounding import round_to_keepbits

HEADER_BYTES = 80
"""Of a payload's header and checksum, about."""


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


Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Body:
    """What becomes the body of a payload: values that a codec codes, or bytes that need none.

    Parameters
    ----------
    codec
        Lossless where rounding has used up the bound.
    kind
        Of climcomp.header.
    values
        Finite and C-contiguous: the block itself, or a copy where gaps were filled or values
        rounded. None where nothing is left to code.
    bound
        What is left of the bound for the codec.
    ready
        The body where nothing is left to code.
    value_range
        Of values that may lose something.
    filled
        Which values only fill gaps; None where there are none.
    spent
        Bytes of the payload beside the body, about.
    """

    codec: Codec
    kind: int
    values: NDArray[np.floating] | None = None
    bound: ErrorBound | None = None
    ready: bytes = b""
    value_range: Range | None = None
    filled: NDArray[np.bool_] | None = None
    spent: int = 0

    def coded(self) -> bytes:
        """The bytes.

        Raises
        ------
        CodecError, BoundError
            If the codec refuses the values or the bound.
        """
        if self.values is None:
            return self.ready
        if isinstance(self.codec, Sized):
            return self.codec.encode_sized(self.values, self.filled, self.spent)
        encode_filled = getattr(self.codec, "encode_filled", None)
        if self.filled is None or encode_filled is None:
            return self.codec.encode(self.values, self.bound)
        coded: bytes = encode_filled(self.values, self.bound, self.filled)
        return coded


@dataclass(frozen=True, slots=True)
class PreparedBlock:
    """A block whose body is still to be coded, and all that its payload says beside."""

    encoding: BlockEncoding
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    extent: tuple[int, ...]
    fill_bits: bytes
    mask: bytes
    body: Body

    def payload(self, coded: bytes) -> bytes:
        """The payload with the bytes that the body came to."""
        codec = self.body.codec
        header = BlockHeader(
            codec=codec.name,
            library=f"{codec.library} {codec.library_version()}",
            dtype=self.dtype.newbyteorder("<"),
            shape=self.shape,
            extent=self.extent,
            fill_bits=self.fill_bits,
            bound=self.encoding.bound,
            keepbits=self.encoding.keepbits,
            body=self.body.kind,
            mask_bytes=len(self.mask),
            body_bytes=len(coded),
            value_range=self.body.value_range,
        )
        return pack(header, self.mask, coded)


def prepare_block(values: NDArray[np.floating], encoding: BlockEncoding) -> PreparedBlock:
    """A block up to its codec's turn.

    Parameters
    ----------
    values
        float32 or float64 of any byte order, shape and layout; NaN and Inf are welcome.

    Raises
    ------
    CodecError
        If the type is another one.
    BoundError
        If rounding to `keepbits` breaks the bound.
    """
    if values.dtype.kind != "f" or values.dtype.itemsize not in (4, 8):
        raise CodecError(f"blocks are float32 or float64, not {values.dtype}: convert them first")
    values = np.asarray(values, values.dtype.newbyteorder("="), order="C")
    extent, fill_bits = extent_without_padding(values, encoding.fill)
    if extent != values.shape:
        coded = np.ascontiguousarray(values[tuple(slice(length) for length in extent)])
    else:
        coded = values
    mask, body = b"", Body(encoding.codec, NO_BODY)
    if coded.size:
        special = find_specials(coded, encoding.exact)
        if special is not None:
            mask = encode_specials(coded, special)
        body = replace(_body_of(coded, special, encoding), spent=len(mask) + HEADER_BYTES)
    return PreparedBlock(encoding, values.dtype, values.shape, extent, fill_bits, mask, body)


def _body_of(
    values: NDArray[np.floating], special: NDArray[np.bool_] | None, encoding: BlockEncoding
) -> Body:
    """All but the special values, and the range of lossy ones."""
    ordinary = values if special is None else values[~special]
    if ordinary.size == 0:
        return Body(encoding.codec, NO_BODY)
    if _is_constant(ordinary):
        first = ordinary.reshape(-1)[:1].astype(ordinary.dtype.newbyteorder("<"))
        return Body(encoding.codec, CONSTANT_BODY, ready=first.tobytes())
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
    filled = None if is_packed else special
    return Body(codec, kind, block, bound, value_range=value_range, filled=filled)


def _is_constant(values: NDArray[np.floating]) -> bool:
    bits = values.view(f"u{values.itemsize}").reshape(-1)
    return bool(bits[0] == bits[-1]) and bool((bits == bits[0]).all())
