"""One array of the archive: its Zarr metadata, its shards as bytes, and values from those bytes."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import BloscCodec, Crc32cCodec
from zarr.core.buffer import Buffer, default_buffer_prototype
from zarr.storage import MemoryStore

from climcomp import blocks
from climcomp.archive.attributes import encode_attributes
from climcomp.archive.damage import read_region
from climcomp.archive.manifest import Entry, entry_of
from climcomp.archive.spec import (
    ArraySpec,
    fill_value_of,
    object_name,
    shard_indices,
    shard_key,
    shard_region,
)
from climcomp.archive.store import ArchiveStore
from climcomp.errors import ArchiveDamagedError, PayloadError, UsageError
from climcomp.zarr_codec import BlockCodec

__all__ = [
    "ArraySpec",
    "array_metadata",
    "build_shard",
    "padded_chunks",
    "read_shard",
    "read_stored",
    "shard_indices",
    "shard_key",
    "shard_region",
    "write_whole",
]

# Any: an array may hold numbers, characters or texts.
Values = NDArray[Any]
Encoder = Callable[[NDArray[Any]], bytes]

# One object a shard in one folder an array: the separator "/" would cost two more folders a shard.
READ_ALONE_BYTES = 1 << 20  # below, a read by itself costs more than its share of a copy
_KEY_ENCODING: dict[str, Any] = {"name": "default", "configuration": {"separator": "."}}


def build_shard(
    spec: ArraySpec, index: tuple[int, ...], values: Values, encoder: Encoder | None = None
) -> bytes:
    """The bytes of one stored object, built by Zarr itself in memory.

    Parameters
    ----------
    values
        The shard's part of the array, of the shape of `shard_region`.
    encoder
        Encodes the values of one inner chunk, padded to the chunk's shape; None: without loss.

    Raises
    ------
    UsageError
        If the values are not of the shard's shape.
    """
    region = shard_region(spec, index)
    if values.shape != blocks.region_shape(region):
        raise UsageError(
            f"{shard_key(spec, index)}: found values of shape {values.shape}, "
            f"wanted {blocks.region_shape(region)}"
        )
    objects: dict[str, Buffer] = {}
    array = _create(spec, objects, encoder and _contiguous(encoder))
    array[region] = values
    return objects[object_name(index)].to_bytes()


def padded_chunks(spec: ArraySpec, index: tuple[int, ...], values: Values) -> Iterator[Values]:
    """The inner chunks of a stored object as `build_shard` hands them to its encoder.

    For an encoder that codes them together, ahead. In C order; each is padded with the fill to the
    chunk's shape, and is a copy unless it lies in `values` as it is. Of native byte order, where
    Zarr leaves some as they are in `values`.
    """
    region = shard_region(spec, index)
    for at in blocks.touched_indices(region, spec.chunk):
        part = blocks.chunk_region(at, spec.shape, spec.chunk)
        found = values[blocks.relative(part, region)]
        if found.shape == spec.chunk:
            yield np.asarray(found, spec.numpy_dtype, order="C")
        else:
            chunk = np.full(spec.chunk, fill_value_of(spec), spec.numpy_dtype)
            chunk[tuple(slice(length) for length in found.shape)] = found
            yield chunk


def read_shard(
    spec: ArraySpec,
    index: tuple[int, ...],
    data: bytes | memoryview,
    out: Values | None = None,
) -> Values:
    """The values of a stored object, decoded through Zarr from the bytes given.

    Parameters
    ----------
    out
        Of the shard's shape and type: where large shards are decoded to, so that a worker need not
        ask the system for as much memory again and again.

    Raises
    ------
    PayloadError
        If a block of `climcomp.block` does not decode; the chunk is named.
    ArchiveDamagedError
        If Zarr cannot read them otherwise: the shard's index or a checksum is damaged.
    """
    objects: dict[str, Buffer] = {}
    array = _create(spec, objects, None)
    if not data:
        # Zarr takes an empty object for an absent one, and reads fill values.
        raise ArchiveDamagedError(
            f"{shard_key(spec, index)} is empty: restore the object from a copy, or make the "
            "archive again."
        )
    objects[object_name(index)] = default_buffer_prototype().buffer.from_bytes(data)
    try:
        return _read_by_chunks(array, spec, shard_region(spec, index), out)
    except ArchiveDamagedError as err:
        if isinstance(err.__cause__, PayloadError):
            raise PayloadError(str(err)) from err.__cause__
        raise


def read_stored(store: ArchiveStore, spec: ArraySpec, region: blocks.Region) -> Values:
    """Values of a region of an array whose metadata are not published yet, through Zarr.

    Only the inner chunks that the region touches are read from the store, and decoded.

    Parameters
    ----------
    region
        One slice a dimension, with both ends inside the array.

    Raises
    ------
    ArchiveDamagedError
        If a stored object is missing, is empty or does not decode; it is named.
    """
    objects: dict[str, Buffer] = {}
    array = _create(spec, objects, None)
    for index in blocks.touched_indices(region, spec.written):
        objects[object_name(index)] = _mapped(store, shard_key(spec, index))
    return read_region(array, spec, region)


def _mapped(store: ArchiveStore, key: str) -> Buffer:
    """A stored object of which only those bytes are read that somebody looks at."""
    try:
        data = np.memmap(store.path(key), np.uint8, "r").view(np.ndarray)
    except (FileNotFoundError, ValueError) as err:  # a file without bytes cannot be mapped
        found = "gone" if isinstance(err, FileNotFoundError) else "empty"
        raise ArchiveDamagedError(
            f"{key} was stored in {store.root} and is {found}: somebody changed the store. Nothing "
            "is published. Run again: the shard is compressed anew."
        ) from err
    return default_buffer_prototype().buffer.from_array_like(data)


def _read_by_chunks(
    array: zarr.Array[Any], spec: ArraySpec, region: blocks.Region, out: Values | None
) -> Values:
    """A shard's values, one inner chunk after the other where these are large.

    Zarr would decode the whole shard into one buffer and copy that into another: two shards of
    memory more.
    """
    chunk_bytes = math.prod(spec.chunk) * spec.numpy_dtype.itemsize
    if spec.shard is None or chunk_bytes < READ_ALONE_BYTES or spec.numpy_dtype.hasobject:
        return read_region(array, spec, region)
    values = np.empty(blocks.region_shape(region), spec.numpy_dtype) if out is None else out
    for index in blocks.touched_indices(region, spec.chunk):
        part = blocks.chunk_region(index, spec.shape, spec.chunk)
        values[blocks.relative(part, region)] = read_region(array, spec, part)
    return values


def write_whole(
    store: ArchiveStore, spec: ArraySpec, values: Values, encoder: Encoder | None = None
) -> list[Entry]:
    """Write all objects of a variable that is carried over, and say what was written.

    Raises
    ------
    UsageError
        If the values are not of the array's shape.
    StorageError
        If the file system refuses.
    """
    if values.shape != spec.shape:
        raise UsageError(f"{spec.path}: found shape {values.shape}, wanted {spec.shape}")
    entries = []
    for index in shard_indices(spec):
        key = shard_key(spec, index)
        # A text without dimensions would come out of its array as a str.
        part = np.asarray(values[shard_region(spec, index)], dtype=values.dtype)
        data = build_shard(spec, index, part, encoder)
        store.put_durable(key, data)
        entries.append(entry_of(key, data))
    return entries


def array_metadata(spec: ArraySpec) -> bytes:
    """The array's `zarr.json`, attributes included, as Zarr writes it."""
    objects: dict[str, Buffer] = {}
    _create(spec, objects, None, encode_attributes(spec.attributes, spec.numpy_dtype).values)
    return objects["zarr.json"].to_bytes()


