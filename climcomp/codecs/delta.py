"""Differences along one dimension: each plane as its difference to the decoded one before it.

Oceans, soils and lakes change little from step to step, on a pattern that stays. Since a plane is
taken from the decoded one, errors do not add up. (Measured: 60 days of POP sea-surface temperature
at 0.01 K are 17.0 times smaller with SZ3 in three dimensions, 20.7 times with this.)

Payload
-------
u8 axis of the differences; the name of the codec of the planes; its library and version, separated
by a space (each text is one byte n, then n bytes of ASCII). Then for each plane along that axis a
varint (LEB128) and so many bytes: its payload by that codec, in the shape of the block without the
axis. The first plane holds values; plane k of the block is plane k - 1 plus what payload k holds,
added in the type of the block. A scalar has one plane. A block without values has no bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.byte_reader import ByteReader, text_bytes, varint
from climcomp.codecs.base import (
    Codec,
    absolute_bound,
    check_values,
    empty_block,
    installed_version,
    value_count,
)
from climcomp.codecs.registry import codec_class, get_codec
from climcomp.errors import BoundError, CodecError, PayloadError

# SZ3's predictors are raced on the first plane, on the first difference, and again every so many
# planes (our own): differences of one variable are alike.
_RACE_EVERY = 16
_RIVALS = {"sz3": ({"algorithm": "interpolation"}, {"algorithm": "lorenzo_regression"})}


@dataclass(frozen=True, slots=True)
class Delta:
    """Keep an absolute bound on planes that are differences along one dimension.

    Parameters
    ----------
    axis
        The dimension along which differences are taken; None: the first that is longer than 1.
    inner
        The codec of the planes, one that keeps absolute bounds.
    """

    name: ClassVar[str] = "delta"
    kinds: ClassVar[frozenset[str]] = frozenset({"absolute"})
    library: ClassVar[str] = "climcomp"

    axis: int | None = None
    inner: str = "sz3"

    def __post_init__(self) -> None:
        if self.inner == self.name:
            raise CodecError("delta codes its planes with another codec; inner: sz3 is usual")

    def library_version(self) -> str:
        """The version of climcomp; that of the planes' library stands in the payload."""
        return installed_version(self.library)

    def encode(self, values: NDArray[np.floating], bound: ErrorBound | None) -> bytes:
        """A payload whose values are within the bound.

        Raises
        ------
        CodecError
            If the bound is not absolute, the block has no such axis, or the codec of the planes
            refuses them.
        BoundError
            If the bound is too near the spacing of the values' floats.
        """
        check_values(values, self.name)
        asked = absolute_bound(bound, self)
        if values.size == 0:
            return b""
        axis = self._axis_of(values.shape)
        planes = np.moveaxis(np.atleast_1d(values), axis, 0)
        of_planes = ErrorBound("absolute", _left_by_additions(asked, values))
        codecs = _codecs(self.inner)
        library = f"{codecs[0].library} {codecs[0].library_version()}"
        parts = [bytes([axis]), text_bytes(self.inner), text_bytes(library)]
        decoded: NDArray[np.floating] | None = None
        for number, plane in enumerate(planes):
            difference = np.ascontiguousarray(plane if decoded is None else plane - decoded)
            if number <= 1 or number % _RACE_EVERY == 0:
                codecs = _codecs(self.inner)
            codec, payload = _smallest(codecs, difference, of_planes)
            codecs = [codec]
            parts += [varint(len(payload)), payload]
            decoded = _next(decoded, codec, payload, difference)
            self._check(plane, decoded, asked)
        return b"".join(parts)

    def decode(
        self, payload: bytes | memoryview, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> NDArray[Any]:
        """The values, of exactly this shape and type.

        Raises
        ------
        PayloadError
            If the bytes are not a payload of such a block.
        """
        if value_count(shape) == 0:
            return empty_block(payload, shape, dtype, "differences")
        reader = ByteReader(memoryview(payload), "delta section")
        axis, name, _library = reader.byte(), reader.text(), reader.text()
        if axis >= max(1, len(shape)):
            raise PayloadError(f"differences along axis {axis} of a block with {len(shape)}")
        if name == self.name:
            raise PayloadError("differences of differences: no climcomp makes them")
        codec = _class_of(name)()
        whole = np.empty(shape or (1,), dtype)
        planes = np.moveaxis(whole, axis, 0)
        of_plane = planes.shape[1:]
        for number in range(len(planes)):
            part = codec.decode(reader.take(reader.varint()), of_plane, dtype)
            with np.errstate(over="ignore", invalid="ignore"):
                planes[number] = part if number == 0 else planes[number - 1] + part
        reader.finish()
        return whole.reshape(shape)

    def _axis_of(self, shape: tuple[int, ...]) -> int:
        if self.axis is None:
            return next((axis for axis, length in enumerate(shape) if length > 1), 0)
        if not 0 <= self.axis < max(1, len(shape)):
            raise CodecError(
                f"delta axis {self.axis} is none of a block of shape {shape}: it counts from 0"
            )
        return self.axis

    def _check(
        self, plane: NDArray[np.floating], decoded: NDArray[np.floating], bound: float
    ) -> None:
        error = float(np.abs(decoded.astype(np.float64) - plane).max())
        if not error <= bound:
            raise CodecError(
                f"differences coded by {self.inner!r} come to an error of {error:.6g}, the bound "
                f"is {bound:.6g}; use {self.inner!r} itself"
            )


def _left_by_additions(bound: float, values: NDArray[np.floating]) -> float:
    """The bound, less what taking a difference and adding it again round off.

    Each rounds to half a spacing of floats as large as the values and their errors, at most.
    """
    largest = max(abs(float(values.min())), abs(float(values.max())))
    limits = np.finfo(values.dtype)
    reach = 2 * largest + bound
    if not reach < float(limits.max) / 2:
        raise CodecError(
            f"differences of values as large as {largest:g} overflow {values.dtype}; name them as "
            "exact values, or use 'rounding' or 'lossless'"
        )
    left = bound - float(np.spacing(values.dtype.type(reach)))
    if not left > 0:
        raise BoundError(
            f"the bound {bound:g} is too near the spacing of {values.dtype} values as large as "
            f"{largest:g} for differences; use 'sz3', or 'lossless'"
        )
    return left


def _codecs(inner: str) -> list[Codec]:
    return [get_codec(inner, **settings) for settings in _RIVALS.get(inner, ({},))]


def _smallest(
    codecs: list[Codec], values: NDArray[np.floating], bound: ErrorBound
) -> tuple[Codec, bytes]:
    made = [(codec, codec.encode(values, bound)) for codec in codecs]
    return min(made, key=lambda one: len(one[1]))


def _next(
    before: NDArray[np.floating] | None,
    codec: Codec,
    payload: bytes,
    difference: NDArray[np.floating],
) -> NDArray[np.floating]:
    """The plane as a reader decodes it."""
    part = codec.decode(payload, difference.shape, difference.dtype)
    return part if before is None else before + part


def _class_of(name: str) -> type[Codec]:
    try:
        return codec_class(name)
    except CodecError as err:
        raise PayloadError(f"differences coded by {name!r}: {err}") from err
