"""Metric of the bias of single cells: METRICS, M7."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from climcomp_metrics.base import Value
from climcomp_metrics.conditions import first_reason, has_sigma, has_time
from climcomp_metrics.level import FEWEST_TIMES, Level
from climcomp_metrics.temporal.chance import (
    noise_quantile,
    share_discovered,
    two_sided_probability,
)

FALSE_DISCOVERIES = 0.01
"""METRICS: at most so many of the cells that are called significant are not."""


class CellBias:
    """99th percentile over cells of abs(mean_t e) over sigma, of all cells with 30 steps (M7).

    `detail` has the largest of them, and the share of cells whose mean error differs from zero by
    Student's t-test, at a false discovery rate of 0.01 (steps taken as independent): the z-score
    of ldcpy. The error is the spread of the percentile where there are few cells.
    """

    id: ClassVar[str] = "M7"
    unit: ClassVar[str] = "sigma"

    def value(self, level: Level) -> Value:
        """One number for the level."""
        if reason := first_reason(level, has_time):
            return level.without(self.id, self.unit, reason)
        if level.is_exact:
            return level.of(self.id, 0.0, self.unit)
        if reason := has_sigma(level):
            return level.without(self.id, self.unit, reason)
        counts, totals, squares, places = [], [], [], []
        for region in level.regions():
            held = region.count >= FEWEST_TIMES
            counts.append(region.count[held].astype(np.float64))
            totals.append(region.sums["e"][held])
            squares.append(region.sums["ee"][held])
            corner = np.array([region.rows.start, region.columns.start])
            places.append(np.argwhere(held) + corner)
        n = np.concatenate(counts) if counts else np.zeros(0)
        if n.size == 0:
            return level.without(self.id, self.unit, f"no cell has {FEWEST_TIMES} valid steps")
        mean = np.concatenate(totals) / n
        left = np.concatenate(squares) - n * mean**2
        error = np.sqrt(np.maximum(left, 0.0) / (n - 1.0) / n)
        with np.errstate(divide="ignore", invalid="ignore"):
            # A constant error is as certain as can be; no error at all is none.
            t = np.where(mean == 0.0, 0.0, np.abs(mean) / error)
        size = np.abs(mean) / level.sigma
        _, chance = noise_quantile(error / level.sigma, 0.99)
        discovered = share_discovered(two_sided_probability(t, n - 1.0), FALSE_DISCOVERIES)
        detail = {"largest": float(size.max()), "share significant": discovered}
        row, column = np.concatenate(places)[int(np.argmax(size))]
        return level.of(
            self.id,
            float(np.quantile(size, 0.99)),
            self.unit,
            place=f"largest at y {row}, x {column}",
            detail=detail,
            error=chance,
        )
