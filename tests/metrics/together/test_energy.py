"""C6: kinetic energy and ocean heat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp_metrics import Value
from climcomp_metrics.clock import Clock
from climcomp_metrics.domain import Domain
from climcomp_metrics.together.levels import thicknesses
from climcomp_metrics.together.model import GroupPart

Array = NDArray[np.float64]
MakePart = Callable[..., GroupPart]
ValuesOf = Callable[..., dict[str, Value]]
METRES = {"u": "m s-1", "v": "m s-1"}
DEPTHS = {"level_values": np.array([5.0, 20.0, 50.0]), "level_unit": "m"}


def winds(seed: int = 0, levels: int = 2) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    return {role: rng.normal(3.0, 8.0, (2, levels, 9, 18)) for role in "uv"}


def scaled(fields: dict[str, Array], by: float | Array) -> dict[str, Array]:
    return {role: field * by for role, field in fields.items()}


def test_energy_goes_with_the_square_of_the_wind(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before = winds()

    found = values_of("kinetic energy", make_part(before, scaled(before, 0.999), METRES, small))

    assert found["C6-kinetic"].value == pytest.approx(1 - 0.999**2, rel=1e-9)
    assert found["C6-kinetic"].detail["signed"] < 0


def test_energy_is_the_area_mean_of_half_the_squares(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before, after = winds(levels=1), winds(1, levels=1)
    assert small.weights is not None

    def mean(fields: dict[str, Array]) -> float:
        square = 0.5 * (fields["u"] ** 2 + fields["v"] ** 2)
        return float(np.average(square.mean(axis=(0, 1)), weights=small.weights))

    found = values_of("kinetic energy", make_part(before, after, METRES, small))["C6-kinetic"]

    assert found.detail["mean"] == pytest.approx(mean(before), rel=1e-12)
    assert found.value == pytest.approx(abs(mean(after) / mean(before) - 1), rel=1e-9)


def test_energy_is_told_in_metres_whatever_the_unit(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    centimetres = {"u": "cm/s", "v": "cm/s"}
    metres = make_part(winds(), winds(1), METRES, small)
    part = make_part(scaled(winds(), 100.0), scaled(winds(1), 100.0), centimetres, small)

    expected = values_of("kinetic energy", metres)["C6-kinetic"]
    found = values_of("kinetic energy", part)["C6-kinetic"]

    assert found.value == pytest.approx(expected.value, rel=1e-9)
    assert found.detail == pytest.approx(expected.detail, rel=1e-9)


def test_the_worst_level_counts(make_part: MakePart, values_of: ValuesOf, small: Domain) -> None:
    before = winds()
    by = np.array([1.001, 1.0001]).reshape(1, 2, 1, 1)
    levels = {"level_values": np.array([200.0, 850.0]), "level_unit": "hPa"}

    found = values_of(
        "kinetic energy", make_part(before, scaled(before, by), METRES, small, **levels)
    )["C6-kinetic"]

    assert (found.level, found.place) == (0, "200 hPa")
    assert found.value == pytest.approx(1.001**2 - 1, rel=1e-9)


def test_a_level_without_a_unit_is_named_by_its_number(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    levels = {"level_values": np.array([200.0, 850.0])}
    part = make_part(winds(), scaled(winds(), 1.001), METRES, small, **levels)

    assert values_of("kinetic energy", part)["C6-kinetic"].place in ("level 200", "level 850")


def test_winds_missing_on_one_side_count_on_none(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    before = winds()
    after = scaled(before, 1.001)
    before["u"][0, 0, 1, 1] = np.nan
    after["v"][1, 1, 2, 2] = np.inf

    found = values_of("kinetic energy", make_part(before, after, METRES, small))["C6-kinetic"]

    assert found.value == pytest.approx(1.001**2 - 1, rel=1e-9)


def test_currents_on_curvilinear_and_unstructured_grids_have_energy(
    make_part: MakePart, values_of: ValuesOf
) -> None:
    before = {role: np.full((1, 1, 1, 30), 0.1) for role in "uv"}
    cells = Domain(np.ones((1, 30)), "unstructured")

    found = values_of("kinetic energy", make_part(before, scaled(before, 1.01), METRES, cells))

    assert found["C6-kinetic"].value == pytest.approx(1.01**2 - 1, rel=1e-9)


def test_calm_that_stays_calm_is_kept_and_wind_from_nothing_is_told(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    calm = {role: np.zeros((1, 1, 9, 18)) for role in "uv"}
    windy = {role: np.ones((1, 1, 9, 18)) for role in "uv"}

    kept = values_of("kinetic energy", make_part(calm, calm, METRES, small))["C6-kinetic"]
    made = values_of("kinetic energy", make_part(calm, windy, METRES, small))["C6-kinetic"]

    assert kept.value == 0.0
    assert made.reason == "no cell has both winds, or no wind"


def test_energy_needs_area_and_units(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    bare = make_part(winds(), winds(), METRES, replace(small, weights=None))
    strange = make_part(winds(), winds(), METRES | {"v": "1"}, small)

    assert values_of("kinetic energy", bare)["C6-kinetic"].reason == "no area weights"
    assert "'1'" in values_of("kinetic energy", strange)["C6-kinetic"].reason


def test_layers_reach_from_the_surface_to_midway() -> None:
    found = thicknesses(np.array([50.0, 5.0, 20.0]))

    np.testing.assert_allclose(found, [30.0, 12.5, 22.5])


@pytest.mark.parametrize(("unit", "zero"), [("degC", 0.0), ("K", 273.15)])
def test_heat_above_freezing_changes_by_its_share(
    make_part: MakePart, values_of: ValuesOf, small: Domain, unit: str, zero: float
) -> None:
    celsius = np.broadcast_to(np.array([20.0, 10.0, 4.0]).reshape(1, 3, 1, 1), (1, 3, 9, 18))
    after = celsius + np.array([0.01, 0.0, 0.0]).reshape(1, 3, 1, 1)

    found = values_of(
        "ocean heat",
        make_part(
            {"temperature": celsius + zero}, {"temperature": after + zero},
            {"temperature": unit}, small, **DEPTHS,
        ),
    )["C6-ocean-heat"]  # fmt: skip

    layers = np.array([12.5, 22.5, 30.0])
    expected = 0.01 * layers[0] / (layers @ np.array([20.0, 10.0, 4.0]))
    assert found.value == pytest.approx(expected, rel=1e-6)


def test_water_below_freezing_does_not_empty_the_denominator(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    cold = np.broadcast_to(np.array([1.8, -1.0, 0.0]).reshape(1, 3, 1, 1), (1, 3, 9, 18))
    part = make_part(
        {"temperature": cold}, {"temperature": cold + 0.01}, {"temperature": "degC"}, small,
        **DEPTHS,
    )  # fmt: skip

    found = values_of("ocean heat", part)["C6-ocean-heat"]

    # 1.8 K of 12.5 m and -1 K of 22.5 m cancel.
    assert found.value == pytest.approx(0.01 * 65.0 / 45.0, rel=1e-6)


def test_the_sea_floor_is_left_out(make_part: MakePart, values_of: ValuesOf, small: Domain) -> None:
    sea = np.full((1, 3, 9, 18), 10.0)
    sea[0, 1:, :4] = np.nan
    sea[0, :, 4] = np.nan
    units = {"temperature": "degC"}

    found = values_of(
        "ocean heat",
        make_part({"temperature": sea}, {"temperature": sea * 1.001}, units, small, **DEPTHS),
    )["C6-ocean-heat"]

    assert found.value == pytest.approx(1e-3, rel=1e-9)


def test_the_worst_month_of_heat_is_named(
    make_part: MakePart, values_of: ValuesOf, small: Domain, make_months: Callable[..., Clock]
) -> None:
    domain = replace(small, clock=make_months((2000, 1), (2000, 2)))
    sea = np.full((2, 3, 9, 18), 10.0)
    after = sea * np.array([1.0, 1.002]).reshape(2, 1, 1, 1)

    found = values_of(
        "ocean heat",
        make_part({"temperature": sea}, {"temperature": after}, {"temperature": "degC"}, domain,
                  **DEPTHS),
    )["C6-ocean-heat"]  # fmt: skip

    assert found.place == "2000-02"
    assert found.value == pytest.approx(2e-3, rel=1e-9)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"level_unit": "hPa"}, "the levels are in 'hPa': depths are needed"),
        ({"level_values": None}, "the levels have no coordinate: depths are needed"),
        ({"level_values": np.array([-5.0, 20.0, 50.0])}, "some levels are above the surface"),
    ],
)
def test_heat_needs_depths(
    make_part: MakePart, values_of: ValuesOf, small: Domain, changes: dict[str, object],
    expected: str,
) -> None:  # fmt: skip
    sea = {"temperature": np.full((1, 3, 9, 18), 10.0)}
    part = make_part(sea, sea, {"temperature": "degC"}, small, **(DEPTHS | changes))

    assert values_of("ocean heat", part)["C6-ocean-heat"].reason == expected


def test_depths_may_count_downward_from_zero_as_negative_heights(
    make_part: MakePart, values_of: ValuesOf, small: Domain
) -> None:
    sea = {"temperature": np.full((1, 3, 9, 18), 10.0)}
    after = {"temperature": sea["temperature"] * 1.001}
    levels = DEPTHS | {"level_values": np.array([-5.0, -20.0, -50.0])}

    found = values_of("ocean heat", make_part(sea, after, {"temperature": "degC"}, small, **levels))

    assert found["C6-ocean-heat"].value == pytest.approx(1e-3, rel=1e-9)
