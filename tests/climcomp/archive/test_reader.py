"""Claims about reading: what is not finished is not read, and damage is never fill values."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from climcomp.archive import ArchiveStore, ArraySpec, open_archive, open_store, publish, write_whole
from climcomp.errors import ArchiveDamagedError, ArchiveError, UsageError
from climcomp.frame import decode_block

VALUES = np.random.default_rng(3).normal(size=(6, 4, 6)).astype("f4")


@pytest.fixture(params=["block", "standard"])
def store(tmp_path: Path, request: pytest.FixtureRequest) -> ArchiveStore:
    store = open_store(tmp_path / "archive.zarr")
    spec = ArraySpec(
        "tas", (6, 4, 6), ("t", "y", "x"), "float32", (1, 2, 6), (2, 4, 6), codec=request.param
    )
    whole = ArraySpec("crs", (), (), "int32", ())
    entries = write_whole(store, spec, VALUES) + write_whole(store, whole, np.array(7, "i4"))
    publish(store, [spec, whole], {}, {"recipe.yaml": b"recipe: 1"}, entries)
    return store


@pytest.mark.parametrize(
    "region",
    [
        None,
        (slice(1, 5), slice(0, 3), slice(2, 4)),
        (slice(None), slice(3, 99), slice(-2, None)),
        (slice(3, 3), slice(None), slice(None)),
    ],
)
def test_a_region_is_read_as_numpy_takes_it(store: ArchiveStore, region: Any) -> None:
    expected = VALUES if region is None else VALUES[region]
    np.testing.assert_array_equal(expected, open_archive(store.root).read("tas", region))


def test_a_0d_array_is_read(store: ArchiveStore) -> None:
    found = open_archive(store.root).read("crs")
    assert found.shape == ()
    assert found == 7


@pytest.mark.parametrize("damage", ["missing", "cut", "longer", "empty"])
def test_a_missing_or_cut_shard_is_damage_only_where_it_is_touched(
    store: ArchiveStore, damage: str
) -> None:
    data = store.get("tas/c.1.0.0")
    if damage == "missing":
        store.delete("tas/c.1.0.0")
    else:
        store.put("tas/c.1.0.0", {"cut": data[:-1], "longer": data + b"x", "empty": b""}[damage])
    archive = open_archive(store.root)
    with pytest.raises(ArchiveDamagedError, match=r"tas/c\.1\.0\.0 (is missing|has)"):
        archive.read("tas")
    np.testing.assert_array_equal(VALUES[:2], archive.read("tas", np.s_[:2, :, :]))


def test_a_damaged_block_is_named_with_variable_object_and_chunk(store: ArchiveStore) -> None:
    data = bytearray(store.get("tas/c.1.0.0"))
    offset, length = np.frombuffer(bytes(data[-4 * 16 - 4 : -4]), "<u8").reshape(2, 2, 2)[1, 0]
    data[int(offset + length // 2)] ^= 1
    store.put("tas/c.1.0.0", bytes(data))
    archive = open_archive(store.root)
    place = r"tas/c\.1\.0\.0: inner chunk \(3, 0, 0\), tas\[3:4, 0:2, 0:6\]"
    with pytest.raises(ArchiveDamagedError, match=place):
        archive.read("tas")
    np.testing.assert_array_equal(VALUES[2], archive.read("tas", np.s_[2:3, :, :])[0])


def test_the_stored_bytes_of_an_inner_chunk_are_its_payload(store: ArchiveStore) -> None:
    archive = open_archive(store.root)
    found = archive.stored_chunk("tas", (3, 1, 0))
    assert (found.key, len(found.data) < store.size(found.key)) == ("tas/c.1.0.0", True)
    assert store.get_range(found.key, found.offset, len(found.data)) == found.data
    if archive.specs["tas"].codec == "block":
        np.testing.assert_array_equal(
            VALUES[3:4, 2:4], decode_block(found.data, (1, 2, 6), VALUES.dtype)
        )


@pytest.mark.parametrize("damage", ["missing", "cut", "index"])
def test_a_chunk_of_a_damaged_shard_is_damage(store: ArchiveStore, damage: str) -> None:
    data = bytearray(store.get("tas/c.1.0.0"))
    archive = open_archive(store.root)
    if damage == "missing":
        store.delete("tas/c.1.0.0")
    elif damage == "cut":
        store.put("tas/c.1.0.0", bytes(data[:-1]))
    else:
        data[-10] ^= 1
        store.put("tas/c.1.0.0", bytes(data))
    with pytest.raises(ArchiveDamagedError, match=r"tas/c\.1\.0\.0"):
        archive.stored_chunk("tas", (3, 1, 0))
    assert archive.stored_chunk("tas", (1, 1, 0)).data


def test_an_unknown_variable_lists_those_there_are(store: ArchiveStore) -> None:
    with pytest.raises(UsageError, match="no variable 'tos'; it has crs, tas"):
        open_archive(store.root).read("tos")


def test_a_region_that_does_not_fit_is_refused(store: ArchiveStore) -> None:
    with pytest.raises(UsageError, match="tas: "):
        open_archive(store.root).read("tas", (slice(0, 1),))


def test_documents_are_checked(store: ArchiveStore) -> None:
    archive = open_archive(store.root)
    with pytest.raises(UsageError, match=r"no document 'x'; it has recipe\.yaml"):
        archive.document("x")
    store.put("climcomp/recipe.yaml", b"recipe: 2")
    with pytest.raises(ArchiveDamagedError, match=r"climcomp/recipe\.yaml.*checksum"):
        archive.document("recipe.yaml")
    store.delete("climcomp/recipe.yaml")
    with pytest.raises(ArchiveDamagedError, match=r"recipe\.yaml is missing"):
        archive.document("recipe.yaml")


def test_what_is_no_archive_is_said(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="does not exist"):
        open_archive(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArchiveError, match="has no archive"):
        open_archive(tmp_path / "empty")
    (tmp_path / "run" / "climcomp").mkdir(parents=True)
    (tmp_path / "run" / "climcomp" / "journal.jsonl").write_text("")
    with pytest.raises(ArchiveError, match=r"not finished.*again"):
        open_archive(tmp_path / "run")
    zarr.open_group(tmp_path / "other", mode="w")
    with pytest.raises(ArchiveError, match="climcomp did not make"):
        open_archive(tmp_path / "other")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"zarr_format": 3}', b"\xff"])
def test_damaged_root_metadata_are_damage(store: ArchiveStore, content: bytes) -> None:
    store.put("zarr.json", content)
    with pytest.raises((ArchiveDamagedError, ArchiveError), match=r"zarr\.json|did not make"):
        open_archive(store.root)


@pytest.mark.parametrize("key", ["climcomp/manifest/index.json", "climcomp/attributes.json"])
def test_an_archive_without_its_manifest_is_damaged(store: ArchiveStore, key: str) -> None:
    store.delete(key)
    with pytest.raises(ArchiveDamagedError, match=key):
        open_archive(store.root)


def test_an_archive_can_be_moved_and_read_without_write_permission(
    store: ArchiveStore, tmp_path: Path
) -> None:
    moved = tmp_path / "moved.zarr"
    os.rename(store.root, moved)
    for folder, _, names in os.walk(moved):
        for name in [*names, ""]:
            os.chmod(Path(folder) / name, 0o555)
    with warnings.catch_warnings():
        np.testing.assert_array_equal(VALUES, open_archive(moved).read("tas"))
    for folder, _, _ in os.walk(moved):
        os.chmod(folder, 0o755)
