"""How far the distributions of original and decoded values are apart: METRICS, D2 and D3."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.base import Value
from climcomp_metrics.conditions import enough, first_reason, has_bins, has_sigma
from climcomp_metrics.level import Level

CROWD = 0.05
"""Of the values, within sigma/64 of an edge. A normal distribution has at most 0.0125 there."""


class KolmogorovSmirnov:
    """Largest distance of the cumulative distributions of x and y (D2).

    sup abs(Fx - Fy) over the edges of the bins (sigma/1000 apart, at most): below the distance of
    the values themselves by no more than the share of them in one bin. Values that an error moves
    within a bin, such as those of a packed field, are no distance. For class P the distributions
    of wet values, which are those above the bin that holds zero. An effect size, not a p-value.
    Source: the KS test of Baker and others 2017, recast.
    """

    id: ClassVar[str] = "D2"
    unit: ClassVar[str] = "1"
    fewest: ClassVar[int] = 1000
    """Values: with fewer, five that cross an edge are as much as the WARN limit."""

    def value(self, level: Level) -> Value:
        """One number for the level, and where it is as a place."""
        if reason := first_reason(level):
            return level.without(self.id, self.unit, reason)
        if level.is_exact:
            return level.of(self.id, 0.0, self.unit)
        if reason := has_sigma(level) or has_bins(level):
            return level.without(self.id, self.unit, reason)
        counts = np.asarray(level.histogram.counts[:2], dtype=np.int64)
        if level.settings.kind == "P":
            counts = counts.copy()
            counts[:, : int(level.bins.index(np.zeros(1))[0]) + 1] = 0
        totals = counts.sum(axis=1)
        if reason := enough(level, float(totals.min()), self.fewest):
            what = "of the wet values " if level.settings.kind == "P" else ""
            return level.without(self.id, self.unit, what + reason)
        of_x, of_y = (np.cumsum(counts, axis=1) / totals[:, None])[:, :-1]
        apart = np.abs(of_y - of_x)
        if level.settings.kind != "P":
            crowded = _crowded(level, of_x)
            apart[crowded] = 0.0
            inside = (of_x > 0.0) & (of_x < 1.0)
            if crowded[inside].all() and not apart.any():
                return level.without(self.id, self.unit, "all values crowd together")
        worst = int(np.argmax(apart))
        edge = float(level.bins.edges()[worst])
        place = f"share of values below {edge:.6g} {level.settings.unit}".rstrip()
        return level.of(self.id, float(apart[worst]), self.unit, place=place)


def _crowded(level: Level, below: NDArray[np.float64]) -> NDArray[np.bool_]:
    """At which edges x has a crowd beside it, from the share of x below each."""
    reach = max(1, round(level.sigma / 64.0 / level.bins.width))
    padded = np.concatenate([np.zeros(reach), below, np.ones(reach)])
    crowded: NDArray[np.bool_] = padded[2 * reach :] - padded[: -2 * reach] > CROWD
    return crowded


class Wasserstein:
    """Mean distance that values are moved from the distribution of x to that of y, in sigma (D3).

    integral of abs(Fx - Fy) over the values, which is that of abs(Qy - Qx) over the shares
    (Vallender 1974), from the bins, inside which values are taken as spread evenly: right within
    the width of one bin. Of the values beyond the bins it counts the difference of their sums, as
    far as tail sums are kept there.
    """

    id: ClassVar[str] = "D3"
    unit: ClassVar[str] = "sigma"

    def value(self, level: Level) -> Value:
        """One number for the level."""
        if reason := first_reason(level):
            return level.without(self.id, self.unit, reason)
        if level.is_exact:
            return level.of(self.id, 0.0, self.unit)
        if reason := has_sigma(level) or has_bins(level):
            return level.without(self.id, self.unit, reason)
        histogram = level.histogram
        counts = np.asarray(histogram.counts[:2], dtype=np.int64)
        of_x, of_y = np.cumsum(counts, axis=1, dtype=np.float64)[:, :-1] / histogram.total
        inside = _integral(of_y - of_x, np.diff(level.bins.edges()))
        beyond = abs(_beyond(level, upper=True)) + abs(_beyond(level, upper=False))
        return level.of(
            self.id, (inside + beyond) / level.sigma, self.unit,
            detail={"beyond the bins": beyond / level.sigma},
        )  # fmt: skip


def _integral(apart: NDArray[np.float64], widths: NDArray[np.float64]) -> float:
    """Of abs(f), f given at the edges of bins of such widths and linear between them."""
    a, b = apart[:-1], apart[1:]
    size = np.abs(a) + np.abs(b)
    # Where the sign changes, two triangles stand in place of a trapezium.
    crossed = (a * b < 0.0) & (size > 0.0)
    height = np.where(crossed, (a**2 + b**2) / np.where(size > 0.0, size, 1.0), size)
    return float((0.5 * height * widths).sum())


def _beyond(level: Level, *, upper: bool) -> float:
    """Mean over all values of how much farther y reaches beyond the last edge than x does."""
    histogram, bins = level.histogram, level.bins
    at, edge = (-1, bins.edges()[-1]) if upper else (0, bins.edges()[0])
    if (bins.tail_high >= bins.count) if upper else (bins.tail_low <= 0):
        return 0.0
    tails = np.asarray(histogram.tails, dtype=np.float64)
    moved = tails[at, 2] - tails[at, 0]
    more = int(histogram.counts[1][at]) - int(histogram.counts[0][at])
    return float((moved - (edge - bins.reference) * more) / histogram.total)
