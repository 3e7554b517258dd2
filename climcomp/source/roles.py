"""What each variable is for: data that may be compressed lossily, or something kept exactly."""

from __future__ import annotations

import re
from collections.abc import Mapping

from climcomp.source import names
from climcomp.source.axes import Axes, Axis, Scope, axis_of, find_axes
from climcomp.source.model import Attributes, Part, Roles, StoredVariable
from climcomp.source.references import find_references

_BOUNDS_NAME = re.compile(r"^(.+)_(bnds|bounds|bound|vertices|corners|edges)$", re.IGNORECASE)
_TIME_NAME = re.compile(r"^(time|date)(_|$)", re.IGNORECASE)


def find_roles(variables: Mapping[str, StoredVariable], attributes: Attributes) -> dict[str, Roles]:
    """Roles of all variables of a source.

    What is referred to by others has its part from that. Of the rest, a variable is `data` if it
    is a field: it has a horizontal dimension, it has the time axis that the fields of its source
    have, and neither name nor attributes call it geometry. Where a source has no field at all
    (a time series at a point, a column) its floats are the data.
    """
    scopes = {group: Scope.of(group, variables) for group in {_group(name) for name in variables}}
    axes = {name: find_axes(v, scopes[_group(name)]) for name, v in variables.items()}
    references = find_references(variables, attributes)
    parts: dict[str, tuple[Part, str] | None] = {
        name: _known_part(variable, axes[name], references.get(name))
        for name, variable in variables.items()
    }
    open_names = [name for name, part in parts.items() if part is None]
    fields = [name for name in open_names if _is_field(axes[name])]
    some_have_time = any(axes[name].time is not None for name in fields)
    roles = {}
    for name, variable in variables.items():
        part, reason = parts[name] or _open_part(variable, axes[name], bool(fields), some_have_time)
        a = axes[name]
        roles[name] = Roles(
            part=part,
            reason=reason,
            time=a.time,
            level=a.level(variable.dims),
            y=a.y,
            x=a.x,
            cell=a.cell,
            time_coordinate=a.time_coordinate,
            lat=a.lat,
            lon=a.lon,
        )
    return roles


def _group(name: str) -> str:
    return name.rpartition("/")[0]


def _is_field(axes: Axes) -> bool:
    return axes.cell is not None or axes.y is not None or axes.x is not None


def _known_part(
    variable: StoredVariable, axes: Axes, reference: tuple[Part, str] | None
) -> tuple[Part, str] | None:
    """The part of what is recognised for itself; None if that depends on the other variables."""
    attributes = variable.attributes
    short = variable.name.rpartition("/")[2]
    if variable.dtype.kind in "SUO":
        return "text", "characters" if variable.dtype.kind == "S" else "strings"
    if "grid_mapping_name" in attributes:
        return "grid_mapping", "it has grid_mapping_name"
    role = attributes.get("cf_role")
    if isinstance(role, str) and ("mesh" in role or "connectivity" in role):
        return "mesh", f"its cf_role is {role}"
    if variable.dims == (short,):
        return "coordinate", "it has the name of its dimension"
    if reference is not None:
        return reference
    axis = axis_of(variable)
    if axis is not None and (axis != "z" or len(variable.dims) <= 1):
        return "coordinate", _why_axis(variable, axis)
    standard = attributes.get("standard_name")
    if standard in ("forecast_reference_time", "forecast_period"):
        return "coordinate", f"its standard_name is {standard}"
    if _BOUNDS_NAME.match(short):
        return "bounds", "its name is that of bounds"
    is_of_wrf = "stagger" in attributes
    if is_of_wrf and short.lower() in names.WRF_STATIC_NAMES:
        return "static", f"geometry: {short} is a name of WRF's grid or surface"
    if axes.time is None or is_of_wrf:
        if standard == "cell_area" or short.lower() in names.AREA_NAMES:
            return "cell_measure", "areas or weights of cells, by its name"
        if standard in names.STATIC_STANDARD_NAMES:
            return "static", f"geometry: its standard_name is {standard}"
    if axes.time is None and names.is_static_name(short):
        return "static", f"geometry: {short} is a name of a model's grid or surface"
    if not variable.dims:
        return "scalar", "a single number"
    if _TIME_NAME.match(short) and "units" not in attributes and "standard_name" not in attributes:
        return "ancillary", "dates, by its name, without units"
    return None


def _why_axis(variable: StoredVariable, axis: Axis) -> str:
    attributes = variable.attributes
    for attribute in ("standard_name", "axis", "units"):
        if attribute in attributes:
            return f"an axis ({axis}): its {attribute} is {attributes[attribute]}"
    return f"an axis ({axis}), by its name"


def _open_part(
    variable: StoredVariable, axes: Axes, source_has_fields: bool, some_have_time: bool
) -> tuple[Part, str]:
    """Data, or static, from how the variable compares with the others of its source."""
    if not _is_field(axes):
        if source_has_fields:
            return "static", "no horizontal dimension, in a source of fields"
        if variable.dtype.kind != "f":
            return "ancillary", "integers without a horizontal dimension"
        return "data", "floats of a source without horizontal fields"
    if axes.time is None and some_have_time:
        return "static", "no time dimension, while the fields of the source have one"
    is_line = len(variable.dims) == 1 and axes.cell is None
    if is_line:
        return "static", "along a single coordinate axis"
    return "data", "a field" + ("" if axes.time is not None else " (no field here has a time axis)")
