"""The processes of a run: started while it is planned, gone when it ends."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from climcomp_workflows.cluster import Executor, make_executor
from climcomp_workflows.recipe import Recipe
from climcomp_workflows.warm_up import warm_up
from climcomp_workflows.workers import GpuWorkers


@contextmanager
def starting_executor(recipe: Recipe, found: GpuWorkers) -> Iterator[Callable[[], Executor]]:
    """Start the workers beside the planning, and hand them out when they are wanted.

    Whether the plan has shards for a device is not known then: those workers whose tag nobody asks
    for are like the others, and never import torch.

    Starting takes seconds in which the plan needs one core only. Whatever happens, the workers are
    gone at the end.
    """

    def start() -> Executor:
        cluster = recipe.cluster
        memory = None if cluster.memory == "auto" else cluster.memory
        executor = make_executor(cluster.kind, found.workers, memory, found.gpus)
        if cluster.kind != "inline":
            executor.everywhere(warm_up)
        return executor

    if recipe.cluster.kind != "inline":
        # Before the thread: pint and xarray import Dask too, and two threads that import modules
        # which import each other meet half-made ones (seen: dask.base without annotate).
        importlib.import_module("distributed")
    with ThreadPoolExecutor(1, thread_name_prefix="cluster") as pool:
        starting = pool.submit(start)
        try:
            yield starting.result
        finally:
            if starting.exception() is None:
                starting.result().close()
