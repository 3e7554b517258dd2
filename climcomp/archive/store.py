"""The archive's store: named objects in a directory, each written whole or not at all.

Only operations that an object store has too: put, conditional create, get, also of a range, list,
head, delete.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from climcomp.errors import ArchiveError, StorageError, UsageError

# Zarr never makes a key that begins with a dot, so what a killed writer left is told from data.
PARTIAL_PREFIX = ".climcomp-partial-"
_READ_SIZE = 1 << 20


@dataclass(frozen=True, slots=True)
class ArchiveStore:
    """Objects under the keys of one directory; cheap to make, picklable, without state.

    Parameters
    ----------
    root
        Need not exist: it is made with the first object.
    """

    root: Path

    def put(self, key: str, data: bytes) -> None:
        """Write an object: a reader sees the old one or all of the new one, never a part.

        After a power cut the object may be gone: see `put_durable` and `make_durable`.

        Raises
        ------
        StorageError
            If the file system refuses: what is done stays done.
        """
        with self._refusals(key, len(data)):
            partial = self._write_partial(key, data, durable=False)
            self._rename(partial, self._path(key))

    def put_durable(self, key: str, data: bytes) -> None:
        """Write an object that is there after a power cut, too."""
        with self._refusals(key, len(data)):
            partial = self._write_partial(key, data, durable=True)
            self._rename(partial, self._path(key))
            self._sync_folders(key)

    def create_exclusive(self, key: str, data: bytes) -> bool:
        """Write an object durably if there is none of that key; False, and no change, if there is.

        Of any number of processes that try at the same time, one gets True.
        """
        with self._refusals(key, len(data)):
            partial = self._write_partial(key, data, durable=True)
            try:
                created = _link(partial, self._path(key))
            finally:
                partial.unlink(missing_ok=True)
            self._sync_folders(key)
        return created

    def get(self, key: str) -> bytes:
        """The object's bytes.

        Raises
        ------
        FileNotFoundError
            If there is none.
        """
        return self._path(key).read_bytes()

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """A part of the object's bytes; fewer where the object ends before.

        Raises
        ------
        FileNotFoundError
            If there is none.
        """
        with self._path(key).open("rb") as file:
            file.seek(start)
            return file.read(length)

    def size(self, key: str) -> int:
        """The object's length in bytes; FileNotFoundError if there is none."""
        return self._path(key).stat().st_size

    def exists(self, key: str) -> bool:
        """Whether there is an object of that key."""
        return self._path(key).is_file()

    def modified(self, key: str) -> float:
        """When the object was written, in seconds of the store's own clock."""
        return self._path(key).stat().st_mtime_ns / 1e9

    def delete(self, key: str) -> None:
        """Take an object away; nothing happens if there is none."""
        with self._refusals(key, 0):
            self._path(key).unlink(missing_ok=True)

    def remove_empty_folders(self, prefix: str) -> None:
        """Remove the folders under a prefix that hold nothing: objects have none of their own."""
        top = self._path(prefix.rstrip("/")) if prefix else self.root
        for folder, _, _ in os.walk(top, topdown=False):
            with suppress(OSError):  # not empty, or gone
                os.rmdir(folder)

    def list(self, prefix: str = "") -> Iterator[str]:
        """All keys that begin with the prefix, a folder's keys in sorted order.

        What a killed writer left half-written is no object and is not listed.
        """
        folder = prefix.rpartition("/")[0]
        for key in _walk(self.root / folder, f"{folder}/" if folder else ""):
            if key.startswith(prefix) and not _is_partial(key):
                yield key

    def digest(self, key: str) -> str:
        """SHA-256 of the object as hexadecimal text, read in pieces."""
        result = hashlib.sha256()
        buffer = memoryview(bytearray(_READ_SIZE))
        with self._path(key).open("rb", buffering=0) as file:
            while count := file.readinto(buffer):
                result.update(buffer[:count])
        return result.hexdigest()

    def make_durable(self, keys: Iterable[str]) -> None:
        """Have what `put` wrote survive a power cut: every object, then each folder once."""
        folders = {}
        for key in keys:
            with self._refusals(key, 0):
                _sync(self._path(key))
            folders[key.rpartition("/")[0]] = key
        for key in folders.values():
            with self._refusals(key, 0):
                self._sync_folders(key)

    def now(self) -> float:
        """The store's clock, in seconds: not this machine's, which may differ by minutes."""
        key = "climcomp/clock"
        with self._refusals(key, 1):
            partial = self._write_partial(key, b".", durable=False)
            try:
                return partial.stat().st_mtime_ns / 1e9
            finally:
                partial.unlink(missing_ok=True)

    def free_bytes(self) -> int:
        """How much the file system still takes."""
        folder = self.root
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        return shutil.disk_usage(folder).free

    def delete_partials(self) -> int:
        """Clear away what killed writers left half-written, and say how many there were."""
        keys = [key for key in _walk(self.root, "") if _is_partial(key)]
        for key in keys:
            self.delete(key)
        return len(keys)

    def path(self, key: str) -> Path:
        """Where the object lies, for those that must append or map a file."""
        return self._path(key)

    def _path(self, key: str) -> Path:
        if not key or key.startswith("/") or ".." in key.split("/") or "\0" in key:
            raise UsageError(f"{key!r} is no key of a store; wanted a relative path without '..'")
        return self.root / key

    def _write_partial(self, key: str, data: bytes, *, durable: bool) -> Path:
        target = self._path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.parent / f"{PARTIAL_PREFIX}{os.getpid()}-{secrets.token_hex(8)}"
        try:
            # Unbuffered, so that a full disk is noticed here and not in a destructor.
            with partial.open("xb", buffering=0) as file:
                rest = memoryview(data).cast("B")
                while rest:
                    rest = rest[file.write(rest) or 0 :]
                if durable:
                    os.fsync(file.fileno())
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        return partial

    def _rename(self, partial: Path, target: Path) -> None:
        try:
            partial.replace(target)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise

    def _sync_folders(self, key: str) -> None:
        """Sync every folder from the object's up to the one that holds the store."""
        folder = self._path(key).parent
        while True:
            _sync(folder)
            if folder in (self.root.parent, folder.parent):
                return
            folder = folder.parent

    @contextmanager
    def _refusals(self, key: str, wanted_bytes: int) -> Iterator[None]:
        """Turn the file system's refusals into a StorageError that says what to do."""
        try:
            yield
        except OSError as err:
            raise refusal(self, key, wanted_bytes, err) from err


