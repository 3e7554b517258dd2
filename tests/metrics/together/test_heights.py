"""T6: geostrophic and thermal wind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp.source.area import EARTH_RADIUS_M
from climcomp_metrics import Value
from climcomp_metrics.domain import Domain
from climcomp_metrics.together.model import GroupPart

Array = NDArray[np.float64]
MakePart = Callable[..., GroupPart]
ValuesOf = Callable[..., dict[str, Value]]
GRAVITY, ROTATION = 9.80665, 7.292115e-5
LEVELS = np.array([1000.0, 500.0, 850.0])  # not in order, as some files have them


def angles(domain: Domain) -> tuple[Array, Array]:
    assert domain.lat is not None
    assert domain.lon is not None
    lat, lon = np.meshgrid(np.deg2rad(domain.lat), np.deg2rad(domain.lon), indexing="ij")
    return lat, lon


def band(domain: Domain) -> Array:
    """(y, x) area weights where the wind is taken."""
    assert domain.weights is not None
    assert domain.lat is not None
    inside = (np.abs(domain.lat) >= 20) & (np.abs(domain.lat) < 85)
    return np.where(inside[:, None], domain.weights, 0.0)


def part_of(
    make_part: MakePart, domain: Domain, error: Array, unit: str = "m", **changes: object
) -> GroupPart:
    """Errors (level, y, x) of a height of 5000."""
    height = np.full((1, *error.shape), 5000.0)
    whole = {"level_values": LEVELS[: len(error)], "level_unit": "hPa", **changes}
    after = {"height": height + error}
    return make_part({"height": height}, after, {"height": unit}, domain, **whole)


def test_a_slope_to_the_pole_is_a_wind_around_it(
    make_part: MakePart, values_of: ValuesOf, globe: Domain
) -> None:
    # z = h sin2 lat: u = -(g / f a) dz/dlat = -(g h / Omega a) cos lat.
    lat, _ = angles(globe)
    error = 2.0 * np.sin(lat) ** 2

    found = values_of("geostrophic wind", part_of(make_part, globe, error[None]))

    wind = GRAVITY * 2.0 / (ROTATION * EARTH_RADIUS_M) * np.cos(lat)
    expected = np.sqrt(np.sum(band(globe) * wind**2) / band(globe).sum())
    # Differences over 4 degrees: sin(2 deg) cos(2 deg) / 2 deg is off by 8e-4.
    assert found["T6-geostrophic"].value == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize(("unit", "scale"), [("m2 s-2", 1.0 / GRAVITY), ("gpm", 1.0)])
def test_geopotential_counts_by_gravity(
    make_part: MakePart, values_of: ValuesOf, globe: Domain, unit: str, scale: float
) -> None:
    lat, lon = angles(globe)
    error = (np.sin(lat) * np.cos(2 * lon))[None]
    metres = values_of("geostrophic wind", part_of(make_part, globe, error))

    found = values_of("geostrophic wind", part_of(make_part, globe, error, unit))

    expected = metres["T6-geostrophic"].value
    assert expected is not None
    assert found["T6-geostrophic"].value == pytest.approx(expected * scale, rel=1e-9)


@pytest.mark.usefixtures("metpy_registry")
def test_metpy_finds_the_same_wind(make_part: MakePart, values_of: ValuesOf, globe: Domain) -> None:
    import metpy.calc
    import xarray as xr

    lat, lon = angles(globe)
    error = 3.0 * np.cos(lat) ** 2 * np.sin(3 * lon) + 2.0 * np.sin(2 * lat)
    coords = {
        "lat": ("lat", globe.lat, {"units": "degrees_north", "standard_name": "latitude"}),
        "lon": ("lon", globe.lon, {"units": "degrees_east", "standard_name": "longitude"}),
    }
    field = xr.DataArray(error, dims=("lat", "lon"), coords=coords, attrs={"units": "m"})
    field = field.metpy.assign_crs(
        grid_mapping_name="latitude_longitude", earth_radius=EARTH_RADIUS_M
    )
    winds = metpy.calc.geostrophic_wind(field)
    # metpy takes one-sided differences where columns end; here they close the circle.
    square = sum(wind.metpy.dequantify().to_numpy()[:, 1:-1] ** 2 for wind in winds)
    weights = band(globe)[:, 1:-1]
    expected = np.sqrt(np.sum(weights * square) / weights.sum())

    found = values_of("geostrophic wind", part_of(make_part, globe, error[None]))

    # The same differences, but for its g (9.80665) and Omega (7.292e-5) and the columns left out.
    assert found["T6-geostrophic"].value == pytest.approx(expected, rel=0.01)


def test_an_error_of_all_levels_alike_changes_no_thickness(
    make_part: MakePart, values_of: ValuesOf, globe: Domain
) -> None:
    lat, _ = angles(globe)
    error = np.broadcast_to(np.sin(lat) ** 2, (3, *lat.shape))

    found = values_of("geostrophic wind", part_of(make_part, globe, error))

    assert found["T6-geostrophic"].value == pytest.approx(0.012, abs=0.01)
    assert found["T6-thickness"].value == pytest.approx(0.0, abs=1e-9)


@pytest.mark.usefixtures("metpy_registry")
def test_thickness_is_the_thermal_wind_of_the_layers_temperature(
    make_part: MakePart, values_of: ValuesOf, globe: Domain
) -> None:
    """A change of temperature dT = 0.1 sin2 lat, the same at all heights, lifts 500 hPa by
    (R/g) ln(850/500) dT over 850 hPa: metpy's hypsometric equation."""
    import metpy.calc
    from metpy.units import units

    lat, _ = angles(globe)
    layer = [850.0, 500.0] * units.hPa
    warm, cold = (
        metpy.calc.thickness_hydrostatic(layer, [t, t] * units.K).m_as("m") for t in (280.1, 280.0)
    )
    rise = (warm - cold) * np.sin(lat) ** 2  # (y, x), for 0.1 K at the poles
    error = np.stack([0 * rise, rise, 0 * rise])

    found = values_of("geostrophic wind", part_of(make_part, globe, error))["T6-thickness"]

    # The thermal wind (R / f a) ln(p1/p2) dT'/dlat of a dry atmosphere, R = 287.05.
    shear = 287.05 * np.log(850.0 / 500.0) * 0.1 / (ROTATION * EARTH_RADIUS_M) * np.cos(lat)
    expected = np.sqrt(np.sum(band(globe) * shear**2) / band(globe).sum())
    assert found.value == pytest.approx(expected, rel=3e-3)
    assert found.place == "between 500 hPa and 850 hPa"


