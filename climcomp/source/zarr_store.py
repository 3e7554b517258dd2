"""Describe and read Zarr stores, format 2 and 3, by the conventions of xarray or NCZarr."""

from __future__ import annotations

import base64
import os
import struct
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.errors import GroupNotFoundError

from climcomp.errors import SourceError
from climcomp.source.files import identify, is_url, sum_of_objects
from climcomp.source.model import Attributes, FileContent, StoredVariable

_HIDDEN = {"_ARRAY_DIMENSIONS", "_NCZARR_ARRAY", "_nczarr_array", "_nczarr_attrs", "_nczarr_attr"}
_HIDDEN_OF_GROUPS = {"_nczarr_superblock", "_nczarr_group", "_nczarr_attrs", "_nczarr_attr"}


def describe_zarr(path: str) -> FileContent:
    """All that a Zarr store says about itself; no values are read.

    Raises
    ------
    SourceError
        If the store has no metadata or damaged metadata.
    """
    root = _open_group(path)
    groups: dict[str, Attributes] = {}
    dimensions: dict[str, dict[str, int]] = {"": {}}
    variables: dict[str, StoredVariable] = {}
    unsupported: dict[str, str] = {}
    try:
        members = sorted(root.members(max_depth=None), key=lambda member: member[0])
        for name, member in members:
            if isinstance(member, zarr.Group):
                groups[name] = _plain(dict(member.attrs), _HIDDEN_OF_GROUPS)
                dimensions.setdefault(name, {})
        for name, member in members:
            if not isinstance(member, zarr.Array):
                continue
            reason = _unsupported(member)
            if reason:
                unsupported[name] = reason
                continue
            variable = _stored(path, name, member)
            _note_dimensions(path, variable, dimensions)
            variables[name] = variable
        attributes = _plain(dict(root.attrs), _HIDDEN_OF_GROUPS)
    except (OSError, ValueError, KeyError, TypeError) as err:
        if isinstance(err, SourceError):
            raise
        raise SourceError(
            f"{path}: the Zarr metadata are damaged: {err!r}. Copy it again."
        ) from err
    return FileContent(
        path=path,
        format="zarr",
        identity=identify(path),
        attributes=attributes,
        groups=groups,
        dimensions=dimensions,
        unlimited=dict.fromkeys(dimensions, ()),
        variables=variables,
        unsupported=unsupported,
    )


def _open_group(path: str) -> zarr.Group:
    try:
        return zarr.open_group(path, mode="r")
    except GroupNotFoundError as err:
        raise SourceError(
            f"{path}: no Zarr group is there (no zarr.json, no .zgroup): the store is unfinished "
            f"or damaged, or this is not its root. {_advice(path)}"
        ) from err
    except (OSError, ValueError, KeyError, TypeError, ImportError) as err:
        raise SourceError(
            f"{path}: the Zarr store cannot be opened: {err}. {_advice(path)}"
        ) from err


def _advice(path: str) -> str:
    if is_url(path):
        return "Behind a URL only Zarr is read; NetCDF has to be copied here first."
    return "Check its metadata, or name the root of the store."


def _unsupported(array: zarr.Array[Any]) -> str:
    dtype = _numpy_dtype(array)
    if dtype.kind not in "iufbSUO":
        return f"its Zarr type {array.dtype} has no counterpart in NetCDF"
    if _dimension_names(array) is None:
        return "its dimensions have no names (dimension_names or _ARRAY_DIMENSIONS)"
    return ""


def _numpy_dtype(array: zarr.Array[Any]) -> np.dtype[Any]:
    dtype = np.dtype(array.dtype)
    if dtype.kind in "TOU":  # texts of one length (U) are texts: only their writer knew a length
        return np.dtype(object)
    return dtype.newbyteorder("=")


def _dimension_names(array: zarr.Array[Any]) -> tuple[str, ...] | None:
    names = getattr(array.metadata, "dimension_names", None)
    if names is None:
        names = array.attrs.get("_ARRAY_DIMENSIONS")
    if names is None:
        nczarr = array.attrs.get("_NCZARR_ARRAY", array.attrs.get("_nczarr_array"))
        if isinstance(nczarr, dict) and "dimrefs" in nczarr:
            names = [str(ref).rpartition("/")[2] for ref in nczarr["dimrefs"]]
    if names is None and array.ndim == 0:
        names = ()
    if not isinstance(names, list | tuple) or len(names) != array.ndim:
        return None
    return None if any(name is None for name in names) else tuple(str(name) for name in names)


def _stored(path: str, name: str, array: zarr.Array[Any]) -> StoredVariable:
    dims = _dimension_names(array)
    assert dims is not None  # `_unsupported` refused it otherwise
    dtype = _numpy_dtype(array)
    attributes = _plain(dict(array.attrs), _HIDDEN)
    if array.metadata.zarr_format == 2:
        # xarray and NCZarr of format 2 keep _FillValue in the array's own fill_value.
        if array.metadata.fill_value is not None and dtype.kind in "iufb":
            attributes.setdefault("_FillValue", dtype.type(array.metadata.fill_value))
    elif "_FillValue" in attributes:
        attributes["_FillValue"] = _decode_fill(attributes["_FillValue"], dtype)
    return StoredVariable(
        name=name,
        dims=dims,
        shape=tuple(int(length) for length in array.shape),
        dtype=dtype,
        attributes=attributes,
        chunks=tuple(array.shards or array.chunks) if array.ndim else None,
        storage_bytes=_stored_bytes(path, name, array),
    )


def _decode_fill(value: Any, dtype: np.dtype[Any]) -> Any:
    """Undo how xarray writes `_FillValue` into the attributes of format 3."""
    if dtype.kind == "f" and isinstance(value, str):
        try:
            return dtype.type(struct.unpack("<d", base64.standard_b64decode(value))[0])
        except (ValueError, struct.error):
            return dtype.type(float(value)) if value.lower() in ("nan", "inf", "-inf") else value
    if dtype.kind in "iuf" and isinstance(value, int | float):
        return dtype.type(value)
    return value


def _stored_bytes(path: str, name: str, array: zarr.Array[Any]) -> int:
    if is_url(path):
        return int(array.nbytes_stored())
    return sum_of_objects(os.path.join(path, name))[0]


def _plain(attributes: dict[str, Any], hidden: set[str]) -> Attributes:
    return {name: value for name, value in attributes.items() if name not in hidden}


def _note_dimensions(
    path: str, variable: StoredVariable, dimensions: dict[str, dict[str, int]]
) -> None:
    """Zarr has no dimensions of its own: those of a group are what its arrays say."""
    group = variable.name.rpartition("/")[0]
    known = dimensions.setdefault(group, {})
    for dim, length in zip(variable.dims, variable.shape, strict=True):
        if known.setdefault(dim, length) != length:
            raise SourceError(
                f"{path}: the dimension {dim!r} has length {length} in {variable.name!r}, and "
                f"{known[dim]} in other arrays of its group. The store is damaged: write it again."
            )


class ZarrHandle:
    """An open store."""

    def __init__(self, path: str) -> None:
        self.root = _open_group(path)

    def read(self, name: str, region: tuple[slice, ...]) -> NDArray[Any]:
        """Stored values of a region, in native byte order."""
        array = self.root[name]
        assert isinstance(array, zarr.Array)
        dtype = _numpy_dtype(array)
        values = np.asarray(array[region] if region else array[...])
        if dtype.kind == "O":
            return np.asarray(values, dtype=object)
        return values.astype(dtype, copy=False)

    def close(self) -> None:
        """Nothing is held open: objects are opened one by one."""
