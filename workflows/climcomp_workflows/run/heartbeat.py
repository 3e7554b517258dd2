"""The heartbeat of a run: renews its lease, and says when the run must not go on."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

from climcomp.archive import Lease
from climcomp.archive.lease import RENEW_SECONDS, STALE_SECONDS
from climcomp.errors import ArchiveExistsError, ClimcompError, LeaseLostError, StorageError
from climcomp_workflows.run.interrupts import Interrupts


class Heartbeat:
    """A thread that renews the lease, beside the run; lives as long as the run holds its store."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._interrupts = Interrupts()
        self._stop = threading.Event()
        self._error: ClimcompError | None = None
        self._thread = threading.Thread(target=self._beat, name="lease", daemon=True)

    def __enter__(self) -> Self:
        self._interrupts.__enter__()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._interrupts.__exit__(kind, error, trace)

    def check(self) -> None:
        """Make sure that the store is this run's, now, and that nobody wants it to end.

        Raises
        ------
        KeyboardInterrupt
            If a signal asked the run to end, and Python dropped what its handler raised.
        LeaseLostError
            If another run has taken the store over.
        StorageError
            If the file system has refused the renewals for so long that another run soon may.
        """
        self._interrupts.check()
        try:
            if self._error is not None:
                raise self._error
            self._lease.confirm()
        except ArchiveExistsError as error:
            raise LeaseLostError(
                f"another run has taken the store over and finished: {error}"
            ) from error

    def _beat(self) -> None:
        renewed = time.monotonic()
        while not self._stop.wait(RENEW_SECONDS):
            try:
                self._lease.renew()
                renewed = time.monotonic()
            except StorageError as error:
                # A server that is away for some seconds must not end a run of weeks.
                if time.monotonic() - renewed > STALE_SECONDS / 2:
                    self._error = error
                    return
            except ClimcompError as error:
                self._error = error
                return
            except OSError as error:
                if time.monotonic() - renewed > STALE_SECONDS / 2:
                    self._error = StorageError(
                        f"the store cannot be read to see who holds it ({error}). What is done "
                        f"stays: run again when it is back."
                    )
                    return
