"""Dates of a record, as the metrics that need seasons and years ask for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from climcomp.source.calendar import TimeAxis

DAY_SECONDS = 86400.0
_DAILY_WITHIN = 1e-3  # of a day: what rounding makes of stored times


@dataclass(frozen=True, slots=True)
class Clock:
    """The date of every time step of a variable, in the calendar of its file.

    Parameters
    ----------
    year, month, day, day_of_year : (time,)
        As the calendar counts them: month 1 to 12, day and day_of_year from 1.
    seconds : (time,)
        Since the first step; ascending in any sound record.
    calendar
        CF's name: "standard", "noleap", "360_day", ...
    """

    year: NDArray[np.int64]
    month: NDArray[np.int64]
    day: NDArray[np.int64]
    day_of_year: NDArray[np.int64]
    seconds: NDArray[np.float64]
    calendar: str

    @property
    def steps(self) -> int:
        """How many time steps there are."""
        return int(self.year.size)

    @property
    def is_daily(self) -> bool:
        """Whether steps are one day apart, but for gaps of whole days."""
        return self._are_steps_of(DAY_SECONDS)

    @property
    def usual_step_seconds(self) -> float:
        """The median time between steps; 0 for fewer than two."""
        return float(np.median(np.diff(self.seconds))) if self.steps > 1 else 0.0

    def _are_steps_of(self, length: float) -> bool:
        days = np.diff(self.seconds) / length
        whole = np.abs(days - np.round(days)) <= _DAILY_WITHIN
        return bool(days.size and whole.all() and np.median(days).round() == 1)


def make_clock(axis: TimeAxis, steps: int) -> Clock | None:
    """The clock of a variable of so many time steps; None where its dates are not known."""
    if axis.dates is None or len(axis.dates) != steps:
        return None
    dates = axis.dates
    parts = [
        np.array([getattr(date, name) for date in dates], np.int64)
        for name in ("year", "month", "day", "dayofyr")
    ]
    seconds = np.array([(date - dates[0]).total_seconds() for date in dates], np.float64)
    return Clock(parts[0], parts[1], parts[2], parts[3], seconds, axis.calendar)
