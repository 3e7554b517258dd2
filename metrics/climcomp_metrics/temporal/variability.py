"""Metrics of the variability in time of single cells: METRICS, M1, M2 and M6."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.base import Value
from climcomp_metrics.conditions import first_reason, has_time
from climcomp_metrics.level import FEWEST_TIMES, Level
from climcomp_metrics.temporal.cells import FEWEST_PAIRS, Cells, has_season, read_cells
from climcomp_metrics.temporal.medians import median_value

NO_CELL = f"no cell varies by more than rounding in {FEWEST_TIMES} valid steps"

_MOST_MEMORY = 0.9
"""Product of the lag-1 correlations of x and e that effective sample sizes are trusted to."""

Floats = NDArray[np.float64]


class VarianceRatio:
    """Median over cells of abs(s_y^2 / s_x^2 - 1), s about means by calendar month (M1).

    s_y^2 - s_x^2 = 2 cov(x, e) + var(e), so that nothing is lost where both agree to many digits.
    `detail` has the 95th percentile and the median with its sign. The error is what noise that
    knows nothing of x would do: 2 sqrt(var(e) / (n var(x))) in a cell of n steps, fewer where both
    have a memory. Source: Poppick 2020.
    """

    id: ClassVar[str] = "M1"
    unit: ClassVar[str] = "1"

    def value(self, level: Level) -> Value:
        """One number for the level."""
        cells = _varying_cells(level)
        if isinstance(cells, str):
            return level.without(self.id, self.unit, cells)
        if level.is_exact:
            return level.of(self.id, 0.0, self.unit)
        changes = (2.0 * cells.covariance + cells.variance_e) / cells.variance_x
        return median_value(level, self.id, self.unit, cells, changes, 2.0 * _noise_share(cells))


class Persistence:
    """Median over cells of the change of the lag-1 autocorrelation, deseasonalised (M2).

    r = mean over neighbouring steps of the product of their deviations, over the mean square
    deviation. Steps across a gap of the record are no neighbours. `detail` has the 95th percentile
    and the median with its sign. The error is what noise without memory would do,
    sqrt(2 (1 - r^2) var(e) / (n var(x))) in a cell. Source: Poppick 2020.
    """

    id: ClassVar[str] = "M2"
    unit: ClassVar[str] = "1"

    def value(self, level: Level) -> Value:
        """One number for the level."""
        cells = _varying_cells(level)
        if isinstance(cells, str):
            return level.without(self.id, self.unit, cells)
        if level.is_exact:
            return level.of(self.id, 0.0, self.unit)
        cells = cells.where(cells.neighbours >= FEWEST_PAIRS * cells.n)
        if cells.size == 0:
            return level.without(self.id, self.unit, "no cell has neighbouring valid steps")
        r = cells.lag_x / cells.variance_x
        change = 2.0 * cells.covariance + cells.variance_e
        other = cells.variance_x + change
        with np.errstate(divide="ignore", invalid="ignore"):
            changes = (cells.lag_cross + cells.lag_e - r * change) / other
        # A cell that no longer varies, but for rounding, has lost its memory altogether.
        changes = np.where(other > 1e-12 * cells.variance_x, changes, -r)
        noise = _noise_share(cells) * np.sqrt(2.0 * np.clip(1.0 - r**2, 0.0, 1.0))
        return median_value(level, self.id, self.unit, cells, changes, noise)


class LocalNoise:
    """95th percentile over cells of rms_t(e) / sigma_i (M6).

    sigma_i is the cell's own standard deviation about its means by calendar month. Cells whose
    sigma_i is rounding, or under a twentieth of the median cell's, are left out: `detail` counts
    the rest. The error is what the few steps that sigma_i is taken from add to the percentile,
    which picks the cells whose sigma_i came out small. Source: Poppick 2020.
    """

    id: ClassVar[str] = "M6"
    unit: ClassVar[str] = "sigma of the cell"

    def value(self, level: Level) -> Value:
        """One number for the level."""
        cells = _varying_cells(level)
        if isinstance(cells, str):
            return level.without(self.id, self.unit, cells)
        if level.is_exact:
            return level.of(self.id, 0.0, self.unit)
        share = np.sqrt(cells.products["ee"] / cells.n) / cells.sigma
        p95 = float(np.quantile(share, 0.95))
        memory = np.clip(_correlation(cells.lag_x, cells.variance_x), 0.0, _MOST_MEMORY) ** 2
        steps = float(np.median(cells.freedom)) * (1.0 - memory) / (1.0 + memory)
        return level.of(
            self.id,
            p95,
            self.unit,
            detail={"median": float(np.median(share)), "cells": float(cells.size)},
            # 1.645: the 95th percentile of a normal; a variance of n values is known to sqrt(2/n).
            error=0.5 * p95 * min(1.645 * math.sqrt(0.5 / steps), 1.0),
            sampled=cells.sampled,
        )


def _varying_cells(level: Level) -> Cells | str:
    """The cells that vary, or the reason why there are none."""
    if reason := first_reason(level, has_time, has_season):
        return reason
    cells = read_cells(level)
    cells = cells.where(cells.varies)
    return cells if cells.size else NO_CELL


def _correlation(products: Floats, squares: Floats) -> float:
    """Median over cells of a lag-1 correlation; 0 where nothing varies."""
    some = squares > 0
    return float(np.median(products[some] / squares[some])) if some.any() else 0.0


def _noise_share(cells: Cells) -> Floats:
    """(cells,) standard error of cov(x, e) / var(x) for the part of e that x does not explain."""
    left = np.maximum(cells.variance_e - cells.covariance**2 / cells.variance_x, 0.0)
    memory = _correlation(cells.lag_x, cells.variance_x) * _correlation(
        cells.lag_e, cells.variance_e
    )
    memory = min(max(memory, 0.0), _MOST_MEMORY)
    steps = cells.freedom * (1.0 - memory) / (1.0 + memory)
    share: Floats = np.sqrt(left / (steps * cells.variance_x))
    return share
