"""Units as files write them, converted as differences."""

from __future__ import annotations

import subprocess
import sys

import pytest

from climcomp.errors import BoundError
from climcomp_workflows import units
from climcomp_workflows.units import (
    Unit,
    difference_factor,
    has_same_dimensions,
    is_dimensionless,
    is_percent,
    is_water,
    parse_unit,
)

# found, wanted, factor: each checked by hand against UDUNITS' meaning of the two.
CONVERSIONS = [
    ("K", "degC", 1.0),
    ("degC", "K", 1.0),
    ("K", "Deg C", 1.0),
    ("K", "DEG C", 1.0),
    ("K", "C", 1.0),
    ("K", "celsius", 1.0),
    ("K", "°C", 1.0),
    ("degF", "K", 5 / 9),
    ("degC", "degF", 9 / 5),
    ("m s-1", "m s**-1", 1.0),
    ("cm/s", "m s-1", 0.01),
    ("m/s", "M/S", 1.0),
    ("m/s", "m.s-1", 1.0),
    ("m/s", "m s^-1", 1.0),
    ("hPa", "Pa", 100.0),
    ("Pa", "mb", 0.01),
    ("Pa", "MB", 0.01),
    ("hPa", "millibars", 1.0),
    ("Pa", "pascals", 1.0),
    ("g/kg", "kg kg-1", 1e-3),
    ("g kg-1", "G/KG", 1.0),
    ("kg kg**-1", "1", 1.0),
    ("%", "1", 0.01),
    ("%", "(0 - 1)", 0.01),
    ("%", "0-1", 0.01),
    ("1", "%", 100.0),
    ("psu", "0.001", 1.0),
    ("psu", "1e-3", 1.0),
    ("psu", "g/kg", 1.0),
    ("mm/day", "m/s", 1e-3 / 86400),
    ("mm/day", "mm s-1", 1 / 86400),
    ("mm d-1", "mm h-1", 1 / 24),
    ("kg m-2 s-1", "kg/m/m/s", 1.0),
    ("W m-2", "W/m^2", 1.0),
    ("W m-2", "W m{-2}", 1.0),
    ("W m-2", "W m⁻²", 1.0),
    ("m2 s-2", "m**2 s**-2", 1.0),
    ("J kg-1", "m2/s2", 1.0),
    ("m", "gpm", 1.0),
    ("mm", "m of water equivalent", 1e-3),
    ("kg/(m2 s)", "kg m-2 s-1", 1.0),
    ("1e-6 m s-1", "m s-1", 1e-6),
    ("10^3 m3", "m3", 1000.0),
    ("Sv", "m3 s-1", 1e6),
    ("DU", "mol m-2", 4.4615e-4),
    ("kg-1", "  kg(-1)", 1.0),
    ("ppb", "mol mol-1", 1e-9),
    ("1", "m-2/m-2", 1.0),
    ("K/s", "C/S", 1.0),
]


@pytest.mark.parametrize(("found", "wanted", "factor"), CONVERSIONS)
def test_a_difference_converts(found: str, wanted: str, factor: float) -> None:
    actual, note = difference_factor(found, wanted)
    assert actual == pytest.approx(factor, rel=1e-14)
    assert note is None


@pytest.mark.parametrize(
    ("found", "wanted"),
    [("K", "m"), ("Pa", "m s-1"), ("1", "K"), ("K", ""), ("kg m-2", "kg m-3"), ("m", "m2")],
)
def test_units_of_different_kinds_are_refused(found: str, wanted: str) -> None:
    with pytest.raises(BoundError, match="does not fit") as error:
        difference_factor(found, wanted)
    assert repr(found) in str(error.value)


def test_a_depth_of_water_is_a_mass_only_where_it_is_water() -> None:
    factor, note = difference_factor("mm/day", "kg m-2 s-1", water=True)
    assert factor == pytest.approx(1 / 86400, rel=1e-14)
    assert note is not None
    assert "1000 kg m-3" in note
    back, _ = difference_factor("kg m-2", "m", water=True)
    assert back == pytest.approx(1e-3, rel=1e-14)
    with pytest.raises(BoundError, match="standard_name says water"):
        difference_factor("mm/day", "kg m-2 s-1")


def test_water_is_known_by_its_standard_name() -> None:
    assert is_water("precipitation_flux")
    assert is_water("lwe_thickness_of_surface_snow_amount")
    assert not is_water("surface_snow_thickness")
    assert not is_water("air_temperature")
    assert not is_water(None)


def test_a_unit_that_cannot_be_read_takes_only_its_own_spelling() -> None:
    assert difference_factor("dBZ", "dBZ") == (1.0, None)
    with pytest.raises(BoundError, match="exactly that unit"):
        difference_factor("1", "dBZ")


@pytest.mark.parametrize(
    "text",
    ["level", "days since 1900-01-01", "log(Pa)", "m*", "*m", "m**", "((m", "m)", "0 m", "m//s",
     "m-", "m^99", "K" * 200, "2020-01-01", "day as %Y%m%d.%f", "s'); import os"],
)  # fmt: skip
def test_what_is_no_unit_is_refused(text: str) -> None:
    with pytest.raises(BoundError, match="no unit that climcomp can read"):
        parse_unit(text)


def test_old_capital_spelling_is_not_read_as_si() -> None:
    # SI would say molar per siemens.
    assert parse_unit("M/S") == parse_unit("m/s")


@pytest.mark.parametrize("text", [None, "", "1", "-", "none", "Dimensionless", "(0 - 1)", "kg/kg"])
def test_a_plain_number_needs_no_unit(text: str | None) -> None:
    assert parse_unit(text) == Unit(1.0, ())
    assert is_dimensionless(text)


@pytest.mark.parametrize("text", ["%", "K", "0.001", "g/kg", "dBZ"])
def test_these_are_no_plain_numbers(text: str) -> None:
    assert not is_dimensionless(text)


def test_percent_is_known_in_its_spellings() -> None:
    assert is_percent("%")
    assert is_percent(" percent")
    assert not is_percent("1")
    assert not is_percent(None)


def test_dimensions_compare_without_raising() -> None:
    assert has_same_dimensions("degC", "K")
    assert not has_same_dimensions("dBZ", "K")
    assert not has_same_dimensions("K", "Pa")


def test_importing_units_does_not_load_pint() -> None:
    code = (
        "import sys, climcomp_workflows.recipe, climcomp_workflows.classes;"
        "print('pint' in sys.modules)"
    )
    path = ":".join(part for part in sys.path if part)
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": path},
        check=True,
    )
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("name", sorted(units._COMMON))
def test_the_common_units_are_what_pint_says(name: str) -> None:
    assert units._COMMON[name] == units._from_pint(name)


def test_a_temperature_is_recognised_without_loading_pint() -> None:
    code = (
        "import sys; from climcomp_workflows.quantities import recognise; "
        "recognise('t2m', {'units': 'K', 'standard_name': 'air_temperature'}); "
        "sys.exit('pint' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
