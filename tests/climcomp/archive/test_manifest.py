"""Claims about the manifest: every object, in order, and no damage unseen."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path

import pytest

from climcomp.archive.keys import INDEX_KEY, MANIFEST_PREFIX
from climcomp.archive.manifest import (
    SEGMENT_KEYS,
    Entry,
    entry_of,
    read_index,
    read_manifest,
    write_manifest,
)
from climcomp.archive.store import ArchiveStore, open_store
from climcomp.errors import ArchiveDamagedError


@pytest.fixture
def store(tmp_path: Path) -> ArchiveStore:
    return open_store(tmp_path)


def entries(count: int) -> list[Entry]:
    return [Entry(f"tas/c.{n:06d}", n, f"{n:064x}") for n in range(count)]


@pytest.mark.parametrize("count", [0, 1, SEGMENT_KEYS, SEGMENT_KEYS + 1])
def test_entries_come_back_sorted_whatever_their_order(store: ArchiveStore, count: int) -> None:
    expected = entries(count)
    shuffled = expected.copy()
    random.Random(1).shuffle(shuffled)
    first = write_manifest(store, shuffled)
    assert list(read_manifest(store, first.sha256)) == expected
    assert write_manifest(store, expected) == first
    index = read_index(store)
    assert index.objects == count
    assert index.size_bytes == sum(entry.size_bytes for entry in expected)
    assert len(index.segments) == -(-count // SEGMENT_KEYS)


def test_the_index_holds_the_digest_of_each_segment(store: ArchiveStore) -> None:
    own = write_manifest(store, entries(10))
    assert own.sha256 == hashlib.sha256(store.get(INDEX_KEY)).hexdigest()
    (segment,) = read_index(store).segments
    assert segment.sha256 == store.digest(segment.key)
    assert (segment.first, segment.last) == ("tas/c.000000", "tas/c.000009")


def test_segments_of_a_longer_manifest_before_are_taken_away(store: ArchiveStore) -> None:
    write_manifest(store, entries(SEGMENT_KEYS + 1))
    write_manifest(store, entries(3))
    assert list(store.list(MANIFEST_PREFIX)) == [f"{MANIFEST_PREFIX}000000.jsonl", INDEX_KEY]


def test_one_key_with_two_checksums_is_refused(store: ArchiveStore) -> None:
    with pytest.raises(ArchiveDamagedError, match=r"tas/c\.0 is listed twice"):
        write_manifest(store, [entry_of("tas/c.0", b"a"), entry_of("tas/c.0", b"b")])


@pytest.mark.parametrize("key", [INDEX_KEY, f"{MANIFEST_PREFIX}000000.jsonl"])
@pytest.mark.parametrize("damage", ["missing", "changed", "cut"])
def test_a_damaged_manifest_is_found(store: ArchiveStore, key: str, damage: str) -> None:
    own = write_manifest(store, entries(10))
    data = store.get(key)
    if damage == "missing":
        store.delete(key)
    else:
        store.put(key, data[:-9] if damage == "cut" else data.replace(b"c.000003", b"c.000033"))
    if damage == "changed" and key == INDEX_KEY:
        store.put(key, data.replace(b"10", b"11"))
    with pytest.raises(ArchiveDamagedError, match=key):
        list(read_manifest(store, own.sha256))


@pytest.mark.parametrize("content", [b"{}", b"[]", b"x", b'{"format": 1, "segments": [{}]}'])
def test_an_index_that_is_none_is_named(store: ArchiveStore, content: bytes) -> None:
    store.put(INDEX_KEY, content)
    with pytest.raises(ArchiveDamagedError, match=INDEX_KEY):
        list(read_manifest(store))


def test_a_manifest_of_a_later_format_is_refused(store: ArchiveStore) -> None:
    write_manifest(store, entries(1))
    index = json.loads(store.get(INDEX_KEY))
    store.put(INDEX_KEY, json.dumps(index | {"format": 2}).encode())
    with pytest.raises(ArchiveDamagedError, match="newer climcomp"):
        read_index(store)
