"""How far apart the cells of a grid are."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from climcomp.source.area import EARTH_RADIUS_M
from climcomp_metrics.domain import Domain

EARTH_RADIUS_KM = EARTH_RADIUS_M / 1000.0
EQUATOR_KM = 2.0 * math.pi * EARTH_RADIUS_KM


def spacing_km(domain: Domain, row: int, column: int) -> float:
    """Length of a cell's side, the geometric mean of both directions, in km.

    Parameters
    ----------
    row, column
        A cell with a neighbour in the next row; columns count on from the last to the first.

    Returns
    -------
    NaN where latitudes or longitudes are not known.
    """
    here, below, beside = (
        _point(domain, row + down, column + right) for down, right in ((0, 0), (1, 0), (0, 1))
    )
    if here is None or below is None or beside is None:
        return math.nan
    return EARTH_RADIUS_KM * math.sqrt(_angle(here, below) * _angle(here, beside))


def _point(domain: Domain, row: int, column: int) -> NDArray[np.float64] | None:
    """The unit vector to the middle of a cell."""
    lat, lon = domain.lat, domain.lon
    if lat is None or lon is None or lat.ndim != lon.ndim or domain.grid == "unstructured":
        return None
    column %= lon.shape[-1]
    where = (lat[row], lon[column]) if lat.ndim == 1 else (lat[row, column], lon[row, column])
    north, east = np.deg2rad(where)
    return np.array(
        [np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)], np.float64
    )


def _angle(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    # The chord keeps its digits where the arc cosine of cells side by side has lost them.
    return 2.0 * float(np.arcsin(np.minimum(1.0, 0.5 * np.linalg.norm(a - b))))
