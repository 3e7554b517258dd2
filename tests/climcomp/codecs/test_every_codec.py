"""One suite for every codec: the bound on every value, shape and type, and how it is handed on."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from climcomp.bounds import BoundKind, ErrorBound
from climcomp.codecs import Codec, get_codec
from climcomp.codecs.lossless import Lossless
from climcomp.errors import BoundError, CodecError, PayloadError

CODECS: list[Codec] = [
    get_codec("lossless"),
    get_codec("rounding"),
    get_codec("zfp"),
    get_codec("sz3"),
    get_codec("sz3", algorithm="interpolation"),
    get_codec("sz3", algorithm="lorenzo_regression"),
    get_codec("sz3", race="sample"),
    get_codec("delta"),
    get_codec("delta", inner="zfp"),
    get_codec("sperr"),
    get_codec("sperr", depth="none"),
    get_codec("log"),
    get_codec("log", inner="zfp"),
    get_codec("log", inner="rounding"),
    get_codec("log", inner="ncx"),
    get_codec("ncx"),
    get_codec("ncx", frames="hierarchical", alpha=0.9),
    get_codec("inr", effort=8),
    get_codec("inr", kind="siren", effort=8),
]
IDS = [
    "lossless",
    "rounding",
    "zfp",
    "sz3",
    "sz3-interpolation",
    "sz3-lorenzo",
    "sz3-sample",
    "delta",
    "delta-zfp",
    "sperr",
    "sperr-planes",
    "log",
    "log-zfp",
    "log-rounding",
    "log-ncx",
    "ncx",
    "ncx-hierarchical",
    "inr",
    "inr-siren",
]
each_codec = pytest.mark.parametrize("codec", CODECS, ids=IDS)


def each_that_keeps(kind: BoundKind) -> pytest.MarkDecorator:
    """Those codecs that keep a kind of bound, or every bit."""
    able = [i for i, codec in enumerate(CODECS) if not codec.kinds or kind in codec.kinds]
    return pytest.mark.parametrize("codec", [CODECS[i] for i in able], ids=[IDS[i] for i in able])


def bound_for(codec: Codec, value: float) -> ErrorBound:
    """A bound of a kind that the codec keeps."""
    is_absolute = not codec.kinds or "absolute" in codec.kinds
    return ErrorBound("absolute" if is_absolute else "pointwise_relative", value)


@st.composite
def blocks(draw: st.DrawFn) -> NDArray[Any]:
    """Finite blocks of 0 to 5 dimensions: anything that a float can be, or smooth fields."""
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=5, min_side=1, max_side=7))
    if draw(st.booleans()):
        width = 32 if dtype is np.float32 else 64
        elements = st.floats(width=width, allow_nan=False, allow_infinity=False)
        return draw(hnp.arrays(dtype, shape, elements=elements))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    field = rng.normal(size=shape)
    for axis in range(len(shape)):
        field = field.cumsum(axis)
    scale, offset = draw(st.sampled_from([(1, 0), (0.1, 280), (1e-9, 0), (1e30, 0), (100, 1e5)]))
    return np.asarray(field * scale + offset, dtype)


def largest_error(values: NDArray[Any], decoded: NDArray[Any]) -> float:
    return float(np.abs(values.astype(np.float64) - decoded.astype(np.float64)).max(initial=0.0))


@each_that_keeps("absolute")
@settings(max_examples=60)
@given(values=blocks(), share=st.sampled_from([1e-6, 1e-4, 1e-2, 0.3, 3.0]))
@example(values=np.zeros((), np.float32), share=0.3)
@example(values=np.full((3, 4), 1e20, np.float32), share=1e-2)
@example(values=np.array([0.0, -0.0, 1e-45, -1e-45, 3e38], np.float32), share=1e-2)
@example(values=np.array([-1.7976931348623157e308, 1.7976931348623157e308]), share=1e-2)
@example(values=np.full((2, 1, 3), 5e-324), share=0.3)
def test_an_absolute_bound_is_kept_on_every_value(
    codec: Codec, values: NDArray[Any], share: float
) -> None:
    largest = float(np.abs(values).max())
    value = largest * share
    assume(0 < value < np.inf)
    bound = ErrorBound("absolute", value)
    try:
        payload = codec.encode(values, bound)
    except (BoundError, CodecError):
        # Refusing is honest; it may only happen where the bound comes near the spacing of floats
        # or, for ZFP, of its block's shared exponent.
        smallest = float(np.spacing(values.dtype.type(largest / 2))) * 2
        is_extreme = largest > float(np.finfo(values.dtype).max) / 2**16 or largest < 1e-28
        assert value < smallest * 2**12 or is_extreme
        return
    decoded = codec.decode(payload, values.shape, values.dtype)
    assert decoded.shape == values.shape
    assert decoded.dtype == values.dtype
    assert largest_error(values, decoded) <= value


@each_that_keeps("pointwise_relative")
@settings(max_examples=60)
@given(values=blocks(), relative=st.sampled_from([1e-8, 1e-5, 0.01, 0.4, 2.0]))
@example(values=np.array([0.0, -0.0, 1e-45, -1e-40, 3.4e38], np.float32), relative=0.01)
@example(values=np.array([3.4028235e38, -3.4028235e38, 3.4e38], np.float32), relative=0.4)
@example(values=np.array([1.7976931348623157e308, 1e308, -1.7e308]), relative=0.01)
@example(values=np.array(-0.0, np.float32), relative=0.01)
@example(values=np.full((3, 4), 1e20, np.float32), relative=1e-5)
def test_a_pointwise_relative_bound_is_kept_on_every_value(
    codec: Codec, values: NDArray[Any], relative: float
) -> None:
    try:
        payload = codec.encode(values, ErrorBound("pointwise_relative", relative))
    except BoundError:
        assert codec.name == "log"
        assert relative < 4 * float(np.finfo(values.dtype).eps)
        return
    except CodecError:
        # Refusing is honest where many values are subnormal or a block spans nearly its whole type.
        magnitudes = np.abs(values[values != 0].astype(np.longdouble))
        assert codec.name == "log"
        is_subnormal = magnitudes < np.finfo(values.dtype).tiny
        assert is_subnormal.mean() > 1 / 32 or magnitudes.max() / magnitudes.min() > 2.0**1000
        return
    decoded = codec.decode(payload, values.shape, values.dtype)
    original = values.astype(np.float64)
    with np.errstate(over="ignore"):
        assert np.all(np.abs(decoded - original) <= relative * np.abs(original))
    zeros = values == 0
    np.testing.assert_array_equal(np.signbit(decoded[zeros]), np.signbit(values[zeros]))


@settings(max_examples=100)
@given(
    values=hnp.arrays(
        st.sampled_from([np.uint32, np.uint64]),
        hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=6),
    )
)
def test_lossless_keeps_every_bit_pattern(values: NDArray[Any]) -> None:
    expected = values.view(np.dtype(f"f{values.itemsize}"))
    payload = Lossless().encode(expected)
    actual = Lossless().decode(payload, expected.shape, expected.dtype)
    np.testing.assert_array_equal(actual.view(values.dtype), values)


@each_codec
@pytest.mark.parametrize("shape", [(0,), (3, 0, 2), (0, 0, 0, 0, 0)])
def test_an_empty_block_comes_back(codec: Codec, shape: tuple[int, ...]) -> None:
    for dtype in (np.float32, np.float64):
        payload = codec.encode(np.empty(shape, dtype), bound_for(codec, 1.0))
        decoded = codec.decode(payload, shape, np.dtype(dtype))
        assert (decoded.shape, decoded.dtype) == (shape, dtype)


@each_codec
def test_a_codec_is_a_value(codec: Codec) -> None:
    copy = pickle.loads(pickle.dumps(codec))
    assert copy == codec
    assert hash(copy) == hash(codec)


@each_codec
def test_a_codec_names_its_library(codec: Codec) -> None:
    assert codec.library_version()[0].isdigit()


@each_codec
def test_encoding_twice_gives_the_same_bytes(codec: Codec) -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(size=(12, 20, 30)).cumsum(axis=1).astype(np.float32)
    bound = bound_for(codec, 0.01)
    assert codec.encode(values, bound) == codec.encode(values.copy(), bound)


@each_codec
def test_encoding_leaves_the_values_alone(codec: Codec) -> None:
    values = np.random.default_rng(6).normal(size=(9, 10)).astype(np.float32)
    before = values.copy()
    codec.encode(values, bound_for(codec, 0.1))
    np.testing.assert_array_equal(values, before)


@each_codec
def test_other_types_are_refused(codec: Codec) -> None:
    for dtype in (np.int32, np.float16, ">f4"):
        with pytest.raises(CodecError, match=r"float32 or float64"):
            codec.encode(np.zeros(4, dtype), bound_for(codec, 1.0))


@each_codec
def test_a_kind_of_bound_that_is_not_kept_is_refused(codec: Codec) -> None:
    if not codec.kinds:
        pytest.skip("a lossless codec keeps every bound")
    values = np.arange(10.0)
    with pytest.raises(CodecError, match="range_relative"):
        codec.encode(values, ErrorBound("range_relative", 0.1))
    with pytest.raises(CodecError, match="no bound"):
        codec.encode(values, None)


@each_codec
def test_a_payload_is_refused_for_another_block(codec: Codec) -> None:
    values = np.random.default_rng(7).normal(size=(6, 7, 8)).astype(np.float32)
    payload = codec.encode(values, bound_for(codec, 0.01))
    for shape, dtype in [((6, 7, 9), "f4"), ((6, 7), "f4"), ((6, 7, 8), "f8"), ((0,), "f4")]:
        with pytest.raises(PayloadError):
            codec.decode(payload, shape, np.dtype(dtype))
