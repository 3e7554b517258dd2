"""Which picture a grid gets: its edges, its pixels, and the pixel of every cell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.domain import Domain
from climcomp_metrics.report.figures.frame import Frame, Reduction
from climcomp_metrics.report.figures.nearest import (
    REACH,
    fill_from_nearest,
    spacing_degrees,
    unit_vectors,
)

MOST_COLUMNS, MOST_ROWS = 360, 180
"""A degree on the whole globe, and no more pixels than that for any other grid."""

MOST_POINTS = 64
"""So few cells are drawn as points: they say nothing about what lies between them."""

MOST_SCATTERED = 500
"""The same for cells in no order, such as stations."""

NONE = np.empty(0)


def make_reduction(shape: tuple[int, int], domain: Domain) -> Reduction | None:
    """The picture of a grid (y, x), at most 360 x 180 pixels; None for a single cell.

    Grids whose latitudes and longitudes are known become pixels of a plain map; others are shown
    by rows and columns of cells, or along their one row.
    """
    cells = shape[0] * shape[1]
    if cells < 2:
        return None
    places = _places(shape, domain)
    if places is None:
        return _along(shape, domain) if 1 in shape else _blocks(shape)
    lat, lon = places
    is_plain = _is_plain(domain)
    if cells <= MOST_POINTS or (domain.grid == "unstructured" and cells <= MOST_SCATTERED):
        return _points(lat, lon)
    if is_plain:
        return _plain_map(shape, domain)
    return _free_map(lat, lon)


def _is_plain(domain: Domain) -> bool:
    """One-dimensional coordinates, each in order."""
    if domain.grid not in ("latlon", "gaussian") or domain.lat is None or domain.lon is None:
        return False
    steps = np.diff(domain.lat), np.diff(np.unwrap(domain.lon, period=360.0))
    return all(bool(s.size and ((s > 0).all() or (s < 0).all())) for s in steps)


def _places(
    shape: tuple[int, int], domain: Domain
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Latitude and longitude of every cell, flat; None if they are not known."""
    lat, lon = domain.lat, domain.lon
    if lat is None or lon is None:
        return None
    if lat.shape == (shape[0],) and lon.shape == (shape[1],) and domain.grid != "unstructured":
        lat, lon = np.broadcast_arrays(lat[:, None], lon[None, :])
    if lat.size != shape[0] * shape[1] or lon.size != lat.size:
        return None
    known = np.isfinite(lat) & np.isfinite(lon)
    return (lat.reshape(-1), lon.reshape(-1)) if known.sum() > 1 else None


def _blocks(shape: tuple[int, int]) -> Reduction:
    """Blocks of cells, in the order in which they are stored."""
    frame = Frame("cells", 0.0, float(shape[1]), 0.0, float(shape[0]), NONE, NONE)
    picture = _even(shape[0], MOST_ROWS), _even(shape[1], MOST_COLUMNS)
    row, column = np.mgrid[0 : shape[0], 0 : shape[1]]
    return _reduction(frame, picture, (column + 0.5).reshape(-1), (row + 0.5).reshape(-1))


def _along(shape: tuple[int, int], domain: Domain) -> Reduction:
    """One row of cells: along latitude where it is known, else in the order of storage."""
    cells = shape[0] * shape[1]
    lat = domain.lat
    if lat is not None and lat.shape == (cells,) and np.isfinite(lat).all() and np.ptp(lat) > 0:
        half = 0.5 * float(np.ptp(lat)) / (cells - 1)
        least, most = float(lat.min()) - half, float(lat.max()) + half
        frame = Frame("row", least, most, 0.0, 1.0, NONE, NONE, "latitude (degrees north)")
        position = np.asarray(lat, np.float64)
    else:
        frame = Frame("row", 0.0, float(cells), 0.0, 1.0, NONE, NONE, "cell, as stored")
        position = np.arange(cells, dtype=np.float64) + 0.5
    return _reduction(frame, (1, _even(cells, 2 * MOST_COLUMNS)), position, np.full(cells, 0.5))


def _points(lat: NDArray[np.float64], lon: NDArray[np.float64]) -> Reduction:
    """Single cells, with a margin about them."""
    lon = _about_their_middle(lon)
    known = np.isfinite(lat) & np.isfinite(lon)
    lat, lon = np.where(known, lat, np.nan), np.where(known, lon, np.nan)
    ends = []
    for values, most in ((lon, 360.0), (lat, 180.0)):
        least, greatest = float(np.nanmin(values)), float(np.nanmax(values))
        margin = max(0.1 * (greatest - least), 3.0)
        middle = 0.5 * (least + greatest)
        half = min(0.5 * (greatest - least) + margin, 0.5 * most)
        ends.append((middle - half, middle + half))
    (west, east), (south, north) = ends
    frame = Frame("points", west, east, max(south, -90.0), min(north, 90.0), lat, lon)
    order = np.arange(lat.size)
    return Reduction(frame, (1, lat.size), np.where(known, order, -1), np.zeros(lat.size), order)


