"""Claims about the journal: nothing that was recorded is lost, and no damage stops a run."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from climcomp.archive import journal as journal_module
from climcomp.archive.journal import Journal, JournalHeader, Record, read_journal
from climcomp.archive.keys import JOURNAL_KEY
from climcomp.archive.store import ArchiveStore, open_store
from climcomp.errors import ArchiveExistsError, StorageError

HEADER = JournalHeader(recipe="r" * 64, plan="p" * 64, source="s" * 64)
RECORDS: list[Record] = [{"key": f"tas/c.{n}", "text": 'ü\n"', "nan": None} for n in range(20)]


@pytest.fixture
def store(tmp_path: Path) -> ArchiveStore:
    return open_store(tmp_path)


def write(store: ArchiveStore, records: list[Record]) -> Path:
    with Journal(store, HEADER) as journal:
        for record in records:
            journal.append(record)
    return store.path(JOURNAL_KEY)


def load(store: ArchiveStore) -> list[Record]:
    with Journal(store, HEADER) as journal:
        return journal.load()


def test_records_come_back_in_order(store: ArchiveStore) -> None:
    write(store, RECORDS[:12])
    write(store, RECORDS[12:])
    assert load(store) == RECORDS
    assert read_journal(store) == (HEADER, RECORDS)


def test_there_may_be_no_journal(store: ArchiveStore) -> None:
    assert read_journal(store) == (None, [])


def test_a_journal_cut_anywhere_gives_its_whole_lines_and_goes_on(
    store: ArchiveStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)
    path = write(store, RECORDS[:3])
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        lines = whole[:length].count(b"\n")
        expected = RECORDS[: max(0, lines - 1)]
        assert load(store) == expected
        write(store, [RECORDS[7]])
        assert load(store) == [*expected, RECORDS[7]]


def test_a_damaged_line_costs_only_itself(
    store: ArchiveStore, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(store, RECORDS)
    lines = path.read_bytes().splitlines(keepends=True)
    for position in range(len(lines[5])):
        damaged = bytearray(lines[5])
        damaged[position] ^= 0x04
        path.write_bytes(b"".join([*lines[:5], bytes(damaged), *lines[6:]]))
        found = load(store)
        # A lost or a new line end spoils at most the neighbour too.
        assert [record for record in RECORDS if record not in found] in (
            [RECORDS[4]],
            [RECORDS[4], RECORDS[5]],
        )
        assert all(record in RECORDS for record in found)
    assert "is damaged and left out" in caplog.text


def test_a_journal_without_a_sound_header_begins_anew(
    store: ArchiveStore, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(store, RECORDS)
    path.write_bytes(b"#" + path.read_bytes()[1:])
    assert load(store) == []
    assert "begins anew" in caplog.text
    assert read_journal(store) == (HEADER, [])


@pytest.mark.parametrize("name", ["recipe", "plan", "source"])
def test_another_runs_journal_is_refused_with_both_digests(store: ArchiveStore, name: str) -> None:
    path = write(store, RECORDS)
    before = path.read_bytes()
    other = replace(HEADER, **{name: "x" * 64})
    with pytest.raises(ArchiveExistsError, match=f"its {name} is {name[0] * 64}.*{'x' * 64}"):
        Journal(store, other)
    assert path.read_bytes() == before


def test_a_journal_of_a_later_format_is_refused(store: ArchiveStore) -> None:
    with Journal(store, replace(HEADER, format=2)):
        pass
    with pytest.raises(ArchiveExistsError, match="its format is 2, this run's is 1"):
        Journal(store, HEADER)


def test_records_reach_the_disk_a_second_later_or_on_flush(
    store: ArchiveStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    synced: list[float] = []
    monkeypatch.setattr(journal_module.time, "monotonic", lambda: clock[0])
    with Journal(store, HEADER) as journal:
        monkeypatch.setattr(journal_module.os, "fsync", lambda _: synced.append(clock[0]))
        journal.append(RECORDS[0])
        journal.tick()
        assert synced == []
        clock[0] += 1
        journal.tick()
        journal.tick()
        assert synced == [101]
        clock[0] += 5
        journal.append(RECORDS[1])
        assert synced == [101, 106]
        journal.flush()
        assert synced == [101, 106, 106]


def test_a_full_disk_leaves_the_journal_as_it_was(
    store: ArchiveStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.pwrite

    def full(descriptor: int, data: bytes, offset: int) -> int:
        if len(data) < 40:
            raise OSError(28, "No space left on device")
        return real(descriptor, data[:-30], offset)

    with Journal(store, HEADER) as journal:
        journal.append(RECORDS[0])
        before = store.size(JOURNAL_KEY)
        with monkeypatch.context() as patch:
            patch.setattr(os, "pwrite", full)
            with pytest.raises(StorageError, match=r"the disk is full.*run again"):
                journal.append(RECORDS[1])
        assert store.size(JOURNAL_KEY) == before
        assert read_journal(store) == (HEADER, RECORDS[:1])
        journal.append(RECORDS[2])
    assert load(store) == [RECORDS[0], RECORDS[2]]


def test_partial_writes_are_finished(store: ArchiveStore, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, offset: real(fd, data[:7], offset))
    write(store, RECORDS)
    assert load(store) == RECORDS


def test_closing_twice_does_nothing(store: ArchiveStore) -> None:
    journal = Journal(store, HEADER)
    journal.close()
    journal.close()
