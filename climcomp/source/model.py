"""What a source is made of: files, variables, packings and roles, all of them plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Engine = Literal["netcdf4", "h5netcdf", "zarr"]
Format = Literal["netcdf3", "netcdf4", "zarr"]
Part = Literal[
    "data",
    "coordinate",
    "bounds",
    "cell_measure",
    "grid_mapping",
    "formula_terms",
    "ancillary",
    "mesh",
    "text",
    "scalar",
    "static",
]

# What netCDF4 hands out: str, list of str, a NumPy scalar, or a 1-D NumPy array with the type of
# the file; from Zarr, whose attributes are JSON: str, bool, int, float, list, dict or None.
Attributes = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """Which files are read and how: enough to open the same source again.

    Parameters
    ----------
    files
        Absolute paths or URLs, in the order in which they are combined.
    engine
        The library that was asked for; None lets the format decide.
    group
        The group that is opened as if it were the root; None opens all groups.
    combine
        The dimension along which the files are combined; None for a single file.
    """

    files: tuple[str, ...]
    engine: Engine | None = None
    group: str | None = None
    combine: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON can hold it."""
        return {
            "files": list(self.files),
            "engine": self.engine,
            "group": self.group,
            "combine": self.combine,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SourceSpec:
        """Undo `to_dict`."""
        return cls(tuple(values["files"]), values["engine"], values["group"], values["combine"])


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """By what a file is known again; a Zarr store gives number, size and newest time of objects."""

    name: str
    size_bytes: int
    mtime_ns: int
    objects: int = 1

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON can hold it."""
        return {
            "name": self.name,
            "size_bytes": self.size_bytes,
            "mtime_ns": self.mtime_ns,
            "objects": self.objects,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> FileIdentity:
        """Undo `to_dict`."""
        return cls(
            values["name"], values["size_bytes"], values["mtime_ns"], values.get("objects", 1)
        )


@dataclass(frozen=True, slots=True)
class StoredVariable:
    """A variable of one file, as the file describes it; `dims` are names within its group."""

    name: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    attributes: Attributes
    chunks: tuple[int, ...] | None
    storage_bytes: int
    enum: tuple[tuple[str, int], ...] = ()

    @property
    def nbytes(self) -> int:
        """Size of the values in memory; a string counts as a pointer."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize


@dataclass(frozen=True, slots=True)
class FileContent:
    """All that one file says about itself, without the values of its variables.

    Group paths have no leading slash; "" is the root, whose attributes are in `attributes`.
    """

    path: str
    format: Format
    identity: FileIdentity
    attributes: Attributes
    groups: dict[str, Attributes]
    dimensions: dict[str, dict[str, int]]
    unlimited: dict[str, tuple[str, ...]]
    variables: dict[str, StoredVariable]
    unsupported: dict[str, str]


@dataclass(frozen=True, slots=True)
class Packing:
    """How stored numbers become values: stored * scale_factor + add_offset.

    Parameters
    ----------
    scale_factor, add_offset
        As in the file, their type included, since it decides in which precision the product is
        made; None where the attribute is absent.
    unpacked
        The dtype of the values by the rules of CF as xarray follows them.
    """

    scale_factor: Any
    add_offset: Any
    unpacked: np.dtype[Any]

    @property
    def is_identity(self) -> bool:
        """The values are the stored numbers: a scale of 1 and an offset of 0."""
        return self.scale_factor in (None, 1) and self.add_offset in (None, 0)


@dataclass(frozen=True, slots=True)
class Roles:
    """What a variable is for and which of its dimensions is what.

    Parameters
    ----------
    part
        Only `data` of a float dtype, or packed, may be compressed lossily; all else is carried
        over exactly.
    reason
        Why it has this part, for a person to read.
    time, y, x, cell
        Names of dimensions, None where absent. `cell` is the one horizontal dimension of an
        unstructured grid; a variable has either it or y and x (or one of them).
    level
        All other dimensions (level, member, ...) in the order of the variable.
    time_coordinate, lat, lon
        Full names of the variables that hold the time axis and the geographical coordinates;
        None where the source has none.
    """

    part: Part
    reason: str
    time: str | None = None
    level: tuple[str, ...] = ()
    y: str | None = None
    x: str | None = None
    cell: str | None = None
    time_coordinate: str | None = None
    lat: str | None = None
    lon: str | None = None


@dataclass(frozen=True, slots=True)
class SourceVariable:
    """A variable of the source, combined over all files.

    Parameters
    ----------
    name
        "tas", or "grp1/T" for a variable of a group.
    dims, shape
        As in the files; names are those of the variable's own group.
    dtype
        In native byte order; `S1` for characters, object for strings (values are `str`), bool for
        the booleans of HDF5 and Zarr, the integer type for other enumerations (see `enum`).
    attributes
        As in the first file, with their types, `_FillValue` and `missing_value` included.
    chunks
        Chunk shape in the first file; None if contiguous.
    storage_bytes
        What the variable takes in all files together, after their compression.
    packing
        None unless the attributes have scale_factor or add_offset.
    fill_values
        `_FillValue` and every `missing_value` as scalars of `dtype`; those that the dtype cannot
        hold (NaN of an integer) mark nothing and are left out.
    enum
        Names and values of an enumeration type.
    """

    name: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    attributes: Attributes
    chunks: tuple[int, ...] | None
    storage_bytes: int
    packing: Packing | None
    fill_values: tuple[Any, ...]
    roles: Roles
    enum: tuple[tuple[str, int], ...] = ()

    @property
    def nbytes(self) -> int:
        """Size of the raw values in memory; a string counts as a pointer."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    @property
    def group(self) -> str:
        """Path of the group that holds the variable; "" is the root."""
        return self.name.rpartition("/")[0]
