"""The bounds of a bench, and the rung that each of them is for a codec."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import NO_BOUND, ErrorBound
from climcomp.codecs import choose_settings, get_codec
from climcomp.rounding import keepbits_for
from climcomp_workflows.plan.level_bounds import LevelRange
from climcomp_workflows.plan.model import PREVIEW_CODEC, Rung

SPAN = 16.0
"""How far the bounds reach to both sides of the plan's; our own: four bits more and four less."""

USUAL_COUNT = 9
# As a plan does: a rounding before the codec takes this share of the bound.
ROUNDING_SHARE = 0.25
EVEN_RMSE = 1 / math.sqrt(3)
"""Of errors that are spread evenly within a bound of 1: what a preview is made for, beside it."""
# Values of the piece of a block on which a codec's settings are chosen; our own.
PIECE_VALUES = 1 << 17

Settings = tuple[tuple[str, Any], ...]  # Any: whatever a codec's fields hold


def factors(count: int) -> tuple[float, ...]:
    """So many factors of the plan's bound, the tightest first; 1 is always among them.

    Each is the same number of times the one before. They reach from 1/16 to 16; where the count is
    even, the tightest is one step short of 1/16.
    """
    looser = count // 2
    tighter = count - 1 - looser
    if looser == 0:
        return (1.0,)
    return tuple(float(SPAN ** (step / looser)) for step in range(-tighter, looser + 1))


@dataclass(frozen=True, slots=True)
class CodecSetup:
    """A codec with which a variable is benched.

    Parameters
    ----------
    planned
        The settings that the plan gave it; None: they are chosen for each bound, on `piece`.
    rounded
        Whether values are rounded within a quarter of the bound first.
    """

    codec: str
    planned: Settings | None
    piece: NDArray[Any]
    rounded: bool = False

    @property
    def label(self) -> str:
        """What tables call it."""
        if self.codec == PREVIEW_CODEC:
            return "preview (no bound)"
        return f"rounding then {self.codec}" if self.rounded else self.codec

    def rung(
        self,
        bounds: Sequence[ErrorBound],
        factor: float,
        ranges: Sequence[LevelRange | None],
        dtype: np.dtype[np.floating],
    ) -> Rung:
        """The rung at a factor of the plan's bounds of all levels.

        Raises
        ------
        BoundError, CodecError, MissingExtraError
            If the codec refuses the bound, or its library is not there.
        """
        scaled = tuple(bound.tightened(1.0 / factor) for bound in bounds)
        tightest = min(scaled, key=lambda bound: bound.value)
        if self.codec == PREVIEW_CODEC:
            target = ("target", "rmse"), ("value", tightest.value * EVEN_RMSE)
            return Rung(self.codec, target, (NO_BOUND,) * len(scaled), None, self.label)
        chosen = self.planned
        if chosen is None:
            chosen = _changed_fields(choose_settings(self.codec, self.piece, tightest))
        keepbits = None
        if self.rounded:
            levels = zip(scaled, ranges, strict=True)
            keepbits = tuple(keepbits_within(bound, r, dtype) for bound, r in levels)
        return Rung(self.codec, chosen, scaled, keepbits, self.label)


def keepbits_within(
    bound: ErrorBound, values: LevelRange | None, dtype: np.dtype[np.floating]
) -> int:
    """Mantissa bits whose rounding takes a quarter of an absolute bound; all where none can go."""
    if values is None or not values.largest:
        return int(np.finfo(dtype).nmant)
    return keepbits_for(min(0.5, ROUNDING_SHARE * bound.value / values.largest), dtype)


@functools.cache
def _defaults(codec: str) -> Any:  # Any: a codec's dataclass
    return get_codec(codec)


def _changed_fields(codec: Any) -> Settings:  # Any: a codec's dataclass
    """The settings of a codec that are not its defaults."""
    usual = _defaults(codec.name)
    fields = (f.name for f in dataclasses.fields(codec))
    return tuple((n, getattr(codec, n)) for n in fields if getattr(codec, n) != getattr(usual, n))


def piece_of(values: NDArray[Any]) -> NDArray[Any]:
    """The middle of a block, its longest dimensions cut first, of PIECE_VALUES at most."""
    lengths = list(values.shape)
    while np.prod(lengths) > PIECE_VALUES:
        longest = lengths.index(max(lengths))
        lengths[longest] = lengths[longest] * 7 // 8
    return values[
        tuple(
            slice((whole - part) // 2, (whole - part) // 2 + part)
            for whole, part in zip(values.shape, lengths, strict=True)
        )
    ]
