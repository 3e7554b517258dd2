"""What the compiled loops of a block work on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.neural.features import Work, make_work
from climcomp.codecs.neural.network import OUTPUTS
from climcomp.jit import compile_exact

BATCH = 128
"""Points of a row that are predicted at once, at most; the format does not depend on it."""


class Block(NamedTuple):
    """What the stages of a block share.

    values : (fields, rows, columns) int32
        R.
    spread, drift, miss, change : (rows, columns) int32
        Of the field that is being coded, or of those before.
    level : (1,) int64
        Of stage "0".
    """

    values: NDArray[np.int32]
    spread: NDArray[np.int32]
    drift: NDArray[np.int32]
    miss: NDArray[np.int32]
    change: NDArray[np.int32]
    level: NDArray[np.int64]


class Stages(NamedTuple):
    """All stages of a field; the first one is "0".

    kinds, sizes, logarithms : (stages,)
        0, 1, 2 for A, B, C; D; 64 times the logarithm to base 2 of D / 256.
    row_ends, column_ends : (stages,)
        Where the rows of a stage end in `rows`, and its columns in `columns`.
    rows, columns : (7, all)
        Rows and columns -3 to 3 strides from those of each stage, inside of the field; those of the
        stage itself stand in row 3.
    is_lattice
        Whether R are multiples of 256.
    """

    kinds: NDArray[np.int64]
    sizes: NDArray[np.int64]
    logarithms: NDArray[np.int64]
    row_ends: NDArray[np.int64]
    column_ends: NDArray[np.int64]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    is_lattice: bool


class Field(NamedTuple):
    """One field, the fields that predict it (-1: there is none), and what its stages need.

    sets : (stages,)
        Numbers of their sets of taps; -1 in stage "0".
    first_biases : (stages, hidden), skip_biases : (stages, outputs)
        Of the network, with the constant inputs of each stage.
    """

    position: int
    first: int
    second: int
    is_between: bool
    is_first: bool  # of the block
    sets: NDArray[np.int64]
    first_biases: NDArray[np.float32]
    skip_biases: NDArray[np.float32]


class Stage(NamedTuple):
    """One of the stages of a field, as slices of `Stages`.

    taps : (30,)
        Or (0,), without.
    """

    kind: int
    size: int
    logarithm: int
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    is_lattice: bool
    taps: NDArray[np.float64]


class Room(NamedTuple):
    """Arrays that a stage needs while it is coded."""

    work: Work
    hidden: NDArray[np.float32]
    outputs: NDArray[np.float32]
    skipped: NDArray[np.float32]
    predicted: NDArray[np.float64]
    starts: NDArray[np.float64]
    tables: NDArray[np.int32]
    octaves: NDArray[np.int32]
    coded: NDArray[np.float64]  # q


def make_room(hidden: int) -> Room:
    """Room for batches of points and a network of so many hidden units."""
    return Room(
        make_work(BATCH),
        np.zeros((2, hidden, BATCH), dtype=np.float32),
        np.zeros((OUTPUTS, BATCH), dtype=np.float32),
        np.zeros((OUTPUTS, BATCH), dtype=np.float32),
        np.zeros(BATCH),
        np.zeros(BATCH),
        np.zeros(BATCH, dtype=np.int32),
        np.zeros(BATCH, dtype=np.int32),
        np.zeros(BATCH),
    )


@compile_exact
def stage_of(stages: Stages, number: int, field: Field, taps: NDArray[np.float64]) -> Stage:
    """A stage of a field; `taps` (sets, 31) are those of each set, 30 or 0 of them, as it says."""
    row = stages.row_ends[number - 1] if number else 0
    column = stages.column_ends[number - 1] if number else 0
    own = taps[max(0, field.sets[number])]
    return Stage(
        stages.kinds[number],
        stages.sizes[number],
        stages.logarithms[number],
        stages.rows[:, row : stages.row_ends[number]],
        stages.columns[:, column : stages.column_ends[number]],
        stages.is_lattice,
        own[: int(own[-1])],
    )


@compile_exact
def batch_of(rows: int, columns: int) -> tuple[int, int]:
    """How many rows of a stage, and columns of them, are predicted at once.

    Long rows are cut into equal parts, short ones taken together.
    """
    parts = max(1, -(-columns // BATCH))
    return max(1, min(rows, BATCH // max(1, columns))), -(-columns // parts)
