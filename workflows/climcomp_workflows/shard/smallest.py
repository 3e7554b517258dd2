"""The codec that makes a block smallest, told from a part of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs import get_codec
from climcomp.codecs.sample import sample_box
from climcomp.errors import BoundError, CodecError
from climcomp.frame import BlockEncoding, encode_block
from climcomp_workflows.plan.model import Rung

# Our own: below so many values a part tells nothing, and the block itself is coded every way.
WHOLE_UP_TO = 1 << 16


def encodings(rung: Rung, first: BlockEncoding) -> tuple[BlockEncoding, ...]:
    """How a block may be coded at a rung: as its codec does, or as one of its rivals."""
    rivals = (get_codec(name, **dict(settings)) for name, settings in rung.rivals)
    return (first, *(replace(first, codec=codec, keepbits=None) for codec in rivals))


def encode_smallest(block: NDArray[Any], ways: Sequence[BlockEncoding]) -> bytes:
    """The payload of a block by the way whose payload of a part of it is the smallest.

    The part is at most a sixteenth of the block. A rival that refuses the block is left out.

    Raises
    ------
    BoundError, CodecError
        If the first way, the rung's own, refuses the block.
    """
    if len(ways) == 1:
        return encode_block(block, ways[0])
    if block.size <= WHOLE_UP_TO:
        own = encode_block(block, ways[0])
        others = (_tried(block, way) for way in ways[1:])
        return min((own, *(payload for payload in others if payload is not None)), key=len)
    part = sample_box(block)
    sizes = [_size(part, way) for way in ways]
    best = ways[int(np.argmin(sizes))]
    if best is not ways[0]:
        payload = _tried(block, best)
        if payload is not None:
            return payload
    return encode_block(block, ways[0])


def _size(part: NDArray[Any], way: BlockEncoding) -> float:
    payload = _tried(part, way)
    return float("inf") if payload is None else len(payload)


def _tried(block: NDArray[Any], way: BlockEncoding) -> bytes | None:
    try:
        return encode_block(block, way)
    except (BoundError, CodecError):
        return None
