"""Times of a source: dates where the calendar can be decoded, raw numbers where it cannot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cftime
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from climcomp.source.source import Source

# cftime has no types of its own.
_num2date: Any = cftime.num2date  # type: ignore[attr-defined]
_datetime: Any = cftime.datetime  # type: ignore[attr-defined]
_DAY_AS = "day as %Y%m%d"
# A month is at most 31 days and at least 28, so 1.5 of the usual step is no calendar's doing.
GAP_STEPS = 1.5
_SHOWN_GAPS = 3


@dataclass(frozen=True)
class TimeAxis:
    """The time axis of a variable.

    Parameters
    ----------
    coordinate
        Full name of its variable; None if there is none.
    numbers : (time,)
        As stored; None for text and without a coordinate.
    dates : (time,)
        `cftime.datetime` in the calendar of the file; None if they cannot be decoded.
    months : (time,)
        1 to 12; None if not known. A climatology of bare month numbers has months and no dates.
    step
        The regular step in the stored unit; None if the steps differ.
    reason
        Why there are no dates; empty if there are.
    """

    coordinate: str | None
    numbers: NDArray[Any] | None
    dates: NDArray[Any] | None
    months: NDArray[np.int64] | None
    step: float | None
    units: str
    calendar: str
    reason: str

    def label(self, index: int) -> str:
        """One time as text: a date if it is known, else the stored number and its unit."""
        if self.dates is not None:
            return str(self.dates[index].isoformat())
        if self.numbers is not None:
            return f"{self.numbers[index]} {self.units}".rstrip()
        return f"step {index}"


def time_values(source: Source, variable: str) -> tuple[NDArray[Any] | None, str]:
    """Dates of the time axis of a variable, or None and the reason."""
    axis = read_time_axis(source, variable)
    return axis.dates, axis.reason


def read_time_axis(source: Source, variable: str) -> TimeAxis:
    """The time axis of a variable; what cannot be decoded is no error.

    The axis may have a length of 1 from a scalar time, which all values of the variable share.
    """
    name = source.variables[variable].roles.time_coordinate
    if name is None:
        return TimeAxis(None, None, None, None, None, "", "", "there is no time coordinate")
    coordinate = source.variables[name]
    stored = np.atleast_1d(source.read(name))
    units = str(coordinate.attributes.get("units", "")).strip()
    calendar = str(coordinate.attributes.get("calendar", "standard")).lower()
    if stored.dtype.kind in "SO":
        dates, reason = _dates_of_text(stored)
        return TimeAxis(name, None, dates, _months(dates), None, units, calendar, reason)
    if stored.dtype.kind not in "iuf" or stored.ndim != 1:
        return TimeAxis(name, None, None, None, None, units, calendar, f"{name} is no 1-D number")
    dates, reason = decode_times(stored, units, calendar)
    months = _months(dates)
    if months is None and _is_month_number(name, units, stored):
        months = stored.astype(np.int64)
    return TimeAxis(name, stored, dates, months, regular_step(stored), units, calendar, reason)


def decode_times(
    numbers: NDArray[Any], units: str, calendar: str
) -> tuple[NDArray[Any] | None, str]:
    """Dates of stored times, or None and the reason, for the calendars of CF.

    Units that xarray refuses ("days since 0", "hour since 0000-01-01" in the standard calendar,
    "months since") give None; CDO's "day as %Y%m%d.%f" is understood.
    """
    values = numbers.astype(np.float64) if numbers.dtype.kind == "u" else numbers
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        return None, "some times are missing"
    try:
        if units.startswith(_DAY_AS):
            return _dates_of_digits(values, calendar), ""
        if " since " not in units:
            return None, f"the units of time are {units!r}, not 'UNIT since DATE'"
        dates = _num2date(values, units, calendar=calendar, only_use_cftime_datetimes=True)
    except (ValueError, OverflowError, TypeError, KeyError) as err:
        return None, f"{units!r} in the calendar {calendar!r} cannot be decoded: {err}"
    return np.atleast_1d(np.asarray(dates, dtype=object)), ""


def _dates_of_digits(values: NDArray[Any], calendar: str) -> NDArray[Any]:
    """20010115.5 is noon of 15 January 2001."""
    dates = []
    for value in values.tolist():
        day = int(value)
        midnight = _datetime(
            day // 10000, day // 100 % 100, day % 100, calendar=_cftime_calendar(calendar)
        )
        seconds = round((value - day) * 86400)
        dates.append(midnight + np.timedelta64(seconds, "s").item())
    return np.array(dates, dtype=object)


def _cftime_calendar(calendar: str) -> str:
    return "standard" if calendar in ("", "none") else calendar


def _dates_of_text(stored: NDArray[Any]) -> tuple[NDArray[Any] | None, str]:
    """WRF writes its times as characters: 2022-05-01_00:00:00."""
    if stored.dtype.kind == "S" and stored.ndim == 2:
        stored = np.ascontiguousarray(stored).view(f"S{stored.shape[1]}")[:, 0]
    dates = []
    for text in np.atleast_1d(stored).tolist():
        text = text.decode("ascii", "replace") if isinstance(text, bytes) else str(text)
        try:
            when = np.datetime64(text.strip("\0 ").replace("_", "T"), "s").item()
        except ValueError:
            return None, f"the text {text!r} is no date"
        dates.append(
            _datetime(
                when.year, when.month, when.day, when.hour, when.minute, when.second,
                calendar="proleptic_gregorian",
            )
        )  # fmt: skip
    return np.array(dates, dtype=object), ""


def _months(dates: NDArray[Any] | None) -> NDArray[np.int64] | None:
    if dates is None:
        return None
    return np.array([date.month for date in dates], dtype=np.int64)


def _is_month_number(name: str, units: str, numbers: NDArray[Any]) -> bool:
    short = name.rpartition("/")[2].lower()
    says_month = short in ("month", "months") or units.lower() in ("month", "months")
    whole = bool((numbers == np.floor(numbers)).all())
    return says_month and whole and bool(((numbers >= 1) & (numbers <= 12)).all())


def regular_step(numbers: NDArray[Any]) -> float | None:
    """The step of evenly spaced times, in the stored unit; None if steps differ by over 0.1 %."""
    if numbers.size < 2 or numbers.dtype.kind not in "iuf":
        return None
    steps = np.diff(numbers.astype(np.float64))
    step = float(np.median(steps))
    if step == 0 or not np.isfinite(step):
        return None
    return step if bool((np.abs(steps - step) <= 1e-3 * abs(step)).all()) else None


def time_warnings(
    numbers: NDArray[Any], units: str, calendar: str, name: str, files: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Gaps and backward steps of a time axis, named by date where it can be decoded.

    Parameters
    ----------
    numbers : (time,)
        As stored: gaps are found whether or not they can be decoded.
    files
        The file of each time, to name those on both sides of a gap.
    """
    if numbers.dtype.kind not in "iuf" or numbers.ndim != 1 or numbers.size < 3:
        return ()
    steps = np.diff(numbers.astype(np.float64))
    usual = float(np.median(steps))
    texts = []
    backward = np.flatnonzero(~(steps > 0))
    if backward.size and usual > 0:
        at = int(backward[0])
        texts.append(
            f"{name} does not increase at step {at + 1}: "
            f"{_label(numbers, at, units, calendar)} is followed by "
            f"{_label(numbers, at + 1, units, calendar)} ({backward.size} such steps)"
        )
    gaps = np.flatnonzero(steps > GAP_STEPS * usual) if usual > 0 else np.empty(0, dtype=int)
    for at in gaps[:_SHOWN_GAPS].tolist():
        between = ""
        if files and files[at] != files[at + 1]:
            between = f", between {files[at]} and {files[at + 1]}"
        missing = round(float(steps[at]) / usual) - 1
        texts.append(
            f"a gap in {name} of about {missing} steps after "
            f"{_label(numbers, at, units, calendar)}: the next is "
            f"{_label(numbers, at + 1, units, calendar)}{between}"
        )
    if gaps.size > _SHOWN_GAPS:
        texts.append(f"{gaps.size - _SHOWN_GAPS} more gaps in {name}")
    return tuple(texts)


def _label(numbers: NDArray[Any], index: int, units: str, calendar: str) -> str:
    dates, _ = decode_times(numbers[index : index + 1], units, calendar)
    if dates is not None:
        return str(dates[0].isoformat())
    return f"{numbers[index]} {units}".rstrip()


def same_reference(first: Any, second: Any, calendar: Any) -> bool:
    """Two texts of time units mean the same unit and the same date, so that numbers can be joined.

    "days since 1850-01-01" and "days since 1850-1-1 00:00:00" do.
    """
    if not (isinstance(first, str) and isinstance(second, str)):
        return False
    name = str(calendar or "standard").lower()
    numbers = np.array([0.0, 1.0])
    ours, _ = decode_times(numbers, first.strip(), name)
    theirs, _ = decode_times(numbers, second.strip(), name)
    return ours is not None and theirs is not None and bool((ours == theirs).all())
