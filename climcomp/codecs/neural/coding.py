"""The loops that code a field: predict each point of each stage, and code what is left of it.

Format
------
R are the values of the block in units; D is the step of a stage (see `grid`). With mu and `start`
as in `mixture`, q = the nearest integer to (value - start) / D, coded as in `numbers`, and
R = clip(start + D q, -2^30, 2^30). A point leaves behind miss = R - mu, and the change
R - hi - ta, by which after a field

    spread = |change| after the first field of a block, else (3 spread + |change| + 2) >> 2
    drift = (3 drift + change + 2) >> 2

at every point of the stages A, B and C; both are 0 before, and stay 0 at points of stage "0".

In stage "0", mu is the point in the first reference, else R of the point before in its row of the
stage, else of that above, else 0. The table is of ratio 2, weight 7 and
scale = max(((6 (log8(level + 8) - 32)) >> 3) + 3, -20), where `level`, 1024 at the start of a
block, becomes (3 level + 16 min(|q|, 2^24)) >> 2 after each point.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.neural.features import OFFSETS, Work, describe, gather, scale_inputs
from climcomp.codecs.neural.mixture import HIGHEST, LOWEST, mix
from climcomp.codecs.neural.network import Compiled, forward
from climcomp.codecs.neural.numbers import Symbols, pull_number, push_number
from climcomp.codecs.neural.probabilities import RATIOS, WEIGHTS
from climcomp.codecs.neural.state import Block, Field, Room, Stage, Stages, batch_of, stage_of
from climcomp.jit import compile_exact

LARGEST = 1 << 30
LARGEST_LEVEL = 1 << 24
FIRST_LEVEL = 1024
FIRST_RATIO, FIRST_WEIGHT = 2, 7


@compile_exact
def look_around(
    row: int,
    rows: int,
    begin: int,
    n: int,
    block: Block,
    stage: Stage,
    field: Field,
    work: Work,
) -> None:
    """Describe n points of each of some rows of a stage, from the point `begin` of them on."""
    for i in range(rows):
        _look(row + i, begin, n, i * n, block, stage, field, work)
    has_first, has_second = field.first >= 0, field.second >= 0
    describe(rows * n, stage.kind, has_first, has_second, field.is_between, stage.taps, work)
    scale_inputs(rows * n, work)


@compile_exact
def _look(
    row: int,
    begin: int,
    n: int,
    put: int,
    block: Block,
    stage: Stage,
    field: Field,
    work: Work,
) -> None:
    """What is around n points of a row, from the point `put` of `work` on."""
    rows, columns, offsets = stage.rows[:, row], stage.columns, OFFSETS[stage.kind]
    gather(block.values[field.position], offsets, rows, columns, begin, n, put, work.near[0])
    here, own = rows[3], columns[3, begin : begin + n]
    if field.first >= 0:
        gather(block.values[field.first], offsets, rows, columns, begin, n, put, work.near[1])
        source = block.values[field.first, here]
        for j in range(n):
            work.at[0, put + j] = source[own[j]]
    if field.second >= 0:
        gather(block.values[field.second], offsets, rows, columns, begin, n, put, work.near[2])
        source = block.values[field.second, here]
        for j in range(n):
            work.at[1, put + j] = source[own[j]]
    past = work.past[:, put : put + n]
    spread, drift = block.spread[here], block.drift[here]
    for j in range(n):
        past[0, j] = spread[own[j]]
        past[1, j] = drift[own[j]]
        past[2, j] = past[3, j] = past[4, j] = 0.0
    for i in range(4):
        at, there = columns[offsets[i, 1] + 3, begin : begin + n], rows[offsets[i, 0] + 3]
        misses, spreads = block.miss[there], block.spread[there]
        for j in range(n):
            miss = float(misses[at[j]])
            past[2, j] += abs(miss)
            past[3, j] += miss
            past[4, j] += spreads[at[j]]
    for j in range(n):
        past[2, j] = np.floor(past[2, j] / 4)
        past[3, j] = np.floor(past[3, j] / 4)
        past[4, j] = np.floor(past[4, j] / 4)


@compile_exact
def predict(
    row: int,
    rows: int,
    begin: int,
    n: int,
    block: Block,
    stage: Stage,
    field: Field,
    network: Compiled,
    number: int,
    room: Room,
) -> None:
    """mu, `start` and probabilities of n points of some rows of the stage of this number."""
    look_around(row, rows, begin, n, block, stage, field, room.work)
    biases = field.first_biases[number], field.skip_biases[number]
    points, work = rows * n, room.work
    forward(points, network, biases, work.inputs, room.hidden, room.outputs, room.skipped)
    mix(
        points, work, room.outputs, stage.logarithm, stage.is_lattice, room.predicted, room.starts,
        room.tables, room.octaves,
    )  # fmt: skip


@compile_exact
def clipped(value: float) -> float:
    """What R, a miss or a change of it may be at most."""
    return min(max(value, -float(LARGEST)), float(LARGEST))


@compile_exact
def _keep(
    row: int, begin: int, n: int, put: int, block: Block, stage: Stage, field: Field, room: Room
) -> None:
    """Points of a row that were coded, with q in `room.coded`, for those after them."""
    here, own = stage.rows[3, row], stage.columns[3, begin : begin + n]
    values, miss, change = block.values[field.position, here], block.miss[here], block.change[here]
    base, beside = room.work.candidates[9, put : put + n], room.work.candidates[4, put : put + n]
    predicted, starts = room.predicted[put : put + n], room.starts[put : put + n]
    coded, size = room.coded[put : put + n], float(stage.size)
    for j in range(n):
        value = clipped(starts[j] + size * coded[j])
        values[own[j]] = np.int32(value)
        miss[own[j]] = np.int32(clipped(value - predicted[j]))
        change[own[j]] = np.int32(clipped(value - (base[j] + beside[j])))


@compile_exact
def first_table(level: int) -> int:
    """The scale of a point of stage "0", in sixths of an octave of a half step."""
    number, octave = level + 8, 0
    while number >> (octave + 1):
        octave += 1
    log8 = 8 * octave + (((number << 3) >> octave) - 8)
    return max(((6 * (log8 - 32)) >> 3) + 3, LOWEST)


@compile_exact
def _first_guess(block: Block, stage: Stage, field: Field, row: int, column: int) -> float:
    here, there = stage.rows[3, row], stage.columns[3, column]
    if field.first >= 0:
        return float(block.values[field.first, here, there])
    if column:
        return float(block.values[field.position, here, stage.columns[3, column - 1]])
    if row:
        return float(block.values[field.position, stage.rows[3, row - 1], there])
    return 0.0


@compile_exact
def next_level(level: int, q: int) -> int:
    """`level` after a point of stage "0"."""
    return (3 * level + 16 * min(abs(q), LARGEST_LEVEL)) >> 2


@compile_exact
def first_row(scale: int, beyond: int) -> int:
    """The row of the probabilities of a point of stage "0", of a scale and octaves beside it."""
    return ((scale - 6 * beyond - LOWEST) * RATIOS + FIRST_RATIO) * WEIGHTS + FIRST_WEIGHT


@compile_exact
def _keep_first(
    block: Block, stage: Stage, field: Field, row: int, column: int, mu: float, q: float
) -> None:
    here, there = stage.rows[3, row], stage.columns[3, column]
    value = clipped(mu + stage.size * q)
    block.values[field.position, here, there] = np.int32(value)
    block.miss[here, there] = np.int32(clipped(value - mu))
    block.change[here, there] = 0
    block.level[0] = next_level(block.level[0], int(q))


@compile_exact
def steps_to(left: float, size: float, is_loose: bool, slack: float) -> float:
    """q of what is left to a value; 0 where one that need not come back is near enough."""
    if is_loose and abs(left) <= slack:
        return 0.0
    return np.floor(left / size + 0.5)  # type: ignore[no-any-return]


@compile_exact
def _encode_first(
    targets: NDArray[np.float64],
    loose: NDArray[np.bool_],
    slack: float,
    block: Block,
    stage: Stage,
    field: Field,
    slots: NDArray[np.uint16],
    symbols: Symbols,
) -> None:
    for row in range(stage.rows.shape[1]):
        for column in range(stage.columns.shape[1]):
            mu = _first_guess(block, stage, field, row, column)
            scale = first_table(block.level[0])
            beyond = max(0, -((HIGHEST - scale) // 6))
            here, there = stage.rows[3, row], stage.columns[3, column]
            q = steps_to(targets[here, there] - mu, stage.size, loose[here, there], slack)
            push_number(symbols, slots, first_row(scale, beyond), beyond, int(q))
            _keep_first(block, stage, field, row, column, mu, q)


@compile_exact
def _decode_first(
    block: Block,
    stage: Stage,
    field: Field,
    slots: NDArray[np.uint16],
    states: NDArray[np.uint32],
    words: NDArray[np.uint16],
    at: NDArray[np.int64],
) -> None:
    for row in range(stage.rows.shape[1]):
        for column in range(stage.columns.shape[1]):
            mu = _first_guess(block, stage, field, row, column)
            scale = first_table(block.level[0])
            beyond = max(0, -((HIGHEST - scale) // 6))
            q = pull_number(slots, first_row(scale, beyond), beyond, states, words, at)
            _keep_first(block, stage, field, row, column, mu, float(q))


@compile_exact
def _end_field(block: Block, is_first: bool) -> None:
    """Learn from a field that was coded."""
    for row in range(block.change.shape[0]):
        for column in range(block.change.shape[1]):
            change = int(block.change[row, column])
            size = abs(change)
            spread = size if is_first else (3 * int(block.spread[row, column]) + size + 2) >> 2
            block.spread[row, column] = spread
            block.drift[row, column] = (3 * int(block.drift[row, column]) + change + 2) >> 2


@compile_exact
def encode_field(
    targets: NDArray[np.float64],
    loose: NDArray[np.bool_],
    slack: float,
    block: Block,
    stages: Stages,
    field: Field,
    taps: NDArray[np.float64],
    network: Compiled,
    room: Room,
    slots: NDArray[np.uint16],
    symbols: Symbols,
) -> None:
    """Code a field.

    Parameters
    ----------
    targets, loose : (rows, columns)
        Its values in units, and which of them need not come back.
    slack
        How far off these may be, in units.
    """
    first = stage_of(stages, 0, field, taps)
    _encode_first(targets, loose, slack, block, first, field, slots, symbols)
    coded, starts = room.coded, room.starts
    for number in range(1, stages.kinds.size):
        stage = stage_of(stages, number, field, taps)
        every, columns = stage.rows.shape[1], stage.columns.shape[1]
        together, batch = batch_of(every, columns)
        for row in range(0, every, together):
            rows = min(together, every - row)
            for begin in range(0, columns, batch):
                n = min(batch, columns - begin)
                predict(row, rows, begin, n, block, stage, field, network, number, room)
                own = stage.columns[3, begin : begin + n]
                for i in range(rows):
                    here, put = stage.rows[3, row + i], i * n
                    wanted, is_loose = targets[here], loose[here]
                    for j in range(n):
                        left = wanted[own[j]] - starts[put + j]
                        coded[put + j] = steps_to(left, stage.size, is_loose[own[j]], slack)
                for j in range(rows * n):
                    push_number(symbols, slots, room.tables[j], room.octaves[j], int(coded[j]))
                for i in range(rows):
                    _keep(row + i, begin, n, i * n, block, stage, field, room)
    _end_field(block, field.is_first)


@compile_exact
def decode_field(
    block: Block,
    stages: Stages,
    field: Field,
    taps: NDArray[np.float64],
    network: Compiled,
    room: Room,
    slots: NDArray[np.uint16],
    states: NDArray[np.uint32],
    words: NDArray[np.uint16],
    at: NDArray[np.int64],
) -> None:
    """Decode a field."""
    _decode_first(block, stage_of(stages, 0, field, taps), field, slots, states, words, at)
    coded, tables, octaves = room.coded, room.tables, room.octaves
    for number in range(1, stages.kinds.size):
        stage = stage_of(stages, number, field, taps)
        every, columns = stage.rows.shape[1], stage.columns.shape[1]
        together, batch = batch_of(every, columns)
        for row in range(0, every, together):
            rows = min(together, every - row)
            for begin in range(0, columns, batch):
                n = min(batch, columns - begin)
                predict(row, rows, begin, n, block, stage, field, network, number, room)
                for j in range(rows * n):
                    coded[j] = pull_number(slots, tables[j], octaves[j], states, words, at)
                for i in range(rows):
                    _keep(row + i, begin, n, i * n, block, stage, field, room)
    _end_field(block, field.is_first)
