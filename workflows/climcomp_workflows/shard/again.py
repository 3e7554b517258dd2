"""Measuring a stored shard again, where its statistics were lost with a worker."""

from __future__ import annotations

import hashlib

from climcomp.archive import check_epoch, read_shard, shard_key, shard_region
from climcomp.errors import ArchiveDamagedError
from climcomp_workflows.context import context_of
from climcomp_workflows.shard.compress import measure_pair
from climcomp_workflows.shard.place import column_of, place_of
from climcomp_workflows.shard.task import ShardTask
from climcomp_workflows.shard.values import as_read, read_original
from climcomp_workflows.states import Index


def measure_again(task: ShardTask) -> Index:
    """Add a stored shard to the statistics: from the source, and from the bytes in the store.

    Raises
    ------
    ArchiveDamagedError
        If the stored bytes are gone or do not decode.
    LeaseLostError
        If another run has taken the store over.
    SourceError
        If the source cannot be read, or has changed.
    """
    context = context_of(task.run)
    variable = context.plan.variable(task.variable)
    assert variable.settings is not None
    spec = variable.spec
    region = shard_region(spec, task.index)
    _, original, _ = read_original(variable, context.source(variable), region)
    key = shard_key(spec, task.index)
    try:
        data = context.store.get(key)
    except FileNotFoundError as err:
        raise ArchiveDamagedError(
            f"{key} was stored and is gone from {context.store.root}: somebody removed it. Nothing "
            f"is published. Run again: the shard is compressed anew."
        ) from err
    stored = read_shard(spec, task.index, data)
    decoded = as_read(variable, context, stored)
    state = measure_pair(variable, context, original, decoded, place_of(variable, region))
    context.source(variable).check_region(variable.source_name, region)
    check_epoch(context.store, task.run.epoch)
    with context.lock:
        column = column_of(variable, task.index, task.attempt)
        context.accumulator.add(column, task.index, hashlib.sha256(data).hexdigest(), state)
    return task.index
