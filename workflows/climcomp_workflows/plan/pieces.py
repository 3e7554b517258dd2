"""Sample blocks as a codec is given them, and pieces of them for cheap comparisons."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound

# Our own: values of a piece of a block on which codecs are compared; what comes near the smallest
# is tried on whole blocks.
PIECE_VALUES = 1 << 18
# Our own: values of a plane on which differences between planes are compared.
PLANE_VALUES = 1 << 16


@dataclass(frozen=True, slots=True)
class SampleBlock:
    """Values of one inner chunk as they will be stored, and the bound that they must keep.

    `levels` are the first folded level of its shard and the one behind the last, which share the
    tightest bound; None: all of the variable.
    """

    values: NDArray[Any]
    bound: ErrorBound
    levels: tuple[int, int] | None = None

    def within(self, bounds: Sequence[ErrorBound]) -> SampleBlock:
        """The block under other bounds of the variable's levels."""
        first, behind = self.levels or (0, len(bounds))
        return replace(self, bound=tightest(bounds[first:behind]))

    @property
    def raw_bytes(self) -> int:
        """Bytes of the values before encoding."""
        return self.values.nbytes

    def slab(self, axis: int, planes: int, limit: int = PLANE_VALUES) -> SampleBlock:
        """Planes from the middle of an axis, each a part of at most so many values."""
        every = np.moveaxis(self.values, axis, 0)
        first = (len(every) - planes) // 2
        some = every[first : first + planes]
        part = piece(some, limit * len(some), keep=1)
        return replace(self, values=np.ascontiguousarray(np.moveaxis(part, 0, axis)))

    def piece(self, limit: int = PIECE_VALUES) -> SampleBlock:
        """A part of the block, of so many values at most."""
        return replace(self, values=piece(self.values, limit))


def tightest(bounds: Sequence[ErrorBound]) -> ErrorBound:
    """The tightest of bounds of one kind."""
    return min(bounds, key=lambda bound: bound.value)


def piece(values: NDArray[Any], limit: int, keep: int = 0) -> NDArray[Any]:
    """A part of a block, of so many values at most; its longest dimensions are cut first.

    The first `keep` dimensions stay whole.

    From the middle, or from the side or corner where values change most often: seas are masked, and
    ice or rain is zero nearly everywhere.
    """
    lengths = list(values.shape)
    while math.prod(lengths) > limit:
        longest = lengths.index(max(lengths[keep:]), keep)
        lengths[longest] -= -(-lengths[longest] // 8)
    room = [whole - part for whole, part in zip(values.shape, lengths, strict=True)]
    best, most = values, -1
    for starts in itertools.product(*(dict.fromkeys((r // 2, 0, r)) for r in room)):
        part = values[tuple(slice(s, s + n) for s, n in zip(starts, lengths, strict=True))]
        changes = _changes(part)
        if changes > most:
            best, most = part, changes
        if changes == part.size - 1:
            break
    return best


def _changes(values: NDArray[Any]) -> int:
    """How many values are finite and differ from the one before."""
    flat = values.reshape(-1)
    return int(np.count_nonzero((flat[1:] != flat[:-1]) & np.isfinite(flat[1:])))
