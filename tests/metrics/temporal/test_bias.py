"""M7 against NumPy's percentiles and SciPy's t-test."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats


def test_the_bias_is_the_99th_percentile_of_the_cells_mean_errors(
    dates_of: Callable, climate: Callable, temporal: Callable
) -> None:
    dates = dates_of(60)
    x = climate(dates, 20, 30)
    rng = np.random.default_rng(1)
    y = x + rng.normal(0.0, 0.1, x.shape) + 0.1 * rng.standard_normal((1, 1, 20, 30))
    x[:40, 0, :2] = np.nan  # cells with 20 steps
    mean = np.abs(np.nanmean(y - x, axis=0)[0, 2:]) / 2.0
    value = temporal(x, np.where(np.isnan(x), np.nan, y), dates, sigma=(2.0,))["M7"]
    assert value.value == pytest.approx(float(np.quantile(mean, 0.99)), rel=1e-9)
    assert value.detail["largest"] == pytest.approx(float(mean.max()), rel=1e-9)


@pytest.mark.parametrize("biased", [0.0, 0.3, 1.0])
def test_the_significant_cells_are_those_of_a_t_test_with_false_discoveries_controlled(
    dates_of: Callable, climate: Callable, temporal: Callable, biased: float
) -> None:
    dates = dates_of(40)
    x = climate(dates, 20, 30)
    rng = np.random.default_rng(2)
    shift = np.where(rng.uniform(size=(20, 30)) < biased, 0.06, 0.0)
    y = x + rng.normal(0.0, 0.1, x.shape) + shift
    p = stats.ttest_1samp((y - x)[:, 0], 0.0).pvalue.ravel()
    expected = (stats.false_discovery_control(p) <= 0.01).mean()
    value = temporal(x, y, dates)["M7"]
    # One cell on the edge may fall on either side: its p is right to a thousandth.
    assert value.detail["share significant"] == pytest.approx(expected, abs=1 / 600)


def test_a_constant_error_is_significant_everywhere(
    dates_of: Callable, climate: Callable, temporal: Callable
) -> None:
    dates = dates_of(40)
    x = np.round(climate(dates), 3)
    value = temporal(x, x + 0.5, dates, sigma=(10.0,))["M7"]
    assert value.value == pytest.approx(0.05, rel=1e-9)
    assert value.detail["share significant"] == 1.0
    assert value.error < 1e-9


def test_the_place_of_the_largest_bias_is_told_whatever_the_split(
    dates_of: Callable, climate: Callable, temporal: Callable
) -> None:
    dates = dates_of(40)
    x = climate(dates)
    y = x + np.random.default_rng(4).uniform(-0.1, 0.1, x.shape)
    y[:, 0, 3, 4] += 0.5
    whole = [slice(0, 40), slice(0, 1), slice(0, 5)]
    for boxes in (None, [(*whole, slice(0, 2)), (*whole, slice(2, 6))]):
        assert temporal(x, y, dates, boxes)["M7"].place == "largest at y 3, x 4"


def test_few_cells_leave_more_to_chance(
    dates_of: Callable, climate: Callable, temporal: Callable
) -> None:
    dates = dates_of(40)
    rng = np.random.default_rng(3)
    errors = []
    for rows, columns in ((1, 4), (40, 40)):
        x = climate(dates, rows, columns)
        y = x + rng.normal(0.0, 0.1, x.shape)
        errors.append(temporal(x, y, dates, sigma=(2.0,))["M7"].error)
    # 20 times fewer cells along each side, and quantiles of equal noise in both.
    assert errors[0] == pytest.approx(20.0 * errors[1], rel=0.3)


def test_no_cell_with_30_steps_is_no_value(
    dates_of: Callable, climate: Callable, temporal: Callable
) -> None:
    dates = dates_of(50)
    x = climate(dates)
    x[::2] = np.nan
    assert temporal(x, x + 0.1, dates)["M7"].reason == "no cell has 30 valid steps"
