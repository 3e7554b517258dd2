"""The statistics of a run between shards and verdicts: kept on workers, written to the store.

Per-cell sums and histograms are as large as a field, so they do not travel with each shard's
result. A worker adds up the shards that it measures, one column (all shards of the same levels) at
a time, and writes the sum into the store with the list of the shards in it. Whatever a lost worker
had not written is measured again from the source and the stored shard.

A written state names each of its shards with the checksum of the bytes that were measured: it
counts only for a shard that is still stored as those very bytes.
"""

from __future__ import annotations

import json
import struct
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO
from urllib.parse import quote

import google_crc32c

from climcomp.archive import ArchiveStore
from climcomp.archive.keys import STATE_PREFIX
from climcomp.errors import MetricError
from climcomp_metrics.base import State
from climcomp_metrics.state import from_bytes, merge, to_bytes

# A state of a 0.25 degree field takes 50 to 100 MB: written this seldom, it costs about one per
# cent of the shards' own bytes, and a killed worker has at most this many shards measured again.
FLUSH_AFTER_SHARDS = 64

# Lengths of head and body, CRC-32C of head and body; then the head, then the body.
_LENGTHS = struct.Struct("<QQII")

Index = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """The shards of one variable and attempt that cover the same levels."""

    variable: str
    attempt: int
    levels: Index  # the shard index along the level dimensions

    @property
    def prefix(self) -> str:
        """Where the states of this column stand in the store."""
        levels = "-".join(map(str, self.levels)) or "all"
        return f"{STATE_PREFIX}{quote(self.variable, safe='')}/{self.attempt}/{levels}/"


@dataclass(slots=True)
class Accumulator:
    """The running state of one column in one process; lives as long as it works on a run."""

    store: ArchiveStore
    column: Column | None = None
    state: State | None = None
    shards: dict[Index, str] = field(default_factory=dict)  # SHA-256 of the bytes measured

    def add(self, column: Column, index: Index, sha256: str, state: State) -> None:
        """Add the state of one shard, writing out what belongs to another column first.

        Raises
        ------
        StorageError
            If the store refuses what is written out; the shard is not added.
        """
        # Dask may give a worker the same shard twice, when the first result was lost on its way.
        full = len(self.shards) >= FLUSH_AFTER_SHARDS or index in self.shards
        if self.column != column or full:
            self.flush()
        self.column = column
        self.state = state if self.state is None else merge(self.state, state, reuse_first=True)
        self.shards[index] = sha256

    def flush(self) -> None:
        """Write the running state into the store, and begin anew.

        Raises
        ------
        StorageError
            If the store refuses; the running state is kept.
        """
        if self.column is not None and self.state is not None:
            data = _pack(self.shards, to_bytes(self.state))
            self.store.put(f"{self.column.prefix}{uuid.uuid4().hex}.state", data)
        self.column, self.state, self.shards = None, None, {}


def _pack(shards: Mapping[Index, str], body: bytes) -> bytes:
    head = json.dumps([[list(index), sha256] for index, sha256 in shards.items()]).encode()
    sums = google_crc32c.value(head), google_crc32c.value(body)
    return _LENGTHS.pack(len(head), len(body), *sums) + head + body


def _read_head(file: BinaryIO) -> tuple[dict[Index, str], int, int]:
    """The shards of a written state, length and CRC of its body; no shards if it is damaged."""
    lengths = file.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return {}, 0, 0
    head_length, body_length, head_crc, body_crc = _LENGTHS.unpack(lengths)
    start = file.tell()
    # A damaged length must not ask for more memory than the file has.
    if file.seek(0, 2) != start + head_length + body_length:
        return {}, 0, 0
    file.seek(start)
    head = file.read(head_length)
    if google_crc32c.value(head) != head_crc:
        return {}, 0, 0
    return {tuple(index): sha256 for index, sha256 in json.loads(head)}, body_length, body_crc


def _shards_in(store: ArchiveStore, key: str) -> dict[Index, str]:
    try:
        with store.path(key).open("rb") as file:
            return _read_head(file)[0]
    except FileNotFoundError:  # another run's, taken away meanwhile
        return {}


def _state_in(store: ArchiveStore, key: str) -> State | None:
    """The state of a file whose head is sound; None if its body is damaged."""
    with store.path(key).open("rb") as file:
        _, length, crc = _read_head(file)
        body = file.read(length)
    if google_crc32c.value(body) != crc:
        return None
    try:
        return from_bytes(body)
    except MetricError:
        return None


def merged_state(
    store: ArchiveStore, column: Column, wanted: Mapping[Index, str]
) -> tuple[State | None, list[Index]]:
    """The state of a column from all that workers wrote of it, and the shards missing in it.

    A shard counts once, and only as the bytes that are stored now: a written state that repeats a
    shard which another one has already, or that measured other bytes, is left out whole, and its
    other shards are among the missing. States are merged in the order of their first shard, so that
    the same files give the same sums; one of them is in memory at a time, beside the sum.

    Parameters
    ----------
    wanted
        The shards of the column, with the SHA-256 of their stored bytes.
    """
    parts = [(_shards_in(store, key), key) for key in store.list(column.prefix)]
    parts.sort(key=lambda part: (-len(part[0]), sorted(part[0]), part[1]))
    while True:
        chosen, covered = _disjoint(parts, wanted)
        total: State | None = None
        for part in chosen:
            state = _state_in(store, part[1])
            if state is None:
                # Its shards may stand in another state, which it kept from being chosen.
                parts.remove(part)
                break
            total = state if total is None else merge(total, state)
        else:
            return total, sorted(wanted.keys() - covered)


Part = tuple[dict[Index, str], str]


def _disjoint(parts: list[Part], wanted: Mapping[Index, str]) -> tuple[list[Part], set[Index]]:
    """Written states that share no shard, in the order of their first one, and all their shards."""
    chosen: list[Part] = []
    covered: set[Index] = set()
    for shards, key in parts:
        if shards and covered.isdisjoint(shards) and shards.items() <= wanted.items():
            chosen.append((shards, key))
            covered.update(shards)
    return sorted(chosen, key=lambda part: min(part[0])), covered
