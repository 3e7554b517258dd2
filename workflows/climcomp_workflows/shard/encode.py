"""The bytes of a shard at one rung of its variable's ladder."""

from __future__ import annotations

from collections import Counter
from typing import Any

from numpy.typing import NDArray

from climcomp.archive import build_shard, fill_value_of
from climcomp.blocks import chunk_count
from climcomp.codecs import get_codec
from climcomp.frame import BlockEncoding, read_header
from climcomp_metrics.field import Place
from climcomp_workflows.plan.model import Rung, VariablePlan
from climcomp_workflows.portable import round_within
from climcomp_workflows.shard.place import of_shard
from climcomp_workflows.shard.smallest import encode_smallest, encodings
from climcomp_workflows.states import Index


def encode_shard(
    variable: VariablePlan, rung: Rung, place: Place, index: Index, values: NDArray[Any]
) -> tuple[bytes, Counter[str]]:
    """The bytes of a shard at one rung, and how many blocks came to which codec.

    Levels that share a shard share its tightest bound: Zarr does not say which block is which.
    """
    bound = None
    if rung.bounds is not None:
        bound = min(of_shard(rung.bounds, place), key=lambda b: b.value)
    keepbits = None if rung.keepbits is None else max(of_shard(rung.keepbits, place))
    spec = variable.spec
    if spec.codec == "standard":
        if bound is not None:
            values = round_within(values, bound, variable.exact)
        count = chunk_count(values.shape, spec.chunk)
        return build_shard(spec, index, values, None), Counter({rung.codec: count})
    encoding = BlockEncoding(
        codec=get_codec(rung.codec, **dict(rung.settings)),
        bound=bound,
        keepbits=keepbits,
        exact=variable.exact,
        fill=float(fill_value_of(spec)),
    )
    ways = encodings(rung, encoding)
    blocks: Counter[str] = Counter()

    def encode(block: NDArray[Any]) -> bytes:
        payload = encode_smallest(block, ways)
        blocks[read_header(payload).codec] += 1
        return payload

    return build_shard(spec, index, values, encode), blocks
