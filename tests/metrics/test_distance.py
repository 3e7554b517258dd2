"""Distances of distributions against SciPy's on the values themselves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import ks_2samp, wasserstein_distance

from climcomp_metrics import Value
from climcomp_metrics.distance import _integral


@pytest.fixture(scope="module")
def x() -> np.ndarray:
    return np.random.default_rng(1).standard_normal((20, 1, 60, 50))


def test_the_ks_distance_is_that_of_scipy(
    x: np.ndarray, values_of: Callable[..., dict[str, Value]]
) -> None:
    y = x + 0.05 * np.maximum(x, 0.0) ** 2
    expected = ks_2samp(x.ravel(), y.ravel()).statistic
    # An edge lies within sigma/1000 of where the distance is largest, where 4e-4 of the values are.
    assert values_of(x, y)["D2"].value == pytest.approx(expected, abs=4e-4)


def test_the_wasserstein_distance_is_that_of_scipy(x: np.ndarray, values_of: Callable) -> None:
    y = 0.97 * x + 0.01  # to both sides, so that the distributions cross
    sigma = float(x.std())
    expected = wasserstein_distance(x.ravel(), y.ravel()) / sigma
    # Right within the width of one bin.
    assert values_of(x, y, sigma=(sigma,))["D3"].value == pytest.approx(expected, abs=1e-3)


def test_a_shift_of_uniform_values_has_both_in_closed_form(values_of: Callable) -> None:
    x = np.random.default_rng(1).permutation(np.linspace(0.0, 1.0, 40000)).reshape(4, 1, 100, 100)
    values = values_of(x, x + 0.02, sigma=(0.25,))
    assert values["D2"].value == pytest.approx(0.02, abs=3e-4)
    assert values["D3"].value == pytest.approx(0.02 / 0.25, abs=1e-3)


def rain(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0.3, np.exp(1.5 * x), 0.0)


def test_rain_is_compared_on_wet_values(x: np.ndarray, values_of: Callable) -> None:
    wet = rain(x)
    y = wet * 1.03
    sigma = float(wet.std())
    expected = ks_2samp(wet[wet > 0], y[y > 0]).statistic
    pooled = ks_2samp(wet.ravel(), y.ravel()).statistic
    assert expected > 2 * pooled
    value = values_of(wet, y, kind="P", sigma=(sigma,))["D2"]
    # Bins of relative width 1/4096 + sigma/1000 hold 1e-3 of the wet values.
    assert value.value == pytest.approx(expected, abs=1e-3)


def test_drizzle_that_comes_is_seen_among_the_wet(x: np.ndarray, values_of: Callable) -> None:
    wet = rain(x)
    y = np.where((wet == 0) & (x > 0.0), 0.5, wet)
    value = values_of(wet, y, kind="P")["D2"]
    assert value.value == pytest.approx(ks_2samp(wet[wet > 0], y[y > 0]).statistic, abs=1e-3)


def test_the_wasserstein_distance_of_rain_is_that_of_scipy(
    x: np.ndarray, values_of: Callable
) -> None:
    wet = rain(x)
    y = 1.05 * wet
    sigma = float(wet.std())
    expected = wasserstein_distance(wet.ravel(), y.ravel()) / sigma
    # A bin at v is (v + 4 sigma)/4096 wide.
    width = (wet.mean() / sigma + 4.0) / 4096
    value = values_of(wet, y, kind="P", sigma=(sigma,))["D3"]
    assert value.value == pytest.approx(expected, abs=width)


def test_values_beyond_the_bins_count_with_their_distance(
    x: np.ndarray, make_settings: Callable, values_of: Callable
) -> None:
    y = x.copy()
    y[0, 0, 0, :30] = 50.0
    y[0, 0, 1, :30] = -40.0
    settings = make_settings(x, sigma=(1.0,))
    value = values_of(x, y, settings)["D3"]
    expected = wasserstein_distance(x.ravel(), y.ravel())
    assert value.value == pytest.approx(expected, abs=1e-3)
    assert value.detail["beyond the bins"] > 0.02


def test_a_distance_that_changes_sign_is_two_triangles() -> None:
    apart, widths = np.array([1.0, -3.0, -3.0]), np.array([2.0, 1.0])
    # To zero over 0.5, from there to -3 over 1.5, then level.
    expected = 0.5 * 0.5 * 1.0 + 0.5 * 1.5 * 3.0 + 3.0
    assert _integral(apart, widths) == pytest.approx(expected)


def test_missing_values_are_left_out(x: np.ndarray, values_of: Callable) -> None:
    a, b = x.copy(), x + 0.1
    a[:, :, :20] = np.nan
    b[:, :, 40:] = np.nan
    values = values_of(a, b, sigma=(1.0,))
    kept = x[:, :, 20:40].ravel()
    assert values["D2"].value == pytest.approx(ks_2samp(kept, kept + 0.1).statistic, abs=1e-3)
    assert values["D3"].value == pytest.approx(0.1, abs=1e-3)


def test_errors_within_a_bin_are_no_distance(values_of: Callable) -> None:
    x = np.random.default_rng(1).integers(0, 10, (4, 1, 40, 40)) + 0.00045
    y = x + 1e-5
    assert ks_2samp(x.ravel(), y.ravel()).statistic > 0.09
    assert values_of(x, y, sigma=(1.0,))["D2"].value == 0.0


def test_a_crowd_that_is_smeared_a_little_is_no_distance(
    x: np.ndarray, values_of: Callable
) -> None:
    cover = np.clip(0.5 + 0.4 * x, 0.0, 1.0)  # a tenth is 0, and a tenth is 1
    inwards = np.random.default_rng(2).uniform(0.0, 1e-3, x.shape)
    y = np.where(cover == 1.0, cover - inwards, cover)
    assert ks_2samp(cover.ravel(), y.ravel()).statistic > 0.1
    assert values_of(cover, y, kind="B", unit="1")["D2"].value < 1e-3


def test_a_crowd_that_y_makes_is_a_distance(x: np.ndarray, values_of: Callable) -> None:
    y = np.where(np.abs(x - 0.5) < 0.2, 0.5, x)
    expected = ks_2samp(x.ravel(), y.ravel()).statistic
    assert expected > 0.05
    assert values_of(x, y, sigma=(1.0,))["D2"].value == pytest.approx(expected, abs=1e-3)


def test_nothing_but_a_crowd_has_no_distance(values_of: Callable) -> None:
    x = np.random.default_rng(1).uniform(0.0, 1e-3, (1, 1, 40, 50))
    value = values_of(x, x + 1e-4, sigma=(1.0,))["D2"]
    assert value.reason == "all values crowd together"
    assert values_of(x, x + 1.0, sigma=(1.0,))["D2"].value == 1.0


def test_the_place_is_where_the_distance_is_largest(x: np.ndarray, values_of: Callable) -> None:
    y = np.where(x > 1.0, 1.0, x)
    value = values_of(x, y, sigma=(1.0,), unit="m s-1")["D2"]
    words, number, unit = value.place.rpartition(" 1")
    assert words == "share of values below"
    assert unit.endswith("m s-1")
    assert number


def test_exact_values_have_no_distance(x: np.ndarray, values_of: Callable) -> None:
    values = values_of(x, x)
    assert values["D2"].value == values["D3"].value == 0.0


def test_limits_are_those_of_metrics(x: np.ndarray, verdicts_of: Callable) -> None:
    outcomes = [
        verdicts_of(x, x + shift, sigma=(1.0,))["D2"].outcome for shift in (0.005, 0.02, 0.05)
    ]
    # A shift of a normal distribution by d moves it by 0.399 d.
    assert outcomes == ["pass", "warn", "fail"]
    assert verdicts_of(x, x + 0.5, sigma=(1.0,))["D3"].outcome == "report"


def test_few_values_have_no_ks_distance(values_of: Callable) -> None:
    x = np.random.default_rng(1).standard_normal((1, 1, 20, 20))
    value = values_of(x, x + 0.1)["D2"]
    assert value.reason == "1000 values are needed, there are 400"


def test_few_wet_values_have_none_either(values_of: Callable) -> None:
    x = np.zeros((1, 1, 50, 50))
    x[0, 0, 0] = np.linspace(1.0, 2.0, 50)
    value = values_of(x, 1.1 * x, kind="P", sigma=(1.0,))["D2"]
    assert value.reason == "of the wet values 1000 values are needed, there are 50"


@pytest.mark.parametrize("metric", ["D2", "D3"])
def test_a_constant_has_its_reason(metric: str, values_of: Callable) -> None:
    x = np.full((4, 1, 30, 30), 5.0)
    value = values_of(x, x + 1.0)[metric]
    assert value.reason == "the standard deviation is zero or undefined"


@pytest.mark.parametrize("metric", ["D2", "D3"])
def test_all_missing_has_its_reason(metric: str, values_of: Callable) -> None:
    x = np.random.default_rng(1).standard_normal((4, 1, 30, 30))
    assert values_of(x, np.full_like(x, np.nan))[metric].reason == "no value is valid"
