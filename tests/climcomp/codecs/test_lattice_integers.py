"""Blocks on a lattice are stored as integers, and every bit of them comes back."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from climcomp.codecs.lattice_integers import decode_integers, encode_integers
from climcomp.codecs.lossless import Lossless
from climcomp.errors import PayloadError

FLOATS = ("f4", "f8")


def counts(shape: tuple[int, ...] = (6, 30, 50), seed: int = 3) -> NDArray[np.int64]:
    """Integers of 16 bits that are smooth along every axis."""
    field = np.random.default_rng(seed).normal(size=shape)
    for axis in range(len(shape)):
        field = field.cumsum(axis)
    return np.rint(field / np.abs(field).max() * 30_000).astype(np.int64)


def as_xarray_does(dtype: str) -> NDArray[Any]:
    """Unpacked in float64, and stored as float32 or float64."""
    return (counts() * 0.0019073486 + 265.3).astype(dtype)


def in_own_type(dtype: str) -> NDArray[Any]:
    """Unpacked as netCDF4 does where scale and offset are of the values' type."""
    own = np.dtype(dtype).type
    return counts().astype(own) * own(0.0019073486) + own(265.3)


def decimals(dtype: str) -> NDArray[Any]:
    """Rounded to two decimals."""
    return np.round(counts() / 700, 2).astype(dtype)


def products(dtype: str) -> NDArray[Any]:
    """Multiples of 0.01, not all of them the nearest to their decimal."""
    return (counts() * 0.01).astype(dtype)


def tens(dtype: str) -> NDArray[Any]:
    return (counts() * 10.0).astype(dtype)


def dyadic(dtype: str) -> NDArray[Any]:
    return (counts() * 2.0**-7).astype(dtype)


def bit_rounded(dtype: str) -> NDArray[Any]:
    """Of both signs, with the lowest 12 bits cut off."""
    values = (counts() * 0.0019073486 - 3).astype(dtype)
    word = np.dtype(dtype.replace("f", "u")).type
    return (values.view(word) & ~word((1 << (12 if dtype == "f4" else 41)) - 1)).view(dtype)


def per_field(dtype: str) -> NDArray[Any]:
    """As GRIB packs: every field with its own offset and a power of two as its step."""
    numbers = counts((6, 40, 50))
    steps = 0.001 * 2.0 ** np.array([1, 2, 0, 1, 2, 3])[:, None, None]
    starts = np.array([200.123, 210.77, 190.5001, 205.3, 201.9, 199.8], "f4")[:, None, None]
    return (starts + numbers * steps).astype(dtype)


Maker = Callable[[str], NDArray[Any]]
MAKERS = [
    as_xarray_does, in_own_type, decimals, products, tens, dyadic, bit_rounded, per_field
]  # fmt: skip


