"""Metrics of the annual cycle: METRICS, M3."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.base import Value
from climcomp_metrics.conditions import first_reason, has_sigma, has_time
from climcomp_metrics.level import Level
from climcomp_metrics.temporal.cells import Cells, has_season, read_cells
from climcomp_metrics.temporal.medians import median_value

YEAR_DAYS = {"noleap": 365.0, "365_day": 365.0, "all_leap": 366.0, "366_day": 366.0, "360_day": 360}
"""CF's calendars of one length of year; 365.25 days in the others."""

CLEAR_CYCLE = 5.0
"""A phase is told where the amplitude is so many of its own standard errors: then the date of the
peak is known to about 12 days, one fifth of a radian. Our own choice."""

_ANGLES = 2.0 * np.pi * np.arange(12) / 12.0

Floats = NDArray[np.float64]


class CycleAmplitude:
    """Median over cells of abs(change of the amplitude of the annual cycle), over sigma (M3).

    The amplitude is that of the first harmonic of the means by calendar month, months taken as
    twelfths of a year. `detail` has the 95th percentile and the median with its sign; the error is
    what noise would do. Source: Poppick 2020.
    """

    id: ClassVar[str] = "M3"
    unit: ClassVar[str] = "sigma"

    def value(self, level: Level) -> Value:
        """One number for the level."""
        if reason := first_reason(level, has_time, has_season):
            return level.without(self.id, self.unit, reason)
        cells = _whole_years(level)
        if cells.size == 0:
            return level.without(self.id, self.unit, _lacking(level))
        if level.is_exact:
            return level.of(self.id, 0.0, self.unit)
        if reason := has_sigma(level):
            return level.without(self.id, self.unit, reason)
        x, e = _harmonic(cells, cells.x), _harmonic(cells, cells.e)
        sizes = np.abs(x) + np.abs(x + e)
        # abs(x + e) - abs(x) without cancellation.
        changes = (2.0 * (x.conj() * e).real + np.abs(e) ** 2) / np.where(sizes > 0, sizes, 1.0)
        noise = _noise(cells)
        return median_value(
            level, self.id, self.unit, cells, changes / level.sigma, noise / level.sigma
        )


class CyclePhase:
    """Median over cells of abs(shift of the annual cycle), in days (M3-phase).

    Of cells whose amplitude is five of its own standard errors or more, sigma_i and its lag-1
    memory taken into account; positive where the peak comes later. Source: Poppick 2020.
    """

    id: ClassVar[str] = "M3-phase"
    unit: ClassVar[str] = "days"

    def value(self, level: Level) -> Value:
        """One number for the level."""
        if reason := first_reason(level, has_time, has_season):
            return level.without(self.id, self.unit, reason)
        cells = _whole_years(level)
        if cells.size == 0:
            return level.without(self.id, self.unit, _lacking(level))
        cells = cells.where(_is_clear(cells))
        if cells.size == 0:
            why = f"no cell has an annual cycle of {CLEAR_CYCLE:g} standard errors"
            return level.without(self.id, self.unit, why)
        if level.is_exact:
            return level.of(self.id, 0.0, self.unit)
        x, e = _harmonic(cells, cells.x), _harmonic(cells, cells.e)
        calendar = level.domain.clock.calendar if level.domain.clock else ""
        days = YEAR_DAYS.get(calendar, 365.25) / (2.0 * np.pi)
        shifts = days * np.angle(1.0 + e / x)
        noise = days * _noise(cells) / np.abs(x)
        return median_value(level, self.id, self.unit, cells, shifts, noise)


def _whole_years(level: Level) -> Cells:
    """The cells that have valid values in every calendar month.

    Their noise is what is left of the means by month even where sigma is not: about the mean of
    two years it would be the annual cycle itself.
    """
    cells = replace(read_cells(level), by_month=True)
    complete: NDArray[np.bool_] = np.all(cells.counts > 0, axis=0)
    return cells.where(complete)


def _lacking(level: Level) -> str:
    months = np.unique(level.domain.clock.month).size if level.domain.clock else 0
    if months < 12:
        return f"all 12 calendar months are needed, the record has {months}"
    return "no cell has valid values in all 12 calendar months"


def _harmonic(cells: Cells, sums: Floats) -> NDArray[np.complex128]:
    """(cells,) amplitude of the cycle, and as its phase when the peak comes after January's."""
    means = sums / cells.counts
    turned: NDArray[np.complex128] = np.einsum("m,mc->c", np.exp(1j * _ANGLES), means) / 6.0
    return turned


def _noise(cells: Cells) -> Floats:
    """(cells,) standard error that noise in e gives the harmonic of e."""
    variance = cells.variance_e * cells.n / cells.freedom
    return np.sqrt(variance * _harmonic_variance(cells))


def _harmonic_variance(cells: Cells) -> Floats:
    """(cells,) variance of an amplitude for noise of unit variance in each step."""
    variance: Floats = (1.0 / cells.counts).sum(axis=0) / 72.0
    return variance


def _is_clear(cells: Cells) -> NDArray[np.bool_]:
    with np.errstate(divide="ignore", invalid="ignore"):
        r = np.clip(np.nan_to_num(cells.lag_x / cells.variance_x), 0.0, 0.99)
    steps = (1.0 - r) / (1.0 + r)
    error = cells.sigma * np.sqrt(_harmonic_variance(cells) / steps)
    clear: NDArray[np.bool_] = np.abs(_harmonic(cells, cells.x)) > np.maximum(
        CLEAR_CYCLE * error, cells.floor
    )
    return clear
