"""From which value on rain is rain: 1 mm a day, in the unit of the variable."""

from __future__ import annotations

from climcomp_metrics.clock import DAY_SECONDS
from climcomp_metrics.domain import Domain
from climcomp_metrics.together.units import find_unit

WET_KG_M2_A_DAY = 1.0
"""ETCCDI's wet day: 1 mm of water."""


def wet_threshold(unit: str, domain: Domain) -> float | None:
    """1 mm a day in a unit of rain; None where the unit is none.

    Of depths or masses of water alone, which are amounts of a time step, the step is taken from
    the dates, and without dates there is none.
    """
    rate = find_unit("water flux", unit)
    if rate is not None:
        return WET_KG_M2_A_DAY / DAY_SECONDS / rate.factor
    amount = find_unit("water over a while", unit)
    step = 0.0 if domain.clock is None else domain.clock.usual_step_seconds
    if amount is None or not step > 0:
        return None
    return WET_KG_M2_A_DAY / DAY_SECONDS * step / amount.factor