def _plain_map(shape: tuple[int, int], domain: Domain) -> Reduction:
    """Latitudes and longitudes in order: pixels are blocks of rows and columns."""
    assert domain.lat is not None
    assert domain.lon is not None
    lat = np.asarray(domain.lat, np.float64)
    lon = np.unwrap(np.asarray(domain.lon, np.float64), period=360.0)
    south, north = np.clip(_outer_edges(lat), -90.0, 90.0)
    west, east = _outer_edges(lon)
    step = (east - west) / lon.size
    wraps = east - west > 360.0 - 0.5 * step
    if wraps:
        # The map begins at the edge of a column that is nearest to the date line.
        west += step * round((-180.0 - west) / step)
        east = west + 360.0
        lon = west + (lon - west) % 360.0
    else:
        turns = 360.0 * np.floor((0.5 * (west + east) + 180.0) / 360.0)
        west, east, lon = west - turns, east - turns, lon - turns
    frame = Frame("map", west, east, south, north, NONE, NONE)
    picture = _even(shape[0], MOST_ROWS), _even(shape[1], MOST_COLUMNS)
    across, up = np.broadcast_arrays(lon[None, :], lat[:, None])
    # Uneven rows or columns may leave pixels empty: the nearest ones are drawn as far as they go.
    return _reduction(frame, picture, across.reshape(-1), up.reshape(-1), wraps, fill=180.0)


def _free_map(lat: NDArray[np.float64], lon: NDArray[np.float64]) -> Reduction:
    """Cells anywhere on the globe."""
    lon = _about_their_middle(lon)
    known = np.isfinite(lat) & np.isfinite(lon)
    points = unit_vectors(lat[known], lon[known])
    spacing = np.zeros(lat.size)
    spacing[known] = spacing_degrees(points)
    usual = max(float(np.median(spacing[known])), 1e-4)
    half = 0.5 * usual
    south = max(float(lat[known].min()) - half, -90.0)
    north = min(float(lat[known].max()) + half, 90.0)
    shrink = max(float(np.cos(np.deg2rad(0.5 * (south + north)))), 0.1)
    west = float(lon[known].min()) - half / shrink
    east = float(lon[known].max()) + half / shrink
    wraps = east - west > 350.0
    if wraps:
        west, east, shrink = -180.0, 180.0, 1.0
        lon = west + (lon - west) % 360.0
    size = max(usual, (north - south) / MOST_ROWS, (east - west) * shrink / MOST_COLUMNS)
    picture = (
        max(1, round((north - south) / size)),
        max(1, round((east - west) * shrink / size)),
    )
    frame = Frame("map", west, east, south, north, NONE, NONE)
    return _reduction(frame, picture, lon, lat, wraps, fill=REACH * spacing + 0.7 * size)


def _reduction(
    frame: Frame,
    picture: tuple[int, int],
    across: NDArray[np.float64],
    up: NDArray[np.float64],
    wraps: bool = False,
    fill: float | NDArray[np.float64] | None = None,
) -> Reduction:
    """The reduction of cells at these places, in the frame's units.

    Parameters
    ----------
    fill
        Degrees of arc to which a cell reaches into empty pixels; None: they stay empty.
    """
    rows, columns = picture
    column = (across - frame.west) / (frame.east - frame.west) * columns
    row = (up - frame.south) / (frame.north - frame.south) * rows
    known = np.isfinite(row) & np.isfinite(column)
    at_row = np.clip(np.floor(np.where(known, row, 0)), 0, rows - 1).astype(np.int64)
    at_column = np.clip(np.floor(np.where(known, column, 0)), 0, columns - 1).astype(np.int64)
    pixel = np.where(known, at_row * columns + at_column, -1)
    off = np.where(known, (row - at_row - 0.5) ** 2 + (column - at_column - 0.5) ** 2, np.inf)
    every = np.arange(rows * columns)
    seeds = np.unique(pixel[pixel >= 0])
    held = np.zeros(rows * columns, bool)
    held[seeds] = True
    shown = np.where(held, every, -1)
    if fill is not None and not held.all():
        plain = Reduction(frame, picture, pixel, off, shown)
        cells = plain.chosen()[seeds]
        lat = frame.south + (every // columns + 0.5) * (frame.north - frame.south) / rows
        lon = frame.west + (every % columns + 0.5) * (frame.east - frame.west) / columns
        reach = np.broadcast_to(fill, across.shape)[cells]
        centres, points = unit_vectors(lat, lon), unit_vectors(up[cells], across[cells])
        shown = fill_from_nearest(picture, centres, seeds, points, reach, wraps)
    return Reduction(frame, picture, pixel, off, shown)


def _even(count: int, most: int) -> int:
    """How many blocks of equal size, at most `most`, hold so many cells."""
    return -(-count // -(-count // most))


def _outer_edges(centres: NDArray[np.float64]) -> tuple[float, float]:
    """The least and the greatest edge, half a step beyond the outermost centres."""
    ordered = np.sort(centres)
    low = ordered[0] - 0.5 * (ordered[1] - ordered[0])
    high = ordered[-1] + 0.5 * (ordered[-1] - ordered[-2])
    return float(low), float(high)


def _about_their_middle(lon: NDArray[np.float64]) -> NDArray[np.float64]:
    """Longitudes without a jump inside the region, whose middle lies in -180 to 180."""
    known = np.isfinite(lon)
    theta = np.deg2rad(lon[known])
    middle = np.rad2deg(np.arctan2(np.sin(theta).mean(), np.cos(theta).mean()))
    found: NDArray[np.float64] = middle + (lon - middle + 180.0) % 360.0 - 180.0
    return found
