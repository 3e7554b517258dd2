"""Area weights against the sphere's own area."""

from __future__ import annotations

import numpy as np
import pytest

from climcomp.source.grid import Geometry
from climcomp_metrics.sphere import area_weights, polygon_areas

LON = np.arange(0.0, 360.0, 2.5)


def weights(**given: object) -> np.ndarray:
    made = area_weights(Geometry(**given))  # type: ignore[arg-type]
    assert isinstance(made, np.ndarray), made
    return made


@pytest.mark.parametrize(
    "lat",
    [np.linspace(-90, 90, 73), np.arange(-88.75, 90, 2.5), np.linspace(90, -90, 73)],
    ids=["with poles", "between", "north first"],
)
def test_a_global_grid_covers_the_sphere(lat: np.ndarray) -> None:
    made = weights(kind="latlon", lat=lat, lon=LON, periodic_x=True)
    assert made.shape == (lat.size, LON.size)
    assert made.sum() == pytest.approx(4 * np.pi, rel=1e-12)


def test_gaussian_latitudes_close_at_the_poles() -> None:
    nodes, exact = np.polynomial.legendre.leggauss(64)
    lat = np.rad2deg(np.arcsin(nodes))
    made = weights(kind="gaussian", lat=lat, lon=LON, periodic_x=True)
    assert made.sum() == pytest.approx(4 * np.pi, rel=1e-12)
    # Bounds midway are not the quadrature's own cells: 6 % apart at the poles, 0.1 % elsewhere.
    ratio = made.sum(axis=1) / (2 * np.pi) / exact
    np.testing.assert_allclose(ratio[1:-1], 1.0, rtol=1e-3)
    np.testing.assert_allclose(ratio[[0, -1]], 1.0, rtol=0.06)


def test_a_region_is_not_closed_at_the_pole() -> None:
    made = weights(kind="latlon", lat=np.arange(50.0, 80.0), lon=np.arange(0.0, 10.0))
    expected = (np.sin(np.deg2rad(79.5)) - np.sin(np.deg2rad(49.5))) * np.deg2rad(10.0)
    assert made.sum() == pytest.approx(expected, rel=1e-12)


def test_bounds_win_over_what_is_midway() -> None:
    lat_bounds = np.array([[-90.0, -60.0], [-60.0, 90.0]])
    lon_bounds = np.array([[0.0, 90.0], [90.0, 360.0]])
    made = weights(
        kind="latlon",
        lat=np.array([-70.0, 0.0]),
        lon=np.array([45.0, 200.0]),
        lat_bounds=lat_bounds,
        lon_bounds=lon_bounds,
    )
    assert made.sum() == pytest.approx(4 * np.pi, rel=1e-12)
    assert made[0, 1] / made[0, 0] == pytest.approx(3.0)


def test_longitudes_across_the_date_line_are_one_step_apart() -> None:
    lon = np.array([170.0, 175.0, -180.0, -175.0])
    made = weights(kind="latlon", lat=np.arange(0.0, 5.0), lon=lon)
    np.testing.assert_allclose(made, np.broadcast_to(made[:, :1], made.shape), rtol=1e-12)


def test_cell_areas_win_and_a_missing_one_weighs_nothing() -> None:
    area = np.array([[1.0, 2.0], [np.nan, 4.0]])
    made = weights(kind="curvilinear", lat=np.zeros((2, 2)), lon=np.zeros((2, 2)), area_m2=area)
    np.testing.assert_array_equal(made, [[1.0, 2.0], [0.0, 4.0]])


def test_unstructured_areas_are_one_row() -> None:
    assert weights(kind="unstructured", area_m2=np.ones(7)).shape == (1, 7)


def test_an_octant_is_an_eighth_of_the_sphere() -> None:
    areas = polygon_areas(np.array([0.0, 0.0, 90.0]), np.array([0.0, 90.0, 0.0]))
    assert areas == pytest.approx(np.pi / 2, rel=1e-12)


def test_padded_polygons_have_the_area_of_their_own_vertices() -> None:
    lat, lon = np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.0, 1.0, 1.0, 0.0])
    plain = polygon_areas(lat, lon)
    for pad in (np.nan, None):
        ends = [lat[-1], lat[-1]] if pad is None else [pad, pad]
        more = [lon[-1], lon[-1]] if pad is None else [pad, pad]
        padded = polygon_areas(np.append(lat, ends), np.append(lon, more))
        assert padded == pytest.approx(float(plain), rel=1e-12)


def test_curvilinear_vertices_give_polygon_areas() -> None:
    edges_lat, edges_lon = np.arange(40.0, 51.0), np.arange(0.0, 13.0)
    south, west = np.meshgrid(edges_lat[:-1], edges_lon[:-1], indexing="ij")
    lat_bounds = np.stack([south, south, south + 1, south + 1], axis=-1)
    lon_bounds = np.stack([west, west + 1, west + 1, west], axis=-1)
    made = weights(
        kind="curvilinear",
        lat=south + 0.5,
        lon=west + 0.5,
        lat_bounds=lat_bounds,
        lon_bounds=lon_bounds,
    )
    exact = np.deg2rad(1.0) * np.diff(np.sin(np.deg2rad(edges_lat)))
    # Great circles bulge north of parallels: 1e-5 of a one-degree cell.
    np.testing.assert_allclose(made, np.broadcast_to(exact[:, None], made.shape), rtol=1e-4)


def test_a_zonal_mean_is_weighted_by_latitude() -> None:
    made = weights(kind="none", lat=np.arange(-85.0, 90.0, 10.0))
    assert made.shape == (18, 1)
    assert made.sum() == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"kind": "curvilinear", "reason": "no vertices"}, "no vertices"),
        ({"kind": "latlon", "lat": np.array([10.0]), "lon": LON}, "single one"),
        ({"kind": "latlon", "lat": np.array([0.0, 2.0, 1.0]), "lon": LON}, "not in order"),
        ({"kind": "unstructured", "area_m2": np.array([1.0, -1.0])}, "negative"),
        ({"kind": "unstructured", "area_m2": np.zeros(2)}, "all zero"),
        ({"kind": "unstructured", "area_m2": np.array([1.0, np.inf])}, "not all known"),
    ],
)
def test_what_has_no_area_says_why(given: dict[str, object], reason: str) -> None:
    made = area_weights(Geometry(**given))  # type: ignore[arg-type]
    assert isinstance(made, str)
    assert reason in made
