"""Where tasks run: on a local Dask cluster of one-thread processes, or in this process."""

from climcomp_workflows.cluster.executor import Executor, Ticket, WorkerLostError
from climcomp_workflows.cluster.inline import InlineExecutor
from climcomp_workflows.cluster.make import make_executor
from climcomp_workflows.cluster.on_dask import DaskExecutor

__all__ = [
    "DaskExecutor",
    "Executor",
    "InlineExecutor",
    "Ticket",
    "WorkerLostError",
    "make_executor",
]
