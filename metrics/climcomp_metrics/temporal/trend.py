"""Metrics of trends and drifts: METRICS, M4 and M5."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.base import Value
from climcomp_metrics.conditions import first_reason, has_area, has_sigma, has_time
from climcomp_metrics.level import FEWEST_TIMES, Level
from climcomp_metrics.temporal.cells import CONSTANT_CELL, has_season, read_cells
from climcomp_metrics.temporal.chance import noise_quantile

FEWEST_YEARS = 10
"""Below ten annual means a trend's standard error is itself known to a quarter only."""

Floats = NDArray[np.float64]


class Trend:
    """95th percentile over cells of abs(change of the trend) over the trend's standard error (M4).

    The trend is the least-squares slope of x's annual means over whole years, and its standard
    error that of ordinary least squares. Cells whose annual means lie on a line but for rounding
    are left out. The error is the spread of the percentile where there are few cells.
    """

    id: ClassVar[str] = "M4"
    unit: ClassVar[str] = "standard errors"

    def value(self, level: Level) -> Value:
        """One number for the level; years, cells and the median as detail."""
        if reason := first_reason(level, has_time, has_season):
            return level.without(self.id, self.unit, reason)
        cells = read_cells(level)
        years = int(cells.trend["n"].max(initial=0))
        if years < FEWEST_YEARS:
            why = f"{FEWEST_YEARS} whole years are needed, the fullest cell has {years}"
            return level.without(self.id, self.unit, why)
        if level.is_exact:
            return level.of(self.id, 0.0, self.unit)
        cells = cells.where(cells.trend["n"] >= FEWEST_YEARS)
        s = cells.trend
        _, error, spread = _line(s["n"], s["t"], s["tt"], s["x"], s["xx"], s["tx"])
        change, noise, _ = _line(s["n"], s["t"], s["tt"], s["e"], s["ee"], s["te"])
        some = spread[spread > cells.floor]
        good = spread > max(cells.floor, CONSTANT_CELL * float(np.median(some)) if some.size else 0)
        if not good.any():
            why = "the annual means of every cell lie on a line"
            return level.without(self.id, self.unit, why)
        sizes = np.abs(change[good]) / error[good]
        _, chance = noise_quantile(noise[good] / error[good], 0.95)
        return level.of(
            self.id,
            float(np.quantile(sizes, 0.95)),
            self.unit,
            detail={
                "median": float(np.median(sizes)),
                "years": float(years),
                "cells": float(sizes.size),
            },
            error=chance,
            sampled=cells.sampled,
        )


class Drift:
    """Change of the area-mean error over the record, along its least-squares line, over sigma (M5).

    Slope of <e>_t times the time from the first to the last step. `detail` has the largest step of
    <e>_t at a chunk's border over sigma, and the rms step there over the rms step elsewhere. The
    error is the slope's standard error, residuals' lag-1 memory taken into account.
    """

    id: ClassVar[str] = "M5"
    unit: ClassVar[str] = "sigma"

    def value(self, level: Level) -> Value:
        """One number for the level, over all time steps that have values."""
        if reason := first_reason(level, has_time, has_area):
            return level.without(self.id, self.unit, reason)
        if level.is_exact:
            return level.of(self.id, 0.0, self.unit)
        if reason := has_sigma(level):
            return level.without(self.id, self.unit, reason)
        weight = level.slices["weight"]
        seen = weight > 0
        steps = level.times[seen]
        if steps.size < FEWEST_TIMES:
            why = f"{FEWEST_TIMES} time steps with values are needed, not {steps.size}"
            return level.without(self.id, self.unit, why)
        mean = level.slices["weighted_e"][seen] / weight[seen] / level.sigma
        t = _moments(level, steps)
        slope = float(t @ mean) / float(t @ t)
        left = mean - mean.mean() - slope * t
        error = math.sqrt(float(left @ left) / (steps.size - 2) / float(t @ t))
        return level.of(
            self.id,
            abs(slope),
            self.unit,
            detail={"signed": slope, **_border_steps(level, steps, mean)},
            error=error * _memory(left),
        )


def _line(
    n: Floats, t: Floats, tt: Floats, a: Floats, aa: Floats, ta: Floats
) -> tuple[Floats, Floats, Floats]:
    """Slope, its standard error, and the SD of the residuals, of straight lines from sums."""
    times = tt - t * t / n
    slope = (ta - t * a / n) / times
    noise = 1e-13 * aa
    left = aa - a * a / n - slope * slope * times
    spread = np.sqrt(np.where(left > noise, left, 0.0) / (n - 2.0))
    return slope, spread / np.sqrt(times), spread


def _moments(level: Level, steps: NDArray[np.int64]) -> Floats:
    """When the steps are, about their mean, in lengths of the record; by number without dates."""
    clock = level.domain.clock
    t = steps.astype(np.float64)
    if clock is not None and clock.seconds[steps[-1]] > clock.seconds[steps[0]]:
        t = clock.seconds[steps]
    moments: Floats = (t - t.mean()) / (t[-1] - t[0])
    return moments


def _memory(left: Floats) -> float:
    """By how much residuals with a lag-1 memory widen a standard error."""
    squares = float(left @ left)
    r = float(left[1:] @ left[:-1]) / squares if squares > 0 else 0.0
    r = min(max(r, 0.0), 0.99)
    return math.sqrt((1.0 + r) / (1.0 - r))


def _border_steps(level: Level, steps: NDArray[np.int64], mean: Floats) -> dict[str, float]:
    """Steps of the mean error where a chunk begins, against those inside of chunks."""
    length = level.settings.chunk[0]
    jumps = np.diff(mean)[np.diff(steps) == 1]
    after = steps[1:][np.diff(steps) == 1]
    border = after % length == 0
    # With chunks of one step, or of the whole record, there is nothing to compare.
    if not border.any() or border.all():
        return {}
    found = {"largest step at a chunk border": float(np.abs(jumps[border]).max())}
    elsewhere = math.sqrt(float(np.mean(jumps[~border] ** 2)))
    if elsewhere > 0:
        rms = math.sqrt(float(np.mean(jumps[border] ** 2)))
        found["steps at chunk borders over others"] = rms / elsewhere
    return found
