"""Write a subset as NetCDF-4: types, fills, packing, attributes, unlimited dimensions are kept."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from climcomp import blocks
from climcomp.archive.attributes import Attributes
from climcomp.errors import ClimcompError, StorageError, UsageError
from climcomp_workflows.subset.part import Subset, SubsetVariable

_PART_BYTES = 64 << 20
# What HDF5 and netCDF write by themselves.
_RESERVED = frozenset(
    {"_NCProperties", "_Netcdf4Dimid", "_Netcdf4Coordinates", "_nc3_strict", "CLASS", "NAME",
     "DIMENSION_LIST", "REFERENCE_LIST", "DIMENSION_LABELS"}
)  # fmt: skip


def write_netcdf(subset: Subset, path: Path) -> None:
    """Write the file beside its place, then put it there.

    Raises
    ------
    UsageError
        If a variable or dimension has no counterpart in NetCDF.
    ArchiveDamagedError
        If a chunk does not decode.
    StorageError
        If the file system refuses.
    """
    partial = path.absolute().parent / f".{path.name}.partial-{os.getpid()}"
    try:
        try:
            with netCDF4.Dataset(partial, "w", format="NETCDF4") as file:
                _fill(file, subset)
            partial.replace(path)
        # The netCDF library reports a full disk as RuntimeError("NetCDF: HDF error").
        except (OSError, RuntimeError) as err:
            if isinstance(err, ClimcompError):
                raise
            raise StorageError(
                f"{path} cannot be written: {err}. Nothing is left of it; make room or write "
                "elsewhere, and run again."
            ) from err
    finally:
        partial.unlink(missing_ok=True)


def _fill(file: netCDF4.Dataset, subset: Subset) -> None:
    groups = {"": file}
    for path in sorted(subset.groups):
        if path:
            groups[path] = file.createGroup(path)
        _set_attributes(groups[path], subset.groups[path])
    for variable in subset.variables:
        folder, _, short = variable.path.rpartition("/")
        group = groups[folder]
        unlimited = _unlimited(subset, folder)
        for dim, size in zip(variable.spec.dims, variable.shape, strict=True):
            _need_dimension(group, dim, size, dim in unlimited)
        _write_variable(group, short, variable)


def _unlimited(subset: Subset, folder: str) -> set[str]:
    parts = folder.split("/") if folder else []
    paths = ["/".join(parts[:length]) for length in range(len(parts) + 1)]
    return {dim for path in paths for dim in subset.unlimited.get(path, ())}


def _need_dimension(group: Any, dim: str, size: int, unlimited: bool) -> None:
    """Make a dimension where no group on the way up has it with this length."""
    above: Any = group  # Any: netCDF4 has no types
    while above is not None:
        known = above.dimensions.get(dim)
        if known is not None:
            if len(known) == size or (known.isunlimited() and not len(known)):
                return
            if above is group:
                raise UsageError(
                    f"the dimension {dim!r} would have the lengths {len(known)} and {size}: get "
                    "the variables one by one"
                )
            break
        above = above.parent
    group.createDimension(dim, None if unlimited and size else size)


def _write_variable(group: Any, short: str, variable: SubsetVariable) -> None:
    spec = variable.spec
    attributes = dict(spec.attributes)
    dims = spec.dims
    dtype = spec.numpy_dtype
    kind: Any = dtype
    if dtype.kind == "O":
        kind = str
    elif dtype.kind == "S":
        kind = "S1"
        if dtype.itemsize > 1:
            _need_dimension(group, f"string{dtype.itemsize}", dtype.itemsize, False)
            dims = (*dims, f"string{dtype.itemsize}")
    elif dtype.kind == "b":
        # NetCDF has no booleans; xarray reads them back by this attribute.
        kind, attributes["dtype"] = np.dtype("i1"), "bool"
    elif dtype == np.dtype("f2"):
        kind = np.dtype("f4")
    elif dtype.kind not in "iuf" or dtype.itemsize > 8:
        raise UsageError(f"{spec.path} is of type {dtype}, which NetCDF does not have; write .zarr")
    fill = None if kind is str else _fill_value(attributes.pop("_FillValue", None), kind)
    packed = kind is not str and bool(dims) and variable.nbytes > 1024
    target = group.createVariable(
        short,
        kind,
        dims,
        fill_value=fill,
        compression="zlib" if packed else None,
        complevel=1,
        shuffle=packed,
        chunksizes=_chunks(variable, dims) if packed else None,
    )
    target.set_auto_maskandscale(False)
    target.set_auto_chartostring(False)
    _set_attributes(target, attributes)
    for region in _parts(variable):
        values = variable.read(region)
        if values.size:
            target[region if variable.shape else ...] = _as_stored(values, dtype, kind)


def _as_stored(values: NDArray[Any], dtype: np.dtype[Any], kind: Any) -> NDArray[Any]:
    if dtype.kind == "S" and dtype.itemsize > 1:
        return np.ascontiguousarray(values)[..., None].view("S1")
    return values if kind is str or dtype.kind == "S" else values.astype(kind)


def _chunks(variable: SubsetVariable, dims: tuple[str, ...]) -> tuple[int, ...]:
    chunk = variable.written.chunk
    return chunk if len(dims) == len(chunk) else (*chunk, variable.spec.numpy_dtype.itemsize)


def _fill_value(value: Any, kind: Any) -> Any:
    if value is None:
        return None
    one = np.asarray(value).reshape(-1)[:1]
    if not one.size:
        return None
    if kind == "S1":
        text = one[0] if isinstance(one[0], bytes) else str(one[0]).encode("latin-1", "replace")
        return text[:1] or b"\0"
    try:
        with np.errstate(over="ignore"):
            return one[0].astype(kind)
    except (ValueError, OverflowError):
        return None


def _parts(variable: SubsetVariable) -> Iterator[blocks.Region]:
    """Regions of at most some MiB, or of one row of chunks: a subset may exceed the memory."""
    shape = variable.shape
    if not shape:
        yield ()
        return
    row = variable.nbytes // max(1, shape[0])
    chunk = variable.spec.chunk[0]
    steps = max(1, _PART_BYTES // max(1, row * chunk)) * chunk
    for start in range(0, shape[0], steps):
        yield (slice(start, min(start + steps, shape[0])), *blocks.whole_region(shape[1:]))


def _set_attributes(target: Any, attributes: Attributes) -> None:
    for name, value in attributes.items():
        if name not in _RESERVED:
            target.setncattr(name, _attribute(value))


def _attribute(value: Any) -> Any:
    """The value as netCDF4 takes it; what only JSON has becomes text."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return json.dumps(value)
    if isinstance(value, str | bytes):
        return value
    array = np.asarray(value)
    if array.dtype.kind == "b":
        return array.astype("i1")
    if array.size == 0:
        return ""
    if array.dtype.kind == "O" and not all(isinstance(item, str) for item in array.reshape(-1)):
        return json.dumps(value, default=str)
    if array.dtype.kind == "S":
        return [item.decode("utf-8", "replace") for item in array.reshape(-1).tolist()]
    return value if array.ndim < 2 else json.dumps(array.tolist())
