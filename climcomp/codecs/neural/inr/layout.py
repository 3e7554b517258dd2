"""The axes of a block, as networks see them: at most two leading ones, rows and columns.

Format
------
The last two dimensions are rows and columns, of 8 points at least. Of the others the last is one
axis, and all before it, in their order, another. A flag says whether columns wrap.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from climcomp.errors import CodecError

FEWEST_POINTS = 8
LONGEST = 1 << 12  # of an axis: splines are dense matrices of points x nodes


@dataclass(frozen=True, slots=True)
class Layout:
    """A block as (before, steps, rows, columns), each 1 or more."""

    lengths: tuple[int, int, int, int]
    wraps: bool

    @property
    def fields(self) -> int:
        """How many fields of rows x columns there are."""
        return self.lengths[0] * self.lengths[1]

    @property
    def points(self) -> int:
        """How many values there are."""
        return math.prod(self.lengths)

    @property
    def field(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.lengths[2], self.lengths[3]


def layout_of(shape: tuple[int, ...], *, wraps: bool) -> Layout:
    """How a block is laid out.

    Raises
    ------
    CodecError
        If it has no fields of 8 x 8 points, or an axis is longer than 4096.
    """
    if len(shape) < 2 or min(shape[-2:]) < FEWEST_POINTS:
        raise CodecError(
            f"codec 'inr' was given a block of shape {shape}: a network is fitted to fields of at "
            f"least {FEWEST_POINTS} x {FEWEST_POINTS} points in the last two dimensions"
        )
    leading = shape[:-2]
    steps = leading[-1] if leading else 1
    lengths = (math.prod(leading[:-1]), steps, shape[-2], shape[-1])
    if not 0 < max(lengths) <= LONGEST or 0 in lengths:
        raise CodecError(
            f"codec 'inr' was given a block of shape {shape}: an axis may have 1 to {LONGEST} "
            f"points"
        )
    return Layout(lengths, wraps)
