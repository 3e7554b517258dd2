"""Daily records on small grids, measured in any parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

import cftime
import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp_metrics import FieldSettings, Place, State, Value, measure, merge
from climcomp_metrics.clock import Clock
from climcomp_metrics.criteria import find_criterion
from climcomp_metrics.domain import Domain
from climcomp_metrics.level import make_level
from climcomp_metrics.summarise import load_metric

Box = tuple[slice, slice, slice, slice]


def make_dates(
    steps: int,
    first: str = "1981-01-01",
    calendar: str = "noleap",
    hours: float = 24.0,
    at: Sequence[int] | None = None,
) -> Clock:
    """A clock of regular steps, or of those of them that stand at the positions given."""
    positions = np.arange(steps) if at is None else np.asarray(at)
    seconds = positions * hours * 3600.0
    dates = cftime.num2date(positions * hours, f"hours since {first}", calendar=calendar)
    parts = [
        np.array([getattr(date, name) for date in dates], np.int64)
        for name in ("year", "month", "day", "dayofyr")
    ]
    return Clock(parts[0], parts[1], parts[2], parts[3], seconds - seconds[0], calendar)


@dataclass(frozen=True, repr=False)
class Record:
    """A variable before and after, with all that is known of it."""

    x: NDArray[np.floating]
    y: NDArray[np.floating]
    settings: FieldSettings
    domain: Domain

    def __repr__(self) -> str:
        """Short, since Hypothesis tells a failing example in full."""
        return f"Record({self.settings.variable}, {self.x.shape})"

    @property
    def whole(self) -> Box:
        """The box that holds everything."""
        t, k, j, i = (slice(0, n) for n in self.x.shape)
        return t, k, j, i

    def state(self, boxes: Sequence[Box] | None = None) -> State:
        """The state of boxes, merged in the order given."""
        return reduce(merge, (self.part(box) for box in boxes or [self.whole]))

    def part(self, box: Box) -> State:
        """The state of one box."""
        x, y = (np.ascontiguousarray(values[box]) for values in (self.x, self.y))
        start = tuple(s.start for s in box)
        place = Place(self.settings.variable, start, x.shape)  # type: ignore[arg-type]
        return measure(x, y, self.settings, self.domain, place)

    def value(self, metric: str, state: State | None = None, level: int = 0) -> Value:
        """A metric of a level, from a state or from the whole."""
        merged = self.state() if state is None else state
        made = make_level(merged, level, self.settings, self.domain)
        return load_metric(find_criterion(metric)).value(made)


@pytest.fixture(scope="session")
def dates() -> Callable[..., Clock]:
    """A clock: dates(steps, first, calendar, hours, at)."""
    return make_dates


@pytest.fixture(scope="session")
def record(make_settings: Callable) -> Callable[..., Record]:
    """A record of arrays (time, level, y, x): record(x, y, clock, weights=..., **settings).

    Without a clock daily steps from 1981 in the calendar noleap; weights of 1 unless said.
    """

    def make(
        x: NDArray[np.floating],
        y: NDArray[np.floating],
        clock: Clock | str | None = "daily",
        weights: NDArray[np.float64] | str | None = "ones",
        **changes: object,
    ) -> Record:
        if isinstance(clock, str):
            clock = make_dates(x.shape[0])
        if isinstance(weights, str):
            weights = np.ones(x.shape[2:])
        given = {"sigma": (1.0,) * x.shape[1], "variable": "tas", **changes}
        return Record(x, y, make_settings(x, **given), Domain(weights, clock=clock))

    return make


@pytest.fixture(scope="session")
def rain(record: Callable[..., Record]) -> Callable[..., Record]:
    """A record of daily precipitation in mm/day: rain(x, y, clock, weights)."""

    def make(x: NDArray[np.floating], y: NDArray[np.floating], *a: object, **k: object) -> Record:
        return record(x, y, *a, **{"kind": "P", "unit": "mm/day", "variable": "pr", **k})

    return make


@pytest.fixture(scope="session")
def showers() -> Callable[..., NDArray[np.float32]]:
    """Rain that comes in spells: showers(times, rows, columns, seed, levels), mm/day."""

    def make(
        times: int, rows: int, columns: int, seed: int = 1, levels: int = 1
    ) -> NDArray[np.float32]:
        random = np.random.default_rng(seed)
        noise = random.standard_normal((times, levels, rows, columns))
        for t in range(1, times):
            noise[t] = 0.6 * noise[t - 1] + 0.8 * noise[t]
        amount = np.where(noise > 0.3, 4.0 * np.expm1(1.2 * (noise - 0.3)), 0.0)
        return amount.astype(np.float32)

    return make


@pytest.fixture(scope="session")
def warmth() -> Callable[..., NDArray[np.float32]]:
    """Daily temperatures with a year's course: warmth(times, rows, columns, seed, year), K."""

    def make(
        times: int, rows: int, columns: int, seed: int = 1, year: float = 365.25
    ) -> NDArray[np.float32]:
        random = np.random.default_rng(seed)
        noise = random.standard_normal((times, 1, rows, columns))
        for t in range(1, times):
            noise[t] = 0.7 * noise[t - 1] + 0.71 * noise[t]
        season = -10.0 * np.cos(2 * np.pi * np.arange(times) / year)
        return (285.0 + season[:, None, None, None] + 2.0 * noise).astype(np.float32)

    return make
