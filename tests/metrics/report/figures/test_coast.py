"""The coastlines: where they are, and what is left of them in a figure."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest

from climcomp_metrics.report.figures.coast import coastlines, coastlines_within, simple_coast


def _distance(lines: list[np.ndarray], lon: float, lat: float) -> float:
    """Degrees from a place to the nearest point of any line."""
    points = np.concatenate(lines)
    return float(np.hypot(points[:, 0] - lon, points[:, 1] - lat).min())


@pytest.mark.parametrize(
    ("lon", "lat"),
    [(18.5, -34.1), (-5.6, 36.0), (-67.3, -55.5), (143.0, -10.7), (-156.5, 71.3), (80.2, 6.0)],
    ids=["Good Hope", "Gibraltar", "Horn", "Cape York", "Barrow", "Dondra Head"],
)
def test_a_cape_lies_on_a_coastline(lon: float, lat: float) -> None:
    assert _distance(list(coastlines()), lon, lat) < 1.0


def test_no_coastline_runs_through_the_middle_of_an_ocean_or_a_continent() -> None:
    for lon, lat in ((-150.0, 0.0), (-30.0, 30.0), (80.0, -30.0), (25.0, 10.0), (100.0, 55.0)):
        assert _distance(list(coastlines()), lon, lat) > 5.0


def test_no_line_jumps_across_the_map_at_the_date_line() -> None:
    assert max(np.abs(np.diff(line, axis=0)).max() for line in coastlines()) < 20.0


def test_a_box_a_turn_further_east_gets_the_same_lines() -> None:
    expected = coastlines_within(-10.0, 10.0, 35.0, 60.0)
    actual = coastlines_within(350.0, 370.0, 35.0, 60.0)
    assert len(expected) > 2
    np.testing.assert_allclose(
        np.concatenate(actual), np.concatenate(expected) + np.array([360.0, 0.0])
    )


def test_a_box_across_the_date_line_gets_the_lines_of_both_sides() -> None:
    lines = coastlines_within(160.0, 220.0, 50.0, 75.0)
    assert _distance(lines, 190.2, 66.1) < 1.0  # Cape Dezhnev, 169.8 degrees west
    assert _distance(lines, 170.0, 69.7) < 1.5


def test_a_world_map_repeats_a_line_at_both_edges_where_it_crosses_them() -> None:
    west = [line for line in coastlines_within(-180.0, 180.0, 60.0, 75.0) if line.min() < -180.0]
    east = [line for line in coastlines_within(-180.0, 180.0, 60.0, 75.0) if line.max() > 180.0]
    assert west
    assert east


def test_a_simple_coast_stays_within_half_a_pixel() -> None:
    pixel = 1.0
    rough = simple_coast(-180.0, 180.0, -90.0, 90.0, pixel)
    whole = [
        line
        for line in coastlines_within(-180.0, 180.0, -90.0, 90.0)
        if np.ptp(line, axis=0).max() >= 1.5 * pixel
    ]
    assert len(rough) == len(whole)
    assert sum(map(len, rough)) < 0.5 * sum(map(len, whole))
    for kept, line in zip(rough, whole, strict=True):
        starts, ends = kept[:-1], kept[1:]
        along = ends - starts
        length = np.maximum((along**2).sum(axis=1), 1e-12)
        share = np.einsum("psk,sk->ps", line[:, None] - starts, along) / length
        nearest = starts + np.clip(share, 0.0, 1.0)[..., None] * along
        off = np.sqrt(((line[:, None] - nearest) ** 2).sum(axis=2)).min(axis=1)
        assert off.max() <= 0.5 * pixel + 1e-9


def test_the_stored_lines_are_small() -> None:
    stored = files("climcomp_metrics.report.figures").joinpath("coast.npz").read_bytes()
    assert len(stored) < 60_000
