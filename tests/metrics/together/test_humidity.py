"""T7: relative humidity."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp_metrics import Value
from climcomp_metrics.domain import Domain
from climcomp_metrics.together.humidity import BIN, BINS, relative_humidity
from climcomp_metrics.together.model import GroupPart

Array = NDArray[np.float64]
MakePart = Callable[..., GroupPart]
ValuesOf = Callable[..., dict[str, Value]]
UNITS = {"temperature": "K", "humidity": "kg kg-1", "pressure": "Pa"}


def air(levels: int = 2, steps: int = 2) -> dict[str, Array]:
    """Temperature and humidity of (steps, levels, 9, 18) values of the lower troposphere."""
    rng = np.random.default_rng(0)
    shape = (steps, levels, 9, 18)
    return {
        "temperature": rng.uniform(255.0, 303.0, shape),
        "humidity": rng.uniform(1e-4, 1.5e-3, shape),  # at most 160 % of what the air holds
    }


def test_air_at_its_dew_point_is_saturated() -> None:
    # At 0 degC es is 611.2 Pa by definition of the formula.
    share = 0.622 * 611.2 / (1e5 - 0.378 * 611.2)

    found = relative_humidity(np.array([273.15]), np.array([share]), 1e5)

    assert found[0] == pytest.approx(100.0, rel=1e-12)


def test_missing_values_stay_missing() -> None:
    found = relative_humidity(np.array([np.nan, 280.0, 20.0]), np.array([1e-3, np.nan, 1e-3]), 1e5)

    assert np.isnan(found).all()


@pytest.mark.usefixtures("metpy_registry")
def test_metpy_finds_the_same_humidity() -> None:
    import metpy.calc
    from metpy.units import units

    rng = np.random.default_rng(3)
    t, q, p = rng.uniform(245.0, 305.0, 500), rng.uniform(1e-5, 5e-3, 500), 9e4
    ratio = metpy.calc.mixing_ratio_from_specific_humidity(q * units("kg/kg"))
    vapour = metpy.calc.vapor_pressure(p * units.Pa, ratio)
    saturation = metpy.calc.saturation_vapor_pressure(t * units.K)

    expected = (vapour / saturation).m_as("percent")

    # metpy's saturation is Ambaum 2020, which is 0.6 % from Bolton 1980 at -28 degC.
    np.testing.assert_allclose(relative_humidity(t, q, np.full(500, p)), expected, rtol=8e-3)


@pytest.mark.usefixtures("metpy_registry")
def test_metpys_ratio_of_mixing_ratios_is_near() -> None:
    import metpy.calc
    from metpy.units import units

    t, q = np.linspace(260.0, 300.0, 50), np.linspace(5e-4, 8e-3, 50)
    found = metpy.calc.relative_humidity_from_specific_humidity(
        9e4 * units.Pa, t * units.K, q * units("kg/kg")
    ).m_as("percent")

    # The other definition, w/ws, is (p - es)/(p - e) of this one: within 4 % at 300 K.
    np.testing.assert_allclose(relative_humidity(t, q, 9e4), found, rtol=0.04)


def test_the_quantile_is_that_of_all_changes_of_the_worst_level(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before = air(steps=50)
    rng = np.random.default_rng(9)
    after = {
        "temperature": before["temperature"] + rng.uniform(-0.05, 0.05, (50, 2, 9, 18)),
        "humidity": before["humidity"] * (1.0 + rng.uniform(-0.01, 0.01, (50, 2, 9, 18))),
    }
    pressure = np.array([850.0, 500.0])
    part = make_part(before, after, UNITS, small, level_values=pressure, level_unit="hPa")

    found = values_of("relative humidity", part)["T7"]

    def humidity(fields: dict[str, Array], k: int) -> Array:
        q, t = fields["humidity"][:, k], fields["temperature"][:, k] - 273.15
        vapour = q * pressure[k] / (0.622 + 0.378 * q)
        return 100.0 * vapour / (6.112 * np.exp(17.67 * t / (t + 243.5)))

    changes = [np.abs(humidity(after, k) - humidity(before, k)) for k in (0, 1)]
    quantiles = [np.quantile(change, 0.999, method="inverted_cdf") for change in changes]
    assert found.value == pytest.approx(max(quantiles), abs=BIN)
    assert found.level == int(np.argmax(quantiles))
    assert found.detail["largest"] == pytest.approx(changes[found.level].max(), rel=1e-9)


def test_exact_values_have_no_change(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    part = make_part(air(1), air(1), UNITS, small, level_values=np.array([8e4]), level_unit="Pa")

    assert values_of("relative humidity", part)["T7"].value == 0.0


def test_a_change_beyond_the_histogram_is_the_largest_one(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before = air(1)
    after = before | {"humidity": before["humidity"] * 2.0}
    part = make_part(before, after, UNITS, small, level_values=np.array([8e4]), level_unit="Pa")

    found = values_of("relative humidity", part)["T7"]

    assert found.value is not None
    assert found.value > BIN * BINS
    assert found.value == found.detail["largest"]


def test_a_variable_of_pressure_counts_with_its_own_change(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before = air(1) | {"pressure": np.full((2, 1, 9, 18), 900.0)}
    after = before | {"pressure": before["pressure"] * 1.01}
    part = make_part(before, after, UNITS | {"pressure": "hPa"}, small)

    found = values_of("relative humidity", part)["T7"]

    humid = relative_humidity(before["temperature"], before["humidity"], 9e4)
    expected = np.quantile(0.01 * humid, 0.999, method="inverted_cdf")
    assert found.value == pytest.approx(expected, abs=BIN)


def test_celsius_and_grams_are_understood(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    levels = {"level_values": np.array([850.0]), "level_unit": "mbar"}
    before, after = air(1), air(1)
    after["temperature"] = after["temperature"] + 0.1
    expected = values_of("relative humidity", make_part(before, after, UNITS, small, **levels))

    def other(fields: dict[str, Array]) -> dict[str, Array]:
        celsius, grams = fields["temperature"] - 273.15, fields["humidity"] * 1e3
        return {"temperature": celsius, "humidity": grams}

    units = {"temperature": "degC", "humidity": "g/kg"}
    part = make_part(other(before), other(after), units, small, **levels)
    found = values_of("relative humidity", part)

    assert found["T7"].value == pytest.approx(expected["T7"].value, abs=BIN)


def test_values_below_ground_are_left_out(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before, after = air(1), air(1)
    after["temperature"][0, 0, :3] += 30.0
    for fields in (before, after):
        fields["humidity"][0, 0, :3] = np.nan
    part = make_part(before, after, UNITS, small, level_values=np.array([8e4]), level_unit="Pa")

    assert values_of("relative humidity", part)["T7"].value == 0.0


@pytest.mark.parametrize(
    ("units", "changes", "expected"),
    [
        (UNITS | {"temperature": "furlong"}, {}, "'furlong'"),
        (UNITS, {"level_values": None}, "pressure levels are needed, or a variable of pressure"),
        (
            UNITS,
            {"level_standard_name": "atmosphere_hybrid_sigma_pressure_coordinate"},
            "no pressure levels",
        ),
    ],
)
def test_what_is_not_known_is_told(
    make_part: MakePart, values_of: ValuesOf, small: Domain, units: dict[str, str],
    changes: dict[str, object], expected: str,
) -> None:  # fmt: skip
    levels = {"level_values": np.array([8e4]), "level_unit": "Pa"} | changes
    part = make_part(air(1), air(1), units, small, **levels)

    found = values_of("relative humidity", part)["T7"]

    assert found.value is None
    assert expected in found.reason


def test_all_missing_is_told(make_part: MakePart, values_of: ValuesOf, small: Domain) -> None:
    nothing = {role: np.full_like(values, np.nan) for role, values in air(1).items()}
    part = make_part(nothing, nothing, UNITS, small, level_values=np.array([8e4]), level_unit="Pa")

    assert values_of("relative humidity", part)["T7"].reason.startswith("no value has all its mem")


def test_states_that_no_air_has_are_left_out(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before = air(1)
    after = before | {"humidity": before["humidity"] * 1.001}
    levels = {"level_values": np.array([8e4]), "level_unit": "Pa"}
    part = make_part(before, after, UNITS, small, **levels)
    expected = values_of("relative humidity", part)["T7"]
    # 20 g/kg at -60 degC is thousands of per cent, and a tenth of a per cent of that several.
    for fields in (before, after):
        fields["temperature"] = fields["temperature"].copy()
        fields["humidity"] = fields["humidity"].copy()
        fields["temperature"][0, 0, 0, 0] = 213.15
        fields["humidity"][0, 0, 0, 0] = 0.02
    after["humidity"][0, 0, 0, 0] *= 1.001

    part = make_part(before, after, UNITS, small, **levels)
    found = values_of("relative humidity", part)["T7"]

    assert found.value is not None
    assert found.value <= (expected.value or 0.0)
