"""SPERR: volumes and planes, what its streams may claim, and what happens without its library."""

from __future__ import annotations

import multiprocessing
import struct
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs import get_codec, sperr
from climcomp.codecs.sperr import Depth, Sperr
from climcomp.codecs.sperr_layout import sample_volume, stackable_axes, stacked_layout
from climcomp.errors import BoundError, CodecError, MissingExtraError, PayloadError
from climcomp.frame import BlockEncoding, decode_block, encode_block

BOUND = ErrorBound("absolute", 0.05)
# Of a payload of a block with 3 dimensions below 128: the codec's byte, type, number of dimensions,
# 4 dimensions, the version with its length, the stream's length (2), then SPERR's own.
VOLUME = 1 + 2 + 4 + 6 + 2
CHUNK = VOLUME + 18


def smooth(shape: tuple[int, ...], seed: int = 0, dtype: str = "f4") -> NDArray[Any]:
    field = np.random.default_rng(seed).normal(size=shape)
    for axis in range(len(shape)):
        field = field.cumsum(axis)
    return field.astype(dtype)


def largest_error(codec: Sperr, values: NDArray[Any], bound: ErrorBound = BOUND) -> float:
    decoded = Sperr().decode(codec.encode(values, bound), values.shape, values.dtype)
    assert (decoded.shape, decoded.dtype) == (values.shape, values.dtype)
    return float(np.abs(decoded.astype("f8") - values).max())


@pytest.mark.parametrize("depth", ["auto", "none", 0, 1, 2, 3, 4])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_every_depth_comes_back_without_settings(depth: Depth, dtype: str) -> None:
    for shape in [(3, 1, 4, 9, 10), (2, 3, 4, 5, 6), (1, 1, 7, 1, 9), (1, 1, 1, 1, 1)]:
        assert largest_error(Sperr(depth), smooth(shape, dtype=dtype)) <= BOUND.value


def test_an_axis_of_length_one_is_no_part_of_volumes() -> None:
    values = smooth((6, 1, 20, 30))
    flat = values.reshape(6, 20, 30)
    assert Sperr(0).encode(values, BOUND)[7:] == Sperr(0).encode(flat, BOUND)[7:]


def test_levels_alike_are_stacked_and_showers_are_not() -> None:
    alike = smooth((40, 50))[None] + 0.3 * np.arange(20)[:, None, None]
    rain = np.random.default_rng(1).normal(size=(20, 40, 50)).cumsum(1).cumsum(2)
    showers = np.maximum(rain - np.quantile(rain, 0.9), 0)
    for values, depth in [(alike, 0), (showers, "none")]:
        block = values.astype("f4")
        sizes = {way: len(Sperr(way).encode(block, BOUND)) for way in (0, "none")}
        assert min(sizes, key=sizes.__getitem__) == depth
        assert len(Sperr().encode(block, BOUND)) == sizes[depth]


def test_the_axis_of_a_large_block_is_chosen_from_a_part_of_it() -> None:
    maps = smooth((70, 80))
    noise = np.random.default_rng(2).normal(size=(12, 1, 1, 1)) * 50
    values = (maps * noise / 50 + np.arange(30)[:, None, None] * 0.2 + noise).astype("f4")
    assert values.size >= sperr._SAMPLE_FROM
    sizes = {depth: len(Sperr(depth).encode(values, BOUND)) for depth in (0, 1, "none")}
    assert len(Sperr().encode(values, BOUND)) == min(sizes.values())


