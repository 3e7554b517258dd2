"""Real information: closed forms, xbitinfo's recorded answers, and what does not count."""

from __future__ import annotations

import importlib.util
import itertools
import json
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from climcomp.errors import MissingExtraError, UsageError
from climcomp.information import (
    chance_information,
    information_by_axis,
    keepbits_for_information,
    real_information,
    real_information_by_level,
)

FIXTURES = Path(__file__).parents[1] / "fixtures" / "xbitinfo"


def load_fixture_script() -> ModuleType:
    """make_fixtures.py, which makes the fields that xbitinfo was asked about."""
    spec = importlib.util.spec_from_file_location("make_fixtures", FIXTURES / "make_fixtures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCRIPT = load_fixture_script()
EXPECTED: dict[str, Any] = json.loads((FIXTURES / "expected.json").read_text(encoding="utf-8"))
GENERATED = dict(SCRIPT.generated_fields())


def assert_as_xbitinfo(name: str, values: np.ndarray) -> None:
    """Information and keepbits along every axis are those that xbitinfo gave."""
    recorded = EXPECTED["fields"][name]
    assert SCRIPT.digest(values) == recorded["sha256"], "the input is not the recorded one"
    stored, others = (23, 9) if values.dtype == np.float32 else (52, 12)
    for axis, expected in enumerate(recorded["axes"]):
        bits = real_information(values, axis, confidence=None)
        np.testing.assert_allclose(bits, expected["bits"], rtol=0, atol=1e-12)
        for level, keepbits in expected["keepbits"].items():
            # One less than no exponent is xbitinfo's answer where it finds nothing at all.
            nothing = keepbits == 1 - others or bits.sum() < 0.01
            sensible = stored if nothing else max(keepbits, 0)
            assert keepbits_for_information(bits, float(level)) == sensible


@pytest.mark.parametrize("name", GENERATED)
def test_generated_fields_have_the_information_that_xbitinfo_finds(name: str) -> None:
    assert_as_xbitinfo(name, GENERATED[name])


def test_real_fields_have_the_information_that_xbitinfo_finds(iris_data: Path) -> None:
    fields = dict(SCRIPT.sample_fields(iris_data))
    assert set(fields) | set(GENERATED) == set(EXPECTED["fields"])
    for name, values in fields.items():
        assert_as_xbitinfo(name, values)


def test_the_xbitinfo_engine_counts_the_same_pairs() -> None:
    pytest.importorskip("xbitinfo", reason="xbitinfo is not installed; .ci/run has it")
    for name in ("smooth-f4", "smooth-f8", "holes-and-zeros-f4"):
        values = GENERATED[name][:, :6, :9]
        ours = information_by_axis(values)
        theirs = information_by_axis(values, engine="xbitinfo")
        assert ours.keys() == theirs.keys()
        for axis, bits in ours.items():
            np.testing.assert_allclose(theirs[axis], bits, rtol=0, atol=1e-12)


def test_a_missing_xbitinfo_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xbitinfo", None)
    with pytest.raises(MissingExtraError, match=r"climcomp\[xbitinfo\]"):
        real_information(GENERATED["smooth-f4"], engine="xbitinfo")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_alternating_bit_has_one_bit_of_information(dtype: type) -> None:
    # An odd number of values has as many pairs of either order: the bit is a fair one.
    values = np.tile(np.array([1.0, 1.5], dtype), 1024)[:2047]
    expected = np.zeros(8 * values.itemsize)
    first_mantissa_bit = 9 if dtype == np.float32 else 12
    expected[first_mantissa_bit] = 1.0
    np.testing.assert_allclose(real_information(values), expected, rtol=0, atol=1e-12)


def test_a_bit_repeated_with_errors_has_the_information_of_that_channel() -> None:
    # Pairs (first, second): 30 equal of either kind, 10 unequal of either kind: a binary symmetric
    # channel with an error rate of 1/4, whose information is 1 - H(1/4).
    first = np.repeat([1.0, 1.0, 1.5, 1.5], [30, 10, 30, 10])
    second = np.repeat([1.0, 1.5, 1.5, 1.0], [30, 10, 30, 10])
    bits = real_information(np.stack([first, second]), 0, confidence=None)
    expected = 1 + 0.25 * math.log2(0.25) + 0.75 * math.log2(0.75)
    assert bits[12] == pytest.approx(expected, abs=1e-14)
    assert np.count_nonzero(bits) == 1


def test_independent_noise_has_no_information() -> None:
    noise = np.random.default_rng(5).random((500, 1000)) + 1
    assert not real_information(noise[:, :400].astype(np.float32)).any()
    assert real_information(noise, confidence=None).max() < 1e-4


def test_the_filter_is_the_information_of_an_unfair_coin() -> None:
    # 2.5758 standard deviations of 400 throws of a fair coin: 0.5 + 2.5758 / 40.
    p = 0.5 + 2.5758293035489004 / 40
    expected = 1 + p * math.log2(p) + (1 - p) * math.log2(1 - p)
    assert chance_information(400, 0.99) == pytest.approx(expected, abs=1e-15)
    assert chance_information(0, 0.99) == chance_information(3, 0.99) == 1.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "kind", ["constant", "noise", "all-missing", "all-zero", "one value", "empty"]
)
def test_fields_without_information_keep_all_bits(kind: str, dtype: type) -> None:
    values = {
        "constant": np.full((20, 30), 273.15),
        "noise": np.random.default_rng(8).random((40, 50)) + 1,
        "all-missing": np.full((20, 30), np.nan),
        "all-zero": np.zeros((20, 30)),
        "one value": np.ones((1, 1)),
        "empty": np.ones((0, 5)),
    }[kind].astype(dtype)
    bits = real_information(values)
    assert bits.sum() < 0.01
    assert keepbits_for_information(bits) == (23 if dtype == np.float32 else 52)


