"""Tasks in a flat window: as many under way as keep the workers busy, however large the input."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from climcomp_workflows.cluster.executor import Executor

# One at work and one waiting for each worker.
WINDOW = 2
T = TypeVar("T")


def run_tasks(
    executor: Executor, function: Callable[[Any], T], tasks: Iterable[tuple[str, Any]]
) -> Iterator[T]:
    """Results in the order in which they come; a task is its text for errors, and its argument.

    Raises
    ------
    ClimcompError
        What a task raised.
    """
    waiting = iter(tasks)
    open_tasks = 0
    exhausted = False
    while not exhausted or open_tasks:
        while not exhausted and open_tasks < WINDOW * executor.slots:
            task = next(waiting, None)
            if task is None:
                exhausted = True
            else:
                executor.submit(task[0], function, task[1])
                open_tasks += 1
        for ticket in executor.wait(1.0) if open_tasks else []:
            open_tasks -= 1
            if ticket.error is not None:
                raise ticket.error
            yield ticket.result
