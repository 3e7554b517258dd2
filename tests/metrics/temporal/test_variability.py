"""M1, M2 and M6 against closed forms and against xarray's groups by month."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

from climcomp_metrics import judge
from climcomp_metrics.temporal.cells import CONSTANT_CELL

RECORDS = [
    ("noleap", 1.0, 500),
    ("360_day", 1.0, 420),
    ("standard", 30.0, 60),
    ("noleap", 0.25, 480),
]


def deseasonalised(x: np.ndarray, dates: Any) -> np.ndarray:
    """About means by calendar month, or about the mean where a month has fewer than three steps."""
    array = xr.DataArray(x[:, 0], dims=("time", "y", "x"), coords={"time": dates})
    groups = array.groupby("time.month")
    if min(len(rows) for rows in groups.groups.values()) < 3:
        return (array - array.mean("time")).values
    return (groups - groups.mean("time")).values


def lag_one(x: np.ndarray) -> np.ndarray:
    """Mean over neighbours of products, over the mean square; NaN is missing."""
    neighbours = np.nanmean(x[1:] * x[:-1], axis=0)
    return np.asarray(neighbours / np.nanmean(x**2, axis=0))


@pytest.fixture(params=RECORDS, ids=lambda record: f"{record[0]}-{record[1]:g} days")
def pair(
    request: pytest.FixtureRequest, dates_of: Callable, climate: Callable
) -> tuple[np.ndarray, np.ndarray, Any]:
    calendar, days, steps = request.param
    dates = dates_of(steps, days, calendar)
    x = climate(dates)
    noise = np.random.default_rng(3).normal(0.0, 0.05, x.shape)
    y = x + noise + 0.004 * (x - 280.0)
    x[10:14, 0, 2, 2:5] = y[10:14, 0, 2, 2:5] = np.nan
    return x, y, dates


def test_the_variance_ratio_is_that_of_departures_from_monthly_means(
    pair: tuple, temporal: Callable
) -> None:
    x, y, dates = pair
    a, b = (np.nanvar(deseasonalised(v, dates), axis=0) for v in (x, y))
    changes = np.abs(b / a - 1.0)
    actual = temporal(x, y, dates)["M1"]
    assert actual.value == pytest.approx(float(np.median(changes)), rel=1e-8)
    assert actual.detail["p95"] == pytest.approx(float(np.quantile(changes, 0.95)), rel=1e-8)


def test_the_lag_one_change_is_that_of_departures_from_monthly_means(
    pair: tuple, temporal: Callable
) -> None:
    x, y, dates = pair
    a, b = (lag_one(deseasonalised(v, dates)) for v in (x, y))
    actual = temporal(x, y, dates)["M2"]
    assert actual.value == pytest.approx(float(np.median(np.abs(b - a))), rel=1e-8)
    assert actual.detail["signed median"] == pytest.approx(float(np.median(b - a)), rel=1e-8)


def test_the_local_noise_share_is_rms_error_over_the_local_sd(
    pair: tuple, temporal: Callable
) -> None:
    x, y, dates = pair
    anomaly = deseasonalised(x, dates)
    n = np.isfinite(anomaly).sum(axis=0)
    months = np.unique([date.month for date in dates]).size
    sigma = np.sqrt(np.nansum(anomaly**2, axis=0) / (n - months))
    share = np.sqrt(np.nanmean((y - x)[:, 0] ** 2, axis=0)) / sigma
    expected = float(np.quantile(share, 0.95))
    assert temporal(x, y, dates)["M6"].value == pytest.approx(expected, rel=1e-8)


def test_every_cell_made_one_per_cent_stronger_has_a_ratio_of_1_0201(
    dates_of: Callable, climate: Callable, temporal: Callable
) -> None:
    dates = dates_of(400)
    x = climate(dates)
    value = temporal(x, 280.0 + 1.01 * (x - 280.0), dates)["M1"]
    assert value.value == pytest.approx(0.0201, rel=1e-9)
    # Nothing in the error is noise, so nothing of it is chance.
    assert value.error < 1e-6


def test_a_rhythm_of_two_steps_made_one_of_four_loses_its_memory(
    dates_of: Callable, temporal: Callable
) -> None:
    """Yearly steps: +-+- has a lag-1 correlation of -1, ++-- of 1/(n - 1) for n = 40."""
    steps = np.arange(40)
    x, y = (
        (1.0 - 2.0 * (steps // k % 2))[:, None, None, None] * np.ones((1, 1, 2, 2)) for k in (1, 2)
    )
    value = temporal(x, y, dates_of(40, 360.0, "360_day"))["M2"]
    assert value.value == pytest.approx(1.0 + 1.0 / 39.0, rel=1e-12)


def test_steps_across_a_gap_are_no_neighbours(
    dates_of: Callable, climate: Callable, temporal: Callable
) -> None:
    dates = dates_of(200, skip=range(60, 90))
    x = climate(dates)
    y = x + np.random.default_rng(4).normal(0.0, 0.3, x.shape)
    changes = []
    for v in (x, y):
        anomaly = deseasonalised(v, dates)
        products = np.delete(anomaly[1:] * anomaly[:-1], 59, axis=0)
        changes.append(products.mean(axis=0) / (anomaly**2).mean(axis=0))
    expected = float(np.median(np.abs(changes[1] - changes[0])))
    assert temporal(x, y, dates)["M2"].value == pytest.approx(expected, rel=1e-9)


def test_digits_survive_a_mean_of_1e5_pascal(
    dates_of: Callable, climate: Callable, temporal: Callable
) -> None:
    dates = dates_of(400)
    departure = climate(dates) - 280.0
    x = np.linspace(6e4, 1.03e5, 30).reshape(1, 1, 5, 6) + departure
    y = x + np.random.default_rng(5).normal(0.0, 0.01, x.shape)
    values = temporal(x, y, dates)
    a, b = (deseasonalised(v, dates) for v in (x, y))
    expected = float(np.median(np.abs((b**2).sum(axis=0) / (a**2).sum(axis=0) - 1.0)))
    assert values["M1"].value == pytest.approx(expected, rel=1e-5)
    expected = float(np.median(np.abs(lag_one(b) - lag_one(a))))
    assert values["M2"].value == pytest.approx(expected, rel=1e-5)


def test_a_field_that_no_longer_varies_has_lost_all_variance_and_memory(
    dates_of: Callable, climate: Callable, temporal: Callable
) -> None:
    dates = dates_of(200, 360.0, "360_day")
    x = climate(dates)
    values = temporal(x, np.full_like(x, 280.0), dates)
    assert values["M1"].value == pytest.approx(1.0, rel=1e-9)
    r = lag_one(deseasonalised(x, dates))
    assert values["M2"].value == pytest.approx(float(np.median(np.abs(r))), rel=1e-6)


def test_near_constant_cells_stay_out_of_ratios(
    dates_of: Callable, climate: Callable, temporal: Callable
) -> None:
    """A tenth of the cells is ocean under ice: its noise drowns nothing that anybody looks at."""
    dates = dates_of(100)
    x = climate(dates)
    x[:, 0, 0, :3] = 271.35 + 0.5 * CONSTANT_CELL * 0.1 * (x[:, 0, 0, :3] - 280.0)
    y = x + np.random.default_rng(6).uniform(-0.01, 0.01, x.shape)
    value = temporal(x, y, dates)["M6"]
    assert value.detail["cells"] == 27
    assert value.value is not None
    assert value.value < 0.01


@pytest.mark.parametrize("memory", [0.0, 0.7])
def test_what_30_steps_add_to_the_local_noise_share_is_its_error(
    dates_of: Callable, temporal: Callable, memory: float
) -> None:
    """All cells vary alike, so that the percentile shows nothing but how badly that is known."""
    x = np.random.default_rng(10).standard_normal((40, 1, 20, 30))
    for t in range(1, 40):
        x[t] = memory * x[t - 1] + np.sqrt(1.0 - memory**2) * x[t]
    x, steps = x[10:], np.random.default_rng(11).choice([-0.1, 0.1], (30, 1, 20, 30))
    value = temporal(x, x + steps, dates_of(30), sigma=(1.0,))["M6"]
    assert value.value is not None
    assert value.value > 0.115
    assert value.value - 2.0 * value.error == pytest.approx(0.1, rel=0.15)


def test_noise_over_the_calm_tenth_of_the_cells_fails(
    dates_of: Callable, climate: Callable, settings_of: Callable, temporal: Callable
) -> None:
    dates = dates_of(200)
    x = climate(dates, 20, 30)
    x[:, 0, :2] = 280.0 + 0.2 * (x[:, 0, :2] - 280.0)
    y = x + np.random.default_rng(7).uniform(-0.2, 0.2, x.shape)
    values = list(temporal(x, y, dates).values())
    verdicts = {v.criterion: v for v in judge(values, settings_of(x, dates))}
    assert verdicts["M6"].outcome == "fail"
    assert verdicts["M6"].detail["median"] < 0.1


@pytest.mark.parametrize("steps", [30, 60, 365])
@pytest.mark.parametrize("share", [0.01, 0.03, 0.1])
def test_harmless_white_errors_fail_in_no_record_however_short(
    dates_of: Callable, climate: Callable, settings_of: Callable, temporal: Callable,
    steps: int, share: float,
) -> None:  # fmt: skip
    dates = dates_of(steps)
    x = climate(dates, 20, 30)
    field = settings_of(x, dates)
    bound = share * field.sigma[0]
    y = x + np.random.default_rng(8).uniform(-bound, bound, x.shape)
    verdicts = {v.criterion: v for v in judge(list(temporal(x, y, dates).values()), field)}
    names = ("M1", "M2", "M3", "M3-phase", "M5", "M7")
    assert not [name for name in names if verdicts[name].outcome == "fail"]
    if share == 0.01:
        assert {verdicts[name].outcome for name in names} <= {"pass", "n/a"}


def test_two_per_cent_of_variance_lost_in_30_steps_fails(
    dates_of: Callable, climate: Callable, settings_of: Callable, temporal: Callable
) -> None:
    dates = dates_of(30)
    x = climate(dates, 20, 30)
    noise = np.random.default_rng(9).uniform(-0.02, 0.02, x.shape)
    y = x.mean(axis=0) + 0.99 * (x - x.mean(axis=0)) + noise
    values = list(temporal(x, y, dates).values())
    verdicts = {v.criterion: v for v in judge(values, settings_of(x, dates))}
    assert verdicts["M1"].outcome == "fail"


def test_a_constant_field_has_no_variability_to_change(
    dates_of: Callable, temporal: Callable
) -> None:
    dates = dates_of(40)
    x = np.full((40, 1, 3, 4), 5.0, np.float32)
    values = temporal(x, x + np.float32(0.5), dates, sigma=(0.0,))
    for name in ("M1", "M2", "M6"):
        assert values[name].reason == "no cell varies by more than rounding in 30 valid steps"


def test_valid_steps_that_all_stand_alone_have_no_lag(
    dates_of: Callable, climate: Callable, temporal: Callable
) -> None:
    dates = dates_of(80)
    x = climate(dates)
    x[1::2] = np.nan
    values = temporal(x, x + 0.1 * np.sin(x), dates)
    assert values["M2"].reason == "no cell has neighbouring valid steps"
    assert values["M1"].value is not None
