"""What the sample blocks come to at later rungs of a ladder, and under standard codecs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from numcodecs.blosc import Blosc

from climcomp.errors import BoundError, CodecError
from climcomp_workflows.plan.choose import Race
from climcomp_workflows.plan.coded import payload_of
from climcomp_workflows.plan.ladder import TIGHTER
from climcomp_workflows.plan.model import Rung
from climcomp_workflows.plan.pieces import SampleBlock
from climcomp_workflows.portable import round_within

# Standard codecs, which every Zarr reader knows, are preferred up to this much more bytes.
PORTABLE_FACTOR = 1.1


def _at_rung(blocks: Sequence[SampleBlock], number: int) -> list[SampleBlock]:
    factor = TIGHTER**number
    return [replace(b, bound=b.bound.tightened(factor)) for b in blocks]


def encode_at(
    blocks: Sequence[SampleBlock],
    rung: Rung,
    number: int,
    exact: tuple[float, ...],
    fill: float,
    result: Race,
) -> int:
    """Bytes of the sample blocks at a later rung of the ladder, whose first won the race.

    From how pieces of them grow between the two rungs. What lossless coding takes where the codec
    refuses: such a rung leads to the lossless one.
    """
    keepbits = None if rung.keepbits is None else max(rung.keepbits)
    pieces = [b.piece() for b in blocks]
    try:
        before, after = (
            sum(
                len(payload_of(part, rung.codec, rung.settings, keepbits, exact, fill))
                for part in _at_rung(pieces, step)
            )
            for step in (0, number)
        )
    except (BoundError, CodecError):
        return result.lossless_bytes
    return math.ceil(result.best.size_bytes * after / before)


def standard_size(blocks: Sequence[SampleBlock], exact: tuple[float, ...], number: int) -> int:
    """Bytes of the blocks, rounded to the bounds of a rung, under the archive's standard codecs."""
    blosc = Blosc(cname="zstd", clevel=5, shuffle=Blosc.SHUFFLE)
    return sum(
        len(blosc.encode(round_within(b.values, b.bound, exact))) for b in _at_rung(blocks, number)
    )
