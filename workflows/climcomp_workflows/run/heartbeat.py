"""The heartbeat of a run: renews its lease, and notices when somebody has taken the store over."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from climcomp.archive import Lease
from climcomp.archive.lease import RENEW_SECONDS
from climcomp.errors import ClimcompError


class Heartbeat:
    """A thread that lives as long as a run holds its store."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._stop = threading.Event()
        self._error: ClimcompError | None = None
        self._thread = threading.Thread(target=self._beat, name="lease", daemon=True)

    def __enter__(self) -> Self:
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

    def check(self) -> None:
        """Raise what the last renewal met.

        Raises
        ------
        LeaseLostError
            If another run has taken the store over.
        StorageError
            If the file system refuses the renewal.
        """
        if self._error is not None:
            raise self._error

    def _beat(self) -> None:
        while not self._stop.wait(RENEW_SECONDS):
            try:
                self._lease.renew()
            except ClimcompError as error:
                self._error = error
                return
