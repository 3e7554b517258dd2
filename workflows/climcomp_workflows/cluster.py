"""Where tasks run: on a local Dask cluster of one-thread processes, or in this process."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable
from typing import Any, Protocol

from climcomp.errors import ClimcompError, UsageError

logger = logging.getLogger(__name__)

# Dask's own default of 65536 gives memory back so eagerly that runs took 40 % more CPU time
# (measured); glibc's defaults, set where the nanny spawns its worker, avoid it.
_WORKER_ENVIRONMENT = {
    "MALLOC_TRIM_THRESHOLD_": "268435456",
    "MALLOC_MMAP_THRESHOLD_": "67108864",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
}


class WorkerLostError(ClimcompError, RuntimeError):
    """Workers died on the same task again and again: mostly for want of memory."""


class Ticket:
    """One submitted task: who it is for, and its outcome once it is done."""

    __slots__ = ("error", "label", "result")

    def __init__(self, label: object) -> None:
        self.label = label
        self.result: Any = None
        self.error: BaseException | None = None


class Executor(Protocol):
    """Runs top-level functions over frozen values."""

    slots: int

    def submit(self, label: object, function: Callable[..., Any], *arguments: Any) -> None:
        """Start a task; its ticket comes out of `wait` with this label."""

    def wait(self, timeout: float) -> list[Ticket]:
        """The tickets of tasks that have ended, waiting at most `timeout` seconds for one."""

    def everywhere(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Run a function once in every process that runs tasks."""

    def describe(self) -> str:
        """One line on what this is, for the log."""

    def close(self) -> None:
        """Stop all processes; tasks that are under way are abandoned."""


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


class DaskExecutor:
    """Tasks on a local Dask cluster: one process of one thread per core, on loopback only."""

    def __init__(self, workers: int, memory_bytes: int | None = None) -> None:
        import dask
        from distributed import Client, LocalCluster

        self._config = dask.config.set(
            {
                "distributed.nanny.pre-spawn-environ": _WORKER_ENVIRONMENT,
                "distributed.scheduler.allowed-failures": 2,
                "distributed.worker.preload": ["climcomp_workflows.worker_setup"],
                # Shards never stand in a worker's store, so there is nothing to spill; pausing at
                # 80 % would only hang a run that the terminate limit ends with a clear error.
                "distributed.worker.memory.spill": False,
                "distributed.worker.memory.target": False,
                "distributed.worker.memory.pause": False,
            }
        )
        self._config.__enter__()
        # What a task raises comes back as its error; what Dask logs when a worker dies is noise.
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        self._cluster = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            worker_dashboard_address="127.0.0.1:0",
            memory_limit="auto" if memory_bytes is None else memory_bytes,
            silence_logs=logging.ERROR,
        )
        self._client = Client(self._cluster)
        self.slots = workers
        self._running: dict[Any, object] = {}

    def submit(self, label: object, function: Callable[..., Any], *arguments: Any) -> None:
        """Send the task to a worker that is free, or will be."""
        future = self._client.submit(function, *arguments, pure=False)
        self._running[future] = label

    def wait(self, timeout: float) -> list[Ticket]:
        """The tickets of tasks that have ended."""
        from distributed import KilledWorker, wait

        if not self._running:
            return []
        try:
            done = wait(list(self._running), timeout=timeout, return_when="FIRST_COMPLETED").done
        except TimeoutError:
            return []
        tickets = []
        for future in done:
            ticket = Ticket(self._running.pop(future))
            error = future.exception() if future.status in ("error", "cancelled") else None
            if isinstance(error, KilledWorker):
                error = WorkerLostError(
                    f"workers died {error.allowed_failures + 1} times while they worked on "
                    f"{ticket.label}: mostly a sign that memory ran out. Give workers more memory "
                    f"(cluster.memory), use fewer of them (cluster.workers) or smaller shards "
                    f"(output.shard_size), then run again: what is done stays done."
                )
            ticket.error = error
            if error is None:
                ticket.result = future.result()
            future.release()  # a held result keeps its worker from ending in order
            tickets.append(ticket)
        return tickets

    def everywhere(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Run it on every worker."""
        self._client.run(function, *arguments)

    def describe(self) -> str:
        """One line for the log, with the dashboard's address."""
        dashboard = str(self._cluster.dashboard_link)
        if importlib.util.find_spec("bokeh") is None:
            dashboard += " (its pages need: pip install 'climcomp[dashboard]')"
        return f"{self.slots} Dask workers of one thread each; dashboard {dashboard}"

    def close(self) -> None:
        """Stop the workers, running or not."""
        self._running.clear()
        self._client.close(timeout=5)
        self._cluster.close(timeout=10)
        self._config.__exit__(None, None, None)


def make_executor(kind: str, workers: int, memory_bytes: int | None = None) -> Executor:
    """The executor of a recipe's cluster section.

    Raises
    ------
    UsageError
        If the kind is unknown.
    """
    if kind == "inline":
        return InlineExecutor()
    if kind == "local":
        return DaskExecutor(workers, memory_bytes)
    raise UsageError(f"{kind!r} is no kind of cluster; known: local, inline")
