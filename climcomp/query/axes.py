"""The dimensions of a variable, with the names and the numbers by which places are given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from climcomp.archive.view import ArchiveView
from climcomp.errors import UsageError
from climcomp.source import SourceVariable, read_decoded, read_time_axis
from climcomp.source.grid import spans_globe
from climcomp.source.lookup import resolve

Kind = Literal["longitude", "time", "numbers", "exact", "positions"]
ALIASES: dict[str, tuple[str, ...]] = {
    "lat": ("latitude",),
    "lon": ("longitude",),
    "time": (),
    "level": ("lev",),
}
"""What the dimensions of CF's axes are called beside their own names."""
# Dimensions that count members, between which there is nothing.
_COUNTING = frozenset({"realization", "member", "ensemble", "ensemble_member", "number"})


@dataclass(frozen=True, slots=True)
class QueryAxis:
    """One dimension, as places along it are given.

    Parameters
    ----------
    kind
        `longitude`: degrees, modulo 360; `time`: dates; `numbers`: values of its coordinate, or
        any between; `exact`: values of its coordinate alone; `positions`: nothing else.
    names
        What it may be called, in lower case.
    numbers : (size,)
        Strictly rising or falling: degrees, seconds since `origin`, or values of the coordinate;
        in any order where the kind is `exact`; None where it is `positions`.
    origin
        The first date.
    is_periodic
        The last position is followed by the first.
    reason
        Why there are positions only.
    """

    dim: str
    size: int
    kind: Kind
    names: tuple[str, ...]
    numbers: NDArray[np.float64] | None = None
    unit: str = ""
    origin: Any = None  # Any: cftime has no types
    is_periodic: bool = False
    reason: str = ""

    def text(self, number: float) -> str:
        """A number along it for a person."""
        if self.kind == "time":
            return str((self.origin + timedelta(seconds=number)).isoformat())
        return f"{number:.7g} {self.unit}".rstrip()

    @property
    def extent(self) -> str:
        """Its name and what there is along it."""
        if self.numbers is None or not self.size:
            return f"{self.dim} (positions 0 to {self.size - 1})"
        first, last = self.text(self.numbers[0]), self.text(self.numbers[-1])
        return f"{self.dim} ({first} to {last})" if self.size > 1 else f"{self.dim} ({first})"


@dataclass(frozen=True, slots=True)
class QueryAxes:
    """All dimensions of a variable, and what is to be said of names that none of them has."""

    variable: str
    axes: tuple[QueryAxis, ...]
    refused: dict[str, str] = field(default_factory=dict)

    def find(self, name: str) -> QueryAxis | None:
        """The dimension of that name, or else the one that may be called so."""
        by_dim = [axis for axis in self.axes if axis.dim == name]
        called = [axis for axis in self.axes if name.lower() in axis.names]
        return next(iter(by_dim + called), None)

    def get(self, name: str) -> QueryAxis:
        """The same.

        Raises
        ------
        UsageError
            If there is none.
        """
        found = self.find(name)
        if found is None:
            raise UsageError(
                self.refused.get(name.lower())
                or f"{self.variable} has no dimension {name!r}; it has "
                f"{', '.join(axis.extent for axis in self.axes) or 'none'}"
            )
        return found


def find_axes(view: ArchiveView, name: str) -> QueryAxes:
    """How places of a variable are given; reads its coordinates, and no value of its own."""
    variable = view.variables[name]
    roles = variable.roles
    refused: dict[str, str] = {}
    axes = []
    for dim, size in zip(variable.dims, variable.shape, strict=True):
        if dim == roles.time:
            axis = _time_axis(view, variable, dim, size)
        elif dim == roles.y:
            axis = _horizontal(view, variable, dim, "lat", roles.lat, roles.x, refused)
        elif dim == roles.x:
            axis = _horizontal(view, variable, dim, "lon", roles.lon, roles.y, refused)
        else:
            axis = _plain_axis(view, variable, dim, size)
        axes.append(axis)
    if roles.cell is not None:
        for alias in ("lat", "lon"):
            _refuse(refused, alias, variable, f"it has an unstructured grid, of {roles.cell}")
    return QueryAxes(name, tuple(_with_level(view, variable, axes)), refused)


def _refuse(refused: dict[str, str], alias: str, variable: SourceVariable, why: str) -> None:
    roles = variable.roles
    dims = " ".join(f"--index {dim}=I" for dim in (roles.y, roles.x, roles.cell) if dim)
    for word in (alias, *ALIASES[alias]):
        refused[word] = (
            f"{variable.name} cannot be asked by {word}: {why}; wanted latitudes and longitudes of "
            f"one dimension each. Give positions ({dims}), or cut a part by `climcomp get --box`"
        )


def _time_axis(view: ArchiveView, variable: SourceVariable, dim: str, size: int) -> QueryAxis:
    axis = read_time_axis(view, variable.name)
    names = ("time", *_names_of(view, variable, dim))
    if axis.dates is None:
        plain = _plain_axis(view, variable, dim, size)
        if plain.kind == "exact":  # months have something between them
            plain = _ordered(replace(plain, kind="numbers"))
        return replace(plain, names=names)
    seconds = np.array([(when - axis.dates[0]) / timedelta(seconds=1) for when in axis.dates])
    return _ordered(QueryAxis(dim, size, "time", names, seconds, origin=axis.dates[0]))


