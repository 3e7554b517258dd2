"""Variables that are carried over whole: coordinates, bounds, texts, and all that is small."""

from __future__ import annotations

from climcomp.archive import ArchiveStore, Entry, read_shard, shard_indices, shard_key, write_whole
from climcomp.archive.keys import refuse_published
from climcomp.blocks import chunk_region
from climcomp.errors import BoundNotKept
from climcomp.source import Source
from climcomp_workflows.plan.model import VariablePlan
from climcomp_workflows.shard import same_bits


def carry(store: ArchiveStore, source: Source, variable: VariablePlan) -> list[Entry]:
    """Write a variable whole, read it back, and give its objects.

    Raises
    ------
    BoundNotKept
        If what was written does not read back bit for bit.
    SourceError
        If the source cannot be read.
    StorageError
        If the store refuses.
    """
    refuse_published(store)
    values = source.read(variable.source_name)
    spec = variable.spec
    entries = write_whole(store, spec, values)
    for index in shard_indices(spec):
        key = shard_key(spec, index)
        region = chunk_region(index, spec.shape, spec.written)
        part = values[region] if region else values  # a value without dimensions stays an array
        if not same_bits(part, read_shard(spec, index, store.get(key))):
            raise BoundNotKept(
                f"{key}: the stored bytes give other values than the source: nothing is published. "
                f"Please report this, with the variable's type ({spec.dtype})."
            )
    return entries
