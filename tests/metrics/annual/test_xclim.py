"""The indices against xclim's, on records that begin and end within a year, in three calendars."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import xarray

ROWS, COLUMNS = 4, 5
YEARS = 6
# xclim and pandas warn of their own dependencies.
pytestmark = pytest.mark.filterwarnings("ignore")
CALENDARS = ("standard", "noleap", "360_day")


@pytest.fixture(scope="module")
def indices() -> Iterator[Any]:
    """xclim's functions; its warnings about its own dependencies are none of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from xclim import indices
        from xclim.core import calendar

        yield {"indices": indices, "calendar": calendar}


@pytest.fixture(scope="module", params=CALENDARS)
def clock(request: pytest.FixtureRequest, dates: Callable) -> Any:
    return dates(YEARS * 366, "1981-11-17", request.param)


def as_xarray(values: np.ndarray, clock: Any, unit: str) -> xarray.DataArray:
    first = "1981-11-17"
    time = xarray.date_range(first, periods=clock.steps, calendar=clock.calendar, use_cftime=True)
    dims = ("time", "lat", "lon")
    return xarray.DataArray(
        values[:, 0].astype(np.float64), {"time": time}, dims, attrs={"units": unit}
    )


def whole(index: xarray.DataArray, clock: Any) -> np.ndarray:
    """An annual index in the years that are whole: all but the first and the last."""
    found = index.values[1:-1]
    assert len(found) >= YEARS - 2
    return np.asarray(found, np.float64)


@pytest.fixture(scope="module")
def wet(rain: Callable, showers: Callable, clock: Any) -> Any:
    x = showers(clock.steps, ROWS, COLUMNS).astype(np.float64)
    # Two per cent of noise, and heavy rain damped by 3 %.
    y = x * np.random.default_rng(5).uniform(0.98, 1.02, x.shape)
    y = np.where(y > 15.0, 15.0 + 0.97 * (y - 15.0), y)
    return rain(x, y, clock, sigma=(1.0,))


@pytest.fixture(scope="module")
def warm(record: Callable, warmth: Callable, clock: Any) -> Any:
    x = warmth(clock.steps, ROWS, COLUMNS).astype(np.float64)
    y = x + 0.05 + np.random.default_rng(5).uniform(-0.2, 0.2, x.shape)
    return record(x, y, clock)


@pytest.mark.parametrize(("metric", "name"), [("E6-TXx", "tx_max"), ("E6-TNn", "tn_min")])
def test_warmest_and_coldest_days_are_those_of_xclim(
    metric: str, name: str, warm: Any, clock: Any, indices: Any
) -> None:
    both = [
        whole(getattr(indices["indices"], name)(as_xarray(v, clock, "K"), freq="YS"), clock)
        for v in (warm.x, warm.y)
    ]
    value = warm.value(metric)
    # Sums of float64 in another order.
    assert value.detail["signed"] == pytest.approx((both[1] - both[0]).mean(), rel=1e-9)
    assert value.detail["of the original"] == pytest.approx(both[0].mean(), rel=1e-12)


@pytest.mark.parametrize(
    ("metric", "name", "arguments"),
    [
        ("E6-Rx1day", "max_1day_precipitation_amount", {}),
        ("E6-Rx5day", "max_n_day_precipitation_amount", {"window": 5}),
    ],
)
def test_wettest_days_are_those_of_xclim(
    metric: str, name: str, arguments: dict, wet: Any, clock: Any, indices: Any
) -> None:
    both = [
        whole(
            getattr(indices["indices"], name)(
                as_xarray(v, clock, "mm/day"), freq="YS", **arguments
            ),
            clock,
        ).mean()
        for v in (wet.x, wet.y)
    ]
    value = wet.value(metric)
    assert value.detail["signed"] == pytest.approx(both[1] / both[0] - 1, rel=1e-9)
    assert value.detail["of the original"] == pytest.approx(both[0], rel=1e-12)


