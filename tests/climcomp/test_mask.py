"""Special values go out of a block and come back in bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from climcomp.errors import PayloadError
from climcomp.fill import fill_missing
from climcomp.mask import decode_specials, encode_specials, find_specials, packed_shape

DTYPES = st.sampled_from([np.dtype("f4"), np.dtype("f8")])
SHAPES = hnp.array_shapes(min_dims=0, max_dims=5, min_side=1, max_side=8)


def round_trip(values: NDArray[Any], special: NDArray[np.bool_]) -> tuple[NDArray[Any], bytes]:
    """A block of ones with the special values of `values` restored, and the section."""
    section = encode_specials(values, special)
    specials = decode_specials(memoryview(section), values.shape, values.dtype)
    np.testing.assert_array_equal(specials.anywhere(), special)
    restored = np.ones(values.shape, values.dtype)
    specials.restore(restored)
    return restored, section


def assert_same_bits(actual: NDArray[Any], expected: NDArray[Any]) -> None:
    assert actual.tobytes() == expected.tobytes()


@settings(max_examples=150)
@given(data=st.data(), dtype=DTYPES, shape=SHAPES, patterns=st.integers(1, 300))
def test_any_patterns_anywhere_come_back_bit_for_bit(
    data: st.DataObject, dtype: np.dtype[Any], shape: tuple[int, ...], patterns: int
) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    special = data.draw(hnp.arrays(np.bool_, shape))
    if not special.any():
        special = np.ones(shape, np.bool_)
    # All exponent bits set: infinities and NaN with any payload and sign.
    word = np.dtype(f"u{dtype.itemsize}")
    exponent = 0x7F800000 if dtype.itemsize == 4 else 0x7FF0000000000000
    choices = (rng.integers(0, 1 << 20, patterns).astype(word) | word.type(exponent)).view(dtype)
    values = np.where(special, rng.choice(choices, shape), dtype.type(1)).astype(dtype)
    np.copyto(values, rng.choice(choices, shape), where=special)
    restored, _ = round_trip(values, special)
    assert_same_bits(restored, values)


def land(rows: int, columns: int) -> NDArray[np.bool_]:
    y, x = np.mgrid[:rows, :columns]
    return np.asarray(np.sin(y / 9) + np.cos(x / 13) > 0.5)


def test_a_static_mask_costs_as_much_as_one_map() -> None:
    one = np.where(land(90, 180), np.nan, 1.0).astype("f4")
    many = np.broadcast_to(one, (40, 3, 90, 180)).copy()
    _, section = round_trip(one, np.isnan(one))
    _, repeated = round_trip(many, np.isnan(many))
    assert len(repeated) <= len(section) + 4
    assert len(section) < 90 * 180 / 8 / 5


def test_a_mask_of_scattered_values_is_near_its_entropy() -> None:
    rng = np.random.default_rng(1)
    values = np.where(rng.random((60, 200, 100)) < 0.01, np.nan, 1.0)
    _, section = round_trip(values, np.isnan(values))
    share = 0.01
    entropy = -share * np.log2(share) - (1 - share) * np.log2(1 - share)
    # A tenth above: gaps are coded by pcodec, in whole bins.
    assert len(section) < 1.1 * entropy * values.size / 8


def test_a_mask_that_moves_in_time_comes_back() -> None:
    values = np.ones((20, 40, 50), "f4")
    for step in range(20):
        values[step, :, step : step + 15] = np.nan
    restored, section = round_trip(values, np.isnan(values))
    assert_same_bits(restored, values)
    assert len(section) < 400


@pytest.mark.parametrize("shape", [(), (1,), (7, 1, 3)])
def test_a_block_of_special_values_only_is_tiny(shape: tuple[int, ...]) -> None:
    values = np.full(shape, np.nan, "f4")
    restored, section = round_trip(values, np.ones(shape, np.bool_))
    assert_same_bits(restored, values)
    assert len(section) <= 10


def test_zero_finds_both_zeros() -> None:
    values = np.array([0.0, -0.0, 1.0, 1e-45], "f4")
    np.testing.assert_array_equal(find_specials(values, (0.0,)), [True, True, False, False])


def test_an_exact_value_stands_for_the_nearest_of_the_type() -> None:
    values = np.array([1e20, -9999.9, 1.0], "f4")
    np.testing.assert_array_equal(find_specials(values, (1e20, -9999.9)), [True, True, False])


def test_clean_values_have_no_mask() -> None:
    assert find_specials(np.arange(5.0), (-1.0, 1e300, np.nan)) is None


def test_infinities_are_always_special() -> None:
    values = np.array([np.inf, -np.inf, np.nan, 3.0], "f4")
    np.testing.assert_array_equal(find_specials(values, ()), [True, True, True, False])


def test_exact_values_too_large_for_the_type_stand_for_infinity() -> None:
    assert find_specials(np.array([1.0, 3e38], "f4"), (1e300,)) is None


def test_packing_keeps_dimensions_along_which_the_mask_is_static() -> None:
    ordinary = np.broadcast_to(~land(30, 40), (5, 4, 30, 40))
    assert packed_shape(ordinary) == (5, 4, int(ordinary[0, 0].sum()))
    moving = ordinary.copy()
    moving[3, 0, 0, 0] ^= True
    assert packed_shape(moving) == (int(moving.sum()),)


@settings(max_examples=100)
@given(data=st.data(), dtype=DTYPES, shape=SHAPES)
def test_filled_gaps_stay_within_the_range_of_their_block(
    data: st.DataObject, dtype: np.dtype[Any], shape: tuple[int, ...]
) -> None:
    width = 8 * dtype.itemsize
    elements = st.floats(width=width, allow_nan=False, allow_infinity=False)
    values = data.draw(hnp.arrays(dtype, shape, elements=elements))
    missing = data.draw(hnp.arrays(np.bool_, shape))
    missing.flat[0] = False
    holed = np.where(missing, dtype.type(np.nan), values)
    filled = fill_missing(holed, missing)
    assert filled.dtype == dtype
    assert filled.flags.c_contiguous
    np.testing.assert_array_equal(filled[~missing], values[~missing])
    known = values[~missing].astype(np.float64)
    # The weights 3/4 and 1/4 round in the type's last place, at most once a level and dimension.
    slack = 1e-5 * float(np.abs(known).max()) + 1e-44
    assert np.all(np.isfinite(filled))
    with np.errstate(over="ignore"):
        lowest, highest = known.min() - slack, known.max() + slack
    assert np.all(filled.astype(np.float64)[missing] >= lowest)
    assert np.all(filled.astype(np.float64)[missing] <= highest)


def test_a_gap_in_a_line_is_filled_between_its_ends() -> None:
    values = np.arange(64.0)
    missing = np.zeros(64, np.bool_)
    missing[24:32] = True
    filled = fill_missing(np.where(missing, np.nan, values), missing)
    # Coarse averages are up to two gap lengths wide.
    assert np.abs(filled - values).max() < 16


def sections() -> list[tuple[bytes, tuple[int, ...], np.dtype[Any]]]:
    rng = np.random.default_rng(2)
    made = []
    for share, shape in [(0.01, (30, 40)), (0.5, (9, 9)), (0.02, (100, 100)), (1.0, (4, 4))]:
        values = np.where(rng.random(shape) < share, np.nan, 1.0).astype("f4")
        made.append((encode_specials(values, np.isnan(values)), shape, values.dtype))
    many = rng.integers(0x7FC00000, 0x7FFFFFFF, (20, 20), np.uint32).view("f4")
    made.append((encode_specials(many, np.isnan(many)), many.shape, many.dtype))
    return made


@pytest.mark.parametrize(("section", "shape", "dtype"), sections())
def test_damaged_sections_are_refused_or_are_some_mask(
    section: bytes, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> None:
    rng = np.random.default_rng(3)
    for length in range(len(section)):
        with pytest.raises(PayloadError):
            decode_specials(memoryview(section[:length]), shape, dtype)
    for _ in range(600):
        damaged = bytearray(section)
        damaged[rng.integers(len(damaged))] = rng.integers(256)
        try:
            specials = decode_specials(memoryview(damaged), shape, dtype)
        except PayloadError:
            continue
        assert specials.anywhere().shape == shape
