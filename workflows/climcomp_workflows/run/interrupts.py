"""Ctrl-C and the signals of batch systems: none is lost, wherever it comes."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class Interrupts:
    """Notes each signal whose handler is to end the run; lives as long as the run.

    What a handler raises while Python runs a destructor or a callback of its garbage collector is
    dropped (seen: Ctrl-C in Dask's timing of that collector, and in a callback of numba's compiler,
    and the run went on). So the run also asks, now and then, and nothing is printed of it.
    """

    def __init__(self) -> None:
        self._seen: int | None = None
        self._before: dict[int, Callable[[int, FrameType | None], Any]] = {}
        self._hook = sys.unraisablehook

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (getattr(signal, name) for name in _NAMES if hasattr(signal, name)):
                handler = signal.getsignal(number)
                # What is ignored, or ends the process without asking Python, stays as it is.
                if callable(handler):
                    self._before[number] = handler
                    signal.signal(number, self._note)
        self._hook, sys.unraisablehook = sys.unraisablehook, self._dropped
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        sys.unraisablehook = self._hook
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _dropped(self, what: Any) -> None:  # Any: sys.UnraisableHookArgs is there for checkers only
        """Say what Python had to drop, unless it is the signal that `check` raises again."""
        if self._seen is None or not issubclass(what.exc_type, KeyboardInterrupt):
            self._hook(what)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._seen = number
        self._before[number](number, frame)

    def check(self) -> None:
        """Raise a KeyboardInterrupt if one was due."""
        if self._seen is not None:
            name = signal.Signals(self._seen).name
            raise KeyboardInterrupt(*(() if name == "SIGINT" else (f"by {name}",)))
