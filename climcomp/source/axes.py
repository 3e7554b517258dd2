"""Which dimension of a variable is time, y, x or the cells of an unstructured grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from climcomp.source import names
from climcomp.source.model import StoredVariable

Axis = Literal["time", "lat", "lon", "y", "x", "z"]

_STANDARD: dict[str, Axis] = {
    "time": "time",
    "latitude": "lat",
    "longitude": "lon",
    "grid_latitude": "y",
    "grid_longitude": "x",
    "projection_y_coordinate": "y",
    "projection_x_coordinate": "x",
    "projection_y_angular_coordinate": "y",
    "projection_x_angular_coordinate": "x",
}
_NOT_THE_TIME_AXIS = ("forecast_reference_time", "forecast_period")


@dataclass(frozen=True, slots=True)
class Axes:
    """Names of dimensions, and the full names of the coordinates by which they were found."""

    time: str | None = None
    y: str | None = None
    x: str | None = None
    cell: str | None = None
    time_coordinate: str | None = None
    lat: str | None = None
    lon: str | None = None

    def level(self, dims: tuple[str, ...]) -> tuple[str, ...]:
        """The dims that are neither time nor horizontal, in their order."""
        return tuple(dim for dim in dims if dim not in (self.time, self.y, self.x, self.cell))


def axis_of(variable: StoredVariable) -> Axis | None:
    """What a variable would be as a coordinate: by attributes, then by well-known names."""
    attributes = variable.attributes
    standard = attributes.get("standard_name")
    units = attributes.get("units")
    if standard in _NOT_THE_TIME_AXIS:
        return None
    if isinstance(standard, str) and standard in _STANDARD:
        return _STANDARD[standard]
    if names.is_north(units):
        return "lat"
    if names.is_east(units):
        return "lon"
    if names.is_since(units):
        return "time"
    axis = attributes.get("axis")
    if isinstance(axis, str) and axis.upper() in ("T", "X", "Y", "Z"):
        by_axis: dict[str, Axis] = {"T": "time", "X": "x", "Y": "y", "Z": "z"}
        return by_axis[axis.upper()]
    return _axis_by_name(variable)


def _axis_by_name(variable: StoredVariable) -> Axis | None:
    short = variable.name.rpartition("/")[2].lower()
    units = variable.attributes.get("units")
    if variable.dtype.kind == "S" and short == "times":
        return "time"
    if variable.dtype.kind not in "iuf":
        return None
    if names.is_angle(units) and short in names.LATITUDE:
        return "lat"
    if names.is_angle(units) and short in names.LONGITUDE:
        return "lon"
    if len(variable.dims) == 1 and variable.dims[0].lower() == short:
        if short in names.TIME:
            return "time"
        if short in names.Y_DIMENSION:
            return "y"
        if short in names.X_DIMENSION:
            return "x"
    return None


@dataclass
class Scope:
    """The variables that a variable of one group can refer to: its group's, then its parents'."""

    visible: dict[str, StoredVariable]
    axes: dict[str, Axis | None] = field(default_factory=dict)
    times: dict[str, tuple[str, str]] = field(default_factory=dict)
    lats: list[str] = field(default_factory=list)
    lons: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, group: str, variables: Mapping[str, StoredVariable]) -> Scope:
        """What is seen from a group."""
        visible: dict[str, StoredVariable] = {}
        path = group
        while True:
            for name, variable in variables.items():
                parent, _, short = name.rpartition("/")
                if parent == path:
                    visible.setdefault(short, variable)
            if not path:
                break
            path = path.rpartition("/")[0]
        scope = cls(visible)
        for short, variable in visible.items():
            axis = axis_of(variable)
            scope.axes[short] = axis
            if axis == "time":
                scope._note_time(short, variable)
            elif axis == "lat":
                scope.lats.append(short)
            elif axis == "lon":
                scope.lons.append(short)
        return scope

    def _note_time(self, short: str, variable: StoredVariable) -> None:
        """Remember the best time coordinate of each dimension: the one named like it, then ...

        One with dates goes before any without: NEMO numbers its `time_counter` 0, and writes the
        dates into `time_centered`.
        """
        if variable.dtype.kind == "S" and len(variable.dims) == 2:
            rank = "3"
        elif len(variable.dims) != 1:
            return
        elif variable.dims[0] == short:
            rank = "0"
        else:
            rank = "1" if variable.attributes.get("standard_name") == "time" else "2"
        best = self.times.get(variable.dims[0])
        if best is None or (self._is_undated(short), rank) < (self._is_undated(best[1]), best[0]):
            self.times[variable.dims[0]] = (rank, short)

    def _is_undated(self, short: str) -> bool:
        return not names.is_since(self.visible[short].attributes.get("units"))

    def full(self, short: str | None) -> str | None:
        """The full name of a visible variable."""
        return None if short is None else self.visible[short].name

    def is_time(self, dim: str) -> bool:
        """The dimension is the time axis: it has a time coordinate, or its name says so."""
        if dim in self.times:
            return True
        return dim.lower() in names.TIME and dim not in self.visible

    def dimension_axis(self, dim: str) -> Axis | None:
        """What the coordinate variable of a dimension, or else its name, says that it is."""
        if self.is_time(dim):
            return "time"
        coordinate = self.visible.get(dim)
        if coordinate is not None and coordinate.dims == (dim,):
            axis = self.axes[dim]
            if axis is not None:
                return axis
        if dim.lower() in names.Y_DIMENSION:
            return "y"
        return "x" if dim.lower() in names.X_DIMENSION else None


def find_axes(variable: StoredVariable, scope: Scope) -> Axes:
    """The axes of a variable: by its coordinates first, by the names of its dimensions last."""
    time = _time_dimension(variable, scope)
    space = tuple(dim for dim in variable.dims if dim != time)
    time_coordinate = scope.times[time][1] if time in scope.times else None
    if time is None:
        time_coordinate = _scalar_time(variable, scope)
    lat, lon = _geographical(variable, space, scope)
    y, x, cell = _horizontal(space, lat, lon, scope)
    return Axes(time, y, x, cell, scope.full(time_coordinate), scope.full(lat), scope.full(lon))


def _time_dimension(variable: StoredVariable, scope: Scope) -> str | None:
    found = [dim for dim in variable.dims if scope.is_time(dim)]
    if len(found) < 2:
        return found[0] if found else None
    named = [d for d in found if d.lower() in names.TIME and scope.times.get(d, ("9",))[0] <= "1"]
    return (named or found)[0]


def _scalar_time(variable: StoredVariable, scope: Scope) -> str | None:
    listed = _listed(variable)
    scalars = [
        short
        for short, axis in scope.axes.items()
        if axis == "time" and not scope.visible[short].dims
    ]
    for short in scalars:
        if short in listed:
            return short
    return next((short for short in scalars if short.lower() in names.TIME), None)


def _listed(variable: StoredVariable) -> tuple[str, ...]:
    text = variable.attributes.get("coordinates")
    return tuple(text.split()) if isinstance(text, str) else ()


def _geographical(
    variable: StoredVariable, space: tuple[str, ...], scope: Scope
) -> tuple[str | None, str | None]:
    """The latitudes and longitudes that belong to a variable.

    Those that the variable lists come first, then the coordinate variables of its dimensions,
    then any pair that lies on two, or on one, of its dimensions.
    """
    listed = _listed(variable)

    def rank(short: str) -> tuple[int, int]:
        dims = _space_of(short, scope)
        if short in listed:
            return 0, -len(dims)
        return (1, 0) if dims == (short,) else (2, -len(dims))

    def candidates(shorts: list[str]) -> list[str]:
        fitting = [
            s for s in shorts if _space_of(s, scope) and set(_space_of(s, scope)) <= set(space)
        ]
        return sorted(fitting, key=rank)

    lats, lons = candidates(scope.lats), candidates(scope.lons)
    if not lats or not lons:
        return next(iter(lats), None), next(iter(lons), None)
    for lat in lats:
        for lon in lons:
            ours, theirs = _space_of(lat, scope), _space_of(lon, scope)
            if rank(lat)[0] == rank(lon)[0] and len(ours) == len(theirs):
                return lat, lon
    return lats[0], lons[0]


def _space_of(short: str, scope: Scope) -> tuple[str, ...]:
    dims = scope.visible[short].dims
    return tuple(dim for dim in dims if len(dims) == 1 or not scope.is_time(dim))


def _horizontal(
    space: tuple[str, ...], lat: str | None, lon: str | None, scope: Scope
) -> tuple[str | None, str | None, str | None]:
    """The names of y, x and cell."""
    y = x = None
    if lat is not None and lon is not None:
        ours, theirs = _space_of(lat, scope), _space_of(lon, scope)
        if len(ours) == 1 and ours == theirs:
            return None, None, ours[0]
        if len(ours) == 1 and len(theirs) == 1:
            return ours[0], theirs[0], None
        if len(ours) == 2 and set(ours) == set(theirs):
            first, second = ours
            if "x" in _plane(first, scope) or "y" in _plane(second, scope):
                return second, first, None
            return first, second, None
    for dim in space:
        plane = _plane(dim, scope)
        y = dim if "y" in plane and y is None else y
        x = dim if "x" in plane and x is None else x
    if y is None and x is None:
        for dim in space:
            if names.is_cell_dimension(dim):
                return None, None, dim
    return y, x, None


def _plane(dim: str, scope: Scope) -> str:
    axis = scope.dimension_axis(dim)
    return {"lat": "y", "y": "y", "lon": "x", "x": "x"}.get(axis or "", "")
