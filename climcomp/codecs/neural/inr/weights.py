"""Whole numbers, latents or weights, as bytes: what neighbours do not tell, by the entropy coder.

Format
------
Arrays of (planes, rows, columns), one after another. u8 a for each array first: its guess, a % 4,
and its shift, a // 4. Then, to the end, one stream of `rans` for all.

With l, u, c, r the values left, above, above left and above right, and p the one at the same place
in the plane before, 0 where there is none, the guess is

    0: 0    1: l + u - c    2: p    3: p + (l - pl) + (u - pu) - (c - pc)

(pl, pu, pc: those of the plane before; without that plane, 2 and 3 are 0 and 1). What is left, e,
is coded as in `numbers`, with the table of ratio 2, weight 7 and

    level = 2 (2 |l| + 2 |u| + |c| + |r| + 2 |p|), of the e of these places
    scale = max(((6 (log8(level + 1) - 32)) >> 3) + 3 + shift - 40, -20)

where log8(n) is 8 floor(log2 n) plus the next three bits of n. Values are at most 2^20 from 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.neural.numbers import Symbols, pull_number, push_number
from climcomp.codecs.neural.probabilities import RATIOS, WEIGHTS, slots
from climcomp.codecs.neural.probabilities import SCALES as TABLE_SCALES
from climcomp.codecs.neural.rans import encode_symbols, lanes_for, open_stream
from climcomp.errors import CodecError, PayloadError
from climcomp.jit import compile_exact

LARGEST = 1 << 20
_FARTHEST = 16 * LARGEST  # than any e of such values; what is farther is damage
GUESSES = 4
SHIFTS = 64
_LOWEST, _HIGHEST = TABLE_SCALES
_RATIO, _WEIGHT = 2, 7
_NO_SHIFT = 40
# Our own: of all shifts, those that were ever the best on latents and weights.
_TRIED = tuple(range(22, 50, 3))
_SYMBOLS_OF_A_VALUE = 9


@compile_exact
def _at(values: NDArray[np.int64], plane: int, row: int, column: int) -> int:
    if plane < 0 or row < 0 or column < 0 or column >= values.shape[2]:
        return 0
    return int(values[plane, row, column])


@compile_exact
def _guess(values: NDArray[np.int64], kind: int, plane: int, row: int, column: int) -> int:
    """What the values before say of one."""
    found = 0
    if kind & 1:
        found += _at(values, plane, row, column - 1) + _at(values, plane, row - 1, column)
        found -= _at(values, plane, row - 1, column - 1)
    if kind & 2 and plane > 0:
        found += _at(values, plane - 1, row, column)
        if kind & 1:
            found -= _at(values, plane - 1, row, column - 1)
            found -= _at(values, plane - 1, row - 1, column)
            found += _at(values, plane - 1, row - 1, column - 1)
    return found


@compile_exact
def _table(left: NDArray[np.int64], shift: int, plane: int, row: int, column: int) -> int:
    """256 times a row of the tables, plus the octaves that are coded beside it."""
    level = 2 * (abs(_at(left, plane, row, column - 1)) + abs(_at(left, plane, row - 1, column)))
    level += abs(_at(left, plane, row - 1, column - 1)) + abs(_at(left, plane, row - 1, column + 1))
    number, octave = 2 * (level + 2 * abs(_at(left, plane - 1, row, column))) + 1, 0
    while number >> (octave + 1):
        octave += 1
    log8 = 8 * octave + (((number << 3) >> octave) - 8)
    scale = max(((6 * (log8 - 32)) >> 3) + 3 + shift - _NO_SHIFT, _LOWEST)
    beyond = max(0, -((_HIGHEST - scale) // 6))
    row_of = ((scale - 6 * beyond - _LOWEST) * RATIOS + _RATIO) * WEIGHTS + _WEIGHT
    return row_of * 256 + beyond


@compile_exact
def _push(
    values: NDArray[np.int64], kind: int, shift: int, table: NDArray[np.uint16], symbols: Symbols
) -> None:
    left = np.zeros_like(values)
    for plane in range(values.shape[0]):
        for row in range(values.shape[1]):
            for column in range(values.shape[2]):
                e = int(values[plane, row, column]) - _guess(values, kind, plane, row, column)
                where = _table(left, shift, plane, row, column)
                push_number(symbols, table, where >> 8, where & 255, e)
                left[plane, row, column] = e


@compile_exact
def _pull(
    values: NDArray[np.int64],
    kind: int,
    shift: int,
    table: NDArray[np.uint16],
    states: NDArray[np.uint32],
    words: NDArray[np.uint16],
    at: NDArray[np.int64],
) -> None:
    left = np.zeros_like(values)
    for plane in range(values.shape[0]):
        for row in range(values.shape[1]):
            for column in range(values.shape[2]):
                where = _table(left, shift, plane, row, column)
                e = pull_number(table, where >> 8, where & 255, states, words, at)
                e = min(max(e, -_FARTHEST), _FARTHEST)
                left[plane, row, column] = e
                value = e + _guess(values, kind, plane, row, column)
                # Farther ones are damage, which is found later; no sum overflows until then.
                values[plane, row, column] = min(max(value, -LARGEST - 1), LARGEST + 1)


def _symbols(values: NDArray[np.int64], kind: int, shift: int) -> Symbols:
    space = _SYMBOLS_OF_A_VALUE * values.size + 8
    made = Symbols(
        np.empty(space, dtype=np.uint16),
        np.empty(space, dtype=np.uint16),
        np.zeros(1, dtype=np.int64),
    )
    _push(values, kind, shift, slots(), made)
    return made


def _best(values: NDArray[np.int64]) -> tuple[int, Symbols]:
    """The number of the guess and shift that code an array shortest, and its symbols."""
    guesses = range(GUESSES if values.shape[0] > 1 else 2)
    found = {(kind, _NO_SHIFT - 6): _symbols(values, kind, _NO_SHIFT - 6) for kind in guesses}
    kind = min(found, key=lambda one: _bits(found[one]))[0]
    found = {(kind, shift): _symbols(values, kind, shift) for shift in _TRIED}
    best = min(found, key=lambda one: _bits(found[one]))
    return best[0] + GUESSES * best[1], found[best]


def _bits(symbols: Symbols) -> float:
    size = symbols.size[: symbols.made[0]].astype(np.float64)
    return float(16 * size.size - np.log2(size).sum())


def pack_integers(arrays: Sequence[NDArray[np.integer]]) -> bytes:
    """The bytes of arrays of three dimensions.

    Raises
    ------
    CodecError
        If a number is farther than 2^20 from 0.
    """
    numbers, first, size = [], [], []
    for array in arrays:
        if array.size and int(np.abs(array).max()) > LARGEST:
            raise CodecError(
                f"codec 'inr' has a weight of {int(np.abs(array).max())} steps; it stores up to "
                f"{LARGEST}: give a looser bound"
            )
        number, symbols = _best(np.ascontiguousarray(array, dtype=np.int64))
        numbers.append(number)
        first.append(symbols.first[: symbols.made[0]])
        size.append(symbols.size[: symbols.made[0]])
    count = sum(part.size for part in size)
    stream = encode_symbols(np.concatenate(first), np.concatenate(size), lanes_for(count))
    return bytes(numbers) + stream


def unpack_integers(
    data: memoryview, shapes: Sequence[tuple[int, int, int]]
) -> list[NDArray[np.int64]]:
    """The arrays of these shapes.

    Raises
    ------
    PayloadError
        If the bytes are not those of such arrays.
    """
    if len(data) < len(shapes):
        raise PayloadError(f"{len(shapes)} arrays of codec 'inr' have only {len(data)} bytes")
    stream, found = open_stream(data[len(shapes) :]), []
    for number, shape in zip(bytes(data[: len(shapes)]), shapes, strict=True):
        values = np.zeros(shape, dtype=np.int64)
        kind, shift = number % GUESSES, number // GUESSES
        _pull(values, kind, shift, slots(), stream.states, stream.words, stream.at)
        if values.size and int(np.abs(values).max()) > LARGEST:
            raise PayloadError("a weight of codec 'inr' is too large: its bytes are damaged")
        found.append(values)
    stream.finish()
    return found
