"""Indices of the Expert Team on Climate Change Detection and Indices, year by year: METRICS, E6.

Each is the change of the area mean: of every cell the mean over its whole years, of these the
area-weighted mean over the sampled cells. Single cells hang on ties (a day at 1.0 mm), so they are
not judged.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.annual.area_mean import area_mean, needs_samples
from climcomp_metrics.annual.cells import area_of, sample_in_words
from climcomp_metrics.annual.maxima import AnnualExtremes
from climcomp_metrics.annual.quantity import lacks_temperature
from climcomp_metrics.annual.spells import AnnualSpells, whole_table
from climcomp_metrics.annual.spells_of_part import DRY, WET
from climcomp_metrics.annual.years import whole_years
from climcomp_metrics.base import State, Value
from climcomp_metrics.conditions import above_rounding, first_reason, has_area, has_sigma
from climcomp_metrics.level import Level

SIGMA, RELATIVE, POINTS = "sigma", "1", "percentage points"
"""What a change is told in: over sigma, over the index of x, of the days of the year."""


class WarmestDay:
    """Change of the area mean of the largest value of the year, over sigma (E6-TXx)."""

    id: ClassVar[str] = "E6-TXx"

    def value(self, level: Level) -> Value:
        """One number for the level; for temperatures, daily or finer."""
        return _of_extremes(level, self.id, SIGMA, "maxima", lacks_temperature(level.settings))


class ColdestDay:
    """Change of the area mean of the smallest value of the year, over sigma (E6-TNn)."""

    id: ClassVar[str] = "E6-TNn"

    def value(self, level: Level) -> Value:
        """One number for the level; for temperatures, daily or finer."""
        return _of_extremes(level, self.id, SIGMA, "minima", lacks_temperature(level.settings))


class WettestDay:
    """Relative change of the area mean of the wettest day of the year (E6-Rx1day)."""

    id: ClassVar[str] = "E6-Rx1day"

    def value(self, level: Level) -> Value:
        """One number for the level; for daily precipitation."""
        lacking = AnnualSpells().lacks(level.settings, level.domain)
        return _of_extremes(level, self.id, RELATIVE, "maxima", lacking)


class WettestFiveDays:
    """Relative change of the area mean of the wettest five days in a row (E6-Rx5day)."""

    id: ClassVar[str] = "E6-Rx5day"

    def value(self, level: Level) -> Value:
        """One number for the level; for daily precipitation."""
        return _of_spells(level, self.id, RELATIVE, None)


class DryRuns:
    """Change of the area mean of the longest run of days under 1 mm (E6-CDD).

    Of the days of the year, in percentage points: 0.1 are 9 hours.
    """

    id: ClassVar[str] = "E6-CDD"

    def value(self, level: Level) -> Value:
        """One number for the level; for daily precipitation."""
        return _of_spells(level, self.id, POINTS, DRY)


class WetRuns:
    """Change of the area mean of the longest run of days of 1 mm or more (E6-CWD).

    Of the days of the year, in percentage points: 0.1 are 9 hours.
    """

    id: ClassVar[str] = "E6-CWD"

    def value(self, level: Level) -> Value:
        """One number for the level; for daily precipitation."""
        return _of_spells(level, self.id, POINTS, WET)


def _of_extremes(level: Level, metric: str, unit: str, column: str, lacking: str) -> Value:
    reason = lacking or AnnualExtremes().lacks(level.settings, level.domain)
    if found := _without_sums(level, metric, unit, reason):
        return found
    table = level.sums_of(AnnualExtremes.name)
    return _change(level, metric, unit, table, table.get(column))


def _of_spells(level: Level, metric: str, unit: str, kind: int | None) -> Value:
    reason = AnnualSpells().lacks(level.settings, level.domain)
    if found := _without_sums(level, metric, unit, reason):
        return found
    table = whole_table(level.sums_of(AnnualSpells.name))
    column = table.get("sums" if kind is None else "runs")
    return _change(
        level, metric, unit, table, column if kind is None or column is None else column[kind]
    )


def _without_sums(level: Level, metric: str, unit: str, lacking: str) -> Value | None:
    """The value where it can be told without the sums: 0 where all is exact, or a reason."""
    if reason := first_reason(level) or lacking:
        return level.without(metric, unit, reason)
    if level.is_exact:
        return level.of(metric, 0.0, unit)
    blocked = has_area(level) or (has_sigma(level) if unit == SIGMA else None)
    return level.without(metric, unit, blocked) if blocked else None


def _change(
    level: Level, metric: str, unit: str, table: State, index: NDArray[np.generic] | None
) -> Value:
    """The change of an index (2, years, cells) of x and y, in the unit."""
    if index is None:
        return level.without(metric, unit, "no sampled cell was measured")
    valid, days = valid_years(level, table)
    weight = valid * area_of(level, table["cells"]) / np.maximum(valid.sum(axis=0), 1)
    known = weight > 0
    if reason := needs_samples(int(known.sum()), "whole years of a cell"):
        return level.without(metric, unit, reason)
    weight = weight[known]
    of_x, of_y = np.asarray(index, np.float64)[:, known]
    if unit == POINTS:
        share = 100.0 / np.broadcast_to(days[:, None], known.shape)[known]
        of_x, of_y = of_x * share, of_y * share
    change, error = area_mean(of_y - of_x, weight)
    original, _ = area_mean(of_x, weight)
    scale = level.sigma if unit == SIGMA else 1.0
    if unit == RELATIVE:
        if blocked := above_rounding(level, original, "the index of the original"):
            return level.without(metric, unit, blocked)
        scale = original
        # The error of a ratio of means: that of the mean of what the ratio leaves of each.
        _, error = area_mean(of_y - of_x * (1.0 + change / original), weight)
    return level.of(
        metric,
        abs(change) / scale,
        unit,
        detail={
            "signed": change / scale,
            "of the original": original,
            "whole years": float(known.sum()),
        },
        error=error / scale,
        sampled=sample_in_words(level.settings),
    )


def valid_years(level: Level, table: State) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which years of which cells hold all their values (years, cells), and how many (years,).

    As xclim's check "any": a year of a cell that lacks one value is left out.
    """
    clock = level.domain.clock
    steps = {} if clock is None else whole_years(clock)
    wanted = np.array([steps.get(int(y), -1) for y in np.asarray(table["years"], np.int64)])
    return np.asarray(table["count"]) == wanted[:, None], wanted.astype(np.float64)