def open_store(path: str | os.PathLike[str]) -> ArchiveStore:
    """The store in a directory, which need not exist yet.

    Raises
    ------
    UsageError
        If the path is a URL: archives are written to file systems.
    ArchiveError
        If there is a file where the directory would be.
    """
    text = os.fspath(path)
    if "://" in text:
        raise UsageError(
            f"{text!r} is a URL; wanted the path of a directory: this version of climcomp writes "
            "and checks archives on file systems only. Run to a directory and copy the finished "
            "archive to the object store."
        )
    if not text:
        raise UsageError("the path of the archive is empty; wanted the path of a directory")
    root = Path(text).expanduser().absolute()
    if root.exists() and not root.is_dir():
        raise ArchiveError(
            f"{root} is a file; wanted a directory for the archive. Name another output.store."
        )
    return ArchiveStore(root)


def refusal(store: ArchiveStore, key: str, wanted_bytes: int, err: OSError) -> StorageError:
    try:
        free = f"{store.free_bytes():,} bytes are free"
    except OSError:
        free = "the free space is unknown"
    reasons = {
        errno.ENOSPC: "the disk is full",
        errno.EDQUOT: "the quota is used up",
        errno.EROFS: "the file system is read-only",
        errno.EACCES: "there is no permission to write",
        errno.EPERM: "there is no permission to write",
        errno.EFBIG: "the file would be larger than the limit",
    }
    reason = reasons.get(err.errno or 0, "the file system refused")
    full = err.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    step = "free space" if full else "make the directory writable, or name another"
    return StorageError(
        f"{store.root / key}: {reason} ({err.strerror or err}); {wanted_bytes:,} bytes were to be "
        f"written, {free}. What is done stays: {step} and run again."
    )


def _link(partial: Path, target: Path) -> bool:
    """Give a finished file its name unless the name is taken."""
    try:
        os.link(partial, target)
    except FileExistsError:
        # NFS may report the failure of a link whose first answer was lost: two names tell.
        return partial.stat().st_nlink == 2
    except OSError as err:
        if err.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
        return _create_in_place(partial, target)
    return True


def _create_in_place(partial: Path, target: Path) -> bool:
    """The same on file systems without hard links, where a kill can leave an empty object."""
    try:
        with target.open("xb", buffering=0) as file:
            file.write(partial.read_bytes())
            os.fsync(file.fileno())
    except FileExistsError:
        return False
    return True


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as err:
        # Some network file systems cannot sync a folder, and say so by EINVAL.
        if err.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


def _walk(folder: Path, prefix: str) -> Iterator[str]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(folder / entry.name, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name


def _is_partial(key: str) -> bool:
    return key.rpartition("/")[2].startswith(PARTIAL_PREFIX)
