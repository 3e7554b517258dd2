"""Metrics of the errors value by value: METRICS, "Pointwise", but P1, which is per shard."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from climcomp_metrics.base import Value
from climcomp_metrics.conditions import (
    above_rounding,
    enough,
    first_reason,
    has_area,
    has_neighbours,
    has_sigma,
    has_time,
    rounding,
)
from climcomp_metrics.level import CONSTANT_SLICE, Level
from climcomp_metrics.saturated import saturated_sums

FEWEST_IN_SLICE = 30
"""A slice with fewer values gives no rms to compare with others."""


ROUNDING = 1e-12
"""Of a sum: what is left after taking out most of it may be this far from zero."""

FEWEST_PAIRS = 100
"""A correlation of fewer values is nothing but chance."""


class Bias:
    """Absolute area-weighted mean error over sigma (P2)."""

    id: ClassVar[str] = "P2"

    def value(self, level: Level) -> Value:
        """The bias of this level, over all times."""
        if reason := first_reason(level, has_area):
            return level.without(self.id, "sigma", reason)
        if level.is_exact:
            return level.of(self.id, 0.0, "sigma")
        if reason := has_sigma(level):
            return level.without(self.id, "sigma", reason)
        mean = level.totals["weighted_e"] / level.totals["weight"]
        return level.of(self.id, abs(mean) / level.sigma, "sigma", detail={"mean error": mean})


class AnomalyCorrelation:
    """1 - correlation of departures from the original's time mean in each cell (P3).

    With A and B the weighted mean squared anomalies of x and y about the time mean of x:
    (<e^2> - (sqrt A - sqrt B)^2) / (2 sqrt(A B)), where sqrt A - sqrt B is taken from the sums of
    e, so that nothing is lost when both agree to many digits.
    """

    id: ClassVar[str] = "P3"
    unit: ClassVar[str] = "1"

    def value(self, level: Level) -> Value:
        """One number for the level."""
        if reason := first_reason(level, has_time, has_area):
            return level.without(self.id, self.unit, reason)
        if level.is_exact:
            return level.of(self.id, 0.0, self.unit)
        weight = squares = errors = products = 0.0
        for region in level.regions():
            held = region.count > 0
            n = np.maximum(region.count, 1)
            sums = region.sums
            w = (
                np.ones(held.shape)
                if level.weights is None
                else level.weights[region.rows, region.columns]
            ) * held
            weight += float((w * region.count).sum())
            squares += float((w * np.maximum(sums["xx"] - sums["x"] ** 2 / n, 0.0)).sum())
            products += float((w * (sums["xe"] - sums["x"] * sums["e"] / n)).sum())
            errors += float((w * sums["ee"]).sum())
        a, c, e = squares / weight, products / weight, errors / weight
        b = a + 2.0 * c + e
        if reason := above_rounding(level, math.sqrt(max(min(a, b), 0.0)), "the anomaly"):
            return level.without(self.id, self.unit, reason)
        difference = (2.0 * c + e) / (math.sqrt(a) + math.sqrt(b))
        return level.of(self.id, (e - difference**2) / (2.0 * math.sqrt(a * b)), self.unit)


class PooledPearson:
    """1 - rho of original and decoded map, the worst of all time steps (P4)."""

    id: ClassVar[str] = "P4"
    unit: ClassVar[str] = "1"

    def value(self, level: Level) -> Value:
        """The worst time step of this level."""
        if reason := first_reason(level):
            return level.without(self.id, self.unit, reason)
        if level.is_exact:
            return level.of(self.id, 0.0, self.unit)
        s = level.slices
        deviation = level.deviations()
        floor = max(CONSTANT_SLICE * float(np.median(deviation)), rounding(level))
        good = deviation > floor
        if not good.any():
            return level.without(self.id, self.unit, "every time step is constant")
        n = s["count"]
        covariance = s["xe"] / n - s["x"] * s["e"] / n**2
        error = np.maximum(s["ee"] / n - (s["e"] / n) ** 2, 0.0)
        other = np.sqrt(np.maximum(deviation**2 + 2.0 * covariance + error, 0.0))
        with np.errstate(divide="ignore", invalid="ignore"):
            difference = (2.0 * covariance + error) / (deviation + other)
            distance = (error - difference**2) / (2.0 * deviation * other)
        # A decoded map without any variation is as far from the original as a map can be.
        distance = np.where(other > 0, distance, 1.0)[good]
        worst = int(np.argmax(distance))
        time = int(level.times[good][worst])
        return level.of(self.id, float(distance[worst]), self.unit, time=time)


class NormalisedErrors:
    """Rms and largest error over the range, and the peak signal-to-noise ratio (P5)."""

    id: ClassVar[str] = "P5"
    unit: ClassVar[str] = "of the range"

    def value(self, level: Level) -> Value:
        """The normalised rms error; the others as detail."""
        if reason := first_reason(level):
            return level.without(self.id, self.unit, reason)
        if level.is_exact:
            return level.of(self.id, 0.0, self.unit)
        t = level.totals
        span = t["most"] - t["least"]
        if reason := above_rounding(level, span, "the range"):
            return level.without(self.id, self.unit, reason)
        rms = math.sqrt(t["ee"] / t["count"])
        detail = {"rmse": rms, "largest over range": t["largest"] / span, "range": span}
        if rms > 0:
            detail["psnr_db"] = 20.0 * math.log10(span / rms)
        worst = int(np.argmax(level.slices["largest"]))
        return level.of(self.id, rms / span, self.unit, time=int(level.times[worst]), detail=detail)


class SliceOutlier:
    """Largest over median of rms(e_t)/SD(x_t) along time (P7).

    The median is that of the slices with errors: losslessly stored shards must not make the
    others outliers.
    """

    id: ClassVar[str] = "P7"

    def value(self, level: Level) -> Value:
        """The worst time step of this level."""
        if reason := first_reason(level, has_time):
            return level.without(self.id, "1", reason)
        if level.is_exact:
            return level.of(self.id, 0.0, "1")
        deviation = level.deviations()
        floor = max(CONSTANT_SLICE * float(np.median(deviation)), rounding(level))
        s = level.slices
        good = (deviation > floor) & (s["count"] >= FEWEST_IN_SLICE)
        rms = np.sqrt(s["ee"][good] / s["count"][good])
        share = rms / deviation[good]
        damaged = share[rms > rounding(level)]
        if damaged.size == 0:
            why = "no time step has both variation and errors above rounding"
            return level.without(self.id, "1", why)
        worst = int(np.argmax(share))
        ratio = float(share[worst] / np.median(damaged))
        return level.of(self.id, ratio, "1", time=int(level.times[good][worst]))


class ErrorLaplacianCorrelation:
    """Absolute correlation of e with the 5-point Laplacian of x (P8): sees smoothing.

    Over cells that are not saturated: see `climcomp_metrics.saturated`.
    """

    id: ClassVar[str] = "P8"

    def value(self, level: Level) -> Value:
        """One number for the level, over all times and inner cells."""
        if reason := first_reason(level, has_neighbours):
            return level.without(self.id, "1", reason)
        t = level.totals
        names = ("stencils", "inner_e", "inner_ee", "lap_x", "lap_xx", "e_lap_x", "e_lap_x_squared")
        apart = saturated_sums(level, of_laplacian=True)
        return _correlation(level, self.id, *_less([t[name] for name in names], apart))


class ErrorFieldCorrelation:
    """Absolute correlation of e with x (P9): damping and bit shaving show here.

    Over cells that are not saturated: see `climcomp_metrics.saturated`.
    """

    id: ClassVar[str] = "P9"

    def value(self, level: Level) -> Value:
        """One number for the level, over all times and cells."""
        if reason := first_reason(level):
            return level.without(self.id, "1", reason)
        t = level.totals
        names = ("count", "e", "ee", "x", "xx", "xe", "xe_squared")
        apart = saturated_sums(level, of_laplacian=False)
        return _correlation(level, self.id, *_less([t[name] for name in names], apart))


def _less(sums: list[float], apart: dict[str, float]) -> list[float]:
    """Sums without those of the saturated cells; what is left of rounding alone is nothing."""
    left = [a - b for a, b in zip(sums, apart.values(), strict=True)]
    return [v if abs(v) > ROUNDING * abs(a) else 0.0 for v, a in zip(left, sums, strict=True)]


def _correlation(
    level: Level,
    metric: str,
    n: float,
    e: float,
    ee: float,
    x: float,
    xx: float,
    xe: float,
    squared: float,
) -> Value:
    if level.is_exact:
        return level.of(metric, 0.0, "1")
    error = math.sqrt(max(ee / n - (e / n) ** 2, 0.0))
    field = math.sqrt(max(xx / n - (x / n) ** 2, 0.0))
    reason = (
        enough(level, n, FEWEST_PAIRS)
        or above_rounding(level, error, "the spread of the errors")
        or above_rounding(level, field, "the spread of the field")
    )
    if reason:
        return level.without(metric, "1", reason)
    signed = (xe / n - e * x / n**2) / (error * field)
    # White 1980: also right where large errors sit on large values, as relative bounds make them.
    chance = math.sqrt(squared) / n / (error * field)
    return level.of(metric, abs(signed), "1", detail={"signed": signed}, error=chance)
