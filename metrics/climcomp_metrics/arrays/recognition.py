"""A DataArray as a file would describe it, so that one set of rules recognises grids and dates."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from climcomp.errors import MetricError
from climcomp.source.memory import Described, MemorySource, memory_source

if TYPE_CHECKING:
    import xarray as xr

    Array: TypeAlias = xr.DataArray | ArrayLike

_ENCODED = ("coordinates", "grid_mapping")
"""Attributes that xarray moves out of sight while it opens a file."""


def labelled(
    array: Array, dims: Sequence[str] | None, coords: Mapping[str, ArrayLike] | None
) -> xr.DataArray:
    """The array with names of its dimensions: its own, or those given for a NumPy array.

    Raises
    ------
    MetricError
        If it has none and none are given, or they do not fit.
    """
    import xarray as xr  # a second that a run without notebooks need not wait

    if isinstance(array, xr.DataArray):
        return array
    if isinstance(array, xr.Dataset):
        names = ", ".join(map(str, array.data_vars))
        raise MetricError(f"found a Dataset, wanted one of its variables, such as ds[...]: {names}")
    values = np.asarray(array)
    if dims is None:
        raise MetricError(
            f"found an array of shape {values.shape} without names: give a DataArray, or "
            'dims=("time", "lat", "lon") and coords={"lat": ..., "lon": ...}'
        )
    if len(dims) != values.ndim:
        raise MetricError(f"dims names {len(dims)} dimensions, the array has {values.shape}")
    lengths = dict(zip(dims, values.shape, strict=True))
    given: dict[Hashable, Any] = {}
    for name, coordinate in (coords or {}).items():
        where = np.asarray(coordinate)
        if name not in lengths or where.shape != (lengths[name],):
            raise MetricError(
                f"the coordinate {name!r} has the shape {where.shape}, wanted {lengths}: one "
                "number for each place along a dimension of that name"
            )
        given[name] = where
    return xr.DataArray(values, dims=tuple(dims), coords=given)


def recognised(field: xr.DataArray, coordinates: dict[str, Described]) -> MemorySource:
    """The array among its coordinates, under a name that none of them has."""
    attributes = {str(name): value for name, value in field.attrs.items()}
    for name in _ENCODED:
        if name in field.encoding:
            attributes.setdefault(name, field.encoding[name])
    name = str(field.name).replace("/", "_") if field.name is not None else "data"
    while name in coordinates or name in field.dims:
        name += "_values"
    dtype = field.dtype.newbyteorder("=")
    described = Described(tuple(map(str, field.dims)), field.shape, dtype, attributes)
    return memory_source({name: described, **coordinates})


def coordinates(field: xr.DataArray) -> dict[str, Described]:
    """The coordinates of an array, dates as numbers with units and calendar."""
    found = {}
    for name, coordinate in field.coords.items():
        values = np.asarray(coordinate.values)
        attributes = {str(key): value for key, value in coordinate.attrs.items()}
        if values.dtype.kind == "M":
            values, attributes = _from_datetime64(values, attributes)
        elif values.dtype.kind == "O" and hasattr(values.flat[0] if values.size else 0, "calendar"):
            values, attributes = _from_cftime(values, attributes)
        if values.dtype.kind in "biufSU":
            dims = tuple(map(str, coordinate.dims))
            found[str(name)] = Described(dims, values.shape, values.dtype, attributes, values)
    return found


def _from_datetime64(
    values: NDArray[Any], attributes: dict[str, Any]
) -> tuple[NDArray[Any], dict[str, Any]]:
    """As a file would store them, so that one set of rules reads dates."""
    micro = values.astype("datetime64[us]")
    seconds = np.where(np.isnat(micro), np.nan, micro.astype(np.int64) / 1e6)
    units = "seconds since 1970-01-01"
    return seconds, {**attributes, "units": units, "calendar": "proleptic_gregorian"}


def _from_cftime(
    values: NDArray[Any], attributes: dict[str, Any]
) -> tuple[NDArray[Any], dict[str, Any]]:
    import cftime

    calendar = values.flat[0].calendar
    units = "seconds since 2000-01-01"
    numbers = np.asarray(cftime.date2num(values, units, calendar=calendar), np.float64)  # type: ignore[attr-defined]
    return numbers, {**attributes, "units": units, "calendar": calendar}
