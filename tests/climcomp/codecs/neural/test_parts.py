"""Order of fields, grid, patches and taps."""

from __future__ import annotations

import numpy as np
import pytest

from climcomp.codecs.neural.frames import NONE, frames_of
from climcomp.codecs.neural.geometry import geometry_of
from climcomp.codecs.neural.grid import (
    ALPHAS,
    FARTHEST,
    Grid,
    grid_of,
    logarithm_of,
    parse_patches,
    patches_of,
    step_of,
)
from climcomp.codecs.neural.payload import fields_in_shape, fields_of
from climcomp.codecs.neural.taps import LENGTHS, SETS, pack_taps, set_of, unpack_taps
from climcomp.errors import CodecError, PayloadError


@pytest.mark.parametrize("hierarchical", [False, True])
@pytest.mark.parametrize("length", [1, 2, 3, 7, 8, 9, 17, 24])
def test_each_field_is_coded_once_after_what_predicts_it(length: int, hierarchical: bool) -> None:
    done: set[int] = set()
    for frame in frames_of(3, length, hierarchical=hierarchical):
        index = frame.index(length)
        assert index not in done
        assert {frame.first, frame.second} - {NONE} <= done
        if frame.is_between:
            assert frame.first < index < frame.second
        if frame.time:
            assert index - frame.first == frame.distance
        done.add(index)
    assert done == set(range(3 * length))


def test_a_chain_begins_with_those_before_it() -> None:
    firsts = [f for f in frames_of(4, 5, hierarchical=False) if f.time == 0]
    assert [(f.first, f.second) for f in firsts] == [(-1, -1), (0, -1), (5, 0), (10, 5)]


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_fields_come_back_in_their_places(axis: int) -> None:
    values = np.arange(2 * 3 * 4 * 5 * 6, dtype=np.float32).reshape(2, 3, 4, 5, 6)
    geometry = geometry_of(values.shape, axis)
    fields = fields_of(values, geometry)
    assert fields.shape == (24, 5, 6)
    assert geometry.length == values.shape[axis]
    np.testing.assert_array_equal(fields[: geometry.length], np.moveaxis(values, axis, 2)[0, 0])
    np.testing.assert_array_equal(fields_in_shape(fields, values.shape, geometry), values)


def test_fields_must_have_four_rows_and_columns() -> None:
    with pytest.raises(CodecError, match=r"\(9, 3, 50\).*at least 4 x 4"):
        geometry_of((9, 3, 50), 0)


def test_half_a_step_is_within_the_bound() -> None:
    values = np.linspace(-7.0, 9.0, 1001)
    grid = grid_of(values, 0.01)
    for alpha in range(len(ALPHAS)):
        for stride in (1, 2, 32):
            step = step_of(alpha, stride)
            assert step <= 256
            assert abs(logarithm_of(step) - 64 * np.log2(step / 256)) <= 0.5
            integers = (np.rint(grid.targets(values) / step) * step).astype(np.int32)
            assert np.abs(grid.values(integers, values.dtype) - values).max() <= 0.01


def test_a_span_of_too_many_bounds_is_refused() -> None:
    values = np.array([0.0, 4.0 * FARTHEST / 256])
    with pytest.raises(CodecError, match="spans of up to"):
        grid_of(values, 1.0)
    assert grid_of(values, 1.1).unit == 2.2 / 256


def test_patches_are_the_extremes_and_what_is_over_the_bound() -> None:
    values = np.arange(400, dtype=np.float32).reshape(20, 20)
    decoded = values + np.float32(0.4)
    decoded[3, 3] += 1
    decoded[19, 0] = -50
    patches = patches_of(values, decoded, 0.5)
    assert patches.places.tolist() == [0, 63, 380, 399]
    packed = patches.packed() + b"more"
    again, used = parse_patches(memoryview(packed), 400, values.dtype)
    assert used == len(packed) - 4
    again.apply(decoded)
    assert np.abs(decoded - values).max() <= 0.5
    assert decoded.max() == 399
    assert decoded.min() == 0


@pytest.mark.parametrize(
    "data",
    [
        b"\1\0", b"\0\0\0\0", b"\xff\0\0\0", b"\1\0\0\0\x09\0\0\0\0",
        b"\1\0\0\0" + b"\xff" * 9, b"\1\0\0\0\x01\0",
    ],
    ids=["head", "none", "many", "beyond", "endless", "short"],
)  # fmt: skip
def test_damaged_patches_are_refused(data: bytes) -> None:
    with pytest.raises(PayloadError):
        parse_patches(memoryview(data), 9, np.dtype(np.float32))


def test_taps_come_back() -> None:
    taps = {n: np.arange(LENGTHS[n % 3], dtype=np.int16) - 9 for n in (0, 5, 22, SETS - 1)}
    packed = pack_taps(taps) + b"more"
    again, used = unpack_taps(memoryview(packed))
    assert used == len(packed) - 4
    assert sorted(again) == sorted(taps)
    for number, found in again.items():
        np.testing.assert_array_equal(found, taps[number])
    for cut in (3, 9, used - 1):
        with pytest.raises(PayloadError, match="taps"):
            unpack_taps(memoryview(packed[:cut]))
    with pytest.raises(PayloadError, match="36 sets"):
        unpack_taps(memoryview(b"\xff" * 800))


def test_every_set_has_a_number_of_its_own() -> None:
    found = {
        set_of(kind, stride, first, second)
        for kind in range(3)
        for stride in (1, 2, 4, 8)
        for first, second in ((-1, -1), (0, -1), (0, 1))
    }
    assert found == set(range(SETS))
    assert set_of(2, 16, 0, -1) == set_of(2, 8, 0, -1)


def test_a_grid_multiplies_then_adds() -> None:
    grid = Grid(1.0, 2.0**-60)
    assert grid.values(np.array([1], np.int32), np.dtype(np.float64))[0] == 1.0
