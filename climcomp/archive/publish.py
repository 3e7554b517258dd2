"""Publication: metadata after data, the root's metadata last of all; with it the archive is there.

Stopped at any point, the store is unpublished, or published whole; publishing again ends it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from climcomp.archive.arrays import ArraySpec, array_metadata, shard_indices, shard_key
from climcomp.archive.attributes import Attributes, encode_attributes
from climcomp.archive.keys import (
    ATTRIBUTES_KEY,
    FOLDER,
    GROUP_KEY,
    INDEX_KEY,
    METADATA,
    ROOT_KEY,
    is_published,
    refuse_published,
    remove_working_objects,
)
from climcomp.archive.lease import check_epoch
from climcomp.archive.manifest import Entry, build_manifest, entry_of, remove_older_segments
from climcomp.archive.store import ArchiveStore
from climcomp.errors import ArchiveDamagedError, UsageError

logger = logging.getLogger(__name__)

FORMAT = 1
_GROUP = FOLDER.rstrip("/")


def publish(
    store: ArchiveStore,
    specs: Sequence[ArraySpec],
    groups: Mapping[str, Attributes],
    documents: Mapping[str, bytes],
    entries: Iterable[Entry],
    *,
    unlimited: Mapping[str, Sequence[str]] | None = None,
    epoch: int | None = None,
) -> Entry:
    """Make a store with all its data an archive that readers see, and give its manifest's entry.

    Parameters
    ----------
    groups
        Attributes of each group by its path, "" for the root; groups on the way are made.
    documents
        By name, kept under `climcomp/`: recipe.yaml, plan.json, report.json, report.html.
    entries
        Every object of every array, re-hashed: see `rehash`.
    unlimited
        Names of unlimited dimensions by the path of their group.
    epoch
        Of the lease; checked before the first and the last object.

    Raises
    ------
    ArchiveDamagedError
        If an array's object is not listed, or not there with the size listed.
    ArchiveExistsError
        If the store is published with other content.
    LeaseLostError
        If another run has taken the store over.
    StorageError
        If the file system refuses; publish again.
    """
    if epoch is not None and not is_published(store):
        check_epoch(store, epoch)
    listed = list(entries)
    _check_complete(store, specs, listed)
    objects = _objects(specs, groups, documents, listed, unlimited or {})
    root = objects.pop(ROOT_KEY)
    if not is_published(store):
        store.make_durable(entry.key for entry in listed)
        for key, data in objects.items():
            # A run that slept here while another published must not touch what readers see.
            if epoch is not None:
                check_epoch(store, epoch)
            store.put_durable(key, data)
        remove_older_segments(store, objects)
        if epoch is not None:
            check_epoch(store, epoch)
        store.create_exclusive(ROOT_KEY, root)
    if store.get(ROOT_KEY) != root:
        refuse_published(store)
    logger.info("%s: published with %d data objects", store.root, len(listed))
    remove_working_objects(store)
    return entry_of(INDEX_KEY, objects[INDEX_KEY])


def _objects(
    specs: Sequence[ArraySpec],
    groups: Mapping[str, Attributes],
    documents: Mapping[str, bytes],
    entries: Sequence[Entry],
    unlimited: Mapping[str, Sequence[str]],
) -> dict[str, bytes]:
    """All that publication writes, in the order in which it is written; the root is the last."""
    nodes = _nodes(specs, groups)
    objects = {FOLDER + name: data for name, data in documents.items()}
    objects[ATTRIBUTES_KEY] = _dump(_hidden_attributes(specs, groups))
    objects |= {f"{path}/{METADATA}": _dump(node) for path, node in nodes.items() if path}
    objects |= build_manifest([*entries, *(entry_of(key, data) for key, data in objects.items())])
    index = entry_of(INDEX_KEY, objects[INDEX_KEY])
    nodes[_GROUP] = _group_node(
        {
            "format": FORMAT,
            "manifest": asdict(index),
            "unlimited_dimensions": {path: list(dims) for path, dims in unlimited.items()},
        }
    )
    objects[GROUP_KEY] = _dump(nodes[_GROUP])
    objects[ROOT_KEY] = _dump(_consolidated(nodes))
    return objects


def _nodes(
    specs: Sequence[ArraySpec], groups: Mapping[str, Attributes]
) -> dict[str, dict[str, Any]]:
    """Metadata documents of all groups and arrays by path, but for climcomp's own group."""
    paths = {"", *groups}
    for path in [spec.path for spec in specs] + list(groups):
        folders = path.split("/")
        if folders[0] == _GROUP:
            raise UsageError(
                f"the source calls a variable or group {path!r}; the archive keeps {_GROUP!r} for "
                "itself. Rename it in the source, or leave it out."
            )
        paths |= {"/".join(folders[:depth]) for depth in range(1, len(folders))}
    nodes = {
        path: _group_node(encode_attributes(groups.get(path, {})).values) for path in sorted(paths)
    }
    for spec in specs:
        if spec.path in nodes:
            raise UsageError(f"{spec.path!r} is listed twice, or as a variable and as a group")
        nodes[spec.path] = json.loads(array_metadata(spec))
    return nodes


