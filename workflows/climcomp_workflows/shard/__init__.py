"""One shard on a worker: the only work that Dask sees."""

from climcomp_workflows.shard.again import measure_again
from climcomp_workflows.shard.compress import compress_shard
from climcomp_workflows.shard.encode import encode_shard
from climcomp_workflows.shard.place import column_of, place_of, rung_bounds
from climcomp_workflows.shard.task import ShardResult, ShardTask
from climcomp_workflows.shard.values import (
    as_read,
    decoded_values,
    read_original,
    same_bits,
    source_checksum,
)

__all__ = [
    "ShardResult",
    "ShardTask",
    "as_read",
    "column_of",
    "compress_shard",
    "decoded_values",
    "encode_shard",
    "measure_again",
    "place_of",
    "read_original",
    "rung_bounds",
    "same_bits",
    "source_checksum",
]
