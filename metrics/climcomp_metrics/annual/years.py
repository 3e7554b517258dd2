"""Which years of a record are whole, and why a record has no annual extremes."""

from __future__ import annotations

import numpy as np

from climcomp_metrics.clock import DAY_SECONDS, Clock
from climcomp_metrics.domain import Domain

_WITHIN = 1e-3  # of a step: what rounding makes of stored times


def whole_years(clock: Clock) -> dict[int, int]:
    """The years of which no step is missing, in order, with their number of steps.

    A year is whole that ends on its last day in the calendar of the file and has as many steps as
    the days up to there ask for; steps longer than a day, or that go back, give no whole years.
    """
    step = clock.usual_step_seconds
    if not 0 < step <= DAY_SECONDS * (1 + _WITHIN) or not (np.diff(clock.seconds) > 0).all():
        return {}
    last_day = 30 if clock.calendar == "360_day" else 31
    years, first, count = np.unique(clock.year, return_index=True, return_counts=True)
    last = first + count - 1
    whole = (
        (clock.month[last] == 12)
        & (clock.day[last] == last_day)
        & (count == np.round(clock.day_of_year[last] * (DAY_SECONDS / step)))
    )
    return {int(y): int(n) for y, n in zip(years[whole], count[whole], strict=True)}


def lacks_whole_years(domain: Domain, fewest: int = 1) -> str:
    """Why a record has not so many whole years of daily or finer values; empty if it has."""
    clock = domain.clock
    if clock is None:
        return "the dates of its time steps are not known"
    step = clock.usual_step_seconds
    if step > DAY_SECONDS * (1 + _WITHIN):
        return f"daily values are needed, its steps are {_in_words(step)} apart"
    found = len(whole_years(clock))
    if found < fewest:
        years = "a whole year is" if fewest == 1 else f"{fewest} whole years are"
        return f"{years} needed, the record has {found or 'none'}"
    return ""


def lacks_days(domain: Domain) -> str:
    """Why a record has no daily values; empty if it has."""
    clock = domain.clock
    if clock is None:
        return "the dates of its time steps are not known"
    if clock.is_daily:
        return ""
    step = clock.usual_step_seconds
    if step == 0:
        return "daily values are needed, it has a single time step"
    return f"daily values are needed, its steps are {_in_words(step)} apart"


def _in_words(seconds: float) -> str:
    days = seconds / DAY_SECONDS
    return f"{days:.3g} days" if days > 1.5 else f"{seconds / 3600.0:.3g} h"