def _horizontal(
    view: ArchiveView,
    variable: SourceVariable,
    dim: str,
    alias: str,
    coordinate: str | None,
    across: str | None,
    refused: dict[str, str],
) -> QueryAxis:
    """The axis of latitudes, or of longitudes, or what the dimension has in their place."""
    size = variable.shape[variable.dims.index(dim)]
    if coordinate is None:
        _refuse(refused, alias, variable, "the archive has none for it")
        return _plain_axis(view, variable, dim, size)
    found = view.variables[coordinate]
    degrees = read_decoded(view, coordinate).astype(np.float64)
    if found.dims == (across, dim):
        degrees = degrees.T
    if degrees.ndim == 2 and (degrees == degrees[:, :1]).all():  # a plain grid, spread
        degrees = degrees[:, 0]
    if degrees.shape != (size,):
        _refuse(refused, alias, variable, f"{coordinate} lies on {' x '.join(found.dims)}")
        return _plain_axis(view, variable, dim, size)
    if str(found.attributes.get("units", "")).lower().startswith("rad"):
        degrees = np.degrees(degrees)
    names = (alias, *ALIASES[alias], *_names_of(view, variable, dim))
    if alias == "lat":
        return _ordered(QueryAxis(dim, size, "numbers", names, degrees, "degrees"))
    turned = np.unwrap(degrees, period=360)
    made = QueryAxis(
        dim, size, "longitude", names, turned, "degrees", is_periodic=spans_globe(turned)
    )
    return _ordered(made)


def _plain_axis(view: ArchiveView, variable: SourceVariable, dim: str, size: int) -> QueryAxis:
    """By the values of the dimension's own coordinate."""
    names = _names_of(view, variable, dim)
    coordinate = resolve(view, variable, dim)
    if coordinate is None:
        return QueryAxis(dim, size, "positions", names, reason="it has no coordinate")
    if coordinate.dtype.kind not in "iuf" or coordinate.shape != (size,):
        what = "texts" if coordinate.dtype.kind in "SOU" else "no numbers along it alone"
        return QueryAxis(dim, size, "positions", names, reason=f"its coordinate has {what}")
    numbers = read_decoded(view, coordinate.name).astype(np.float64)
    unit = str(coordinate.attributes.get("units", ""))
    axis = QueryAxis(dim, size, "numbers", names, numbers, "" if unit == "1" else unit)
    if _counts(coordinate) and np.isfinite(numbers).all():
        return replace(axis, kind="exact")
    return _ordered(axis)


def _names_of(view: ArchiveView, variable: SourceVariable, dim: str) -> tuple[str, ...]:
    coordinate = resolve(view, variable, dim)
    standard = "" if coordinate is None else str(coordinate.attributes.get("standard_name", ""))
    return tuple(name.lower() for name in (dim, standard) if name)


def _counts(coordinate: SourceVariable) -> bool:
    """Whether the coordinate tells things apart between which there is nothing.

    Our own: members of ensembles, and whole numbers without a unit that do not say that they are
    vertical.
    """
    attributes = coordinate.attributes
    names = {coordinate.name.rpartition("/")[2].lower(), attributes.get("standard_name")}
    has_unit = str(attributes.get("units", "1")).strip() not in ("", "1")
    is_counted = coordinate.dtype.kind in "iu" and not has_unit and not _is_vertical(coordinate)
    return is_counted or bool(names & _COUNTING)


def _is_vertical(coordinate: SourceVariable) -> bool:
    attributes = coordinate.attributes
    is_z = str(attributes.get("axis", "")).upper() == "Z"
    return is_z or str(attributes.get("positive", "")).lower() in ("up", "down")


def _ordered(axis: QueryAxis) -> QueryAxis:
    """The axis, by positions alone if its numbers neither rise nor fall throughout."""
    assert axis.numbers is not None
    steps = np.diff(axis.numbers)
    reason = ""
    if not np.isfinite(axis.numbers).all():
        reason = "some of its values are missing"
    elif not ((steps > 0).all() or (steps < 0).all()):
        at = int(np.flatnonzero(np.sign(steps) != np.sign(steps[0]))[0]) if steps[0] else 0
        pair = (axis.text(axis.numbers[at]), axis.text(axis.numbers[at + 1]))
        reason = f"its values neither rise nor fall throughout: {' is followed by '.join(pair)}"
    elif axis.kind == "longitude" and abs(axis.numbers[-1] - axis.numbers[0]) > 360 + 1e-3:
        reason = "its longitudes go around the globe more than once"
    if not reason:
        return axis
    return QueryAxis(axis.dim, axis.size, "positions", axis.names, reason=reason)


def _with_level(
    view: ArchiveView, variable: SourceVariable, axes: list[QueryAxis]
) -> Iterator[QueryAxis]:
    """The axes, of which that is called the level which alone says so, or alone may be one."""
    others = [axis.dim for axis in axes if axis.dim in variable.roles.level]
    vertical = []
    for dim in others:
        coordinate = resolve(view, variable, dim)
        if coordinate is not None and _is_vertical(coordinate):
            vertical.append(dim)
    numbered = [axis.dim for axis in axes if axis.dim in others and axis.kind == "numbers"]
    for candidates in (vertical, numbered, others):
        if candidates:
            level = candidates[0] if len(candidates) == 1 else None
            break
    else:
        level = None
    for axis in axes:
        is_level = axis.dim == level
        yield replace(axis, names=("level", *ALIASES["level"], *axis.names)) if is_level else axis
