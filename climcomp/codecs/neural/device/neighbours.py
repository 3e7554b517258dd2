"""The neighbours of all points of a stage as slices of a few small grids.

The neighbours of a stage lie at rows and columns of one parity each, in strides. All points of such
a parity, with those beyond the edges, are taken out of a field once, as a grid; a neighbour of all
points of the stage is then a slice of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from climcomp.codecs.neural.features import OFFSETS
from climcomp.codecs.neural.geometry import Plan

Parity = tuple[int, int]
# Which grids the 16 neighbours of A, B and C are in: of odd or even rows and columns from a point.
PARITIES: tuple[tuple[Parity, ...], ...] = (((1, 1),), ((1, 0), (0, 1)), ((1, 0), (0, 1), (1, 1)))


@dataclass(frozen=True)
class StagePlan:
    """A stage, without its point of view on any field.

    rows, columns : slice
        The points of the stage in a field; both step by twice the stride, where there are two.
    grids
        For each parity the indices (n + 3 or n + 2,) of its rows, as a column, and of its columns.
    begin, end
        Where its points lie in the stream of a field.
    """

    kind: int
    stride: int
    size: int
    logarithm: int
    shape: tuple[int, int]
    rows: slice
    columns: slice
    grids: dict[Parity, tuple[Tensor, Tensor]]
    begin: int
    end: int


def stage_plans(plan: Plan, device: torch.device) -> list[StagePlan]:
    """The stages of a field, "0" first, which has no grids."""
    found, begin = [], 0
    row = column = 0
    stages = plan.stages
    for number, stride in enumerate(plan.strides):
        shape = plan.shape(number)
        down = stages.rows[:, row : row + shape[0]]
        across = stages.columns[:, column : column + shape[1]]
        row, column = row + shape[0], column + shape[1]
        kind = int(stages.kinds[number])
        grids = {}
        if number:
            for parity in PARITIES[kind]:
                both = _grid(down, parity[0]), _grid(across, parity[1])
                grids[parity] = (
                    torch.from_numpy(both[0])[:, None].to(device),
                    torch.from_numpy(both[1]).to(device),
                )
        points = shape[0] * shape[1]
        found.append(
            StagePlan(
                kind,
                stride,
                int(stages.sizes[number]),
                int(stages.logarithms[number]),
                shape,
                _slice(down[3]),
                _slice(across[3]),
                grids,
                begin,
                begin + points,
            )
        )
        begin += points
    return found


def _grid(around: NDArray[np.int64], parity: int) -> NDArray[np.int64]:
    """The rows of a parity: those -3, -1, 1, 3 strides away, or -2, 0, 2; neighbours share them."""
    steps = range(0, 7, 2) if parity else range(1, 6, 2)
    first, *others = (around[step] for step in steps)
    return np.concatenate([first, *(other[-1:] for other in others)])


def _slice(at: NDArray[np.int64]) -> slice:
    step = int(at[1] - at[0]) if at.size > 1 else 1
    return slice(int(at[0]), int(at[-1]) + 1, step)


@dataclass(frozen=True)
class Around:
    """What lies around the points of a stage, in several fields at once.

    grids
        By parity, (fields, blocks, rows, columns).
    """

    grids: dict[Parity, Tensor]
    shape: tuple[int, int]

    def at(self, row: int, column: int) -> Tensor:
        """(fields, blocks, rows, columns) the neighbours so many strides away; a view."""
        down, across = ((step + 2 + step % 2) // 2 for step in (row, column))
        grid = self.grids[row % 2, column % 2]
        return grid[..., down : down + self.shape[0], across : across + self.shape[1]]

    def map(self, function: Callable[[Tensor], Tensor]) -> Around:
        """The same of every grid."""
        return Around({p: function(grid) for p, grid in self.grids.items()}, self.shape)

    def nearest(self, kind: int) -> Tensor:
        """The sum of the nearest four neighbours, c0 to c3."""
        if kind:
            return (self.at(-1, 0) + self.at(1, 0)).add_(self.at(0, -1)).add_(self.at(0, 1))
        return self.diagonal()

    def diagonal(self) -> Tensor:
        """The sum of the neighbours at (+-1, +-1)."""
        rows, columns = self.shape
        grid = self.grids[1, 1][..., 1 : columns + 2]
        pairs = grid[..., 1 : rows + 1, :] + grid[..., 2 : rows + 2, :]
        return pairs[..., :-1] + pairs[..., 1:]


def look(fields: Tensor, stage: StagePlan) -> Around:
    """The grids of a stage in fields (fields, blocks, rows, columns)."""
    grids = {parity: fields[:, :, rows, columns] for parity, (rows, columns) in stage.grids.items()}
    return Around(grids, stage.shape)


def offsets_of(kind: int) -> list[tuple[int, int]]:
    """Rows and columns of the 16 neighbours of a kind of stage, in strides."""
    return [(int(row), int(column)) for row, column in OFFSETS[kind]]
