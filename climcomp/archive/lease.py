"""The lease: one run at a time holds a store, and its workers notice when it is taken over.

Each taking is a numbered object of its own, made by exclusive create: the next number goes to
exactly one of any number of runs that see the same stale lease, and the highest number is the
holder's. An object store's conditional put is all this needs.
"""

from __future__ import annotations

import json
import os
import platform
import secrets
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from climcomp.archive.keys import LEASE_PREFIX, refuse_published
from climcomp.archive.store import ArchiveStore
from climcomp.errors import ArchiveExistsError, ArchiveLockedError, LeaseLostError, StorageError

RENEW_SECONDS = 10.0
STALE_SECONDS = 120.0
_UNIQUE_BITS = 32
# Long enough for three renewals to be missed: cloned machines may share name and machine id.
_REBOOT_SECONDS = 3 * RENEW_SECONDS


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lease: enough to tell, on the same machine, whether that process still lives."""

    epoch: int
    host: str
    machine: str
    boot: str
    pid_space: str
    pid: int
    started: str
    released: bool = False

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} (taking {_number(self.epoch)} of this store)"


class Lease:
    """A store held by this process, from `acquire` to `release`.

    Whoever holds it calls `check` at least every `RENEW_SECONDS`; without renewal it may be taken
    over after `STALE_SECONDS`, at once if this machine can see that the process is gone.
    """

    def __init__(self, store: ArchiveStore, holder: Holder) -> None:
        self._store = store
        self._holder = holder
        self._renewed = time.monotonic()

    @classmethod
    def acquire(cls, store: ArchiveStore, *, take_over: bool = False) -> Self:
        """Hold the store, or say who does.

        Parameters
        ----------
        take_over
            Take it from a run that seems alive: a person's decision, never a program's.

        Raises
        ------
        ArchiveExistsError
            If the store is published: a published store is never written again.
        ArchiveLockedError
            If another run holds it, or took it at the same moment.
        """
        refuse_published(store)
        newest = _newest(store)
        number = 1
        if newest is not None:
            number, present, age = newest
            if not take_over and not _is_stale(present, age):
                raise _locked(store, present, age)
            number += 1
        holder = _this_process((number << _UNIQUE_BITS) + secrets.randbits(_UNIQUE_BITS))
        if not store.create_exclusive(_key(number), _encode(holder)):
            raise _locked(store, _read(store, number), 0.0)
        # A run that looked long ago may have made a number that has come and gone.
        check_epoch(store, holder.epoch)
        return cls(store, holder)

    @property
    def epoch(self) -> int:
        """What workers check before each put: larger at each taking, and of this run alone."""
        return self._holder.epoch

    def check(self) -> None:
        """Renew the lease if it is time to.

        Raises
        ------
        LeaseLostError
            If another run has taken the store over.
        """
        if time.monotonic() - self._renewed >= RENEW_SECONDS:
            self.renew()

    def confirm(self) -> None:
        """Check that this run still holds the store, without renewing.

        Raises
        ------
        LeaseLostError
            If another run has taken the store over.
        """
        check_epoch(self._store, self.epoch)

    def renew(self) -> None:
        """Say that this run lives.

        Raises
        ------
        LeaseLostError
            If another run has taken the store over.
        """
        check_epoch(self._store, self.epoch)
        self._store.put(_key(_number(self.epoch)), _encode(self._holder))
        self._renewed = time.monotonic()

    def release(self) -> None:
        """Let the next run have the store at once; nothing happens if it was lost before.

        The object stays, marked: numbers only ever grow.
        """
        try:
            check_epoch(self._store, self.epoch)
        except (LeaseLostError, ArchiveExistsError):
            return
        released = replace(self._holder, released=True)
        self._store.put_durable(_key(_number(self.epoch)), _encode(released))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.release()
        except StorageError:
            # The full disk that ended the run refuses this too: its own error is the one to tell.
            if error is None:
                raise


def check_epoch(store: ArchiveStore, epoch: int) -> None:
    """Check that the run of this epoch still holds the store: one small read and two look-ups.

    Raises
    ------
    ArchiveExistsError
        If the store has been published meanwhile.
    LeaseLostError
        If another run holds it, or nobody.
    """
    refuse_published(store)
    present = _read(store, _number(epoch))
    if (
        present is not None
        and present.epoch == epoch
        and not present.released
        and not store.exists(_key(_number(epoch) + 1))
    ):
        return
    newest = _newest(store)
    raise LeaseLostError(
        f"{store.root} is held by {(newest and newest[1]) or 'nobody'} now, no longer by taking "
        f"{_number(epoch)}, which this process works for: the store was taken over. "
        "This run stops; what is done stays."
    )


def _number(epoch: int) -> int:
    return epoch >> _UNIQUE_BITS


def _key(number: int) -> str:
    return f"{LEASE_PREFIX}{number:08d}.json"


def _encode(holder: Holder) -> bytes:
    return json.dumps(asdict(holder)).encode()


def _read(store: ArchiveStore, number: int) -> Holder | None:
    """Who took the store that time; None if nobody did or the object is damaged."""
    try:
        return Holder(**json.loads(store.get(_key(number))))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _newest(store: ArchiveStore) -> tuple[int, Holder | None, float] | None:
    """The last taking, its holder and the seconds since it was renewed; None if there is none."""
    while keys := list(store.list(LEASE_PREFIX)):
        key = keys[-1]
        try:
            age = store.now() - store.modified(key)
        except FileNotFoundError:
            continue
        number = int(key.removeprefix(LEASE_PREFIX).removesuffix(".json"))
        return number, _read(store, number), age
    return None


def _is_stale(holder: Holder | None, age: float) -> bool:
    if age >= STALE_SECONDS:
        return True
    if holder is None:
        return False
    return holder.released or _is_dead(holder, age)


def _is_dead(holder: Holder, age: float) -> bool:
    """Whether this machine can see that the holder's process is gone; False where it cannot."""
    here = _this_process(holder.epoch)
    if not here.boot or not here.pid_space:
        return False
    if (holder.boot, holder.pid_space) == (here.boot, here.pid_space):
        return _is_gone(holder.pid, holder.started)
    same_machine = (holder.host, holder.machine) == (here.host, here.machine)
    return same_machine and holder.boot != here.boot and age >= _REBOOT_SECONDS


