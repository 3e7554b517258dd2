"""The order in which the points of a field are coded: from a coarse grid to all points.

Format
------
A field has `rows` x `columns` points. The coarsest stride S is the largest power of two that is at
most 32 and at most half of the shorter side; where columns wrap (longitude), S also divides their
number. The first stage, "0", are the points whose row and column are multiples of S. Then for
s = S/2, S/4, ... 1 three stages, in rows and columns modulo 2 s:

    A   row s, column s     its neighbours at (+-s, +-s) are known
    B   row s, column 0     its neighbours at (+-s, 0) and (0, +-s) are known
    C   row 0, column s     its neighbours at (+-s, 0) and (0, +-s), and (+-s, +-s), are known

No point of a stage is a neighbour of another one in it, so a stage is coded in any order; the order
of the stream is by rows, then columns. A neighbour beyond an edge is moved by 2 s, so that it stays
in its stage, until it is inside. Columns that wrap are taken modulo their number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from climcomp.jit import compile_exact

COARSEST = 32
Kind = Literal["0", "A", "B", "C"]


@dataclass(frozen=True, slots=True)
class Stage:
    """Points of a field: rows from `row` and columns from `column` on, each `step` apart.

    `stride` is the distance of the nearest points that are known; 0 in the first stage.
    """

    kind: Kind
    stride: int
    row: int
    column: int
    step: int

    def count(self, rows: int, columns: int) -> int:
        """How many points of a field it has."""
        return len(range(self.row, rows, self.step)) * len(range(self.column, columns, self.step))


def coarsest_stride(rows: int, columns: int, *, wraps: bool) -> int:
    """The stride of the first stage; 1 where a side has fewer than 4 points."""
    stride = 1
    while 2 * stride <= COARSEST and 4 * stride <= min(rows, columns):
        stride *= 2
    while wraps and columns % stride:
        stride //= 2
    return stride


def stages(rows: int, columns: int, *, wraps: bool) -> Iterator[Stage]:
    """The stages of a field, from coarse to fine; those without points are left out."""
    coarsest = coarsest_stride(rows, columns, wraps=wraps)
    yield Stage("0", 0, 0, 0, coarsest)
    stride = coarsest // 2
    while stride:
        for kind, row, column in (("A", stride, stride), ("B", stride, 0), ("C", 0, stride)):
            stage = Stage(kind, stride, row, column, 2 * stride)  # type: ignore[arg-type]
            if stage.count(rows, columns):
                yield stage
        stride //= 2


@compile_exact
def inside(index: int, size: int, stride: int) -> int:
    """The index that stands for one beyond an edge, where there are 2 `stride` rows or more."""
    while index < 0 or index >= size:
        index += 2 * stride if index < 0 else -2 * stride
    return index
