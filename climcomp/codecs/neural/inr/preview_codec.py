"""Previews as blocks of an archive: a codec that keeps no bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs.base import (
    check_length,
    check_values,
    empty_block,
    installed_version,
    value_count,
)
from climcomp.codecs.neural.inr.codec import Inr
from climcomp.codecs.neural.inr.fitting import Kind, Precision
from climcomp.errors import CodecError


@dataclass(frozen=True, slots=True)
class Preview:
    """A network in place of a block: see `climcomp.codecs.neural.inr.preview`.

    Parameters
    ----------
    target, value
        `ratio`: the bytes of the block over all bytes of its payload, `value` at least; `rmse`: the
        root-mean-square error, `value` at most, in the unit of the values.
    nearest
        Whether the nearest to a target that cannot be reached will do.
    kind, effort, precision, latitudes
        As of `Inr`.
    """

    name: ClassVar[str] = "preview"
    kinds: ClassVar[frozenset[str]] = frozenset({"none"})
    library: ClassVar[str] = "climcomp"
    is_fitted: ClassVar[bool] = True
    # Of fits: no payload needs torch to be read.
    module: ClassVar[str] = Inr.module
    extra: ClassVar[str] = Inr.extra

    target: Literal["ratio", "rmse"] = "ratio"
    value: float = 500.0
    nearest: bool = False
    kind: Kind = "grids"
    effort: int | None = None
    precision: Precision = "float32"
    latitudes: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        from climcomp.codecs.neural.inr.preview import Target

        Target(self.target, self.value)
        self._fitted()  # for the errors that it raises

    def _fitted(self) -> Inr:
        return Inr(self.kind, self.effort, self.precision, self.latitudes)

    @property
    def needs_module(self) -> bool:
        """Whether an encoder of these settings wants torch."""
        return self.kind != "grids"

    def library_version(self) -> str:
        """The version of climcomp."""
        return installed_version(self.library)

    def encode(self, values: NDArray[np.floating], bound: ErrorBound | None) -> bytes:
        """A network that reaches the target.

        Raises
        ------
        CodecError
            If a bound is asked for, no network is fitted to such a block, or the fit diverges.
        TargetNotReached
            If it cannot be reached.
        MissingExtraError
            If torch is not installed, unless the kind is `grids`.
        """
        if bound is None or bound.kind != "none":
            found = "every bit" if bound is None else f"a bound ({bound.kind})"
            raise CodecError(f"a preview keeps no bound; asked for was {found}: use 'inr'")
        return self.encode_sized(values, None, 0)

    def encode_sized(
        self, values: NDArray[np.floating], filled: NDArray[np.bool_] | None, spent: int
    ) -> bytes:
        """The same of values of which some only fill gaps; `spent` bytes stand beside them."""
        check_values(values, self.name)
        if values.size == 0:
            return b""
        from climcomp.codecs.neural.inr.preview import Target, encode_preview

        return encode_preview(
            values,
            Target(self.target, self.value),
            filled,
            self._fitted(),
            spent=spent,
            nearest=self.nearest,
        )

    def decode(
        self, payload: bytes | memoryview, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> NDArray[Any]:
        """The values, by NumPy alone.

        Raises
        ------
        PayloadError
            If the bytes are not a preview of this shape and type.
        """
        if value_count(shape) == 0:
            return empty_block(payload, shape, dtype, self.name)
        check_length(payload, 1, self.name)
        from climcomp.codecs.neural.inr.preview import decode_preview

        return decode_preview(payload, shape, dtype)
