"""Dated records, and the shortest way from two of them to temporal values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import cftime
import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp_metrics import Place, State, Value, measure, merge, summarise
from climcomp_metrics.clock import Clock
from climcomp_metrics.domain import Domain
from climcomp_metrics.sigma import estimate_sigma

Array = NDArray[np.floating]


def _dates(
    steps: int, days: float = 1.0, calendar: str = "noleap", skip: Sequence[int] = ()
) -> Any:
    """Dates from 1 January 2001, or the middles of months for `days=30`; some are skipped."""
    at = np.delete(np.arange(steps + len(skip)), list(skip))
    if days == 30 and calendar != "360_day":
        return np.array(
            [cftime.datetime(2001 + n // 12, n % 12 + 1, 16, calendar=calendar) for n in at]
        )
    return cftime.num2date(at * days, "days since 2001-01-01", calendar)


def _clock(dates: Any) -> Clock:
    fields = ("year", "month", "day", "dayofyr")
    parts = [np.array([getattr(date, name) for date in dates], np.int64) for name in fields]
    seconds = np.array([(date - dates[0]).total_seconds() for date in dates])
    return Clock(parts[0], parts[1], parts[2], parts[3], seconds, dates[0].calendar)


def _climate(dates: Any, rows: int = 5, columns: int = 6, seed: int = 1) -> NDArray[np.float64]:
    """An annual cycle, years of their own, and AR(1) weather of SD 1 to 3 (t, 1, y, x)."""
    rng = np.random.default_rng(seed)
    clock = _clock(dates)
    weather = rng.standard_normal((len(dates), rows, columns))
    for t in range(1, len(dates)):
        weather[t] = 0.6 * weather[t - 1] + 0.8 * weather[t]
    own = 0.5 * rng.standard_normal((clock.year.max() - clock.year.min() + 1, rows, columns))
    season = np.cos(2 * np.pi * (clock.day_of_year - 200) / 365)[:, None, None]
    size = rng.uniform(1.0, 3.0, (rows, columns))
    field = 280.0 + size * (weather + own[clock.year - clock.year.min()]) + 4.0 * size * season
    return field[:, None]


@pytest.fixture(scope="session")
def dates_of() -> Callable[..., Any]:
    """Dates of a record: dates_of(steps, days, calendar, skip)."""
    return _dates


@pytest.fixture(scope="session")
def clock_of() -> Callable[[Any], Clock]:
    """The clock of such dates."""
    return _clock


@pytest.fixture(scope="session")
def climate() -> Callable[..., NDArray[np.float64]]:
    """A record of these dates: climate(dates, rows, columns, seed)."""
    return _climate


@pytest.fixture(scope="session")
def settings_of(make_settings: Callable) -> Callable:
    """Settings with the sigma that a plan would find: settings_of(x, dates)."""

    def settings(x: Array, dates: Any, **changes: Any) -> Any:
        months = None if dates is None else _clock(dates).month
        sigma, _ = estimate_sigma(x, months, None, None)
        return make_settings(x, **{"sigma": sigma, **changes})

    return settings


@pytest.fixture(scope="session")
def state_of(settings_of: Callable) -> Callable[..., State]:
    """The merged state of boxes, in their order: state_of(x, y, dates, boxes, settings)."""

    def state(x: Array, y: Array, dates: Any, boxes: Any = None, settings: Any = None) -> State:
        settings = settings_of(x, dates) if settings is None else settings
        domain = Domain(np.ones(x.shape[2:]), clock=None if dates is None else _clock(dates))
        parts = []
        for box in boxes or [tuple(slice(0, n) for n in x.shape)]:
            a, b = (np.ascontiguousarray(array[box]) for array in (x, y))
            start = tuple(s.start for s in box)
            parts.append(measure(a, b, settings, domain, Place("tas", start, a.shape)))
        return reduce(merge, parts)

    return state


@pytest.fixture(scope="session")
def temporal(settings_of: Callable, state_of: Callable) -> Callable[..., dict[str, Value]]:
    """The values of the last level by metric: temporal(x, y, dates, boxes, kind="P")."""

    def values(
        x: Array, y: Array, dates: Any, boxes: Any = None, **changes: Any
    ) -> dict[str, Value]:
        settings = settings_of(x, dates, **changes)
        state = state_of(x, y, dates, boxes, settings)
        domain = Domain(np.ones(x.shape[2:]), clock=None if dates is None else _clock(dates))
        return {value.metric: value for value in summarise(state, settings, domain)}

    return values
