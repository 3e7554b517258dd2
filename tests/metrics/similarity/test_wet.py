"""1 mm a day in the units that files of rain use."""

from __future__ import annotations

import numpy as np
import pytest

from climcomp_metrics.clock import Clock
from climcomp_metrics.domain import Domain
from climcomp_metrics.similarity.wet import wet_threshold


def six_hourly() -> Clock:
    steps = np.arange(4, dtype=np.int64)
    return Clock(steps, steps, steps, steps, steps * 21600.0, "standard")


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("kg m-2 s-1", 1 / 86400),
        ("kg m**-2 s**-1", 1 / 86400),
        ("mm s-1", 1 / 86400),
        ("mm/day", 1.0),
        ("m/s", 1e-3 / 86400),
        ("mm h-1", 1 / 24),
    ],
)
def test_rates_are_1_mm_a_day(unit: str, expected: float) -> None:
    assert wet_threshold(unit, Domain()) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("unit", "expected"), [("mm", 0.25), ("kg m-2", 0.25), ("m", 0.25e-3)])
def test_amounts_are_those_of_a_time_step(unit: str, expected: float) -> None:
    assert wet_threshold(unit, Domain(clock=six_hourly())) == pytest.approx(expected, rel=1e-12)


def test_amounts_without_dates_have_no_threshold() -> None:
    assert wet_threshold("mm", Domain()) is None


@pytest.mark.parametrize("unit", ["kg kg-1", "mol mol-1", "1", "", "K"])
def test_other_units_have_no_threshold(unit: str) -> None:
    assert wet_threshold(unit, Domain(clock=six_hourly())) is None
