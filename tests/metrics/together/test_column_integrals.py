"""C5: mass, water and enthalpy of columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp_metrics import Value
from climcomp_metrics.clock import Clock
from climcomp_metrics.domain import Domain
from climcomp_metrics.together.column_integrals import AIR_HEAT, GRAVITY, column_integral
from climcomp_metrics.together.model import GroupPart

Array = NDArray[np.float64]
MakePart = Callable[..., GroupPart]
ValuesOf = Callable[..., dict[str, Value]]
LEVELS = {"level_values": np.array([1000.0, 850.0, 500.0, 200.0]), "level_unit": "hPa"}
MONTH = 365.2425 / 12 * 86400.0


def moist(steps: int = 1) -> Array:
    """(step, 4, 9, 18) kg/kg."""
    rng = np.random.default_rng(4)
    profile = np.array([1e-2, 6e-3, 1e-3, 1e-5]).reshape(1, 4, 1, 1)
    return profile * rng.uniform(0.5, 1.5, (steps, 4, 9, 18))


def test_a_constant_weighs_as_much_as_the_air() -> None:
    pressure = np.array([1e5, 2e4, 7e4])

    found = column_integral(np.full((3, 2, 2), 3.0), pressure)

    np.testing.assert_allclose(found, 3.0 * 8e4 / GRAVITY, rtol=1e-14)


def test_a_profile_linear_in_pressure_is_integrated_exactly() -> None:
    pressure = np.array([1e5, 6e4, 5.5e4, 1e4])
    values = (2.0 * pressure)[:, None, None] * np.ones((1, 2, 3))

    np.testing.assert_allclose(
        column_integral(values, pressure), (1e10 - 1e8) / GRAVITY, rtol=1e-14
    )


def test_levels_below_ground_are_left_out() -> None:
    pressure = np.array([1e5, 8e4, 5e4, 2e4])
    values = np.ones((4, 1, 2))
    values[0, 0, 0] = np.nan
    values[:3, 0, 1] = np.nan

    found = column_integral(values, pressure)

    assert found[0, 0] == pytest.approx(6e4 / GRAVITY, rel=1e-14)
    assert np.isnan(found[0, 1])


@pytest.mark.usefixtures("metpy_registry")
def test_metpy_finds_the_same_precipitable_water() -> None:
    import metpy.calc
    from metpy.units import units

    pressure = np.linspace(1000.0, 200.0, 40) * units.hPa
    ratio = 0.012 * np.exp(-np.arange(40) / 10.0) * units("kg/kg")
    dewpoint = metpy.calc.dewpoint(metpy.calc.vapor_pressure(pressure, ratio))

    expected = metpy.calc.precipitable_water(pressure, dewpoint).m_as("mm")

    found = column_integral(ratio.m[:, None, None], pressure.m_as("Pa"))
    # metpy divides by 999.97 kg m-3 and goes through Ambaum's saturation and back.
    assert float(found[0, 0]) == pytest.approx(expected, rel=2e-3)


def test_water_changes_by_its_share(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before = {"humidity": moist()}
    after = {"humidity": moist() * (1 + 2e-4)}

    found = values_of(
        "precipitable water", make_part(before, after, {"humidity": "1"}, small, **LEVELS)
    )

    assert found["C5-water"].value == pytest.approx(2e-4, rel=1e-9)


def test_levels_missing_after_are_left_out_before_too(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    after = moist() * (1 + 2e-4)
    after[0, 0, :5] = np.nan
    part = make_part({"humidity": moist()}, {"humidity": after}, {"humidity": "1"}, small, **LEVELS)

    found = values_of("precipitable water", part)["C5-water"]

    assert found.value == pytest.approx(2e-4, rel=1e-9)


def test_enthalpy_of_a_warmer_atmosphere_is_told_over_a_month(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before = {"temperature": np.full((1, 4, 9, 18), 250.0)}
    after = {"temperature": before["temperature"] + 0.003}

    found = values_of("enthalpy", make_part(before, after, {"temperature": "K"}, small, **LEVELS))

    # 0.003 K of 800 hPa of air.
    expected = AIR_HEAT * 0.003 * 8e4 / GRAVITY / MONTH
    assert found["C5-enthalpy"].value == pytest.approx(expected, rel=1e-9)
    assert found["C5-enthalpy"].unit == "W m-2"


def test_temperatures_in_celsius_have_the_same_change(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before = {"temperature": np.full((1, 4, 9, 18), -23.15)}
    after = {"temperature": before["temperature"] + 0.003}
    part = make_part(before, after, {"temperature": "degC"}, small, **LEVELS)

    found = values_of("enthalpy", part)["C5-enthalpy"]

    assert found.value == pytest.approx(AIR_HEAT * 0.003 * 8e4 / GRAVITY / MONTH, rel=1e-9)
    assert found.detail["mean"] == pytest.approx(AIR_HEAT * 250.0 * 8e4 / GRAVITY / MONTH)


def test_the_worst_month_counts(
    make_part: MakePart, values_of: ValuesOf, small: Domain, make_months: Callable[..., Clock]
) -> None:
    clock = make_months((1999, 12), (2000, 1), (2000, 1))
    error = np.array([0.002, 0.004, -0.004]).reshape(3, 1, 1, 1)
    before = {"temperature": np.full((3, 4, 9, 18), 250.0)}
    after = {"temperature": before["temperature"] + error}
    domain = replace(small, clock=clock)

    found = values_of("enthalpy", make_part(before, after, {"temperature": "K"}, domain, **LEVELS))[
        "C5-enthalpy"
    ]

    assert found.place == "1999-12"
    assert found.value == pytest.approx(AIR_HEAT * 0.002 * 8e4 / GRAVITY / MONTH, rel=1e-9)


def test_mass_alone_is_the_mean_pressure_and_says_so(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before = {"surface_pressure": np.full((1, 1, 9, 18), 985.0)}
    after = {"surface_pressure": before["surface_pressure"] + 3e-4}

    found = values_of("air mass", make_part(before, after, {"surface_pressure": "hPa"}, small))

    assert found["C5-mass"].value == pytest.approx(0.03, rel=1e-9)
    assert found["C5-mass"].place == "with its water: no specific humidity"


def test_dry_mass_is_pressure_less_the_weight_of_the_water(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    humidity = moist()
    before = {"surface_pressure": np.full((1, 1, 9, 18), 98500.0), "humidity": humidity}
    after = {
        "surface_pressure": before["surface_pressure"] + 0.5,
        "humidity": humidity + 1e-5,
    }
    units = {"surface_pressure": "Pa", "humidity": "kg kg-1"}

    found = values_of("air mass", make_part(before, after, units, small, **LEVELS))["C5-mass"]

    assert found.value == pytest.approx(abs(0.5 - 1e-5 * 8e4), rel=1e-6)
    assert found.place == ""


def test_water_on_hybrid_levels_is_left_in_the_mass(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before = {"surface_pressure": np.full((1, 1, 9, 18), 98500.0), "humidity": moist()}
    after = before | {"surface_pressure": before["surface_pressure"] + 0.5}
    units = {"surface_pressure": "Pa", "humidity": "1"}
    hybrid = {"level_standard_name": "atmosphere_hybrid_sigma_pressure_coordinate", **LEVELS}

    found = values_of("air mass", make_part(before, after, units, small, **hybrid))["C5-mass"]

    assert found.value == pytest.approx(0.5, rel=1e-9)
    assert found.place.startswith("with its water: the levels are no pressure levels")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"level_unit": "1"}, "the levels are in '1': pressure levels are needed"),
        ({"level_values": None}, "the levels have no coordinate: pressure levels are needed"),
        (
            {"level_values": np.array([1.0, 2.0, 2.0, 3.0])},
            "the levels are not all known and different",
        ),
        ({"level_values": np.array([0.0, 2.0, 5.0, 3.0])}, "some levels have no positive pressure"),
    ],
)
def test_columns_need_pressure_levels(
    make_part: MakePart, values_of: ValuesOf, small: Domain, changes: dict[str, object],
    expected: str,
) -> None:  # fmt: skip
    fields = {"humidity": moist()}
    part = make_part(fields, fields, {"humidity": "1"}, small, **(LEVELS | changes))

    assert values_of("precipitable water", part)["C5-water"].reason == expected


def test_one_level_no_weights_and_strange_units_are_told(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    fields, units = {"humidity": moist()}, {"humidity": "1"}
    one = {"humidity": moist()[:, :1]}
    level = {"level_values": np.array([500.0]), "level_unit": "hPa"}

    def reason(part: GroupPart) -> str:
        return values_of("precipitable water", part)["C5-water"].reason

    assert reason(make_part(one, one, units, small, **level)) == "one level is no column"
    bare = replace(small, weights=None)
    assert reason(make_part(fields, fields, units, bare, **LEVELS)) == "no area weights"
    strange = make_part(fields, fields, {"humidity": "ppm"}, small, **LEVELS)
    assert reason(strange) == "the_humidity has the unit 'ppm', which does not convert to kg kg-1"


def test_dry_columns_that_stay_dry_have_no_change(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    dry = {"humidity": np.zeros((1, 4, 9, 18))}
    wet = {"humidity": np.full((1, 4, 9, 18), 1e-9)}

    exact = values_of("precipitable water", make_part(dry, dry, {"humidity": "1"}, small, **LEVELS))
    made = values_of("precipitable water", make_part(dry, wet, {"humidity": "1"}, small, **LEVELS))

    assert exact["C5-water"].value == 0.0
    assert made["C5-water"].reason == "there is nothing in the columns"
