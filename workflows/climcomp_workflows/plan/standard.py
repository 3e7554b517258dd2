"""Settings of the standard codecs for a variable that keeps every bit."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, get_args

import numpy as np
from numcodecs.blosc import BITSHUFFLE, NOSHUFFLE, SHUFFLE, Blosc
from numpy.typing import NDArray

from climcomp.archive import ArraySpec
from climcomp.archive.spec import Shuffle
from climcomp.codecs import get_codec
from climcomp.frame import BlockEncoding, encode_block
from climcomp.source import Source, SourceVariable
from climcomp_workflows.plan.blocks import sample_blocks

_SHUFFLES: dict[Shuffle, int] = dict(
    zip(get_args(Shuffle), (NOSHUFFLE, SHUFFLE, BITSHUFFLE), strict=True)
)
# Blosc's zstd at 7 makes 50 to 500 MB/s; at 9, its hardest, 3 to 50, so only where 7 would leave an
# archive larger than its source (deflated coordinates were seen 1 to 8 % larger at 5).
USUAL_LEVEL, HARDEST_LEVEL = 7, 9
SAMPLE_BYTES = 4 << 20  # of each of two chunks: enough to rank three shuffles (our own)


def smallest_lossless(
    spec: ArraySpec, source: Source, variable: SourceVariable
) -> tuple[ArraySpec, int]:
    """The same array with the lossless coding that makes its sample smallest, and its size then.

    A spec of "block" stays so only where `climcomp.block` is smaller than the standard codecs,
    which every Zarr v3 reader knows. Of texts the size is that of the source.
    """
    if variable.dtype.kind not in "biuf" or variable.nbytes == 0:
        return spec, variable.storage_bytes
    blocks = []
    for _, values in sample_blocks(source, variable, spec.chunk, count=2):
        blocks.append(_beginning(values))
    share = sum(b.nbytes for b in blocks) / variable.nbytes
    level = USUAL_LEVEL
    shuffle, size = _smallest(blocks, level)
    if spec.codec == "block":
        encoding = BlockEncoding(get_codec("lossless"))
        block_size = sum(len(encode_block(block, encoding)) for block in blocks)
        if block_size <= min(size, variable.storage_bytes * share):
            return spec, math.ceil(block_size / share)
        size = min(size, block_size)
    if size > variable.storage_bytes * share:
        level = HARDEST_LEVEL
        shuffle, size = _smallest(blocks, level)
    return replace(spec, codec="standard", shuffle=shuffle, level=level), math.ceil(size / share)


def _beginning(values: NDArray[Any]) -> NDArray[Any]:
    """The first SAMPLE_BYTES of a block, about; it keeps its shape, of which codecs make use."""
    for axis in range(values.ndim):
        rows = max(1, SAMPLE_BYTES * values.shape[axis] // max(1, values.nbytes))
        values = values[(slice(None),) * axis + (slice(0, rows),)]
    return np.ascontiguousarray(values)


def _smallest(blocks: list[NDArray[np.generic]], level: int) -> tuple[Shuffle, int]:
    sizes = {
        name: sum(len(Blosc("zstd", level, code).encode(block)) for block in blocks)
        for name, code in _SHUFFLES.items()
    }
    best = min(sizes, key=lambda name: sizes[name])
    return best, sizes[best]
