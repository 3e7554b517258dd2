"""Where tasks run: on a local Dask cluster of one-thread processes, or in this process."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from multiprocessing import resource_tracker
from typing import Any, Protocol

from climcomp.errors import ClimcompError, UsageError

logger = logging.getLogger(__name__)

# How long a run goes on without a single worker: a nanny needs seconds to replace a dead one.
PATIENCE_SECONDS = 60.0
# A finished result is a few kB on a living worker of this machine.
RESULT_SECONDS = 10.0

_AGAIN = "Run again: what is done stays done."

# Dask's own default of 65536 gives memory back so eagerly that runs took 40 % more CPU time
# (measured); glibc's defaults, set where the nanny spawns its worker, avoid it.
_WORKER_ENVIRONMENT = {
    "MALLOC_TRIM_THRESHOLD_": "134217728",
    "MALLOC_MMAP_THRESHOLD_": "33554432",
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
        self._running: dict[Any, object] = {}
        self.slots = workers
        with contextlib.ExitStack() as undo:  # Ctrl-C may come in the middle of this, too
            undo.enter_context(self._config)
            # What a task raises comes back as its error; what Dask itself logs when a worker dies
            # is noise.
            logging.getLogger("distributed").setLevel(logging.CRITICAL)
            self._cluster = undo.enter_context(_local_cluster(workers, memory_bytes))
            self._client = undo.enter_context(_client(self._cluster))
            self._undo = undo.pop_all()
        self._alive = time.monotonic()

    def submit(self, label: object, function: Callable[..., Any], *arguments: Any) -> None:
        """Send the task to a worker that is free, or will be."""
        future = self._client.submit(function, *arguments, pure=False)
        self._running[future] = label

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
        if tickets:
            self._alive = time.monotonic()
        else:
            self._refuse_to_wait_for_nobody()
        return tickets

    def _ticket(self, future: Any) -> Ticket | None:  # Any: distributed has no annotations
        """The outcome of a future; None if its worker died before the result could be fetched."""
        ticket = Ticket(self._running[future])
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
            ticket.error = _in_our_words(ticket.label, ticket.error)
        del self._running[future]
        future.release()  # a held result keeps its worker from ending in order
        return ticket

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
        return f"{self.slots} Dask workers of one thread each; dashboard {dashboard}"

    def close(self) -> None:
        """Stop the workers, running or not."""
        self._running.clear()
        self._undo.close()


@contextlib.contextmanager
def _local_cluster(workers: int, memory_bytes: int | None) -> Iterator[Any]:
    from distributed import LocalCluster

    try:
        with _without_interrupts():
            cluster = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                worker_dashboard_address="127.0.0.1:0",
                memory_limit="auto" if memory_bytes is None else memory_bytes,
                silence_logs=logging.ERROR,
            )
    except (OSError, RuntimeError, TimeoutError) as error:
        raise WorkerLostError(
            f"{workers} local Dask workers could not be started ({error}). Use fewer "
            f"(cluster.workers), look at the memory and process limits of this machine, or work in "
            f"this process (cluster.kind: inline)."
        ) from error
    try:
        yield cluster
    finally:
        with _quiet_end("the cluster"):
            cluster.close(timeout=10)


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Let no thread or process that begins in here ever see Ctrl-C; this one sees it afterwards.

    A terminal sends it to all processes. It is this one that ends the run in order; workers that
    met it while they start would bury its last words under their tracebacks.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # It lets signals through again in the thread that starts it, which would be one of those here.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _client(cluster: Any) -> Iterator[Any]:
    from distributed import Client

    client = Client(cluster)
    try:
        yield client
    finally:
        with _quiet_end("its client"):
            client.close(timeout=5)


@contextlib.contextmanager
def _quiet_end(what: str) -> Iterator[None]:
    """Let no trouble in stopping processes hide how the work itself went."""
    try:
        yield
    except (OSError, RuntimeError, TimeoutError, ValueError) as error:
        logger.debug("%s did not end in order: %s", what, error)


def _in_our_words(label: object, error: BaseException) -> BaseException:
    """Errors of Dask and of memory as what a person can do about them; all others as they are."""
    from distributed import KilledWorker

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
