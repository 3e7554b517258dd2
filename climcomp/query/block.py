"""What one block says at some places: by its network, or by its decoded values if it has none."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.neural.inr.evaluate import evaluate
from climcomp.codecs.neural.inr.payload import ELSEWHERE, has_wrapping_columns, network_error
from climcomp.frame import decode_block, unpack_chunk
from climcomp.header import GRID_BODY, BlockHeader
from climcomp.mask import decode_specials
from climcomp.query.answer import DECODED, MISSING, NETWORK, PREVIEW
from climcomp.query.corners import cells_around
from climcomp.query.variables import NETWORK_CODECS


@dataclass(frozen=True, slots=True)
class BlockGrid:
    """What is known of all blocks of a variable.

    Parameters
    ----------
    shape, dtype
        Of a block.
    fills
        Values that stand for missing ones, as they are stored.
    seam, length
        The dimension of the variable whose position `length` is position 0; None if none is.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fills: tuple[Any, ...] = ()
    seam: int | None = None
    length: int = 0

    def is_missing(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """Where stored values stand for missing ones."""
        found: NDArray[np.bool_] = np.isnan(values)
        for fill in self.fills:
            found = found | (values == fill)
        return found


@dataclass(frozen=True, slots=True)
class Said:
    """What a block says.

    Parameters
    ----------
    values : (places,)
        As they are stored, not unpacked; NaN where missing.
    ways : (places,)
        The bits of `answer`.
    codec
        Of the block.
    error
        How far its network is off at the block's points, root mean square; NaN without one.
    """

    values: NDArray[np.float64]
    ways: NDArray[np.int64]
    codec: str
    error: float = math.nan


def ask_block(payload: bytes, where: NDArray[np.float64], grid: BlockGrid) -> Said:
    """What a block says at some places.

    The network alone is asked, but where a cell around the place, with some weight, was stored
    exactly beside it. If such a cell is missing, so is the place, as in a linear interpolation;
    else (zeros of rain) the place lies linearly between what is said of the cells. Blocks without
    a network are decoded, and interpolated linearly.

    Parameters
    ----------
    where : (places, dimensions)
        Positions in the block, with fractions.

    Raises
    ------
    PayloadError
        If the bytes are damaged, or not those of such a block.
    """
    header, mask, body = unpack_chunk(payload, grid.shape, grid.dtype)
    cells, weights = cells_around(where, grid.seam, grid.length)
    has_network = header.codec in NETWORK_CODECS and header.body == GRID_BODY
    has_network = has_network and bytes(body[:1]) not in (b"", ELSEWHERE)
    if has_network:
        exact, is_exact = _exact_cells(header, mask, cells, grid)
    else:
        exact = decode_block(payload, grid.shape, grid.dtype)[_index(cells)]
        is_exact = np.ones(exact.shape, dtype=bool)
    # Cells without weight repeat others, so that nothing is lost by looking at them.
    missing = (is_exact & grid.is_missing(exact)).any(1)
    by_network = ~is_exact.any(1)
    mixed = ~missing & ~by_network
    values, ways = np.full(len(where), np.nan), np.full(len(where), MISSING)
    way = PREVIEW if header.codec == "preview" else NETWORK
    if by_network.any():
        values[by_network] = _by_network(header, body, where[by_network], grid)
        ways[by_network] = way
    if mixed.any():
        near = exact[mixed].astype(np.float64)
        asked = ~is_exact[mixed] & (weights[mixed] > 0)
        if asked.any():
            near[asked] = _by_network(header, body, cells[mixed][asked].astype(np.float64), grid)
        near[weights[mixed] == 0] = 0  # an infinity would make it no number
        values[mixed] = (near * weights[mixed]).sum(1)
        ways[mixed] = np.where(asked.any(1), DECODED | way, DECODED)
    return Said(values, ways, header.codec, network_error(body) if has_network else math.nan)


def _exact_cells(
    header: BlockHeader, mask: memoryview, cells: NDArray[np.int64], grid: BlockGrid
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """The values of cells that were stored exactly, and which they are: special values, padding."""
    values = np.zeros(cells.shape[:-1], grid.dtype)
    extent = np.array(header.extent, dtype=np.int64)
    is_exact: NDArray[np.bool_] = np.asarray((cells >= extent).any(-1))
    if header.fill_bits:
        values[is_exact] = np.frombuffer(header.fill_bits, header.dtype)[0]
    if len(mask):
        specials = decode_specials(mask, header.extent, grid.dtype)
        block = np.zeros(header.extent, grid.dtype)
        specials.restore(block)
        is_coded = ~is_exact
        inside = _index(cells[is_coded])
        values[is_coded] = block[inside]
        is_exact[is_coded] = specials.anywhere()[inside]
    return values, is_exact


def _by_network(
    header: BlockHeader, body: memoryview, where: NDArray[np.float64], grid: BlockGrid
) -> NDArray[np.float64]:
    """What the network says, within the range of the block's values where it is known."""
    last = len(grid.shape) - 1
    on_seam = np.zeros(len(where), dtype=bool)
    if grid.seam is not None:
        on_seam = where[:, grid.seam] > grid.length - 1
    goes_on = grid.seam == last and header.extent[last] == grid.length
    if on_seam.any() and not (goes_on and has_wrapping_columns(body)):
        return _across_the_seam(header, body, where, grid, on_seam)
    found = evaluate(body, where, header.extent, grid.dtype)
    if header.value_range is not None:
        # As decoders do: rain does not become negative.
        np.clip(found, *header.value_range, out=found)
    return found


def _across_the_seam(
    header: BlockHeader,
    body: memoryview,
    where: NDArray[np.float64],
    grid: BlockGrid,
    on_seam: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Linearly between the last position and the first, of a network that does not join them."""
    assert grid.seam is not None
    share = np.where(on_seam, where[:, grid.seam] - (grid.length - 1), 0.0)
    before, after = where.copy(), where.copy()
    before[on_seam, grid.seam] = grid.length - 1
    after[on_seam, grid.seam] = 0
    ends = [_by_network(header, body, some, grid) for some in (before, after)]
    return (1 - share) * ends[0] + share * ends[1]


def _index(cells: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    return tuple(np.moveaxis(cells, -1, 0))
