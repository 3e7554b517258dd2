"""The stored bytes of one inner chunk, of which nothing else of its shard is read."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

import google_crc32c
import numpy as np

from climcomp import blocks
from climcomp.archive.spec import ArraySpec, shard_key, shard_region
from climcomp.archive.store import ArchiveStore
from climcomp.errors import ArchiveDamagedError

# Zarr v3, sharding codec 1.0: the index is offset and length of every chunk as uint64, then
# CRC-32C; both numbers are the largest uint64 where there is no chunk.
_ABSENT = 2**64 - 1
_ENTRY_BYTES, _CRC_BYTES = 16, 4


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """The bytes of an inner chunk, the key of their object, and where in it they begin."""

    data: bytes
    key: str
    offset: int


def shard_of(spec: ArraySpec, index: tuple[int, ...]) -> tuple[int, ...]:
    """The position of the stored object that holds an inner chunk."""
    return tuple(at * c // w for at, c, w in zip(index, spec.chunk, spec.written, strict=True))


def read_chunk(store: ArchiveStore, spec: ArraySpec, index: tuple[int, ...]) -> StoredChunk:
    """The bytes of an inner chunk as they are stored; nothing is decoded.

    Parameters
    ----------
    index
        Its position in the grid of inner chunks, which has one.

    Raises
    ------
    ArchiveDamagedError
        If the object is missing or cut, its index is damaged, or the chunk is not in it.
    """
    shard = shard_of(spec, index)
    key = shard_key(spec, shard)
    try:
        if spec.shard is None:
            return StoredChunk(store.get(key), key, 0)
        return _from_shard(store, spec, index, shard)
    except OSError as err:
        raise ArchiveDamagedError(
            f"{key} of {store.root} cannot be read: {err}. Restore the object from a copy."
        ) from err


def _from_shard(
    store: ArchiveStore, spec: ArraySpec, index: tuple[int, ...], shard: tuple[int, ...]
) -> StoredChunk:
    key = shard_key(spec, shard)
    grid = blocks.grid_shape(spec.written, spec.chunk)
    inside = tuple(at - s * count for at, s, count in zip(index, shard, grid, strict=True))
    number = int(np.ravel_multi_index(inside, grid))
    length = _ENTRY_BYTES * math.prod(grid) + _CRC_BYTES
    total = store.size(key)
    if total < length:
        raise ArchiveDamagedError(
            f"{key} of {store.root} has {total} bytes, fewer than its index of {length}. Restore "
            "the object from a copy."
        )
    table = store.get_range(key, total - length, length)
    if table[-_CRC_BYTES:] != struct.pack("<I", google_crc32c.value(table[:-_CRC_BYTES])):
        raise ArchiveDamagedError(
            f"{key} of {store.root}: the checksum of the shard's index is wrong. Restore the "
            "object from a copy."
        )
    offset, count = struct.unpack_from("<QQ", table, _ENTRY_BYTES * number)
    if offset == _ABSENT or offset + count > total:
        raise ArchiveDamagedError(
            f"{key} of {store.root} does not hold the inner chunk {index}, though "
            f"{shard_region(spec, shard)} is its part. Restore the object from a copy."
        )
    return StoredChunk(store.get_range(key, offset, count), key, offset)
