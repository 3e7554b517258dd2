"""Latitudes, longitudes and their bounds in degrees, as arrays over the horizontal dimensions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from climcomp.source.lookup import resolve
from climcomp.source.mesh import bounds_of_mesh
from climcomp.source.model import SourceVariable
from climcomp.source.packing import read_decoded
from climcomp.source.source import Source

Array = NDArray[np.float64]
# MPAS-A and ICON write radians, MPAS without saying so.
_RADIANS_WITHOUT_UNITS = frozenset(
    f"{prefix}{suffix}"
    for prefix, suffixes in (
        ("lat", ("cell", "edge", "vertex")),
        ("lon", ("cell", "edge", "vertex")),
        ("c", ("lat", "lon")),
        ("e", ("lat", "lon")),
        ("v", ("lat", "lon")),
    )
    for suffix in suffixes
)
# Latitudes in single precision may be that much beyond a pole.
_SLACK = 1e-4


@dataclass(frozen=True)
class Pair:
    """Latitude and longitude in degrees; `scale` is what turned the file's numbers into them."""

    lat: Array
    lon: Array
    scale: float


def read_pair(source: Source, variable: SourceVariable, notes: list[str]) -> Pair | None:
    """The coordinates of a variable; None if it lacks one, with a note."""
    roles = variable.roles
    if roles.lat is None or roles.lon is None:
        missing = [n for n, v in (("latitude", roles.lat), ("longitude", roles.lon)) if v is None]
        if roles.y or roles.x or roles.cell:
            notes.append(f"the source has no {' and no '.join(missing)} for it")
        return None
    lats, lons = source.variables[roles.lat], source.variables[roles.lon]
    dims = _horizontal(variable)
    lat, lon = (_over(source, v, dims, notes) for v in (lats, lons))
    if lat is None or lon is None:
        return None
    if lat.ndim != lon.ndim:
        lat, lon = _on_plane(lat, lon, lats, lons, dims)
    scale = _scale(lats, lons, lat, lon, notes)
    if not variable.attributes.get("coordinates") and lat.ndim == 2:
        notes.append(f"{roles.lat} and {roles.lon} are taken for its coordinates by their shape")
    lat, lon = lat * scale, lon * scale
    for coordinate, values, largest in ((roles.lat, lat, 90.0), (roles.lon, lon, 720.0)):
        # Also what was never written: NetCDF's default fill is no value of the file's attributes.
        lost = ~(np.abs(values) <= largest + _SLACK)
        values[lost] = np.nan
        if lost.any():
            notes.append(f"{coordinate} is missing at {np.count_nonzero(lost)} places")
    return Pair(lat, lon, scale)


def _horizontal(variable: SourceVariable) -> tuple[str, ...]:
    roles = variable.roles
    return tuple(dim for dim in (roles.y, roles.x, roles.cell) if dim is not None)


def _over(
    source: Source, coordinate: SourceVariable, dims: tuple[str, ...], notes: list[str]
) -> Array | None:
    """Values over the horizontal dimensions, in their order; time is dropped if nothing moves."""
    values = read_decoded(source, coordinate.name).astype(np.float64)
    for axis in reversed(range(values.ndim)):
        if coordinate.dims[axis] in dims:
            continue
        first = values.take([0], axis=axis)
        if not np.array_equal(np.broadcast_to(first, values.shape), values, equal_nan=True):
            notes.append(f"{coordinate.name} changes along {coordinate.dims[axis]}: a moving grid")
            return None
        values = first.squeeze(axis)
    kept = [dim for dim in coordinate.dims if dim in dims]
    order = [kept.index(dim) for dim in dims if dim in kept]
    return np.ascontiguousarray(values.transpose(order))


def _on_plane(
    lat: Array, lon: Array, lats: SourceVariable, lons: SourceVariable, dims: tuple[str, ...]
) -> tuple[Array, Array]:
    """One is 1-D, the other 2-D: spread the 1-D one over the plane."""

    def spread(values: Array, variable: SourceVariable) -> Array:
        if values.ndim == 2:
            return values
        return values[:, None] if dims[0] in variable.dims else values[None, :]

    lat, lon = np.broadcast_arrays(spread(lat, lats), spread(lon, lons))
    return lat.copy(), lon.copy()


def _scale(
    lats: SourceVariable, lons: SourceVariable, lat: Array, lon: Array, notes: list[str]
) -> float:
    units = str(lats.attributes.get("units", "")).strip().lower()
    if units.startswith("rad"):
        return 180.0 / np.pi
    names = {v.name.rpartition("/")[2].lower() for v in (lats, lons)}
    if units or not names <= _RADIANS_WITHOUT_UNITS:
        return 1.0
    small = np.nanmax(np.abs(lat)) <= np.pi / 2 + _SLACK
    if small and np.nanmax(np.abs(lon)) <= 2 * np.pi + _SLACK:
        notes.append(f"{lats.name} and {lons.name} have no units; their range is that of radians")
        return 180.0 / np.pi
    return 1.0


def read_bounds(
    source: Source, variable: SourceVariable, pair: Pair, notes: list[str]
) -> tuple[Array | None, Array | None]:
    """Bounds of latitude and longitude, in degrees; None if the source has none for both."""
    dims = _horizontal(variable)
    found = []
    for short in (variable.roles.lat, variable.roles.lon):
        assert short is not None  # there is a pair
        found.append(_bounds(source, source.variables[short], dims))
    lat, lon = found
    if lat is None or lon is None:
        return bounds_of_mesh(source, variable)
    if lat.shape[:-1] != pair.lat.shape or lon.shape[:-1] != pair.lon.shape:
        notes.append(f"the bounds have the shapes {lat.shape} and {lon.shape}, which do not fit")
        return None, None
    return lat * pair.scale, lon * pair.scale


def _bounds(source: Source, coordinate: SourceVariable, dims: tuple[str, ...]) -> Array | None:
    bounds = resolve(source, coordinate, str(coordinate.attributes.get("bounds", "")))
    if bounds is not None and len(bounds.dims) == len(coordinate.dims) + 1:
        values = read_decoded(source, bounds.name).astype(np.float64)
        order = [bounds.dims.index(dim) for dim in dims if dim in bounds.dims]
        rest = [axis for axis in range(values.ndim) if axis not in order]
        return np.ascontiguousarray(values.transpose(order + rest)) if len(rest) == 1 else None
    # GFDL names the n + 1 edges of n cells.
    edges = resolve(source, coordinate, str(coordinate.attributes.get("edges", "")))
    if edges is not None and edges.shape == (coordinate.shape[0] + 1,):
        line = source.read(edges.name).astype(np.float64)
        return np.stack([line[:-1], line[1:]], axis=1)
    return None