def test_the_tropics_and_the_poles_are_left_out(
    make_part: MakePart, values_of: ValuesOf, globe: Domain
) -> None:
    error = np.zeros((1, 90, 180))
    assert globe.lat is not None
    error[0, np.abs(globe.lat) < 17] = np.random.default_rng(1).normal(size=(16, 180))

    found = values_of("geostrophic wind", part_of(make_part, globe, error))

    assert found["T6-geostrophic"].value == 0.0


def test_heights_below_ground_take_out_their_neighbours_only(
    make_part: MakePart, values_of: ValuesOf, globe: Domain
) -> None:
    error = np.zeros((1, 90, 180))
    error[0, 30, 50] = np.nan

    found = values_of("geostrophic wind", part_of(make_part, globe, error))

    assert found["T6-geostrophic"].value == 0.0


def test_one_level_has_no_thickness(
    make_part: MakePart, values_of: ValuesOf, globe: Domain
) -> None:
    error = np.zeros((1, 90, 180))
    part = part_of(make_part, globe, error, level_values=None, level_unit="")

    found = values_of("geostrophic wind", part)

    assert found["T6-geostrophic"].value == 0.0
    assert found["T6-thickness"].reason == "one level has no thickness"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"level_unit": "m"}, "the levels are in 'm': pressure levels are needed"),
        ({"level_values": None}, "the levels have no coordinate: pressure levels are needed"),
        ({"level_values": np.array([1.0, 2.0])}, "3 levels stand beside a coordinate of 2"),
        (
            {"level_standard_name": "atmosphere_hybrid_sigma_pressure_coordinate"},
            "the levels are no pressure levels but atmosphere_hybrid_sigma_pressure_coordinate",
        ),
    ],
)
def test_levels_that_are_no_pressures_are_told(
    make_part: MakePart, values_of: ValuesOf, globe: Domain, changes: dict[str, object],
    expected: str,
) -> None:  # fmt: skip
    part = part_of(make_part, globe, np.zeros((3, 90, 180)), **changes)

    found = values_of("geostrophic wind", part)

    assert {value.reason for value in found.values()} == {expected}


def test_a_grid_of_the_tropics_has_no_geostrophic_wind(
    make_part: MakePart, values_of: ValuesOf, make_domain: Callable[..., Domain]
) -> None:
    tropics = make_domain(np.arange(-15.0, 16.0, 5.0), np.arange(0.0, 50.0, 5.0))

    found = values_of("geostrophic wind", part_of(make_part, tropics, np.zeros((1, 7, 10))))

    assert "between 20 and 85 degrees" in found["T6-geostrophic"].reason


def test_a_curvilinear_grid_is_told(
    make_part: MakePart, values_of: ValuesOf, globe: Domain
) -> None:
    part = part_of(make_part, replace(globe, grid="curvilinear"), np.zeros((1, 90, 180)))

    assert "curvilinear" in values_of("geostrophic wind", part)["T6-geostrophic"].reason
