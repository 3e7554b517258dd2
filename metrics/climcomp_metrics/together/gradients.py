"""Horizontal derivatives on the sphere: which grids have them, and by which numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from climcomp.source.area import EARTH_RADIUS_M
from climcomp.source.grid import spans_globe
from climcomp_metrics.domain import Domain

WIND_SUMS = 5
WEIGHT, CURL, CURL_ERROR, SPREAD, SPREAD_ERROR = range(WIND_SUMS)
"""Columns of the sums of winds: weight, squares of the vorticity and of its error, squares of the
divergence and of its error, all by weight."""

FEWEST_ALONG = 3  # centred differences need a neighbour on both sides


@dataclass(frozen=True, slots=True)
class SphereGrid:
    """Rows of latitude and columns of longitude, with what centred differences divide by.

    Parameters
    ----------
    lat : (y,)
        Degrees, ascending or descending.
    cosine : (y,)
        Of the latitude.
    by_row : (y,)
        1 / (radius * (sin of the next row - sin of the row before)), in m-1; 0 in the outer rows.
    by_column : (x,)
        1 / (the next longitude - the one before), in rad-1; 0 in the outer columns of a grid that
        does not close.
    periodic
        Whether the last column is followed by the first.
    weights : (y, x)
        Area weights.
    """

    lat: NDArray[np.float64]
    cosine: NDArray[np.float64]
    by_row: NDArray[np.float64]
    by_column: NDArray[np.float64]
    periodic: bool
    weights: NDArray[np.float64]

    def band(self, low: float, high: float) -> NDArray[np.bool_]:
        """(y,) the rows that have neighbours and low <= abs(lat) < high."""
        size = np.abs(self.lat)
        inside: NDArray[np.bool_] = (size >= low) & (size < high) & (self.by_row != 0.0)
        return inside


def sphere_grid(domain: Domain) -> SphereGrid | str:
    """The grid of a domain, or the reason why derivatives cannot be taken on it.

    Notes
    -----
    d/dlat is taken in the sine of the latitude, so that the curl is the circulation around a box
    over its area, and the divergence the flow out of it: exact for the uneven rows of Gaussian
    grids too.
    """
    if domain.grid not in ("latlon", "gaussian"):
        known = "not known" if domain.grid == "none" else domain.grid
        return f"derivatives need rows of latitude and columns of longitude: the grid is {known}"
    lat, lon = domain.lat, domain.lon
    if lat is None or lon is None or not (np.isfinite(lat).all() and np.isfinite(lon).all()):
        return "latitudes or longitudes are not known"
    if min(lat.size, lon.size) < FEWEST_ALONG:
        return f"derivatives need {FEWEST_ALONG} rows and columns, not {lat.size} and {lon.size}"
    if domain.weights is None:
        return "no area weights"
    # Longitudes that cross the date line jump by 360 degrees.
    around = np.unwrap(lon, period=360.0)
    if not (_is_monotone(lat) and _is_monotone(around)):
        return "latitudes or longitudes are not in order"
    periodic = spans_globe(around)
    sine, cosine = np.sin(np.deg2rad(lat)), np.cos(np.deg2rad(lat))
    by_row = np.zeros(lat.size)
    by_row[1:-1] = 1.0 / (EARTH_RADIUS_M * (sine[2:] - sine[:-2]))
    return SphereGrid(lat, cosine, by_row, _by_column(around, periodic), periodic, domain.weights)


def _by_column(lon: NDArray[np.float64], periodic: bool) -> NDArray[np.float64]:
    by_column = np.zeros(lon.size)
    turn = np.copysign(360.0, lon[-1] - lon[0]) if periodic else 0.0
    ring = np.concatenate([[lon[-1] - turn], lon, [lon[0] + turn]])
    inner = slice(None) if periodic else slice(1, -1)
    by_column[inner] = 1.0 / np.deg2rad(ring[2:] - ring[:-2])[inner]
    return by_column


def _is_monotone(values: NDArray[np.float64]) -> bool:
    steps = np.diff(values)
    return bool((steps > 0).all() or (steps < 0).all())
