"""The loops that code a stage of a field: predict each point, and code what is left of it.

Format
------
R are the values of the block in units; D is the step of a stage (see `grid`). With mu as in
`mixture`, q = the nearest integer to (value - mu) / D, and R = clip(mu + D q, -2^30, 2^30). A point
leaves behind miss = R - mu, and the change R - hi - ta, by which after a field

    spread = |change| after the first field of a block, else (3 spread + |change| + 2) >> 2
    drift = (3 drift + change + 2) >> 2

at every point of the stages A, B and C; both are 0 before, and stay 0 at points of stage "0".

q is coded with `octaves` = n low bits beside its table: with p = q + (2^n >> 1), s = p >> n is the
symbol if -31 <= s <= 31, else ESCAPE, and then, as raw bits: 5 bits, the number of bits of |s| - 31
less one; a bit that is 1 where s < 0; |s| - 31 without its highest bit. Then the n low bits of p.
Raw bits are coded 16 at a time, the lowest first.

In stage "0", mu is the point in the first reference, else R of the point before in its row of the
stage, else of that above, else 0. The table is of ratio 2, weight 7 and
scale = max(((6 (log8(level + 8) - 32)) >> 3) + 3, -20), where `level`, 1024 at the start of a
block, becomes (3 level + 16 min(|q|, 2^24)) >> 2 after each point.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.neural.features import OFFSETS, Work, describe, gather, make_work, scale_inputs
from climcomp.codecs.neural.loops import pull_bits, pull_symbol
from climcomp.codecs.neural.mixture import HIGHEST, LOWEST, mix
from climcomp.codecs.neural.network import OUTPUTS, Compiled, forward
from climcomp.codecs.neural.probabilities import ESCAPE, RATIOS, REACH, WEIGHTS
from climcomp.jit import compile_exact

BATCH = 128
"""Points of a row that are predicted at once; the format does not depend on it."""
LARGEST = 1 << 30
LARGEST_LEVEL = 1 << 24
FIRST_LEVEL = 1024
FIRST_RATIO, FIRST_WEIGHT = 2, 7


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


class Where(NamedTuple):
    """The points of a stage, and where their neighbours are.

    rows : (7, m), columns : (7, n)
        Rows and columns -3 to 3 strides away, inside of the field; row 3 is the point itself.
    """

    kind: int
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]


class Known(NamedTuple):
    """What predicts a stage: the field, its references (-1: none), the steps and the taps."""

    field: int
    first: int
    second: int
    is_between: bool
    size: int  # D
    logarithm: int  # of D / 256, in 1/64 octaves
    taps: NDArray[np.float64]


class Room(NamedTuple):
    """Arrays that a stage needs while it is coded."""

    work: Work
    hidden: NDArray[np.float32]
    outputs: NDArray[np.float32]
    skipped: NDArray[np.float32]
    predicted: NDArray[np.float64]
    tables: NDArray[np.int32]
    octaves: NDArray[np.int32]


def make_room(hidden: int) -> Room:
    """Room for batches of points and a network of so many hidden units."""
    return Room(
        make_work(BATCH),
        np.zeros((2, hidden, BATCH), dtype=np.float32),
        np.zeros((OUTPUTS, BATCH), dtype=np.float32),
        np.zeros((OUTPUTS, BATCH), dtype=np.float32),
        np.zeros(BATCH),
        np.zeros(BATCH, dtype=np.int32),
        np.zeros(BATCH, dtype=np.int32),
    )


class Symbols(NamedTuple):
    """Symbols that were made, as `rans` takes them; `made` (1,) is how many."""

    first: NDArray[np.uint16]
    size: NDArray[np.uint16]
    made: NDArray[np.int64]


@compile_exact
def look_around(
    row: int, begin: int, n: int, block: Block, where: Where, known: Known, work: Work
) -> None:
    """Describe n points of a row of a stage, from the point `begin` of it on."""
    rows = where.rows[:, row]
    columns = where.columns[:, begin : begin + n]
    offsets = OFFSETS[where.kind]
    has_first, has_second = known.first >= 0, known.second >= 0
    gather(block.values[known.field], offsets, rows, columns, work.near[0])
    here, own = rows[3], columns[3]
    if has_first:
        gather(block.values[known.first], offsets, rows, columns, work.near[1])
        source = block.values[known.first, here]
        for j in range(n):
            work.at[0, j] = source[own[j]]
    if has_second:
        gather(block.values[known.second], offsets, rows, columns, work.near[2])
        source = block.values[known.second, here]
        for j in range(n):
            work.at[1, j] = source[own[j]]
    past = work.past
    spread, drift = block.spread[here], block.drift[here]
    for j in range(n):
        past[0, j] = spread[own[j]]
        past[1, j] = drift[own[j]]
        past[2, j] = past[3, j] = past[4, j] = 0.0
    for i in range(4):
        at, there = columns[offsets[i, 1] + 3], rows[offsets[i, 0] + 3]
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
    describe(n, where.kind, has_first, has_second, known.is_between, known.taps, work)
    scale_inputs(n, work)


@compile_exact
def predict(
    row: int,
    begin: int,
    n: int,
    block: Block,
    where: Where,
    known: Known,
    network: Compiled,
    room: Room,
) -> None:
    """mu and the probabilities of n points of a row of a stage."""
    look_around(row, begin, n, block, where, known, room.work)
    forward(n, network, room.work.inputs, room.hidden, room.outputs, room.skipped)
    mix(n, room.work, room.outputs, known.logarithm, room.predicted, room.tables, room.octaves)


@compile_exact
def _keep(block: Block, known: Known, row: int, column: int, value: float, mu: float,
          plain: float) -> None:  # fmt: skip
    """A point that was coded, for those after it."""
    block.values[known.field, row, column] = np.int32(value)
    block.miss[row, column] = np.int32(min(max(value - mu, -LARGEST), LARGEST))
    block.change[row, column] = np.int32(min(max(value - plain, -LARGEST), LARGEST))


@compile_exact
def _push(symbols: Symbols, first: int, size: int) -> None:
    n = symbols.made[0]
    symbols.made[0] = n + 1
    if n < symbols.first.size:
        symbols.first[n] = np.uint16(first)
        symbols.size[n] = np.uint16(size)


@compile_exact
def _push_bits(symbols: Symbols, value: int, count: int) -> None:
    while count > 0:
        some = min(count, 16)
        part = value & ((1 << some) - 1)
        _push(symbols, part << (16 - some), 1 << (16 - some))
        value >>= some
        count -= some


@compile_exact
def _push_number(
    symbols: Symbols, slots: NDArray[np.uint16], table: int, octaves: int, q: int
) -> None:
    shifted = q + ((1 << octaves) >> 1)
    symbol = shifted >> octaves
    is_escape = abs(symbol) > REACH
    code = ESCAPE if is_escape else symbol + REACH
    first = int(slots[table, code])
    end = 65536 if code == ESCAPE else int(slots[table, code + 1])
    _push(symbols, first, end - first)
    if is_escape:
        beyond = abs(symbol) - REACH
        bits = 0
        while beyond >> (bits + 1):
            bits += 1
        _push_bits(symbols, bits, 5)
        _push_bits(symbols, 1 if symbol < 0 else 0, 1)
        _push_bits(symbols, beyond - (1 << bits), bits)
    _push_bits(symbols, shifted & ((1 << octaves) - 1), octaves)


@compile_exact
def _pull_wide(
    count: int, states: NDArray[np.uint32], words: NDArray[np.uint16], at: NDArray[np.int64]
) -> int:
    value = done = 0
    while done < count:
        some = min(count - done, 16)
        value |= pull_bits(some, states, words, at) << done
        done += some
    return value


@compile_exact
def _pull_number(
    slots: NDArray[np.uint16],
    table: int,
    octaves: int,
    states: NDArray[np.uint32],
    words: NDArray[np.uint16],
    at: NDArray[np.int64],
) -> int:
    code = pull_symbol(slots[table], states, words, at)
    symbol = code - REACH
    if code == ESCAPE:
        bits = _pull_wide(5, states, words, at)
        is_negative = _pull_wide(1, states, words, at) == 1
        symbol = REACH + (1 << bits) + _pull_wide(bits, states, words, at)
        if is_negative:
            symbol = -symbol
    low = _pull_wide(octaves, states, words, at)
    return (symbol << octaves) + low - ((1 << octaves) >> 1)


@compile_exact
def encode_stage(
    targets: NDArray[np.float64],
    block: Block,
    where: Where,
    known: Known,
    network: Compiled,
    room: Room,
    slots: NDArray[np.uint16],
    symbols: Symbols,
) -> None:
    """Code the points of a stage A, B or C; `targets` (rows, columns) are the field in units."""
    size = known.size
    candidates = room.work.candidates
    for row in range(where.rows.shape[1]):
        here = where.rows[3, row]
        for begin in range(0, where.columns.shape[1], BATCH):
            n = min(BATCH, where.columns.shape[1] - begin)
            predict(row, begin, n, block, where, known, network, room)
            for j in range(n):
                column = where.columns[3, begin + j]
                mu = room.predicted[j]
                q = np.floor((targets[here, column] - mu) / size + 0.5)
                _push_number(symbols, slots, room.tables[j], room.octaves[j], int(q))
                value = min(max(mu + size * q, -LARGEST), LARGEST)
                plain = candidates[9, j] + candidates[4, j]
                _keep(block, known, here, column, value, mu, plain)


@compile_exact
def decode_stage(
    block: Block,
    where: Where,
    known: Known,
    network: Compiled,
    room: Room,
    slots: NDArray[np.uint16],
    states: NDArray[np.uint32],
    words: NDArray[np.uint16],
    at: NDArray[np.int64],
) -> None:
    """Decode the points of a stage A, B or C."""
    size = known.size
    candidates = room.work.candidates
    for row in range(where.rows.shape[1]):
        here = where.rows[3, row]
        for begin in range(0, where.columns.shape[1], BATCH):
            n = min(BATCH, where.columns.shape[1] - begin)
            predict(row, begin, n, block, where, known, network, room)
            for j in range(n):
                column = where.columns[3, begin + j]
                mu = room.predicted[j]
                q = _pull_number(slots, room.tables[j], room.octaves[j], states, words, at)
                value = min(max(mu + size * float(q), -LARGEST), LARGEST)
                plain = candidates[9, j] + candidates[4, j]
                _keep(block, known, here, column, value, mu, plain)


@compile_exact
def _first_table(level: int) -> int:
    """The scale of a point of stage "0", in sixths of an octave of a half step."""
    number, octave = level + 8, 0
    while number >> (octave + 1):
        octave += 1
    log8 = 8 * octave + (((number << 3) >> octave) - 8)
    return max(((6 * (log8 - 32)) >> 3) + 3, LOWEST)


@compile_exact
def _first_guess(block: Block, known: Known, where: Where, row: int, column: int) -> float:
    here, there = where.rows[3, row], where.columns[3, column]
    if known.first >= 0:
        return float(block.values[known.first, here, there])
    if column:
        return float(block.values[known.field, here, where.columns[3, column - 1]])
    if row:
        return float(block.values[known.field, where.rows[3, row - 1], there])
    return 0.0


@compile_exact
def _first_row(scale: int, beyond: int) -> int:
    return ((scale - 6 * beyond - LOWEST) * RATIOS + FIRST_RATIO) * WEIGHTS + FIRST_WEIGHT


@compile_exact
def encode_first(
    targets: NDArray[np.float64],
    block: Block,
    where: Where,
    known: Known,
    slots: NDArray[np.uint16],
    symbols: Symbols,
) -> None:
    """Code the points of stage "0"."""
    for row in range(where.rows.shape[1]):
        for column in range(where.columns.shape[1]):
            here, there = where.rows[3, row], where.columns[3, column]
            mu = _first_guess(block, known, where, row, column)
            scale = _first_table(block.level[0])
            beyond = max(0, -((HIGHEST - scale) // 6))
            q = np.floor((targets[here, there] - mu) / known.size + 0.5)
            _push_number(symbols, slots, _first_row(scale, beyond), beyond, int(q))
            block.level[0] = (3 * block.level[0] + 16 * min(abs(int(q)), LARGEST_LEVEL)) >> 2
            value = min(max(mu + known.size * q, -LARGEST), LARGEST)
            _keep(block, known, here, there, value, mu, value)


@compile_exact
def decode_first(
    block: Block,
    where: Where,
    known: Known,
    slots: NDArray[np.uint16],
    states: NDArray[np.uint32],
    words: NDArray[np.uint16],
    at: NDArray[np.int64],
) -> None:
    """Decode the points of stage "0"."""
    for row in range(where.rows.shape[1]):
        for column in range(where.columns.shape[1]):
            here, there = where.rows[3, row], where.columns[3, column]
            mu = _first_guess(block, known, where, row, column)
            scale = _first_table(block.level[0])
            beyond = max(0, -((HIGHEST - scale) // 6))
            q = _pull_number(slots, _first_row(scale, beyond), beyond, states, words, at)
            block.level[0] = (3 * block.level[0] + 16 * min(abs(q), LARGEST_LEVEL)) >> 2
            value = min(max(mu + known.size * float(q), -LARGEST), LARGEST)
            _keep(block, known, here, there, value, mu, value)


@compile_exact
def end_field(block: Block, is_first: bool) -> None:
    """Learn from a field that was coded."""
    for row in range(block.change.shape[0]):
        for column in range(block.change.shape[1]):
            change = int(block.change[row, column])
            size = abs(change)
            spread = size if is_first else (3 * int(block.spread[row, column]) + size + 2) >> 2
            block.spread[row, column] = spread
            block.drift[row, column] = (3 * int(block.drift[row, column]) + change + 2) >> 2
