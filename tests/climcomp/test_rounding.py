"""Rounding: nearest, ties to even, and nothing lost where a value is special."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from climcomp.errors import BoundError, UsageError
from climcomp.rounding import (
    keepbits_for,
    mantissa_bits,
    quantum_for,
    relative_error_of,
    round_to_keepbits,
    round_to_quantum,
)

FLOATS = (np.float32, np.float64)
WORDS = {4: np.uint32, 8: np.uint64}


def words(values: np.ndarray) -> np.ndarray:
    """The bit patterns, which tell NaN from NaN and 0.0 from -0.0."""
    return values.view(WORDS[values.dtype.itemsize])


def exactly_rounded(value: float, keepbits: int, largest: Fraction) -> Fraction:
    """The nearest number of so many mantissa bits, ties to even, in exact arithmetic."""
    exponent = math.frexp(value)[1] - 1
    quantum = Fraction(2) ** (exponent - keepbits)
    count = Fraction(value) / quantum
    rounded = round(count)  # a Fraction rounds half to even
    if keepbits == 0 and abs(count) == Fraction(3, 2):
        # There is no mantissa bit left to be even: the exponent's last bit is the last one kept.
        rounded = (1 if exponent % 2 else 2) * (1 if value > 0 else -1)
    if abs(rounded * quantum) > largest:
        rounded -= 1 if value > 0 else -1
    return rounded * quantum


def every_exponent(dtype: type, exponents: range) -> np.ndarray:
    """Normal values with these biased exponents: both signs, random and awkward mantissas."""
    stored = mantissa_bits(dtype)
    random = np.random.default_rng(3)
    mantissas = {0, 1, (1 << stored) - 1, 1 << (stored - 1), 0b101 << (stored - 3)}
    mantissas |= {int(number) for number in random.integers(0, 1 << stored, 5)}
    unsigned = WORDS[np.dtype(dtype).itemsize]
    sign = np.array([0, 1 << (8 * np.dtype(dtype).itemsize - 1)], unsigned)
    exponent = np.array(exponents, unsigned) << unsigned(stored)
    mantissa = np.array(sorted(mantissas), unsigned)
    return (sign[:, None, None] | exponent[:, None] | mantissa).view(dtype).reshape(-1)


@pytest.mark.parametrize("keepbits", range(24))
def test_every_exponent_of_float32_rounds_as_exact_arithmetic_does(keepbits: int) -> None:
    values = every_exponent(np.float32, range(1, 255))
    largest = Fraction(2) ** 128 - Fraction(2) ** (127 - keepbits)
    expected = [float(exactly_rounded(float(value), keepbits, largest)) for value in values]
    assert round_to_keepbits(values, keepbits).tolist() == expected


@pytest.mark.parametrize("keepbits", [0, 1, 2, 11, 23, 24, 51, 52])
def test_exponents_of_float64_round_as_exact_arithmetic_does(keepbits: int) -> None:
    some = (*range(1, 2047, 101), 2045, 2046)
    values = np.concatenate([every_exponent(np.float64, range(e, e + 1)) for e in some])
    largest = Fraction(2) ** 1024 - Fraction(2) ** (1023 - keepbits)
    expected = [float(exactly_rounded(float(value), keepbits, largest)) for value in values]
    assert round_to_keepbits(values, keepbits).tolist() == expected


@pytest.mark.parametrize("keepbits", range(23))
def test_ties_go_to_the_even_neighbour_on_every_exponent(keepbits: int) -> None:
    exponent = np.arange(1, 254, dtype=np.uint32) << 23
    half, unit = np.uint32(1 << (22 - keepbits)), np.uint32(1 << (23 - keepbits))
    below, tie_up = exponent | half, exponent + unit + half
    rounded = words(round_to_keepbits(np.stack([below, tie_up]).view(np.float32), keepbits))
    assert not (rounded & (2 * unit - 1)).any()


@pytest.mark.parametrize("dtype", FLOATS)
def test_special_values_come_back_bit_for_bit(dtype: type) -> None:
    stored, unsigned = mantissa_bits(dtype), WORDS[np.dtype(dtype).itemsize]
    sign = 1 << (8 * np.dtype(dtype).itemsize - 1)
    infinity = (sign - 1) >> stored << stored
    payloads = [infinity + 1, infinity + (1 << (stored - 1)) + 12345, sign - 1]
    subnormals = [1, 2, 12345, (1 << stored) - 1]
    patterns = [0, infinity, *payloads, *subnormals]
    special = np.array([*patterns, *(pattern | sign for pattern in patterns)], unsigned).view(dtype)
    for keepbits in range(stored + 1):
        np.testing.assert_array_equal(words(round_to_keepbits(special, keepbits)), words(special))


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_finite_value_never_becomes_infinite(dtype: type) -> None:
    stored = mantissa_bits(dtype)
    largest = np.finfo(dtype).max
    values = np.array([largest, -largest, np.nextafter(largest, dtype(0))], dtype)
    for keepbits in range(stored + 1):
        rounded = round_to_keepbits(values, keepbits)
        kept = math.ldexp(2 - 2.0**-keepbits, np.finfo(dtype).maxexp - 1)
        assert rounded[:2].tolist() == [kept, -kept]
        assert np.isfinite(rounded).all()


@pytest.mark.parametrize("dtype", FLOATS)
def test_all_bits_kept_change_nothing_and_copy(dtype: type) -> None:
    values = every_exponent(dtype, range(1, 255))
    rounded = round_to_keepbits(values, mantissa_bits(dtype))
    np.testing.assert_array_equal(words(rounded), words(values))
    assert not np.shares_memory(rounded, values)


def test_values_beside_special_ones_round_as_they_do_alone() -> None:
    values = every_exponent(np.float32, range(1, 255))
    mixed = np.empty((values.size, 4), np.float32)
    mixed[:] = [np.nan, 0.0, 1e-44, np.inf]
    mixed[:, 1] = values
    np.testing.assert_array_equal(round_to_keepbits(mixed, 5)[:, 1], round_to_keepbits(values, 5))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    "rounding", [lambda v: round_to_keepbits(v, 6), lambda v: round_to_quantum(v, 0.1)]
)
def test_shape_order_and_byte_order_do_not_matter(dtype: type, rounding) -> None:  # type: ignore[no-untyped-def]
    values = np.random.default_rng(1).normal(0, 100, (7, 9, 600)).astype(dtype)
    expected = rounding(values)
    assert expected.flags.c_contiguous
    for same in (np.asfortranarray(values), values.astype(values.dtype.newbyteorder("S"))):
        actual = rounding(same)
        assert actual.dtype == dtype
        np.testing.assert_array_equal(actual, expected)
    np.testing.assert_array_equal(rounding(values[::2, ::-1, 1::3]), expected[::2, ::-1, 1::3])
    assert rounding(values[0, 0, 0:0]).shape == (0,)
    assert rounding(np.array(1.2345, dtype)).shape == ()


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_input_is_left_alone(dtype: type) -> None:
    values = np.linspace(-5, 5, 40_000, dtype=dtype)
    before = values.copy()
    round_to_keepbits(values, 3)
    round_to_quantum(values, 0.3)
    np.testing.assert_array_equal(values, before)


def any_values(dtype: type) -> st.SearchStrategy[np.ndarray]:
    """Arrays with every kind of value: subnormal, huge, zero, NaN, infinite."""
    return arrays(dtype, array_shapes(max_dims=3, max_side=7))


@given(st.data(), st.sampled_from(FLOATS), st.floats(1e-18, 0.9))
def test_a_relative_bound_holds_on_every_value(
    data: st.DataObject, dtype: type, bound: float
) -> None:
    values = data.draw(any_values(dtype))
    rounded = round_to_keepbits(values, keepbits_for(bound, dtype))
    for value, other in zip(values.flat, rounded.flat, strict=True):
        if np.isfinite(value):
            error = abs(Fraction(float(other)) - Fraction(float(value)))
            assert error <= Fraction(bound) * abs(Fraction(float(value)))
        else:
            assert words(np.array(other)) == words(np.array(value))


@given(st.data(), st.sampled_from(FLOATS), st.integers(0, 23))
def test_rounding_twice_is_rounding_once(data: st.DataObject, dtype: type, keepbits: int) -> None:
    rounded = round_to_keepbits(data.draw(any_values(dtype)), keepbits)
    np.testing.assert_array_equal(words(round_to_keepbits(rounded, keepbits)), words(rounded))


@pytest.mark.parametrize(
    ("bound", "expected"),
    [
        (2.0, 0),
        (0.5, 0),
        (0.499, 1),
        (0.25, 1),
        (0.01, 6),
        (2.0**-24, 23),
        (2.0**-25, 23),
        (1e-300, 23),
    ],
)
def test_keepbits_are_the_fewest_that_keep_a_bound(bound: float, expected: int) -> None:
    assert keepbits_for(bound, np.float32) == expected
    if 0 < expected < 23:
        assert relative_error_of(expected) <= bound < relative_error_of(expected - 1)


def test_float64_takes_up_to_52_bits() -> None:
    assert keepbits_for(2.0**-40, np.float64) == 39
    assert keepbits_for(1e-300, "float64") == 52


@given(st.data(), st.sampled_from(FLOATS), st.floats(5e-324, 1.7e308))
def test_an_absolute_bound_holds_on_every_value(
    data: st.DataObject, dtype: type, bound: float
) -> None:
    values = data.draw(any_values(dtype))
    rounded = round_to_quantum(values, bound)
    for value, other in zip(values.flat, rounded.flat, strict=True):
        if np.isfinite(value):
            assert np.isfinite(other)
            assert abs(Fraction(float(other)) - Fraction(float(value))) <= Fraction(bound)
            assert np.signbit(other) == np.signbit(value)
        else:
            assert words(np.array(other)) == words(np.array(value))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    ("bound", "quantum"), [(0.5, 1.0), (0.01, 2.0**-6), (0.75, 1.0), (1.0, 2.0)]
)
def test_the_quantum_is_the_largest_power_of_two_in_twice_the_bound(
    dtype: type, bound: float, quantum: float
) -> None:
    assert quantum_for(bound, dtype) == quantum
    values = np.random.default_rng(2).normal(0, 50, 5000).astype(dtype)
    counts = round_to_quantum(values, bound).astype(np.float64) / quantum
    assert counts.tolist() == [
        round(Fraction(float(value)) / Fraction(quantum)) for value in values
    ]


@pytest.mark.parametrize("dtype", FLOATS)
def test_halves_of_a_quantum_go_to_the_even_multiple(dtype: type) -> None:
    values = np.array([0.5, 1.5, 2.5, -0.5, -1.5, -2.5], dtype)
    assert round_to_quantum(values, 0.5).tolist() == [0.0, 2.0, 2.0, -0.0, -2.0, -2.0]


@pytest.mark.parametrize("dtype", FLOATS)
def test_huge_values_and_tiny_bounds_change_nothing(dtype: type) -> None:
    limits = np.finfo(dtype)
    values = np.array([limits.max, -limits.max, limits.tiny, limits.smallest_subnormal], dtype)
    assert round_to_quantum(values[:2], 1e-3).tolist() == values[:2].tolist()
    assert round_to_quantum(values, float(limits.tiny) / 2).tolist() == values.tolist()


def test_a_bound_beyond_the_type_still_gives_finite_values() -> None:
    values = np.array([3.4e38, -3.4e38, 1.0], np.float32)
    assert np.isfinite(round_to_quantum(values, 1e300)).all()


@pytest.mark.parametrize("bound", [0.0, -1.0, math.nan, math.inf])
def test_a_bound_that_is_none_is_refused(bound: float) -> None:
    with pytest.raises(BoundError, match="positive and finite"):
        round_to_quantum(np.ones(3), bound)
    with pytest.raises(BoundError, match="positive and finite"):
        keepbits_for(bound, np.float32)


@pytest.mark.parametrize("keepbits", [-1, 24])
def test_keepbits_out_of_range_are_refused(keepbits: int) -> None:
    with pytest.raises(UsageError, match="0 to 23"):
        round_to_keepbits(np.ones(3, np.float32), keepbits)


@pytest.mark.parametrize("dtype", [np.int16, np.float16, np.complex64, np.longdouble])
def test_other_types_are_refused(dtype: type) -> None:
    with pytest.raises(UsageError, match="float32 or float64"):
        round_to_keepbits(np.ones(3, dtype), 3)
    with pytest.raises(UsageError, match="float32 or float64"):
        round_to_quantum(np.ones(3, dtype), 0.1)
