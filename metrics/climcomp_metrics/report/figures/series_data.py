"""The mean of a level by time, with the error of that mean."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.clock import DAY_SECONDS, Clock
from climcomp_metrics.conditions import has_area
from climcomp_metrics.level import Level
from climcomp_metrics.report.figures.illustration import Series

MOST_BINS = 240
"""More steps are gathered, with their least and most: a figure is 330 pixels wide."""

MOST_BORDERS = 60

SHORT_DAYS = 1500.0

_DAYS = {"360_day": 360.0, "noleap": 365.0, "365_day": 365.0, "all_leap": 366.0, "366_day": 366.0}
"""Of a year, by calendar; others have leap years."""


def gather_series(level: Level) -> Series | str:
    """The series of a level, or why it has none.

    By area where every cell has one, else the plain mean of the cells.
    """
    steps = level.settings.shape[0]
    if steps < 2:
        return "the variable has a single time step"
    s = level.slices
    by_area = has_area(level) is None
    weight = s["weight"] if by_area else s["count"]
    sums = ("weighted_x", "weighted_e") if by_area else ("x", "e")
    known = weight > 0
    if not known.any():
        return "no time step has a valid value"
    mean = s[sums[0]][known] / weight[known] + level.bins.reference
    error = s[sums[1]][known] / weight[known]
    times = level.times[known]
    position, label = _positions(level.domain.clock, steps)
    at = np.minimum(times * MOST_BINS // steps, MOST_BINS - 1) if steps > MOST_BINS else times
    starts = np.concatenate([[0], np.flatnonzero(np.diff(at)) + 1])
    sizes = np.diff(np.concatenate([starts, [at.size]]))

    def mean_of(values: NDArray[np.float64]) -> NDArray[np.float64]:
        means: NDArray[np.float64] = np.add.reduceat(values, starts) / sizes
        return means

    cells = level.settings.shape[2] * level.settings.shape[3]
    return Series(
        time=mean_of(position[times]),
        mean=mean_of(mean),
        mean_least=np.minimum.reduceat(mean, starts),
        mean_most=np.maximum.reduceat(mean, starts),
        error=mean_of(error).astype(np.float32),
        error_least=np.minimum.reduceat(error, starts).astype(np.float32),
        error_most=np.maximum.reduceat(error, starts).astype(np.float32),
        borders=_borders(level, position),
        spread=float(np.std(mean)),
        steps=steps,
        time_label=label,
        mean_label="value" if cells == 1 else "area mean" if by_area else "mean of all cells",
    )


def _borders(level: Level, position: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where chunks begin, or where shards do if there are too many chunks."""
    steps = level.settings.shape[0]
    for length in (level.settings.chunk[0], level.settings.shard[0]):
        starts = np.arange(length, steps, max(length, 1))
        if 0 < starts.size <= MOST_BORDERS:
            found: NDArray[np.float64] = 0.5 * (position[starts] + position[starts - 1])
            return found
    return np.empty(0)


def _positions(clock: Clock | None, steps: int) -> tuple[NDArray[np.float64], str]:
    """(time,) where the steps stand on the axis, and what it is called: steps, or by date days of
    short records and years of long ones, near enough for a figure."""
    if clock is None:
        return np.arange(steps, dtype=np.float64), "time step"
    days = clock.seconds / DAY_SECONDS
    first = f"{clock.year[0]:04d}-{clock.month[0]:02d}-{clock.day[0]:02d}"
    if float(days[-1]) < SHORT_DAYS:
        return days, f"days since {first}"
    length = _DAYS.get(clock.calendar, 365.2425)
    start = int(clock.year[0]) + (int(clock.day_of_year[0]) - 1) / length
    return start + days / length, "year"
