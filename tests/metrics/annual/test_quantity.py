"""Temperatures and precipitation are known by class, unit and, for amounts, by name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from climcomp_metrics.annual.quantity import (
    days_unit_mm,
    is_temperature,
    lacks_precipitation,
    lacks_temperature,
)

ONE = np.zeros((1, 1, 1, 1), np.float32)


@pytest.mark.parametrize("unit", ["K", "kelvin", "degC", "deg_C", "degrees_C", "Celsius", "Deg C"])
def test_kelvin_and_celsius_are_temperatures(unit: str, make_settings: Callable) -> None:
    assert is_temperature(make_settings(ONE, unit=unit))


@pytest.mark.parametrize("unit", ["K s-1", "", "1", "m s-1", "K m-1", "degF"])
def test_other_units_are_no_temperatures(unit: str, make_settings: Callable) -> None:
    assert not is_temperature(make_settings(ONE, unit=unit))


def test_kelvin_of_another_class_are_no_temperature(make_settings: Callable) -> None:
    assert not is_temperature(make_settings(ONE, unit="K", kind="P"))


@pytest.mark.parametrize(
    ("unit", "mm"),
    [
        ("kg m-2 s-1", 86400.0),
        ("kg m**-2 s**-1", 86400.0),
        ("kg/m/m/s", 86400.0),
        ("kg/m2/s", 86400.0),
        ("kg m^-2 s^-1", 86400.0),
        ("mm s-1", 86400.0),
        ("mm/day", 1.0),
        ("mm d-1", 1.0),
        ("kg m-2 day-1", 1.0),
        ("mm h-1", 24.0),
        ("m/s", 86.4e6),
        ("m s-1", 86.4e6),
        ("cm day-1", 10.0),
        ("mm/day of water", 1.0),
    ],
)
def test_rates_of_water_are_converted_to_mm_a_day(
    unit: str, mm: float, make_settings: Callable
) -> None:
    found = days_unit_mm(make_settings(ONE, unit=unit, kind="P", variable="x"))
    assert found == pytest.approx(mm, rel=1e-14)


@pytest.mark.parametrize(("unit", "mm"), [("mm", 1.0), ("kg m-2", 1.0), ("m", 1000.0)])
def test_amounts_are_precipitation_where_the_name_says_so(
    unit: str, mm: float, make_settings: Callable
) -> None:
    for name in ("tp", "pr", "total_precipitation", "grp/PRECT", "RAINNC", "snowfall"):
        assert days_unit_mm(make_settings(ONE, unit=unit, kind="P", variable=name)) == mm
    for name in ("prw", "snw", "swh", "clwvi", "sd"):
        assert days_unit_mm(make_settings(ONE, unit=unit, kind="P", variable=name)) is None


@pytest.mark.parametrize(
    "unit", ["kg kg-1", "1", "", "mol mol-1", "m2 s-1", "kg m-3", "s-1", "kg m-2 s", "mm (a day)"]
)
def test_other_units_are_no_precipitation(unit: str, make_settings: Callable) -> None:
    assert days_unit_mm(make_settings(ONE, unit=unit, kind="P", variable="pr")) is None


def test_wind_is_no_precipitation(make_settings: Callable) -> None:
    assert days_unit_mm(make_settings(ONE, unit="m s-1", kind="C")) is None


def test_the_reason_names_variable_and_unit(make_settings: Callable) -> None:
    hus = make_settings(ONE, unit="kg kg-1", kind="P", variable="hus")
    assert lacks_precipitation(hus) == "not precipitation: hus in kg kg-1"
    assert lacks_temperature(hus) == "not a temperature in K or degC: hus in kg kg-1"
    bare = make_settings(ONE, unit="", kind="C", variable="q")
    assert lacks_temperature(bare) == "not a temperature in K or degC: q without a unit"
