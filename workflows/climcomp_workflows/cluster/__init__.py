"""Where tasks run: on a local Dask cluster of one-thread processes, or in this process."""

from climcomp_workflows.cluster.executor import (
    DeviceLostError,
    Executor,
    Ticket,
    WorkerLostError,
)
from climcomp_workflows.cluster.inline import InlineExecutor
from climcomp_workflows.cluster.make import make_executor
from climcomp_workflows.cluster.on_dask import DaskExecutor
from climcomp_workflows.cluster.window import run_tasks

__all__ = [
    "DaskExecutor",
    "DeviceLostError",
    "Executor",
    "InlineExecutor",
    "Ticket",
    "WorkerLostError",
    "make_executor",
    "run_tasks",
]
