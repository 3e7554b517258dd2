"""Bit rounding: mantissa bits that the bound does not need become zero, the rest is lossless.

The payload is that of the lossless codec.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs.base import check_values
from climcomp.codecs.lossless import Lossless
from climcomp.errors import CodecError
from climcomp.rounding import keepbits_for, quantum_for, round_to_keepbits, round_to_quantum


@dataclass(frozen=True, slots=True)
class Rounding:
    """Keep an absolute bound by rounding to a multiple of a power of two, a relative one by bits.

    Zeros, signs and subnormal numbers of a pointwise relative bound are exact.
    """

    name: ClassVar[str] = "rounding"
    kinds: ClassVar[frozenset[str]] = frozenset({"absolute", "pointwise_relative"})
    library: ClassVar[str] = "pcodec"
    is_sequential: ClassVar[bool] = True

    def library_version(self) -> str:
        """The version of pcodec that is installed."""
        return Lossless().library_version()

    def kept_bound(self, bound: ErrorBound, dtype: DTypeLike) -> ErrorBound:
        """The tightest bound within which the values are rounded as within this one.

        A bound within which nothing is rounded comes back as it is.
        """
        if bound.kind == "absolute":
            kept = quantum_for(bound.value, dtype) / 2
        else:
            kept = 2.0 ** -(keepbits_for(bound.value, dtype) + 1)
        return ErrorBound(bound.kind, kept) if 0 < kept <= bound.value else bound

    def encode(self, values: NDArray[np.floating], bound: ErrorBound | None) -> bytes:
        """The rounded values, coded without further loss.

        Raises
        ------
        CodecError
            If there is no bound, or it is range_relative.
        """
        check_values(values, self.name)
        if bound is None or bound.kind not in self.kinds:
            found = "no bound" if bound is None else f"a {bound.kind} bound"
            raise CodecError(
                f"codec 'rounding' was given {found}; it keeps {', '.join(sorted(self.kinds))}. "
                f"Use 'lossless' for none"
            )
        if bound.kind == "absolute":
            rounded = round_to_quantum(values, bound.value)
        else:
            rounded = round_to_keepbits(values, keepbits_for(bound.value, values.dtype))
        return Lossless().encode(rounded)

    def decode(
        self, payload: bytes | memoryview, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> NDArray[Any]:
        """The rounded values; PayloadError if the bytes are not a payload of this block."""
        return Lossless().decode(payload, shape, dtype)