def _contiguous(encoder: Encoder) -> Encoder:
    # Codecs want C order; whether Zarr gives a copy or a view differs between its versions.
    return lambda block: encoder(np.asarray(block, order="C"))


def _create(
    spec: ArraySpec,
    objects: dict[str, Buffer],
    encoder: Encoder | None,
    attributes: dict[str, Any] | None = None,
) -> zarr.Array[Any]:
    """The array in a store in memory, whose objects appear in `objects`."""
    # Every option is said, because the defaults of a user's Zarr configuration would change bytes.
    options: dict[str, Any] = {}
    if spec.codec == "block":
        options["serializer"] = BlockCodec(encoder, spec.models)
        options["compressors"] = None
    else:
        options["compressors"] = [
            BloscCodec(cname="zstd", clevel=spec.level, shuffle=spec.shuffle),
            Crc32cCodec(),
        ]
    with warnings.catch_warnings():
        if spec.dtype.startswith("S"):
            # Zarr warns that characters are not in its specification yet; every 3.x reads them.
            warnings.filterwarnings("ignore", message=".*does not have a Zarr V3 specification")
        return zarr.create_array(
            store=MemoryStore(objects),
            shape=spec.shape,
            dtype=spec.dtype,
            chunks=spec.chunk,
            shards=spec.shard,
            filters=None,
            fill_value=fill_value_of(spec),
            attributes=attributes,
            chunk_key_encoding=_KEY_ENCODING,
            dimension_names=spec.dims,
            config={"write_empty_chunks": True, "order": "C"},
            zarr_format=3,
            **options,
        )
