"""A bound relative to each value, kept by coding the logarithms of the values.

Where abs(L' - log2(abs(x))) <= log2(1 + b), the number 2**L' lies within b * abs(x) of abs(x):
above because of 2**log2(1 + b) = 1 + b, below because of 1 / (1 + b) >= 1 - b. So a codec that
keeps an absolute bound on the logarithms keeps a relative one on the values (Liang et al. 2018, "An
efficient transformation scheme for lossy data compression with point-wise relative error bound",
IEEE CLUSTER). Signs and zeros, which have no logarithm, are stored beside them.

Payload
-------
Nothing for an empty block. Else, little-endian, with varints and mask sections as in climcomp.mask:

    u8        bytes of a value: 4 float32, 8 float64
    text      the codec of the logarithms: a byte n, then n bytes of ASCII; n = 0: all values are
              exact
    u8        signs: 0 none is negative, 1 all are, 2 a plane of climcomp.mask (True: negative)
              follows the next field
    varint    length of the exact values
    plane     only where signs is 2
    exact     a mask section of climcomp.mask, if its length is not 0: zeros of both signs and the
              values that the logarithms would not bring back within the bound
    only where n is not 0:
    u8        bytes of a logarithm: 4 float32, 8 float64
    f64       scale, positive
    payload of that codec: a block of the same shape of logarithms L; values are
              sign * scale * 2**L, at most the largest number of their type; 2**L is that of
              climcomp.codecs.exp2, bit for bit
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.byte_reader import ByteReader, varint
from climcomp.codecs.base import Codec, check_values, empty_block, value_count
from climcomp.codecs.exp2 import LARGEST_EXPONENT, exp2
from climcomp.codecs.logarithms import Logarithms, take_logarithms
from climcomp.codecs.registry import codec_class, codec_names, get_codec
from climcomp.codecs.sz3 import Race
from climcomp.errors import BoundError, CodecError, PayloadError
from climcomp.mask import decode_plane, decode_specials, encode_plane, encode_specials

_MOST_PATCHED = 1 / 16  # of the values; beyond it rounding is smaller and faster (our own)
# Of the block's sum; more makes a second encoding with a tighter bound worth its time: criterion C3
# warns of twice as much. Seen where a bound is so loose that SZ3 only interpolates.
_MOST_OF_SUM_LOST = 1e-4
_NONE_NEGATIVE, _ALL_NEGATIVE, _SOME_NEGATIVE = range(3)


@dataclass(frozen=True, slots=True)
class Log:
    """Keep a pointwise relative bound by an absolute one on log2(abs(value)).

    Parameters
    ----------
    inner
        A codec that keeps absolute bounds, for the logarithms.
    order
        Handed to the inner codec where it is not None: see Sz3.
    race
        Handed to the inner codec where it is not "full": see Sz3.
    """

    name: ClassVar[str] = "log"
    kinds: ClassVar[frozenset[str]] = frozenset({"pointwise_relative"})

    inner: str = "sz3"
    order: tuple[int, ...] | None = None
    race: Race = "full"

    def __post_init__(self) -> None:
        if self.order is not None:
            object.__setattr__(self, "order", tuple(self.order))
        if "absolute" not in self._inner().kinds:
            raise CodecError(
                f"log inner is {self.inner!r}, which does not keep an absolute bound on "
                f"logarithms: name one that does, such as 'sz3' or 'zfp'"
            )

    @property
    def library(self) -> str:
        """The distribution whose code makes the inner codec's bytes."""
        return self._inner().library

    def library_version(self) -> str:
        """The version of `library` that is installed."""
        return self._inner().library_version()

    def encode(self, values: NDArray[np.floating], bound: ErrorBound | None) -> bytes:
        """A payload whose values are within the bound.

        Raises
        ------
        CodecError
            If the bound is not pointwise_relative, the inner codec cannot code the logarithms, or
            more than 1/16 of the values would have to be stored as they are (subnormal numbers,
            which rounding to their type moves far).
        BoundError
            If the bound is near the spacing of the values' floats or of their logarithms.
        """
        check_values(values, self.name)
        if bound is None or bound.kind not in self.kinds:
            found = "no bound" if bound is None else f"a {bound.kind} bound"
            raise CodecError(
                f"codec 'log' was given {found}; it keeps: {', '.join(sorted(self.kinds))}. Use "
                f"'sz3', 'zfp' or 'rounding' for absolute bounds, 'lossless' for none"
            )
        if values.size == 0:
            return b""
        exact, coded = np.asarray(values == 0), b""
        if not exact.all():
            coded, exact = self._encode_logarithms(values, exact, bound.value)
        signs, plane = _encode_signs(np.asarray(values < 0), exact)
        section = encode_specials(values, exact) if exact.any() else b""
        name = self.inner.encode("ascii") if coded else b""
        head = bytes([values.itemsize, len(name), *name, signs]) + varint(len(section))
        return b"".join([head, plane, section, coded])

    def decode(
        self, payload: bytes | memoryview, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> NDArray[Any]:
        """The values, of this shape and type.

        Raises
        ------
        PayloadError
            If the bytes are not a payload of this shape and type.
        """
        if value_count(shape) == 0:
            return empty_block(payload, shape, dtype, "log")
        reader = ByteReader(memoryview(payload), "log section")
        if (size := reader.byte()) != dtype.itemsize:
            raise PayloadError(f"log section: values of {size} bytes, expected {dtype}")
        name, signs, exact_bytes = reader.text(), reader.byte(), reader.varint()
        if signs > _SOME_NEGATIVE:
            raise PayloadError(f"log section: signs of kind {signs}, wanted 0 to {_SOME_NEGATIVE}")
        negative = decode_plane(reader, shape) if signs == _SOME_NEGATIVE else None
        section = reader.take(exact_bytes)
        exact = decode_specials(section, shape, dtype) if exact_bytes else None
        if name:
            values = _decode_logarithms(name, reader, shape, dtype)
        elif exact is not None and exact.anywhere().all():
            reader.finish()
            values = np.empty(shape, dtype)
        else:
            raise PayloadError("log section: neither logarithms nor exact values for all the block")
        if signs == _ALL_NEGATIVE:
            np.negative(values, out=values)
        elif negative is not None:
            np.negative(values, out=values, where=negative)
        if exact is not None:
            exact.restore(values)
        return values

    def _inner(self) -> Codec:
        settings: dict[str, Any] = {}  # of whatever types the inner codec's settings have
        if self.order is not None:
            settings["order"] = self.order
        if self.race != "full":
            settings["race"] = self.race
        return get_codec(self.inner, **settings)

    def _encode_logarithms(
        self, values: NDArray[np.floating], zeros: NDArray[np.bool_], bound: float
    ) -> tuple[bytes, NDArray[np.bool_]]:
        """The logarithms' part of a payload, and which values are to be stored as they are."""
        logs = take_logarithms(values, zeros, bound)
        stream, powers = self._code(logs)
        scale, lost = logs.balanced_scale(powers, values, zeros)
        if lost > _MOST_OF_SUM_LOST:
            stream, powers = self._code(logs.with_room_for(lost))
            scale, _ = logs.balanced_scale(powers, values, zeros)
        outside = logs.outside(_magnitudes(powers, scale, values.dtype), values)
        exact = np.asarray(zeros | outside)
        patches = int(np.count_nonzero(exact)) - int(np.count_nonzero(zeros))
        if patches > max(1, values.size * _MOST_PATCHED):
            raise CodecError(
                f"{patches} of {values.size} values would not come back within {bound:g} of "
                f"themselves from logarithms coded by {self.inner!r}: use 'rounding' or 'lossless'"
            )
        return struct.pack("<Bd", logs.numbers.itemsize, scale) + stream, exact

    def _code(self, logs: Logarithms) -> tuple[bytes, NDArray[np.float64]]:
        """The inner codec's payload, and 2**L of the logarithms that come out of it."""
        inner = self._inner()
        try:
            stream = inner.encode(logs.numbers, ErrorBound("absolute", logs.bound))
        except (BoundError, CodecError) as err:
            err.add_note(f"in logarithms of values, which codec 'log' handed to {self.inner!r}")
            raise
        decoded = inner.decode(stream, logs.numbers.shape, logs.numbers.dtype)
        return stream, exp2(_checked(decoded))


def _encode_signs(negative: NDArray[np.bool_], exact: NDArray[np.bool_]) -> tuple[int, bytes]:
    """The kind of signs, and their plane where they are mixed; exact values have their own."""
    counts = negative & ~exact
    if not counts.any():
        return _NONE_NEGATIVE, b""
    if bool((negative | exact).all()):
        return _ALL_NEGATIVE, b""
    return _SOME_NEGATIVE, encode_plane(negative)


def _decode_logarithms(
    name: str, reader: ByteReader, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Magnitudes from the last part of a payload."""
    if name not in codec_names() or "absolute" not in codec_class(name).kinds:
        raise PayloadError(
            f"log section: the logarithms need codec {name!r}, which is not known here or keeps no "
            f"absolute bound; known: {', '.join(codec_names())}"
        )
    size, scale = reader.byte(), reader.unpack("<d")
    if size not in (4, 8) or not 0 < scale < math.inf:
        raise PayloadError(
            f"log section: logarithms of {size} bytes and scale {scale}; wanted 4 or 8, and a "
            f"positive number"
        )
    logs = codec_class(name)().decode(reader.rest(), shape, np.dtype(f"f{size}"))
    return _magnitudes(exp2(_checked(logs)), scale, dtype)


def _checked(logs: NDArray[Any]) -> NDArray[Any]:
    """Decoded logarithms in C order, none of them beyond what a float64 can be a power of."""
    low, high = float(logs.min()), float(logs.max())
    if not (low >= -LARGEST_EXPONENT and high <= LARGEST_EXPONENT):
        raise PayloadError(
            f"logarithms from {low:g} to {high:g}, wanted at most {LARGEST_EXPONENT:g} on either "
            f"side: damaged payload"
        )
    return np.ascontiguousarray(logs).reshape(logs.shape)


def _magnitudes(powers: NDArray[np.float64], scale: float, dtype: np.dtype[Any]) -> NDArray[Any]:
    """scale * powers as numbers of a type, finite and writable."""
    scaled = np.empty_like(powers)
    with np.errstate(over="ignore", under="ignore"):
        np.multiply(powers, scale, out=scaled)
        np.minimum(scaled, float(np.finfo(dtype).max), out=scaled)
        return scaled.astype(dtype, copy=False)
