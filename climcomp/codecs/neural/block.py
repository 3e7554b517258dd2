"""A block into a payload of `ncx`, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs.base import usable_bound, value_count
from climcomp.codecs.neural.coding import decode_field
from climcomp.codecs.neural.encode import Coded, smallest
from climcomp.codecs.neural.geometry import Geometry, geometry_of
from climcomp.codecs.neural.grid import Grid, parse_patches, patches_of
from climcomp.codecs.neural.models import network_of
from climcomp.codecs.neural.network import Network
from climcomp.codecs.neural.payload import (
    ELSEWHERE,
    Head,
    fields_in_shape,
    parse_head,
    verify_checksum,
)
from climcomp.codecs.neural.probabilities import slots
from climcomp.codecs.neural.rans import open_stream
from climcomp.codecs.neural.state import Block, make_room
from climcomp.codecs.neural.tails import parse_tails, tails_of
from climcomp.codecs.neural.taps import Taps, unpack_taps
from climcomp.codecs.neural.task import Task, task_of
from climcomp.codecs.neural.walk import Settings, Walk, new_block
from climcomp.codecs.sz3 import Sz3
from climcomp.errors import CodecError


def encode_values(
    values: NDArray[np.floating],
    bound: float,
    network: Network,
    *,
    hierarchical: bool,
    axis: int,
    alpha: int,
    tails: float = 0.0,
    filled: NDArray[np.bool_] | None = None,
) -> bytes:
    """The payload of a block that is not empty, within an absolute bound.

    Parameters
    ----------
    alpha
        Its number.
    tails
        The share of values, at either end, that are kept within a quarter of the bound.
    filled
        Which values only fill gaps and need not come back, of the block's shape; False somewhere.

    Raises
    ------
    CodecError
        If SZ3 refuses what is left to it.
    BoundError
        If the bound is below the spacing of the values' floats.
    """
    usable = usable_bound(bound, values)
    try:
        task = task_of(
            values, usable, network, hierarchical=hierarchical, axis=axis, alpha=alpha,
            tails=tails, filled=filled,
        )  # fmt: skip
    except CodecError:
        return encode_elsewhere(values, bound)
    return payload_of(values, bound, task, smallest(task), filled)


def encode_elsewhere(values: NDArray[np.floating], bound: float) -> bytes:
    """The payload of a block that is left to SZ3.

    Raises
    ------
    CodecError
        If SZ3 refuses it.
    """
    return ELSEWHERE + Sz3().encode(values, ErrorBound("absolute", bound))


def payload_of(
    values: NDArray[np.floating],
    bound: float,
    task: Task,
    coded: Coded,
    filled: NDArray[np.bool_] | None,
) -> bytes:
    """The payload of a block that was coded."""
    integers, grid, more = coded.values, task.grid, b""
    if task.settings.has_tails:
        tails = tails_of(task, integers, task.tails)
        integers, more = tails.applied(integers), tails.packed()
    decoded = fields_in_shape(grid.values(integers, values.dtype), values.shape, task.geometry)
    patches = patches_of(values, decoded, bound, filled)
    head = Head(task.settings, task.network.hash, grid.origin, grid.unit)
    beside = coded.taps + patches.packed() + more
    return head.packed(values.dtype, coded.values, beside) + coded.stream


def decode_values(
    payload: bytes | memoryview, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """The values of a payload of a block that is not empty.

    Raises
    ------
    PayloadError
        If the bytes are not a payload of this shape and type, or its network is not here.
    """
    view = memoryview(payload)
    if view[:1] == ELSEWHERE:
        return Sz3().decode(view[1:], shape, dtype)
    head, rest = parse_head(view, shape, dtype)
    taps, used = unpack_taps(rest)
    patches, also_used = parse_patches(rest[used:], value_count(shape), dtype)
    stream = rest[used + also_used :]
    tails = None
    if head.settings.has_tails:
        tails, used = parse_tails(stream, value_count(shape))
        stream = stream[used:]
    geometry = geometry_of(shape, head.settings.axis)
    network = network_of(head.network)
    integers = _decoded(stream, geometry, head.settings, network, taps).values
    verify_checksum(view, len(view) - len(stream), integers)
    if tails is not None:
        integers = tails.applied(integers)
    decoded = Grid(head.origin, head.unit).values(integers, dtype)
    decoded = fields_in_shape(decoded, shape, geometry)
    patches.apply(decoded)
    return decoded


def _decoded(
    payload: memoryview, geometry: Geometry, settings: Settings, network: Network, taps: Taps
) -> Block:
    """The integers of a stream."""
    stream, block, room = open_stream(payload), new_block(geometry), make_room(network.hidden)
    walk = Walk(geometry, settings, network, taps)
    tables = slots(shifted=settings.is_lattice)
    coder = (stream.states, stream.words, stream.at)
    for _, field in walk:
        decode_field(
            block, walk.plan.stages, field, walk.all_taps, walk.compiled, room, tables, *coder
        )
    stream.finish()
    return block
