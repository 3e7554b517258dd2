"""Areas of cells: from the cell measure that a variable names, or from a model's known variable."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp.source.lookup import resolve
from climcomp.source.model import SourceVariable
from climcomp.source.packing import read_decoded
from climcomp.source.source import Source

# Mean radius of GRS 80 (IUGG); only ratios of areas matter to weights.
EARTH_RADIUS_M = 6371008.8
_METRES: dict[str, float] = {"m": 1.0, "km": 1e6, "cm": 1e-4}
_SPELT = {
    "m2": "m",
    "m^2": "m",
    "m**2": "m",
    "square_meter": "m",
    "square meters": "m",
    "meter^2": "m",
    "meters^2": "m",
    "km2": "km",
    "km^2": "km",
    "km**2": "km",
    "cm2": "cm",
    "cm^2": "cm",
    "centimeter^2": "cm",
    "centimeters^2": "cm",
}
_ANGLES = ("steradian", "steradians", "sr", "radian^2", "radians^2", "radian2", "radians2", "rad2")


def read_area(
    source: Source, variable: SourceVariable, dims: tuple[str, ...], notes: list[str]
) -> NDArray[np.float64] | None:
    """Areas in m2 over `dims`, in their order; None with a note if the source has none."""
    named = _named(variable)
    measure = None
    if named:
        measure = resolve(source, variable, named)
        if measure is None:
            external = str(source.attributes.get("external_variables", "")).split()
            where = "which is in another file" if named in external else "which is not there"
            notes.append(f"its cell_measures name {named!r}, {where}")
    if measure is None:
        measure = _known(source, variable, dims)
        if measure is None:
            return None
        notes.append(f"{measure.name} is taken for its cell areas")
    kept = tuple(dim for dim in measure.dims if dim in dims)
    if set(kept) != set(dims):
        notes.append(f"{measure.name} lies on {measure.dims}, not on {dims}")
        return None
    values = read_decoded(source, measure.name).astype(np.float64)
    for axis in reversed(range(values.ndim)):
        if measure.dims[axis] not in dims:
            values = values.take([0], axis=axis).squeeze(axis)
    values = np.ascontiguousarray(values.transpose([kept.index(dim) for dim in dims]))
    scale = _scale(measure, values, notes)
    return None if scale is None else values * scale


def _named(variable: SourceVariable) -> str:
    words = str(variable.attributes.get("cell_measures", "")).split()
    return words[words.index("area:") + 1] if "area:" in words[:-1] else ""


def _known(
    source: Source, variable: SourceVariable, dims: tuple[str, ...]
) -> SourceVariable | None:
    """The one measure on the same dimensions that shares the coordinates of the variable."""
    found = []
    for measure in source.variables.values():
        if measure.roles.part != "cell_measure" or measure.group != variable.group:
            continue
        if set(dims) != {dim for dim in measure.dims if dim != measure.roles.time}:
            continue
        if measure.roles.lat == variable.roles.lat:
            found.append(measure)
    return found[0] if len(found) == 1 else None


def _scale(measure: SourceVariable, values: NDArray[np.float64], notes: list[str]) -> float | None:
    units = str(measure.attributes.get("units", "")).strip()
    if units in _SPELT:
        return _METRES[_SPELT[units]]
    if units.lower() in _ANGLES:
        return EARTH_RADIUS_M**2
    if not units or units == "1":
        total = float(np.nansum(values))
        if abs(total / (4 * np.pi) - 1) < 0.01:
            notes.append(f"{measure.name} has no units; its sum is that of steradians")
            return EARTH_RADIUS_M**2
        notes.append(f"{measure.name} has no units")
        return None
    notes.append(f"the units {units!r} of {measure.name} are no area")
    return None
