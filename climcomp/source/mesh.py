"""Corners of the cells of a UGRID mesh, from its connectivity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp.source.lookup import resolve
from climcomp.source.model import SourceVariable
from climcomp.source.source import Source

Array = NDArray[np.float64]


def bounds_of_mesh(source: Source, variable: SourceVariable) -> tuple[Array | None, Array | None]:
    """Latitudes and longitudes in degrees of the corners of each face: (cell, n); NaN beyond its n.

    None and None unless the variable lies on the faces of a mesh that says where its nodes are.
    """
    mesh = resolve(source, variable, str(variable.attributes.get("mesh", "")))
    if mesh is None or variable.attributes.get("location") != "face":
        return None, None
    faces = resolve(source, mesh, str(mesh.attributes.get("face_node_connectivity", "")))
    shorts = str(mesh.attributes.get("node_coordinates", "")).split()
    nodes = [node for node in (resolve(source, mesh, short) for short in shorts) if node]
    lats = [node for node in nodes if node.attributes.get("standard_name") == "latitude"]
    lons = [node for node in nodes if node.attributes.get("standard_name") == "longitude"]
    if faces is None or faces.dtype.kind not in "iu" or len(faces.dims) != 2 or not (lats and lons):
        return None, None
    index = source.read(faces.name).astype(np.int64)
    missing = np.zeros(index.shape, dtype=bool)
    for fill in faces.fill_values:
        missing |= index == int(fill)
    index -= int(faces.attributes.get("start_index", 0))
    if faces.dims[0] != variable.roles.cell:
        index, missing = index.T, missing.T
    lat, lon = (source.read(v[0].name).astype(np.float64) for v in (lats, lons))
    missing |= (index < 0) | (index >= lat.size)
    index = np.where(missing, 0, index)
    return np.where(missing, np.nan, lat[index]), np.where(missing, np.nan, lon[index])
