"""Compiled loops over winds and heights: sums of squares over a field, in one pass."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp.source.area import EARTH_RADIUS_M
from climcomp_metrics.kernels.jit import compile_loop
from climcomp_metrics.together.gradients import (
    CURL,
    CURL_ERROR,
    SPREAD,
    SPREAD_ERROR,
    WEIGHT,
)

Floats = NDArray[np.floating]


@compile_loop
def _fill(row: Floats, periodic: bool, padded: Floats) -> None:
    """The row with a neighbour at both ends; NaN where the grid does not close."""
    n = row.size
    for i in range(n):
        padded[i + 1] = row[i]
    padded[0] = row[n - 1] if periodic else np.nan
    padded[n + 1] = row[0] if periodic else np.nan


@compile_loop
def _wind_row(
    rows: tuple[Floats, Floats, Floats, Floats],
    souths: tuple[Floats, Floats, Floats, Floats],
    norths: tuple[Floats, Floats, Floats, Floats],
    factors: tuple[float, float, float],
    by_column: Floats,
    weights: Floats,
    sums: Floats,
) -> None:
    u, v, up, vp = rows
    u_south, v_south, up_south, vp_south = souths
    u_north, v_north, up_north, vp_north = norths
    south, north, east = factors
    weight = curl2 = curl_error2 = spread2 = spread_error2 = 0.0
    for i in range(by_column.size):
        along = by_column[i] * east
        curl = (v[i + 2] - v[i]) * along - (u_north[i] * north - u_south[i] * south)
        curl_p = (vp[i + 2] - vp[i]) * along - (up_north[i] * north - up_south[i] * south)
        spread = (u[i + 2] - u[i]) * along + (v_north[i] * north - v_south[i] * south)
        spread_p = (up[i + 2] - up[i]) * along + (vp_north[i] * north - vp_south[i] * south)
        good = abs(curl + curl_p + spread + spread_p) < np.inf
        w = weights[i] if good else 0.0
        curl = curl if good else 0.0
        spread = spread if good else 0.0
        curl_e = curl_p - curl if good else 0.0
        spread_e = spread_p - spread if good else 0.0
        weight += w
        curl2 += w * curl * curl
        curl_error2 += w * curl_e * curl_e
        spread2 += w * spread * spread
        spread_error2 += w * spread_e * spread_e
    sums[WEIGHT] += weight
    sums[CURL] += curl2
    sums[CURL_ERROR] += curl_error2
    sums[SPREAD] += spread2
    sums[SPREAD_ERROR] += spread_error2


@compile_loop
def wind_sums(
    u: Floats,
    v: Floats,
    u_after: Floats,
    v_after: Floats,
    band: NDArray[np.bool_],
    cosine: Floats,
    by_row: Floats,
    by_column: Floats,
    periodic: bool,
    weights: Floats,
    sums: Floats,
) -> None:
    """Add the squares of vorticity and divergence, and of their errors, of one field.

    Parameters
    ----------
    u, v, u_after, v_after : (y, x)
        Winds before and after, in m/s; a missing value takes out its four neighbours.
    band : (y,)
        Which rows count; the outer ones never do.
    cosine, by_row, by_column, periodic, weights
        As `SphereGrid` has them.
    sums : (5,)
        Added to, with the columns that `gradients` lists.
    """
    rows, columns = u.shape
    padded = np.empty((4, columns + 2))
    for j in range(1, rows - 1):
        if not band[j]:
            continue
        _fill(u[j], periodic, padded[0])
        _fill(v[j], periodic, padded[1])
        _fill(u_after[j], periodic, padded[2])
        _fill(v_after[j], periodic, padded[3])
        _wind_row(
            (padded[0], padded[1], padded[2], padded[3]),
            (u[j - 1], v[j - 1], u_after[j - 1], v_after[j - 1]),
            (u[j + 1], v[j + 1], u_after[j + 1], v_after[j + 1]),
            (
                by_row[j] * cosine[j - 1],
                by_row[j] * cosine[j + 1],
                1.0 / (EARTH_RADIUS_M * cosine[j]),
            ),
            by_column,
            weights[j],
            sums,
        )


@compile_loop
def _slope_row(
    row: Floats,
    south: Floats,
    north: Floats,
    by_column: Floats,
    eastward: float,
    northward: float,
    weights: Floats,
) -> tuple[float, float]:
    weight = square = 0.0
    for i in range(by_column.size):
        east = (row[i + 2] - row[i]) * by_column[i] * eastward
        up = (north[i] - south[i]) * northward
        size = east * east + up * up
        good = size < np.inf
        weight += weights[i] if good else 0.0
        square += weights[i] * size if good else 0.0
    return weight, square


@compile_loop
def slope_sums(
    values: Floats,
    scale: Floats,
    cosine: Floats,
    by_row: Floats,
    by_column: Floats,
    periodic: bool,
    weights: Floats,
) -> tuple[float, float]:
    """The area weight, and the weighted squares of a field's gradient times a factor of the row.

    Parameters
    ----------
    values : (y, x)
        A missing value takes out its four neighbours.
    scale : (y,)
        The factor; 0 takes the row out, as it does the outer ones.
    cosine, by_row, by_column, periodic, weights
        As `SphereGrid` has them.
    """
    rows, columns = values.shape
    padded = np.empty(columns + 2)
    weight = square = 0.0
    for j in range(1, rows - 1):
        if scale[j] == 0.0:
            continue
        _fill(values[j], periodic, padded)
        w, s = _slope_row(
            padded,
            values[j - 1],
            values[j + 1],
            by_column,
            scale[j] / (EARTH_RADIUS_M * cosine[j]),
            scale[j] * by_row[j] * cosine[j],
            weights[j],
        )
        weight += w
        square += s
    return weight, square


@compile_loop
def _energy_row(
    u: Floats, v: Floats, u_after: Floats, v_after: Floats, weights: Floats
) -> tuple[float, float, float]:
    weight = energy = change = 0.0
    for i in range(u.size):
        size = u[i] * u[i] + v[i] * v[i]
        # (y - x)(y + x) loses no digits where y2 - x2 would.
        more = (u_after[i] - u[i]) * (u_after[i] + u[i])
        more += (v_after[i] - v[i]) * (v_after[i] + v[i])
        good = abs(size + more) < np.inf
        w = weights[i] if good else 0.0
        weight += w
        energy += w * size if good else 0.0
        change += w * more if good else 0.0
    return weight, 0.5 * energy, 0.5 * change


@compile_loop
def energy_sums(
    u: Floats, v: Floats, u_after: Floats, v_after: Floats, weights: Floats
) -> tuple[float, float, float]:
    """The area weight, the weighted kinetic energy 0.5 (u2 + v2), and its weighted change.

    Parameters
    ----------
    u, v, u_after, v_after, weights : (y, x)
        Winds before and after; cells where one is not finite are left out.
    """
    weight = energy = change = 0.0
    for j in range(u.shape[0]):
        w, e, c = _energy_row(u[j], v[j], u_after[j], v_after[j], weights[j])
        weight += w
        energy += e
        change += c
    return weight, energy, change
