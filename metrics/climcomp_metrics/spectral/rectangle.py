"""The largest rectangle of valid cells in a field with gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.kernels.jit import compile_loop


@dataclass(frozen=True, slots=True)
class Rectangle:
    """Rows and columns of a field; columns count on past the last one where it crosses the seam."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows and columns it has."""
        return self.bottom - self.top, self.right - self.left

    @property
    def middle(self) -> tuple[int, int]:
        """The row and the column at its middle, or just before."""
        return (self.top + self.bottom - 1) // 2, (self.left + self.right - 1) // 2

    def cut(self, field: NDArray[np.floating]) -> NDArray[np.floating]:
        """The part of a field (y, x) under it; a view where it does not cross the seam."""
        rows = field[self.top : self.bottom]
        columns = field.shape[1]
        if self.right <= columns:
            return rows[:, self.left : self.right]
        return np.concatenate([rows[:, self.left :], rows[:, : self.right - columns]], axis=1)


def largest_rectangle(
    valid: NDArray[np.bool_], fewest: int, *, periodic: bool = False
) -> Rectangle | None:
    """The rectangle of most cells among those of `fewest` rows and columns or more.

    Parameters
    ----------
    valid : (y, x)
        Which cells may be in it.
    periodic
        Whether it may reach from the last column to the first.

    Returns
    -------
    None if there is none. Of several as large, the one that ends first, row by row.
    """
    found = _search(np.ascontiguousarray(valid), fewest, periodic)
    return Rectangle(*(int(edge) for edge in found)) if found[1] > 0 else None


@compile_loop
def _search(valid: NDArray[np.bool_], fewest: int, periodic: bool) -> tuple[int, int, int, int]:
    """Every rectangle that cannot grow, by a stack of rising columns over each row.

    The search for the largest rectangle under a histogram, one histogram a row: columns of valid
    cells that end at the row.
    """
    rows, columns = valid.shape
    seen = 2 * columns - 1 if periodic else columns
    heights = np.zeros(columns, np.int64)
    starts = np.empty(seen + 1, np.int64)
    stacked = np.empty(seen + 1, np.int64)
    best = 0
    found = (0, 0, 0, 0)
    for row in range(rows):
        for column in range(columns):
            heights[column] = heights[column] + 1 if valid[row, column] else 0
        depth = 0
        for end in range(seen + 1):
            height = heights[end % columns] if end < seen else 0
            start = end
            while depth > 0 and stacked[depth - 1] >= height:
                depth -= 1
                start = starts[depth]
                tall = stacked[depth]
                wide = min(end - start, columns)
                if tall >= fewest and wide >= fewest and tall * wide > best and start < columns:
                    best = tall * wide
                    found = (row + 1 - tall, row + 1, start, start + wide)
            starts[depth] = start
            stacked[depth] = height
            depth += 1
    return found
