"""The executor that a recipe asks for."""

from __future__ import annotations

from climcomp.errors import UsageError
from climcomp_workflows.cluster.executor import Executor
from climcomp_workflows.cluster.inline import InlineExecutor
from climcomp_workflows.cluster.on_dask import DaskExecutor


def make_executor(
    kind: str, workers: int, memory_bytes: int | None = None, gpus: int = 0
) -> Executor:
    """The executor of a recipe's cluster section; so many of its workers have a device.

    Raises
    ------
    UsageError
        If the kind is unknown.
    """
    if kind == "inline":
        return InlineExecutor(gpus)
    if kind == "local":
        return DaskExecutor(workers, memory_bytes, gpus)
    raise UsageError(f"{kind!r} is no kind of cluster; known: local, inline")
