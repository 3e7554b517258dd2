"""Claims about publication: all or nothing, wherever it is stopped, and readable by anyone."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
import zarr

from climcomp.archive import (
    ArchiveStore,
    ArraySpec,
    Entry,
    Journal,
    JournalHeader,
    Lease,
    entry_of,
    is_published,
    open_archive,
    open_store,
    publish,
    rehash,
    root_mismatches,
    write_whole,
)
from climcomp.errors import (
    ArchiveDamagedError,
    ArchiveError,
    ArchiveExistsError,
    LeaseLostError,
    StorageError,
    UsageError,
)

VALUES = np.random.default_rng(3).normal(size=(5, 4, 6)).astype("f4")
SPECS = [
    ArraySpec("tas", (5, 4, 6), ("time", "y", "x"), "float32", (1, 2, 3), (2, 4, 6)),
    ArraySpec("time", (5,), ("time",), "float64", (5,), attributes={"units": "days since 2000"}),
    ArraySpec("grp/deep/v", (3,), ("z",), "int16", (2,), attributes={"_FillValue": np.int16(-9)}),
    ArraySpec("grp/empty", (0,), ("n",), "str", (1,)),
    ArraySpec("block", (5, 4, 6), ("time", "y", "x"), "float32", (1, 4, 6), codec="block"),
]
DATA = {
    "tas": VALUES,
    "time": np.arange(5.0),
    "grp/deep/v": np.array([1, -9, 3], "i2"),
    "grp/empty": np.empty(0, object),
    "block": VALUES,
}
GROUPS: dict[str, dict[str, Any]] = {
    "": {"title": "test", "fill": np.float32(np.nan)},
    "grp": {"level": np.int16(1)},
    "grp/alone": {},
}
DOCUMENTS = {"recipe.yaml": b"recipe: 1\n", "report.html": b"<html>", "plan.json": b"{}"}
HEADER = JournalHeader("r", "p", "s")


def written(store: ArchiveStore) -> list[Entry]:
    return [entry for spec in SPECS for entry in write_whole(store, spec, DATA[spec.path])]


def publish_all(store: ArchiveStore, entries: list[Entry], **options: Any) -> Entry:
    return publish(store, SPECS, GROUPS, DOCUMENTS, entries, unlimited={"": ["time"]}, **options)


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sync nothing: what a power cut does is no part of such a test."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def store(tmp_path: Path) -> ArchiveStore:
    return open_store(tmp_path / "archive.zarr")


def check_all(store: ArchiveStore) -> None:
    archive = open_archive(store.root)
    assert set(archive.specs) == set(DATA)
    for name, expected in DATA.items():
        np.testing.assert_array_equal(expected, archive.read(name))
    assert rehash(store, archive.manifest()) == []
    assert root_mismatches(store) == []


def test_a_published_archive_gives_everything_back(store: ArchiveStore) -> None:
    publish_all(store, written(store))
    check_all(store)
    archive = open_archive(store.root)
    assert archive.documents == tuple(sorted(DOCUMENTS))
    assert {name: archive.document(name) for name in DOCUMENTS} == DOCUMENTS
    assert set(archive.groups) == {"", "grp", "grp/deep", "grp/alone"}
    assert archive.groups["grp"]["level"].dtype == np.dtype("i2")
    assert archive.unlimited == {"": ("time",)}
    for spec in SPECS:
        found = archive.specs[spec.path]
        for name in ("shape", "dims", "dtype", "chunk", "shard", "codec"):
            assert getattr(spec, name) == getattr(found, name), (spec.path, name)
    assert archive.specs["grp/deep/v"].attributes == {"_FillValue": np.int16(-9)}


def test_the_manifest_covers_all_but_itself_and_what_carries_its_checksum(
    store: ArchiveStore,
) -> None:
    index = publish_all(store, written(store))
    listed = {entry.key for entry in open_archive(store.root).manifest()}
    assert set(store.list()) - listed == {
        "zarr.json",
        "climcomp/zarr.json",
        "climcomp/manifest/index.json",
        "climcomp/manifest/000000.jsonl",
    }
    root = json.loads(store.get("zarr.json"))["consolidated_metadata"]["metadata"]
    assert root["climcomp"]["attributes"]["manifest"]["sha256"] == index.sha256


def test_consolidated_metadata_are_those_that_zarr_makes(store: ArchiveStore) -> None:
    publish_all(store, written(store))
    ours = json.loads(store.get("zarr.json"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        zarr.consolidate_metadata(store.root)
    theirs = json.loads(store.get("zarr.json"))
    assert json.dumps(theirs, sort_keys=True) == json.dumps(ours, sort_keys=True)


def test_opening_warns_of_nothing(store: ArchiveStore) -> None:
    """Warnings are errors in these tests."""
    publish_all(store, written(store))
    with xr.open_zarr(store.root, chunks=None) as dataset:
        np.testing.assert_array_equal(VALUES, dataset.tas.values)
        np.testing.assert_array_equal(VALUES, dataset.block.values)
    with xr.open_zarr(store.root, group="grp/deep", chunks=None) as dataset:
        np.testing.assert_array_equal([1, np.nan, 3], dataset.v.values)
    with xr.open_datatree(store.root, engine="zarr", chunks=None) as tree:
        assert set(tree.groups) == {"/", "/climcomp", "/grp", "/grp/alone", "/grp/deep"}
    group = zarr.open_group(store.root, mode="r")
    assert set(group) == {"climcomp", "grp", "tas", "time", "block"}
    assert dict(group["climcomp"].members()) == {}
    np.testing.assert_array_equal(VALUES, zarr.open(store.root, mode="r")["tas"][...])


def test_a_stranger_without_climcomp_reads_portable_variables(store: ArchiveStore) -> None:
    publish(store, SPECS[:1], {}, {}, write_whole(store, SPECS[0], VALUES))
    program = """
