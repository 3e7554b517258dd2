"""Sigma against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from climcomp_metrics.sigma import estimate_sigma

RNG = np.random.default_rng(1)


def test_the_annual_cycle_is_taken_out() -> None:
    months = np.tile(np.arange(1, 13), 40)
    noise = RNG.standard_normal((480, 1, 6, 7))
    x = 280.0 + 15.0 * np.sin(2 * np.pi * months / 12)[:, None, None, None] + 2.0 * noise
    sigma, words = estimate_sigma(x, months, None, None)
    # 480 x 42 values: a standard error of 0.5 %.
    assert sigma[0] == pytest.approx(2.0, rel=0.02)
    assert "calendar month" in words
    assert estimate_sigma(x, None, None, None)[0][0] == pytest.approx(
        np.sqrt(4 + 15**2 / 2), rel=0.02
    )


def test_degrees_of_freedom_are_corrected() -> None:
    months = np.tile(np.arange(1, 13), 3)
    x = RNG.standard_normal((36, 1, 100, 100))
    # Twelve means fitted to three samples each: uncorrected it would be sqrt(2/3).
    assert estimate_sigma(x, months, None, None)[0][0] == pytest.approx(1.0, rel=0.01)


def test_few_samples_a_month_take_the_time_mean() -> None:
    months = np.tile(np.arange(1, 13), 3)[:31]
    assert (
        "the time mean" in estimate_sigma(RNG.standard_normal((31, 1, 2, 2)), months, None, None)[1]
    )


def test_levels_are_never_pooled() -> None:
    x = RNG.standard_normal((100, 3, 20, 20)) * np.array([1.0, 10.0, 100.0])[None, :, None, None]
    assert estimate_sigma(x, None, None, None)[0] == pytest.approx((1.0, 10.0, 100.0), rel=0.02)


def test_cells_count_by_area() -> None:
    x = RNG.standard_normal((2000, 1, 2, 1)) * np.array([1.0, 3.0])[None, None, :, None]
    weights = np.array([[3.0], [1.0]])
    sigma, words = estimate_sigma(x, None, weights, None)
    assert sigma[0] == pytest.approx(np.sqrt((3 * 1 + 9) / 4), rel=0.03)
    assert "area-weighted" in words


def test_few_steps_take_the_spread_about_latitude_bands() -> None:
    lat = np.linspace(-60, 60, 121)
    x = 30.0 * np.cos(np.deg2rad(lat))[None, None, :, None] + RNG.standard_normal((3, 1, 121, 300))
    sigma, words = estimate_sigma(x, None, None, lat)
    assert sigma[0] == pytest.approx(1.0, rel=0.02)
    assert "latitude bands" in words
    assert estimate_sigma(x, None, None, None)[0][0] > 4.0


def test_unstructured_cells_have_bands_too() -> None:
    lat = RNG.uniform(-90, 90, 5000)
    x = (np.floor(lat) + RNG.standard_normal(5000))[None, None, None, :]
    # Up to 40 cells a band, so that a band's mean takes a few per cent of the spread with it.
    assert estimate_sigma(x, None, None, lat)[0][0] == pytest.approx(1.0, rel=0.05)


def test_missing_values_do_not_count() -> None:
    x = RNG.standard_normal((100, 1, 10, 10))
    x[:, 0, :5] = np.nan
    x[:50, 0, 5] = np.inf
    assert estimate_sigma(x, None, None, None)[0][0] == pytest.approx(1.0, rel=0.05)


@pytest.mark.parametrize("steps", [1, 40])
def test_a_constant_is_zero_and_nothing_valid_is_nan(steps: int) -> None:
    x = np.full((steps, 2, 30, 3), 273.16)
    x[:, 1] = np.nan
    constant, missing = estimate_sigma(x, None, None, np.linspace(-80, 80, 30))[0]
    assert constant == 0.0
    assert np.isnan(missing)
