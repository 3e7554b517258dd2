"""Coastlines of the world at 1:110 million, from Natural Earth (public domain).

`coast.npz` holds `points` (n, 2): longitude and latitude in hundredths of a degree as int16, lines
parted by rows of -32768. It was made from `land-110m.json` of the npm package world-atlas 2.0.2,
which carries Natural Earth's land as TopoJSON: arcs are decoded (running sums, times scale, plus
translation) and joined to rings; longitudes of a ring are unwrapped, so that a line that crosses
the date line goes on beyond 180 degrees; a ring is shifted by whole turns until its mean lies
within 180 degrees; segments that only run along the date line itself are left out; points that
fall together after rounding to 0.01 degrees are dropped. About a kilometre is lost by that, and
the lines are good to some ten kilometres anyway.
"""

from __future__ import annotations

import io
from functools import cache, lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

_BREAK = -32768


@cache
def coastlines() -> tuple[NDArray[np.float64], ...]:
    """Every line as (points, 2) of longitude and latitude in degrees.

    Longitudes are continuous along a line and reach a little beyond 180 where it crosses the date
    line.
    """
    stored = files("climcomp_metrics.report.figures").joinpath("coast.npz").read_bytes()
    with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
        points = arrays["points"]
    ends = np.flatnonzero(points[:, 0] == _BREAK)
    pieces = np.split(points, ends)
    lines = [piece[piece[:, 0] != _BREAK].astype(np.float64) / 100.0 for piece in pieces]
    for line in lines:
        line.flags.writeable = False
    return tuple(lines)


def coastlines_within(
    west: float, east: float, south: float, north: float
) -> list[NDArray[np.float64]]:
    """The lines that touch a box, shifted by whole turns so that they lie in it.

    Parameters
    ----------
    west, east
        Degrees, west < east; any turn: a box from 350 to 370 gets the lines about Greenwich.
    """
    found = []
    for line in coastlines():
        if line[:, 1].max() < south or line[:, 1].min() > north:
            continue
        least, most = line[:, 0].min(), line[:, 0].max()
        first = int(np.ceil((west - most) / 360.0))
        last = int(np.floor((east - least) / 360.0))
        found += [line + np.array([360.0 * turn, 0.0]) for turn in range(first, last + 1)]
    return found


@lru_cache(maxsize=16)
def simple_coast(
    west: float, east: float, south: float, north: float, pixel: float
) -> tuple[NDArray[np.float64], ...]:
    """The lines in a box without what a figure could not show.

    Parameters
    ----------
    pixel
        Degrees. Lines keep within half of it, and islands smaller than one and a half are left out.
    """
    found = []
    for line in coastlines_within(west, east, south, north):
        if np.ptp(line, axis=0).max() >= 1.5 * pixel:
            found.append(line[_kept(line, 0.5 * pixel)])
    return tuple(found)


def _kept(line: NDArray[np.float64], tolerance: float) -> NDArray[np.bool_]:
    """Which points a line needs to stay within a tolerance (Douglas and Peucker 1973)."""
    kept = np.zeros(len(line), bool)
    kept[[0, -1]] = True
    open_spans = [(0, len(line) - 1)]
    while open_spans:
        first, last = open_spans.pop()
        if last - first < 2:
            continue
        inside = line[first + 1 : last] - line[first]
        along = line[last] - line[first]
        # To the span itself, not to the endless line through it; a ring's span is a point.
        share = np.clip(inside @ along / max(float(along @ along), 1e-12), 0.0, 1.0)
        off = np.hypot(*(inside - share[:, None] * along).T)
        furthest = int(np.argmax(off))
        if off[furthest] > tolerance:
            middle = first + 1 + furthest
            kept[middle] = True
            open_spans += [(first, middle), (middle, last)]
    return kept
