"""Where the values of a variable lie on Earth: coordinates, bounds, areas, and what is unknown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from climcomp.source.area import read_area
from climcomp.source.coordinates import Pair, read_bounds, read_pair
from climcomp.source.gaussian import is_gaussian
from climcomp.source.lookup import resolve
from climcomp.source.model import SourceVariable
from climcomp.source.rotated import unrotate
from climcomp.source.source import Source

Kind = Literal["latlon", "gaussian", "curvilinear", "rotated", "projected", "unstructured", "none"]
_ROTATED = ("grid_latitude", "grid_longitude")
_PROJECTED = ("projection_y_coordinate", "projection_x_coordinate")
# Longitudes in single precision near 360 are off by 3e-5 degrees, a hundredth of a 0.003 step.
_EVEN = 0.01


@dataclass(frozen=True)
class Geometry:
    """The horizontal grid of a variable.

    Parameters
    ----------
    kind
        `latlon` (1-D latitude and longitude, evenly spaced or not), `gaussian` (the same with the
        latitudes of a whole Gaussian grid), `curvilinear`, `rotated`, `projected` (2-D), or
        `unstructured`; `none` if the variable has no two horizontal dimensions.
    lat, lon
        Degrees, north and east positive, in the order and direction of the data: (y,) and (x,),
        (y, x), or (cell,). NaN where the file has none; None if not known.
    lat_bounds, lon_bounds
        Degrees: (y, 2) and (x, 2), (y, x, n) or (cell, n). None if the file has none.
    area_m2
        Areas of the cells from the file: (y, x) or (cell,). None if it has none.
    periodic_x
        The last column is followed by the first: evenly spaced longitudes around the globe.
    reason
        Where it comes from and why something is not known; empty if the file says it all.
    """

    kind: Kind
    lat: NDArray[np.float64] | None = None
    lon: NDArray[np.float64] | None = None
    lat_bounds: NDArray[np.float64] | None = None
    lon_bounds: NDArray[np.float64] | None = None
    area_m2: NDArray[np.float64] | None = None
    periodic_x: bool = False
    reason: str = ""


def read_geometry(source: Source, name: str) -> Geometry:
    """The horizontal grid of a variable, from the coordinates that its roles name.

    What the source does not say is None, with the reason; nothing here is an error.
    """
    variable = source.variables[name]
    roles = variable.roles
    notes: list[str] = []
    pair = read_pair(source, variable, notes)
    if roles.cell is not None:
        return _unstructured(source, variable, pair, notes)
    if roles.y is None or roles.x is None:
        missing = "no horizontal dimension" if roles.y is roles.x else "only one of y and x"
        lat = pair.lat if pair is not None and roles.y is not None and pair.lat.ndim == 1 else None
        return Geometry("none", lat=lat, reason="; ".join([f"it has {missing}", *notes]))
    if pair is None:
        return _without_coordinates(source, variable, notes)
    if pair.lat.ndim == 2 and _is_separable(pair):
        notes.append("2-D latitudes and longitudes are those of a plain lat-lon grid")
        pair = Pair(pair.lat[:, 0].copy(), pair.lon[0].copy(), pair.scale)
    area = read_area(source, variable, (roles.y, roles.x), notes)
    lat_bounds, lon_bounds = read_bounds(source, variable, pair, notes)
    return Geometry(
        kind=_kind(source, variable, pair),
        lat=pair.lat,
        lon=pair.lon,
        lat_bounds=lat_bounds,
        lon_bounds=lon_bounds,
        area_m2=area,
        periodic_x=pair.lon.ndim == 1 and spans_globe(pair.lon),
        reason="; ".join(notes),
    )


def _unstructured(
    source: Source, variable: SourceVariable, pair: Pair | None, notes: list[str]
) -> Geometry:
    assert variable.roles.cell is not None
    area = read_area(source, variable, (variable.roles.cell,), notes)
    if pair is None:
        return Geometry("unstructured", area_m2=area, reason="; ".join(notes))
    lat_bounds, lon_bounds = read_bounds(source, variable, pair, notes)
    return Geometry(
        "unstructured", pair.lat, pair.lon, lat_bounds, lon_bounds, area, reason="; ".join(notes)
    )


def _is_separable(pair: Pair) -> bool:
    return bool((pair.lat == pair.lat[:, :1]).all() and (pair.lon == pair.lon[:1]).all())


def _kind(source: Source, variable: SourceVariable, pair: Pair) -> Kind:
    if pair.lat.ndim == 1:
        return "gaussian" if is_gaussian(pair.lat) else "latlon"
    mapping = _mapping_name(source, variable)
    standards = _axis_standard_names(source, variable)
    if mapping == "rotated_latitude_longitude" or all(s in _ROTATED for s in standards):
        return "rotated"
    if all(s in _PROJECTED for s in standards) or mapping not in ("", "latitude_longitude"):
        return "projected"
    return "curvilinear"


def _axis_standard_names(source: Source, variable: SourceVariable) -> tuple[str, str]:
    found = []
    for dim in (variable.roles.y, variable.roles.x):
        axis = resolve(source, variable, dim or "")
        found.append(str(axis.attributes.get("standard_name", "")) if axis else "")
    return found[0], found[1]


def _mapping(source: Source, variable: SourceVariable) -> SourceVariable | None:
    text = variable.attributes.get("grid_mapping")
    if not isinstance(text, str) or not text.split():
        return None
    return resolve(source, variable, text.split()[0].rstrip(":"))


def _mapping_name(source: Source, variable: SourceVariable) -> str:
    mapping = _mapping(source, variable)
    return str(mapping.attributes.get("grid_mapping_name", "")) if mapping else ""


def _without_coordinates(source: Source, variable: SourceVariable, notes: list[str]) -> Geometry:
    """Rotated grids are computed from their pole; for other projections that is another's job."""
    standards = _axis_standard_names(source, variable)
    name = _mapping_name(source, variable)
    if all(s in _ROTATED for s in standards):
        mapping = _mapping(source, variable)
        if mapping is None or "grid_north_pole_latitude" not in mapping.attributes:
            notes.append("a rotated grid without the place of its pole")
            return Geometry("rotated", reason="; ".join(notes))
        return _from_pole(source, variable, mapping, notes)
    if all(s in _PROJECTED for s in standards) or name not in ("", "latitude_longitude"):
        notes.append(f"a projection ({name or 'unnamed'}) without 2-D latitudes and longitudes")
        return Geometry("projected", reason="; ".join(notes))
    notes.append("the source has no latitudes and longitudes for it")
    return Geometry("none", reason="; ".join(notes))


