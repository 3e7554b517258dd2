"""SZ3: error-bounded prediction and entropy coding, with the better of its two predictors.

Payload
-------
One byte: n in its low 7 bits, and its high bit set for float64 (SZ3 does not store the type). Then
n bytes: the order of the block's dimensions in the stream (dimension i of the stream is dimension
order[i] of the block); n = 0 means the block's own order. Then an SZ3 stream of the reordered block
with dimensions of length 1 left out (a single value has one dimension of length 1) and, where more
than 4 are left, the leading ones merged into one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs.base import (
    absolute_bound,
    check_length,
    check_values,
    empty_block,
    installed_version,
    load_library,
    usable_bound,
    value_count,
)
from climcomp.codecs.folding import folded_dims
from climcomp.codecs.sample import sample_box
from climcomp.codecs.sz3_stream import check_stream
from climcomp.errors import CodecError, PayloadError

Algorithm = Literal["auto", "interpolation", "lorenzo_regression"]
Race = Literal["full", "sample"]

# SZ3's own numbers (ALGO in its Config.hpp); INTERP_LORENZO picks its interpolation itself.
_ALGORITHMS = {"interpolation": 1, "lorenzo_regression": 0}
_ABSOLUTE = 0
_FLOAT64 = 0x80
_RANGE_USED = 2.0**-16
_SAMPLE_FROM = 1 << 14  # values; below, a sample costs as much as the race on all of them


@dataclass(frozen=True, slots=True)
class Sz3:
    """Keep an absolute bound with SZ3.

    Parameters
    ----------
    algorithm
        `auto` takes the smaller of `interpolation` and `lorenzo_regression`, block by block.
    order
        Order of the block's dimensions in SZ3's eyes, which prefers some; None keeps them.
    race
        How `auto` decides: `full` encodes the whole block both ways, `sample` a box of at most
        1/16 of the values.
    """

    name: ClassVar[str] = "sz3"
    kinds: ClassVar[frozenset[str]] = frozenset({"absolute"})
    library: ClassVar[str] = "pysz"

    algorithm: Algorithm = "auto"
    order: tuple[int, ...] | None = None
    race: Race = "full"

    def __post_init__(self) -> None:
        for key, allowed in (("algorithm", get_args(Algorithm)), ("race", get_args(Race))):
            if getattr(self, key) not in allowed:
                raise CodecError(
                    f"sz3 {key} is {getattr(self, key)!r}; allowed: {', '.join(allowed)}"
                )
        if self.order is not None:
            object.__setattr__(self, "order", tuple(self.order))
            if sorted(self.order) != list(range(len(self.order))):
                raise CodecError(f"sz3 order {self.order} is no order of {len(self.order)} axes")

    def library_version(self) -> str:
        """The version of pysz that is installed."""
        return installed_version(self.library)

    def encode(self, values: NDArray[np.floating], bound: ErrorBound | None) -> bytes:
        """A payload whose values are within the bound.

        Raises
        ------
        CodecError
            If the bound is not absolute, `order` is for another number of dimensions, or values
            are so large that SZ3's sums of them would overflow.
        BoundError
            If the bound is below the spacing of the values' floats.
        """
        check_values(values, self.name)
        asked = absolute_bound(bound, self)
        if values.size == 0:
            return _head(values.dtype, ())
        order = self._order_of(values)
        folded = _fold(np.transpose(values, order), [values.shape[axis] for axis in order])
        usable = _within_range(usable_bound(asked, values), values)
        streams = (
            _compress(folded, usable, algorithm) for algorithm in self._algorithms(folded, usable)
        )
        is_moved = order != tuple(range(values.ndim))
        return _head(values.dtype, order if is_moved else ()) + min(streams, key=len)

    def decode(
        self, payload: bytes | memoryview, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> NDArray[Any]:
        """The values; a view in another order of memory where the encoder reordered them.

        Raises
        ------
        PayloadError
            If the bytes are not a payload of this shape and type.
        """
        check_length(payload, 1, self.name)
        moved = payload[0] & ~_FLOAT64
        if bool(payload[0] & _FLOAT64) != (dtype.itemsize == 8):
            raise PayloadError(f"SZ3 stream of another type, expected {dtype}")
        order = tuple(payload[1 : 1 + moved]) if moved else tuple(range(len(shape)))
        if sorted(order) != list(range(len(shape))):
            raise PayloadError(f"sz3 order {order} does not fit a block of shape {shape}")
        stream = np.frombuffer(payload, np.uint8)[1 + moved :]
        if value_count(shape) == 0:
            return empty_block(payload[1 + moved :], shape, dtype, "SZ3")
        lengths = [shape[axis] for axis in order]
        dims = folded_dims(lengths)
        check_stream(stream, dims, dtype)
        try:
            values, _ = load_library("pysz", self.library).sz.decompress(stream, dtype, dims)
        except Exception as err:  # Cython hands on whatever C++ threw: IndexError, ValueError...
            raise PayloadError(f"SZ3 cannot decode a block of shape {shape}: {err}") from err
        back = np.argsort(order) if moved else order
        decoded: NDArray[Any] = values.reshape(lengths).transpose(back)
        return decoded

    def _order_of(self, values: NDArray[np.floating]) -> tuple[int, ...]:
        if self.order is None:
            return tuple(range(values.ndim))
        if len(self.order) != values.ndim:
            raise CodecError(
                f"sz3 order {self.order} has {len(self.order)} axes, the block {values.ndim} "
                f"(shape {values.shape}): leave it out or name every axis once"
            )
        return self.order

    def _algorithms(self, values: NDArray[np.floating], bound: float) -> list[str]:
        """The algorithms to try on the whole block."""
        if self.algorithm != "auto":
            return [self.algorithm]
        if self.race == "full" or values.size < _SAMPLE_FROM:
            return list(_ALGORITHMS)
        sample = sample_box(values)
        return [min(_ALGORITHMS, key=lambda name: len(_compress(sample, bound, name)))]


def _within_range(bound: float, values: NDArray[np.floating]) -> float:
    """The bound, no larger than SZ3 can double; CodecError where it cannot add the values up.

    SZ3's regression adds up blocks of values in their own type. Where that overflowed (found with
    values of 9e307), pysz 1.1 wrote streams that it could not read.
    """
    limit = float(np.finfo(values.dtype).max) * _RANGE_USED
    largest = max(abs(float(values.min())), abs(float(values.max())))
    if largest > limit:
        raise CodecError(
            f"values as large as {largest:g} overflow in SZ3's sums of {values.dtype} (limit "
            f"{limit:g}); name them as exact values, or use 'rounding' or 'lossless'"
        )
    return min(bound, limit)


def _head(dtype: np.dtype[Any], order: tuple[int, ...]) -> bytes:
    return bytes([len(order) | (_FLOAT64 if dtype.itemsize == 8 else 0), *order])


def _fold(values: NDArray[np.floating], lengths: Sequence[int]) -> NDArray[np.floating]:
    return np.ascontiguousarray(values).reshape(folded_dims(lengths))


def _compress(values: NDArray[np.floating], bound: float, algorithm: str) -> bytes:
    """An SZ3 stream, copied out of the library's large buffer at once."""
    pysz = load_library("pysz", Sz3.library)
    # A new configuration for every call: compress() writes into it.
    config = pysz.szConfig()
    config.errorBoundMode = _ABSOLUTE
    config.absErrorBound = bound
    config.cmprAlgo = _ALGORITHMS[algorithm]
    try:
        stream: bytes = pysz.sz.compress(values, config)[0].tobytes()
    except Exception as err:
        raise CodecError(f"SZ3 cannot encode a block of shape {values.shape}: {err}") from err
    return stream
