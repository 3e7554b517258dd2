"""Open files of this process: few at a time, opened when first read, closed when long unused."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from numpy.typing import NDArray

LIMIT = 64

# netCDF4 crashes when two threads are in it at once, even with separate files, and where it shares
# libhdf5 with h5py (conda) so do both together: one lock for all native libraries.
LOCK = threading.RLock()


class Handle(Protocol):
    """An open file."""

    def read(self, name: str, region: tuple[slice, ...]) -> NDArray[Any]:
        """Stored values of a region; every slice has start and stop and no step."""
        ...

    def close(self) -> None:
        """Give the file back; called once."""
        ...


class HandleCache:
    """The most recently read files of a process; it lives as long as the process.

    Files that were open when a process forked belong to the parent: the child forgets them.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self._handles: OrderedDict[str, Handle] = OrderedDict()
        self._process = os.getpid()

    def get(self, key: str, opener: Callable[[], Handle]) -> Handle:
        """The open file of that key; the caller holds `LOCK` while using it."""
        if self._process != os.getpid():
            self._handles = OrderedDict()
            self._process = os.getpid()
        if key in self._handles:
            self._handles.move_to_end(key)
            return self._handles[key]
        while len(self._handles) >= self.limit:
            self._handles.popitem(last=False)[1].close()
        handle = opener()
        self._handles[key] = handle
        return handle

    def close(self, keys: Iterable[str]) -> None:
        """Close these files if they are open."""
        with LOCK:
            for key in keys:
                handle = self._handles.pop(key, None)
                if handle is not None and self._process == os.getpid():
                    handle.close()

    def __len__(self) -> int:
        return len(self._handles)


HANDLES = HandleCache()