def test_a_sample_is_a_small_part_from_the_middle_with_thick_volumes() -> None:
    values = np.arange(40 * 30 * 100 * 200, dtype="f8").reshape(40, 30, 100, 200)
    for depth, thickness in [(0, 16), (1, 16)]:
        sample = sample_volume(values, depth)
        assert sample.shape[0] >= thickness
        assert sample.size <= values.size / 16
        assert min(sample.shape[1:]) > 60
        steps = np.diff(sample, axis=0)
        assert (steps == values.strides[depth] // values.itemsize).all()


@given(st.lists(st.integers(1, 5), max_size=6), st.data())
def test_a_layout_holds_every_axis_and_value_once(shape: list[int], data: st.DataObject) -> None:
    axes = stackable_axes(tuple(shape))
    depth = data.draw(st.sampled_from([None, *axes]))
    order, dims = stacked_layout(tuple(shape), depth)
    assert sorted(order) == list(range(len(shape)))
    assert np.prod(dims) == np.prod(shape)


@settings(max_examples=150)
@given(
    shape=st.lists(st.integers(1, 40), min_size=1, max_size=5),
    seed=st.integers(0, 10**6),
    dtype=st.sampled_from(["f4", "f8"]),
    exponent=st.integers(-12, 8),
    depth=st.sampled_from(["auto", "none", 0]),
)
def test_no_stream_of_the_library_is_refused(
    shape: list[int], seed: int, dtype: str, exponent: int, depth: Depth
) -> None:
    while np.prod(shape) > 6000:
        shape[shape.index(max(shape))] //= 2
    values = smooth(tuple(shape), seed, dtype)
    bound = ErrorBound("absolute", 2.0**exponent)
    try:
        assert largest_error(Sperr(depth), values, bound) <= bound.value
    except BoundError:
        assert dtype == "f4"


@pytest.mark.parametrize("shape", [(700,), (3, 700), (1, 385, 3), (400, 390), (385, 3, 3)])
def test_sides_that_are_cut_into_chunks_come_back(shape: tuple[int, ...]) -> None:
    for depth in ("none", 0):
        assert largest_error(Sperr(depth), smooth(shape)) <= BOUND.value


def test_values_that_gave_more_than_their_bound_are_within_it() -> None:
    # SPERR corrects in float64: rounding to float32 adds to errors that reach the bound exactly.
    values = (1e5 + smooth((20, 60, 70), 3, "f8")).astype("f4")
    assert largest_error(Sperr(), values, ErrorBound("absolute", 0.1)) <= 0.1


def lie(monkeypatch: pytest.MonkeyPatch, times: float) -> list[float]:
    """Let SPERR miss by so many times what it is asked for; the list takes what that is."""
    asked: list[float] = []
    pack, decode = sperr._pack, Sperr.decode

    def exactly(values: NDArray[Any], depth: int | None, bound: float) -> bytes:
        asked.append(bound)
        return pack(values, depth, bound / 100)

    def shifted(codec: Sperr, *block: Any) -> NDArray[Any]:
        return decode(codec, *block) + times * asked[-1]

    monkeypatch.setattr(sperr, "_pack", exactly)
    monkeypatch.setattr(Sperr, "decode", shifted)
    return asked


def test_a_broken_bound_is_tried_again_with_half_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = lie(monkeypatch, 1.5)
    Sperr("none").encode(smooth((8, 9), dtype="f8"), BOUND)
    assert asked == pytest.approx([0.04995, 0.024975])


def test_a_bound_that_stays_broken_is_an_error_with_both_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lie(monkeypatch, 4.0)
    with pytest.raises(
        CodecError, match=r"largest error is 0\.1\d+, the bound 0\.05, .*'lossless'"
    ):
        Sperr("none").encode(smooth((8, 9), dtype="f8"), BOUND)


@pytest.mark.parametrize(
    ("values", "bound"),
    [
        (np.array([3.4e38, -3.4e38, 1, 2], "f4"), 3.4e36),
        (np.arange(60).reshape(3, 4, 5) * 5e-324, 1e-322),
        (np.arange(60).reshape(3, 4, 5) * 5e-324, 1e-323),
        (np.arange(60).reshape(3, 4, 5) * 5e-324, 2e-323),
        (np.array([1.7e308, -1.7e308, 1e300]), 1e290),
        (np.full((4, 5), 1e20, "f4"), 1e10),
        (np.zeros((4, 5)), 1e-300),
        (np.arange(24, dtype="f4").reshape(2, 3, 4) * np.float32(1e-45), 1e-44),
    ],
)
def test_the_ends_of_the_floats_are_kept_or_refused(values: NDArray[Any], bound: float) -> None:
    # SPERR itself returned infinity for the first and errors of 30 bounds for the second.
    try:
        error = largest_error(Sperr(), values, ErrorBound("absolute", bound))
    except (BoundError, CodecError):
        return
    assert error <= bound


def test_threads_and_other_processes_make_the_same_bytes() -> None:
    values = smooth((12, 40, 50))
    expected = Sperr().encode(values, BOUND)
    with ThreadPoolExecutor(3) as pool:
        assert set(pool.map(lambda _: Sperr().encode(values, BOUND), range(6))) == {expected}
    with multiprocessing.get_context("spawn").Pool(1) as processes:
        assert processes.apply(Sperr().encode, (values, BOUND)) == expected


@pytest.mark.parametrize("depth", ["best", -1, 255, 1.5, True, None])
def test_a_wrong_depth_is_refused(depth: object) -> None:
    with pytest.raises(CodecError, match=r"sperr depth is .*auto, none, an axis"):
        get_codec("sperr", depth=depth)


def test_a_depth_that_the_block_lacks_is_refused() -> None:
    with pytest.raises(CodecError, match=r"depth 3 is no axis of a block of shape \(2, 3, 4\)"):
        Sperr(3).encode(smooth((2, 3, 4)), BOUND)


def test_a_missing_library_names_the_extra_on_writing_and_reading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = smooth((4, 9, 10))
    encoding = BlockEncoding(Sperr(), BOUND)
    payload = encode_block(values, encoding)
    monkeypatch.setitem(sys.modules, Sperr.module, None)
    wanted = r"numcodecs_wasm_sperr.*pip install 'climcomp\[sperr\]'"
    with pytest.raises(MissingExtraError, match=wanted):
        encode_block(values, encoding)
    with pytest.raises(MissingExtraError, match=wanted):
        decode_block(payload, values.shape, values.dtype)


def test_a_library_that_cannot_start_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    payload = Sperr().encode(smooth((4, 9, 10)), BOUND)

    def failing(*_: str) -> None:
        raise Exception("failed to create cache directory: /home/me/.cache")

    monkeypatch.setattr(sperr, "load_library", failing)
    with pytest.raises(CodecError, match=r"cannot start: failed to create.*XDG_CACHE_HOME"):
        Sperr().encode(smooth((4, 9, 10)), BOUND)
    with pytest.raises(CodecError, match=r"cannot start: failed to create.*XDG_CACHE_HOME"):
        Sperr().decode(payload, (4, 9, 10), np.dtype("f4"))


def changed(payload: bytes, offset: int, layout: str, number: float) -> bytes:
    copy = bytearray(payload)
    struct.pack_into(layout, copy, offset, number)
    return bytes(copy)


@pytest.mark.parametrize(
    ("offset", "layout", "number", "says"),
    [
        (0, "<B", 1, "no stacked axis"),
        (0, "<B", 9, "no stacked axis"),
        (1, "<B", 1, "type 1"),
        (2, "<B", 3, "3 dimensions"),
        (3, "<B", 2, r"shape \(2, 7, 8, 9\)"),
        (10, "<B", ord("9"), "format '0.9.0'"),
        (VOLUME, "<B", 1, "version 1"),
        (VOLUME + 1, "<B", 0x40, "flags 0x40"),
        (VOLUME + 1, "<B", 0x70, "chunks of sides|truncated"),
        (VOLUME + 2, "<I", 1 << 30, "sides"),
        (VOLUME + 14, "<I", 1 << 30, "truncated"),
        (VOLUME + 14, "<I", 30, "truncated|more than expected"),
        (CHUNK + 9, "<d", 0.0, "quantum 0"),
        (CHUNK + 9, "<d", np.nan, "quantum nan"),
        (CHUNK + 17, "<B", 65, "65 bit planes"),
        (CHUNK + 18, "<Q", 1 << 31, "truncated"),
        (CHUNK + 18, "<Q", (1 << 64) - 1, "truncated"),
    ],
)
def test_a_stream_that_claims_what_it_cannot_hold_is_refused(
    offset: int, layout: str, number: float, says: str
) -> None:
    payload = Sperr(0).encode(smooth((7, 8, 9)), BOUND)
    with pytest.raises(PayloadError, match=says):
        Sperr().decode(changed(payload, offset, layout, number), (7, 8, 9), np.dtype("f4"))


def test_a_cut_payload_is_refused_at_every_length() -> None:
    payload = Sperr(0).encode(smooth((5, 6, 7)), BOUND)
    for length in range(len(payload)):
        with pytest.raises(PayloadError):
            Sperr().decode(payload[:length], (5, 6, 7), np.dtype("f4"))
    with pytest.raises(PayloadError, match="more than expected"):
        Sperr().decode(payload + b"\0", (5, 6, 7), np.dtype("f4"))


@settings(max_examples=300)
@given(
    depth=st.sampled_from(["none", 0]),
    damage=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4
    ),
)
def test_damage_gives_other_values_or_an_error_of_ours(
    depth: Depth, damage: list[tuple[float, int]]
) -> None:
    values = smooth((3, 9, 10))
    payload = bytearray(Sperr(depth).encode(values, BOUND))
    for place, byte in damage:
        # The heads are few bytes: half of the damage goes there.
        most = len(payload) if place < 0.5 else CHUNK + 30
        payload[int(place * most)] = byte
    try:
        decoded = Sperr().decode(bytes(payload), values.shape, values.dtype)
    except PayloadError:
        return
    assert (decoded.shape, decoded.dtype) == (values.shape, values.dtype)


def test_trailing_zeros_of_a_payload_are_kept() -> None:
    # One value after another, so that some payloads end with zero bytes.
    ends = set()
    for seed in range(40):
        values = smooth((3, 5), seed)
        payload = Sperr().encode(values, ErrorBound("absolute", 3.0))
        ends.add(payload[-1])
        decoded = Sperr().decode(payload, values.shape, values.dtype)
        assert np.abs(decoded - values).max() <= 3.0
    assert 0 in ends


def test_tighter_bounds_take_more_bytes() -> None:
    values = smooth((6, 30, 40))
    sizes = [len(Sperr().encode(values, ErrorBound("absolute", 10.0**-n))) for n in range(4)]
    assert all(loose < tight for loose, tight in pairwise(sizes))
