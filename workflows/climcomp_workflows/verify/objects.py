"""The stored objects against the manifest: what is damaged, and what was never published."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from climcomp.archive import ArchiveStore, Entry, open_store, rehash, root_mismatches
from climcomp.archive.attributes import encode_attributes
from climcomp.archive.keys import (
    GROUP_KEY,
    MANIFEST_PREFIX,
    METADATA,
    ROOT_KEY,
    WORKING_PREFIXES,
)
from climcomp_workflows.cluster import Executor, run_tasks
from climcomp_workflows.plan.model import Plan

OBJECTS_A_TASK = 64
BYTES_A_TASK = 1 << 30


@dataclass(frozen=True, slots=True)
class RehashTask:
    """Objects of a store to be read and compared with what the manifest says of them."""

    store: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Rehashed:
    """What reading some objects has found."""

    size_bytes: int
    damaged: tuple[str, ...]


def rehash_objects(task: RehashTask) -> Rehashed:
    """Read objects and name those that are not what was published."""
    found = rehash(open_store(task.store), task.entries)
    size = sum(entry.size_bytes for entry in task.entries)
    return Rehashed(size, tuple(str(mismatch) for mismatch in found))


def _batches(store: str, entries: Iterable[Entry]) -> Iterator[tuple[str, RehashTask]]:
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        batch.append(entry)
        size += entry.size_bytes
        if len(batch) >= OBJECTS_A_TASK or size >= BYTES_A_TASK:
            yield f"re-hashing {batch[0].key}", RehashTask(store, tuple(batch))
            batch, size = [], 0
    if batch:
        yield f"re-hashing {batch[0].key}", RehashTask(store, tuple(batch))


def damaged_objects(
    executor: Executor, store: str, entries: Iterable[Entry], done: Callable[[int], None]
) -> list[str]:
    """Every listed object that is missing or has other bytes; `done` is told of bytes read."""
    damaged: list[str] = []
    for part in run_tasks(executor, rehash_objects, _batches(store, entries)):
        damaged += part.damaged
        done(part.size_bytes)
    return sorted(damaged)


def foreign_objects(store: ArchiveStore, listed: set[str]) -> list[str]:
    """Keys in the store that were not published with it.

    What a killed run or a run just ending may leave (journal, lease, statistics) is not among them:
    no reader looks at it, and the next run of the recipe removes it.
    """
    own = {ROOT_KEY, GROUP_KEY}
    ours = (MANIFEST_PREFIX, *WORKING_PREFIXES)
    return [
        key
        for key in store.list()
        if key not in listed and key not in own and not key.startswith(ours)
    ]


def damaged_metadata(store: ArchiveStore, entries: Iterable[str], plan: Plan | None) -> list[str]:
    """What is wrong with the root metadata, which are in no manifest: they carry its checksum.

    All that they say of other nodes stands in objects that are in the manifest; what they say of
    the root itself stands in the plan.

    Parameters
    ----------
    entries
        Keys of the manifest.
    """
    problems = [
        f"{ROOT_KEY}: it describes {path!r} otherwise than that node's own metadata do"
        for path in root_mismatches(store)
    ]
    try:
        root: dict[str, Any] = json.loads(store.get(ROOT_KEY))
        inside = root.pop("consolidated_metadata")
        nodes = inside.pop("metadata")
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return problems
    own = {key.removesuffix(f"/{METADATA}") for key in [*entries, GROUP_KEY] if _is_node(key)}
    problems += [f"{ROOT_KEY}: {path!r} is missing in it" for path in sorted(own - nodes.keys())]
    problems += [f"{ROOT_KEY}: {path!r} was not published" for path in sorted(nodes.keys() - own)]
    wanted: dict[str, Any] = {"zarr_format": 3, "node_type": "group"}
    if plan is not None:
        wanted["attributes"] = encode_attributes(plan.groups.get("", {})).values
    else:
        root.pop("attributes", None)
    # As text, since NaN among the attributes is not equal to itself.
    if _text(root) != _text(wanted) or inside != {"kind": "inline", "must_understand": False}:
        problems.append(f"{ROOT_KEY}: the root group's own metadata are not those published")
    for path, node in nodes.items():
        if "consolidated_metadata" in node and node["consolidated_metadata"] != {
            "kind": "inline",
            "must_understand": False,
            "metadata": {},
        }:
            problems.append(f"{ROOT_KEY}: the metadata inside {path!r} are not those published")
    return problems


def _is_node(key: str) -> bool:
    return key.endswith(f"/{METADATA}")


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, sort_keys=True)