def _from_pole(
    source: Source, variable: SourceVariable, mapping: SourceVariable, notes: list[str]
) -> Geometry:
    roles = variable.roles
    values, corners = [], []
    for dim in (roles.y, roles.x):
        axis = resolve(source, variable, dim or "")
        assert axis is not None  # it has a standard name
        values.append(source.read(axis.name).astype(np.float64))
        edges = resolve(source, variable, str(axis.attributes.get("bounds", "")))
        corners.append(None if edges is None else source.read(edges.name).astype(np.float64))
    lat, lon = unrotate(values[0][:, None], values[1][None, :], mapping.attributes)
    lat_bounds = lon_bounds = None
    y, x = corners
    if y is not None and x is not None and y.shape[1:] == x.shape[1:] == (2,):
        # Counter-clockwise, as CF has it: both lower edges first.
        lat_bounds, lon_bounds = unrotate(
            y[:, None, (0, 0, 1, 1)], x[None, :, (0, 1, 1, 0)], mapping.attributes
        )
    notes[:] = ["latitudes and longitudes are computed from the rotated pole"]
    assert roles.y is not None
    assert roles.x is not None
    area = read_area(source, variable, (roles.y, roles.x), notes)
    return Geometry("rotated", lat, lon, lat_bounds, lon_bounds, area, reason="; ".join(notes))


def spans_globe(lon: NDArray[np.float64]) -> bool:
    """The longitudes are evenly spaced and one step more closes the circle."""
    if lon.size < 4 or not np.isfinite(lon).all():
        return False
    step = float(lon[-1] - lon[0]) / (lon.size - 1)
    if step == 0 or abs(abs(step) * lon.size - 360.0) > _EVEN * abs(step):
        return False
    return bool((np.abs(np.diff(lon) - step) <= _EVEN * abs(step)).all())