import sys
sys.modules["climcomp"] = None
import warnings
warnings.simplefilter("error")
import xarray as xr
print(float(xr.open_zarr(sys.argv[1], chunks=None).tas.astype("f8").sum()))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(store.root)], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) == VALUES.astype("f8").sum()


class Killed(BaseException):
    """Stands for kill -9: nothing after it runs."""


OPERATIONS = ("put", "put_durable", "create_exclusive", "delete", "make_durable", "delete_partials")


def stop_at(store: ArchiveStore, patch: pytest.MonkeyPatch, number: int, after: bool) -> list[str]:
    """Die before or after the store's operation of that number."""
    calls: list[str] = []

    def wrapped(name: str) -> Any:
        real = getattr(ArchiveStore, name)

        def operation(self: ArchiveStore, *arguments: Any) -> Any:
            calls.append(f"{name} {arguments[0] if arguments else ''}")
            mine = len(calls) == number
            if mine and not after:
                raise Killed
            result = real(self, *arguments)
            if mine:
                raise Killed
            return result

        return operation

    for name in OPERATIONS:
        patch.setattr(ArchiveStore, name, wrapped(name))
    return calls


@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize("after", [False, True])
def test_stopped_anywhere_it_is_unpublished_or_whole_and_ends_when_done_again(
    tmp_path: Path, after: bool
) -> None:
    number = 0
    while True:
        number += 1
        store = open_store(tmp_path / f"{number}.zarr")
        entries = written(store)
        lease = Lease.acquire(store)
        with Journal(store, HEADER) as journal:
            journal.append({"key": "tas"})
        store.put("climcomp/state/tas.npz", b"x")
        store.put("tas/.climcomp-partial-1-2", b"torn")
        store.put("climcomp/manifest/000007.jsonl", b"of an earlier, longer attempt")
        with pytest.MonkeyPatch.context() as patch:
            calls = stop_at(store, patch, number, after)
            try:
                publish_all(store, entries, epoch=lease.epoch)
            except Killed:
                pass
            else:
                break
        if is_published(store):
            check_all(store)
        else:
            with pytest.raises(ArchiveError, match="not finished"):
                open_archive(store.root)
            with pytest.raises(FileNotFoundError):
                zarr.open_group(store.root, mode="r")
            with pytest.raises(FileNotFoundError):
                xr.open_zarr(store.root, chunks=None, consolidated=False)
        again = None if is_published(store) else lease.epoch
        publish_all(store, entries, epoch=again)
        check_all(store)
        own = (*DOCUMENTS, "attributes.json", "zarr.json")
        manifest = ("manifest/000000.jsonl", "manifest/index.json")
        assert set(store.list("climcomp/")) == {f"climcomp/{name}" for name in (*own, *manifest)}
        assert store.delete_partials() == 0
    assert number > 20
    metadata = [call for call in calls if call.endswith("zarr.json")]
    assert metadata[-1] == "create_exclusive zarr.json"


def test_publishing_the_same_again_changes_nothing(store: ArchiveStore) -> None:
    entries = written(store)
    first = publish_all(store, entries)
    before = {key: store.modified(key) for key in store.list()}
    assert publish_all(store, entries[::-1]) == first
    assert before == {key: store.modified(key) for key in store.list()}


def test_a_published_store_refuses_other_content(store: ArchiveStore) -> None:
    entries = written(store)
    publish_all(store, entries)
    before = {key: store.digest(key) for key in store.list()}
    with pytest.raises(ArchiveExistsError, match="published already"):
        publish(store, SPECS, GROUPS, {}, entries)
    assert before == {key: store.digest(key) for key in store.list()}


