"""From a request to positions: which indices along each dimension of one variable are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from climcomp.archive.view import ArchiveView
from climcomp.errors import UsageError
from climcomp.source import SourceVariable, read_decoded, read_time_axis
from climcomp.source.lookup import resolve
from climcomp_workflows.subset.box import keep_box
from climcomp_workflows.subset.positions import Indices, Positions
from climcomp_workflows.subset.request import Moment, Request

_VERTICAL = ("up", "down")


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
        keep_box(view, variable, request, found)
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
