"""Units of members, as files write them."""

from __future__ import annotations

import numpy as np
import pytest

from climcomp_metrics.together.units import KINDS, find_unit, is_listed, si_unit, unit_not_known


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("temperature", "degC", 274.15),
        ("temperature", "degrees_Celsius", 274.15),
        ("temperature", "DEG C", 274.15),
        ("temperature", "K", 1.0),
        ("pressure", "hPa", 100.0),
        ("pressure", "millibars", 100.0),
        ("height", "gpm", 1.0),
        ("height", "centimeters", 0.01),
        ("geopotential", "m**2 s**-2", 1.0),
        ("mass ratio", "G/KG", 1e-3),
        ("mass ratio", "kg kg**-1", 1.0),
        ("speed", "m.s-1", 1.0),
        ("energy flux", "W/m^2", 1.0),
        ("water flux", "m/s", 1000.0),
        ("water flux", "mm/day", 1.0 / 86400.0),
        ("water over a while", "m", 1000.0),
    ],
)
def test_one_of_a_unit_is_this_much_in_si(kind: str, text: str, expected: float) -> None:
    unit = find_unit(kind, text)

    assert unit is not None
    assert float(unit.to_si(np.array([1.0]))[0]) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "celsius"])
def test_every_si_unit_is_one_of_its_kind(kind: str) -> None:
    unit = find_unit(kind, si_unit(kind))

    assert unit is not None
    assert (unit.factor, unit.offset) == (1.0, 0.0)


@pytest.mark.parametrize("text", ["", "m s-1", "furlong", "W m-2 sr-1"])
def test_a_unit_of_another_kind_is_no_temperature(text: str) -> None:
    assert find_unit("temperature", text) is None


def test_a_difference_of_degrees_has_no_offset() -> None:
    unit = find_unit("temperature", "degC")

    assert unit is not None
    assert unit.difference(np.array([2.0]))[0] == 2.0


def test_a_unit_of_another_kind_is_listed_all_the_same() -> None:
    assert find_unit("height", "Pa") is None
    assert is_listed("Pa")


def test_the_reason_names_variable_unit_and_what_was_wanted() -> None:
    assert unit_not_known("ta", "furlong", "temperature") == (
        "ta has the unit 'furlong', which does not convert to K"
    )
    assert unit_not_known("ta", "", "temperature") == "ta has no unit, which does not convert to K"
