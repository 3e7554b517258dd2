"""Area weights of the cells of a grid: METRICS, "Conventions"."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from climcomp.source.grid import Geometry

POLE_GAP = 0.45
"""An outermost edge closer to the pole than this share of the spacing is taken to be the pole: a
Gaussian grid's last half spacing ends 0.2 to 0.3 of a spacing short of it."""


def area_weights(geometry: Geometry) -> NDArray[np.float64] | str:
    """The weight of each cell, proportional to its area, or the reason why there is none.

    Returns
    -------
    (y, x), or (1, cell) for unstructured grids, or a text
        Finite and not negative. From `cell_measures` (a missing area is a cell outside the domain:
        weight 0), else from the cells' bounds (a latitude-longitude box as
        (sin north - sin south) * dlon, a polygon on the sphere as great-circle triangles), else
        from 1-D latitudes with bounds midway between them and closed at the poles. Never a silent
        cos(lat).
    """
    if geometry.area_m2 is not None:
        # Ocean grids mask their areas on land, where no variable has a value either.
        area = _as_grid(geometry.area_m2)
        return _checked(np.where(np.isnan(area), 0.0, area), "cell areas")
    if geometry.kind in ("latlon", "gaussian") or _is_zonal(geometry):
        return _box_weights(geometry)
    if geometry.lat_bounds is not None and geometry.lon_bounds is not None:
        areas = polygon_areas(geometry.lat_bounds, geometry.lon_bounds)
        return _checked(_as_grid(areas), "the areas of the cells' polygons")
    why = f" ({geometry.reason})" if geometry.reason else ""
    return f"the {geometry.kind} grid has neither cell areas nor cell bounds{why}"


def _is_zonal(geometry: Geometry) -> bool:
    """Latitudes without longitudes: a zonal mean."""
    return geometry.kind == "none" and geometry.lat is not None and geometry.lat.ndim == 1


def _as_grid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64).reshape(
        values.shape if values.ndim == 2 else (1, -1)
    )


def _box_weights(geometry: Geometry) -> NDArray[np.float64] | str:
    if geometry.lat is None or not np.isfinite(geometry.lat).all():
        return f"some latitudes are unknown {geometry.reason}".rstrip()
    south_north = _edges_of(geometry.lat_bounds, geometry.lat, _latitude_edges)
    if isinstance(south_north, str):
        return f"latitudes {south_north}"
    sines = np.sin(np.deg2rad(np.clip(south_north, -90.0, 90.0)))
    rows = np.abs(sines[:, 1] - sines[:, 0])
    columns = np.ones(1)
    if geometry.lon is not None and geometry.lon.ndim == 1:
        west_east = _edges_of(geometry.lon_bounds, geometry.lon, _longitude_edges)
        if isinstance(west_east, str):
            return f"longitudes {west_east}"
        columns = np.deg2rad(np.abs(west_east[:, 1] - west_east[:, 0]))
    return _checked(rows[:, None] * columns[None, :], "the areas from latitudes and longitudes")


def _edges_of(
    bounds: NDArray[np.float64] | None,
    centres: NDArray[np.float64],
    infer: Callable[[NDArray[np.float64]], NDArray[np.float64] | str],
) -> NDArray[np.float64] | str:
    if bounds is not None and bounds.shape == (centres.size, 2) and np.isfinite(bounds).all():
        return bounds
    edges = infer(np.asarray(centres, dtype=np.float64))
    return edges if isinstance(edges, str) else np.stack([edges[:-1], edges[1:]], axis=1)


def _midway(centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Edges midway between centres, the outer ones half a spacing further out."""
    inner = 0.5 * (centres[1:] + centres[:-1])
    first = centres[0] - 0.5 * (centres[1] - centres[0])
    last = centres[-1] + 0.5 * (centres[-1] - centres[-2])
    return np.concatenate([[first], inner, [last]])


def _latitude_edges(lat: NDArray[np.float64]) -> NDArray[np.float64] | str:
    if lat.size < 2:
        return "are a single one without bounds"
    spacing = np.diff(lat)
    if not ((spacing > 0).all() or (spacing < 0).all()):
        return "are not in order"
    edges = _midway(lat)
    for end, step in ((0, abs(spacing[0])), (-1, abs(spacing[-1]))):
        if 90.0 - abs(edges[end]) < POLE_GAP * step:
            edges[end] = np.copysign(90.0, edges[end])
    return edges


def _longitude_edges(lon: NDArray[np.float64]) -> NDArray[np.float64] | str:
    if not np.isfinite(lon).all():
        return "are partly unknown"
    if lon.size < 2:
        return np.array([0.0, 360.0])
    # A grid that crosses the date line jumps by 360 degrees; steps are counted without that.
    smooth = np.unwrap(lon, period=360.0)
    spacing = np.diff(smooth)
    if not ((spacing > 0).all() or (spacing < 0).all()):
        return "are not in order"
    return _midway(smooth)


def polygon_areas(
    lat_bounds: NDArray[np.float64], lon_bounds: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Areas of polygons on the unit sphere, in steradians.

    Parameters
    ----------
    lat_bounds, lon_bounds : (..., vertices)
        Degrees, in order around the cell. Cells with fewer vertices repeat one or leave NaN at the
        end.

    Notes
    -----
    A fan of great-circle triangles from the first vertex, each by Van Oosterom and Strackee 1983:
    tan(E/2) = a.(b x c) / (1 + a.b + b.c + c.a). Signed, so that a concave cell comes out right.
    """
    lat, lon = np.deg2rad(lat_bounds), np.deg2rad(lon_bounds)
    points = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)
    first = points[..., :1, :]
    points = np.where(np.isnan(points), first, points)
    b, c = points[..., 1:-1, :], points[..., 2:, :]
    volume = np.sum(first * np.cross(b, c), axis=-1)
    around = 1.0 + np.sum(first * b, -1) + np.sum(b * c, -1) + np.sum(c * first, -1)
    areas: NDArray[np.float64] = np.abs(np.sum(2.0 * np.arctan2(volume, around), axis=-1))
    return areas


def _checked(weights: NDArray[np.float64], what: str) -> NDArray[np.float64] | str:
    if not np.isfinite(weights).all():
        return f"{what} are not all known"
    if (weights < 0).any():
        return f"{what} are negative in places"
    if not (weights > 0).any():
        return f"{what} are all zero"
    return weights
