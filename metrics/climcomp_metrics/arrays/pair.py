"""Two arrays of a notebook as a variable before and after: same axes, same places, or an error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from climcomp.source import Geometry, SourceVariable, decode, decoded_dtype, read_geometry
from climcomp.source.calendar import read_time_axis
from climcomp.source.memory import MemorySource
from climcomp_metrics.arrays.agreement import (
    in_order,
    same_coordinates,
    same_floats,
    same_sizes,
)
from climcomp_metrics.arrays.recognition import coordinates, labelled, recognised
from climcomp_metrics.clock import Clock, make_clock
from climcomp_metrics.field import Axes, Place, canonical

if TYPE_CHECKING:
    import xarray as xr

    from climcomp_metrics.arrays.recognition import Array

BLOCK_BYTES = 64 << 20
"""Values of one array that are taken at once, so that a lazy array need not fit in memory."""


@dataclass(frozen=True)
class Pair:
    """Original and decoded array with what is recognised of their grid and dates.

    Parameters
    ----------
    fields
        Original and decoded, with the same dimensions in the same order.
    variables
        The same as the recognition sees them: name, attributes, missing values, packing.
    geometry, clock, months
        What the original's coordinates, or else the decoded one's, say.
    """

    fields: tuple[xr.DataArray, xr.DataArray]
    variables: tuple[SourceVariable, SourceVariable]
    axes: Axes
    geometry: Geometry
    clock: Clock | None
    months: NDArray[np.int64] | None
    unit: str

    @property
    def name(self) -> str:
        """What the array is called; "data" without a name."""
        return self.variables[0].name

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(time, level, y, x) of the whole."""
        return self.axes.shape(self.variables[0].shape)

    def read(self, which: int, steps: slice) -> NDArray[np.floating]:
        """Some time steps of the original (0) or decoded (1) array, (time, level, y, x)."""
        field = self.fields[which]
        if self.axes.time is not None:
            field = field.isel({field.dims[self.axes.time]: steps})
        return canonical(_values(self.variables[which], field), self.axes)

    def places(self) -> Iterator[tuple[Place, slice]]:
        """The blocks of time steps in which the arrays are taken, with their places."""
        times, levels, rows, columns = self.shape
        dims = self.variables[0].dims
        axes = self.axes
        x = axes.x if axes.cell is None else axes.cell
        names = (
            *("" if axis is None else dims[axis] for axis in (axes.time,)),
            " x ".join(dims[axis] for axis in axes.level),
            *("" if axis is None else dims[axis] for axis in (axes.y, x)),
        )
        size = decoded_dtype(self.variables[0]).itemsize
        at_once = max(1, BLOCK_BYTES // max(1, levels * rows * columns * size))
        for start in range(0, times, at_once):
            steps = slice(start, min(times, start + at_once))
            shape = (steps.stop - start, levels, rows, columns)
            yield Place(self.name, (start, 0, 0, 0), shape, names), steps  # type: ignore[arg-type]


def make_pair(
    original: Array,
    decoded: Array,
    dims: Sequence[str] | None,
    coords: Mapping[str, ArrayLike] | None,
    unit: str | None = None,
) -> Pair:
    """Two arrays as a pair.

    Parameters
    ----------
    original, decoded
        DataArrays, or NumPy arrays with `dims`.
    dims, coords
        Of NumPy arrays: names of the dimensions in order, and coordinates by the names of theirs.
    unit
        None: the original's attribute.

    Raises
    ------
    MetricError
        If they are not floats of the same type on the same dimensions, sizes and coordinates.
    """
    fields = tuple(labelled(array, dims, coords) for array in (original, decoded))
    first, second = fields[0], in_order(fields[1], fields[0])
    same_sizes(first, second)
    same_coordinates(first, second)
    source = recognised(first, {**coordinates(second), **coordinates(first)})
    name = next(n for n in source.variables if n not in source.arrays)
    variable = source.variables[name]
    twin = recognised(second, {}).variables
    after = replace(next(iter(twin.values())), name=name, roles=variable.roles)
    same_floats(variable, after)
    clock, months = _dates(source, variable)
    return Pair(
        (first, second),
        (variable, after),
        _axes(variable),
        read_geometry(source, name),
        clock,
        months,
        str(variable.attributes.get("units", "")) if unit is None else unit,
    )


def _dates(
    source: MemorySource, variable: SourceVariable
) -> tuple[Clock | None, NDArray[np.int64] | None]:
    if variable.roles.time is None:
        return None, None
    steps = variable.shape[variable.dims.index(variable.roles.time)]
    axis = read_time_axis(source, variable.name)
    months = axis.months if axis.months is not None and axis.months.size == steps else None
    return make_clock(axis, steps), months


def _axes(variable: SourceVariable) -> Axes:
    roles, dims = variable.roles, variable.dims

    def position(name: str | None) -> int | None:
        return None if name is None else dims.index(name)

    level = tuple(dims.index(name) for name in roles.level)
    return Axes(
        position(roles.time), level, position(roles.y), position(roles.x), position(roles.cell)
    )


def _values(variable: SourceVariable, field: xr.DataArray) -> NDArray[np.floating]:
    stored = np.ascontiguousarray(field.values, dtype=variable.dtype)
    marks = [fill for fill in variable.fill_values if not np.isnan(fill)]
    if variable.packing is None and not marks:
        return stored
    return decode(variable, stored)
