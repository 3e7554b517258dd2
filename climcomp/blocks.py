"""Arithmetic of a regular grid of chunks: counts, indices, regions, clipping at the array's end."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

Shape = tuple[int, ...]
Index = tuple[int, ...]
Region = tuple[slice, ...]


def grid_shape(shape: Sequence[int], chunk: Sequence[int]) -> Shape:
    """How many chunks stand along each dimension; the last of a dimension may be cut.

    Examples
    --------
    >>> grid_shape((10, 4), (4, 4))
    (3, 1)
    """
    return tuple(-(-size // step) for size, step in zip(shape, chunk, strict=True))


def chunk_count(shape: Sequence[int], chunk: Sequence[int]) -> int:
    """How many chunks there are: 1 for a 0-d array, 0 where a dimension has no length."""
    return math.prod(grid_shape(shape, chunk))


def chunk_indices(shape: Sequence[int], chunk: Sequence[int]) -> Iterator[Index]:
    """Every chunk's position in the grid, the last dimension fastest."""
    return itertools.product(*(range(count) for count in grid_shape(shape, chunk)))


def chunk_region(index: Sequence[int], shape: Sequence[int], chunk: Sequence[int]) -> Region:
    """The part of the array that one chunk holds, cut at the array's end.

    Raises
    ------
    IndexError
        If the grid has no such chunk.
    """
    counts = grid_shape(shape, chunk)
    if len(index) != len(counts) or not all(
        0 <= at < count for at, count in zip(index, counts, strict=True)
    ):
        raise IndexError(f"no chunk {tuple(index)} in a grid of {counts} chunks")
    return tuple(
        slice(at * step, min((at + 1) * step, size))
        for at, size, step in zip(index, shape, chunk, strict=True)
    )


def touched_indices(region: Region, chunk: Sequence[int]) -> Iterator[Index]:
    """The chunks that a region overlaps, the last dimension fastest; none if it is empty."""
    return itertools.product(
        *(
            range(part.start // step, -(-part.stop // step)) if part.stop > part.start else ()
            for part, step in zip(region, chunk, strict=True)
        )
    )


def region_shape(region: Region) -> Shape:
    """The shape of the values in a region whose slices have both ends."""
    return tuple(part.stop - part.start for part in region)


def whole_region(shape: Sequence[int]) -> Region:
    """The region that is all of the array."""
    return tuple(slice(0, size) for size in shape)


def clipped(region: Region, shape: Sequence[int]) -> Region:
    """A region with both ends of every slice inside the array, by NumPy's rules.

    Raises
    ------
    IndexError
        If the region has another number of dimensions or steps over values.
    """
    if len(region) != len(shape):
        raise IndexError(f"a region of {len(region)} slices does not fit the shape {tuple(shape)}")
    if any(part.step not in (None, 1) for part in region):
        raise IndexError(f"a region takes every value between its ends, not {region}")
    ends = (part.indices(size)[:2] for part, size in zip(region, shape, strict=True))
    return tuple(slice(start, max(start, stop)) for start, stop in ends)


def relative(region: Region, origin: Region) -> Region:
    """The same region, counted from where `origin` begins."""
    return tuple(
        slice(part.start - base.start, part.stop - base.start)
        for part, base in zip(region, origin, strict=True)
    )


def overlap(first: Region, second: Region) -> Region:
    """The part of the array that is in both regions; a slice of no length where nothing is."""
    parts = []
    for one, other in zip(first, second, strict=True):
        start = max(one.start, other.start)
        parts.append(slice(start, max(start, min(one.stop, other.stop))))
    return tuple(parts)
