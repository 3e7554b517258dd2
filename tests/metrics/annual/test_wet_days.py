"""How often it rains (D5)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

DAYS = 40


def test_lost_rain_days_are_counted(rain: Callable) -> None:
    x = np.zeros((DAYS, 1, 10, 10))
    x[:20] = 5.0
    y = x.copy()
    y[3, 0, :5] = 0.5  # wet at 0.1 mm still
    value = rain(x, y, sigma=(1.0,)).value("D5")
    assert value.value == pytest.approx(50 / 2000, rel=1e-12)
    assert value.detail == {"signed at 1 mm": -50 / 2000, "signed at 0.1 mm": 0.0}
    assert value.place == "days of 1 mm or more"
    assert value.error == pytest.approx(np.sqrt(50) / 2000)


def test_drizzle_made_shows_at_a_tenth_of_a_millimetre(rain: Callable) -> None:
    x = np.zeros((DAYS, 1, 10, 10))
    x[:20] = 5.0
    y = np.maximum(x, 0.11)
    value = rain(x, y, sigma=(1.0,)).value("D5")
    assert value.place == "days of 0.1 mm or more"
    assert value.value == pytest.approx(1.0)
    assert value.detail["signed at 1 mm"] == 0.0


@pytest.mark.parametrize("along_rows", [True, False])
def test_shares_are_of_area(along_rows: bool, rain: Callable) -> None:
    x = np.full((DAYS, 1, 2, 2), 5.0)
    y = x.copy()
    weights = np.array([[3.0, 3.0], [1.0, 1.0]])
    weights = weights if along_rows else weights.T.copy()
    y[:10][:, :, weights == 3.0] = 0.0
    value = rain(x, y, weights=weights, sigma=(1.0,)).value("D5")
    assert value.value == pytest.approx(0.25 * 6 / 8, rel=1e-12)


def test_cells_count_alike_where_no_area_is_known(rain: Callable) -> None:
    x = np.full((DAYS, 1, 2, 2), 5.0)
    y = x.copy()
    y[:10, 0, 0, 0] = 0.0
    case = rain(x, y, weights=None, has_area="curvilinear", sigma=(1.0,))
    assert case.value("D5").value == pytest.approx(10 / 160)


def test_missing_values_are_not_days(rain: Callable) -> None:
    x = np.full((DAYS, 1, 2, 2), 5.0)
    y = x.copy()
    x[:20, 0, 0, 0] = np.nan
    y[20:30, 0, 0, 0] = np.inf
    y[30:35, 0, 0, 0] = 0.0
    case = rain(x, y, sigma=(1.0,))
    assert case.value("D5").value == pytest.approx(5 / (3 * DAYS + 10))


def test_a_millimetre_that_was_stored_in_float32_is_a_millimetre(rain: Callable) -> None:
    x = np.full((DAYS, 1, 2, 2), 1.0 / 86400.0).astype(np.float32)
    y = np.nextafter(x, np.float32(0.0))
    value = rain(x, y, unit="kg m-2 s-1", sigma=(1.0,)).value("D5")
    assert value.detail["signed at 1 mm"] == -1.0
    assert value.detail["signed at 0.1 mm"] == 0.0


def test_few_crossings_either_way_are_within_chance(rain: Callable) -> None:
    x = np.full((DAYS, 1, 10, 10), 5.0)
    y = x.copy()
    x[0, 0, 0, :9] = 0.9
    y[0, 0, 0, :9] = 1.1
    y[0, 0, 1, :7] = 0.9
    value = rain(x, y, sigma=(1.0,)).value("D5")
    assert value.detail["signed at 1 mm"] == pytest.approx(2 / 3991)
    assert value.error == pytest.approx(4 / 3991)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"clock": None}, "the dates of its time steps are not known"),
        ({"hours": 3.0}, "daily values are needed, its steps are 3 h apart"),
        ({"unit": "1"}, "not precipitation: pr in 1"),
    ],
)
def test_what_is_not_daily_rain_has_no_wet_days(
    changes: dict, reason: str, rain: Callable, dates: Callable
) -> None:
    x = np.full((DAYS, 1, 2, 2), 5.0)
    if "hours" in changes:
        changes = {"clock": dates(DAYS, **changes)}
    value = rain(x, x * 1.01, sigma=(1.0,), **changes).value("D5")
    assert (value.value, value.reason) == (None, reason)
