"""How the cells of any grid become pixels."""

from __future__ import annotations

import numpy as np
import pytest

from climcomp_metrics.domain import Domain
from climcomp_metrics.report.figures.frame import Reduction
from climcomp_metrics.report.figures.framing import make_reduction
from climcomp_metrics.report.figures.nearest import (
    fill_from_nearest,
    spacing_degrees,
    unit_vectors,
)

RNG = np.random.default_rng(3)


def _plain(rows: int, columns: int, west: float = 0.0) -> Domain:
    lat = np.linspace(-90 + 90 / rows, 90 - 90 / rows, rows)
    lon = west + np.arange(columns) * 360 / columns
    weights = np.cos(np.deg2rad(lat))[:, None] * np.ones(columns)
    return Domain(weights, "latlon", lat, lon)


def _reduce(shape: tuple[int, int], domain: Domain) -> Reduction:
    reduction = make_reduction(shape, domain)
    assert reduction is not None
    return reduction


def test_blocks_of_a_plain_grid_are_means_by_area() -> None:
    domain = _plain(360, 720, west=-180.0 + 0.25)
    field = RNG.standard_normal((360, 720))
    reduction = _reduce((360, 720), domain)
    assert domain.weights is not None
    both = (domain.weights * field).reshape(180, 2, 360, 2).sum(axis=(1, 3))
    expected = both / domain.weights.reshape(180, 2, 360, 2).sum(axis=(1, 3))
    np.testing.assert_allclose(reduction.mean(field, domain.weights), expected, rtol=1e-12)
    assert reduction.cells_per_pixel == 4.0


def test_a_grid_that_is_small_enough_keeps_its_cells() -> None:
    field = RNG.standard_normal((40, 80))
    reduction = _reduce((40, 80), _plain(40, 80, west=-180.0 + 2.25))
    np.testing.assert_array_equal(reduction.mean(field, None), field)


def test_longitudes_from_0_and_from_minus_180_give_the_same_picture() -> None:
    field = RNG.standard_normal((40, 80))
    from_zero = _plain(40, 80, west=2.25)
    rolled = Domain(
        from_zero.weights,
        "latlon",
        from_zero.lat,
        np.roll((np.asarray(from_zero.lon) + 180) % 360 - 180, 40),
    )
    expected = _reduce((40, 80), rolled).mean(np.roll(field, 40, axis=1), None)
    first = _reduce((40, 80), from_zero)
    np.testing.assert_array_equal(first.mean(field, None), expected)
    assert (first.frame.west, first.frame.east) == (-180.0, 180.0)


def test_descending_latitudes_give_the_same_picture() -> None:
    field = RNG.standard_normal((40, 80))
    up = _plain(40, 80)
    assert up.lat is not None
    down = Domain(up.weights, "latlon", up.lat[::-1].copy(), up.lon)
    np.testing.assert_array_equal(
        _reduce((40, 80), down).mean(field[::-1], None), _reduce((40, 80), up).mean(field, None)
    )


