"""Claims about the store: whole objects or none, and refusals that say what to do."""

from __future__ import annotations

import errno
import hashlib
import os
import pickle
import resource
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from climcomp.archive.store import PARTIAL_PREFIX, ArchiveStore, open_store
from climcomp.errors import ArchiveError, StorageError, UsageError


@pytest.fixture
def store(tmp_path: Path) -> ArchiveStore:
    return open_store(tmp_path / "a" / "archive.zarr")


def test_what_is_put_is_there(store: ArchiveStore) -> None:
    store.put("tas/c.0.0", b"first")
    store.put("tas/c.0.0", b"second")
    assert store.get("tas/c.0.0") == b"second"
    assert store.size("tas/c.0.0") == 6
    assert store.digest("tas/c.0.0") == hashlib.sha256(b"second").hexdigest()
    assert store.exists("tas/c.0.0")
    assert not store.exists("tas")


def test_durable_objects_are_synced_with_their_folders(
    store: ArchiveStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    store.put("tas/c.0", b"x")
    assert synced == []
    store.put_durable("tas/c.1", b"x")
    assert Path(synced[0]).name.startswith(PARTIAL_PREFIX)
    assert synced[1:] == [str(store.root / "tas"), str(store.root), str(store.root.parent)]


def test_one_of_two_exclusive_creations_wins(store: ArchiveStore) -> None:
    assert store.create_exclusive("climcomp/x", b"one")
    assert not store.create_exclusive("climcomp/x", b"two")
    assert store.get("climcomp/x") == b"one"
    assert list(store.list()) == ["climcomp/x"]


def test_one_of_many_exclusive_creations_wins_every_time(
    store: ArchiveStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)
    for number in range(100):
        start = threading.Barrier(6)

        def create(mark: int, key: str = f"race/{number}", start: Any = start) -> bool:
            start.wait()
            return store.create_exclusive(key, b"%d" % mark)

        with ThreadPoolExecutor(6) as pool:
            won = list(pool.map(create, range(6)))
        assert won.count(True) == 1
        assert store.get(f"race/{number}") == b"%d" % won.index(True)


def test_exclusive_creation_works_without_hard_links(
    store: ArchiveStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(*_: object) -> None:
        raise OSError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", link)
    test_one_of_two_exclusive_creations_wins(store)


def test_keys_are_listed_by_prefix_without_half_written_objects(store: ArchiveStore) -> None:
    for key in ("b/c.1", "b/c.0", "a/x/y", "zarr.json", f"b/{PARTIAL_PREFIX}1-2"):
        store.put(key, b"")
    assert list(store.list()) == ["a/x/y", "b/c.0", "b/c.1", "zarr.json"]
    assert list(store.list("b/c.1")) == ["b/c.1"]
    assert list(store.list("b/")) == ["b/c.0", "b/c.1"]
    assert list(store.list("nothing/")) == []
    assert store.delete_partials() == 1
    assert store.delete_partials() == 0


def test_deleting_what_is_not_there_is_no_error(store: ArchiveStore) -> None:
    store.put("a", b"x")
    store.delete("a")
    store.delete("a")
    assert not store.exists("a")
    with pytest.raises(FileNotFoundError):
        store.get("a")


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../x", "a/../../x"])
def test_keys_stay_inside_the_store(store: ArchiveStore, key: str) -> None:
    with pytest.raises(UsageError, match="no key"):
        store.put(key, b"")


@pytest.mark.parametrize("path", ["s3://bucket/a.zarr", "https://host/a.zarr", "file:///a.zarr"])
def test_a_url_is_refused(path: str) -> None:
    with pytest.raises(UsageError, match=r"is a URL; wanted the path of a directory"):
        open_store(path)


def test_a_file_in_place_of_the_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    with pytest.raises(ArchiveError, match=r"is a file; wanted a directory"):
        open_store(tmp_path / "f")


def test_stores_travel_to_workers(store: ArchiveStore) -> None:
    assert pickle.loads(pickle.dumps(store)) == store


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "the quota is used up"),
        (errno.EROFS, "the file system is read-only"),
        (errno.EACCES, "there is no permission to write"),
    ],
)
@pytest.mark.parametrize("operation", ["put", "put_durable", "create_exclusive"])
def test_a_refusal_says_what_where_and_what_to_do(
    store: ArchiveStore, monkeypatch: pytest.MonkeyPatch, code: int, words: str, operation: str
) -> None:
    store.put("tas/c.0", b"good")
    real = Path.open

    def full(self: Path, mode: str = "r", *rest: Any, **options: Any) -> Any:
        if "x" in mode:
            raise OSError(code, os.strerror(code), str(self))
        return real(self, mode, *rest, **options)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(StorageError, match=words) as caught:
        getattr(store, operation)("tas/c.0", b"123456789" * 1000)
    for part in (str(store.root / "tas/c.0"), "9,000 bytes", "bytes are free", "run again"):
        assert part in str(caught.value)
    assert isinstance(caught.value, OSError)
    assert store.get("tas/c.0") == b"good"


def test_a_file_in_the_way_of_a_folder_is_a_refusal(store: ArchiveStore) -> None:
    store.put("tas", b"")
    with pytest.raises(StorageError, match="tas"):
        store.put("tas/c.0", b"")


def test_a_disk_that_fills_up_while_writing_leaves_the_old_object(tmp_path: Path) -> None:
    """A limit on file sizes stands for the disk: the kernel refuses in the middle of the object."""
    program = f"""
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
from climcomp.archive.store import open_store
from climcomp.errors import StorageError
store = open_store({str(tmp_path / "s")!r})
store.put("tas/c.0", b"old")
for operation in (store.put, store.put_durable):
    try:
        operation("tas/c.0", bytes(1 << 20))
    except StorageError as err:
        assert "1,048,576 bytes were to be written" in str(err), err
    else:
        raise SystemExit("no error")
assert store.get("tas/c.0") == b"old"
assert store.delete_partials() == 0
"""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_clock_is_the_stores_own(store: ArchiveStore) -> None:
    before = store.now()
    store.put("a", b"x")
    assert before <= store.modified("a") <= store.now()
    assert list(store.list()) == ["a"]


def test_free_space_is_known_before_the_store_exists(tmp_path: Path) -> None:
    assert ArchiveStore(tmp_path / "not" / "there").free_bytes() > 0
