"""Indices of years: closed forms, whole years alone, areas, and reasons."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

YEAR = 365
TEMPERATURE = ("E6-TXx", "E6-TNn", "E6-TX90p")
RAIN = ("E6-Rx1day", "E6-Rx5day", "E6-CDD", "E6-CWD", "E6-R95pTOT")


def test_a_shift_moves_warmest_and_coldest_day_by_itself(
    record: Callable, warmth: Callable
) -> None:
    x = warmth(2 * YEAR, 3, 4).astype(np.float64)
    case = record(x, x + 0.03, sigma=(2.0,))
    for metric in ("E6-TXx", "E6-TNn"):
        value = case.value(metric)
        assert value.value == pytest.approx(0.015, rel=1e-9)
        assert value.detail["signed"] == pytest.approx(0.015, rel=1e-9)
        assert value.error == pytest.approx(0.0, abs=1e-9)


def test_clipping_the_top_moves_the_warmest_day_alone(record: Callable, warmth: Callable) -> None:
    x = warmth(2 * YEAR, 3, 4)
    case = record(x, np.minimum(x, np.quantile(x, 0.999)))
    warmest = case.value("E6-TXx")
    yearly = x.reshape(2, YEAR, 12).astype(np.float64).max(axis=1)
    expected = (np.minimum(yearly, np.quantile(x, 0.999)) - yearly).mean()
    assert warmest.detail["signed"] == pytest.approx(expected, rel=1e-6)
    assert case.value("E6-TNn").value == 0.0


def test_the_mean_is_weighted_by_area(record: Callable, warmth: Callable) -> None:
    x = warmth(YEAR, 2, 12).astype(np.float64)
    y = x.copy()
    y[:, 0, 0] += 0.4
    weights = np.repeat([[3.0], [1.0]], 12, axis=1)
    case = record(x, y, weights=weights)
    assert case.value("E6-TXx").value == pytest.approx(0.3, rel=1e-9)


def test_begun_years_do_not_count(record: Callable, warmth: Callable, dates: Callable) -> None:
    x = warmth(YEAR + 200, 3, 4).astype(np.float64)
    y = x.copy()
    y[YEAR + 20 :] += 50.0
    y[:20] -= 50.0
    case = record(x, y, dates(x.shape[0], "1981-12-12"))
    assert case.value("E6-TXx").value == pytest.approx(0.0, abs=1e-12)
    assert case.value("E6-TNn").value == pytest.approx(0.0, abs=1e-12)


def test_a_year_of_a_cell_that_lacks_a_day_does_not_count(
    record: Callable, warmth: Callable
) -> None:
    x = warmth(2 * YEAR, 3, 4).astype(np.float64)
    y = x + 0.1
    y[:YEAR, 0, 0, 0] += 7.0
    x[100, 0, 0, 0] = np.nan
    case = record(x, y)
    value = case.value("E6-TXx")
    assert value.value == pytest.approx(0.1, rel=1e-9)
    assert value.detail["whole years"] == 23


def test_cells_count_alike_however_many_whole_years_they_have(
    record: Callable, warmth: Callable
) -> None:
    x = warmth(2 * YEAR, 3, 4).astype(np.float64)
    y = x + 0.1
    y[:, 0, 0, 0] += 1.2
    x[100, 0, 0, 0] = np.nan
    assert record(x, y).value("E6-TXx").value == pytest.approx(0.2, rel=1e-9)


def test_the_error_is_that_of_a_mean_in_the_unit_of_the_value(
    record: Callable, warmth: Callable
) -> None:
    x = warmth(YEAR, 4, 4).astype(np.float64)
    y = x.copy()
    y[:, :, :2] += 0.4
    value = record(x, y, sigma=(2.0,)).value("E6-TXx")
    # 16 values of which half are 0.4 and half 0: SD 0.2 over the root of 16, over sigma.
    assert value.value == pytest.approx(0.1, rel=1e-9)
    assert value.error == pytest.approx(0.2 / 4 / 2.0, rel=1e-9)


def test_rain_that_is_heavier_by_one_factor_leaves_nothing_to_chance(
    rain: Callable, showers: Callable
) -> None:
    x = showers(YEAR, 3, 4).astype(np.float64)
    assert rain(x, 1.01 * x).value("E6-Rx1day").error == pytest.approx(0.0, abs=1e-12)


def test_cells_that_are_always_missing_stay_out(record: Callable, warmth: Callable) -> None:
    x = warmth(YEAR, 5, 6).astype(np.float64)
    y = x + 0.1
    x[:, :, 2:4] = y[:, :, 2:4] = np.nan
    value = record(x, y).value("E6-TXx")
    assert value.value == pytest.approx(0.1, rel=1e-9)
    assert value.detail["whole years"] == 18


def test_rain_made_heavier_moves_all_amounts_alike(rain: Callable, showers: Callable) -> None:
    x = showers(2 * YEAR, 3, 4).astype(np.float64)
    case = rain(x, 1.01 * x)
    for metric in ("E6-Rx1day", "E6-Rx5day"):
        assert case.value(metric).value == pytest.approx(0.01, rel=1e-9)


@pytest.mark.parametrize("filled", [3.0, 0.5])
def test_filling_a_dry_day_cuts_the_longest_dry_run(filled: float, rain: Callable) -> None:
    x = np.full((YEAR, 1, 3, 4), 3.0)
    x[100:120] = 0.0
    y = x.copy()
    y[105] = filled
    value = rain(x, y, sigma=(1.0,)).value("E6-CDD")
    days_lost = 6 if filled >= 1.0 else 0
    assert value.detail["of the original"] == pytest.approx(100 * 20 / YEAR)
    assert value.value == pytest.approx(100 * days_lost / YEAR)


def test_losing_a_wet_day_cuts_the_longest_wet_run(rain: Callable) -> None:
    x = np.zeros((YEAR, 1, 3, 4))
    x[100:110] = 4.0
    y = x.copy()
    y[107, 0, :, :2] = 0.9
    value = rain(x, y, sigma=(1.0,)).value("E6-CWD")
    assert value.value == pytest.approx(100 * 3 / YEAR / 2)
    assert value.detail["signed"] < 0
    assert value.error > 0


def test_six_hourly_temperatures_have_warmest_days_and_no_hot_ones(
    record: Callable, warmth: Callable, dates: Callable
) -> None:
    x = warmth(4 * YEAR, 3, 4).astype(np.float64)
    case = record(x, x + 0.1, dates(4 * YEAR, hours=6.0))
    assert case.value("E6-TXx").value == pytest.approx(0.1, rel=1e-9)
    assert case.value("E6-TX90p").reason == "daily values are needed, its steps are 6 h apart"


def test_values_that_all_came_back_have_no_change(
    record: Callable, rain: Callable, warmth: Callable, showers: Callable
) -> None:
    x, r = warmth(YEAR, 2, 3), showers(YEAR, 2, 3)
    assert [record(x, x).value(m).value for m in TEMPERATURE] == [0.0] * 3
    assert [rain(r, r).value(m).value for m in (*RAIN, "D5")] == [0.0] * 6


def test_humidity_has_no_index_of_precipitation(rain: Callable, showers: Callable) -> None:
    x = showers(YEAR, 3, 4)
    case = rain(x, x * 1.01, unit="kg kg-1", variable="hus")
    for metric in (*RAIN, "D5"):
        assert case.value(metric).reason == "not precipitation: hus in kg kg-1"


def test_wind_has_no_index_of_temperature(record: Callable, warmth: Callable) -> None:
    x = warmth(YEAR, 3, 4)
    case = record(x, x * 1.01, unit="m s-1", variable="ua")
    for metric in TEMPERATURE:
        assert case.value(metric).reason == "not a temperature in K or degC: ua in m s-1"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"clock": None}, "the dates of its time steps are not known"),
        ({"weights": None, "has_area": "curvilinear"}, "no area weights: curvilinear"),
        ({"sigma": (0.0,)}, "the standard deviation is zero or undefined"),
    ],
)
def test_what_is_missing_is_the_reason(
    changes: dict, reason: str, record: Callable, warmth: Callable
) -> None:
    x = warmth(YEAR, 3, 4)
    case = record(x, x + np.float32(0.1), **changes)
    for metric in TEMPERATURE:
        value = case.value(metric)
        assert (value.value, value.reason) == (None, reason)


def test_short_records_months_and_lone_cells_are_told_apart(
    record: Callable, warmth: Callable, dates: Callable
) -> None:
    x = warmth(120, 3, 4)
    short = record(x, x + np.float32(0.1)).value("E6-TXx")
    assert short.reason == "a whole year is needed, the record has none"
    months = record(x, x + np.float32(0.1), dates(120, hours=730.0)).value("E6-TXx")
    assert months.reason == "daily values are needed, its steps are 30.4 days apart"
    one = warmth(YEAR, 1, 1)
    lone = record(one, one + np.float32(0.1)).value("E6-TXx")
    assert lone.reason == "10 whole years of a cell are needed, there are 1"


def test_one_cell_has_indices_after_ten_years(record: Callable, warmth: Callable) -> None:
    x = warmth(10 * YEAR, 1, 1).astype(np.float64)
    case = record(x, x + 0.1, weights=None)
    assert case.value("E6-TXx").value == pytest.approx(0.1, rel=1e-9)


def test_nothing_but_missing_values_is_the_reason(record: Callable, warmth: Callable) -> None:
    x = np.full((YEAR, 1, 2, 2), np.nan, np.float32)
    case = record(x, x, sigma=(1.0,))
    assert {case.value(m).reason for m in (*TEMPERATURE, "E7")} == {"no value is valid"}


def test_no_rain_at_all_gives_no_relative_change(rain: Callable) -> None:
    x = np.zeros((YEAR, 1, 4, 4))
    y = x.copy()
    y[5, 0, 0, 0] = 1e-9
    case = rain(x, y, sigma=(1.0,))
    assert "under the rounding" in case.value("E6-Rx1day").reason
    assert case.value("E6-CDD").value == 0.0
    assert case.value("E6-R95pTOT").reason == "10 cells with a threshold are needed, there are 0"
    assert case.value("D5").reason == "wet days: 100 values are needed, there are 0"


def test_latitudes_may_descend(record: Callable, warmth: Callable) -> None:
    x = warmth(YEAR, 6, 4).astype(np.float64)
    y = x + np.linspace(0.0, 0.1, 6)[:, None]
    weights = np.linspace(0.2, 1.0, 6)[:, None] * np.ones(4)
    up = record(x, y, weights=weights).value("E6-TXx")
    down = record(x[:, :, ::-1], y[:, :, ::-1], weights=weights[::-1].copy()).value("E6-TXx")
    assert down.value == pytest.approx(up.value, rel=1e-12)


def test_unstructured_cells_are_cells(rain: Callable, showers: Callable) -> None:
    x = showers(YEAR, 3, 4).astype(np.float64)
    y = x * np.random.default_rng(2).uniform(0.9, 1.1, x.shape)
    grid = rain(x, y, sigma=(1.0,))
    line = rain(x.reshape(YEAR, 1, 1, 12), y.reshape(YEAR, 1, 1, 12), sigma=(1.0,))
    for metric in RAIN:
        assert line.value(metric).value == pytest.approx(grid.value(metric).value, rel=1e-12)
