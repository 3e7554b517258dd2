"""Metrics of means and totals that must not drift: METRICS, "Conservation"."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from climcomp_metrics.base import Value
from climcomp_metrics.conditions import (
    above_rounding,
    first_reason,
    has_area,
    has_sigma,
    has_time,
    has_values,
)
from climcomp_metrics.level import FEWEST_TIMES, Level


class GlobalMeanSeries:
    """Largest error of the area mean of a time step, over the SD in time of that mean (C1)."""

    id: ClassVar[str] = "C1"
    unit: ClassVar[str] = "SD of the series"

    def value(self, level: Level) -> Value:
        """The worst time step of this level."""
        if reason := first_reason(level, has_time, has_area):
            return level.without(self.id, self.unit, reason)
        if level.is_exact:
            return level.of(self.id, 0.0, self.unit)
        s = level.slices
        deviation = float(np.std(s["weighted_x"] / s["weight"]))
        if reason := above_rounding(level, deviation, "the SD of the series"):
            return level.without(self.id, self.unit, reason)
        error = np.abs(s["weighted_e"] / s["weight"])
        worst = int(np.argmax(error))
        return level.of(
            self.id, float(error[worst]) / deviation, self.unit, time=int(level.times[worst])
        )


class TileMeans:
    """Rms of the mean error of 16 x 16-cell tiles, over the SD in time of the tile means (C2).

    Tiles count by their valid cells. With fewer than 30 time steps sigma stands for the SD.
    """

    id: ClassVar[str] = "C2"
    unit: ClassVar[str] = "SD of tile means"

    def value(self, level: Level) -> Value:
        """One number for the level."""
        if reason := first_reason(level):
            return level.without(self.id, self.unit, reason)
        if level.is_exact:
            return level.of(self.id, 0.0, self.unit)
        tiles = level.tiles()
        held = tiles["weight"] > 0
        weight = tiles["weight"][held]
        if weight.size == 0:
            return level.without(self.id, self.unit, "no tile holds 64 valid cells")
        total = float(weight.sum())
        error = math.sqrt(float(tiles["ee"][held].sum()) / total)
        within = tiles["xx"][held] - tiles["x"][held] ** 2 / weight
        deviation = math.sqrt(max(float(within.sum()), 0.0) / total)
        place = ""
        if level.settings.shape[0] < FEWEST_TIMES:
            if reason := has_sigma(level):
                return level.without(self.id, self.unit, reason)
            deviation, place = level.sigma, f"over sigma: fewer than {FEWEST_TIMES} time steps"
        if reason := above_rounding(level, deviation, "the SD of tile means"):
            return level.without(self.id, self.unit, reason)
        return level.of(self.id, error / deviation, self.unit, place=place)


class Total:
    """Relative change of the area-weighted total (C3)."""

    id: ClassVar[str] = "C3"

    def value(self, level: Level) -> Value:
        """One number for the level, over all times."""
        if reason := first_reason(level, has_values, has_area):
            return level.without(self.id, "1", reason)
        if level.is_exact:
            return level.of(self.id, 0.0, "1")
        t = level.totals
        total = t["weighted_x"] + level.bins.reference * t["weight"]
        if reason := above_rounding(level, abs(total) / t["weight"], "the mean"):
            return level.without(self.id, "1", reason)
        signed = t["weighted_e"] / total
        return level.of(self.id, abs(signed), "1", detail={"signed": signed})
