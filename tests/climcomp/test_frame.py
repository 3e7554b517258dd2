"""Blocks become payloads that decode alone: special values, padding, budgets, odd fields."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs import get_codec
from climcomp.codecs.sz3 import Sz3
from climcomp.errors import BoundError, CodecError, PayloadError
from climcomp.frame import BlockEncoding, decode_block, encode_block, read_header

LOSSLESS = BlockEncoding(get_codec("lossless"))
ABSOLUTE = ErrorBound("absolute", 0.05)
LOSSY = [
    BlockEncoding(get_codec(name), ABSOLUTE, exact=(0.0, 1e20))
    for name in ("sz3", "zfp", "rounding")
]
RELATIVE, LOG = (
    BlockEncoding(get_codec(name), ErrorBound("pointwise_relative", 0.01), exact=(0.0, 1e20))
    for name in ("rounding", "log")
)
EVERY = [LOSSLESS, *LOSSY, RELATIVE, LOG]
IDS = ["lossless", "sz3", "zfp", "rounding", "relative", "log"]
each_encoding = pytest.mark.parametrize("encoding", EVERY, ids=IDS)


def round_trip(values: NDArray[Any], encoding: BlockEncoding) -> NDArray[Any]:
    payload = encode_block(values, encoding)
    decoded = decode_block(payload, values.shape, values.dtype)
    assert decoded.shape == values.shape
    assert decoded.dtype == values.dtype.newbyteorder("=")
    assert decoded.flags.writeable
    return decoded


def assert_kept(values: NDArray[Any], decoded: NDArray[Any], encoding: BlockEncoding) -> None:
    """The bound on ordinary values, the bits of special ones."""
    word = f"u{values.itemsize}"
    values = np.ascontiguousarray(values, values.dtype.newbyteorder("="))
    exact = ~np.isfinite(values)
    for number in encoding.exact:
        exact |= values == values.dtype.type(number)
    if encoding.bound is None:
        exact[...] = True
    decoded = np.ascontiguousarray(decoded)
    np.testing.assert_array_equal(decoded.view(word)[exact], values.view(word)[exact])
    if encoding.bound is not None:
        expected, actual = values[~exact].astype("f8"), decoded[~exact].astype("f8")
        assert np.all(np.abs(actual - expected) <= encoding.bound.tolerance(expected))


@st.composite
def fields(draw: st.DrawFn) -> NDArray[Any]:
    """Climate-like fields with gaps, infinities, fills, zeros of both signs and odd NaN."""
    dtype = np.dtype(draw(st.sampled_from(["f4", "f8"])))
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=9))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    values = np.asarray(rng.normal(size=shape) * 3 + 5, dtype)
    for number in draw(
        st.lists(st.sampled_from([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e20]), max_size=4)
    ):
        np.copyto(
            values, dtype.type(number), where=rng.random(shape) < draw(st.sampled_from([0.1, 1]))
        )
    if draw(st.booleans()):
        word = np.dtype(f"u{dtype.itemsize}")
        quiet = 0x7FC00000 if dtype.itemsize == 4 else 0x7FF8000000000000
        payloads = rng.integers(1, 1 << 20, shape).astype(word) | word.type(quiet)
        np.copyto(values, np.asarray(payloads).view(dtype), where=rng.random(shape) < 0.2)
    return values


@each_encoding
@settings(max_examples=120)
@given(values=fields())
@example(values=np.array(np.nan))
@example(values=np.zeros((3, 0), "f4"))
def test_bounds_hold_and_special_values_are_exact(
    encoding: BlockEncoding, values: NDArray[Any]
) -> None:
    assert_kept(values, round_trip(values, encoding), encoding)


@each_encoding
@pytest.mark.parametrize(
    "values",
    [
        np.full((8, 9), 280.5, "f4"),
        np.full((8, 9), np.nan, "f4"),
        np.full((8, 9), -0.0),
        np.full((2, 3, 4, 5, 6), 1e20, "f4"),
        np.float32(3.5).reshape(()),
        np.array([7.25]),
        np.zeros((4, 0, 2), "f4"),
        np.where(np.arange(72).reshape(8, 9) % 5 == 0, np.nan, 2.5),
    ],
    ids=["constant", "missing", "minus zero", "fill", "scalar", "one value", "empty", "two values"],
)
def test_blocks_with_little_in_them_are_tiny(encoding: BlockEncoding, values: NDArray[Any]) -> None:
    payload = encode_block(values, encoding)
    assert len(payload) < 110
    assert_kept(values, decode_block(payload, values.shape, values.dtype), encoding)


def test_a_payload_costs_well_under_100_bytes_beside_its_sections() -> None:
    values = np.random.default_rng(0).normal(size=(1, 3, 40, 50, 60)).astype("f4")
    header = read_header(encode_block(values, LOSSY[0]))
    assert len(encode_block(values, LOSSY[0])) - header.body_bytes - header.mask_bytes < 70


def test_padding_with_the_fill_costs_nothing() -> None:
    values = np.random.default_rng(0).normal(size=(20, 30)).astype("f4")
    padded = np.full((64, 64), -9999.0, "f4")
    padded[:20, :30] = values
    encoding = BlockEncoding(Sz3(), ABSOLUTE, fill=-9999.0)
    payload = encode_block(padded, encoding)
    assert len(payload) < len(encode_block(values, encoding)) + 10
    assert read_header(payload).extent == (20, 30)
    decoded = decode_block(payload, padded.shape, padded.dtype)
    np.testing.assert_array_equal(decoded[20:], -9999.0)
    np.testing.assert_array_equal(decoded[:, 30:], -9999.0)
    assert np.abs(decoded[:20, :30] - values).max() <= ABSOLUTE.value


def test_padding_with_nan_keeps_its_payload() -> None:
    odd = np.array([0x7FC00123], np.uint32).view("f4")[0]
    padded = np.full((6, 8), odd, "f4")
    padded[:3, :5] = 1.5
    padded[0, 0] = np.nan
    payload = encode_block(padded, LOSSLESS)
    assert read_header(payload).extent == (3, 5)
    decoded = decode_block(payload, padded.shape, padded.dtype)
    np.testing.assert_array_equal(decoded.view("u4"), padded.view("u4"))


def test_minus_zero_is_no_padding_of_zero() -> None:
    values = np.zeros((4, 4), "f4")
    values[-1] = -0.0
    encoding = BlockEncoding(get_codec("lossless"), fill=0.0)
    np.testing.assert_array_equal(np.signbit(round_trip(values, encoding)), np.signbit(values))


@pytest.mark.parametrize("dtype", [">f4", ">f8"])
def test_big_endian_values_come_back_native(dtype: str) -> None:
    values = np.random.default_rng(0).normal(size=(5, 6)).astype(dtype)
    np.testing.assert_array_equal(round_trip(values, LOSSLESS), values)


def test_layouts_other_than_c_are_welcome() -> None:
    values = np.random.default_rng(0).normal(size=(5, 6, 8)).astype("f4")
    for view in (values.T, values[::2, ::-1], np.asfortranarray(values)):
        np.testing.assert_array_equal(round_trip(view, LOSSLESS), view)


@pytest.mark.parametrize("dtype", ["i2", "f2", "i4", "c8", "O"])
def test_other_types_are_refused(dtype: str) -> None:
    with pytest.raises(CodecError, match="float32 or float64"):
        encode_block(np.zeros(3, dtype), LOSSLESS)


def test_a_header_tells_what_was_asked() -> None:
    values = np.random.default_rng(0).normal(size=(5, 6)).astype("f4")
    values[0] = np.nan
    encoding = BlockEncoding(Sz3(), ErrorBound("absolute", 0.25), keepbits=9)
    header = read_header(encode_block(values, encoding))
    assert (header.codec, header.shape, header.dtype) == ("sz3", (5, 6), np.dtype("f4"))
    assert header.library.startswith("pysz 1.")
    assert (header.bound, header.keepbits) == (ErrorBound("absolute", 0.25), 9)
    assert header.mask_bytes > 0
    assert header.body_bytes > 0


def test_a_payload_is_refused_where_the_chunk_is_another() -> None:
    payload = encode_block(np.arange(12.0).reshape(3, 4), LOSSLESS)
    for shape, dtype in [((4, 3), "f8"), ((12,), "f8"), ((3, 4), "f4")]:
        with pytest.raises(PayloadError, match="the array's chunk is"):
            decode_block(payload, shape, np.dtype(dtype))


class TestBudget:
    """Rounding and the codec behind it share one bound, measured against the unrounded values."""

    @pytest.mark.parametrize("keepbits", [8, 9, 10, 11, 12, 16, 23])
    @pytest.mark.parametrize("name", ["sz3", "zfp", "rounding"])
    def test_both_together_keep_an_absolute_bound(self, name: str, keepbits: int) -> None:
        values = np.random.default_rng(1).normal(280, 10, (20, 30, 9)).astype("f4")
        values[:, :4] = np.nan
        encoding = BlockEncoding(get_codec(name), ErrorBound("absolute", 0.51), keepbits)
        assert_kept(values, round_trip(values, encoding), encoding)

    @pytest.mark.parametrize("keepbits", [6, 7, 9, 23])
    def test_both_together_keep_a_relative_bound(self, keepbits: int) -> None:
        values = np.random.default_rng(1).lognormal(0, 3, (20, 30)).astype("f4")
        bound = ErrorBound("pointwise_relative", 0.0079)
        encoding = BlockEncoding(get_codec("rounding"), bound, keepbits)
        assert_kept(values, round_trip(values, encoding), encoding)

    def test_rounding_that_breaks_the_bound_is_refused(self) -> None:
        values = np.random.default_rng(1).normal(280, 10, (20, 30)).astype("f4")
        with pytest.raises(BoundError, match="keep more bits"):
            encode_block(values, BlockEncoding(Sz3(), ABSOLUTE, keepbits=5))

    def test_rounded_values_are_coded_losslessly_where_nothing_is_left(self) -> None:
        values = np.array([1.0, 1.25, 1.5, 3.0, 1.0 + 2.0**-8], "f4")
        encoding = BlockEncoding(Sz3(), ErrorBound("absolute", 2.0**-8), keepbits=7)
        assert read_header(encode_block(values, encoding)).codec == "lossless"
        assert_kept(values, round_trip(values, encoding), encoding)


def test_a_lossy_codec_needs_a_bound() -> None:
    with pytest.raises(BoundError, match="needs a bound"):
        BlockEncoding(Sz3())
    with pytest.raises(BoundError, match="needs a bound"):
        BlockEncoding(get_codec("lossless"), keepbits=7)


@pytest.mark.parametrize("kind", ["pointwise_relative", "range_relative"])
def test_a_kind_of_bound_that_a_codec_cannot_keep_is_refused(kind: Any) -> None:
    with pytest.raises(CodecError, match="cannot keep"):
        BlockEncoding(Sz3(), ErrorBound(kind, 0.1))


def test_an_encoding_is_a_value() -> None:
    encoding = BlockEncoding(Sz3(order=(1, 0)), ABSOLUTE, 9, (0.0,), -9999.0)
    assert pickle.loads(pickle.dumps(encoding)) == encoding
    assert hash(encoding)
