"""Information that fools the plain rule does not fool this one."""

from __future__ import annotations

import numpy as np
import pytest

from climcomp.information import keepbits_for_information, real_information
from climcomp.rounding import round_to_keepbits
from climcomp_workflows.plan.trusted_bits import (
    bits_of_errors,
    trusted_bits,
    without_copies,
    without_repeated,
)

from .conftest import waves


def of_mantissa(*bits: float) -> np.ndarray:
    found = np.zeros(32)
    found[1:9] = 0.2
    found[9 : 9 + len(bits)] = bits
    return found


def test_information_that_comes_back_is_not_counted() -> None:
    information = of_mantissa(0.5, 0.3, 0.1, 0.001, 0.0, 0.0, 0.1, 0.2, 0.3, 0.3, 0.2)
    assert keepbits_for_information(information, 0.99) >= 11
    assert trusted_bits(information, 0.99) == 3


def test_information_that_begins_late_is_counted() -> None:
    # 280 to 290 K: the highest mantissa bits never change.
    assert trusted_bits(of_mantissa(0.0, 0.0, 0.0, 0.8, 0.6, 0.3, 0.0), 0.99) == 6


def test_a_first_bit_that_hardly_changes_hides_nothing() -> None:
    assert trusted_bits(of_mantissa(0.002, 0.0, 0.0, 0.8, 0.6, 0.3, 0.0), 0.99) == 6


def test_too_little_information_says_nothing() -> None:
    assert trusted_bits(np.full(32, 1e-4), 0.99) is None
    assert trusted_bits(np.zeros(64), 0.99) is None


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_a_smooth_field_keeps_what_the_plain_rule_keeps(dtype: str) -> None:
    information = real_information(waves((4, 90, 180), noise=0.01).astype(dtype))
    assert trusted_bits(information, 0.99) == keepbits_for_information(information, 0.99)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1e-8, 1.0, 1e20])
def test_rounding_to_the_bits_of_errors_keeps_the_limit(dtype: str, scale: float) -> None:
    if dtype == "f4" and scale == 1e-300:
        pytest.skip("float32 has no such values")
    values = (np.random.default_rng(1).lognormal(0, 2, 50_000) * scale).astype(dtype)
    for share in (0.1, 0.01, 1e-3):
        allowed = share * float(values.astype("f8").std() if scale > 1e-200 else values.max())
        bits = bits_of_errors(values, allowed)
        assert bits is not None
        errors = (round_to_keepbits(values, bits) - values).astype("f8") / allowed
        assert np.sqrt((errors**2).mean()) <= 1.1  # a few large values have most of it
        if bits > 0:
            errors = (round_to_keepbits(values, bits - 1) - values).astype("f8") / allowed
            assert np.sqrt((errors**2).mean()) > 0.9


@pytest.mark.parametrize("allowed", [0.0, -1.0, np.nan, np.inf])
def test_no_limit_asks_for_nothing(allowed: float) -> None:
    assert bits_of_errors(np.ones(9, "f4"), allowed) is None


def test_no_values_ask_for_nothing() -> None:
    for values in (np.zeros(9, "f4"), np.full(9, np.nan), np.empty((0, 3))):
        assert bits_of_errors(values, 0.1) is None


def test_repeated_values_are_taken_out_and_others_stay() -> None:
    values = waves((2, 50, 60))
    values[:, :20] = 1e20
    found = without_repeated(values)
    assert np.isnan(found[:, :20]).all()
    np.testing.assert_array_equal(found[:, 20:], values[:, 20:])


def test_a_field_of_few_values_stays_as_it_is() -> None:
    values = np.round(waves((2, 50, 60)) / 20)
    assert without_repeated(values) is values


def test_the_row_of_a_pole_is_one_value() -> None:
    values = waves((30, 12, 40))
    values[:, 0] = values[:, 0, :1] + np.linspace(0, 1e-3, 40, dtype="f4")
    found = without_copies(values, 1e-3)
    assert np.isnan(found[:, 0, 1:]).all()
    assert np.isfinite(found[:, 1:]).mean() > 0.98