def test_all_that_is_published_is_durable(
    store: ArchiveStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = written(store)
    durable: set[str] = set()
    put, make = ArchiveStore.put_durable, ArchiveStore.make_durable

    def put_durable(self: ArchiveStore, key: str, data: bytes) -> None:
        put(self, key, data)
        durable.add(key)

    def make_durable(self: ArchiveStore, keys: Any) -> None:
        listed = list(keys)
        make(self, listed)
        durable.update(listed)

    monkeypatch.setattr(ArchiveStore, "put_durable", put_durable)
    monkeypatch.setattr(ArchiveStore, "make_durable", make_durable)
    publish_all(store, entries)
    assert durable == set(store.list()) - {"zarr.json"}


def test_a_run_that_lost_the_store_publishes_nothing(store: ArchiveStore) -> None:
    entries = written(store)
    old = Lease.acquire(store)
    Lease.acquire(store, take_over=True)
    with pytest.raises(LeaseLostError):
        publish_all(store, entries, epoch=old.epoch)
    assert not is_published(store)


def test_a_store_taken_over_while_publishing_is_not_published(
    store: ArchiveStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = written(store)
    old = Lease.acquire(store)
    real = ArchiveStore.put_durable

    def put_durable(self: ArchiveStore, key: str, data: bytes) -> None:
        real(self, key, data)
        if key == "climcomp/zarr.json":
            Lease.acquire(self, take_over=True)

    monkeypatch.setattr(ArchiveStore, "put_durable", put_durable)
    with pytest.raises(LeaseLostError):
        publish_all(store, entries, epoch=old.epoch)
    assert not is_published(store)


@pytest.mark.parametrize("damage", ["missing", "cut", "unlisted"])
def test_an_archive_with_a_hole_is_not_published(store: ArchiveStore, damage: str) -> None:
    entries = written(store)
    if damage == "missing":
        store.delete("tas/c.1.0.0")
    elif damage == "cut":
        store.put("tas/c.1.0.0", b"short")
    else:
        entries = [entry for entry in entries if entry.key != "tas/c.1.0.0"]
    with pytest.raises(ArchiveDamagedError, match=r"tas/c\.1\.0\.0.*nothing is published"):
        publish_all(store, entries)
    assert not is_published(store)
    assert not store.exists("tas/zarr.json")


def test_an_object_of_no_variable_is_refused(store: ArchiveStore) -> None:
    entries = [*written(store), entry_of("tas/c.9.0.0", b"x")]
    with pytest.raises(UsageError, match=r"tas/c\.9\.0\.0"):
        publish_all(store, entries)


@pytest.mark.parametrize("path", ["climcomp", "climcomp/v"])
def test_the_name_climcomp_is_the_archives_own(store: ArchiveStore, path: str) -> None:
    spec = ArraySpec(path, (), (), "int16", ())
    entries = write_whole(store, spec, np.zeros((), "i2"))
    with pytest.raises(UsageError, match="climcomp"):
        publish(store, [spec], {}, {}, entries)
    with pytest.raises(UsageError, match="climcomp"):
        publish(store, [], {path: {}}, {}, [])


def test_a_full_disk_leaves_a_store_that_publishes_later(
    store: ArchiveStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = written(store)
    real = Path.open

    def full(self: Path, mode: str = "r", *rest: Any, **options: Any) -> Any:
        if "x" in mode and self.parent.name == "manifest":
            raise OSError(28, "No space left on device", str(self))
        return real(self, mode, *rest, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        with pytest.raises(StorageError, match="run again"):
            publish_all(store, entries)
    assert not is_published(store)
    publish_all(store, entries)
    check_all(store)


def test_rehash_names_what_is_missing_cut_or_changed(store: ArchiveStore) -> None:
    entries = written(store)
    assert rehash(store, entries) == []
    store.delete("tas/c.0.0.0")
    store.put("tas/c.1.0.0", b"short")
    data = bytearray(store.get("tas/c.2.0.0"))
    data[10] ^= 1
    store.put("tas/c.2.0.0", bytes(data))
    found = [(mismatch.entry.key, mismatch.found.split()[0]) for mismatch in rehash(store, entries)]
    assert found == [("tas/c.0.0.0", "missing"), ("tas/c.1.0.0", "5"), ("tas/c.2.0.0", "sha256")]
    assert "tas/c.0.0.0: missing; wanted" in str(rehash(store, entries)[0])
    assert pickle.loads(pickle.dumps(rehash(store, entries))) == rehash(store, entries)


@pytest.mark.parametrize("damage", ["root", "array", "missing", "no root"])
def test_root_metadata_that_differ_from_the_nodes_are_named(
    store: ArchiveStore, damage: str
) -> None:
    publish_all(store, written(store))
    if damage == "root":
        store.put(
            "zarr.json", store.get("zarr.json").replace(b"days since 2000", b"days since 2001")
        )
    elif damage == "array":
        store.put("time/zarr.json", store.get("time/zarr.json").replace(b"2000", b"2001"))
    elif damage == "missing":
        store.delete("time/zarr.json")
    else:
        store.put("zarr.json", b"{}")
    (found,) = root_mismatches(store)
    assert found.startswith("zarr.json" if damage == "no root" else "time")
