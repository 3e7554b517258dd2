"""M4 and M5 against SciPy's regression, and against lines that are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats


def annual(x: np.ndarray, dates: Any, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """Years and annual means (year, cells)."""
    year = np.array([date.year for date in dates])
    years = np.arange(first, last + 1)
    flat = x.reshape(len(x), -1)
    return years, np.array([np.nanmean(flat[year == y], axis=0) for y in years])


def expected_p95(x: np.ndarray, y: np.ndarray, dates: Any, first: int, last: int) -> float:
    years, a = annual(x, dates, first, last)
    _, b = annual(y, dates, first, last)
    sizes = []
    for cell in range(a.shape[1]):
        before = stats.linregress(years, a[:, cell])
        after = stats.linregress(years, b[:, cell])
        sizes.append(abs(after.slope - before.slope) / before.stderr)
    return float(np.quantile(sizes, 0.95))


@pytest.mark.parametrize(
    ("steps", "days", "calendar", "years"),
    [
        (144, 30.0, "noleap", (2001, 2012)),
        (3700, 1.0, "noleap", (2001, 2010)),
        (35, 360.0, "360_day", (2001, 2035)),
    ],
)
def test_the_trend_change_is_that_of_regressions_on_annual_means(
    dates_of: Callable, climate: Callable, temporal: Callable,
    steps: int, days: float, calendar: str, years: tuple[int, int],
) -> None:  # fmt: skip
    dates = dates_of(steps, days, calendar)
    x = climate(dates, 3, 4)
    y = x + np.random.default_rng(1).normal(0.0, 0.2, x.shape)
    value = temporal(x, y, dates)["M4"]
    assert value.value == pytest.approx(expected_p95(x, y, dates, *years), rel=1e-8)
    assert value.detail["years"] == years[1] - years[0] + 1


def test_a_tilt_of_a_standard_error_is_one(
    dates_of: Callable, climate: Callable, temporal: Callable
) -> None:
    dates = dates_of(40, 360.0, "360_day")
    x = climate(dates, 1, 1)
    years, means = annual(x, dates, 2001, 2040)
    error = stats.linregress(years, means[:, 0]).stderr
    y = x + error * (years - 2001.0)[:, None, None, None]
    assert temporal(x, y, dates)["M4"].value == pytest.approx(1.0, rel=1e-9)


def test_years_that_the_record_cuts_short_are_left_out(
    dates_of: Callable, climate: Callable, temporal: Callable
) -> None:
    dates = dates_of(150, 30)[4:]  # May 2001 to June 2013
    x = climate(dates, 3, 4)
    y = x + np.random.default_rng(2).normal(0.0, 0.2, x.shape)
    value = temporal(x, y, dates)["M4"]
    assert value.detail["years"] == 11
    assert value.value == pytest.approx(expected_p95(x, y, dates, 2002, 2012), rel=1e-8)


def test_a_year_with_many_missing_steps_does_not_count_for_its_cell(
    dates_of: Callable, climate: Callable, temporal: Callable
) -> None:
    dates = dates_of(144, 30)
    x = climate(dates, 1, 1)
    x[12:14] = np.nan  # two months of 2002
    y = x + np.random.default_rng(3).normal(0.0, 0.2, x.shape)
    year = np.array([date.year for date in dates])
    kept = np.setdiff1d(np.arange(2001, 2013), [2002])
    a, b = ([float(v[year == k].mean()) for k in kept] for v in (x, y))
    line = stats.linregress(kept, a)
    expected = abs(stats.linregress(kept, b).slope - line.slope) / line.stderr
    assert temporal(x, y, dates)["M4"].value == pytest.approx(expected, rel=1e-8)


def test_nine_years_are_too_few_for_a_trend(
    dates_of: Callable, climate: Callable, temporal: Callable
) -> None:
    dates = dates_of(118, 30)
    x = climate(dates)
    reason = temporal(x, x + 0.1, dates)["M4"].reason
    assert reason == "10 whole years are needed, the fullest cell has 9"


def test_annual_means_on_a_line_have_no_standard_error(
    dates_of: Callable, temporal: Callable
) -> None:
    x = 280.0 + np.arange(40.0)[:, None, None, None] * np.ones((1, 1, 2, 2))
    y = x + np.random.default_rng(4).normal(0.0, 0.1, x.shape)
    reason = temporal(x, y, dates_of(40, 360.0, "360_day"))["M4"].reason
    assert reason == "the annual means of every cell lie on a line"


def test_drift_is_the_slope_of_the_mean_error_times_the_record(
    dates_of: Callable, climate: Callable, temporal: Callable
) -> None:
    dates = dates_of(200, skip=range(50, 80))
    x = climate(dates)
    y = x + np.random.default_rng(5).normal(0.0, 0.1, x.shape)
    days = np.array([(date - dates[0]).days for date in dates])
    line = stats.linregress(days, (y - x).mean(axis=(1, 2, 3)))
    value = temporal(x, y, dates, sigma=(2.0,))["M5"]
    assert value.value == pytest.approx(abs(line.slope) * days[-1] / 2.0, rel=1e-9)
    # The rest has a lag-1 correlation of about 0.1 by chance, which widens the error by as much.
    assert value.error == pytest.approx(line.stderr * days[-1] / 2.0, rel=0.2)


def test_a_drift_without_dates_counts_steps(
    dates_of: Callable, climate: Callable, temporal: Callable
) -> None:
    x = climate(dates_of(60))
    y = x + np.linspace(-0.01, 0.01, 60)[:, None, None, None]
    value = temporal(x, y, None, sigma=(2.0,))["M5"]
    assert value.detail["signed"] == pytest.approx(0.01, rel=1e-6)


def test_noise_of_one_station_is_no_certain_drift(
    dates_of: Callable, climate: Callable, temporal: Callable
) -> None:
    dates = dates_of(60)
    x = climate(dates, 1, 1)
    certain = []
    for seed in range(40):
        y = x + np.random.default_rng(seed).uniform(-0.03, 0.03, x.shape)
        value = temporal(x, y, dates, sigma=(2.0,))["M5"]
        assert value.value is not None
        certain.append(value.value - 2.0 * value.error > 1e-3)
    # Two standard errors: one in twenty, less what the limit takes.
    assert np.mean(certain) <= 0.075


def test_steps_at_chunk_borders_are_told(
    dates_of: Callable, climate: Callable, temporal: Callable
) -> None:
    dates = dates_of(60)
    x = climate(dates)
    offset = 0.2 * (np.arange(60) // 15 % 2)
    y = x + offset[:, None, None, None] + np.random.default_rng(6).normal(0.0, 0.01, x.shape)
    detail = temporal(x, y, dates, sigma=(2.0,), chunk=(15, 1, 5, 6))["M5"].detail
    # The mean of 30 cells has a noise of 0.01/sqrt(30).
    assert detail["largest step at a chunk border"] == pytest.approx(0.1, abs=0.005)
    assert detail["steps at chunk borders over others"] > 20


def test_steps_across_missing_maps_are_no_border_steps(
    dates_of: Callable, climate: Callable, temporal: Callable
) -> None:
    dates = dates_of(60)
    x = climate(dates)
    offset = 0.2 * (np.arange(60) >= 15)
    y = x + offset[:, None, None, None] + np.random.default_rng(7).normal(0.0, 0.01, x.shape)
    x[14] = y[14] = np.nan
    detail = temporal(x, y, dates, sigma=(2.0,), chunk=(15, 1, 5, 6))["M5"].detail
    assert detail["largest step at a chunk border"] < 0.01


def test_chunks_of_one_step_have_no_borders_to_compare(
    dates_of: Callable, climate: Callable, temporal: Callable
) -> None:
    dates = dates_of(60)
    x = climate(dates)
    values = temporal(x, x + 0.1, dates, chunk=(1, 1, 5, 6))
    assert set(values["M5"].detail) == {"signed"}


def test_a_drift_needs_area(dates_of: Callable, climate: Callable, temporal: Callable) -> None:
    dates = dates_of(60)
    x = climate(dates)
    values = temporal(x, x + 0.1, dates, has_area="cells without bounds")
    assert values["M5"].reason == "no area weights: cells without bounds"
