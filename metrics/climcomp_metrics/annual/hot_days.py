"""Days hotter than the 90th percentile of their month: TX90p of METRICS, E6."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.annual.area_mean import area_mean, needs_samples
from climcomp_metrics.annual.cells import area_of, cells_of, pair_along_time, sample_in_words
from climcomp_metrics.annual.quantity import lacks_temperature
from climcomp_metrics.annual.tables import at
from climcomp_metrics.annual.thresholds import between, edges_around
from climcomp_metrics.annual.widening_bins import BINS, NOTHING, count, merge_counts, position_of
from climcomp_metrics.annual.years import lacks_days, lacks_whole_years
from climcomp_metrics.base import State, Value
from climcomp_metrics.conditions import first_reason, has_area, has_sigma
from climcomp_metrics.domain import Domain
from climcomp_metrics.field import FieldSettings
from climcomp_metrics.level import Level
from climcomp_metrics.part import Part

MOST_CELLS = 1024
"""Of a million of days a cell-month in twelve: chance is a fiftieth of the limit (our own)."""

HOT_SHARE = 0.1
SHARES = (0.04, 0.2)
"""A month whose bin edges on both sides of the percentile do not have 4 to 20 % of its days beyond
them is left out: many of its days have the same value (our own)."""

FEWEST_DAYS = 20
"""A month of a cell with fewer valid days is left out (our own)."""

# Of sigma; no step of rounded values has a measure in common with the golden ratio's part, so that
# they do not all stand on edges, where the least error would carry them over.
_NARROWEST = 0.6180339887 / 1024.0
_MOST_COUNT = np.iinfo(np.uint16).max


class MonthlyCounts:
    """Histograms of x and y by calendar month at the sampled cells.

    Of each level and month m `m/cells` (cells,), `m/ranges` (2, cells) and `m/counts` (2, cells,
    64) of x and y in common bins, as in `widening_bins`. A state of all months takes 3.2 MB however
    long the record is.
    """

    name: ClassVar[str] = "hot_days"

    def lacks(self, settings: FieldSettings, domain: Domain) -> str:
        """It needs daily temperatures and a whole year."""
        reason = lacks_temperature(settings) or lacks_days(domain) or lacks_whole_years(domain)
        if reason:
            return reason
        clock = domain.clock
        too_long = clock is not None and np.bincount(clock.month).max() > _MOST_COUNT
        return f"a month has more than {_MOST_COUNT} days" if too_long else ""

    def of(self, part: Part) -> State:
        """The counts of the months of the part."""
        clock, cells = part.domain.clock, cells_of(part, MOST_CELLS)
        state: State = {}
        if clock is None or cells.ids.size == 0:
            return state
        month = clock.month[part.times()]
        for k, level in enumerate(part.levels()):
            width = part.settings.sigma[level] * _NARROWEST
            if not (np.isfinite(width) and width > 0):
                continue
            pair = pair_along_time(part, k, cells)
            origin = part.settings.bins[level].reference
            positions, valid = position_of(pair, origin, width), np.isfinite(pair[0])
            for label in np.unique(month):
                mine = month == label
                ranges, counts = count(positions[:, mine], valid[mine])
                stem = f"{self.name}/{level}/{label}/"
                state[f"{stem}cells"] = cells.ids.astype(np.int16)
                state |= {f"{stem}ranges": ranges, f"{stem}counts": counts}
        return state

    def merge(self, first: State, second: State) -> State:
        """The counts of both, in bins that take all values of either."""
        merged = dict(first)
        for key in second:
            stem = key.removesuffix("cells")
            if stem == key:
                continue
            table = {name: second[stem + name] for name in _TABLE}
            if key in first:
                table = _merge_months({name: first[stem + name] for name in _TABLE}, table)
            merged |= {stem + name: array for name, array in table.items()}
        return merged


_TABLE = ("cells", "ranges", "counts")


def _merge_months(first: State, second: State) -> State:
    cells = np.union1d(first["cells"], second["cells"])
    both = []
    for table in (first, second):
        ranges = np.repeat(np.array(NOTHING, np.int32)[:, None], cells.size, axis=1)
        counts = np.zeros((2, cells.size, BINS), np.uint16)
        here = at(cells, table["cells"])
        ranges[:, here], counts[:, here] = table["ranges"], table["counts"]
        both.append((ranges, counts))
    ranges, counts = merge_counts(*both)
    return {"cells": cells, "ranges": ranges, "counts": counts}


class HotDays:
    """Change of the share of days hotter than x's 90th percentile, area mean (E6-TX90p).

    Thresholds for each cell and calendar month: the bin edges on both sides of the 90th percentile
    of all days of x in that month, the same for x and y, of which the mean is taken that gives 10 %
    of x. So the base period is the whole
    record and the window is the month, where ETCCDI has 1961-1990 and five days around each day of
    the year: the share itself differs from ETCCDI's, its change agrees (a test compares them with
    xclim's). What is counted is whatever the variable is daily: its mean gives TG90p.
    """

    id: ClassVar[str] = "E6-TX90p"
    unit: ClassVar[str] = "percentage points"

    def value(self, level: Level) -> Value:
        """One number for the level."""
        lacking = MonthlyCounts().lacks(level.settings, level.domain)
        if reason := first_reason(level) or lacking:
            return level.without(self.id, self.unit, reason)
        if level.is_exact:
            return level.of(self.id, 0.0, self.unit)
        if blocked := has_sigma(level) or has_area(level):
            return level.without(self.id, self.unit, blocked)
        days, hot, change, area = _all_months(level)
        known = days > 0
        if reason := needs_samples(int(known.sum()), "months of a cell with a threshold"):
            return level.without(self.id, self.unit, reason)
        weight = area * days
        mean, error = area_mean(100.0 * change / np.maximum(days, 1), weight)
        share, _ = area_mean(100.0 * hot / np.maximum(days, 1), weight)
        return level.of(
            self.id,
            abs(mean),
            self.unit,
            detail={"signed": mean, "of the original (%)": share},
            error=error,
            sampled=sample_in_words(level.settings, MOST_CELLS),
        )


def _all_months(level: Level) -> tuple[NDArray[np.float64], ...]:
    """Days, hot days of x, their change, and area, of all months of all cells; flat."""
    columns: list[list[NDArray[np.float64]]] = [[], [], [], []]
    months = level.sums_of(MonthlyCounts.name)
    for month in range(1, 13):
        if f"{month}/cells" in months:
            found = _hot_days(np.asarray(months[f"{month}/counts"], np.int64))
            area = area_of(level, months[f"{month}/cells"], MOST_CELLS)
            for column, values in zip(columns, (*found, area), strict=True):
                column.append(values)
    return tuple(np.concatenate(column) if column else np.zeros(0) for column in columns)


def _hot_days(counts: NDArray[np.int64]) -> tuple[NDArray[np.float64], ...]:
    """Days, hot days of x and their change, of each cell; 0 days where there is no threshold."""
    beyond = np.moveaxis(counts, -1, 0)[::-1].cumsum(axis=0)[::-1]  # (64, 2, cells)
    days = beyond[0, 0]
    good, edge, part = edges_around(beyond[:, 0], HOT_SHARE, SHARES)
    good &= days >= FEWEST_DAYS
    of_x, of_y = between(beyond, edge, part)
    return tuple(np.where(good, n, 0.0) for n in (days, of_x, of_y - of_x))
