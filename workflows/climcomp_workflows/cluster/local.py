"""A local Dask cluster and its client, started and ended in order."""

from __future__ import annotations

import contextlib
import logging
import signal
from collections.abc import Iterator
from multiprocessing import resource_tracker
from typing import Any

from climcomp_workflows.cluster.devices import GPU, environment_of_worker
from climcomp_workflows.cluster.executor import WorkerLostError

logger = logging.getLogger(__name__)

# For glibc, read when the nanny spawns its worker. One arena, for what one thread of Zarr frees
# another cannot use; and freed blocks of chunks stay, so that the system need not clear them anew:
# a worker's peak fell from 705 to 666 MB and the system's share of its time from 0.20 to 0.06 s a
# shard of 128 MiB (Dask's own default of 65536 for trimming took 40 % more time). Arrays as large
# as shards still come from the system and go back to it.
_WORKER_ENVIRONMENT = {
    "MALLOC_TRIM_THRESHOLD_": "536870912",
    "MALLOC_MMAP_THRESHOLD_": "33554432",
    "MALLOC_ARENA_MAX": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
}
SETTINGS: dict[str, Any] = {
    "distributed.nanny.pre-spawn-environ": _WORKER_ENVIRONMENT,
    "distributed.scheduler.allowed-failures": 2,
    "distributed.worker.preload": ["climcomp_workflows.worker_setup"],
    # Shards never stand in a worker's store, so there is nothing to spill; pausing at
    # 80 % would only hang a run that the terminate limit ends with a clear error.
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.pause": False,
}


@contextlib.contextmanager
def local_cluster(workers: int, memory_bytes: int | None, gpus: int = 0) -> Iterator[Any]:
    """A Dask cluster of processes of one thread each on this machine, on loopback only.

    Parameters
    ----------
    gpus
        So many of the workers see one device each, and are tagged with it as a Dask resource.

    Raises
    ------
    WorkerLostError
        If its processes cannot be started.
    """
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
                worker_class=_nanny_with_devices(gpus),
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


def _nanny_with_devices(gpus: int) -> type:
    """The nanny of a worker: that of each of the first workers gives its process a device.

    The nanny starts a worker that died with the same tag and the same environment.
    """
    from distributed import Nanny

    class DeviceNanny(Nanny):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            number = options["name"]  # a cluster counts its workers from 0
            if number < gpus:
                options |= {"resources": {GPU: 1}, "env": environment_of_worker(number)}
            super().__init__(*arguments, **options)

    return DeviceNanny if gpus else Nanny


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
def client_of(cluster: Any) -> Iterator[Any]:
    """A client of a Dask cluster."""
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
