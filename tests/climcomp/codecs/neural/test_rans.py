"""The entropy coder: what goes in comes out, in as few bytes as it should, and damage is seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from climcomp.codecs.neural import loops, reference
from climcomp.codecs.neural.probabilities import SYMBOLS, TOTAL, slots
from climcomp.codecs.neural.rans import (
    MOST_LANES,
    Stream,
    encode_symbols,
    lanes_for,
    open_stream,
)
from climcomp.errors import PayloadError

LANES = (1, 2, 4, 8, 16, 32)


def drawn(count: int, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the table, and symbols as probable as these say."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, len(slots()), count)
    at = rng.integers(0, TOTAL, count)
    return rows, (slots()[rows] <= at[:, None]).sum(1) - 1


def encoded(rows: NDArray[np.int64], symbols: NDArray[np.int64], lanes: int) -> bytes:
    table = np.append(slots(), np.zeros((len(slots()), 1), np.uint16), 1)  # 65536 is 0 in 16 bits
    first, behind = table[rows, symbols], table[rows, symbols + 1]
    return encode_symbols(first, behind - first, lanes)


def decoded(stream: Stream, rows: NDArray[np.int64]) -> list[int]:
    parts = stream.states, stream.words, stream.at
    return [loops.pull_symbol(slots()[row], *parts) for row in rows]


@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("count", [0, 1, 31, 33, 3000])
def test_symbols_come_back(count: int, lanes: int) -> None:
    rows, symbols = drawn(count)
    stream = open_stream(encoded(rows, symbols, lanes))
    assert stream.states.size == lanes
    assert decoded(stream, rows) == symbols.tolist()
    stream.finish()


@pytest.mark.parametrize("lanes", LANES)
def test_the_reference_reads_the_same(lanes: int) -> None:
    rows, symbols = drawn(500, seed=1)
    stream = open_stream(encoded(rows, symbols, lanes))
    assert [
        reference.pull_symbol(stream, slots()[row].tolist()) for row in rows
    ] == symbols.tolist()
    stream.finish()


@settings(deadline=None, max_examples=60)
@given(
    values=st.lists(st.tuples(st.integers(0, 16), st.integers(0, 65535)), max_size=200),
    lanes=st.sampled_from(LANES),
)
def test_raw_bits_come_back(values: list[tuple[int, int]], lanes: int) -> None:
    told = [(count, value & ((1 << count) - 1)) for count, value in values]
    # All 65536 slots for no bits are a symbol that costs nothing, and no stream holds it.
    told = [(count, value) for count, value in told if count]
    size = np.array([TOTAL >> count for count, _ in told], np.uint16)
    first = np.array([value * (TOTAL >> count) for count, value in told], np.uint16)
    payload = encode_symbols(first, size, lanes)
    fast, slow = open_stream(payload), open_stream(payload)
    for count, value in told:
        assert loops.pull_bits(count, fast.states, fast.words, fast.at) == value
        assert reference.pull_bits(slow, count) == value
    fast.finish()
    slow.finish()


def test_the_bytes_are_what_the_probabilities_ask() -> None:
    rows, symbols = drawn(200_000, seed=2)
    table = np.append(slots().astype(int), np.full((len(slots()), 1), TOTAL), 1)
    sizes = table[rows, symbols + 1] - table[rows, symbols]
    ideal = -np.log2(sizes / TOTAL).sum() / 8
    found = len(encoded(rows, symbols, MOST_LANES))
    assert ideal <= found <= 1.001 * ideal + 4 * MOST_LANES + 1


def test_the_rarest_and_the_likeliest_symbol_take_what_they_should() -> None:
    rare = encode_symbols(np.full(1000, 65535, np.uint16), np.ones(1000, np.uint16), 1)
    assert len(rare) == 1 + 4 + 2 * 1000
    likely = encode_symbols(np.zeros(1000, np.uint16), np.full(1000, 65535, np.uint16), 1)
    assert len(likely) <= 1 + 4 + 2


def test_few_symbols_have_few_states() -> None:
    assert [lanes_for(n) for n in (0, 1, 5000, 10_000, 10**6)] == [1, 1, 2, 4, 32]


def test_golden_bytes() -> None:
    rows, symbols = drawn(24, seed=3)
    assert encoded(rows, symbols, 4).hex() == GOLDEN


GOLDEN = "02336d0200337e032f28a84d2f203d0100e613a7f4"


@pytest.mark.parametrize("cut", [0, 1, 5, 64, -1, -2, -400])
def test_a_cut_stream_is_damage(cut: int) -> None:
    rows, symbols = drawn(2000)
    payload = encoded(rows, symbols, 32)[:cut]
    with pytest.raises(PayloadError):
        _read(payload, rows)


def test_a_stream_with_more_behind_it_is_damage() -> None:
    rows, symbols = drawn(2000)
    with pytest.raises(PayloadError, match="does not end"):
        _read(encoded(rows, symbols, 8) + b"\0\0", rows)


@pytest.mark.parametrize("power", [6, 255])
def test_more_states_than_there_can_be_are_damage(power: int) -> None:
    with pytest.raises(PayloadError, match="states"):
        open_stream(bytes([power]) + bytes(1000))


def test_flipped_bits_end_in_an_error_or_in_other_symbols() -> None:
    rng = np.random.default_rng(5)
    rows, symbols = drawn(400)
    payload = encoded(rows, symbols, 8)
    seen = 0
    for _ in range(300):
        damaged = bytearray(payload)
        damaged[rng.integers(len(damaged))] ^= 1 << rng.integers(8)
        try:
            found = _read(bytes(damaged), rows)
        except PayloadError:
            seen += 1
        else:
            assert found != symbols.tolist()
            assert all(0 <= symbol < SYMBOLS for symbol in found)
    assert seen > 290


def _read(payload: bytes, rows: NDArray[np.int64]) -> list[int]:
    stream = open_stream(payload)
    found = decoded(stream, rows)
    stream.finish()
    return found
