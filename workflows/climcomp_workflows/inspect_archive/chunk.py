"""One inner chunk of an archive: where its bytes lie, and what its payload says of itself."""

from __future__ import annotations

import math
import struct
from dataclasses import asdict
from typing import Any

import google_crc32c
import numpy as np

from climcomp import blocks
from climcomp.archive import Archive, ArraySpec, shard_key, shard_region
from climcomp.errors import ArchiveDamagedError, PayloadError, UsageError
from climcomp.frame import read_header
from climcomp_metrics.report.quantity import quantity, size

# Zarr v3, sharding codec 1.0: the index is offset and length of every chunk as uint64, then
# CRC-32C; both numbers are the largest uint64 where there is no chunk.
_ABSENT = 2**64 - 1
_ENTRY_BYTES, _CRC_BYTES = 16, 4
_BODIES = ("all special values", "one value everywhere", "a block", "the ordinary values alone")


def chunk_document(archive: Archive, name: str, index: tuple[int, ...]) -> dict[str, Any]:
    """What is stored of one inner chunk.

    Raises
    ------
    UsageError
        If the array has no such chunk.
    ArchiveDamagedError
        If the object or the chunk is damaged.
    """
    spec = archive.specs[name]
    try:
        region = blocks.chunk_region(index, spec.shape, spec.chunk)
    except IndexError as err:
        grid = blocks.grid_shape(spec.shape, spec.chunk)
        last = ",".join(str(max(0, count - 1)) for count in grid)
        raise UsageError(
            f"--chunk: {name} has no chunk {','.join(map(str, index))}; they go from "
            f"{','.join('0' for _ in grid)} to {last}"
        ) from err
    shard = tuple(at * c // w for at, c, w in zip(index, spec.chunk, spec.written, strict=True))
    key = shard_key(spec, shard)
    payload, offset = _payload(archive, spec, index, shard)
    document: dict[str, Any] = {
        "store": str(archive.store.root),
        "name": name,
        "chunk": list(index),
        "values": [[part.start, part.stop] for part in region],
        "key": key,
        "offset": offset,
        "size_bytes": len(payload),
        "raw_bytes": math.prod(blocks.region_shape(region)) * spec.numpy_dtype.itemsize,
        "header": None,
    }
    if spec.codec == "block":
        try:
            header = read_header(payload)
        except PayloadError as err:
            raise ArchiveDamagedError(
                f"{key}: inner chunk {index} of {name}: {err}. Restore the object from a copy."
            ) from err
        fields = asdict(header)
        fields["dtype"] = header.dtype.name
        fields["fill_bits"] = header.fill_bits.hex()
        fields["bound"] = header.bound and header.bound.to_dict()
        document["header"] = fields
    return document


def chunk_text(document: dict[str, Any]) -> str:
    """The chunk in lines."""
    values = ", ".join(f"{start}:{stop}" for start, stop in document["values"])
    lines = [
        f"{document['name']}[{values}], chunk {','.join(map(str, document['chunk']))}",
        f"  object    {document['key']}, bytes {document['offset']:,} to "
        f"{document['offset'] + document['size_bytes']:,}",
        f"  size      {size(document['size_bytes'])} of {size(document['raw_bytes'])}",
    ]
    header = document["header"]
    if header is None:
        return "\n".join([*lines, "  coded by standard Zarr codecs: it has no header"]) + "\n"
    bound = header["bound"]
    asked = "none: every bit is kept"
    if bound is not None:
        is_preview = bound["kind"] == "none"
        asked = "none: a preview" if is_preview else f"{bound['value']:g} {bound['kind']}"
    extent = "" if header["extent"] == header["shape"] else f", coded {header['extent']}"
    lines += [
        f"  codec     {header['codec']} ({header['library']}), frame {header['frame']}",
        "  checksum  right",
        f"  values    {header['dtype']} {tuple(header['shape'])}{extent}",
        f"  bound     {asked}",
        f"  body      {_BODIES[header['body']]}, {size(header['body_bytes'])}",
        f"  mask      {size(header['mask_bytes'])}"
        + ("" if header["mask_bytes"] else ": no special values"),
    ]
    if header["keepbits"] is not None:
        lines.insert(-2, f"  keepbits  {quantity(header['keepbits'], '')}")
    return "\n".join(lines) + "\n"


def _payload(
    archive: Archive, spec: ArraySpec, index: tuple[int, ...], shard: tuple[int, ...]
) -> tuple[bytes, int]:
    """The bytes of an inner chunk, and where they begin in their object."""
    key = shard_key(spec, shard)
    try:
        if spec.shard is None:
            return archive.store.get(key), 0
        return _from_shard(archive, spec, index, shard, key)
    except (OSError, struct.error) as err:
        raise ArchiveDamagedError(
            f"{key} of {archive.store.root} cannot be read: {err}. Restore the object from a copy."
        ) from err


def _from_shard(
    archive: Archive, spec: ArraySpec, index: tuple[int, ...], shard: tuple[int, ...], key: str
) -> tuple[bytes, int]:
    grid = blocks.grid_shape(spec.written, spec.chunk)
    inside = tuple(at - s * count for at, s, count in zip(index, shard, grid, strict=True))
    number = int(np.ravel_multi_index(inside, grid))
    length = _ENTRY_BYTES * math.prod(grid) + _CRC_BYTES
    with archive.store.path(key).open("rb") as file:
        file.seek(0, 2)
        total = file.tell()
        if total < length:
            raise ArchiveDamagedError(
                f"{key} of {archive.store.root} has {total} bytes, fewer than its index of "
                f"{length}. Restore the object from a copy."
            )
        file.seek(total - length)
        table = file.read(length)
        if struct.unpack("<I", table[-_CRC_BYTES:])[0] != google_crc32c.value(table[:-_CRC_BYTES]):
            raise ArchiveDamagedError(
                f"{key} of {archive.store.root}: the checksum of the shard's index is wrong. "
                "Restore the object from a copy."
            )
        offset, count = struct.unpack_from("<QQ", table, _ENTRY_BYTES * number)
        if offset == _ABSENT or offset + count > total:
            raise ArchiveDamagedError(
                f"{key} of {archive.store.root} does not hold the inner chunk {index}, though "
                f"{shard_region(spec, shard)} is its part. Restore the object from a copy."
            )
        file.seek(offset)
        return file.read(count), int(offset)
