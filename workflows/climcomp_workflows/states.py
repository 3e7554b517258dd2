"""The statistics of a run between the shards and the verdicts: kept on workers, written to the store.

Per-cell sums and histograms are as large as a field, so they do not travel with each shard's result.
A worker adds up the shards that it measures, one column (all shards of the same levels) at a time,
and writes the sum into the store with the list of the shards in it. Whatever a lost worker had not
written is measured again from the source and the stored shard.
"""

from __future__ import annotations

import json
import struct
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote

import google_crc32c

from climcomp.archive import ArchiveStore
from climcomp.archive.keys import STATE_PREFIX
from climcomp_metrics.base import State
from climcomp_metrics.state import from_bytes, merge, to_bytes

# A state of a 0.25 degree field takes 50 to 100 MB: written this seldom, it costs about one per cent
# of the shards' own bytes, and a killed worker has at most this many shards measured again.
FLUSH_AFTER_SHARDS = 64

_LENGTH = struct.Struct("<Q")

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
    """The running state of one column in one process; lives as long as the process works on a run."""

    store: ArchiveStore
    column: Column | None = None
    state: State | None = None
    shards: list[Index] = field(default_factory=list)

    def add(self, column: Column, index: Index, state: State) -> None:
        """Add the state of one shard, writing out what belongs to another column first."""
        if self.column != column or len(self.shards) >= FLUSH_AFTER_SHARDS:
            self.flush()
        self.column = column
        self.state = state if self.state is None else merge(self.state, state)
        self.shards.append(index)

    def flush(self) -> None:
        """Write the running state into the store, and begin anew."""
        if self.column is not None and self.state is not None:
            body = to_bytes(self.state)
            shards = [list(index) for index in self.shards]
            head = json.dumps({"shards": shards, "crc32c": google_crc32c.value(body)}).encode()
            data = _LENGTH.pack(len(head)) + head + body
            self.store.put(f"{self.column.prefix}{uuid.uuid4().hex}.npz", data)
        self.column, self.state, self.shards = None, None, []


def _load(store: ArchiveStore, key: str) -> tuple[list[Index], bytes]:
    """The shards of a written state and its bytes; no shards if a crash left it damaged."""
    data = store.get(key)
    try:
        (length,) = _LENGTH.unpack_from(data)
        head = json.loads(data[_LENGTH.size : _LENGTH.size + length])
    except (struct.error, ValueError):
        return [], b""
    body = data[_LENGTH.size + length :]
    if google_crc32c.value(body) != head["crc32c"]:
        return [], b""
    return [tuple(index) for index in head["shards"]], body


def merged_state(
    store: ArchiveStore, column: Column, wanted: Iterable[Index]
) -> tuple[State | None, list[Index]]:
    """The state of a column from all that workers wrote of it, and the shards that are missing in it.

    A shard counts once: a written state that repeats a shard which another one has already is left
    out whole, and its other shards are among the missing. States are merged in the order of their
    first shard, so that the same files give the same sums.
    """
    needed = set(wanted)
    parts = sorted((*_load(store, key), key) for key in store.list(column.prefix))
    parts.sort(key=lambda part: (-len(part[0]), part[0]))
    chosen: list[tuple[list[Index], bytes]] = []
    covered: set[Index] = set()
    for shards, data, _ in parts:
        if shards and covered.isdisjoint(shards) and needed.issuperset(shards):
            chosen.append((shards, data))
            covered.update(shards)
    chosen.sort(key=lambda part: min(part[0]))
    total: State | None = None
    for _, data in chosen:
        state = from_bytes(data)
        total = state if total is None else merge(total, state)
    return total, sorted(needed - covered)
