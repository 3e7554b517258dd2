"""Neural context coding of a block, within an absolute bound.

Payload
-------
u8: 255, then a payload of SZ3, for a block that is left to it. Else 1 for float64, plus 2 for
hierarchical order, plus 4 where columns wrap, plus 8 times the number of alpha (0 to 3), plus 32
times the frame axis (0 to 6). Then the hash of the network (8 bytes), origin and unit of the grid
as float64, a checksum as u32; taps, patches, and, to the end, the stream of symbols. All
little-endian. The checksum is the CRC-32C of the integers R (int32, in the order of the fields)
and, behind them, all bytes of the payload before the stream but its own.

The pages of the parts tell the rest: `grid`, `frames`, `schedule`, `features`, `taps`, `network`,
`mixture`, `coding`, `probabilities`, `rans`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs.base import (
    absolute_bound,
    check_values,
    empty_block,
    installed_version,
    usable_bound,
    value_count,
)
from climcomp.codecs.neural.coding import decode_field
from climcomp.codecs.neural.encode import smallest
from climcomp.codecs.neural.geometry import Geometry, geometry_of
from climcomp.codecs.neural.grid import ALPHAS, Grid, grid_of, parse_patches, patches_of
from climcomp.codecs.neural.models import foundation, network_of
from climcomp.codecs.neural.network import Network
from climcomp.codecs.neural.payload import (
    ELSEWHERE,
    MOST_LEADING,
    Head,
    fields_in_shape,
    fields_of,
    parse_head,
    verify_checksum,
)
from climcomp.codecs.neural.probabilities import slots
from climcomp.codecs.neural.rans import open_stream
from climcomp.codecs.neural.schedule import coarsest_stride
from climcomp.codecs.neural.state import Block, make_room
from climcomp.codecs.neural.taps import Taps, unpack_taps
from climcomp.codecs.neural.walk import Settings, Walk, new_block
from climcomp.codecs.sz3 import Sz3
from climcomp.errors import CodecError

# Our own: how much the first and last column may differ beside neighbours, where columns wrap.
ALIKE = 1.5
SMALLEST_STRIDE = (
    8  # a wrap that would make the coarsest grid finer than this costs more than it gains
)

FrameOrder = Literal["causal", "hierarchical"]


@dataclass(frozen=True, slots=True)
class Ncx:
    """Keep an absolute bound by coding how far each value is from what a network expects.

    Parameters
    ----------
    frames
        The order of the fields of a block: `causal` from the first to the last, or
        `hierarchical`, from far apart to near.
    axis
        The leading dimension along which fields follow one another.
    alpha
        By what part the bound is tighter at each coarser stage: 1, 0.97, 0.95 or 0.9.
    """

    name: ClassVar[str] = "ncx"
    kinds: ClassVar[frozenset[str]] = frozenset({"absolute"})
    library: ClassVar[str] = "climcomp"

    frames: FrameOrder = "causal"
    axis: int = 0
    alpha: float = 0.97

    def __post_init__(self) -> None:
        if self.frames not in get_args(FrameOrder):
            allowed = ", ".join(get_args(FrameOrder))
            raise CodecError(f"ncx frames is {self.frames!r}; allowed: {allowed}")
        if self.alpha not in ALPHAS:
            allowed = ", ".join(f"{a:g}" for a in ALPHAS)
            raise CodecError(f"ncx alpha is {self.alpha!r}; allowed: {allowed}")
        if not 0 <= self.axis < MOST_LEADING:
            raise CodecError(f"ncx axis is {self.axis!r}; allowed: 0 to {MOST_LEADING - 1}")

    def library_version(self) -> str:
        """The version of climcomp."""
        return installed_version(self.library)

    def encode(self, values: NDArray[np.floating], bound: ErrorBound | None) -> bytes:
        """A payload whose values are within the bound, the smallest and the largest exact.

        A block without fields of 4 x 4 points, or one that spans too many bounds, is left to SZ3.

        Raises
        ------
        CodecError
            If the bound is not absolute, or SZ3 refuses what is left to it.
        BoundError
            If the bound is below the spacing of the values' floats.
        """
        check_values(values, self.name)
        asked = absolute_bound(bound, self)
        if values.size == 0:
            return b""
        usable = usable_bound(asked, values)
        axis = self.axis if self.axis < values.ndim - 2 else 0
        try:
            geometry, grid = geometry_of(values.shape, axis), grid_of(values, usable)
        except CodecError:
            return ELSEWHERE + Sz3().encode(values, bound)
        fields = fields_of(values, geometry)
        settings = Settings(
            self.frames == "hierarchical", _wraps(fields), ALPHAS.index(self.alpha), axis
        )
        network = foundation()
        coded = smallest(fields, grid, geometry, settings, network)
        integers = coded.block.values
        decoded = fields_in_shape(grid.values(integers, values.dtype), values.shape, geometry)
        patches = patches_of(values, decoded, asked)
        head = Head(settings, network.hash, grid.origin, grid.unit)
        return head.packed(values.dtype, integers, coded.taps + patches.packed()) + coded.stream

    def decode(
        self, payload: bytes | memoryview, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> NDArray[Any]:
        """The values.

        Raises
        ------
        PayloadError
            If the bytes are not a payload of this shape and type, or its network is not here.
        """
        if value_count(shape) == 0:
            return empty_block(payload, shape, dtype, "ncx")
        view = memoryview(payload)
        if view[:1] == ELSEWHERE:
            return Sz3().decode(view[1:], shape, dtype)
        head, rest = parse_head(view, shape, dtype)
        taps, used = unpack_taps(rest)
        patches, also_used = parse_patches(rest[used:], value_count(shape), dtype)
        stream = rest[used + also_used :]
        geometry = geometry_of(shape, head.settings.axis)
        network = network_of(head.network)
        block = _decoded(stream, geometry, head.settings, network, taps)
        verify_checksum(view, len(view) - len(stream), block.values)
        decoded = Grid(head.origin, head.unit).values(block.values, dtype)
        decoded = fields_in_shape(decoded, shape, geometry)
        patches.apply(decoded)
        return decoded


def _wraps(fields: NDArray[np.floating]) -> bool:
    """Whether the last column looks like a neighbour of the first one."""
    _, rows, columns = fields.shape
    plain = coarsest_stride(rows, columns, wraps=False)
    if coarsest_stride(rows, columns, wraps=True) < min(plain, SMALLEST_STRIDE):
        return False
    some = fields[0] / np.float64(
        8 * rows * columns
    )  # sums of the largest numbers are numbers, too
    between = np.abs(np.diff(some, axis=1)).mean()
    return bool(np.abs(some[:, 0] - some[:, -1]).mean() <= ALIKE * between)


def _decoded(
    payload: memoryview, geometry: Geometry, settings: Settings, network: Network, taps: Taps
) -> Block:
    """The integers of a stream."""
    stream, block, room = open_stream(payload), new_block(geometry), make_room(network.hidden)
    walk, tables = Walk(geometry, settings, network, taps), slots()
    coder = (stream.states, stream.words, stream.at)
    for _, field in walk:
        decode_field(
            block, walk.plan.stages, field, walk.all_taps, walk.compiled, room, tables, *coder
        )
    stream.finish()
    return block
