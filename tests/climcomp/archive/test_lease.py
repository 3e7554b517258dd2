"""Claims about the lease: of any number of runs one holds the store, and the others know."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from climcomp.archive import lease as lease_module
from climcomp.archive.keys import LEASE_PREFIX, ROOT_KEY
from climcomp.archive.lease import RENEW_SECONDS, STALE_SECONDS, Lease, check_epoch
from climcomp.archive.store import ArchiveStore, open_store
from climcomp.errors import ArchiveExistsError, ArchiveLockedError, LeaseLostError

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
HOLD = """
import sys
from climcomp.archive.lease import Lease
from climcomp.archive.store import open_store
from climcomp.errors import ArchiveLockedError
store = open_store(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
try:
    lease = Lease.acquire(store)
except ArchiveLockedError:
    print("locked", flush=True)
else:
    print("held", lease.epoch >> 32, flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def store(tmp_path: Path) -> ArchiveStore:
    return open_store(tmp_path / "s")


@pytest.fixture
def holders(store: ArchiveStore) -> Iterator[list[subprocess.Popen[str]]]:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", HOLD, str(store.root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )
        for _ in range(6)
    ]
    for process in processes:
        assert line(process) == "ready"
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def go(processes: list[subprocess.Popen[str]]) -> list[str]:
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    return sorted(line(process) for process in processes)


def age(store: ArchiveStore, seconds: float) -> None:
    """Make the newest lease look as if it had last been renewed so long ago."""
    path = store.path(sorted(store.list(LEASE_PREFIX))[-1])
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))


def pretend(store: ArchiveStore, **changes: Any) -> None:
    """Make the newest lease look like another process's."""
    path = store.path(sorted(store.list(LEASE_PREFIX))[-1])
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_second_run_is_refused_and_told_who_holds_the_store(store: ArchiveStore) -> None:
    first = Lease.acquire(store)
    with pytest.raises(ArchiveLockedError, match=rf"process {os.getpid()} on .*--take-over"):
        Lease.acquire(store)
    first.release()
    Lease.acquire(store).release()


def test_one_of_many_runs_gets_a_free_store(
    store: ArchiveStore, holders: list[subprocess.Popen[str]]
) -> None:
    assert go(holders) == ["held 1"] + ["locked"] * 5


def test_one_of_many_runs_gets_a_stale_lease(
    store: ArchiveStore, holders: list[subprocess.Popen[str]]
) -> None:
    Lease.acquire(store)
    age(store, STALE_SECONDS)
    assert go(holders) == ["held 2"] + ["locked"] * 5


def test_a_killed_run_is_followed_at_once(
    store: ArchiveStore, holders: list[subprocess.Popen[str]]
) -> None:
    assert go(holders[:1]) == ["held 1"]
    with pytest.raises(ArchiveLockedError):
        Lease.acquire(store)
    holders[0].send_signal(signal.SIGKILL)
    # Not waited for: a zombie holds no lease.
    while lease_module._started(holders[0].pid):
        pass
    lease = Lease.acquire(store)
    holders[0].wait()
    with pytest.raises(ArchiveLockedError):
        Lease.acquire(store)
    lease.release()


def test_another_process_with_a_reused_number_holds_nothing(store: ArchiveStore) -> None:
    Lease.acquire(store)
    pretend(store, started="1")
    Lease.acquire(store)


@pytest.mark.parametrize(
    "changes",
    [
        {"host": "other", "boot": "other", "machine": "other", "pid": 1},
        {"boot": "other", "pid": 1},
        {"pid_space": "pid:[1]", "started": "1"},
        {"boot": "", "pid_space": "", "started": ""},
    ],
    ids=["another host", "just rebooted", "another container", "nothing known"],
)
def test_a_process_that_cannot_be_seen_may_be_alive(
    store: ArchiveStore, changes: dict[str, Any]
) -> None:
    Lease.acquire(store)
    pretend(store, **changes)
    with pytest.raises(ArchiveLockedError):
        Lease.acquire(store)
    age(store, STALE_SECONDS)
    Lease.acquire(store)


def test_a_lease_from_before_a_reboot_ends_after_three_missed_renewals(store: ArchiveStore) -> None:
    Lease.acquire(store)
    pretend(store, boot="before")
    age(store, 3 * RENEW_SECONDS)
    Lease.acquire(store)


def test_a_person_may_take_a_living_lease(store: ArchiveStore) -> None:
    old = Lease.acquire(store)
    new = Lease.acquire(store, take_over=True)
    assert new.epoch > old.epoch
    check_epoch(store, new.epoch)
    for use in (old.renew, lambda: check_epoch(store, old.epoch)):
        with pytest.raises(LeaseLostError, match="was taken over"):
            use()
    old.release()
    check_epoch(store, new.epoch)


def test_renewal_keeps_the_lease(store: ArchiveStore, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(lease_module.time, "monotonic", lambda: clock[0])
    lease = Lease.acquire(store)
    age(store, STALE_SECONDS)
    lease.check()
    assert store.now() - store.modified(next(store.list(LEASE_PREFIX))) >= STALE_SECONDS
    clock[0] = RENEW_SECONDS
    lease.check()
    with pytest.raises(ArchiveLockedError):
        Lease.acquire(store)
    check_epoch(store, lease.epoch)
    renewed = store.modified(next(store.list(LEASE_PREFIX)))
    lease.check()
    assert renewed == store.modified(next(store.list(LEASE_PREFIX)))


def test_an_epoch_is_of_one_run_alone(store: ArchiveStore) -> None:
    """Somebody deleted the store and began again: the same number, another run."""
    lease = Lease.acquire(store)
    with pytest.raises(LeaseLostError):
        check_epoch(store, lease.epoch ^ 1)


def test_epochs_grow_and_are_never_used_twice(store: ArchiveStore) -> None:
    epochs = []
    for _ in range(4):
        with Lease.acquire(store) as lease:
            epochs.append(lease.epoch)
    assert epochs == sorted(set(epochs))
    for epoch in epochs:
        with pytest.raises(LeaseLostError):
            check_epoch(store, epoch)


def test_a_late_run_cannot_make_a_number_that_has_gone(
    store: ArchiveStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looked before two others came; the first of them has gone with its object."""
    Lease.acquire(store).release()
    looked = lease_module._newest(store)
    Lease.acquire(store).release()
    Lease.acquire(store)
    store.delete(f"{LEASE_PREFIX}{2:08d}.json")
    answers = iter([looked])
    real = lease_module._newest
    monkeypatch.setattr(lease_module, "_newest", lambda store: next(answers, None) or real(store))
    with pytest.raises(LeaseLostError):
        Lease.acquire(store)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"epoch": 1}'])
def test_a_damaged_lease_is_held_until_it_is_old(store: ArchiveStore, content: bytes) -> None:
    lease = Lease.acquire(store)
    store.put(f"{LEASE_PREFIX}{1:08d}.json", content)
    with pytest.raises(LeaseLostError):
        check_epoch(store, lease.epoch)
    with pytest.raises(ArchiveLockedError, match="just beginning"):
        Lease.acquire(store)
    age(store, STALE_SECONDS)
    Lease.acquire(store)


def test_a_published_store_is_never_held(store: ArchiveStore) -> None:
    lease = Lease.acquire(store)
    store.put(ROOT_KEY, b"{}")
    with pytest.raises(ArchiveExistsError, match="published already"):
        Lease.acquire(store, take_over=True)
    with pytest.raises(ArchiveExistsError):
        check_epoch(store, lease.epoch)
    lease.release()
