"""Metrics of the tails: METRICS, "Extremes"."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from climcomp_metrics.base import Value
from climcomp_metrics.conditions import enough, first_reason, has_bins, has_sigma, has_time
from climcomp_metrics.level import Level

TAIL = 1e-3
FAR_TAIL = 1e-4


def _blocked(level: Level, fewest: int) -> str | None:
    return has_sigma(level) or has_bins(level) or enough(level, level.totals["count"], fewest)


class TailQuantiles:
    """Largest shift of the quantiles 1e-4, 1e-3, 0.999, 0.9999, over sigma (E1).

    Quantiles with fewer than ten values beyond them are left out.
    """

    id: ClassVar[str] = "E1"

    def value(self, level: Level) -> Value:
        """The worst quantile of this level."""
        if reason := first_reason(level):
            return level.without(self.id, "sigma", reason)
        if level.is_exact:
            return level.of(self.id, 0.0, "sigma")
        if reason := _blocked(level, round(10 / TAIL)):
            return level.without(self.id, "sigma", reason)
        tails = (FAR_TAIL, TAIL) if level.totals["count"] >= 10 / FAR_TAIL else (TAIL,)
        shares = np.array([*tails, *(1.0 - tail for tail in tails)])
        of_x, of_y = level.histogram.quantiles(shares)
        shift = (of_y - of_x) / level.sigma
        worst = int(np.argmax(np.abs(shift)))
        signed = float(shift[worst])
        place, detail = f"quantile {shares[worst]:g}", {"signed": signed}
        return level.of(self.id, abs(signed), "sigma", place=place, detail=detail)


class ExpectedShortfall:
    """Change of the mean of the top 1e-4, and of the lowest except for class P, over sigma (E2)."""

    id: ClassVar[str] = "E2"

    def value(self, level: Level) -> Value:
        """The worse end of this level."""
        if reason := first_reason(level):
            return level.without(self.id, "sigma", reason)
        if level.is_exact:
            return level.of(self.id, 0.0, "sigma")
        # Thirty values: their mean error has a fifth of the spread of one.
        if reason := _blocked(level, round(30 / FAR_TAIL)):
            return level.without(self.id, "sigma", reason)
        shifts = {}
        for name, upper in (("high end", True), ("low end", False)):
            if upper or level.settings.kind != "P":
                x, y = (level.histogram.mean_beyond(which, FAR_TAIL, upper) for which in (0, 1))
                shifts[name] = (y - x) / level.sigma
        worst = max(shifts, key=lambda name: abs(shifts[name]))
        return level.of(self.id, abs(shifts[worst]), "sigma", place=worst, detail=shifts)


class ConditionalTailBias:
    """Mean of e where x lies beyond its 0.999 quantile, and below its 0.001, over sigma (E3).

    The edge is a bin's edge near that quantile; `detail` names it.
    """

    id: ClassVar[str] = "E3"

    def value(self, level: Level) -> Value:
        """The worse end of this level."""
        if reason := first_reason(level):
            return level.without(self.id, "sigma", reason)
        if level.is_exact:
            return level.of(self.id, 0.0, "sigma")
        if reason := _blocked(level, round(30 / TAIL)):
            return level.without(self.id, "sigma", reason)
        biases, detail = {}, {}
        for name, upper in (("high end", True), ("low end", False)):
            edge = level.histogram.tail_edge(TAIL, upper)
            if edge is None:
                continue
            mean, count = level.histogram.error_beyond(edge, upper)
            if count:
                biases[name] = mean / level.sigma
                detail[f"{name}: threshold"] = level.histogram.edge_value(edge)
                detail[f"{name}: values"] = float(count)
        if not biases:
            return level.without(self.id, "sigma", "no value lies beyond a tail's threshold")
        worst = max(biases, key=lambda name: abs(biases[name]))
        return level.of(
            self.id, abs(biases[worst]), "sigma", place=worst, detail={**detail, **biases}
        )


class ExceedanceCsi:
    """Hits over hits, misses and false alarms of exceeding x's 0.999 quantile (E4)."""

    id: ClassVar[str] = "E4"
    fewest: ClassVar[int] = 100
    """Exceedances: with fewer, one miss weighs as much as the limit."""

    def value(self, level: Level) -> Value:
        """One number for the level; the threshold as detail."""
        if reason := first_reason(level):
            return level.without(self.id, "1", reason)
        if level.is_exact:
            return level.of(self.id, 1.0, "1")
        if reason := has_sigma(level) or has_bins(level):
            return level.without(self.id, "1", reason)
        edge = level.histogram.tail_edge(TAIL, upper=True)
        if edge is None:
            return level.without(self.id, "1", "no value lies beyond a tail's threshold")
        if level.histogram.is_crowded(edge):
            # METRICS, of E6: what hangs on ties in single cells is no finding.
            why = "the threshold cuts through values that are too close together to tell apart"
            return level.without(self.id, "1", why)
        score, count = level.histogram.success_beyond(edge)
        if reason := enough(level, count, self.fewest):
            return level.without(self.id, "1", f"above the threshold {reason}")
        detail = {"threshold": level.histogram.edge_value(edge), "values": float(count)}
        # Misses and false alarms are rare and about independent: their number is known to its root.
        either = count / max(score, 1e-9)
        chance = math.sqrt((1.0 - score) * either) / either
        return level.of(self.id, score, "1", detail=detail, error=chance)


class CellMaximumBias:
    """Mean over cells of the change of the largest value in time, over sigma (E5)."""

    id: ClassVar[str] = "E5"

    def value(self, level: Level) -> Value:
        """One number for the level; the 99th percentile of its size as detail."""
        if reason := first_reason(level, has_time):
            return level.without(self.id, "sigma", reason)
        if level.is_exact:
            return level.of(self.id, 0.0, "sigma")
        if reason := has_sigma(level):
            return level.without(self.id, "sigma", reason)
        changes = np.concatenate(
            [
                np.diff(region.maxima.astype(np.float64), axis=0)[0][region.count > 0]
                for region in level.regions()
            ]
        )
        mean = float(changes.mean()) / level.sigma
        detail = {"signed": mean, "p99": float(np.quantile(np.abs(changes), 0.99)) / level.sigma}
        return level.of(self.id, abs(mean), "sigma", detail=detail)
