"""Describe and read NetCDF files: netCDF4 for what a file says, h5py for the values in HDF5."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import h5py
import netCDF4
import numpy as np
from numpy.typing import NDArray

from climcomp.errors import SourceError
from climcomp.source.files import identify
from climcomp.source.handles import LOCK, Handle
from climcomp.source.model import Attributes, Engine, FileContent, Format, StoredVariable
from climcomp.source.netcdf3_header import check_length

# What the libraries raise for damaged files, depending on where they stumble.
_LIBRARY_ERRORS = (OSError, RuntimeError, ValueError, LookupError, AttributeError, TypeError)
# h5py has no types of its own.
_Hdf5File: Any = h5py.File  # type: ignore[attr-defined]
_Hdf5Dataset: Any = h5py.Dataset  # type: ignore[attr-defined]
_string_info: Any = h5py.check_string_dtype  # type: ignore[attr-defined]


def describe_netcdf(path: str, format: Format) -> FileContent:
    """All that a NetCDF file says about itself; no values are read.

    Raises
    ------
    SourceError
        If the file is truncated, damaged or not readable.
    """
    identity = identify(path)
    if format == "netcdf3":
        check_length(path)
    with LOCK:
        dataset = _open_dataset(path)
        try:
            file = None if format == "netcdf3" else _Hdf5File(path, "r")
            try:
                variables, unsupported = _variables(dataset, file)
            finally:
                if file is not None:
                    file.close()
            groups = {_path_of(group): group for group in _walk(dataset)}
            return FileContent(
                path=path,
                format=format,
                identity=identity,
                attributes=_attributes(dataset),
                groups={name: _attributes(group) for name, group in groups.items() if name},
                dimensions={
                    name: {dim: len(group.dimensions[dim]) for dim in group.dimensions}
                    for name, group in groups.items()
                },
                unlimited={
                    name: tuple(d for d in group.dimensions if group.dimensions[d].isunlimited())
                    for name, group in groups.items()
                },
                variables=variables,
                unsupported=unsupported,
            )
        except _LIBRARY_ERRORS as err:
            raise SourceError(
                f"{path}: the file is damaged: {err}. Copy or download it again, or leave it out."
            ) from err
        finally:
            dataset.close()


def _open_dataset(path: str) -> Any:
    try:
        # Types that netCDF4 does not know are reported by name from what h5py finds beside them.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = netCDF4.Dataset(path, "r")
    except _LIBRARY_ERRORS as err:
        raise SourceError(f"{path}: {_why_unreadable(path, err)}") from err
    dataset.set_auto_maskandscale(False)
    dataset.set_auto_chartostring(False)
    dataset.set_always_mask(False)
    return dataset


def _why_unreadable(path: str, err: Exception) -> str:
    """NetCDF says "HDF error" for everything; h5py says what it is."""
    try:
        _Hdf5File(path, "r").close()
    except _LIBRARY_ERRORS as reason:
        text = str(reason)
        if "truncated file" in text:
            sizes = text[text.index("truncated file") :].rstrip(")")
            return (
                f"the NetCDF-4 (HDF5) file is truncated ({sizes}). "
                "Copy or download it again, or leave it out."
            )
        return f"the file cannot be opened: {text}. Copy or download it again, or leave it out."
    return f"NetCDF cannot read it ({err}). Check it with `ncdump -h`."


def _walk(group: Any) -> Iterator[Any]:
    yield group
    for child in group.groups.values():
        yield from _walk(child)


def _path_of(group: Any) -> str:
    return str(group.path).strip("/")


def _attributes(owner: Any) -> Attributes:
    attributes = {}
    for name in owner.ncattrs():
        value = owner.getncattr(name)
        # netCDF4 puts U+FFFD for bytes that are no UTF-8: old files are Latin-1.
        if isinstance(value, str) and "\ufffd" in value:
            value = owner.getncattr(name, encoding="latin-1")
        if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "iufc":
            value = value.astype(value.dtype.newbyteorder("="))
        attributes[name] = value
    return attributes


def _variables(dataset: Any, file: Any) -> tuple[dict[str, StoredVariable], dict[str, str]]:
    variables, unsupported = {}, {}
    for group in _walk(dataset):
        path = _path_of(group)
        for short, variable in group.variables.items():
            name = f"{path}/{short}" if path else short
            reason = _unsupported(variable)
            if reason:
                unsupported[name] = reason
            else:
                variables[name] = _stored(name, variable, file)
    for name in _datasets(file) if file is not None else ():
        if name not in variables and name not in unsupported:
            unsupported[name] = "its HDF5 type is none of NetCDF's"
    return variables, unsupported


def _unsupported(variable: Any) -> str:
    kind = variable.datatype
    if isinstance(kind, netCDF4.CompoundType):
        return f"its compound type {kind.name!r} has no counterpart in Zarr"
    if isinstance(kind, netCDF4.VLType) and variable.dtype is not str:
        return f"its variable-length type {kind.name!r} has no counterpart in Zarr"
    if not isinstance(kind, netCDF4.EnumType) and variable.dtype is not str:
        dtype = np.dtype(variable.dtype)
        if dtype.kind not in "iufSb":
            return f"its type {dtype} has no counterpart in Zarr"
    return ""


def _stored(name: str, variable: Any, file: Any) -> StoredVariable:
    dtype = np.dtype(object) if variable.dtype is str else np.dtype(variable.dtype)
    enum: tuple[tuple[str, int], ...] = ()
    if isinstance(variable.datatype, netCDF4.EnumType):
        enum = tuple((label, int(value)) for label, value in variable.datatype.enum_dict.items())
    shape = tuple(int(length) for length in variable.shape)
    chunks: tuple[int, ...] | None = None
    storage = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if file is not None:
        dataset = _dataset_of(file, name)
        chunks = dataset.chunks
        storage = int(dataset.id.get_storage_size())
        if dataset.dtype.kind in "iufSb":
            # Without the names of an enumeration; half floats and booleans are news to NetCDF.
            dtype = np.dtype(dataset.dtype.str)
    return StoredVariable(
        name=name,
        dims=tuple(str(dim) for dim in variable.dimensions),
        shape=shape,
        dtype=dtype.newbyteorder("=") if dtype.kind in "iuf" else dtype,
        attributes=_attributes(variable),
        chunks=chunks,
        storage_bytes=storage,
        enum=enum,
    )


def _dataset_of(file: Any, name: str) -> Any:
    """The HDF5 dataset of a variable; one named like a dimension of others has a prefix."""
    group, _, short = name.rpartition("/")
    hidden = f"{group}/_nc4_non_coord_{short}" if group else f"_nc4_non_coord_{short}"
    return file[hidden] if hidden in file else file[name]


def _datasets(file: Any) -> list[str]:
    names: list[str] = []

    def visit(name: str, item: Any) -> None:
        is_dimension = item.attrs.get("NAME", b"")
        without_variable = isinstance(is_dimension, bytes) and is_dimension.startswith(
            b"This is a netCDF dimension but not a netCDF variable"
        )
        if isinstance(item, _Hdf5Dataset) and not without_variable:
            names.append(name.replace("_nc4_non_coord_", ""))

    file.visititems(visit)
    return names


def open_netcdf(path: str, format: Format, engine: Engine | None) -> Handle:
    """A handle that reads values: h5py for HDF5, netCDF4 for NetCDF-3 or where it is asked for."""
    if format == "netcdf3" or engine == "netcdf4":
        return Netcdf4Handle(path)
    return Hdf5Handle(path)


class Netcdf4Handle:
    """A file read by netCDF4; the caller holds `LOCK`."""

    def __init__(self, path: str) -> None:
        self.dataset = _open_dataset(path)

    def read(self, name: str, region: tuple[slice, ...]) -> NDArray[Any]:
        """Stored values of a region, in native byte order."""
        values = np.asarray(self.dataset[name][region])
        if values.dtype.kind in "iuf" and not values.dtype.isnative:
            values = values.astype(values.dtype.newbyteorder("="))
        return values

    def close(self) -> None:
        """Close the file."""
        self.dataset.close()


class Hdf5Handle:
    """A NetCDF-4 file read by h5py; netCDF4 reads what h5py cannot. The caller holds `LOCK`."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._netcdf4: Netcdf4Handle | None = None
        try:
            self.file = _Hdf5File(path, "r")
        except _LIBRARY_ERRORS as err:
            raise SourceError(f"{path}: {_why_unreadable(path, err)}") from err

    def read(self, name: str, region: tuple[slice, ...]) -> NDArray[Any]:
        """Stored values of a region, in native byte order."""
        dataset = _dataset_of(self.file, name)
        # A variable may have been written less far along an unlimited dimension than others:
        # NetCDF gives the fill value beyond its end, HDF5 nothing.
        if any(part.stop > length for part, length in zip(region, dataset.shape, strict=True)):
            return self._by_netcdf4(name, region)
        try:
            return _native(dataset, region)
        except OSError as err:
            # netCDF4 brings more filters (Zstandard, Blosc) than h5py.
            if "filter" not in str(err):
                raise
            return self._by_netcdf4(name, region)

    def _by_netcdf4(self, name: str, region: tuple[slice, ...]) -> NDArray[Any]:
        if self._netcdf4 is None:
            self._netcdf4 = Netcdf4Handle(self.path)
        return self._netcdf4.read(name, region)

    def close(self) -> None:
        """Close the file."""
        self.file.close()
        if self._netcdf4 is not None:
            self._netcdf4.close()


def _native(dataset: Any, region: tuple[slice, ...]) -> NDArray[Any]:
    if _string_info(dataset.dtype) is not None and dataset.dtype.kind == "O":
        return np.asarray(dataset.asstr()[region], dtype=object)
    values = np.asarray(dataset[region])
    if values.dtype.kind in "iuf":
        # Without the byte order of the file and without the names of an enumeration.
        values = values.astype(np.dtype(values.dtype.str).newbyteorder("="), copy=False)
    return values
