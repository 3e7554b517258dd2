"""Tasks in this process, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from climcomp.errors import ClimcompError
from climcomp_workflows.cluster.executor import Ticket


class InlineExecutor:
    """Runs each task in this process as it is submitted: for small data and for debugging."""

    slots = 1

    def __init__(self) -> None:
        self._done: list[Ticket] = []

    def submit(self, label: object, function: Callable[..., Any], *arguments: Any) -> None:
        """Run the task now."""
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
        return "in this process, one shard at a time"

    def close(self) -> None:
        """Nothing to stop."""
