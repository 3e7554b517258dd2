"""Metrics of shapes in the horizontal: METRICS, "Structure"."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.base import Value
from climcomp_metrics.conditions import above_rounding, first_reason, has_neighbours, rounding
from climcomp_metrics.level import Level

PERIODS = (4, 6, 8)
"""Sides of codec blocks: ZFP 4, SZ3's regression 6 (3-D); 8 by habit of image codecs."""

REACH = 3
"""A border is compared with the steps up to three cells away, where the field is the same."""

CERTAIN = 0.1
"""Half the WARN limit of T4: an estimate with a larger standard error is no finding."""


class Gradient:
    """Rms of the error's gradient over that of the field (T2), in field units per cell.

    Central differences in both directions, as `np.gradient` takes them inside.
    """

    id: ClassVar[str] = "T2"

    def value(self, level: Level) -> Value:
        """One number for the level, over all times and inner cells."""
        if reason := first_reason(level, has_neighbours):
            return level.without(self.id, "1", reason)
        if level.is_exact:
            return level.of(self.id, 0.0, "1")
        t = level.totals
        field = math.sqrt(t["gradient_xx"] / t["stencils"])
        if reason := above_rounding(level, field, "the gradient"):
            return level.without(self.id, "1", reason)
        return level.of(self.id, math.sqrt(t["gradient_ee"] / t["stencils"]) / field, "1")


class LaplacianVariance:
    """abs(variance of the Laplacian of y over that of x, minus 1) (T3)."""

    id: ClassVar[str] = "T3"

    def value(self, level: Level) -> Value:
        """One number for the level, over all times and inner cells."""
        if reason := first_reason(level, has_neighbours):
            return level.without(self.id, "1", reason)
        if level.is_exact:
            return level.of(self.id, 0.0, "1")
        t = level.totals
        n = t["stencils"]
        variance = t["lap_xx"] / n - (t["lap_x"] / n) ** 2
        if reason := above_rounding(level, math.sqrt(max(variance, 0.0)), "the Laplacian"):
            return level.without(self.id, "1", reason)
        shared = t["lap_xe"] / n - t["lap_x"] * t["lap_e"] / n**2
        signed = (2.0 * shared + t["lap_ee"] / n - (t["lap_e"] / n) ** 2) / variance
        return level.of(self.id, abs(signed), "1", detail={"signed": signed})


class Blockiness:
    """Mean abs(step of e) across codec-block and chunk borders over that beside them, minus 1 (T4).

    Blocks begin where a chunk begins. METRICS compares with "elsewhere"; here that is the steps up
    to three cells from each border, because errors of relative bounds follow the field, which may
    be rough at a border by itself.
    """

    id: ClassVar[str] = "T4"

    def value(self, level: Level) -> Value:
        """The worst period and direction of this level."""
        if reason := first_reason(level, has_neighbours):
            return level.without(self.id, "1", reason)
        if level.is_exact:
            return level.of(self.id, 0.0, "1")
        found = {}
        for axis, chunk in (("y", level.settings.chunk[2]), ("x", level.settings.chunk[3])):
            total, count = level.steps(axis)
            place = np.arange(total.size) % chunk
            for period in PERIODS:
                excess = _excess(total, count, place % period == 0, rounding(level))
                if excess is not None:
                    found[f"period {period} along {axis}"] = excess
            excess = _excess(total, count, place == 0, rounding(level))
            if excess is not None:
                found[f"chunks of {chunk} along {axis}"] = excess
        if not found:
            why = "too few or too uneven steps across borders to tell, or all under rounding"
            return level.without(self.id, "1", why)
        worst = max(found, key=lambda name: found[name])
        return level.of(self.id, found[worst], "1", place=worst, detail=found)


def _excess(
    total: NDArray[np.float64],
    count: NDArray[np.float64],
    border: NDArray[np.bool_],
    least: float,
) -> float | None:
    """Steps at borders over steps beside them, minus 1; None where chance alone could do it."""
    usable = count > 0
    mean = np.where(usable, total / np.maximum(count, 1.0), 0.0)
    beside_sum, beside_count = np.zeros_like(mean), np.zeros_like(mean)
    inner = usable & ~border
    for shift in (s for s in range(-REACH, REACH + 1) if s):
        source = slice(max(shift, 0), mean.size + min(shift, 0))
        target = slice(max(-shift, 0), mean.size + min(-shift, 0))
        beside_sum[target] += (mean * inner)[source]
        beside_count[target] += inner[source]
    used = border & usable & (beside_count > 0)
    if int(used.sum()) < 2:
        return None
    at_border, beside = mean[used], beside_sum[used] / beside_count[used]
    weight = count[used] / count[used].sum()
    across, along = float((weight * at_border).sum()), float((weight * beside).sum())
    if max(across, along) <= least:
        return None
    if along == 0.0:
        return float("inf")
    # The borders are repeated trials: their scatter tells the standard error of the ratio.
    residual = weight * (at_border - beside * across / along)
    positions = int(used.sum())
    error = math.sqrt(float((residual**2).sum()) * positions / (positions - 1)) / along
    excess = across / along - 1.0
    return excess if error <= max(CERTAIN, excess / 3.0) else None
