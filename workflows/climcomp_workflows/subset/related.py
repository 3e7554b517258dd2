"""What belongs to a variable: coordinates, bounds, grid mapping, cell measures, formula terms."""

from __future__ import annotations

from collections.abc import Iterator

from climcomp.archive.view import ArchiveView
from climcomp.source import SourceVariable
from climcomp.source.lookup import resolve

# CF attributes whose values name variables; in the last two, words with a colon are keys.
_NAMING = ("coordinates", "bounds", "climatology", "edges", "grid_mapping", "mesh")
_NAMING_BY_KEY = ("cell_measures", "formula_terms")
# Of a mesh (UGRID): what is numbered by nodes or edges stays right where cells are left out, what
# holds numbers of cells does not.
_OF_MESHES = (
    "face_node_connectivity",
    "edge_node_connectivity",
    "face_edge_connectivity",
    "node_coordinates",
    "edge_coordinates",
    "face_coordinates",
)
_OF_WHOLE_MESHES = ("face_face_connectivity", "edge_face_connectivity")


def related_variables(view: ArchiveView, name: str, *, has_all_cells: bool) -> tuple[str, ...]:
    """All variables without which `name` cannot be read in full, in the order in which found.

    Ancillary variables (flags, standard errors) are data of their own: they are not among them.

    Parameters
    ----------
    has_all_cells
        False: cells of its mesh are left out, and with them what numbers cells.
    """
    found: dict[str, None] = {}
    waiting = [view.variables[name]]
    while waiting:
        variable = waiting.pop(0)
        for other in _named(view, variable, has_all_cells):
            if other.name != name and other.name not in found:
                found[other.name] = None
                waiting.append(other)
    return tuple(found)


def _named(
    view: ArchiveView, variable: SourceVariable, has_all_cells: bool
) -> Iterator[SourceVariable]:
    shorts = list(variable.dims)
    for attribute in _NAMING:
        shorts += _words(variable.attributes.get(attribute))
    for attribute in _NAMING_BY_KEY:
        words = _words(variable.attributes.get(attribute))
        shorts += [word for word in words if not word.endswith(":")]
    if variable.attributes.get("cf_role") == "mesh_topology":
        for attribute in (*_OF_MESHES, *(_OF_WHOLE_MESHES if has_all_cells else ())):
            shorts += _words(variable.attributes.get(attribute))
    for short in shorts:
        # "crs: x y" is the extended form of grid_mapping.
        other = resolve(view, variable, short.rstrip(":"))
        if other is not None:
            yield other
    roles = variable.roles
    # The names of roles are full ones: coordinates that the file does not name, but that are there.
    for full in (roles.time_coordinate, roles.lat, roles.lon):
        if full is not None:
            yield view.variables[full]


def _words(value: object) -> list[str]:
    return value.split() if isinstance(value, str) else []
