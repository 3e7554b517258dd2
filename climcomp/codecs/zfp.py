"""ZFP in its fixed-accuracy mode: fast, block by block of 4 values along each dimension.

Payload
-------
A ZFP stream with its full header (magic, type, dimensions, mode) of the block with dimensions of
length 1 left out and, where more than 4 are left, the leading ones merged into one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs.base import (
    absolute_bound,
    check_values,
    empty_block,
    installed_version,
    load_library,
    usable_bound,
    value_count,
)
from climcomp.codecs.folding import folded_dims
from climcomp.errors import CodecError, PayloadError

_FIXED_ACCURACY = "tolerance"  # zfpy's name for the mode
_HEADER_BYTES = 12
# ZFP works on integers that share the exponent of the largest value of their 4**d values, so its
# own rounding grows with that value. Where the bound is finer than this part of the largest value,
# or values come near the ends of their type's range (ZFP 1.0 lost the smallest normal float32), the
# decoded values are compared before the payload is handed out.
_SAFE_FROM = {4: 2.0**-18, 8: 2.0**-46}


@dataclass(frozen=True, slots=True)
class Zfp:
    """Keep an absolute bound with ZFP."""

    name: ClassVar[str] = "zfp"
    kinds: ClassVar[frozenset[str]] = frozenset({"absolute"})
    library: ClassVar[str] = "zfpy"

    def library_version(self) -> str:
        """The version of zfpy that is installed."""
        return installed_version(self.library)

    def encode(self, values: NDArray[np.floating], bound: ErrorBound | None) -> bytes:
        """A payload whose values are within the bound.

        Raises
        ------
        CodecError
            If the bound is not absolute, or too small for ZFP beside values so large.
        BoundError
            If the bound is below the spacing of the values' floats.
        """
        check_values(values, self.name)
        asked = absolute_bound(bound, self)
        if values.size == 0:
            return b""
        zfpy = load_library("zfpy", self.library)
        folded = np.ascontiguousarray(values).reshape(folded_dims(values.shape))
        usable = usable_bound(asked, values)
        payload: bytes = zfpy.compress_numpy(folded, tolerance=usable)
        largest = max(abs(float(values.min())), abs(float(values.max())))
        limits = np.finfo(values.dtype)
        is_coarse = usable >= largest * _SAFE_FROM[values.itemsize]
        is_extreme = largest > float(limits.max) / 4 or usable < float(limits.tiny) * 2.0**64
        if not is_coarse or is_extreme:
            self._check_bound(payload, values, asked)
        return payload

    def decode(
        self, payload: bytes | memoryview, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> NDArray[Any]:
        """The values, of this shape and type.

        Raises
        ------
        PayloadError
            If the bytes are not a ZFP stream of such a block.
        """
        if value_count(shape) == 0:
            return empty_block(payload, shape, dtype, "ZFP")
        zfpy = load_library("zfpy", self.library)
        dims = folded_dims(shape)
        most = _largest_stream(dims, dtype)
        if not _HEADER_BYTES <= len(payload) <= most:
            raise PayloadError(f"{len(payload)} bytes of ZFP, expected {_HEADER_BYTES} to {most}")
        # ZFP's decoder does not look where its input ends. Behind the longest possible stream it
        # reads zeros; the pages are touched only if it does.
        padded = np.zeros(2 * most, np.uint8)
        padded[: len(payload)] = np.frombuffer(payload, np.uint8)
        try:
            _check_header(zfpy.header(padded.data), dims, dtype)
            values = zfpy.decompress_numpy(padded.data)
        except PayloadError:
            raise
        except Exception as err:
            raise PayloadError(f"ZFP cannot decode a block of shape {shape}: {err}") from err
        decoded: NDArray[Any] = values.reshape(shape)
        return decoded

    def _check_bound(self, payload: bytes, values: NDArray[np.floating], bound: float) -> None:
        decoded = self.decode(payload, values.shape, values.dtype).astype(np.float64)
        with np.errstate(over="ignore"):
            error = float(np.abs(decoded - values).max())
        if not error <= bound:
            raise CodecError(
                f"ZFP's largest error is {error:.6g}, the bound {bound:.6g}: it is too small "
                f"beside these values; use 'sz3', 'rounding' or 'lossless'"
            )


def _largest_stream(dims: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    """Bytes that the longest stream of such a block can have.

    A block of n values with exponents of e bits takes at most 1 + e + n - 1 + n * bits of a value
    (zfp_stream_maximum_size of ZFP 1.0), and the stream is padded to whole words.
    """
    values: int = 4 ** len(dims)
    blocks = math.prod([(length + 3) // 4 for length in dims])
    exponent = 8 if dtype.itemsize == 4 else 11
    bits = exponent + values + values * 8 * dtype.itemsize
    return _HEADER_BYTES + (blocks * bits + 7) // 8 + 64


def _check_header(header: dict[str, Any], dims: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    found = tuple(header[key] for key in ("nw", "nz", "ny", "nx") if header[key])
    if found != dims or np.dtype(header["type"]) != dtype or header["mode"] != _FIXED_ACCURACY:
        raise PayloadError(
            f"ZFP stream holds {np.dtype(header['type'])} values of shape {found} in mode "
            f"{header['mode']!r}; expected {dtype}, {dims}, {_FIXED_ACCURACY!r}"
        )
