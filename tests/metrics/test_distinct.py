"""Numbers of different values against np.unique, within the error of the sketch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from climcomp_metrics import Value
from climcomp_metrics.distinct import cardinality
from climcomp_metrics.kernels.distinct import fill_registers

STANDARD_ERROR = 1.04 / np.sqrt(4096)


@pytest.mark.parametrize("number", [1, 10, 1000, 8000, 15000, 100_000, 1_000_000])
def test_cardinality_is_right_within_three_standard_errors(number: int) -> None:
    errors = []
    for seed in range(8):
        registers = np.zeros(4096, np.uint8)
        values = np.random.default_rng(seed).integers(0, 2**63, number).astype(np.uint64)
        fill_registers(values, registers)
        errors.append(cardinality(registers) / number - 1.0)
    assert np.abs(errors).max() < 3.5 * STANDARD_ERROR
    # Around 10,000 the estimator of 2007 is a little high: less than its own standard error.
    assert abs(np.mean(errors)) < 2 * STANDARD_ERROR


def test_a_sketch_does_not_see_repeats() -> None:
    first, second = np.zeros(4096, np.uint8), np.zeros(4096, np.uint8)
    values = np.arange(500, dtype=np.uint64)
    fill_registers(values, first)
    fill_registers(np.tile(values, 7), second)
    np.testing.assert_array_equal(first, second)


def test_an_empty_sketch_counts_nothing() -> None:
    assert cardinality(np.zeros(4096, np.uint8)) == 0.0


def test_rounding_to_a_lattice_shows(
    weather: Callable, values_of: Callable[..., dict[str, Value]]
) -> None:
    x = weather(4, 60, 80)
    y = np.round(x, 1).astype(np.float32)
    value = values_of(x, y)["D6"]
    expected = np.unique(y).size / np.unique(x).size
    # Two sketches, each right within 1.6 % (one standard error).
    assert value.value == pytest.approx(expected, rel=4 * STANDARD_ERROR)
    assert value.detail["distinct of x"] == pytest.approx(np.unique(x).size, rel=3 * STANDARD_ERROR)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_most_repeated_value_is_told_with_its_share(dtype: type, values_of: Callable) -> None:
    x = np.random.default_rng(1).standard_normal((3, 1, 20, 25)).astype(dtype)
    y = x.copy()
    y[1, 0].flat[:200] = 7.0
    x[2, 0].flat[:50] = -1.0
    detail = values_of(x, y)["D6"].detail
    assert detail["most repeated of y, largest share"] == pytest.approx(0.4)
    assert detail["most repeated of y, mean share"] == pytest.approx((0.4 + 2 / 500) / 3)
    assert detail["most repeated of x, largest share"] == pytest.approx(0.1)
    assert values_of(x, y)["D6"].time == 1


def test_minus_zero_is_zero(values_of: Callable) -> None:
    x = np.zeros((2, 1, 10, 10))
    x[1] = -0.0
    x[:, 0, 5, 5] = 1.0
    x[0, 0, :3] = -0.0
    detail = values_of(x, x, sigma=(1.0,))["D6"].detail
    assert detail["most repeated of x, largest share"] == 0.99
    assert detail["distinct of x"] == pytest.approx(2.0, rel=1e-3)


def test_values_that_are_missing_in_either_do_not_count(values_of: Callable) -> None:
    x = np.arange(400.0).reshape(1, 1, 20, 20)
    y = x.copy()
    x.flat[:100] = np.nan
    y.flat[50:200] = np.nan
    detail = values_of(x, y, sigma=(1.0,))["D6"].detail
    assert detail["distinct of x"] == pytest.approx(200, rel=3 * STANDARD_ERROR)


def test_equal_fields_have_the_ratio_one(weather: Callable, values_of: Callable) -> None:
    x = weather(2, 10, 10)
    assert values_of(x, x)["D6"].value == 1.0


def test_it_is_shown_and_never_judged(weather: Callable, verdicts_of: Callable) -> None:
    x = weather(4, 20, 20)
    assert verdicts_of(x, np.round(x))["D6"].outcome == "report"


def test_all_missing_has_its_reason(weather: Callable, values_of: Callable) -> None:
    x = weather(3, 5, 5)
    assert values_of(x, np.full_like(x, np.nan))["D6"].reason == "no value is valid"
