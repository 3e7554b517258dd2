"""What the archive has to know about one array, and where its stored objects lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from climcomp import blocks
from climcomp.archive.attributes import FILL_VALUE, Attributes, marks_nothing
from climcomp.errors import UsageError

Shuffle = Literal["noshuffle", "shuffle", "bitshuffle"]


@dataclass(frozen=True, slots=True)
class ArraySpec:
    """What the archive has to know about one array; its values are those of the source's file.

    Parameters
    ----------
    path
        Name within the store, groups before it: "tas", "ocean/thetao".
    shape, dims
        Of the whole array; () for a 0-d one. A dimension may have no length.
    dtype
        "float32", "int16", "bool", "S1", or "str" for texts of any length.
    chunk
        Shape of the values that are decoded together; no side is 0.
    shard
        Shape of what is written together, a multiple of `chunk`; None: each chunk is an object.
    fill_value
        What pads a chunk that reaches over the array's end; None: `_FillValue` if there is one,
        else NaN, 0, "".
    attributes
        As in the file, `_FillValue` and `missing_value` among them.
    codec
        "block": `climcomp.block`; "standard": bytes, blosc (zstd, shuffle) and crc32c, or
        vlen-utf8 instead of bytes for texts: any Zarr v3 reader opens it.
    shuffle, level
        Of blosc, where the codec is "standard": whether bytes or bits of values are put together
        first, and how hard zstd tries, 1 to 9.
    models
        Where the codec is "block": the networks that its blocks need, as `BlockCodec` has them.

    Raises
    ------
    UsageError
        If the parts do not fit each other.
    """

    path: str
    shape: tuple[int, ...]
    dims: tuple[str, ...]
    dtype: str
    chunk: tuple[int, ...]
    shard: tuple[int, ...] | None = None
    fill_value: Any = None
    attributes: Attributes = field(default_factory=dict)
    codec: Literal["block", "standard"] = "standard"
    shuffle: Shuffle = "shuffle"
    level: int = 5
    models: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        sides = {len(self.shape), len(self.dims), len(self.chunk), len(self.written)}
        if len(sides) != 1:
            raise UsageError(
                f"{self.path}: shape {self.shape}, dims {self.dims}, chunk {self.chunk} and shard "
                f"{self.shard} differ in their number of dimensions"
            )
        if any(side < 1 for side in (*self.chunk, *self.written)):
            raise UsageError(f"{self.path}: chunk {self.chunk} or shard {self.shard} has no values")
        if any(whole % part for whole, part in zip(self.written, self.chunk, strict=True)):
            raise UsageError(
                f"{self.path}: shard {self.shard} is no multiple of chunk {self.chunk}: "
                "a chunk would straddle shards"
            )
        if self.shape == () and self.shard is not None:
            raise UsageError(f"{self.path}: Zarr keeps a 0-d array in one chunk, not in shards")
        if self.codec == "block" and self.dtype not in ("float32", "float64"):
            raise UsageError(
                f"{self.path}: climcomp.block codes float32 and float64, not {self.dtype}"
            )

    @property
    def written(self) -> tuple[int, ...]:
        """Shape of one stored object: the shard, or the chunk where there are no shards."""
        return self.chunk if self.shard is None else self.shard

    @property
    def numpy_dtype(self) -> np.dtype[Any]:
        """Type of the values in memory; objects for texts."""
        return np.dtype(object) if self.dtype == "str" else np.dtype(self.dtype)


def shard_indices(spec: ArraySpec) -> Iterator[tuple[int, ...]]:
    """Position of every stored object in the array's grid, the last dimension fastest."""
    return blocks.chunk_indices(spec.shape, spec.written)


def shard_region(spec: ArraySpec, index: tuple[int, ...]) -> tuple[slice, ...]:
    """The part of the array that a stored object holds, cut at the array's end."""
    return blocks.chunk_region(index, spec.shape, spec.written)


def shard_key(spec: ArraySpec, index: tuple[int, ...]) -> str:
    """Key of a stored object in the archive: "tas/c.0.1.0"."""
    return "/".join((spec.path, object_name(index)))


def object_name(index: tuple[int, ...]) -> str:
    """Last part of a stored object's key: "c.0.1.0", "c" where there are no dimensions."""
    return ".".join(("c", *map(str, index)))


def fill_value_of(spec: ArraySpec) -> Any:
    """What Zarr pads with: the spec's own, else the file's `_FillValue`, else NaN, 0 or ""."""
    if spec.dtype == "str":
        return ""
    dtype = spec.numpy_dtype
    if dtype.kind == "S":
        return b""
    default = dtype.type(np.nan if dtype.kind == "f" else 0)
    wanted = spec.attributes.get(FILL_VALUE) if spec.fill_value is None else spec.fill_value
    if wanted is None or marks_nothing(wanted, dtype):
        return default
    try:
        with np.errstate(over="ignore"):
            return np.asarray(wanted).reshape(-1)[0].astype(dtype)
    except (IndexError, ValueError, OverflowError):
        return default
