"""Claims about the arithmetic of chunk grids."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from climcomp import blocks

SIDES = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5)), max_size=3)


@given(SIDES)
def test_chunks_cover_every_value_exactly_once(sides: list[tuple[int, int]]) -> None:
    shape = tuple(size for size, _ in sides)
    chunk = tuple(step for _, step in sides)
    seen = np.zeros(shape, int)
    indices = list(blocks.chunk_indices(shape, chunk))
    for index in indices:
        region = blocks.chunk_region(index, shape, chunk)
        seen[region] += 1
        assert blocks.region_shape(region) == seen[region].shape
    assert (seen == 1).all()
    assert len(indices) == blocks.chunk_count(shape, chunk)


@given(SIDES, st.data())
def test_touched_chunks_are_those_that_overlap(
    sides: list[tuple[int, int]], data: st.DataObject
) -> None:
    shape = tuple(size for size, _ in sides)
    chunk = tuple(step for _, step in sides)
    ends = [sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n)))) for n in shape]
    region = tuple(slice(*pair) for pair in ends)
    expected = [
        index
        for index in blocks.chunk_indices(shape, chunk)
        if all(
            blocks.region_shape(blocks.overlap(region, blocks.chunk_region(index, shape, chunk)))
        )
    ]
    assert expected == list(blocks.touched_indices(region, chunk))


def test_the_last_chunk_of_a_dimension_is_cut() -> None:
    expected = (slice(8, 10), slice(0, 4))
    assert expected == blocks.chunk_region((2, 0), (10, 4), (4, 4))


def test_an_array_without_dimensions_has_one_chunk() -> None:
    assert list(blocks.chunk_indices((), ())) == [()]
    assert blocks.chunk_region((), (), ()) == ()
    assert list(blocks.touched_indices((), ())) == [()]


def test_a_dimension_without_length_has_no_chunk() -> None:
    assert blocks.chunk_count((0, 4), (1, 4)) == 0


@pytest.mark.parametrize("index", [(3, 0), (-1, 0), (0,)])
def test_a_chunk_outside_the_grid_is_refused(index: tuple[int, ...]) -> None:
    with pytest.raises(IndexError, match="no chunk"):
        blocks.chunk_region(index, (10, 4), (4, 4))


def test_regions_are_clipped_by_the_rules_of_numpy() -> None:
    expected = (slice(0, 10), slice(8, 10), slice(4, 4), slice(9, 10))
    found = blocks.clipped(
        (slice(None), slice(8, 99), slice(4, 2), slice(-1, None)), (10, 10, 10, 10)
    )
    assert expected == found


@pytest.mark.parametrize("region", [(slice(0, 4),), (slice(0, 4, 2), slice(None))])
def test_a_region_that_does_not_fit_is_refused(region: tuple[slice, ...]) -> None:
    with pytest.raises(IndexError):
        blocks.clipped(region, (10, 4))


def test_a_region_is_counted_from_another() -> None:
    expected = (slice(2, 4), slice(0, 1))
    found = blocks.relative((slice(10, 12), slice(5, 6)), (slice(8, 16), slice(5, 9)))
    assert expected == found