def test_a_pole_row_lies_at_the_edge_of_the_map() -> None:
    lat = np.linspace(90.0, -90.0, 181)
    domain = Domain(None, "latlon", lat, np.arange(0.0, 360.0, 1.0))
    reduction = _reduce((181, 360), domain)
    assert (reduction.frame.south, reduction.frame.north) == (-90.0, 90.0)
    assert (reduction.pixel[:360] // 360 == reduction.shape[0] - 1).all()


def test_a_region_across_the_date_line_is_one_piece() -> None:
    lon = (np.arange(150.0, 230.0, 1.0) + 180) % 360 - 180
    domain = Domain(None, "latlon", np.arange(30.0, 71.0, 1.0), lon)
    reduction = _reduce((41, 80), domain)
    assert reduction.frame.east - reduction.frame.west == pytest.approx(80.0)
    field = np.broadcast_to(np.arange(80.0), (41, 80))
    np.testing.assert_array_equal(reduction.mean(field, None), field)


def test_missing_stays_missing_and_does_not_spread() -> None:
    field = np.ones((360, 720))
    field[100:200, 300:400] = np.nan
    picture = _reduce((360, 720), _plain(360, 720, west=-180.0 + 0.25)).mean(field, None)
    expected = np.ones((180, 360))
    expected[50:100, 150:200] = np.nan
    np.testing.assert_array_equal(picture, expected)


def test_a_gaussian_grid_keeps_a_row_a_pixel() -> None:
    lat = np.rad2deg(np.arcsin(np.polynomial.legendre.leggauss(64)[0]))
    domain = Domain(None, "gaussian", lat, np.arange(0.0, 360.0, 2.8125))
    reduction = _reduce((64, 128), domain)
    assert reduction.shape == (64, 128)
    assert np.unique(reduction.pixel).size == 64 * 128


def test_a_curvilinear_grid_is_drawn_where_it_lies() -> None:
    """A field that is its own latitude must read as the latitude of the pixel."""
    base_lat, base_lon = np.meshgrid(np.linspace(-70, 80, 90), np.arange(0.0, 360.0, 2.0))
    lat = base_lat + 5.0 * np.sin(np.deg2rad(base_lon))
    domain = Domain(None, "curvilinear", lat, (base_lon + 100.0) % 360.0)
    reduction = _reduce((180, 90), domain)
    picture = reduction.mean(lat, None)
    frame = reduction.frame
    step = (frame.north - frame.south) / reduction.shape[0]
    rows = frame.south + (np.arange(reduction.shape[0]) + 0.5) * step
    off = np.abs(picture - rows[:, None])
    assert np.nanmax(off) < 2.0 * step
    assert np.isfinite(picture).mean() > 0.95


def test_the_gap_of_a_mesh_stays_empty() -> None:
    """An ocean mesh has no cells on land; nothing is drawn where no cell is near."""
    turn = np.arange(4000) * 180.0 * (3.0 - np.sqrt(5.0))
    lat, lon = np.rad2deg(np.arcsin(1 - (2 * np.arange(4000) + 1) / 4000)), turn % 360 - 180
    sea = ~((np.abs(lat) < 30) & (np.abs(lon) < 40))
    domain = Domain(None, "unstructured", lat[sea], lon[sea])
    reduction = _reduce((1, int(sea.sum())), domain)
    picture = reduction.mean(np.ones((1, int(sea.sum()))), None)
    frame = reduction.frame
    rows = np.linspace(frame.south, frame.north, 2 * reduction.shape[0] + 1)[1::2]
    columns = np.linspace(-180, 180, 2 * reduction.shape[1] + 1)[1::2]
    land = (np.abs(rows) < 20)[:, None] & (np.abs(columns) < 30)
    assert np.isnan(picture[land]).all()
    water = ~((np.abs(rows) < 30)[:, None] & (np.abs(columns) < 40))
    assert np.isfinite(picture[water]).mean() > 0.99


def test_cells_without_a_place_are_left_out() -> None:
    lat, lon = np.meshgrid(np.linspace(0, 40, 20), np.linspace(0, 40, 20), indexing="ij")
    lat[:3], lon[:3] = np.nan, np.nan
    field = np.where(np.isnan(lat), 99.0, 1.0)
    picture = _reduce((20, 20), Domain(None, "curvilinear", lat, lon)).mean(field, None)
    assert np.nanmax(picture) == 1.0


def test_a_seam_stored_twice_is_no_small_spacing() -> None:
    points = unit_vectors(np.array([0.0, 0.0, 0.0, 2.0]), np.array([0.0, 3.0, 3.0, 0.0]))
    np.testing.assert_allclose(spacing_degrees(points), [2.0, 3.0, 3.0, 2.0], atol=1e-3)


@pytest.mark.parametrize("wraps", [True, False])
def test_empty_pixels_show_the_nearest_cell(wraps: bool) -> None:
    shape = (18, 36)
    rows, columns = np.divmod(np.arange(18 * 36), 36)
    lat, lon = -85.0 + 10.0 * rows, -175.0 + 10.0 * columns
    centres = unit_vectors(lat, lon)
    seeds = np.sort(RNG.choice(18 * 36, 40, replace=False))
    far = np.full(40, 360.0)
    found = fill_from_nearest(shape, centres, seeds, centres[seeds], far, wraps)
    best = (centres @ centres[seeds].T).max(axis=1)
    mine = np.einsum("ij,ij->i", centres, centres[found])
    off = np.rad2deg(np.arccos(np.clip(mine, -1, 1)) - np.arccos(np.clip(best, -1, 1)))
    # Jump flooding may be a pixel off; without a seam to cross it cannot know the other side.
    assert np.quantile(off, 0.95) < (1e-6 if wraps else 40.0)
    assert off.max() < (10.0 if wraps else 180.0)
    np.testing.assert_array_equal(found[seeds], seeds)


def test_a_grid_without_coordinates_is_drawn_by_cells() -> None:
    reduction = _reduce((400, 30), Domain())
    assert reduction.frame.kind == "cells"
    assert reduction.shape == (134, 30)
    field = np.broadcast_to(np.arange(30.0), (400, 30))
    np.testing.assert_array_equal(reduction.mean(field, None)[0], np.arange(30.0))


def test_a_row_of_cells_is_a_line_in_their_order() -> None:
    reduction = _reduce((1, 5000), Domain(None, "unstructured"))
    assert reduction.frame.kind == "row"
    assert reduction.shape[1] <= 720


def test_a_zonal_mean_is_a_line_along_latitude() -> None:
    lat = np.linspace(88.0, -88.0, 45)
    reduction = _reduce((45, 1), Domain(None, "none", lat))
    assert "latitude" in reduction.frame.label
    np.testing.assert_array_equal(reduction.mean(lat[:, None], None)[0], np.sort(lat))


def test_stations_are_points() -> None:
    lat, lon = np.array([44.5, 63.7, 48.5]), np.array([-63.4, -68.5, -123.1])
    reduction = _reduce((1, 3), Domain(None, "unstructured", lat, lon))
    assert reduction.frame.kind == "points"
    np.testing.assert_array_equal(reduction.mean(np.array([[1.0, 2.0, 3.0]]), None), [[1, 2, 3]])


def test_a_single_cell_has_no_picture() -> None:
    assert make_reduction((1, 1), Domain()) is None


def test_one_cell_is_chosen_for_each_pixel_and_the_worst_is_among_them() -> None:
    reduction = _reduce((360, 720), _plain(360, 720, west=-180.0 + 0.25))
    for worst in (row * 720 + column for row in (122, 123) for column in (456, 457)):
        cells = reduction.chosen(keep=worst)
        assert worst in cells
        assert (reduction.pixel[cells] == np.arange(180 * 360)).all()
    field = RNG.standard_normal((360, 720))
    assert np.isin(reduction.pick(field, cells), field).all()
