"""The manifest: key, size and checksum of every published object, in sorted segments.

A missing object reads as fill values in Zarr, without a word; only the manifest tells damage from
data. It holds neither itself nor the metadata that carry its checksum.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from climcomp.archive.keys import INDEX_KEY, MANIFEST_PREFIX
from climcomp.archive.store import ArchiveStore
from climcomp.errors import ArchiveDamagedError

SEGMENT_KEYS = 16_384
_FORMAT = 1


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One object of the archive, with the SHA-256 of its bytes as hexadecimal text."""

    key: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of sorted entries, as the index names it."""

    key: str
    first: str
    last: str
    objects: int
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ManifestIndex:
    """The index: how many objects and bytes there are, and the segments that list them."""

    objects: int
    size_bytes: int
    segments: tuple[Segment, ...]


def entry_of(key: str, data: bytes) -> Entry:
    """The entry of an object with these bytes."""
    return Entry(key, len(data), hashlib.sha256(data).hexdigest())


def build_manifest(entries: Iterable[Entry]) -> dict[str, bytes]:
    """The manifest's objects, the index last; the same for the same entries in any order.

    Raises
    ------
    ArchiveDamagedError
        If two entries name one key with different bytes.
    """
    ordered = sorted(set(entries))
    for before, after in itertools.pairwise(ordered):
        if before.key == after.key:
            raise ArchiveDamagedError(
                f"{after.key} is listed twice, with checksums {before.sha256} and {after.sha256}; "
                "wanted one entry an object. Only the newest attempt of a shard may be listed."
            )
    objects = {}
    segments = []
    for number, start in enumerate(range(0, len(ordered), SEGMENT_KEYS)):
        part = ordered[start : start + SEGMENT_KEYS]
        key = f"{MANIFEST_PREFIX}{number:06d}.jsonl"
        objects[key] = "".join(_line(entry) for entry in part).encode()
        own = entry_of(key, objects[key])
        segments.append(
            Segment(key, part[0].key, part[-1].key, len(part), own.size_bytes, own.sha256)
        )
    index = {
        "format": _FORMAT,
        "objects": len(ordered),
        "size_bytes": sum(entry.size_bytes for entry in ordered),
        "segments": [asdict(segment) for segment in segments],
    }
    objects[INDEX_KEY] = (json.dumps(index, indent=1) + "\n").encode()
    return objects


def write_manifest(store: ArchiveStore, entries: Iterable[Entry]) -> Entry:
    """Write segments and index durably, take older ones away, and give the index's own entry.

    Raises
    ------
    ArchiveDamagedError
        If two entries name one key with different bytes.
    StorageError
        If the file system refuses.
    """
    objects = build_manifest(entries)
    for key, data in objects.items():
        store.put_durable(key, data)
    remove_older_segments(store, objects)
    return entry_of(INDEX_KEY, objects[INDEX_KEY])


def remove_older_segments(store: ArchiveStore, objects: Mapping[str, bytes]) -> None:
    """Take away what an earlier, longer manifest left beside these objects."""
    for key in list(store.list(MANIFEST_PREFIX)):
        if key not in objects:
            store.delete(key)


def read_index(store: ArchiveStore, sha256: str | None = None) -> ManifestIndex:
    """The index, its bytes checked if their checksum is given.

    Raises
    ------
    ArchiveDamagedError
        If it is missing, is not the one published, or is no index.
    """
    fields = _parse(_checked(store, INDEX_KEY, sha256), INDEX_KEY)
    try:
        if fields["format"] != _FORMAT:
            raise ArchiveDamagedError(
                f"{INDEX_KEY} has format {fields['format']!r}; this version of climcomp reads "
                f"{_FORMAT}. Read the archive with a newer climcomp."
            )
        segments = tuple(Segment(**segment) for segment in fields["segments"])
        return ManifestIndex(fields["objects"], fields["size_bytes"], segments)
    except (KeyError, TypeError) as err:
        raise _no_manifest(INDEX_KEY, err) from err


def read_segment(store: ArchiveStore, segment: Segment) -> Sequence[Entry]:
    """The entries of a segment, whose checksum is that of the index.

    Raises
    ------
    ArchiveDamagedError
        If it is missing or is not the one published.
    """
    data = _checked(store, segment.key, segment.sha256)
    try:
        return [Entry(**_parse(line, segment.key)) for line in data.splitlines()]
    except TypeError as err:
        raise _no_manifest(segment.key, err) from err


def read_manifest(store: ArchiveStore, index_sha256: str | None = None) -> Iterator[Entry]:
    """All entries in the order of their keys, a segment in memory at a time.

    Raises
    ------
    ArchiveDamagedError
        If the manifest is not the one published.
    """
    for segment in read_index(store, index_sha256).segments:
        yield from read_segment(store, segment)


def _line(entry: Entry) -> str:
    fields = {"key": entry.key, "size_bytes": entry.size_bytes, "sha256": entry.sha256}
    return json.dumps(fields, separators=(",", ":")) + "\n"


def _checked(store: ArchiveStore, key: str, sha256: str | None) -> bytes:
    try:
        data = store.get(key)
    except FileNotFoundError:
        raise ArchiveDamagedError(
            f"{key} is missing in {store.root}: without the manifest nothing can be checked. "
            "Restore the object from a copy, or make the archive again."
        ) from None
    found = hashlib.sha256(data).hexdigest()
    if sha256 is not None and found != sha256:
        raise ArchiveDamagedError(
            f"{key} has the checksum {found}, wanted {sha256}, in {store.root}. "
            "Restore the object from a copy, or make the archive again."
        )
    return data


# Any: what JSON holds.
def _parse(data: bytes, key: str) -> dict[str, Any]:
    try:
        fields = json.loads(data)
    except ValueError as err:
        raise _no_manifest(key, err) from err
    if not isinstance(fields, dict):
        raise _no_manifest(key, fields)
    return fields


def _no_manifest(key: str, reason: object) -> ArchiveDamagedError:
    return ArchiveDamagedError(
        f"{key} is no part of a manifest: {reason}. "
        "Restore the object from a copy, or make the archive again."
    )
