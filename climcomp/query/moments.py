"""Dates that a person gives, as seconds in the calendar of an axis."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import cftime
import numpy as np

from climcomp.errors import UsageError

# cftime has no types of its own.
_datetime: Any = cftime.datetime  # type: ignore[attr-defined]
_DATE = re.compile(
    r"(\d{4,})-(\d\d)-(\d\d)(?:[T ](\d\d)(?::?(\d\d)(?::?(\d\d)(?:\.(\d{1,6})\d*)?)?)?)?Z?"
)


def seconds_since(origin: Any, when: Any, name: str) -> float:
    """How long after the first date of an axis a moment is, in the axis's calendar.

    Parameters
    ----------
    origin
        A `cftime.datetime`.
    when
        A text of ISO 8601 with a day at least, whose time is 00:00 where it is not said and UTC
        where it is; a `datetime` (of Python or of cftime), a `date` or a `numpy.datetime64`.
    name
        What the axis is called in errors.

    Raises
    ------
    UsageError
        If it is no date, or the calendar has no such day.
    """
    parts = _parts(when)
    if parts is None:
        raise UsageError(
            f"{name}: found {when!r}, wanted a date with its day, such as 2000-07-01 or "
            "2000-07-01T06:00"
        )
    try:
        found = _datetime(*parts, calendar=origin.calendar)
    except ValueError as err:
        raise UsageError(
            f"{name}: {when} is no date of the calendar {origin.calendar!r}: {err}"
        ) from err
    return float((found - origin) / timedelta(seconds=1))


def _parts(when: Any) -> tuple[int, ...] | None:
    """Year, month, day, hour, minute, second and microsecond."""
    if isinstance(when, np.datetime64):
        when = str(when.astype("datetime64[us]"))
    if isinstance(when, str):
        match = _DATE.fullmatch(when.strip())
        if match is None:
            return None
        *whole, fraction = match.groups(default="0")
        return *map(int, whole), int(fraction.ljust(6, "0"))
    if isinstance(when, datetime) and when.tzinfo is not None:
        when = when.astimezone(UTC)
    if isinstance(when, datetime | _datetime):
        return (
            when.year, when.month, when.day, when.hour, when.minute, when.second, when.microsecond
        )  # fmt: skip
    return (when.year, when.month, when.day, 0, 0, 0, 0) if isinstance(when, date) else None
