"""Logarithms: bounds on every value, signs, zeros, sums, and what a payload may claim."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.byte_reader import varint
from climcomp.codecs import choose_settings, get_codec
from climcomp.codecs.log import Log
from climcomp.codecs.logarithms import take_logarithms
from climcomp.codecs.sz3 import Sz3
from climcomp.errors import BoundError, CodecError, PayloadError
from climcomp.frame import BlockEncoding, decode_block, encode_block

BOUND = ErrorBound("pointwise_relative", 0.01)


def rain(shape: tuple[int, ...] = (12, 20, 30), seed: int = 0, dtype: str = "f4") -> NDArray[Any]:
    """Positive values of many magnitudes, in kg m-2 s-1."""
    field = np.random.default_rng(seed).normal(size=shape)
    for axis in range(len(shape)):
        field = field.cumsum(axis)
    return (1e-5 * np.exp2(field / 8)).astype(dtype)


def round_trip(values: NDArray[Any], bound: ErrorBound = BOUND, **settings: Any) -> NDArray[Any]:
    payload = get_codec("log", **settings).encode(values, bound)
    return get_codec("log").decode(payload, values.shape, values.dtype)


def relative_errors(values: NDArray[Any], decoded: NDArray[Any]) -> NDArray[np.float64]:
    original = values.astype(np.float64)
    return np.asarray(np.abs(decoded - original) / np.abs(original))


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("value", [1e-6, 1e-4, 0.0025, 0.01, 0.05, 0.5])
def test_the_bound_is_kept_and_used(value: float, dtype: str) -> None:
    values = rain(dtype=dtype)
    errors = relative_errors(values, round_trip(values, ErrorBound("pointwise_relative", value)))
    assert 0.8 * value < errors.max() <= value


@pytest.mark.parametrize("inner", ["sz3", "zfp", "rounding"])
def test_signs_zeros_and_their_signs_come_back(inner: str) -> None:
    values = rain()
    values[::2] *= -1
    values[:, 3:9, 5:8] = 0.0
    values[4, :, ::3] = -0.0
    decoded = round_trip(values, inner=inner)
    np.testing.assert_array_equal(decoded == 0, values == 0)
    np.testing.assert_array_equal(np.signbit(decoded), np.signbit(values))
    assert relative_errors(values[values != 0], decoded[values != 0]).max() <= BOUND.value


@pytest.mark.parametrize("number", [0.0, -0.0, 3.5, -3.5, 1e20, -1e-45, 3.4028235e38])
@pytest.mark.parametrize("shape", [(), (1,), (2, 1, 3)])
def test_a_constant_comes_back(number: float, shape: tuple[int, ...]) -> None:
    values = np.full(shape, number, np.float32)
    decoded = round_trip(values)
    allowed = np.abs(values.astype("f8")) * BOUND.value
    assert np.all(np.abs(decoded.astype("f8") - values) <= allowed)
    np.testing.assert_array_equal(np.signbit(decoded), np.signbit(values))


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_a_few_values_at_the_ends_of_the_type_come_back(dtype: str) -> None:
    values = rain(dtype=dtype)
    limits = np.finfo(dtype)
    ends = [limits.max, -limits.max, limits.tiny, limits.smallest_subnormal]
    values.reshape(-1)[100:104] = ends
    decoded = round_trip(values)
    assert np.isfinite(decoded).all()
    with np.errstate(under="ignore"):
        allowed = np.abs(values.astype("f8")) * BOUND.value
    assert np.all(np.abs(decoded.astype("f8") - values) <= allowed)


def test_signs_cost_nothing_where_they_are_not_mixed() -> None:
    values = rain()
    codec = Log()
    assert len(codec.encode(-values, BOUND)) == len(codec.encode(values, BOUND))


def test_zeros_do_not_disturb_their_neighbours() -> None:
    values = rain()
    values[np.random.default_rng(1).random(values.shape) < 0.1] = 0.0
    tiny = np.where(values == 0, np.float32(1e-12), values)
    assert len(Log().encode(values, BOUND)) < 0.9 * len(Log().encode(tiny, BOUND))


@pytest.mark.parametrize("value", [0.01, 0.05, 0.2])
def test_the_sum_of_a_block_comes_back(value: float) -> None:
    values = rain((20, 40, 50)) ** 0.2
    decoded = round_trip(values, ErrorBound("pointwise_relative", value))
    total = values.sum(dtype="f8")
    assert abs(decoded.sum(dtype="f8") - total) <= 1e-4 * total
    # What even errors in the logarithms would add: b**2 / 6.
    assert abs(decoded.sum(dtype="f8") - total) <= value**2 / 12 * total


def test_a_loose_bound_on_a_smooth_field_keeps_the_sum() -> None:
    # SZ3 only interpolates here, and all its errors have one sign: 2e-3 of the sum without a
    # second encoding.
    lat, level = np.linspace(-1.5, 1.5, 64), np.linspace(0, 5, 30)
    values = np.exp(-level[:, None, None] * (1 + lat[:, None] ** 2)) * np.ones(128)
    decoded = round_trip(values.astype("f4"), ErrorBound("pointwise_relative", 0.05))
    assert abs(decoded.sum(dtype="f8") / values.sum() - 1) <= 2e-4


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_every_order_of_dimensions_comes_back(order: tuple[int, ...]) -> None:
    values = rain((5, 1, 9))
    assert relative_errors(values, round_trip(values, order=order)).max() <= BOUND.value


def test_the_order_is_chosen_by_size() -> None:
    values = np.ascontiguousarray(rain((40, 30, 4)).transpose(2, 0, 1)[::-1])
    values *= np.random.default_rng(3).lognormal(0, 0.2, (1, 1, 30)).astype("f4")
    chosen = choose_settings("log", values, BOUND)
    sizes = [len(Log(order=order).encode(values, BOUND)) for order in permutations(range(3))]
    assert chosen.name == "log"
    assert min(sizes) < len(Log().encode(values, BOUND))
    assert len(chosen.encode(values, BOUND)) == min(sizes)


def test_settings_are_chosen_beside_missing_values_and_without_any() -> None:
    values = rain((6, 7, 8))
    values[:, :3] = np.nan
    assert choose_settings("log", values, BOUND).name == "log"
    assert choose_settings("log", np.full((3, 4), np.nan), BOUND) == Log()
    assert choose_settings("log", values, ErrorBound("pointwise_relative", 1e-12)) == Log()


def test_logarithms_are_float32_where_the_bound_allows_it() -> None:
    values, nothing = rain(dtype="f8"), np.zeros((12, 20, 30), np.bool_)
    assert take_logarithms(values, nothing, 0.01).numbers.dtype == np.float32
    assert take_logarithms(values, nothing, 1e-5).numbers.dtype == np.float64
    values[0, 0, 0] = 1e-200
    assert take_logarithms(values, nothing, 0.01).numbers.dtype == np.float64


def test_a_race_on_a_sample_is_handed_to_sz3() -> None:
    values = rain((32, 40, 40))
    assert relative_errors(values, round_trip(values, race="sample")).max() <= BOUND.value
    with pytest.raises(CodecError, match="race"):
        Log(race="none")  # type: ignore[arg-type]


@pytest.mark.parametrize(("dtype", "value"), [("f4", 1e-7), ("f8", 1e-15), ("f8", 1e-13)])
def test_a_bound_near_the_spacing_of_floats_is_refused(dtype: str, value: float) -> None:
    with pytest.raises(BoundError, match=r"'rounding' or 'lossless'"):
        Log().encode(rain(dtype=dtype), ErrorBound("pointwise_relative", value))


def test_an_absolute_bound_is_refused() -> None:
    with pytest.raises(CodecError, match="absolute bound; it keeps: pointwise_relative"):
        Log().encode(rain(), ErrorBound("absolute", 0.01))


def test_many_subnormal_numbers_are_refused() -> None:
    values = np.random.default_rng(2).integers(1, 40, (20, 30)) * np.float32(1e-45)
    with pytest.raises(CodecError, match="of 600 values would not come back"):
        Log().encode(values.astype("f4"), ErrorBound("pointwise_relative", 0.05))


@pytest.mark.parametrize("inner", ["lossless", "log", "sz33"])
def test_an_inner_codec_without_an_absolute_bound_is_refused(inner: str) -> None:
    with pytest.raises(CodecError, match=r"does not keep an absolute bound|no codec is named"):
        Log(inner=inner)


def test_an_order_that_the_inner_codec_does_not_take_is_refused() -> None:
    with pytest.raises(CodecError, match="'zfp' does not take these settings"):
        Log(inner="zfp", order=(0, 1))
    with pytest.raises(CodecError, match="no order"):
        Log(order=(0, 2))


def test_what_the_inner_codec_refuses_says_whose_values_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> bytes:
        raise CodecError("no")

    monkeypatch.setattr(Sz3, "encode", refuse)
    with pytest.raises(CodecError) as caught:
        Log().encode(rain(), BOUND)
    assert "logarithms" in caught.value.__notes__[0]


@dataclass(frozen=True, slots=True)
class Lying:
    """SZ3, with every `every`-th value moved by `by` bounds."""

    kinds: ClassVar[frozenset[str]] = frozenset({"absolute"})
    library: ClassVar[str] = "pysz"
    every: ClassVar[int] = 50
    by: ClassVar[float] = 3.0

    def encode(self, values: NDArray[Any], bound: ErrorBound) -> bytes:
        moved = values.copy()
        moved.reshape(-1)[:: self.every] += values.dtype.type(self.by * bound.value)
        return Sz3().encode(moved, ErrorBound("absolute", bound.value / 8))

    def decode(self, payload: bytes, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        return Sz3().decode(payload, shape, dtype)


@pytest.fixture
def lying(monkeypatch: pytest.MonkeyPatch) -> type[Lying]:
    """The codec of logarithms breaks its bound."""
    monkeypatch.setattr(Log, "_inner", lambda _: Lying())
    return Lying


def test_values_that_an_inner_codec_loses_are_stored_as_they_are(lying: type[Lying]) -> None:
    values = -rain()
    decoded = round_trip(values)
    assert relative_errors(values, decoded).max() <= BOUND.value
    np.testing.assert_array_equal(
        decoded.reshape(-1)[:: lying.every], values.reshape(-1)[:: lying.every]
    )


def test_an_inner_codec_that_loses_many_values_is_refused(
    lying: type[Lying], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lying, "every", 3)
    with pytest.raises(CodecError, match=r"2400 of 7200 values would not come back within 0.01"):
        Log().encode(rain(), BOUND)


def test_a_block_with_missing_values_and_zeros_keeps_its_bound() -> None:
    values = rain()
    values[:, :4, :9] = np.nan
    values[:, 8:11] = 0.0
    encoding = BlockEncoding(get_codec("log"), BOUND, exact=(0.0,))
    decoded = decode_block(encode_block(values, encoding), values.shape, values.dtype)
    np.testing.assert_array_equal(np.isnan(decoded), np.isnan(values))
    np.testing.assert_array_equal(decoded == 0, values == 0)
    rest = np.isfinite(values) & (values != 0)
    assert relative_errors(values[rest], decoded[rest]).max() <= BOUND.value


SHAPE, DTYPE = (2, 3), np.dtype("f4")
HEAD = b"\x04\x03sz3\x00\x00"  # float32, no negative value, no exact one


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (b"", "truncated"),
        (b"\x08\x00\x00\x00", "values of 8 bytes, expected float32"),
        (b"\x04\x03sz3\x03\x00", "signs of kind 3"),
        (b"\x04\x00\x00\x00", "neither logarithms nor exact values"),
        (b"\x04\x03sz9\x00\x00", "codec 'sz9'"),
        (b"\x04\x08lossless\x00\x00", "codec 'lossless'"),
        (b"\x04\x03log\x00\x00", "codec 'log'"),
        (HEAD + b"\x05" + b"\0" * 8, "logarithms of 5 bytes"),
        (HEAD + b"\x04" + np.float64(0).tobytes(), "scale 0.0"),
        (HEAD + b"\x04" + np.float64(np.nan).tobytes(), "scale nan"),
        (HEAD + b"\x04" + np.float64(np.inf).tobytes(), "scale inf"),
        (b"\x04\x03sz3\x00" + varint(1 << 60), "truncated"),
    ],
)
def test_a_payload_that_contradicts_itself_is_refused(payload: bytes, said: str) -> None:
    with pytest.raises(PayloadError, match=said):
        Log().decode(payload, SHAPE, DTYPE)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf, 1021.0, -3e38])
def test_logarithms_of_no_number_are_refused(number: float) -> None:
    logs = np.zeros(SHAPE, np.float32)
    logs[1, 1] = number
    content = get_codec("lossless").encode(logs, None)
    head = b"\x04\x08rounding\x00\x00\x04" + np.float64(1).tobytes()
    with pytest.raises(PayloadError, match="wanted at most 1020"):
        Log().decode(head + content, SHAPE, DTYPE)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_no_value_is_above_the_largest_of_its_type(dtype: str) -> None:
    largest = np.finfo(dtype).max
    logs = get_codec("lossless").encode(np.full(SHAPE, 100, np.float32), None)
    head = bytes([int(dtype[1])]) + b"\x08rounding\x00\x00\x04" + np.float64(largest).tobytes()
    decoded = Log().decode(head + logs, SHAPE, np.dtype(dtype))
    np.testing.assert_array_equal(decoded, np.full(SHAPE, largest, dtype))


def test_an_empty_block_has_no_bytes() -> None:
    with pytest.raises(PayloadError, match="3 bytes of log for an empty block"):
        Log().decode(b"abc", (0, 3), DTYPE)
