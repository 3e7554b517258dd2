"""The journal: what is done and checked, so that a killed run goes on where it stood.

An append-only file of JSON lines with a checksum each. A torn last line is cut, a damaged line in
the middle is left out (its shard is done again); neither is an error.
"""

from __future__ import annotations

import json
import logging
import os
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, BinaryIO, Self

from climcomp.archive.keys import JOURNAL_KEY
from climcomp.archive.store import ArchiveStore, refusal
from climcomp.errors import ArchiveExistsError, StorageError

logger = logging.getLogger(__name__)

FORMAT = 1
SYNC_SECONDS = 1.0
_HEADER = "climcomp.journal"
# Any: what JSON holds.
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class JournalHeader:
    """Whose work the journal records: SHA-256 of the recipe, the plan, the source's identity."""

    recipe: str
    plan: str
    source: str
    format: int = FORMAT


class Journal:
    """The open journal of the one client that holds the store's lease.

    It lives from opening to `close`; only one process may have it open. Records survive a kill of
    the process at once, and a power cut a second later: whoever appends calls `tick` meanwhile.

    Parameters
    ----------
    store
        Of the archive.
    header
        Of this run.

    Raises
    ------
    ArchiveExistsError
        If the journal is another recipe's, plan's or source's.
    StorageError
        If the file system refuses.
    """

    def __init__(self, store: ArchiveStore, header: JournalHeader) -> None:
        self._store = store
        self._unsynced = False
        self._synced_at = time.monotonic()
        self._end = self._opened_end = _recover(store, header)
        path = store.path(JOURNAL_KEY)
        with self._refusals(0):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            os.ftruncate(self._file, self._end)
        if self._end == 0:
            self.append({_HEADER: asdict(header)})
            self.flush()
            store.make_durable([JOURNAL_KEY])

    def records(self) -> Iterator[Record]:
        """The sound records that were there on opening, oldest first, one in memory at a time."""
        if self._opened_end:
            with self._store.path(JOURNAL_KEY).open("rb") as file:
                yield from _sound_records(file, self._opened_end)

    def load(self) -> list[Record]:
        """All of `records` at once."""
        return list(self.records())

    def append(self, record: Record) -> None:
        """Add a record.

        Raises
        ------
        StorageError
            If the file system refuses; the journal stays as it was before this record.
        """
        line = _line(record)
        with self._refusals(len(line)):
            try:
                rest = memoryview(line)
                while rest:
                    written = os.pwrite(self._file, rest, self._end + len(line) - len(rest))
                    rest = rest[written:]
            except OSError:
                os.ftruncate(self._file, self._end)
                raise
        self._end += len(line)
        self._unsynced = True
        self.tick()

    def tick(self) -> None:
        """Flush if a second has gone by since the last time."""
        if self._unsynced and time.monotonic() - self._synced_at >= SYNC_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Have everything appended so far survive a power cut, now.

        Raises
        ------
        StorageError
            If the file system refuses.
        """
        with self._refusals(0):
            os.fsync(self._file)
        self._unsynced = False
        self._synced_at = time.monotonic()

    def close(self) -> None:
        """Flush and let the file go; closing twice does nothing."""
        if self._file < 0:
            return
        try:
            self.flush()
        finally:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except StorageError:
            # The full disk that ended the run refuses this too: its own error is the one to tell.
            if error is None:
                raise

    @contextmanager
    def _refusals(self, wanted_bytes: int) -> Iterator[None]:
        try:
            yield
        except StorageError:
            raise
        except OSError as err:
            raise refusal(self._store, JOURNAL_KEY, wanted_bytes, err) from err


def read_journal(store: ArchiveStore) -> tuple[JournalHeader | None, list[Record]]:
    """The header and the sound records of a journal that nobody need hold; None if there is none.

    Records without a sound header are nobody's: they are left out.
    """
    try:
        with store.path(JOURNAL_KEY).open("rb") as file:
            header, end = _read_header(file)
            return header, list(_sound_records(file, end)) if header else []
    except FileNotFoundError:
        return None, []


def _recover(store: ArchiveStore, header: JournalHeader) -> int:
    """Where to go on: the end of the last whole line, or 0 to begin anew."""
    try:
        with store.path(JOURNAL_KEY).open("rb") as file:
            found, end = _read_header(file)
    except FileNotFoundError:
        return 0
    if found is None:
        if end:
            logger.warning("%s: no sound header: the journal begins anew", JOURNAL_KEY)
        return 0
    if found != header:
        differences = ", ".join(
            f"its {name} is {getattr(found, name)}, this run's is {getattr(header, name)}"
            for name in JournalHeader.__slots__
            if getattr(found, name) != getattr(header, name)
        )
        raise ArchiveExistsError(
            f"{store.root} holds the unfinished work of another run: {differences}. Run with the "
            "recipe and source it was begun with, name another output.store, or delete it."
        )
    return end


def _read_header(file: BinaryIO) -> tuple[JournalHeader | None, int]:
    """The header, and the length of the journal up to its last whole line."""
    header = None
    end = 0
    for line in file:
        if not line.endswith(b"\n"):
            break
        end += len(line)
        if header is None and (record := _record(line)) is not None and _HEADER in record:
            fields = record[_HEADER]
            header = JournalHeader(**{name: fields.get(name) for name in JournalHeader.__slots__})
    return header, end


def _sound_records(file: BinaryIO, end: int) -> Iterator[Record]:
    file.seek(0)
    at = 0
    for number, line in enumerate(file, start=1):
        at += len(line)
        if at > end:
            return
        record = _record(line)
        if record is None:
            logger.warning("%s: line %d is damaged and left out", JOURNAL_KEY, number)
        elif _HEADER not in record:
            yield record


def _line(record: Record) -> bytes:
    text = json.dumps(record, separators=(",", ":")).encode()
    return b'{"crc":"%08x","record":%s}\n' % (zlib.crc32(text), text)


def _record(line: bytes) -> Record | None:
    """The record of a line, or None if the line is not what was written."""
    head, text, tail = line[:27], line[27:-2], line[-2:]
    if tail != b"}\n" or head != b'{"crc":"%08x","record":' % zlib.crc32(text):
        return None
    record = json.loads(text)
    return record if isinstance(record, dict) else None
