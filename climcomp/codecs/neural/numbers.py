"""How far a value is from its prediction, q, as symbols of the entropy coder.

Format
------
q is coded with `octaves` = n low bits beside its table: with p = q + (2^n >> 1), s = p >> n is the
symbol if -31 <= s <= 31, else ESCAPE, and then, as raw bits: 5 bits, the number of bits of |s| - 31
less one; a bit that is 1 where s < 0; |s| - 31 without its highest bit. Then the n low bits of p.
Raw bits are coded 16 at a time, the lowest first.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.neural.loops import pull_bits, pull_symbol
from climcomp.codecs.neural.probabilities import ESCAPE, REACH
from climcomp.jit import compile_exact


class Symbols(NamedTuple):
    """Symbols that were made, as `rans` takes them; `made` (1,) is how many."""

    first: NDArray[np.uint16]
    size: NDArray[np.uint16]
    made: NDArray[np.int64]


@compile_exact
def _push(symbols: Symbols, first: int, size: int) -> None:
    n = symbols.made[0]
    symbols.made[0] = n + 1
    if n < symbols.first.size:
        symbols.first[n] = first
        symbols.size[n] = size


@compile_exact
def _push_bits(symbols: Symbols, value: int, count: int) -> None:
    while count > 0:
        some = min(count, 16)
        part = value & ((1 << some) - 1)
        _push(symbols, part << (16 - some), 1 << (16 - some))
        value >>= some
        count -= some


@compile_exact
def push_number(
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
def pull_number(
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
