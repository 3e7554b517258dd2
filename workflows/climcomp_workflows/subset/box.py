"""Which cells lie in a box of longitude and latitude, on every kind of grid and past its seam."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp.archive.view import ArchiveView
from climcomp.errors import UsageError
from climcomp.source import Geometry, SourceVariable, read_geometry
from climcomp_workflows.subset.positions import Indices, Positions
from climcomp_workflows.subset.request import Box, Request

# Longitudes in single precision near 360 are off by 3e-5 degrees.
_DEGREES = 1e-4


def keep_box(
    view: ArchiveView, variable: SourceVariable, request: Request, found: Positions
) -> None:
    """Keep the positions of a request's box, if the variable has horizontal dimensions.

    Raises
    ------
    UsageError
        If no cell lies in it, or the grid is not known.
    """
    roles, box = variable.roles, request.box
    assert box is not None
    if roles.y is None and roles.x is None and roles.cell is None:
        return
    geometry = read_geometry(view, variable.name)
    if geometry.lat is None or geometry.lon is None:
        dims = [dim for dim in (roles.y, roles.x, roles.cell) if dim is not None]
        raise UsageError(
            f"--box: latitudes and longitudes of {variable.name} are not known "
            f"({geometry.reason or 'the archive has none'}). Choose by position: "
            + " ".join(f"--index {dim}=0:10" for dim in dims)
        )
    if geometry.kind == "unstructured":
        assert roles.cell is not None
        inside = _lat_inside(geometry.lat, box) & _lon_inside(geometry.lon, box)
        _refuse_empty(inside, variable, geometry, box)
        found.keep(roles.cell, np.flatnonzero(inside), "--box")
    elif geometry.lat.ndim == 1:
        assert roles.y is not None
        assert roles.x is not None
        lat, lon = _lat_inside(geometry.lat, box), _lon_inside(geometry.lon, box)
        _refuse_empty(lat[:, None] & lon[None, :], variable, geometry, box)
        columns = _across_the_seam(lon, geometry.lon)
        found.keep(roles.y, np.flatnonzero(lat), "--box")
        found.keep(roles.x, columns, "--box")
        found.turned = _turned(geometry.lon[columns], box.west)
    else:
        _keep_rectangle(variable, geometry, box, request.mask_outside, found)


def _keep_rectangle(
    variable: SourceVariable, geometry: Geometry, box: Box, mask: bool, found: Positions
) -> None:
    """On curvilinear grids: the smallest rectangle of indices that holds all cells of the box."""
    assert geometry.lat is not None
    assert geometry.lon is not None
    assert variable.roles.y is not None
    assert variable.roles.x is not None
    inside = _lat_inside(geometry.lat, box) & _lon_inside(geometry.lon, box)
    _refuse_empty(inside, variable, geometry, box)
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    part = inside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    found.keep(variable.roles.y, np.arange(rows[0], rows[-1] + 1), "--box")
    found.keep(variable.roles.x, np.arange(columns[0], columns[-1] + 1), "--box")
    if part.all():
        return
    if mask:
        found.outside = ~part
    done = "they are made missing" if mask else "--mask-outside makes them missing"
    found.notes.append(
        f"{variable.name} lies on a grid with curved lines: its smallest rectangle of cells around "
        f"the box has {100 * float((~part).mean()):.0f} % cells outside of it; {done}"
    )


def _refuse_empty(
    inside: NDArray[np.bool_], variable: SourceVariable, geometry: Geometry, box: Box
) -> None:
    if inside.any():
        return
    assert geometry.lat is not None
    assert geometry.lon is not None
    raise UsageError(
        f"--box: no cell of {variable.name} lies within {box.west:g},{box.south:g},{box.east:g},"
        f"{box.north:g}; it has longitudes from {np.nanmin(geometry.lon):g} to "
        f"{np.nanmax(geometry.lon):g} and latitudes from {np.nanmin(geometry.lat):g} to "
        f"{np.nanmax(geometry.lat):g}"
    )


def _lat_inside(lat: NDArray[np.float64], box: Box) -> NDArray[np.bool_]:
    return (lat >= box.south - _DEGREES) & (lat <= box.north + _DEGREES)


def _lon_inside(lon: NDArray[np.float64], box: Box) -> NDArray[np.bool_]:
    """Whether longitudes are in the box, whatever their first meridian."""
    # A missing longitude compares as false.
    east_of = (lon - box.west + _DEGREES) % 360
    inside: NDArray[np.bool_] = east_of <= box.span + 2 * _DEGREES
    return inside


def _across_the_seam(inside: NDArray[np.bool_], lon: NDArray[np.float64]) -> Indices:
    """The columns of the box from west to east: those before the array's end come first."""
    columns = np.flatnonzero(inside)
    gaps = np.flatnonzero(np.diff(columns) > 1)
    if gaps.size != 1 or not (inside[0] and inside[-1]):
        return columns
    at = int(gaps[0]) + 1
    around = np.concatenate([columns[at:], columns[:at]])
    # Some grids hold the first meridian twice, as 0 and as 360.
    steps = np.abs(np.diff(lon[around])) % 360
    again = np.minimum(steps, 360 - steps) < _DEGREES
    kept: Indices = around[np.concatenate([[True], ~again])]
    return kept


def _turned(lon: NDArray[np.float64], west: float) -> NDArray[np.float64] | None:
    """What makes longitudes go on from `west` past the seam, in whole turns; None without one."""
    steps = np.diff(lon)
    jumps = np.abs(steps) > 180
    if not jumps.any():
        return None
    turns = np.concatenate([[0.0], np.cumsum(np.where(jumps, -np.sign(steps), 0.0))])
    degrees: NDArray[np.float64] = 360.0 * (turns + np.round((west - lon[0]) / 360.0))
    return degrees
