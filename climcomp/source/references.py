"""Who refers to whom: bounds, cell measures, formula terms, grid mappings, meshes, coordinates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from climcomp.source.model import Attributes, Part, StoredVariable

# Later ones give way to earlier ones when a variable is referred to in several ways.
_BY_ATTRIBUTE: tuple[tuple[str, Part], ...] = (
    ("bounds", "bounds"),
    ("climatology", "bounds"),
    ("edges", "bounds"),
    ("grid_mapping", "grid_mapping"),
    ("cell_measures", "cell_measure"),
    ("formula_terms", "formula_terms"),
    ("coordinates", "coordinate"),
    ("ancillary_variables", "ancillary"),
    ("geometry", "mesh"),
)
_OF_MESHES = ("_connectivity", "_links")
_COORDINATES_OF_MESHES = ("node_coordinates", "edge_coordinates", "face_coordinates")


def find_references(
    variables: Mapping[str, StoredVariable], attributes: Attributes
) -> dict[str, tuple[Part, str]]:
    """The part that each variable plays for others, with the reason, by full name.

    Names are looked for in the group of the variable that refers to them, then in its parents,
    as CF-1.8 section 2.7 has it.
    """
    found: dict[str, tuple[int, Part, str]] = {}
    for name, variable in variables.items():
        for rank, part, attribute, short in _named(variable.attributes):
            target = _resolve(short, name, variables)
            if target is None or target == name:
                continue
            if target not in found or rank < found[target][0]:
                found[target] = (rank, part, f"named by {attribute} of {name}")
    for short in _words(attributes.get("coordinates")):
        target = _resolve(short, "", variables)
        if target is not None and target not in found:
            found[target] = (99, "coordinate", "named by the global attribute coordinates")
    return {name: (part, reason) for name, (_, part, reason) in found.items()}


def _named(attributes: Attributes) -> Iterator[tuple[int, Part, str, str]]:
    for rank, (attribute, part) in enumerate(_BY_ATTRIBUTE):
        words = _words(attributes.get(attribute))
        if attribute in ("cell_measures", "formula_terms"):
            words = [word for word in words if not word.endswith(":")]
        elif attribute == "grid_mapping" and any(word.endswith(":") for word in words):
            # The extended form "crs: x y other: lat lon": the coordinates are no mappings.
            words = [word.rstrip(":") for word in words if word.endswith(":")]
        for word in words:
            yield rank, part, attribute, word
    if attributes.get("cf_role") == "mesh_topology":
        for attribute, value in attributes.items():
            if attribute.endswith(_OF_MESHES):
                for word in _words(value):
                    yield 0, "mesh", attribute, word
        for attribute in _COORDINATES_OF_MESHES:
            for word in _words(attributes.get(attribute)):
                yield 0, "mesh", attribute, word


def _words(value: object) -> list[str]:
    return value.split() if isinstance(value, str) else []


def _resolve(short: str, name: str, variables: Mapping[str, StoredVariable]) -> str | None:
    if short.startswith("/"):
        return short[1:] if short[1:] in variables else None
    group = name.rpartition("/")[0]
    while True:
        full = f"{group}/{short}" if group else short
        if full in variables:
            return full
        if not group:
            return None
        group = group.rpartition("/")[0]
