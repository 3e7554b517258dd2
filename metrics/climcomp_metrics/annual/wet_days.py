"""How often it rains: METRICS, D5."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.annual.quantity import WET_MM, days_unit_mm, lacks_precipitation
from climcomp_metrics.annual.years import lacks_days
from climcomp_metrics.base import State, Value
from climcomp_metrics.conditions import enough, first_reason
from climcomp_metrics.domain import Domain
from climcomp_metrics.field import FieldSettings
from climcomp_metrics.level import Level
from climcomp_metrics.part import Part
from climcomp_metrics.statistics import merge_sums

THRESHOLDS_MM = (WET_MM, 0.1)
"""METRICS, D5: of a day."""

_LOST, _GAINED, _KEPT = range(3)


class WetDays:
    """Wet days of x alone, of y alone and of both, on every value.

    Of each level `counts` and `areas` (thresholds, 3), numbers of values and their area weights;
    where no areas are known every cell weighs 1.
    """

    name: ClassVar[str] = "wet_days"

    def lacks(self, settings: FieldSettings, domain: Domain) -> str:
        """It needs daily precipitation."""
        return lacks_precipitation(settings) or lacks_days(domain)

    def of(self, part: Part) -> State:
        """The counts of each level of the part."""
        from climcomp_metrics.kernels.jit import read_only
        from climcomp_metrics.kernels.wet_days import count_wet

        unit = days_unit_mm(part.settings)
        state: State = {}
        if unit is None:
            return state
        weights = _weights(part)
        by_row = bool((weights == weights[:, :1]).all())
        # As the values see it: 1 mm that was stored as the next float32 below is 1 mm.
        thresholds = np.array(THRESHOLDS_MM) / unit
        thresholds = thresholds.astype(part.original.dtype).astype(np.float64)
        for k, level in enumerate(part.levels()):
            counts, areas = np.zeros((2, thresholds.size, 3))
            count_wet(
                read_only(part.original),
                read_only(part.decoded),
                k,
                thresholds,
                weights,
                by_row,
                counts,
                areas,
            )
            state[f"{self.name}/{level}/counts"] = counts
            state[f"{self.name}/{level}/areas"] = areas
        return state

    def merge(self, first: State, second: State) -> State:
        """Counts add up."""
        return merge_sums(first, second)


def _weights(part: Part) -> NDArray[np.float64]:
    """(y, x) or (y, 1) of the part."""
    (_, _, y0, x0), (_, _, ny, nx) = part.place.start, part.place.shape
    if part.domain.weights is None:
        return np.ones((ny, 1))
    return np.ascontiguousarray(part.domain.weights[y0 : y0 + ny, x0 : x0 + nx], np.float64)


class WetDayFrequency:
    """Relative change of the share of days of 1 mm or more, and of 0.1 mm or more (D5).

    The worse of the two, of all days and cells, by area where it is known.
    """

    id: ClassVar[str] = "D5"
    fewest: ClassVar[int] = 100
    """Wet days: with fewer, one of them weighs twice the limit."""

    def value(self, level: Level) -> Value:
        """One number for the level; for daily precipitation."""
        if reason := first_reason(level) or WetDays().lacks(level.settings, level.domain):
            return level.without(self.id, "1", reason)
        if level.is_exact:
            return level.of(self.id, 0.0, "1")
        sums = level.sums_of(WetDays.name)
        counts = np.asarray(sums["counts"], np.float64)
        areas = np.asarray(sums["areas"], np.float64)
        wet = counts[:, _LOST] + counts[:, _KEPT]
        area = areas[:, _LOST] + areas[:, _KEPT]
        told = [n for n in range(wet.size) if wet[n] >= self.fewest and area[n] > 0]
        if not told:
            few = enough(level, float(wet.max()), self.fewest)
            why = f"wet days: {few or 'none lies in a cell with area'}"
            return level.without(self.id, "1", why)
        changes = {n: float((areas[n, _GAINED] - areas[n, _LOST]) / area[n]) for n in told}
        worst = max(told, key=lambda n: abs(changes[n]))
        # Days that cross the threshold are few and cross it one by one: known to their root.
        crossed = float(counts[worst, _LOST] + counts[worst, _GAINED])
        return level.of(
            self.id,
            abs(changes[worst]),
            "1",
            place=f"days of {THRESHOLDS_MM[worst]:g} mm or more",
            detail={f"signed at {THRESHOLDS_MM[n]:g} mm": changes[n] for n in told},
            error=math.sqrt(crossed) / float(wet[worst]),
        )
