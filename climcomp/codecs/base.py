"""What a codec is, and the few checks that every codec makes."""

from __future__ import annotations

import importlib
import math
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.errors import BoundError, CodecError, MissingExtraError, PayloadError


@runtime_checkable
class Codec(Protocol):
    """Encode blocks of floats within an error bound, and decode them.

    A codec is a frozen dataclass of its settings: it can be hashed, compared and pickled. The
    settings are for encoding only and all have defaults: a payload is decoded by `Class()` with
    nothing but its bytes, the shape and the type. A class attribute `is_sequential = True` says
    that a codec gains nothing from filled gaps: it is given the values between them alone. A codec
    whose library is optional names its module and climcomp's extra in `module` and `extra`. One
    that makes the same bytes within many bounds says with `kept_bound(bound, dtype)` which of them
    stands for all. One that saves where values only fill gaps, and need not come back, has
    `encode_filled(values, bound, filled)` beside `encode`.

    A codec that fits a network to every block, in minutes where others take seconds, says
    `is_fitted = True`; its bytes may differ from machine to machine. Where some of its settings do
    without the optional library, a property `needs_module` says so. One that codes many blocks at
    once on a device of torch has `encode_together(bodies, device, say)`.
    """

    name: ClassVar[str]
    kinds: ClassVar[frozenset[str]]
    """The kinds of error bound that it keeps; empty for a codec that is lossless only."""
    library: ClassVar[str]
    """The distribution whose code makes the bytes."""

    def library_version(self) -> str:
        """The version of `library` that is installed."""
        ...

    def encode(self, values: NDArray[np.floating], bound: ErrorBound | None) -> bytes:
        """The payload of finite, C-contiguous float32 or float64 values of up to 5 dimensions."""
        ...

    def decode(
        self, payload: bytes | memoryview, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> NDArray[Any]:
        """The values, of exactly this shape and type; PayloadError if the bytes are not theirs."""
        ...


@runtime_checkable
class Sized(Protocol):
    """A codec that is given a size to come to, of which a payload takes a part beside the body."""

    def encode_sized(
        self, values: NDArray[np.floating], filled: NDArray[np.bool_] | None, spent: int
    ) -> bytes:
        """The bytes of values of which some may only fill gaps; `spent` bytes stand beside them."""
        ...


@cache
def installed_version(distribution: str) -> str:
    """The version of an installed distribution; "unknown" where it is not known."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "unknown"


def load_library(module: str, distribution: str, extra: str | None = None) -> ModuleType:
    """Import a codec's library, or say what to install.

    Parameters
    ----------
    extra
        The extra of climcomp that brings the distribution, if it is an optional one.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as err:
        wanted = distribution if extra is None else f"'climcomp[{extra}]'"
        raise MissingExtraError(
            f"the library {module!r} cannot be imported ({err}); blocks made with it need it: "
            f"pip install {wanted}"
        ) from err


def check_values(values: NDArray[np.floating], name: str) -> None:
    """Refuse types that no payload can name.

    Raises
    ------
    CodecError
        If the values are not native float32 or float64.
    """
    if values.dtype not in (np.float32, np.float64):
        raise CodecError(
            f"codec {name!r} was given {values.dtype} values; it takes native float32 or float64"
        )


def absolute_bound(bound: ErrorBound | None, codec: Codec) -> float:
    """The value of an absolute bound.

    Raises
    ------
    CodecError
        If there is none, or its kind is one that the codec does not keep.
    """
    if bound is None or bound.kind != "absolute":
        found = "no bound" if bound is None else f"a {bound.kind} bound"
        raise CodecError(
            f"codec {codec.name!r} was given {found}; it keeps: {', '.join(sorted(codec.kinds))}. "
            f"Use 'log' or 'rounding' for pointwise_relative bounds, 'lossless' for none"
        )
    return bound.value


def usable_bound(bound: float, values: NDArray[np.floating]) -> float:
    """What to ask of a codec so that values rounded to their float type still keep `bound`.

    The rounding of the largest decoded value to its type may add half a unit in the last place,
    and codecs were seen at 1.0003 bounds: hence a thousandth less.

    Parameters
    ----------
    bound
        Absolute, in the unit of the values.
    values
        Finite, at least one.

    Raises
    ------
    BoundError
        If nothing is left: the bound is below the spacing of these floats.
    """
    largest = max(abs(float(values.min())), abs(float(values.max())))
    # A decoded value may lie one bound beyond the largest, in the next binade.
    limits = np.finfo(values.dtype)
    _, exponent = math.frexp(min(largest + bound, float(limits.max)))
    half_spacing = math.ldexp(1.0, max(exponent, int(limits.minexp) + 1) - limits.nmant - 2)
    left = (bound - half_spacing) * 0.999
    if not left > 0:
        raise BoundError(
            f"the bound {bound:g} is not above the rounding {half_spacing:g} of {values.dtype} "
            f"values as large as {largest:g}; give a larger bound or use 'lossless'"
        )
    return left


def check_length(payload: bytes | memoryview, least: int, name: str) -> None:
    """Refuse a payload that ends before its fixed part does.

    Raises
    ------
    PayloadError
        If it has fewer than `least` bytes.
    """
    if len(payload) < least:
        raise PayloadError(
            f"the {name} section has {len(payload)} bytes, at least {least} were expected: "
            f"the payload is truncated or not of this codec"
        )


def empty_block(
    payload: bytes | memoryview, shape: tuple[int, ...], dtype: np.dtype[Any], name: str
) -> NDArray[Any]:
    """A block without values, of which a codec stores no bytes.

    Raises
    ------
    PayloadError
        If there are bytes all the same.
    """
    if len(payload):
        raise PayloadError(f"{len(payload)} bytes of {name} for an empty block")
    return np.empty(shape, dtype)


def value_count(shape: tuple[int, ...]) -> int:
    """Values in a block of this shape; 1 for a scalar."""
    return math.prod(shape)