def _group_node(attributes: dict[str, Any]) -> dict[str, Any]:
    return {"attributes": attributes, "zarr_format": 3, "node_type": "group"}


def _consolidated(nodes: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The root's metadata with all others inside, as zarr.consolidate_metadata makes them.

    Composed here because that function wants a store that readers would already see.
    """

    def inline(children: dict[str, Any]) -> dict[str, Any]:
        return {"kind": "inline", "must_understand": False, "metadata": children}

    children = {}
    # Zarr's reader takes each folder's nodes as one run.
    for path in sorted((path for path in nodes if path), key=lambda path: (path.count("/"), path)):
        node = nodes[path]
        is_group = node["node_type"] == "group"
        children[path] = {**node, "consolidated_metadata": inline({})} if is_group else node
    return {**nodes[""], "consolidated_metadata": inline(children)}


def _hidden_attributes(
    specs: Sequence[ArraySpec], groups: Mapping[str, Attributes]
) -> dict[str, Any]:
    """What the Zarr attributes cannot carry: numeric types, and values no reader may see."""
    coded = {spec.path: encode_attributes(spec.attributes, spec.numpy_dtype) for spec in specs}
    coded |= {path: encode_attributes(attributes) for path, attributes in groups.items()}
    return {
        "format": FORMAT,
        "types": {path: one.types for path, one in sorted(coded.items()) if one.types},
        "hidden": {path: one.hidden for path, one in sorted(coded.items()) if one.hidden},
    }


def _check_complete(
    store: ArchiveStore, specs: Sequence[ArraySpec], entries: Sequence[Entry]
) -> None:
    """Refuse to publish an archive with a hole: Zarr would read fill values there."""
    sizes = {entry.key: entry.size_bytes for entry in entries}
    for spec in specs:
        for index in shard_indices(spec):
            key = shard_key(spec, index)
            wanted = sizes.pop(key, None)
            found = store.size(key) if store.exists(key) else None
            if wanted is None or found != wanted:
                raise ArchiveDamagedError(
                    f"{key} has {_bytes(found)} in {store.root}, the list of what was written says "
                    f"{_bytes(wanted)}: nothing is published. Run again: the shard will be redone."
                )
    if sizes:
        raise UsageError(f"{min(sizes)} is listed as written, but no variable has it")


def _bytes(size: int | None) -> str:
    return "no object" if size is None else f"{size:,} bytes"


def _dump(document: Mapping[str, Any]) -> bytes:
    # NaN and the infinities among attributes are written as Zarr itself writes them.
    return (json.dumps(document, indent=1) + "\n").encode()
