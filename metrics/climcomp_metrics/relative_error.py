"""Errors beside their own values, NCAR's spatial relative error: METRICS, P6."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from climcomp_metrics.base import State, Value
from climcomp_metrics.conditions import first_reason
from climcomp_metrics.domain import Domain
from climcomp_metrics.field import FieldSettings
from climcomp_metrics.level import Level
from climcomp_metrics.part import Part
from climcomp_metrics.statistics import merge_sums
from climcomp_metrics.together.units import find_unit

SHARE = 1e-4


class RelativeErrors:
    """How many errors are above 1e-4 of their values.

    Its keys are "relative_error/level/counts": (2,) values with such an error, and values finite
    in both.
    """

    name: ClassVar[str] = "relative_error"

    def lacks(self, settings: FieldSettings, domain: Domain) -> str:
        """Kelvin and pressure only: elsewhere values lie about zero, and their shares tell
        nothing."""
        kelvin = find_unit("temperature", settings.unit)
        if (kelvin and not kelvin.offset) or find_unit("pressure", settings.unit):
            return ""
        found = settings.unit or "1"
        return f"errors beside values are for kelvin and pressure only, not for {found!r}"

    def of(self, part: Part) -> State:
        """The counts of each level of a part."""
        # numba takes a second to import, and plans and reports need none of it.
        from climcomp_metrics.kernels.jit import read_only
        from climcomp_metrics.kernels.relative import count_relative

        state: State = {}
        for k, level in enumerate(part.levels()):
            counts = np.zeros(2, np.int64)
            for x, y in zip(part.original[:, k], part.decoded[:, k], strict=True):
                counts += count_relative(read_only(x.reshape(-1)), read_only(y.reshape(-1)), SHARE)
            state[f"{self.name}/{level}/counts"] = counts
        return state

    def merge(self, first: State, second: State) -> State:
        """The counts of both."""
        return merge_sums(first, second)


class SpatialRelativeError:
    """Percentage of the values with abs(e) > 1e-4 abs(x) (P6).

    Source: Baker and others 2017, "Toward a multi-method approach: lossy data compression for
    climate simulation data", where it is told of each map; here of all maps of a level. Their
    program divides by 1 where x is 0; here any error of a zero is above.
    """

    id: ClassVar[str] = "P6"
    unit: ClassVar[str] = "%"
    _statistic: ClassVar[RelativeErrors] = RelativeErrors()

    def value(self, level: Level) -> Value:
        """One number for the level."""
        reason = first_reason(level) or self._statistic.lacks(level.settings, level.domain)
        if reason:
            return level.without(self.id, self.unit, reason)
        over, valid = (int(n) for n in np.asarray(level.sums_of(self._statistic.name)["counts"]))
        return level.of(self.id, 100.0 * over / valid, self.unit)
