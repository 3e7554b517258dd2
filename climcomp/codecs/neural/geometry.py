"""A block as fields, and the stages of a field as the compiled loops take them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from climcomp.codecs.neural.grid import logarithm_of, step_of
from climcomp.codecs.neural.schedule import inside, stages
from climcomp.codecs.neural.state import Stages
from climcomp.errors import CodecError

SHORTEST = 4  # rows and columns of a field, at least: fewer have no neighbours to learn from
KINDS = "ABC"


@dataclass(frozen=True, slots=True)
class Geometry:
    """How a block is read as `chains` x `length` fields of `rows` x `columns`."""

    chains: int
    length: int
    rows: int
    columns: int
    axis: int  # the leading dimension along which a chain runs

    @property
    def fields(self) -> int:
        """How many fields there are."""
        return self.chains * self.length


def geometry_of(shape: tuple[int, ...], axis: int) -> Geometry:
    """The fields of a block, with chains along one of its leading dimensions.

    Raises
    ------
    CodecError
        If the block has no fields of 4 x 4 points or more.
    """
    if len(shape) < 2 or min(shape[-2:]) < SHORTEST:
        raise CodecError(
            f"codec 'ncx' was given a block of shape {shape}: it takes fields of at least "
            f"{SHORTEST} x {SHORTEST} points in the last two dimensions"
        )
    leading = shape[:-2]
    length = leading[axis] if leading else 1
    return Geometry(math.prod(leading) // max(1, length), length, shape[-2], shape[-1], axis)


@dataclass(frozen=True, slots=True)
class Plan:
    """The stages of the fields of a block, as the compiled loops take them, and their strides."""

    stages: Stages
    strides: tuple[int, ...]

    def shape(self, number: int) -> tuple[int, int]:
        """Rows and columns of a stage."""
        ends = self.stages.row_ends, self.stages.column_ends
        rows, columns = (int(end[number] - (end[number - 1] if number else 0)) for end in ends)
        return rows, columns


@lru_cache(maxsize=64)  # the blocks of a variable are mostly alike
def plan_of(rows: int, columns: int, alpha: int, *, wraps: bool, is_lattice: bool) -> Plan:
    """The stages of a field of some shape."""
    kinds, strides, down, across = [], [], [], []
    for stage in stages(rows, columns, wraps=wraps):
        at = np.arange(stage.row, rows, stage.step), np.arange(stage.column, columns, stage.step)
        if stage.kind == "0":  # its neighbours are not asked for
            around = [np.tile(index, (7, 1)) for index in at]
        else:
            around = [
                _around(at[0], stage.stride, rows, wraps=False),
                _around(at[1], stage.stride, columns, wraps=wraps),
            ]
        kinds.append(0 if stage.kind == "0" else KINDS.index(stage.kind))
        strides.append(stage.stride or stage.step)
        down.append(around[0])
        across.append(around[1])
    sizes = [step_of(alpha, stride) for stride in strides]
    return Plan(
        Stages(
            np.array(kinds, dtype=np.int64),
            np.array(sizes, dtype=np.int64),
            np.array([logarithm_of(size) for size in sizes], dtype=np.int64),
            np.cumsum([a.shape[1] for a in down]),
            np.cumsum([a.shape[1] for a in across]),
            np.concatenate(down, axis=1),
            np.concatenate(across, axis=1),
            is_lattice,
        ),
        tuple(strides),
    )


def _around(at: np.ndarray, stride: int, size: int, *, wraps: bool) -> np.ndarray:
    """(7, n) indices -3 to 3 strides from each, inside of the field."""
    found = np.empty((7, at.size), dtype=np.int64)
    for step in range(-3, 4):
        for n, index in enumerate(at):
            moved = int(index) + step * stride
            found[step + 3, n] = moved % size if wraps else inside(moved, size, stride)
    return found