@pytest.mark.parametrize(
    ("metric", "name"),
    [("E6-CDD", "maximum_consecutive_dry_days"), ("E6-CWD", "maximum_consecutive_wet_days")],
)
def test_runs_are_those_of_xclim(
    metric: str, name: str, wet: Any, clock: Any, indices: Any
) -> None:
    days = [int((clock.year == year).sum()) for year in np.unique(clock.year)[1:-1]]
    both = [
        whole(getattr(indices["indices"], name)(as_xarray(v, clock, "mm/day"), freq="YS"), clock)
        for v in (wet.x, wet.y)
    ]
    shares = [100.0 * one.mean(axis=(1, 2)) / days for one in both]
    value = wet.value(metric)
    assert value.detail["signed"] == pytest.approx((shares[1] - shares[0]).mean(), rel=1e-9)
    assert value.detail["of the original"] == pytest.approx(shares[0].mean(), rel=1e-12)


def test_wet_days_are_those_of_xclim(wet: Any, clock: Any, indices: Any) -> None:
    detail = wet.value("D5").detail
    for threshold in (1.0, 0.1):
        x, y = (
            float(
                indices["indices"]
                .wetdays(as_xarray(v, clock, "mm/day"), thresh=f"{threshold} mm/day", freq="YS")
                .sum()
            )
            for v in (wet.x, wet.y)
        )
        expected = pytest.approx(y / x - 1, rel=1e-9)
        assert detail[f"signed at {threshold:g} mm"] == expected


def test_the_rain_of_very_wet_days_changes_as_with_the_exact_percentile(
    wet: Any, clock: Any, indices: Any
) -> None:
    x, y = (as_xarray(v, clock, "mm/day") for v in (wet.x, wet.y))
    percentile = x.where(x >= 1.0).quantile(0.95, dim="time", keep_attrs=True).drop_vars("quantile")
    shares = [
        indices["indices"].fraction_over_precip_thresh(v, percentile, freq="YS") for v in (x, y)
    ]
    totals = [v.where(v > 1.0, 0.0).resample(time="YS").sum() for v in (x, y)]
    amounts = [float((share * total).sum()) for share, total in zip(shares, totals, strict=True)]
    value = wet.value("E6-R95pTOT")
    expected = amounts[1] / amounts[0] - 1
    # The threshold is up to 3 % beside the percentile: another twentieth of the days crosses it.
    assert abs(expected) > 0.01
    assert value.detail["signed"] == pytest.approx(expected, abs=0.003)


def test_hot_days_change_as_with_thresholds_of_every_day(
    clock: Any, indices: Any, record: Callable, warmth: Callable, dates: Callable
) -> None:
    # Thresholds from years beside those that are counted, as ETCCDI's are for most years: inside
    # its base period xclim's change is too large by half (Zhang et al. 2005).
    year = 360.0 if clock.calendar == "360_day" else 365.25
    longer = dates(30 * 365, "1981-11-17", clock.calendar)
    base = as_xarray(warmth(longer.steps, ROWS, 3, 7, year), longer, "K")
    percentile = indices["calendar"].percentile_doy(base, window=5, per=90).sel(percentiles=90)
    record_clock = dates(15 * 365, "1981-11-17", clock.calendar)
    x = warmth(record_clock.steps, ROWS, 3, 1, year).astype(np.float64)
    y = x + 0.2 + np.random.default_rng(5).uniform(-0.2, 0.2, x.shape)
    hot = [
        indices["indices"].tx90p(as_xarray(v, record_clock, "K"), percentile, freq="YS")
        for v in (x, y)
    ]
    expected = 100.0 * float(hot[1].sum() - hot[0].sum()) / x.size
    value = record(x, y, record_clock).value("E6-TX90p")
    # Of 66,000 days 1,200 cross a threshold: 3 % by chance in each of the two.
    assert expected > 1.5
    assert value.detail["signed"] == pytest.approx(expected, rel=0.1)
