"""Neural context coding of a block, within an absolute bound.

Payload
-------
u8: 255, then a payload of SZ3, for a block that is left to it. Else 1 for float64, plus 2 for
hierarchical order, plus 4 where columns wrap, plus 8 on a lattice, plus 16 times the number of
alpha (0 to 3), plus 64 with finer tails. Then u8, the frame axis (0 to 6); the hash of the network
(8 bytes), origin and unit of the grid as float64, a checksum as u32; taps, patches, tails where
there are, and, to the end, the stream of symbols. All little-endian. The checksum is the CRC-32C of
the integers R (int32, in the order of the fields) and, behind them, all bytes of the payload before
the stream but its own.

The pages of the parts tell the rest: `grid`, `tails`, `frames`, `schedule`, `features`, `taps`,
`network`, `mixture`, `coding`, `probabilities`, `rans`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs.base import (
    absolute_bound,
    check_length,
    check_values,
    empty_block,
    installed_version,
    value_count,
)
from climcomp.codecs.neural.grid import ALPHAS
from climcomp.errors import CodecError

if TYPE_CHECKING:
    from climcomp.prepare import Body

FrameOrder = Literal["causal", "hierarchical"]
MOST_LEADING = 7
"""Dimensions before the last two that an axis may be of."""
MOST_TAILS = 0.1


@dataclass(frozen=True, slots=True)
class Ncx:
    """Keep an absolute bound by coding how far each value is from what a network expects.

    Parameters
    ----------
    frames
        The order of the fields of a block: `causal` from the first to the last, or
        `hierarchical`, from far apart to near.
    axis
        The leading dimension along which fields follow one another.
    alpha
        By what part the bound is tighter at each coarser stage: 1, 0.97, 0.95 or 0.9.
    network
        The hash of the network to code with, in hexadecimal; empty: the one that is shipped.
    tails
        The share of a block's values, at either end, that are kept within a quarter of the bound:
        up to 0.1. Each takes two bits.
    """

    name: ClassVar[str] = "ncx"
    kinds: ClassVar[frozenset[str]] = frozenset({"absolute"})
    library: ClassVar[str] = "climcomp"

    frames: FrameOrder = "causal"
    axis: int = 0
    alpha: float = 0.97
    network: str = ""
    tails: float = 0.0

    def __post_init__(self) -> None:
        if self.frames not in get_args(FrameOrder):
            allowed = ", ".join(get_args(FrameOrder))
            raise CodecError(f"ncx frames is {self.frames!r}; allowed: {allowed}")
        if self.alpha not in ALPHAS:
            allowed = ", ".join(f"{a:g}" for a in ALPHAS)
            raise CodecError(f"ncx alpha is {self.alpha!r}; allowed: {allowed}")
        if not 0 <= self.tails <= MOST_TAILS:
            raise CodecError(f"ncx tails is {self.tails!r}; allowed: 0 to {MOST_TAILS}")
        if not 0 <= self.axis < MOST_LEADING:
            raise CodecError(f"ncx axis is {self.axis!r}; allowed: 0 to {MOST_LEADING - 1}")

    def library_version(self) -> str:
        """The version of climcomp."""
        return installed_version(self.library)

    def encode(self, values: NDArray[np.floating], bound: ErrorBound | None) -> bytes:
        """A payload whose values are within the bound, the smallest and the largest exact.

        A block without fields of 4 x 4 points, or one that spans too many bounds, is left to SZ3.

        Raises
        ------
        CodecError
            If the bound is not absolute, or SZ3 refuses what is left to it.
        BoundError
            If the bound is below the spacing of the values' floats.
        """
        return self._encode(values, bound, None)

    def encode_filled(
        self,
        values: NDArray[np.floating],
        bound: ErrorBound | None,
        filled: NDArray[np.bool_],
    ) -> bytes:
        """The same where some values only fill gaps: what comes back there may be any number.

        Parameters
        ----------
        filled
            Where they are, of the block's shape; False somewhere.
        """
        return self._encode(values, bound, filled)

    def encode_together(
        self, bodies: Sequence[Body], device: str, say: Callable[[str], None]
    ) -> Sequence[bytes]:
        """The payloads of blocks within one bound, coded on a device of torch: those of `encode`.

        Raises
        ------
        CodecError, BoundError
            If one of them is refused.
        MissingExtraError, UsageError
            If torch is not installed, or there is no such device.
        """
        del say
        from climcomp.codecs.neural.device import encode_blocks

        blocks = [body.values for body in bodies if body.values is not None]
        asked = absolute_bound(bodies[0].bound, self)
        return encode_blocks(blocks, asked, self, device, [body.filled for body in bodies])

    def _encode(
        self,
        values: NDArray[np.floating],
        bound: ErrorBound | None,
        filled: NDArray[np.bool_] | None,
    ) -> bytes:
        check_values(values, self.name)
        asked = absolute_bound(bound, self)
        if values.size == 0:
            return b""
        from climcomp.codecs.neural.block import encode_values
        from climcomp.codecs.neural.models import FOUNDATION, network_named

        return encode_values(
            values,
            asked,
            network_named(self.network or FOUNDATION),
            hierarchical=self.frames == "hierarchical",
            axis=self.axis,
            alpha=ALPHAS.index(self.alpha),
            tails=self.tails,
            filled=filled,
        )

    def decode(
        self, payload: bytes | memoryview, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> NDArray[Any]:
        """The values.

        Raises
        ------
        PayloadError
            If the bytes are not a payload of this shape and type, or its network is not here.
        """
        if value_count(shape) == 0:
            return empty_block(payload, shape, dtype, "ncx")
        check_length(payload, 1, self.name)
        from climcomp.codecs.neural.block import decode_values

        return decode_values(payload, shape, dtype)
