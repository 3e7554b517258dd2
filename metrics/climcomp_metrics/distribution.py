"""Metrics of the distribution of all values of a level: METRICS, "Distribution"."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from climcomp_metrics.base import Value
from climcomp_metrics.conditions import above_rounding, enough, first_reason, has_bins, has_sigma
from climcomp_metrics.level import Level


class BodyQuantiles:
    """Largest shift of the quantiles 0.01, 0.02 ... 0.99, over sigma (D1)."""

    id: ClassVar[str] = "D1"
    fewest: ClassVar[int] = 100

    def value(self, level: Level) -> Value:
        """The worst quantile of this level."""
        if reason := first_reason(level):
            return level.without(self.id, "sigma", reason)
        if level.is_exact:
            return level.of(self.id, 0.0, "sigma")
        reason = (
            has_sigma(level) or has_bins(level) or enough(level, level.totals["count"], self.fewest)
        )
        if reason:
            return level.without(self.id, "sigma", reason)
        shares = np.arange(1, 100) / 100.0
        of_x, of_y = level.histogram.quantiles(shares)
        shift = (of_y - of_x) / level.sigma
        worst = int(np.argmax(np.abs(shift)))
        signed = float(shift[worst])
        place, detail = f"quantile {shares[worst]:.2f}", {"signed": signed}
        return level.of(self.id, abs(signed), "sigma", place=place, detail=detail)


class DeviationRatio:
    """abs(SD of y over SD of x, minus 1), of all values of a level (D4)."""

    id: ClassVar[str] = "D4"

    def value(self, level: Level) -> Value:
        """One number for the level, from the error's moments, so that no digits cancel."""
        unit = "1"
        if reason := first_reason(level):
            return level.without(self.id, unit, reason)
        if level.is_exact:
            return level.of(self.id, 0.0, unit)
        t = level.totals
        n = t["count"]
        variance = t["xx"] / n - (t["x"] / n) ** 2
        deviation = math.sqrt(max(variance, 0.0))
        if reason := above_rounding(level, deviation, "the standard deviation"):
            return level.without(self.id, unit, reason)
        change = 2.0 * (t["xe"] / n - t["x"] * t["e"] / n**2) + t["ee"] / n - (t["e"] / n) ** 2
        other = math.sqrt(max(variance + change, 0.0))
        signed = change / (deviation * (deviation + other))
        return level.of(self.id, abs(signed), unit, detail={"signed": signed})