def bits(values: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(values).view(f"u{values.itemsize}")


def decoded(payload: bytes, like: NDArray[Any]) -> NDArray[Any]:
    return Lossless().decode(payload, like.shape, like.dtype)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("make", MAKERS)
def test_a_lattice_is_stored_as_integers_and_comes_back(make: Maker, dtype: str) -> None:
    values = make(dtype)
    payload = Lossless().encode(values)
    assert payload[0] == 4
    np.testing.assert_array_equal(bits(decoded(payload, values)), bits(values))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("make", [as_xarray_does, in_own_type, decimals, products])
def test_integers_take_little_more_than_their_source(make: Maker, dtype: str) -> None:
    # The same numbers without any formula: all that a formula can save is saved.
    source = len(Lossless().encode(counts().astype("f8") * 2.0))
    assert len(Lossless().encode(make(dtype))) < 1.3 * source


@pytest.mark.parametrize("dtype", FLOATS)
def test_what_is_not_on_the_lattice_comes_back_too(dtype: str) -> None:
    values = decimals(dtype)
    values[0, 0, :9] = [-0.0, 0.0, 1e20, -1e30, 1e-40, 1.23456789, 2.0, -0.0, np.pi]
    values[2, 3, :40] = 1e20
    payload = Lossless().encode(values)
    np.testing.assert_array_equal(bits(decoded(payload, values)), bits(values))


def test_a_fill_does_not_hide_a_lattice() -> None:
    values = as_xarray_does("f4")
    values[:, 5:25, 5:30] = 1e20
    payload = Lossless().encode(values)
    assert payload[0] == 4
    np.testing.assert_array_equal(bits(decoded(payload, values)), bits(values))


def test_negative_zeros_of_rounding_come_back() -> None:
    values = np.round(np.random.default_rng(2).normal(0, 3, (40, 50)), 1).astype("f4")
    assert (np.signbit(values) & (values == 0)).any()
    stream = encode_integers(values)
    assert stream is not None
    again = decode_integers(memoryview(stream), values.shape, values.dtype)
    np.testing.assert_array_equal(bits(again), bits(values))


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_full_precision_field_is_not_stored_as_integers(dtype: str) -> None:
    field = np.random.default_rng(4).normal(280, 10, (8, 60, 70)).cumsum(2).astype(dtype)
    assert encode_integers(field) is None


@settings(max_examples=60)
@given(
    seed=st.integers(0, 1000),
    step=st.floats(1e-6, 1e6),
    offset=st.floats(-1e6, 1e6),
    dtype=st.sampled_from(FLOATS),
    own=st.booleans(),
    spoiled=st.integers(0, 40),
)
def test_any_packing_comes_back(
    seed: int, step: float, offset: float, dtype: str, own: bool, spoiled: int
) -> None:
    rng = np.random.default_rng(seed)
    numbers = rng.integers(-3000, 3000, (4, 12, 20)).cumsum(2)
    wide = dtype if own else "f8"
    kind = np.dtype(wide).type
    values = (numbers.astype(wide) * kind(step) + kind(offset)).astype(dtype)
    pattern = rng.integers(0, 2**64, spoiled, np.uint64).astype(f"u{values.itemsize}")
    values.reshape(-1)[rng.integers(0, values.size, spoiled)] = pattern.view(dtype)
    stream = encode_integers(values)
    if stream is not None:
        again = decode_integers(memoryview(stream), values.shape, values.dtype)
        np.testing.assert_array_equal(bits(again), bits(values))
    payload = Lossless().encode(values)
    np.testing.assert_array_equal(bits(decoded(payload, values)), bits(values))


@settings(max_examples=40)
@given(
    numbers=st.lists(st.integers(-(2**45), 2**45), min_size=300, max_size=400),
    scale=st.integers(-60, 60),
)
def test_wide_integers_come_back(numbers: list[int], scale: int) -> None:
    values = np.array(numbers, "f8") * 2.0**scale
    stream = encode_integers(values)
    if stream is not None:
        again = decode_integers(memoryview(stream), values.shape, values.dtype)
        np.testing.assert_array_equal(bits(again), bits(values))


@pytest.mark.parametrize("shape", [(), (0,), (5,), (255,), (1, 1, 1)])
def test_small_blocks_are_left_to_the_other_ways(shape: tuple[int, ...]) -> None:
    assert encode_integers(np.ones(shape, np.float32)) is None


def test_a_stream_is_refused_for_another_block() -> None:
    values = decimals("f4")
    stream = encode_integers(values)
    assert stream is not None
    for shape, dtype in [((6, 30, 51), "f4"), ((9000, 2), "f4"), ((0,), "f4"), ((), "f4")]:
        with pytest.raises(PayloadError):
            decode_integers(memoryview(stream), shape, np.dtype(dtype))


def test_damaged_heads_are_refused() -> None:
    stream = encode_integers(decimals("f4"))
    assert stream is not None
    for place, byte in [(0, 9), (1, 7), (2, 5), (3, 0), (3, 7)]:
        damaged = bytearray(stream)
        damaged[place] = byte
        with pytest.raises(PayloadError, match="lattice section"):
            decode_integers(memoryview(damaged), (6, 30, 50), np.dtype("f4"))


@settings(max_examples=80)
@given(place=st.integers(0, 60), byte=st.integers(0, 255), cut=st.integers(0, 80))
def test_damage_is_an_error_or_other_values_never_a_crash(place: int, byte: int, cut: int) -> None:
    stream = bytearray(encode_integers(in_own_type("f4")) or b"")
    stream[place] = byte
    with contextlib.suppress(PayloadError):
        decode_integers(memoryview(stream)[: len(stream) - cut], (6, 30, 50), np.dtype("f4"))


def test_nonsense_in_a_formula_is_no_warning() -> None:
    stream = bytearray(encode_integers(as_xarray_does("f4")) or b"")
    for step, least in [(np.nan, 0), (1e308, 2**62), (-1e300, -(2**63)), (0.0, 1)]:
        stream[4:28] = struct.pack("<ddq", step, np.inf, least)
        for form in range(4):
            stream[0] = form
            again = decode_integers(memoryview(stream), (6, 30, 50), np.dtype("f4"))
            assert again.shape == (6, 30, 50)


# A half of what the lossless codec made of them before it knew lattices, about (measured).
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("name", "most"), [("z", 210_000), ("u", 470_000), ("v", 490_000)])
def test_real_packed_winds_take_less_than_their_integers(
    shared_data: Path, name: str, most: int, dtype: str
) -> None:
    with netCDF4.Dataset(shared_data / "eraint_uvz_packed.nc") as dataset:
        variable = dataset[name]
        variable.set_auto_maskandscale(False)
        stored = variable[...]
        values = (stored * variable.scale_factor + variable.add_offset).astype(dtype)
    payload = Lossless().encode(values)
    np.testing.assert_array_equal(bits(decoded(payload, values)), bits(values))
    assert len(payload) < most < stored.nbytes
