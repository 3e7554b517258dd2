"""Comparing what is stored with what was written, object by object."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from climcomp.archive.keys import METADATA, ROOT_KEY
from climcomp.archive.manifest import Entry
from climcomp.archive.store import ArchiveStore


@dataclass(frozen=True, slots=True)
class Mismatch:
    """An object that is not the one listed; `found` says what is there instead."""

    entry: Entry
    found: str

    def __str__(self) -> str:
        wanted = f"{self.entry.size_bytes:,} bytes, sha256 {self.entry.sha256}"
        return f"{self.entry.key}: {self.found}; wanted {wanted}"


def rehash(store: ArchiveStore, entries: Iterable[Entry]) -> list[Mismatch]:
    """Read every object listed and say which are not what they should be."""
    differences = ((entry, _difference(store, entry)) for entry in entries)
    return [Mismatch(entry, found) for entry, found in differences if found]


def root_mismatches(store: ArchiveStore) -> list[str]:
    """Which nodes the root metadata describe otherwise than the nodes' own metadata do.

    The root's metadata are in no manifest, since they carry its checksum; but all they say of
    other nodes stands in objects that are.
    """
    try:
        root = json.loads(store.get(ROOT_KEY))
        nodes = root["consolidated_metadata"]["metadata"]
        return [path for path, node in nodes.items() if _differs(store, path, node)]
    except (FileNotFoundError, ValueError, KeyError, TypeError) as err:
        return [f"{ROOT_KEY} ({type(err).__name__}: {err})"]


def _difference(store: ArchiveStore, entry: Entry) -> str:
    try:
        size = store.size(entry.key)
        if size != entry.size_bytes:
            return f"{size:,} bytes"
        digest = store.digest(entry.key)
    except FileNotFoundError:
        return "missing"
    except OSError as err:
        return f"unreadable ({err.strerror or err})"
    return "" if digest == entry.sha256 else f"sha256 {digest}"


def _differs(store: ArchiveStore, path: str, node: dict[str, object]) -> bool:
    try:
        own = json.loads(store.get(f"{path}/{METADATA}"))
    except (FileNotFoundError, ValueError):
        return True
    inside = {name: value for name, value in node.items() if name != "consolidated_metadata"}
    # As text, since NaN among the attributes is not equal to itself.
    return json.dumps(own, sort_keys=True) != json.dumps(inside, sort_keys=True)
