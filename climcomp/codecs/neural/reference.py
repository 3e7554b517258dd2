"""The entropy coder as its format says it, in plain Python: slow, to be read and to test by."""

from __future__ import annotations

from collections.abc import Sequence

from climcomp.codecs.neural.rans import BASE, Stream


def pull_symbol(stream: Stream, row: Sequence[int]) -> int:
    """The next symbol, of a row of first slots."""
    ends = [*row[1:], BASE]
    slot = int(stream.states[_lane(stream)]) % BASE
    symbol = next(n for n, end in enumerate(ends) if slot < int(end))
    _take(stream, int(row[symbol]), int(ends[symbol]) - int(row[symbol]))
    return symbol


def pull_bits(stream: Stream, count: int) -> int:
    """Up to 16 raw bits."""
    size = BASE >> count
    value = int(stream.states[_lane(stream)]) % BASE // size
    _take(stream, value * size, size)
    return value


def _lane(stream: Stream) -> int:
    return int(stream.at[0]) % stream.states.size


def _take(stream: Stream, first: int, size: int) -> None:
    lane = _lane(stream)
    x = int(stream.states[lane])
    x = size * (x // BASE) + x % BASE - first
    if x < BASE:
        taken = int(stream.at[1])
        x = BASE * x + (int(stream.words[taken]) if taken < stream.words.size else 0)
        stream.at[1] += 1
    stream.states[lane] = x
    stream.at[0] += 1
