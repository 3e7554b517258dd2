"""The codec that makes a block smallest, told from a part of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs import get_codec
from climcomp.codecs.sample import sample_box
from climcomp.errors import BoundError, CodecError, FitDiverged
from climcomp.frame import BlockEncoding, encode_block
from climcomp_workflows.plan.model import Rung

# Our own: below so many values a part tells nothing, and the block itself is coded every way.
WHOLE_UP_TO = 1 << 16

Job = tuple[NDArray[Any], BlockEncoding]
Outcome = bytes | BoundError | CodecError
"""A payload, or why the codec refuses the block."""
Encoder = Callable[[Iterable[Job]], list[Outcome]]


def encodings(rung: Rung, first: BlockEncoding) -> tuple[BlockEncoding, ...]:
    """How a block may be coded at a rung: as its codec does, or as one of its rivals."""
    rivals = (get_codec(name, **dict(settings)) for name, settings in rung.rivals)
    return (first, *(replace(first, codec=codec, keepbits=None) for codec in rivals))


def encode_each(jobs: Iterable[Job]) -> list[Outcome]:
    """The jobs one after the other, on the CPU."""
    return [_encoded(block, way) for block, way in jobs]


def encode_smallest(
    blocks: Iterable[NDArray[Any]],
    ways: Sequence[BlockEncoding],
    encode: Encoder = encode_each,
    tell: Callable[[str], None] = lambda text: None,
) -> list[bytes]:
    """The payload of each block by the way whose payload of a part of it is the smallest.

    The part is at most a sixteenth of the block. A rival that refuses the block is left out. Which
    way is taken does not depend on which blocks are given together.

    Parameters
    ----------
    encode
        Codes whatever is to be coded next, of all blocks at once.
    tell
        Is told why a block is coded without a network, where fitting one failed.

    Raises
    ------
    BoundError, CodecError
        If the first way, the rung's own, refuses a block.
    """
    if len(ways) == 1:
        return [_payload(outcome) for outcome in encode((block, ways[0]) for block in blocks)]
    whole = list(blocks)
    parts = (block if block.size <= WHOLE_UP_TO else sample_box(block) for block in whole)
    tried = encode((part, way) for part in parts for way in ways)
    rows = [tried[at : at + len(ways)] for at in range(0, len(tried), len(ways))]
    payloads: list[bytes] = [b""] * len(whole)
    large = [at for at, block in enumerate(whole) if block.size > WHOLE_UP_TO]
    for at, row in enumerate(rows):  # of a small block the first way has no other
        _tell_failures(row if at in large else row[1:], tell)
    best = {at: ways[int(np.argmin([_size(outcome) for outcome in rows[at]]))] for at in large}
    for at in set(range(len(whole))) - best.keys():
        own = _payload(rows[at][0])
        payloads[at] = min((own, *(p for p in rows[at][1:] if isinstance(p, bytes))), key=len)
    refused = []
    coded = encode((whole[at], way) for at, way in best.items())
    for (at, way), outcome in zip(best.items(), coded, strict=True):
        if way is ways[0] or isinstance(outcome, bytes):
            payloads[at] = _payload(outcome)
        else:
            _tell_failures([outcome], tell)
            refused.append(at)
    for at, outcome in zip(refused, encode((whole[at], ways[0]) for at in refused), strict=True):
        payloads[at] = _payload(outcome)
    return payloads


def _encoded(block: NDArray[Any], way: BlockEncoding) -> Outcome:
    try:
        return encode_block(block, way)
    except (BoundError, CodecError) as error:
        return error


def _tell_failures(outcomes: Iterable[Outcome], tell: Callable[[str], None]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, FitDiverged):
            tell(str(outcome))


def _size(outcome: Outcome) -> float:
    return len(outcome) if isinstance(outcome, bytes) else float("inf")


def _payload(outcome: Outcome) -> bytes:
    if isinstance(outcome, bytes):
        return outcome
    raise outcome
