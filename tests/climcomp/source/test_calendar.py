"""Times are dates where they can be, and numbers where they cannot; never an error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from climcomp.source import open_source, read_time_axis, time_values
from climcomp.source.calendar import decode_times, regular_step, same_reference, time_warnings

MakeFile = Callable[..., Path]


@pytest.mark.parametrize(
    "calendar",
    [
        "standard",
        "gregorian",
        "proleptic_gregorian",
        "julian",
        "noleap",
        "365_day",
        "NOLEAP",
        "360_day",
        "all_leap",
        "366_day",
    ],
)
def test_dates_are_those_of_xarray(make_file: MakeFile, calendar: str) -> None:
    path = make_file(steps=400, units="days since 1999-12-30 12:00:00", calendar=calendar)
    axis = read_time_axis(open_source(path), "tas")
    coder = xr.coders.CFDatetimeCoder(use_cftime=True)
    with xr.open_dataset(path, decode_times=coder) as theirs:
        expected = theirs["time"].values
    assert axis.dates is not None
    assert [d.isoformat() for d in axis.dates] == [d.isoformat() for d in expected]
    assert axis.months is not None
    assert axis.months.tolist() == [d.month for d in expected]
    assert axis.step == 1.0


@pytest.mark.parametrize(
    "units",
    [
        "days since 0",
        "hour since 0000-01-01 00:00:00",
        "months since 1979-01-01",
        "Month",
        "",
        "fortnights since yesterday",
    ],
)
def test_what_cannot_be_decoded_gives_a_reason_and_no_error(
    make_file: MakeFile, units: str
) -> None:
    source = open_source(make_file(units=units))
    dates, reason = time_values(source, "tas")
    assert dates is None
    assert reason
    axis = read_time_axis(source, "tas")
    assert axis.step == 1.0
    assert axis.label(2) == f"2.0 {units}".rstrip()
    assert axis.months is None or axis.months.tolist()


def test_days_as_digits_are_understood() -> None:
    dates, reason = decode_times(
        np.array([20010131.0, 20010228.75]), "day as %Y%m%d.%f", "proleptic_gregorian"
    )
    assert reason == ""
    assert dates is not None
    assert [d.isoformat() for d in dates] == ["2001-01-31T00:00:00", "2001-02-28T18:00:00"]


def test_month_numbers_are_months(make_file: MakeFile) -> None:
    def change(file: Any) -> None:
        file.renameDimension("time", "month")
        file.renameVariable("time", "month")
        file["month"].setncatts({"units": "1", "standard_name": "month"})
        file["month"][:] = [1, 4, 7]

    axis = read_time_axis(open_source(make_file(change=change, unlimited=False)), "tas")
    assert axis.months is not None
    assert axis.months.tolist() == [1, 4, 7]
    assert axis.dates is None


def test_missing_times_are_no_error() -> None:
    dates, reason = decode_times(np.array([0.0, np.nan]), "days since 2000-01-01", "standard")
    assert dates is None
    assert "missing" in reason


def test_a_regular_step_needs_equal_steps() -> None:
    assert regular_step(np.array([0.0, 6.0, 12.0])) == 6.0
    assert regular_step(np.array([0, 31, 59])) is None
    assert regular_step(np.array([0.0])) is None


def test_backward_times_are_told() -> None:
    (text,) = time_warnings(
        np.array([0.0, 1.0, 2.0, 1.0, 2.0, 3.0, 4.0]), "days since 2000-01-01", "standard", "time"
    )
    assert "does not increase at step 3" in text
    assert "2000-01-03" in text


def test_many_gaps_are_counted() -> None:
    numbers = np.cumsum([0.0] + [1, 1, 1, 9] * 6)
    texts = time_warnings(numbers, "days since 2000-01-01", "standard", "time")
    assert len(texts) == 4
    assert texts[-1] == "3 more gaps in time"


def test_the_same_reference_in_other_words_is_the_same() -> None:
    assert same_reference("days since 1850-01-01", "days since 1850-1-1 00:00:00", None)
    assert not same_reference("days since 1850-01-01", "days since 1850-01-02", None)
    assert not same_reference("days since 1850-01-01", "hours since 1850-01-01", "noleap")
    assert not same_reference("months", "months since 1850-01-01", None)
