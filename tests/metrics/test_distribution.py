"""Quantiles and tails against NumPy's, within the width of a bin."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest


@pytest.fixture(scope="module")
def x() -> np.ndarray:
    return np.random.default_rng(1).standard_normal((40, 1, 100, 100))


def test_body_quantiles_shift_as_numpy_says(x: np.ndarray, values_of: Callable) -> None:
    y = x + 0.03 * np.maximum(x, 0.0) + 0.001
    shares = np.arange(1, 100) / 100
    shifts = np.abs(np.quantile(y, shares) - np.quantile(x, shares)) / x.std()
    value = values_of(x, y, sigma=(float(x.std()),))["D1"]
    # Two quantiles, each right within a bin of sigma/1000.
    assert value.value == pytest.approx(shifts.max(), abs=2e-3)
    assert value.place == "quantile 0.99"


def test_tail_quantiles_shift_as_numpy_says(x: np.ndarray, values_of: Callable) -> None:
    y = np.where(x > 2.0, 2.0 + 1.1 * (x - 2.0), x)
    shift = (np.quantile(y, 0.9999) - np.quantile(x, 0.9999)) / x.std()
    value = values_of(x, y, sigma=(float(x.std()),))["E1"]
    assert value.value == pytest.approx(shift, abs=2e-3)
    assert value.place == "quantile 0.9999"


def test_rain_quantiles_shift_as_numpy_says(x: np.ndarray, values_of: Callable) -> None:
    rain = np.where(x > 0.5, np.exp(1.2 * x), 0.0)
    wetter = rain * 1.02
    sigma = float(rain.std())
    shift = (np.quantile(wetter, 0.9999) - np.quantile(rain, 0.9999)) / sigma
    value = values_of(rain, wetter, kind="P", sigma=(sigma,))["E1"]
    # An asinh-like bin at v is (v + 4 sigma)/4096 wide.
    width = (np.quantile(rain, 0.9999) / sigma + 4.0) / 4096
    assert value.value == pytest.approx(shift, abs=2 * width)


def test_sd_ratio_keeps_its_digits(x: np.ndarray, values_of: Callable) -> None:
    a = 1e5 + 300.0 * x
    y = a + 1e-6 * (a - 1e5)
    assert values_of(a, y)["D4"].value == pytest.approx(1e-6, rel=1e-5)


def test_expected_shortfall_is_the_mean_of_the_top(x: np.ndarray, values_of: Callable) -> None:
    y = np.where(x > 3.0, x - 0.05, x)
    top = round(1e-4 * x.size)
    expected = (np.sort(y, axis=None)[-top:].mean() - np.sort(x, axis=None)[-top:].mean()) / x.std()
    value = values_of(x, y, sigma=(float(x.std()),))["E2"]
    # The last bin is shared in proportion: one value in forty, within a bin of sigma/1000.
    assert value.detail["high end"] == pytest.approx(expected, abs=1e-3)
    assert value.place == "high end"


def test_the_low_end_counts_except_for_rain(x: np.ndarray, values_of: Callable) -> None:
    y = np.where(x < -3.0, x + 0.05, x)
    value = values_of(x, y)["E2"]
    assert (value.place, "low end" in value.detail) == ("low end", True)
    a = np.exp(x)
    assert "low end" not in values_of(a, a * 1.001, kind="P")["E2"].detail


def test_conditional_tail_bias_is_the_mean_error_beyond_its_named_threshold(
    x: np.ndarray, values_of: Callable
) -> None:
    y = x - 0.03 * (x > 2.5) + 0.01 * (x < -2.0)
    value = values_of(x, y, sigma=(float(x.std()),))["E3"]
    threshold = value.detail["high end: threshold"]
    share = np.count_nonzero(x >= threshold) / x.size
    assert 0.8e-3 <= share <= 1.25e-3
    expected = (y - x)[x >= threshold].mean() / x.std()
    assert value.detail["high end"] == pytest.approx(expected, rel=1e-9)
    assert value.detail["low end"] == pytest.approx(0.01 / x.std(), rel=1e-9)
    assert (value.value, value.place) == (pytest.approx(abs(expected)), "high end")


def test_csi_is_hits_over_hits_misses_and_false_alarms(x: np.ndarray, values_of: Callable) -> None:
    y = x + np.random.default_rng(2).normal(0, 0.05, x.shape)
    value = values_of(x, y, sigma=(float(x.std()),))["E4"]
    threshold = value.detail["threshold"]
    p, q = x >= threshold, y >= threshold
    assert value.value == np.count_nonzero(p & q) / np.count_nonzero(p | q)


def test_a_threshold_does_not_cut_through_a_packed_value(values_of: Callable) -> None:
    lattice = np.round(np.random.default_rng(3).standard_normal((40, 1, 200, 200)) * 20) / 20
    y = lattice + np.random.default_rng(4).uniform(-0.01, 0.01, lattice.shape)
    assert values_of(lattice, y)["E4"].value == 1.0


def test_a_flat_top_has_no_exceedances_to_tell(x: np.ndarray, values_of: Callable) -> None:
    saturated = np.minimum(x, 2.0)
    y = saturated + np.random.default_rng(4).uniform(-0.01, 0.01, x.shape)
    value = values_of(saturated, y)["E4"]
    assert value.value is None
    nearly = np.where(x > 2.0, 2.0 + 1e-3 * x, x)
    assert "too close together" in values_of(nearly, y)["E4"].reason


def test_a_sample_that_misjudged_the_tail_still_gives_tail_metrics_and_names_the_threshold(
    x: np.ndarray, values_of: Callable, make_settings: Callable
) -> None:
    # The plan saw the warm half only: its 5 % tails begin far beyond the quantile 0.999 of x.
    settings = make_settings(x + 4.0, sigma=(1.0,))
    y = np.where(x > 4.0, x - 0.1, x)
    value = values_of(x, y, settings)["E3"]
    edge = settings.bins[0].edges()[settings.bins[0].tail_high - 1]
    assert value.detail.get("high end: threshold", edge) == pytest.approx(edge)
    assert value.value is not None or "no value lies beyond" in value.reason


def test_a_quantile_beyond_all_bins_is_the_mean_of_what_lies_there(
    x: np.ndarray, values_of: Callable, make_settings: Callable
) -> None:
    a = x.copy()
    a[3, 0, :10] += 1000.0
    y = np.where(a > 500.0, a + 7.0, a)
    value = values_of(a, y, make_settings(x, sigma=(1.0,)))["E1"]
    assert value.value == pytest.approx(7.0, rel=1e-9)


def test_cell_maximum_bias_is_the_mean_change_of_maxima(x: np.ndarray, values_of: Callable) -> None:
    y = x + np.random.default_rng(6).normal(0, 0.1, x.shape)
    change = (y.max(axis=0) - x.max(axis=0)) / x.std()
    value = values_of(x, y, sigma=(float(x.std()),))["E5"]
    assert value.value == pytest.approx(abs(change.mean()), rel=1e-9)
    assert value.detail["p99"] == pytest.approx(np.quantile(np.abs(change), 0.99), rel=1e-9)
