"""Rain of days above the 95th percentile of wet days: R95pTOT of METRICS, E6."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.annual.area_mean import area_mean, needs_samples
from climcomp_metrics.annual.cells import area_of, cells_of, pair_along_time, sample_in_words
from climcomp_metrics.annual.quantity import WET_MM, days_unit_mm, lacks_precipitation
from climcomp_metrics.annual.tables import group_levels, join_tables
from climcomp_metrics.annual.thresholds import between, edges_around
from climcomp_metrics.annual.years import lacks_days, lacks_whole_years
from climcomp_metrics.base import State, Value
from climcomp_metrics.conditions import first_reason, has_area
from climcomp_metrics.domain import Domain
from climcomp_metrics.field import FieldSettings
from climcomp_metrics.level import Level
from climcomp_metrics.part import Part

MOST_CELLS = 1024
"""Chance is then a thirtieth of the limit (our own)."""

BINS = 128
BINS_PER_OCTAVE = 12
"""Edges 6 % apart, from 1 mm to 1.6 m a day; the last bin takes the rest."""

VERY_WET_SHARE = 0.05
SHARES = (0.02, 0.1)
"""A cell whose edges on both sides of the percentile do not have 2 to 10 % of its wet days beyond
them is left out: they are fewer than 20, or many have the same value (our own)."""

_OFF_LATTICE = 0.381966  # of a bin: rounded values must not stand on an edge
_COLUMNS = {"counts": (np.add, 0), "sums": (np.add, 0.0)}


class WetDayAmounts:
    """Counts and sums of wet days by amount at the sampled cells.

    Of each level `cells` (cells,), `counts` (128, cells) of x, and `sums` (2, 128, cells) of x and
    of y in the variable's unit, each by its own bin. 2.6 MB however long the record is.
    """

    name: ClassVar[str] = "very_wet_days"

    def lacks(self, settings: FieldSettings, domain: Domain) -> str:
        """It needs daily precipitation and a whole year."""
        return lacks_precipitation(settings) or lacks_days(domain) or lacks_whole_years(domain)

    def of(self, part: Part) -> State:
        """The counts and sums of the part."""
        unit, cells = days_unit_mm(part.settings), cells_of(part, MOST_CELLS)
        state: State = {}
        if unit is None or cells.ids.size == 0:
            return state
        for k, level in enumerate(part.levels()):
            pair = pair_along_time(part, k, cells)
            counts, sums = _by_amount(pair, WET_MM / unit)
            stem = f"{self.name}/{level}/"
            state |= {f"{stem}cells": cells.ids.astype(np.int16)}
            state |= {f"{stem}counts": counts, f"{stem}sums": sums}
        return state

    def merge(self, first: State, second: State) -> State:
        """Counts and sums add up."""
        merged = dict(first)
        mine = group_levels(first)
        for stem, table in group_levels(second).items():
            if stem in mine:
                table = join_tables(mine[stem], table, ("cells",), _COLUMNS)
            merged |= {stem + key: array for key, array in table.items()}
        return merged


def _by_amount(
    pair: NDArray[np.floating], threshold: float
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    cells = pair.shape[2]
    counts, sums = [], []
    for one in pair:
        wet = one >= threshold
        amount = one[wet].astype(np.float64)
        position = np.floor(BINS_PER_OCTAVE * np.log2(amount / threshold) + _OFF_LATTICE)
        place = np.nonzero(wet)[1] * BINS + np.clip(position, 0, BINS - 1).astype(np.int64)
        counts.append(np.bincount(place, minlength=cells * BINS))
        # Of nothing NumPy counts in integers, into which the sums of other parts would be cut.
        sums.append(np.bincount(place, amount, minlength=cells * BINS).astype(np.float64))
    by_bin = np.stack(sums).reshape(2, cells, BINS).swapaxes(1, 2)
    return counts[0].reshape(cells, BINS).T.astype(np.int32), np.ascontiguousarray(by_bin)


class VeryWetDays:
    """Relative change of the area mean of the rain of very wet days (E6-R95pTOT).

    Very wet is a day above the 95th percentile of x's wet days (1 mm or more) of the whole record;
    in each cell the amounts beyond the bin edges on both sides of it are taken, so weighted that
    they hold 5 % of x's wet days; the same for x and y. ETCCDI takes the percentile of 1961-1990.
    """

    id: ClassVar[str] = "E6-R95pTOT"

    def value(self, level: Level) -> Value:
        """One number for the level."""
        lacking = WetDayAmounts().lacks(level.settings, level.domain)
        if reason := first_reason(level) or lacking:
            return level.without(self.id, "1", reason)
        if level.is_exact:
            return level.of(self.id, 0.0, "1")
        if blocked := has_area(level):
            return level.without(self.id, "1", blocked)
        table = level.sums_of(WetDayAmounts.name)
        if not table:
            return level.without(self.id, "1", "no sampled cell was measured")
        good, of_x, of_y = _beyond(
            np.asarray(table["counts"]), np.asarray(table["sums"], np.float64)
        )
        weight = np.where(good, area_of(level, table["cells"], MOST_CELLS), 0.0)
        if reason := needs_samples(int((weight > 0).sum()), "cells with a threshold"):
            return level.without(self.id, "1", reason)
        amount, _ = area_mean(of_x, weight)
        change, _ = area_mean(of_y - of_x, weight)
        signed = change / amount
        # The error of a ratio of means: that of the mean of what is left of it in each cell.
        _, error = area_mean((of_y - of_x) - signed * of_x, weight)
        return level.of(
            self.id,
            abs(signed),
            "1",
            detail={"signed": signed, "cells": float((weight > 0).sum())},
            error=error / amount,
            sampled=sample_in_words(level.settings, MOST_CELLS),
        )


def _beyond(
    counts: NDArray[np.generic], sums: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]:
    """Which cells have a threshold, and the sums of x and y beyond it."""
    days = np.asarray(counts, np.int64)[::-1].cumsum(axis=0)[::-1]
    good, edge, part = edges_around(days, VERY_WET_SHARE, SHARES)
    amounts = np.moveaxis(sums, 0, 1)[::-1].cumsum(axis=0)[::-1]  # (128, 2, cells)
    of_x, of_y = between(amounts, edge, part)
    return good, of_x, of_y
