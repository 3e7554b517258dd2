"""A block as fields, and the stages of a field as the compiled loops take them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from climcomp.codecs.neural.coding import Where
from climcomp.codecs.neural.schedule import Stage, inside, stages
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


def stages_of(geometry: Geometry, *, wraps: bool) -> Iterator[tuple[Stage, int, Where]]:
    """Each stage of a field, the stride that its step is of, and where its points are."""
    stride = 1
    for stage in stages(geometry.rows, geometry.columns, wraps=wraps):
        stride = stage.stride or stage.step
        rows = np.arange(stage.row, geometry.rows, stage.step)
        columns = np.arange(stage.column, geometry.columns, stage.step)
        if stage.kind == "0":
            # Their neighbours are not asked for.
            where = Where(0, np.tile(rows, (7, 1)), np.tile(columns, (7, 1)))
        else:
            where = Where(
                KINDS.index(stage.kind),
                _around(rows, stage.stride, geometry.rows, wraps=False),
                _around(columns, stage.stride, geometry.columns, wraps=wraps),
            )
        yield stage, stride, where


def _around(at: np.ndarray, stride: int, size: int, *, wraps: bool) -> np.ndarray:
    """(7, n) indices -3 to 3 strides from each, inside of the field."""
    found = np.empty((7, at.size), dtype=np.int64)
    for step in range(-3, 4):
        for n, index in enumerate(at):
            moved = int(index) + step * stride
            found[step + 3, n] = moved % size if wraps else inside(moved, size, stride)
    return found