def naive_information(values: np.ndarray, axis: int, usable: np.ndarray) -> np.ndarray:
    """Mutual information bit by bit, of every pair of usable float32 neighbours."""
    word = values.view(np.uint32).astype(np.int64)
    exponent = (word >> 23 & 0xFF) - 127
    word = word & 0x807FFFFF | np.abs(exponent) << 23 | np.where(exponent < 0, 0x40000000, 0)
    one, two = (np.moveaxis(word, axis, 0)[part] for part in (slice(None, -1), slice(1, None)))
    both = np.moveaxis(usable, axis, 0)[:-1] & np.moveaxis(usable, axis, 0)[1:]
    found = np.zeros(32)
    for position, (i, j) in itertools.product(range(32), itertools.product((0, 1), repeat=2)):
        a, b = one[both] >> (31 - position) & 1 == i, two[both] >> (31 - position) & 1 == j
        joint = np.mean(a & b)
        if joint > 0:
            found[position] += joint * math.log2(joint / (np.mean(a) * np.mean(b)))
    return found


@pytest.mark.parametrize(
    "shape", [(5000,), (3, 60_000), (40, 50, 60), (60_000, 2), (2, 3, 4, 5, 6)]
)
def test_pairs_are_counted_as_a_loop_over_bits_counts_them(shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(13)
    values = np.cumsum(random.normal(0, 1, shape), axis=-1).astype(np.float32)
    values[random.random(shape) < 0.1] = np.nan
    values[random.random(shape) < 0.1] = 0.0
    values[random.random(shape) < 0.1] = -9999.0
    usable = np.isfinite(values) & (values != 0) & (values != -9999)
    found = information_by_axis(values, missing=(-9999.0, 1e300), confidence=None)
    assert sorted(found) == list(range(len(shape)))
    for axis, bits in found.items():
        expected = naive_information(values, axis, usable)
        np.testing.assert_allclose(bits, expected, rtol=0, atol=1e-12)


def test_zeros_count_when_asked_for() -> None:
    values = GENERATED["smooth-f4"].copy()
    values[:, :20] = 0.0
    expected = naive_information(values, 1, np.ones(values.shape, bool))
    actual = real_information(values, 1, ignore_zeros=False, confidence=None)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-12)


def test_dry_regions_and_fills_do_not_raise_the_keepbits() -> None:
    smooth = GENERATED["smooth-f4"]
    spoilt = np.concatenate([smooth, np.zeros_like(smooth), np.full_like(smooth, 1e20)], axis=1)
    expected = keepbits_for_information(real_information(smooth, 2))
    assert keepbits_for_information(real_information(spoilt, 2, missing=(1e20,))) == expected


def test_the_axis_of_the_most_information_is_taken() -> None:
    smooth = GENERATED["smooth-f4"]  # independent along its first axis
    by_axis = information_by_axis(smooth)
    best = max(by_axis, key=lambda axis: by_axis[axis].sum())
    assert best in (1, 2)
    np.testing.assert_array_equal(real_information(smooth), by_axis[best])
    np.testing.assert_array_equal(real_information(smooth, (0, -2)), by_axis[1])


def test_each_level_has_its_own_information() -> None:
    smooth = GENERATED["smooth-f4"]
    levels = np.stack(
        [smooth, np.random.default_rng(2).random(smooth.shape, np.float32) + 1], axis=1
    )
    found = real_information_by_level(levels, 1)
    np.testing.assert_array_equal(found[0], real_information(smooth))
    assert [keepbits_for_information(bits) for bits in found] == [16, 23]


def test_layout_and_byte_order_do_not_matter() -> None:
    values = GENERATED["smooth-f4"]
    expected = real_information(values, 1)
    np.testing.assert_array_equal(real_information(np.asfortranarray(values), 1), expected)
    np.testing.assert_array_equal(real_information(values.astype(">f4"), 1), expected)
    np.testing.assert_array_equal(real_information(values.transpose(1, 0, 2), 0), expected)


def test_keepbits_follow_the_level() -> None:
    bits = np.zeros(32)
    bits[[1, 9, 10, 11]] = [0.5, 0.3, 0.15, 0.05]
    assert [keepbits_for_information(bits, level) for level in (0.4, 0.7, 0.9, 0.99, 1.0)] == [
        0,
        1,
        2,
        3,
        23,
    ]


def test_what_makes_no_sense_is_refused() -> None:
    values = np.ones((3, 4), np.float32)
    with pytest.raises(UsageError, match="no axis 2"):
        real_information(values, 2)
    with pytest.raises(UsageError, match="known: numpy, xbitinfo"):
        real_information(values, engine="julia")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="float32 or float64"):
        real_information(values.astype(np.int16))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="32 or 64"):
        keepbits_for_information(np.ones((2, 32)))
    with pytest.raises(UsageError, match="above 0"):
        keepbits_for_information(np.ones(32), 0.0)
