"""What a sample block comes to under a codec: the whole of it, or told from some planes."""

from __future__ import annotations

import math

from climcomp.codecs import get_codec
from climcomp.frame import BlockEncoding, encode_block
from climcomp_workflows.plan.model import Settings
from climcomp_workflows.plan.pieces import SampleBlock

# Planes that differences are tried on; and the values of a plane below which the head of a stream
# of its own weighs too much (SZ3: about 100 bytes).
FEWEST_PLANES = 3
SMALLEST_PLANE = 1 << 12


def payload_of(
    block: SampleBlock,
    codec: str,
    settings: Settings,
    keepbits: int | None,
    exact: tuple[float, ...],
    fill: float,
) -> bytes:
    """A sample block as it would be stored.

    Raises
    ------
    BoundError, CodecError
        If the codec refuses it.
    """
    encoding = BlockEncoding(
        codec=get_codec(codec, **dict(settings)),
        bound=None if codec == "lossless" else block.bound,
        keepbits=keepbits,
        exact=exact,
        fill=fill,
    )
    return encode_block(block.values, encoding)


def axes_of_planes(shape: tuple[int, ...]) -> list[int]:
    """The dimensions along which a block has at least three planes worth a stream of their own.

    Of the last two, the horizontal ones, the codecs of planes make use themselves.
    """
    size = math.prod(shape)
    leading = shape[: max(1, len(shape) - 2)]
    return [a for a, n in enumerate(leading) if n >= FEWEST_PLANES and size // n >= SMALLEST_PLANE]


def size_of_planes(
    block: SampleBlock,
    settings: Settings,
    keepbits: int | None,
    exact: tuple[float, ...],
    fill: float,
) -> float:
    """What a block comes to as differences, from three planes in its middle.

    Raises
    ------
    BoundError, CodecError
        If the codec refuses them.
    """
    axis: int = dict(settings)["axis"]
    slab = block.slab(axis, FEWEST_PLANES)
    planes, share = block.values.shape[axis], slab.raw_bytes / FEWEST_PLANES
    one, all_three = (
        len(payload_of(part, "delta", settings, keepbits, exact, fill))
        for part in (block.slab(axis, 1), slab)
    )
    difference = (all_three - one) / (FEWEST_PLANES - 1)
    return float((one + (planes - 1) * difference) * (block.raw_bytes / planes) / share)
