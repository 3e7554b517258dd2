"""From a request to positions: which indices along each dimension of one variable are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.errors import UsageError
from climcomp.source import Geometry, SourceVariable, read_decoded, read_geometry, read_time_axis
from climcomp.source.lookup import resolve
from climcomp_workflows.subset.request import Box, Moment, Request
from climcomp_workflows.subset.view import ArchiveView

Indices = NDArray[np.int64]

# Longitudes in single precision near 360 are off by 3e-5 degrees.
_DEGREES = 1e-4
_VERTICAL = ("up", "down")


@dataclass(slots=True)
class Positions:
    """What is wanted along the dimensions of one variable; lives as long as they are worked out.

    Parameters
    ----------
    indices
        By dimension, in the order wanted; dimensions that are wanted whole are not there.
    turned
        Degrees to add to the longitudes at the wanted positions of `x`, so that they go on past
        the seam of the grid; None where the box does not cross it.
    outside
        (y, x) at the wanted positions: cells that are not in the box; None where all are.
    """

    indices: dict[str, Indices] = field(default_factory=dict)
    turned: NDArray[np.float64] | None = None
    outside: NDArray[np.bool_] | None = None
    notes: list[str] = field(default_factory=list)

    def keep(self, dim: str, wanted: Indices, option: str) -> None:
        """Note the positions of a dimension, which only one option may choose."""
        if dim in self.indices:
            raise UsageError(f"{option}: another option has chosen positions of {dim!r} already")
        self.indices[dim] = wanted


def find_positions(view: ArchiveView, name: str, request: Request) -> Positions:
    """The positions of one variable that a request wants.

    Options that speak of a dimension that the variable does not have leave it whole.

    Raises
    ------
    UsageError
        If nothing is left, with what there is; or if times, grid or levels are not known well
        enough to choose by them.
    """
    variable = view.variables[name]
    found = Positions()
    for dim, part in _named_dims(variable, request).items():
        size = variable.shape[variable.dims.index(dim)]
        wanted = np.arange(size, dtype=np.int64)[part]
        if not wanted.size:
            raise UsageError(
                f"no position of {dim!r} is in {part.start}:{part.stop}; {name} has {size} "
                f"(0 to {size - 1})"
            )
        found.keep(dim, wanted, f"positions of {dim!r}")
    if request.times is not None and variable.roles.time is not None:
        found.keep(variable.roles.time, _times(view, name, request.times), "--time")
    level = None if request.levels is None else level_dim(view, variable)
    if request.levels is not None and level is not None:
        found.keep(level, _levels(view, variable, level, request.levels), "--level")
    if request.box is not None:
        _keep_box(view, variable, request, found)
    return found


def _named_dims(variable: SourceVariable, request: Request) -> dict[str, slice]:
    roles = variable.roles
    dims: dict[str, slice] = {}
    for dim, part in request.indices.items():
        if dim == "@time":
            dims |= {} if roles.time is None else {roles.time: part}
        elif dim == "@level":
            # The letters of a text are no levels.
            has_one = roles.level and roles.part != "text"
            dims |= {_only(variable, roles.level): part} if has_one else {}
        elif dim in variable.dims:
            dims[dim] = part
    return dims


def _only(variable: SourceVariable, dims: Sequence[str]) -> str:
    if len(dims) > 1:
        raise UsageError(
            f"{variable.name} has several dimensions that may be the level: {', '.join(dims)}. "
            f"Name one: --index {dims[0]}=0:1"
        )
    return dims[0]


def _times(view: ArchiveView, name: str, times: tuple[Moment | None, Moment | None]) -> Indices:
    axis = read_time_axis(view, name)
    if axis.dates is None:
        size = view.variables[name].shape[view.variables[name].dims.index(_time_dim(view, name))]
        raise UsageError(
            f"--time: the times of {name} cannot be read as dates ({axis.reason}). Choose by "
            f"position: --itime 0:{size}"
        )
    first, last = times
    moments = [_moment(date) for date in axis.dates]
    wanted = [
        index
        for index, moment in enumerate(moments)
        if (first is None or moment[: len(first)] >= first)
        and (last is None or moment[: len(last)] <= last)
    ]
    if not wanted:
        low, high = min(moments), max(moments)
        raise UsageError(
            f"--time: {name} has no time from {_date_text(first)} to {_date_text(last)}; it has "
            f"{len(moments)} from {_date_text(low)} to {_date_text(high)}"
        )
    return np.array(wanted, dtype=np.int64)


def _time_dim(view: ArchiveView, name: str) -> str:
    dim = view.variables[name].roles.time
    assert dim is not None
    return dim


def _moment(date: Any) -> Moment:  # Any: cftime has no types
    """The date to the second: decoded times are off by microseconds."""
    near = date + np.timedelta64(500, "ms").item()
    return near.year, near.month, near.day, near.hour, near.minute, near.second


def _date_text(moment: Moment | None) -> str:
    if moment is None:
        return "any time"
    day = "-".join(f"{part:0{width}d}" for part, width in zip(moment[:3], (4, 2, 2), strict=False))
    clock = ":".join(f"{part:02d}" for part in moment[3:])
    return f"{day}T{clock}" if clock.strip("0:") else day


def level_dim(view: ArchiveView, variable: SourceVariable) -> str | None:
    """The dimension whose levels can be chosen by value; None where there is none.

    It is the only one with numbers along it that is neither time nor horizontal, or the only one
    of them that says it is vertical (CF: axis Z, positive).

    Raises
    ------
    UsageError
        If several may be meant.
    """
    dims = [dim for dim in variable.roles.level if _coordinate(view, variable, dim) is not None]
    if len(dims) < 2:
        return dims[0] if dims else None
    vertical = []
    for dim in dims:
        coordinate = _coordinate(view, variable, dim)
        assert coordinate is not None  # of these only
        positive = str(coordinate.attributes.get("positive", "")).lower()
        if str(coordinate.attributes.get("axis", "")).upper() == "Z" or positive in _VERTICAL:
            vertical.append(dim)
    return vertical[0] if len(vertical) == 1 else _only(variable, dims)


def _coordinate(view: ArchiveView, variable: SourceVariable, dim: str) -> SourceVariable | None:
    """The numbers along a dimension."""
    found = resolve(view, variable, dim)
    size = variable.shape[variable.dims.index(dim)]
    fits = found is not None and found.shape == (size,) and found.dtype.kind in "iuf"
    return found if fits else None


def _levels(
    view: ArchiveView,
    variable: SourceVariable,
    dim: str,
    wanted: tuple[float, ...] | tuple[tuple[float, float], ...],
) -> Indices:
    coordinate = _coordinate(view, variable, dim)
    assert coordinate is not None  # `level_dim` has found it
    values = read_decoded(view, coordinate.name).astype(np.float64)
    unit = coordinate.attributes.get("units", "")
    shown = ", ".join(f"{value:g}" for value in values[:40]) + (" ..." if values.size > 40 else "")
    chosen: list[int] = []
    for item in wanted:
        if isinstance(item, tuple):
            near = np.flatnonzero((values >= item[0]) & (values <= item[1]))
            text = f"from {item[0]:g} to {item[1]:g}"
        else:
            near = np.flatnonzero(np.isclose(values, item, rtol=1e-5, atol=1e-8))
            text = f"at {item:g}"
        if not near.size:
            raise UsageError(
                f"--level: {variable.name} has no level {text}; {coordinate.name} has {shown} "
                f"{unit}".rstrip()
            )
        chosen += near.tolist()
    return np.array(list(dict.fromkeys(chosen)), dtype=np.int64)


def _keep_box(
    view: ArchiveView, variable: SourceVariable, request: Request, found: Positions
) -> None:
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
