"""Tasks on a local Dask cluster: one process of one thread per core."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import Any

from climcomp.errors import ClimcompError
from climcomp_workflows.cluster.devices import GPU
from climcomp_workflows.cluster.executor import DeviceLostError, Ticket, WorkerLostError
from climcomp_workflows.cluster.local import SETTINGS, client_of, local_cluster

logger = logging.getLogger(__name__)

# How long a run goes on without a single worker: a nanny needs seconds to replace a dead one.
PATIENCE_SECONDS = 60.0
# A finished result is a few kB on a living worker of this machine.
RESULT_SECONDS = 10.0

_AGAIN = "Run again: what is done stays done."
# A worker that is free takes the waiting task of the highest priority: one that needs its device
# never waits for those that do not.
_PRIORITY = 1


@dataclass(frozen=True, slots=True)
class _Sent:
    """A task that was submitted."""

    label: object
    resource: str | None


class DaskExecutor:
    """Tasks on a local Dask cluster: one process of one thread per core, on loopback only.

    Parameters
    ----------
    gpus
        How many of the workers have a device; 0 from then on when none of these has been there for
        a minute.
    """

    def __init__(self, workers: int, memory_bytes: int | None = None, gpus: int = 0) -> None:
        import dask
        import distributed  # noqa: F401  # its defaults must stand before they are overridden

        self._running: dict[Any, _Sent] = {}
        self.slots = workers
        self.gpus = gpus
        with contextlib.ExitStack() as undo:  # Ctrl-C may come in the middle of this, too
            undo.enter_context(dask.config.set(SETTINGS))
            # What a task raises comes back as its error; what Dask itself logs when a worker dies
            # is noise, and so is what its callbacks trip over when Ctrl-C comes between two steps
            # of it (seen: NameError in distributed.utils.sync).
            for name in ("distributed", "tornado.application"):
                logging.getLogger(name).setLevel(logging.CRITICAL)
            self._cluster = undo.enter_context(local_cluster(workers, memory_bytes, gpus))
            self._client = undo.enter_context(client_of(self._cluster))
            self._undo = undo.pop_all()
        self._alive = self._device_seen = time.monotonic()

    def submit(
        self,
        label: object,
        function: Callable[..., Any],
        *arguments: Any,
        resource: str | None = None,
    ) -> None:
        """Send the task to a worker that is free, or will be."""
        needs = {} if resource is None else {"resources": {resource: 1}, "priority": _PRIORITY}
        future = self._client.submit(function, *arguments, pure=False, **needs)
        self._running[future] = _Sent(label, resource)

    def wait(self, timeout: float) -> list[Ticket]:
        """The tickets of tasks that have ended.

        Raises
        ------
        WorkerLostError
            If there has been no worker for long, or the cluster is gone.
        """
        from distributed import wait

        if not self._running:
            return []
        try:
            done = wait(list(self._running), timeout=timeout, return_when="FIRST_COMPLETED").done
        except TimeoutError:
            done = set()
        except CancelledError as error:
            raise WorkerLostError(
                f"the Dask cluster gave up {len(self._running)} tasks ({error}): its scheduler has "
                f"ended, or was told to. {_AGAIN}"
            ) from error
        tickets = [ticket for future in done if (ticket := self._ticket(future)) is not None]
        tickets += self._without_device()
        if tickets:
            self._alive = time.monotonic()
        else:
            self._refuse_to_wait_for_nobody()
        return tickets

    def _ticket(self, future: Any) -> Ticket | None:  # Any: distributed has no annotations
        """The outcome of a future; None if its worker died before the result could be fetched."""
        sent = self._running[future]
        ticket = Ticket(sent.label)
        try:
            ticket.result = future.result(timeout=RESULT_SECONDS)
        except TimeoutError:
            if future.status != "error":
                return None  # Dask runs the task once more
            ticket.error = future.exception()
        except Exception as error:
            # Whatever a task raised: the caller decides what it means.
            ticket.error = error
        if ticket.error is not None:
            ticket.error = in_our_words(ticket.label, ticket.error, sent.resource)
        del self._running[future]
        future.release()  # a held result keeps its worker from ending in order
        return ticket

    def _without_device(self) -> list[Ticket]:
        """Tickets of the tasks that need a device, once no worker with one has been there long."""
        now = time.monotonic()
        waiting = [future for future, sent in self._running.items() if sent.resource == GPU]
        workers = list(self._cluster.scheduler.workers.values())
        if not waiting or any(GPU in worker.resources for worker in workers):
            self._device_seen = now
        if now - self._device_seen <= PATIENCE_SECONDS or not workers:
            return []
        self.gpus = 0
        tickets = []
        for future in waiting:
            ticket = Ticket(self._running.pop(future).label)
            ticket.error = DeviceLostError(
                f"there has been no worker with a GPU for {now - self._device_seen:.0f} s"
            )
            future.cancel()
            tickets.append(ticket)
        logger.warning("no worker with a GPU came back: the rest is done without")
        return tickets

    def _refuse_to_wait_for_nobody(self) -> None:
        now = time.monotonic()
        if self._client.status == "running" and self._cluster.scheduler.workers:
            self._alive = now
        elif now - self._alive > PATIENCE_SECONDS:
            raise WorkerLostError(
                f"there has been no worker for {now - self._alive:.0f} s, and "
                f"{len(self._running)} tasks wait for one; wanted {self.slots}. They die as they "
                f"start, or something ends them: look at the memory and process limits of this "
                f"machine, and at its system log. {_AGAIN}"
            )

    def everywhere(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Run it on every worker; what a worker that dies meanwhile would have done is left undone.

        Raises
        ------
        ClimcompError
            The first that a worker raised.
        """
        outcomes = self._client.run(function, *arguments, on_error="return")
        errors = [outcome for outcome in outcomes.values() if isinstance(outcome, Exception)]
        for error in errors:
            if isinstance(error, ClimcompError):
                raise error
            logger.warning("a worker was lost while it was to end its work: %s", error)

    def describe(self) -> str:
        """One line for the log, with the dashboard's address."""
        dashboard = str(self._cluster.dashboard_link)
        if importlib.util.find_spec("bokeh") is None:
            dashboard += " (its pages need: pip install 'climcomp[dashboard]')"
        devices = f", {self.gpus} of them with a GPU" if self.gpus else ""
        return f"{self.slots} Dask workers of one thread each{devices}; dashboard {dashboard}"

    def close(self) -> None:
        """Stop the workers, running or not."""
        self._running.clear()
        self._undo.close()


def in_our_words(label: object, error: BaseException, resource: str | None = None) -> BaseException:
    """Errors of Dask and of memory as what a person can do about them; all others as they are."""
    from distributed import KilledWorker

    if isinstance(error, KilledWorker) and resource is not None:
        return DeviceLostError(
            f"workers with a {resource} died {error.allowed_failures + 1} times while they worked "
            f"on it or were to"
        )
    if isinstance(error, KilledWorker):
        what = f"workers died {error.allowed_failures + 1} times while they worked on {label}"
    elif isinstance(error, MemoryError):
        what = f"a worker ran out of memory while it worked on {label} ({error})"
    elif isinstance(error, CancelledError):
        return WorkerLostError(f"the Dask cluster gave up {label} ({error}). {_AGAIN}")
    else:
        return error
    return WorkerLostError(
        f"{what}: mostly a sign that memory ran out. Give workers more memory (cluster.memory), "
        f"use fewer of them (cluster.workers) or smaller shards (output.shard_size). {_AGAIN}"
    )
