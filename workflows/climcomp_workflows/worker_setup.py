"""What every Dask worker process does once at its start: a preload of the cluster."""

from __future__ import annotations

import logging
import signal
from typing import Any

from climcomp_workflows.cluster.devices import GPU, use_device_of_worker


def dask_setup(worker: Any) -> None:  # Any: distributed hands over its own untyped worker
    """Keep Dask's own log quiet, and leave Ctrl-C to the client, which says how to resume.

    A worker that is tagged with a GPU gets its device here, also when it is started anew.

    A terminal sends the signal to the whole process group: workers that died of it first would
    bury the client's last words under their tracebacks.
    """
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if GPU in worker.state.total_resources:
        use_device_of_worker()
