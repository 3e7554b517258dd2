"""Whole numbers of which most are 0, as bytes: adaptive bits in the light of their neighbours.

In the manner of CABAC (Marpe et al. 2003): a number is a row of decisions, each with a probability
that follows what was coded in the same circumstances before.

Format
------
Arrays of (planes, rows, columns) one after another, each number as

1. is its length n (of |q| in bits, 0 of 0) greater than 0, than 1, ..., to the first no, at most
   20 times: decision i in the circumstances 21 level + i;
2. where n > 1: the second highest bit of |q|, in the circumstances 525 + n; all lower ones, from
   the highest on, as raw bits;
3. where n > 0: a raw bit that is 1 where q < 0.

With |l|, |u|, |c|, |r|, |p| the magnitudes left, above, above left, above right, and at the same
place in the plane before (0 where there is none), |L| that two to the left, |U| two above, and |m|
that at (row // 2, column // 2) of the same plane of the array's parent, or at its last row or
column, 0 where it has none:

    sum = 2 (|l| + |u|) + |c| + |r| + |L| + |U| + 2 |p| + 2 |m|
    level = sum if sum < 8, else min(24, 2 floor(log2 sum) + 2 + the next bit of sum)

Every circumstance has a count c and the slots P of 65536 of a yes, 0 and 32768 at first. A bit is
coded with P, at least 48 and at most 65488: a yes has the upper slots. Then

    P += (65536 bit - P) / (c + 1.5), in whole numbers: (2 (65536 bit - P)) // (2 c + 3)

and c grows by 1, to 126 at most. Raw bits have one slot of two. All is one stream of `rans` of one
state.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.neural.loops import pull_bits
from climcomp.codecs.neural.rans import encode_symbols, open_stream
from climcomp.errors import PayloadError
from climcomp.jit import compile_exact

MOST_BITS = 20
"""Of a number."""
NO_PARENT = np.zeros((0, 0, 0), dtype=np.int64)
_LEVELS = 25
DECISIONS = MOST_BITS + 1
SECOND = _LEVELS * DECISIONS
_CIRCUMSTANCES = SECOND + MOST_BITS + 1
_LEAST, _SLOWEST = 48, 126
ALL_SLOTS = 65536


class Chances(NamedTuple):
    """Slots of a yes, and how many bits were seen, for each of the circumstances."""

    slots: NDArray[np.int64]
    seen: NDArray[np.int64]


def new_chances() -> Chances:
    """Those that a stream begins with."""
    return Chances(
        np.full(_CIRCUMSTANCES, ALL_SLOTS // 2, dtype=np.int64),
        np.zeros(_CIRCUMSTANCES, dtype=np.int64),
    )


@compile_exact
def slots_of(chances: Chances, where: int) -> int:
    return min(max(int(chances.slots[where]), _LEAST), ALL_SLOTS - _LEAST)


@compile_exact
def learn(chances: Chances, where: int, bit: int) -> None:
    seen = chances.seen[where]
    chances.slots[where] += (2 * (ALL_SLOTS * bit - chances.slots[where])) // (2 * seen + 3)
    if seen < _SLOWEST:
        chances.seen[where] = seen + 1


@compile_exact
def _magnitude(q: NDArray[np.int64], plane: int, row: int, column: int) -> int:
    if plane < 0 or row < 0 or column < 0 or column >= q.shape[2]:
        return 0
    return abs(int(q[plane, row, column]))


@compile_exact
def level_at(
    q: NDArray[np.int64], parent: NDArray[np.int64], plane: int, row: int, column: int
) -> int:
    found = 2 * (_magnitude(q, plane, row, column - 1) + _magnitude(q, plane, row - 1, column))
    found += _magnitude(q, plane, row - 1, column - 1) + _magnitude(q, plane, row - 1, column + 1)
    found += _magnitude(q, plane, row, column - 2) + _magnitude(q, plane, row - 2, column)
    found += 2 * _magnitude(q, plane - 1, row, column)
    if parent.size:
        above = min(row >> 1, parent.shape[1] - 1)
        found += 2 * abs(int(parent[plane, above, min(column >> 1, parent.shape[2] - 1)]))
    if found < 8:
        return found
    power = 3
    while found >> (power + 1):
        power += 1
    return min(_LEVELS - 1, 2 * power + 2 + ((found >> (power - 1)) & 1))


@compile_exact
def length_of(value: int) -> int:
    found = 0
    while value >> found:
        found += 1
    return found


class Bits(NamedTuple):
    """Bits that were made, as `rans` takes them; `made` (1,) is how many."""

    first: NDArray[np.uint16]
    size: NDArray[np.uint16]
    made: NDArray[np.int64]


@compile_exact
def _push_bit(bits: Bits, chances: Chances, where: int, bit: int) -> None:
    slots = ALL_SLOTS // 2
    if where >= 0:
        slots = slots_of(chances, where)
        learn(chances, where, bit)
    at = bits.made[0]
    bits.made[0] = at + 1
    bits.first[at] = ALL_SLOTS - slots if bit else 0
    bits.size[at] = slots if bit else ALL_SLOTS - slots


@compile_exact
def _push(q: NDArray[np.int64], parent: NDArray[np.int64], bits: Bits, chances: Chances) -> None:
    for plane in range(q.shape[0]):
        for row in range(q.shape[1]):
            for column in range(q.shape[2]):
                value = int(q[plane, row, column])
                level = level_at(q, parent, plane, row, column)
                length = length_of(abs(value))
                for decision in range(min(length + 1, MOST_BITS)):
                    _push_bit(bits, chances, DECISIONS * level + decision, int(decision < length))
                for lower in range(length - 2, -1, -1):
                    where = SECOND + length if lower == length - 2 else -1
                    _push_bit(bits, chances, where, (abs(value) >> lower) & 1)
                if length:
                    _push_bit(bits, chances, -1, int(value < 0))


@compile_exact
def _pull_bit(
    chances: Chances,
    where: int,
    states: NDArray[np.uint32],
    words: NDArray[np.uint16],
    at: NDArray[np.int64],
) -> int:
    slots = slots_of(chances, where)
    x = int(states[0])
    slot, above = x & (ALL_SLOTS - 1), x >> 16
    at[0] += 1
    bit = int(slot >= ALL_SLOTS - slots)
    x = slots * above + slot - (ALL_SLOTS - slots) if bit else (ALL_SLOTS - slots) * above + slot
    if x < ALL_SLOTS:
        x <<= 16
        if at[1] < words.size:
            x |= int(words[at[1]])
        at[1] += 1
    states[0] = x
    learn(chances, where, bit)
    return bit


@compile_exact
def _pull(
    q: NDArray[np.int64],
    parent: NDArray[np.int64],
    chances: Chances,
    states: NDArray[np.uint32],
    words: NDArray[np.uint16],
    at: NDArray[np.int64],
) -> None:
    for plane in range(q.shape[0]):
        for row in range(q.shape[1]):
            for column in range(q.shape[2]):
                level, length = level_at(q, parent, plane, row, column), 0
                while length < MOST_BITS:
                    where = DECISIONS * level + length
                    if not _pull_bit(chances, where, states, words, at):
                        break
                    length += 1
                value = int(length > 0)
                if length > 1:
                    value = 2 + _pull_bit(chances, SECOND + length, states, words, at)
                for _ in range(length - 2):
                    value = 2 * value + pull_bits(1, states, words, at)
                if length and pull_bits(1, states, words, at):
                    value = -value
                q[plane, row, column] = value


def pack_sparse(arrays: Sequence[NDArray[np.int64]], parents: Sequence[NDArray[np.int64]]) -> bytes:
    """The bytes of arrays of three dimensions; a parent of no values where there is none."""
    room = 1
    for q in arrays:
        length = np.frexp(np.abs(q).astype(np.float64))[1]
        room += int(np.sum(1 + 2 * length))
    bits = Bits(np.empty(room, np.uint16), np.empty(room, np.uint16), np.zeros(1, np.int64))
    chances = new_chances()
    for q, parent in zip(arrays, parents, strict=True):
        _push(q, parent, bits, chances)
    made = int(bits.made[0])
    return encode_symbols(bits.first[:made], bits.size[:made], 1)


def unpack_sparse(
    data: memoryview, shapes: Sequence[tuple[int, int, int]], parents: Sequence[int | None]
) -> list[NDArray[np.int64]]:
    """The arrays of these shapes; each parent is the number of an array before.

    Raises
    ------
    PayloadError
        If the bytes are not those of such arrays.
    """
    stream = open_stream(data)
    if stream.states.size != 1:
        raise PayloadError(f"a stream of sparse numbers has {stream.states.size} states, not one")
    found: list[NDArray[np.int64]] = []
    chances = new_chances()
    for shape, parent in zip(shapes, parents, strict=True):
        q = np.zeros(shape, dtype=np.int64)
        above = NO_PARENT if parent is None else found[parent]
        _pull(q, above, chances, stream.states, stream.words, stream.at)
        found.append(q)
    stream.finish()
    return found
