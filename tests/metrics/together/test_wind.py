"""T5: vorticity and divergence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp.source.area import EARTH_RADIUS_M
from climcomp_metrics import Value
from climcomp_metrics.domain import Domain
from climcomp_metrics.together.gradients import CURL, SPREAD, WEIGHT
from climcomp_metrics.together.model import Group, GroupPart
from climcomp_metrics.together.wind import WindDerivatives

Array = NDArray[np.float64]
MakePart = Callable[..., GroupPart]
ValuesOf = Callable[..., dict[str, Value]]
METRES = {"u": "m s-1", "v": "m s-1"}
GROUP = Group("wind", {"u": "ua", "v": "va"})


def angles(domain: Domain) -> tuple[Array, Array]:
    assert domain.lat is not None
    assert domain.lon is not None
    lat, lon = np.meshgrid(np.deg2rad(domain.lat), np.deg2rad(domain.lon), indexing="ij")
    return lat, lon


def waves(domain: Domain, seed: int = 0) -> tuple[Array, Array]:
    """Smooth winds: (y, x), of some m/s."""
    lat, lon = angles(domain)
    phase = np.random.default_rng(seed).uniform(0.0, 6.0, 3)
    u = 20.0 * np.cos(lat) + 8.0 * np.sin(3 * lon + phase[0]) * np.cos(lat) ** 3
    v = 6.0 * np.cos(2 * lon + phase[1]) * np.sin(2 * lat + phase[2]) * np.cos(lat) ** 2
    return u, v


def part_of(
    make_part: MakePart, domain: Domain, winds: tuple[Array, Array], errors: tuple[Array, Array]
) -> GroupPart:
    original = {role: w[None, None] for role, w in zip("uv", winds, strict=True)}
    wrong = {role: w[None, None] for role, w in zip("uv", errors, strict=True)}
    return make_part(original, {r: original[r] + wrong[r] for r in original}, METRES, domain)


def test_solid_body_rotation_has_the_vorticity_of_twice_its_spin(
    make_part: MakePart, globe: Domain
) -> None:
    # u = U cos lat: vorticity 2 U sin lat / a, no divergence.
    lat, _ = angles(globe)
    u = 10.0 * np.cos(lat)
    part = part_of(make_part, globe, (u, 0 * u), (0 * u, 0 * u))

    table = WindDerivatives().of(GROUP, part)["sum/squares"]

    inside = np.abs(np.rad2deg(lat)) < 85
    assert globe.weights is not None
    weights = np.where(inside, globe.weights, 0.0)
    expected = np.sum(weights * (20.0 * np.sin(lat) / EARTH_RADIUS_M) ** 2)
    assert table[0, WEIGHT] == pytest.approx(weights.sum())
    # Centred differences over 4 degrees make (sin 2 deg / 2 deg)-like errors: 6e-4, squared twice.
    assert table[0, CURL] == pytest.approx(expected, rel=2e-3)
    assert table[0, SPREAD] == pytest.approx(0.0, abs=1e-20)


def test_a_potential_flow_diverges_and_does_not_turn(make_part: MakePart, globe: Domain) -> None:
    # v = -V cos lat: divergence 2 V sin lat / a, no vorticity.
    lat, _ = angles(globe)
    v = -10.0 * np.cos(lat)
    part = part_of(make_part, globe, (0 * v, v), (0 * v, 0 * v))

    table = WindDerivatives().of(GROUP, part)["sum/squares"]

    assert globe.weights is not None
    weights = np.where(np.abs(np.rad2deg(lat)) < 85, globe.weights, 0.0)
    expected = np.sum(weights * (20.0 * np.sin(lat) / EARTH_RADIUS_M) ** 2)
    assert table[0, SPREAD] == pytest.approx(expected, rel=2e-3)
    assert table[0, CURL] == pytest.approx(0.0, abs=1e-20)


def test_an_error_of_a_hundredth_of_the_wind_is_a_hundredth(
    make_part: MakePart, values_of: ValuesOf, globe: Domain
) -> None:
    u, v = waves(globe)

    found = values_of("wind", part_of(make_part, globe, (u, v), (0.01 * u, 0.01 * v)))

    assert found["T5-vorticity"].value == pytest.approx(0.01, rel=1e-9)
    assert found["T5-divergence"].value == pytest.approx(0.01, rel=1e-9)


@pytest.mark.parametrize("first_lon", [0.0, -180.0])
@pytest.mark.parametrize("direction", [1, -1])
def test_order_of_latitudes_and_start_of_longitudes_do_not_matter(
    make_part: MakePart,
    values_of: ValuesOf,
    make_domain: Callable[..., Domain],
    first_lon: float,
    direction: int,
) -> None:
    lat = np.arange(-88.0, 89.0, 4.0)
    plain = make_domain(lat, np.arange(0.0, 360.0, 4.0))
    turned = make_domain(lat[::direction], first_lon + np.arange(0.0, 360.0, 4.0))
    expected = values_of("wind", part_of(make_part, plain, waves(plain), waves(plain, 1)))

    found = values_of("wind", part_of(make_part, turned, waves(turned), waves(turned, 1)))

    for metric in ("T5-vorticity", "T5-divergence"):
        assert found[metric].value == pytest.approx(expected[metric].value, rel=1e-9)


@pytest.mark.usefixtures("metpy_registry")
def test_metpy_finds_the_same_ratios(
    make_part: MakePart, values_of: ValuesOf, globe: Domain
) -> None:
    import metpy.calc
    import xarray as xr

    winds, errors = waves(globe), tuple(0.05 * w for w in waves(globe, 7))
    assert globe.weights is not None
    assert globe.lat is not None
    weights = np.where(np.abs(globe.lat) < 85, globe.weights.T, 0.0).T
    # Second-order differences of both, taken in other coordinates: waves of 60 cells, some 1e-3.
    found = values_of("wind", part_of(make_part, globe, winds, errors))

    def on_grid(field: Array) -> xr.DataArray:
        coords = {
            "lat": ("lat", globe.lat, {"units": "degrees_north", "standard_name": "latitude"}),
            "lon": ("lon", globe.lon, {"units": "degrees_east", "standard_name": "longitude"}),
        }
        array = xr.DataArray(field, dims=("lat", "lon"), coords=coords, attrs={"units": "m/s"})
        return array.metpy.assign_crs(
            grid_mapping_name="latitude_longitude", earth_radius=EARTH_RADIUS_M
        )

    def rms(function: Callable[..., xr.DataArray], pair: tuple[Array, ...]) -> float:
        field = function(*map(on_grid, pair)).metpy.dequantify().to_numpy()
        # metpy takes one-sided differences where columns end; here they close the circle.
        return float(np.sqrt(np.sum((weights * field**2)[:, 1:-1]) / weights[:, 1:-1].sum()))

    for metric, function in (
        ("T5-vorticity", metpy.calc.vorticity),
        ("T5-divergence", metpy.calc.divergence),
    ):
        expected = rms(function, errors) / rms(function, winds)
        assert found[metric].value == pytest.approx(expected, rel=0.01)


def test_winds_in_centimetres_turn_as_much(
    make_part: MakePart, values_of: ValuesOf, globe: Domain
) -> None:
    u, v = (100.0 * wind[None, None] for wind in waves(globe))
    pair = {"u": u, "v": v}
    metres = part_of(make_part, globe, waves(globe), waves(globe, 1))
    part = make_part(pair, pair, {"u": "cm/s", "v": "cm/s"}, globe)

    expected = values_of("wind", metres)["T5-vorticity"].detail["rms"]

    found = values_of("wind", part)["T5-vorticity"].detail["rms"]
    assert found == pytest.approx(expected, rel=1e-9)


def test_missing_winds_take_out_their_neighbours_only(
    make_part: MakePart, values_of: ValuesOf, globe: Domain
) -> None:
    u, v = waves(globe)
    u[40, 7] = np.nan

    found = values_of("wind", part_of(make_part, globe, (u, v), (0.01 * u, 0.01 * v)))

    assert found["T5-vorticity"].value == pytest.approx(0.01, rel=1e-9)


def test_a_regional_grid_has_derivatives_inside(
    make_part: MakePart, values_of: ValuesOf, make_domain: Callable[..., Domain]
) -> None:
    region = make_domain(np.arange(30.0, 50.0, 1.0), np.arange(350.0, 370.0, 1.0) % 360.0)
    u, v = waves(region)
    broken = u.copy()
    broken[5, 0] += 5.0  # column 1 sees it from the side; the last column must not

    errors = (broken - u, 0 * v)
    part = part_of(make_part, region, (u, v), errors)
    table = WindDerivatives().of(GROUP, part)["sum/squares"]

    # Only the divergence of the cell (5, 1): 5 m/s over two columns. (The rows beside column 0
    # have no neighbour in the west.)
    cell = 5.0 / (2.0 * np.deg2rad(1.0) * EARTH_RADIUS_M * np.cos(np.deg2rad(35.0)))
    assert region.weights is not None
    assert table[0, 4] == pytest.approx(region.weights[5, 1] * cell**2, rel=1e-9)
    assert table[0, 2] == pytest.approx(0.0, abs=1e-25)


def test_the_worst_level_and_step_are_named(
    make_part: MakePart, values_of: ValuesOf, globe: Domain
) -> None:
    u, v = (np.broadcast_to(w, (3, 2, *w.shape)).copy() for w in waves(globe))
    after = {"u": u.copy(), "v": v.copy()}
    after["u"][2, 1] *= 1.1
    after["u"][:, 0] *= 1.001
    part = make_part(
        {"u": u, "v": v}, after, METRES, globe, level_values=np.array([500.0, 850.0]),
        level_unit="hPa", start=10, steps=64, every=2,
    )  # fmt: skip

    found = values_of("wind", part)["T5-vorticity"]

    assert (found.level, found.time, found.place) == (1, 14, "850 hPa")
    assert found.sampled == "3 of 64 time steps"


def test_exact_winds_have_no_error_even_in_a_calm(
    make_part: MakePart, values_of: ValuesOf, globe: Domain
) -> None:
    calm = np.zeros((1, 1, 90, 180))
    part = make_part({"u": calm, "v": calm}, {"u": calm, "v": calm}, METRES, globe)

    assert {value.value for value in values_of("wind", part).values()} == {0.0}


def test_a_wind_without_turning_is_not_divided_by(
    make_part: MakePart, values_of: ValuesOf, globe: Domain
) -> None:
    calm = np.zeros((90, 180))
    found = values_of("wind", part_of(make_part, globe, (calm, calm), waves(globe)))

    assert found["T5-vorticity"].value is None
    assert found["T5-vorticity"].reason == "it is under the rounding of the winds"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"grid": "curvilinear"}, "the grid is curvilinear"),
        ({"grid": "unstructured"}, "the grid is unstructured"),
        ({"grid": "none"}, "the grid is not known"),
        ({"weights": None}, "no area weights"),
        ({"lat": None}, "latitudes or longitudes are not known"),
        ({"lat": np.array([10.0])}, "derivatives need 3 rows and columns, not 1 and 180"),
        ({"lat": np.array([0.0, 5.0, 1.0])}, "latitudes or longitudes are not in order"),
    ],
)
def test_a_grid_without_derivatives_is_told(
    make_part: MakePart, values_of: ValuesOf, globe: Domain, changes: dict[str, object],
    expected: str,
) -> None:  # fmt: skip
    wind = np.ones((1, 1, 90, 180))
    domain = replace(globe, **changes)  # type: ignore[arg-type]
    part = make_part({"u": wind, "v": wind}, {"u": wind, "v": wind}, METRES, domain)

    found = values_of("wind", part)

    assert all(value.value is None for value in found.values())
    assert all(expected in value.reason for value in found.values())


def test_unknown_and_different_units_are_told(
    make_part: MakePart, values_of: ValuesOf, globe: Domain
) -> None:
    wind = np.ones((1, 1, 90, 180))
    pair = {"u": wind, "v": wind}

    furlongs = values_of("wind", make_part(pair, pair, {"u": "m/s", "v": "furlong"}, globe))
    mixed = values_of("wind", make_part(pair, pair, {"u": "m/s", "v": "cm/s"}, globe))

    assert "'furlong'" in furlongs["T5-vorticity"].reason
    assert "different units" in mixed["T5-vorticity"].reason


def test_winds_that_are_all_missing_are_told(
    make_part: MakePart, values_of: ValuesOf, globe: Domain
) -> None:
    wind = np.full((1, 1, 90, 180), np.nan)
    pair = {"u": wind, "v": wind}

    found = values_of("wind", make_part(pair, pair, METRES, globe))

    assert found["T5-vorticity"].reason == "no cell has four neighbours with both winds"


@pytest.mark.parametrize(("steps", "expected"), [(1, 1), (63, 1), (64, 2), (256, 8), (9999, 8)])
def test_derived_fields_are_sampled_but_not_below_32_steps(steps: int, expected: int) -> None:
    assert WindDerivatives().stride(steps) == expected
