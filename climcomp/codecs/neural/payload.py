"""The head of a payload, and a block as its fields."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.base import check_length
from climcomp.codecs.neural.geometry import Geometry, geometry_of
from climcomp.codecs.neural.walk import Settings
from climcomp.errors import CodecError, PayloadError

_HEAD = struct.Struct("<BB8sdd")
_CHECKSUM = struct.Struct("<I")
_FLOAT64, _HIERARCHICAL, _WRAPS, _LATTICE, _ALPHA, _TAILS = 1, 2, 4, 8, 16, 64
ELSEWHERE = b"\xff"
"""The first byte of a block that is coded by SZ3, because it has no fields, or spans too much."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a payload begins with."""

    settings: Settings
    network: bytes  # its hash
    origin: float
    unit: float

    def packed(self, dtype: np.dtype[Any], values: NDArray[np.int32], rest: bytes) -> bytes:
        """As in the format, with the checksum of the integers and of taps and patches (`rest`)."""
        kind = (
            _FLOAT64 * (dtype.itemsize == 8)
            | _HIERARCHICAL * self.settings.hierarchical
            | _WRAPS * self.settings.wraps
            | _LATTICE * self.settings.is_lattice
            | _ALPHA * self.settings.alpha
            | _TAILS * self.settings.has_tails
        )
        plain = _HEAD.pack(kind, self.settings.axis, self.network, self.origin, self.unit)
        return plain + _CHECKSUM.pack(_checksum(values, plain + rest)) + rest


def parse_head(
    payload: memoryview, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> tuple[Head, memoryview]:
    """The head of a payload, and what follows it.

    Raises
    ------
    PayloadError
        If they are not those of a block of this shape and type.
    """
    check_length(payload, _HEAD.size + _CHECKSUM.size, "ncx")
    kind, axis, network, origin, unit = _HEAD.unpack_from(payload)
    if bool(kind & _FLOAT64) != (dtype.itemsize == 8):
        raise PayloadError(f"ncx stream of another type, expected {dtype}")
    settings = Settings(
        bool(kind & _HIERARCHICAL),
        bool(kind & _WRAPS),
        kind // _ALPHA & 3,
        axis,
        bool(kind & _LATTICE),
        bool(kind & _TAILS),
    )
    if kind >= 2 * _TAILS:
        raise PayloadError(f"ncx stream of kind {kind}, of which this version knows nothing")
    if settings.axis >= max(1, len(shape) - 2):
        raise PayloadError(f"ncx axis {settings.axis} does not fit a block of shape {shape}")
    try:
        geometry_of(shape, settings.axis)
    except CodecError as error:
        raise PayloadError(str(error)) from error
    return Head(settings, network, origin, unit), payload[_HEAD.size + _CHECKSUM.size :]


def verify_checksum(payload: memoryview, before_stream: int, values: NDArray[np.integer]) -> None:
    """Compare the checksum of a payload with that of what was decoded.

    Parameters
    ----------
    before_stream
        Bytes of the payload before its stream.
    values
        The integers.

    Raises
    ------
    PayloadError
        If they differ.
    """
    (wanted,) = _CHECKSUM.unpack_from(payload, _HEAD.size)
    rest = payload[_HEAD.size + _CHECKSUM.size : before_stream]
    found = _checksum(values, bytes(payload[: _HEAD.size]) + bytes(rest))
    if found != wanted:
        raise PayloadError(
            f"ncx decoded integers with the checksum {found:#010x}, not {wanted:#010x}: the block "
            "is damaged"
        )


def _checksum(values: NDArray[np.integer], others: bytes) -> int:
    of_values = google_crc32c.value(values.astype("<i4", copy=False).tobytes())
    return int(google_crc32c.extend(of_values, others))


def fields_of(values: NDArray[Any], geometry: Geometry) -> NDArray[Any]:
    """(fields, rows, columns), the frame axis running fastest."""
    if values.ndim > 3:
        values = np.moveaxis(values, geometry.axis, values.ndim - 3)
    shape = (geometry.fields, geometry.rows, geometry.columns)
    return np.ascontiguousarray(values).reshape(shape)


def fields_in_shape(
    fields: NDArray[Any], shape: tuple[int, ...], geometry: Geometry
) -> NDArray[Any]:
    """The block that `fields_of` took apart."""
    if len(shape) <= 3:
        return fields.reshape(shape)
    leading = [n for a, n in enumerate(shape[:-2]) if a != geometry.axis]
    moved = fields.reshape((*leading, geometry.length, *shape[-2:]))
    return np.ascontiguousarray(np.moveaxis(moved, len(shape) - 3, geometry.axis))
