"""Geographical coordinates of grids with a rotated pole."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp.source.model import Attributes

Array = NDArray[np.float64]


def unrotate(rlat: Array, rlon: Array, mapping: Attributes) -> tuple[Array, Array]:
    """Latitude and longitude in degrees of points on a rotated sphere.

    Parameters
    ----------
    rlat, rlon
        Degrees on the rotated sphere; they broadcast.
    mapping
        Attributes of a grid mapping rotated_latitude_longitude: `grid_north_pole_latitude`,
        `grid_north_pole_longitude`, and `north_pole_grid_longitude` (0 if absent).

    Notes
    -----
    CF-1.11 appendix F. Spherical trigonometry in the triangle of both poles and the point.
    """
    pole_lat = np.radians(float(mapping["grid_north_pole_latitude"]))
    pole_lon = np.radians(float(mapping["grid_north_pole_longitude"]))
    shift = np.radians(float(mapping.get("north_pole_grid_longitude", 0.0)))
    phi, lam = np.radians(rlat), np.radians(rlon) - shift
    sin_lat = np.sin(pole_lat) * np.sin(phi) + np.cos(pole_lat) * np.cos(phi) * np.cos(lam)
    lat = np.arcsin(np.clip(sin_lat, -1, 1))
    east = -np.cos(phi) * np.sin(lam)
    north = np.cos(pole_lat) * np.sin(phi) - np.sin(pole_lat) * np.cos(phi) * np.cos(lam)
    lon = pole_lon + np.arctan2(east, north)
    return np.degrees(lat), (np.degrees(lon) + 180.0) % 360.0 - 180.0
