"""What every place where tasks run offers: submit, wait, and a ticket for each task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from climcomp.errors import ClimcompError


class WorkerLostError(ClimcompError, RuntimeError):
    """Workers died on the same task again and again: mostly for want of memory."""


class DeviceLostError(WorkerLostError):
    """What a task needs beside a worker is gone; without it the task can be done elsewhere."""


class Ticket:
    """One submitted task: who it is for, and its outcome once it is done."""

    __slots__ = ("error", "label", "result")

    def __init__(self, label: object) -> None:
        self.label = label
        self.result: Any = None
        self.error: BaseException | None = None


class Executor(Protocol):
    """Runs top-level functions over frozen values.

    `slots` tasks run at a time, `gpus` of them with a device of their own.
    """

    slots: int
    gpus: int

    def submit(
        self,
        label: object,
        function: Callable[..., Any],
        *arguments: Any,
        resource: str | None = None,
    ) -> None:
        """Start a task; its ticket comes out of `wait` with this label.

        One with the resource `GPU` runs where there is a device, before others that wait there; its
        ticket has a DeviceLostError if no such place is left, or the task took it down.
        """

    def wait(self, timeout: float) -> list[Ticket]:
        """The tickets of tasks that have ended, waiting at most `timeout` seconds for one."""

    def everywhere(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Run a function once in every process that runs tasks."""

    def describe(self) -> str:
        """One line on what this is, for the log."""

    def close(self) -> None:
        """Stop all processes; tasks that are under way are abandoned."""
