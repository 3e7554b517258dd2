"""Years of which no step is missing, in every calendar."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from climcomp_metrics.annual.years import lacks_days, lacks_whole_years, whole_years
from climcomp_metrics.domain import Domain


@pytest.mark.parametrize(
    ("calendar", "days"),
    [
        ("standard", {1983: 365, 1984: 366, 1985: 365}),
        ("noleap", {1983: 365, 1984: 365, 1985: 365}),
        ("360_day", {1983: 360, 1984: 360, 1985: 360}),
        ("all_leap", {1983: 366, 1984: 366, 1985: 366}),
    ],
)
def test_years_are_as_long_as_the_calendar_says(
    calendar: str, days: dict[int, int], dates: Callable
) -> None:
    assert whole_years(dates(sum(days.values()), "1983-01-01", calendar)) == days


@pytest.mark.parametrize("calendar", ["standard", "noleap", "360_day"])
def test_begun_and_unfinished_years_are_left_out(calendar: str, dates: Callable) -> None:
    assert list(whole_years(dates(900, "1983-01-02", calendar))) == [1984]
    clock = dates(3 * 366, "1983-01-01", calendar)
    last_day_missing = dates(int((clock.year < 1985).sum()) - 1, "1983-01-01", calendar)
    assert list(whole_years(last_day_missing)) == [1983]


def test_a_year_with_a_missing_day_is_left_out(dates: Callable) -> None:
    clock = dates(0, at=[day for day in range(1095) if day != 500])
    assert list(whole_years(clock)) == [1981, 1983]


def test_finer_steps_than_days_have_whole_years(dates: Callable) -> None:
    assert whole_years(dates(4 * 400, hours=6.0)) == {1981: 1460}


def test_steps_that_go_back_have_no_whole_years(dates: Callable) -> None:
    assert whole_years(dates(0, at=[*range(365), *range(365)])) == {}
    twice_instead_of_the_next = [*range(100), 99, *range(101, 365)]
    assert whole_years(dates(0, at=twice_instead_of_the_next)) == {}


def test_months_have_no_annual_extremes(dates: Callable) -> None:
    reason = lacks_whole_years(Domain(clock=dates(24, hours=730.0)))
    assert reason == "daily values are needed, its steps are 30.4 days apart"


def test_records_without_dates_have_no_years() -> None:
    assert "dates" in lacks_whole_years(Domain())
    assert "dates" in lacks_days(Domain())


def test_the_reason_counts_the_whole_years(dates: Callable) -> None:
    domain = Domain(clock=dates(900))
    assert lacks_whole_years(domain, 2) == ""
    assert lacks_whole_years(domain, 20) == "20 whole years are needed, the record has 2"
    short = Domain(clock=dates(100))
    assert lacks_whole_years(short) == "a whole year is needed, the record has none"


def test_daily_values_are_told_from_others(dates: Callable) -> None:
    assert lacks_days(Domain(clock=dates(40))) == ""
    assert lacks_days(Domain(clock=dates(40, hours=6.0))).endswith("steps are 6 h apart")
    assert lacks_days(Domain(clock=dates(1))).endswith("a single time step")
    assert np.diff(dates(3, hours=6.0).seconds).tolist() == [21600.0, 21600.0]
