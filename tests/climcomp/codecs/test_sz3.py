"""SZ3: orders of dimensions, the race of its algorithms, and what its streams may claim."""

from __future__ import annotations

import struct
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs import choose_settings, zstd
from climcomp.codecs.sz3 import Algorithm, Sz3
from climcomp.codecs.sz3_stream import _DATA_VERSION, check_stream
from climcomp.errors import BoundError, PayloadError

BOUND = ErrorBound("absolute", 0.05)


def smooth(shape: tuple[int, ...], seed: int = 0, dtype: str = "f4") -> NDArray[Any]:
    field = np.random.default_rng(seed).normal(size=shape)
    for axis in range(len(shape)):
        field = field.cumsum(axis)
    return field.astype(dtype)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_every_order_of_dimensions_comes_back(order: tuple[int, ...]) -> None:
    values = smooth((5, 1, 9))
    decoded = Sz3(order=order).decode(
        Sz3(order=order).encode(values, BOUND), (5, 1, 9), values.dtype
    )
    assert np.abs(decoded - values).max() <= BOUND.value


def test_decoding_needs_no_settings() -> None:
    values = smooth((5, 6, 9))
    payload = Sz3("interpolation", order=(2, 0, 1)).encode(values, BOUND)
    assert np.abs(Sz3().decode(payload, values.shape, values.dtype) - values).max() <= BOUND.value


def test_the_race_takes_the_smaller_algorithm() -> None:
    for seed in range(4):
        values = smooth((16, 20, 24), seed)
        sizes = [
            len(Sz3(algorithm).encode(values, BOUND))
            for algorithm in ("interpolation", "lorenzo_regression")
        ]
        assert len(Sz3("auto", race="full").encode(values, BOUND)) == min(sizes)


def test_a_sampled_race_takes_one_of_the_algorithms() -> None:
    values = smooth((32, 40, 40))
    sizes = [len(Sz3(a).encode(values, BOUND)) for a in ("interpolation", "lorenzo_regression")]
    assert len(Sz3(race="sample").encode(values, BOUND)) in sizes


def test_a_bound_below_the_spacing_of_floats_is_refused() -> None:
    values = np.array([280.0, 281.5], np.float32)
    with pytest.raises(BoundError, match="rounding"):
        Sz3().encode(values, ErrorBound("absolute", 1e-5))


def test_settings_are_chosen_by_size() -> None:
    values = smooth((4, 30, 40))
    chosen = choose_settings("sz3", values, BOUND)
    smallest = min(
        len(Sz3(algorithm, order).encode(values, BOUND))
        for algorithm in ("interpolation", "lorenzo_regression")
        for order in permutations(range(3))
    )
    assert len(chosen.encode(values, BOUND)) == smallest


@pytest.mark.parametrize("shape", [(), (1,), (0, 3), (2, 3, 4, 5), (2, 1, 3, 2, 4)])
def test_settings_are_chosen_for_any_shape(shape: tuple[int, ...]) -> None:
    values = smooth(shape)
    choose_settings("sz3", values, BOUND).encode(values, BOUND)


def test_settings_are_chosen_beside_missing_values() -> None:
    values = smooth((6, 7, 8))
    values[:, :3] = np.nan
    assert choose_settings("sz3", values, BOUND).name == "sz3"
    assert choose_settings("sz3", np.full((3, 4), np.nan), BOUND) == Sz3()


def test_the_streams_of_this_pysz_are_those_that_are_checked() -> None:
    # A pysz that writes another version of SZ3's data needs its layout added to sz3_stream.
    assert Sz3().encode(smooth((3, 4)), BOUND)[5:9] == _DATA_VERSION


@settings(max_examples=150)
@given(
    shape=st.lists(st.integers(1, 40), min_size=1, max_size=4),
    seed=st.integers(0, 10**6),
    dtype=st.sampled_from(["f4", "f8"]),
    exponent=st.integers(-12, 2),
    algorithm=st.sampled_from(["interpolation", "lorenzo_regression"]),
    noise=st.booleans(),
)
def test_no_stream_of_pysz_is_refused(
    shape: list[int], seed: int, dtype: str, exponent: int, algorithm: Algorithm, noise: bool
) -> None:
    while np.prod(shape) > 6000:
        shape[shape.index(max(shape))] //= 2
    values = smooth(tuple(shape), seed, dtype)
    if noise:
        values = values + np.random.default_rng(seed).normal(size=shape).astype(dtype) * 100
    try:
        payload = Sz3(algorithm).encode(values, ErrorBound("absolute", 2.0**exponent))
    except BoundError:
        return
    decoded = Sz3().decode(payload, values.shape, values.dtype)
    assert np.abs(decoded.astype("f8") - values).max() <= 2.0**exponent


def changed(payload: bytes, offset: int, number: int) -> bytes:
    """The payload with another u64 in its decompressed coded part, which is packed again."""
    stream = payload[1:]
    coded = int.from_bytes(stream[8:16], "little")
    size = int.from_bytes(stream[16:24], "little")
    content = zstd.decompress(stream[24 : 16 + coded], size)
    struct.pack_into("<Q", content, offset, number)
    frame = struct.pack("<Q", size) + zstd.compress(bytes(content), 3)
    return payload[:1] + stream[:8] + struct.pack("<Q", len(frame)) + frame + stream[16 + coded :]


@pytest.mark.parametrize(
    ("shape", "dtype", "offset"),
    [((300,), "f8", 0), ((20, 30), "f4", 0), ((9, 10, 11), "f4", 0), ((9, 10, 11), "f4", 9)],
)
def test_counts_that_no_block_can_have_are_refused(
    shape: tuple[int, ...], dtype: str, offset: int
) -> None:
    payload = Sz3("lorenzo_regression").encode(smooth(shape, 2, dtype), BOUND)
    with pytest.raises(PayloadError):
        Sz3().decode(changed(payload, offset, 1 << 30), shape, np.dtype(dtype))


@pytest.mark.parametrize("length", [0, 4, 15, 24, 60])
def test_a_cut_stream_is_refused(length: int) -> None:
    values = smooth((9, 10))
    stream = np.frombuffer(Sz3().encode(values, BOUND), np.uint8)[1:]
    with pytest.raises(PayloadError):
        check_stream(stream[:length], (9, 10), values.dtype)


def test_a_stream_that_asks_for_too_much_memory_is_refused() -> None:
    payload = Sz3().encode(smooth((9, 10)), BOUND)
    bomb = zstd.compress(bytes(64 << 20), 3)
    frame = struct.pack("<Q", 64 << 20) + bomb
    coded = int.from_bytes(payload[9:17], "little")
    hostile = payload[:9] + struct.pack("<Q", len(frame)) + frame + payload[17 + coded :]
    with pytest.raises(PayloadError, match="needs at most"):
        Sz3().decode(hostile, (9, 10), np.dtype("f4"))


def test_a_stream_of_other_dimensions_is_refused() -> None:
    payload = Sz3().encode(smooth((9, 10)), BOUND)
    with pytest.raises(PayloadError, match=r"shape \(9, 10\), expected a block of shape \(10, 9\)"):
        Sz3().decode(payload, (10, 9), np.dtype("f4"))


def test_an_order_that_is_none_is_refused() -> None:
    payload = bytearray(Sz3(order=(1, 0)).encode(smooth((9, 10)), BOUND))
    payload[1:3] = b"\x01\x01"
    with pytest.raises(PayloadError, match="order"):
        Sz3().decode(bytes(payload), (9, 10), np.dtype("f4"))