def _this_process(epoch: int) -> Holder:
    try:
        # Containers share a boot id, not their numbering of processes.
        pid_space = os.readlink("/proc/self/ns/pid")
    except OSError:
        pid_space = ""
    return Holder(
        epoch=epoch,
        host=platform.node(),
        machine=_text("/etc/machine-id"),
        boot=_text("/proc/sys/kernel/random/boot_id"),
        pid_space=pid_space,
        pid=os.getpid(),
        started=_started(os.getpid()),
    )


def _is_gone(pid: int, started: str) -> bool:
    """Whether the process is over: its number is free, another's, or only its parent's record."""
    found = _started(pid)
    if found:
        return found != started
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        # It lives, but /proc hides other people's processes here.
        return False
    return Path(f"/proc/{pid}/stat").exists()


def _started(pid: int) -> str:
    """When a living process began, in the kernel's ticks; "" if there is none or none is seen."""
    # Field 2 is the command's name, which may hold spaces and brackets; field 3 is the state.
    fields = _text(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return "" if len(fields) < 20 or fields[0] in "ZX" else fields[19]


def _text(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def _locked(store: ArchiveStore, holder: Holder | None, age: float) -> ArchiveLockedError:
    return ArchiveLockedError(
        f"{store.root} is held by {holder or 'a run that is just beginning'}, last heard of "
        f"{age:.0f} s ago; wanted a store that no other run writes. Wait for that run to end. If "
        f"it is dead, its lease ends {STALE_SECONDS:.0f} s after its last sign of life, or "
        "--take-over takes it now."
    )
