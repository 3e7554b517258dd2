"""Errors beside their values, counted by NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from climcomp_metrics import Value


def test_the_share_is_that_of_numpy(
    weather: Callable, values_of: Callable[..., dict[str, Value]]
) -> None:
    x = weather(6, 20, 30)
    y = (x + np.random.default_rng(1).normal(0, 0.03, x.shape)).astype(np.float32)
    x[:, :, 4:8, 3:20] = np.nan
    y[0, 0, 19, 29] = np.nan
    a, b = x.astype(np.float64), y.astype(np.float64)
    valid = np.isfinite(a) & np.isfinite(b)
    expected = 100.0 * (np.abs(b - a)[valid] > 1e-4 * np.abs(a)[valid]).mean()
    assert 10 < expected < 90
    assert values_of(x, y)["P6"].value == pytest.approx(expected, rel=1e-12)


def test_a_quarter_of_the_values_changed_is_25_percent(values_of: Callable) -> None:
    x = np.full((2, 1, 10, 10), 250.0)
    x[0] = 300.0
    y = x.copy()
    y[:, :, :5, :5] *= 1.0 - 1.01e-4  # downwards: a ratio without abs() would miss it
    y[:, :, 5:, :] *= 1.0 + 0.99e-4
    value = values_of(x, y, sigma=(1.0,))["P6"]
    assert value.value == 25.0
    assert value.unit == "%"


def test_negative_values_count_by_their_size(values_of: Callable) -> None:
    x = np.linspace(-30.0, -10.0, 100).reshape(1, 1, 10, 10)
    y = x.copy()
    y[0, 0, :3] *= 1.001
    y[0, 0, 3:] *= 1.00001
    assert values_of(x, y)["P6"].value == 30.0


def test_any_error_of_a_zero_is_above(values_of: Callable) -> None:
    x = np.linspace(0.0, 9.9, 100).reshape(1, 1, 10, 10)
    y = x.copy()
    y[0, 0, 0, 0] = 1e-12
    assert values_of(x, y)["P6"].value == 1.0


@pytest.mark.parametrize("unit", ["K", "Pa", "hPa", "mbar", "Kelvin", "Pascals"])
def test_kelvin_and_pressure_have_it(unit: str, weather: Callable, values_of: Callable) -> None:
    x = weather(2, 5, 5)
    assert values_of(x, x, unit=unit)["P6"].value == 0.0


@pytest.mark.parametrize("unit", ["m s-1", "degC", "", "K s-1", "kg m-2 s-1"])
def test_other_units_do_not(unit: str, weather: Callable, values_of: Callable) -> None:
    x = weather(2, 5, 5)
    value = values_of(x, x, unit=unit)["P6"]
    assert value.value is None
    assert "kelvin and pressure only" in value.reason


def test_it_warns_and_never_fails(weather: Callable, verdicts_of: Callable) -> None:
    x = weather(4, 20, 20)
    assert verdicts_of(x, x * np.float32(1.01))["P6"].outcome == "warn"
    assert verdicts_of(x, x * np.float32(1.00001))["P6"].outcome == "report"


def test_all_missing_has_its_reason(weather: Callable, values_of: Callable) -> None:
    x = weather(3, 5, 5)
    assert values_of(x, np.full_like(x, np.nan))["P6"].reason == "no value is valid"
