"""Tasks in this process, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from climcomp.errors import ClimcompError
from climcomp_workflows.cluster import devices
from climcomp_workflows.cluster.devices import use_device
from climcomp_workflows.cluster.executor import Ticket


class InlineExecutor:
    """Runs each task in this process as it is submitted: for small data and for debugging.

    Parameters
    ----------
    gpus
        1: the process codes on its first device until the executor is closed; 0: on the CPU.
    """

    slots = 1

    def __init__(self, gpus: int = 0) -> None:
        self.gpus = gpus
        self._done: list[Ticket] = []
        if gpus:
            use_device(devices.DEVICE)

    def submit(
        self,
        label: object,
        function: Callable[..., Any],
        *arguments: Any,
        resource: str | None = None,
    ) -> None:
        """Run the task now; this process has all that there is."""
        del resource
        ticket = Ticket(label)
        try:
            ticket.result = function(*arguments)
        except ClimcompError as error:
            ticket.error = error
        self._done.append(ticket)

    def wait(self, timeout: float) -> list[Ticket]:
        """The tickets of all tasks since the last call."""
        del timeout
        done, self._done = self._done, []
        return done

    def everywhere(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Run it here."""
        function(*arguments)

    def describe(self) -> str:
        """One line for the log."""
        return "in this process, one shard at a time" + (", with a GPU" if self.gpus else "")

    def close(self) -> None:
        """Nothing to stop; the device is left."""
        if self.gpus:
            use_device(None)
