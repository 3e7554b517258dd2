"""SPERR: wavelets and bit planes of whole volumes, and corrections of what misses the bound.

Payload
-------
One byte: the axis of the block that is the depth of the coded volumes, 255 for planes alone. Then
the stream of numcodecs-wasm-sperr (climcomp.codecs.sperr_stream), which holds the block with four
dimensions: volumes, depth, rows, columns. Rows and columns are the last two axes longer than 1;
every other axis but the depth counts volumes, in its own order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

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
from climcomp.codecs.sperr_layout import sample_volume, stackable_axes, stacked_layout
from climcomp.codecs.sperr_stream import check_stream
from climcomp.errors import CodecError, MissingExtraError, PayloadError

Depth = Literal["auto", "none"] | int

_PLANES = 255
_SAMPLE_FROM = 1 << 17  # values; of smaller blocks a sample says too little (measured)


@dataclass(frozen=True, slots=True)
class Sperr:
    """Keep an absolute bound with SPERR, an optional library.

    Parameters
    ----------
    depth
        The axis of the block along which planes are stacked to volumes; `none` codes each plane
        alone. `auto` takes what makes a part of the block smallest, block by block: stacking shrank
        temperatures to a third and let rain grow by 39 % (the extremes of 14 real fields).
    """

    name: ClassVar[str] = "sperr"
    kinds: ClassVar[frozenset[str]] = frozenset({"absolute"})
    library: ClassVar[str] = "numcodecs-wasm-sperr"
    module: ClassVar[str] = "numcodecs_wasm_sperr"
    extra: ClassVar[str] = "sperr"

    depth: Depth = "auto"

    def __post_init__(self) -> None:
        is_axis = isinstance(self.depth, int) and 0 <= self.depth < _PLANES
        if self.depth not in ("auto", "none") and (not is_axis or isinstance(self.depth, bool)):
            raise CodecError(f"sperr depth is {self.depth!r}; allowed: auto, none, an axis from 0")

    def library_version(self) -> str:
        """The version of numcodecs-wasm-sperr that is installed."""
        return installed_version(self.library)

    def encode(self, values: NDArray[np.floating], bound: ErrorBound | None) -> bytes:
        """A payload whose values were decoded and found within the bound.

        Raises
        ------
        CodecError
            If the bound is not absolute, `depth` is no axis of the block, decoded values miss the
            bound, or SPERR cannot start.
        BoundError
            If the bound is below the spacing of the values' floats.
        MissingExtraError
            If SPERR is not installed.
        """
        check_values(values, self.name)
        asked = absolute_bound(bound, self)
        if values.size == 0:
            return b""
        usable = usable_bound(asked, values)
        depths = self._depths(values, usable)
        # SPERR corrects what it knows to be wrong, in float64: only where values are very large or
        # very small beside the bound does more remain, and half the bound leaves room for that.
        for attempt in (usable, usable / 2 or usable):
            payload = min((_pack(values, depth, attempt) for depth in depths), key=len)
            error = _largest_error(self.decode(payload, values.shape, values.dtype), values)
            if error <= asked:
                return payload
        raise CodecError(
            f"SPERR's largest error is {error:.6g}, the bound {asked:.6g}, and it was asked for "
            f"half of that: the values are too large or too small for it; use 'sz3', 'rounding' or "
            f"'lossless'"
        )

    def decode(
        self, payload: bytes | memoryview, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> NDArray[Any]:
        """The values; a view in another order of memory where the depth is not the third last axis.

        Raises
        ------
        PayloadError
            If the bytes are not a payload of this shape and type.
        CodecError
            If SPERR cannot start.
        MissingExtraError
            If SPERR is not installed.
        """
        if value_count(shape) == 0:
            return empty_block(payload, shape, dtype, "SPERR")
        check_length(payload, 1, self.name)
        depth = None if payload[0] == _PLANES else payload[0]
        if depth is not None and depth not in stackable_axes(shape):
            raise PayloadError(f"sperr depth {depth} is no stacked axis of a block {shape}")
        order, dims = stacked_layout(shape, depth)
        stream = memoryview(payload)[1:]
        check_stream(stream, dims, dtype)
        sperr = _start(1.0)  # the bound is for encoding, but has to be given
        try:
            values = sperr.decode(np.frombuffer(stream, np.uint8))
        except Exception as err:  # the library raises nothing more special
            raise PayloadError(
                f"SPERR cannot decode a block of shape {shape}: {_reason(err)}"
            ) from err
        moved = np.asarray(values).reshape([shape[axis] for axis in order])
        decoded: NDArray[Any] = moved.transpose(np.argsort(order))
        return decoded

    def _depths(self, values: NDArray[np.floating], bound: float) -> list[int | None]:
        """The axes to stack along that are tried on the whole block; None for planes alone."""
        axes = stackable_axes(values.shape)
        if self.depth == "none" or (self.depth == "auto" and not axes):
            return [None]
        if self.depth != "auto":
            if self.depth >= values.ndim:
                raise CodecError(
                    f"sperr depth {self.depth} is no axis of a block of shape {values.shape}: use "
                    f"auto, none, or one of its axes before the last two"
                )
            # An axis of length 1 stacks nothing, and rows and columns are no depth.
            return [self.depth if self.depth in axes else None]
        if values.size < _SAMPLE_FROM:
            return [*reversed(axes), None]
        gains = {axis: _gain(sample_volume(values, axis), bound) for axis in reversed(axes)}
        best = max(gains, key=gains.__getitem__)
        return [best if gains[best] > 1 else None]


def _gain(sample: NDArray[np.floating], bound: float) -> float:
    """How many times smaller planes become when they are stacked."""
    return len(_pack(sample, None, bound)) / len(_pack(sample, 0, bound))


def _pack(values: NDArray[np.floating], depth: int | None, bound: float) -> bytes:
    """A payload of values stacked along an axis, without a look at its errors."""
    order, dims = stacked_layout(values.shape, depth)
    block = np.ascontiguousarray(values.transpose(order)).reshape(dims)
    sperr = _start(bound)
    try:
        stream = np.asarray(sperr.encode(block))
    except Exception as err:
        raise CodecError(
            f"SPERR cannot encode a block of shape {values.shape}: {_reason(err)}"
        ) from err
    return bytes([_PLANES if depth is None else depth]) + stream.tobytes()


def _start(bound: float) -> Any:
    """SPERR in an instance of its own: WebAssembly, whose memory goes when the instance does.

    Raises
    ------
    CodecError
        If it is installed and cannot start.
    MissingExtraError
        If it is not installed.
    """
    try:
        library = load_library(Sperr.module, Sperr.library, Sperr.extra)
    except MissingExtraError:
        raise
    except Exception as err:
        raise CodecError(
            f"SPERR cannot start: {_reason(err)}. It keeps its compiled code in the user's cache "
            f"folder: set XDG_CACHE_HOME to a folder that can be written"
        ) from err
    return library.Sperr(mode="pwe", pwe=bound)


def _reason(err: BaseException) -> str:
    """What an error of the library and its cause say, the first line of each."""
    texts = [str(found).partition("\n")[0] for found in (err, err.__cause__) if found is not None]
    return ": ".join(texts)


def _largest_error(decoded: NDArray[Any], values: NDArray[np.floating]) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        error = float(np.abs(decoded.astype(np.float64) - values).max())
    return math.inf if math.isnan(error) else error
