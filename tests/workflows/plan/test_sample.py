"""What a plan reads of a variable: little, spread over time and levels, in whole source chunks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from climcomp.source import SourceVariable
from climcomp_metrics.field import Axes
from climcomp_workflows.plan.blocks import sample_blocks
from climcomp_workflows.plan.sample import (
    CEILING_BYTES,
    FLOOR_BYTES,
    Sample,
    choose,
    choose_times,
    read_sample,
    sample_budget,
    spread,
)

from .conftest import described

TIME_Y_X = Axes(0, (), 1, 2)
TIME_Z_Y_X = Axes(0, (1,), 2, 3)
Z_DIMS = ("time", "lev", "lat", "lon")


class Counting:
    """A source of any size that counts what a reader of its chunks would read.

    Its values are their own time index plus a thousandth of the level index.
    """

    def __init__(self, variable: SourceVariable) -> None:
        self.variable = variable
        self.bytes = 0
        self.most = 0

    def read(self, name: str, region: tuple[slice, ...]) -> NDArray[Any]:
        chunks = self.variable.chunks or (1,) * len(region)
        touched = 1
        for part, step, size in zip(region, chunks, self.variable.shape, strict=True):
            assert 0 <= part.start < part.stop <= size
            touched *= min(-(-part.stop // step) * step, size) - part.start // step * step
        self.bytes += touched * self.variable.dtype.itemsize
        self.most = max(self.most, touched * self.variable.dtype.itemsize)
        shape = tuple(part.stop - part.start for part in region)
        values = np.zeros(shape, self.variable.dtype)
        values += np.arange(region[0].start, region[0].stop).reshape(-1, *[1] * (len(shape) - 1))
        if len(shape) == 4:
            levels = np.arange(region[1].start, region[1].stop) / 1000
            values += levels.reshape(1, -1, 1, 1).astype(values.dtype)
        return values


def sampled(variable: SourceVariable, axes: Axes, **kw: Any) -> tuple[Sample, Counting]:
    source = Counting(variable)
    sample = read_sample(source, variable, axes, kw.get("months"))  # type: ignore[arg-type]
    return sample, source


def test_the_budget_is_two_per_cent_between_32_and_256_mebibytes() -> None:
    assert sample_budget(1000) == FLOOR_BYTES
    assert sample_budget(5_000_000_000) == 100_000_000
    assert sample_budget(10**13) == CEILING_BYTES


def test_a_small_variable_is_read_whole() -> None:
    sample, source = sampled(described((100, 20, 30)), TIME_Y_X)
    assert sample.whole
    assert sample.fields.shape == (100, 1, 20, 30)
    assert source.bytes == 100 * 20 * 30 * 4


@pytest.mark.parametrize(
    ("shape", "chunks", "dims"),
    [
        ((87_600, 721, 1440), (1, 721, 1440), ("time", "lat", "lon")),  # a map a chunk
        ((87_600, 721, 1440), (744, 73, 144), ("time", "lat", "lon")),  # series
        ((87_600, 721, 1440), (20, 200, 300), ("time", "lat", "lon")),
        ((87_600, 721, 1440), None, ("time", "lat", "lon")),
        ((8760, 137, 640, 1280), (1, 137, 80, 160), Z_DIMS),  # all levels in a chunk
        ((8760, 137, 640, 1280), (1, 1, 640, 1280), Z_DIMS),
        ((8760, 60, 721, 1440), (24, 10, 100, 100), Z_DIMS),
        ((50, 10, 20_000, 40_000), (1, 1, 1000, 1000), Z_DIMS),  # kilometres
        ((50, 10, 20_000, 40_000), None, Z_DIMS),
    ],
)
def test_what_is_read_in_whole_source_chunks_stays_within_the_budget(
    shape: tuple[int, ...], chunks: tuple[int, ...] | None, dims: tuple[str, ...]
) -> None:
    variable = described(shape, chunks, dims)
    axes = TIME_Z_Y_X if len(shape) == 4 else TIME_Y_X
    sample, source = sampled(variable, axes)
    budget = sample_budget(math.prod(shape) * 4)
    assert not sample.whole
    assert source.bytes <= 1.1 * budget
    assert sample.fields.nbytes <= budget
    assert sample.fields.nbytes > 0.2 * budget, "little of what may be read was read"


@pytest.mark.parametrize("chunks", [None, (1, 721, 1440), (24, 100, 100), (744, 73, 144)])
def test_one_read_is_a_quarter_of_the_budget_so_that_copies_stay_small(
    chunks: tuple[int, ...] | None,
) -> None:
    _, source = sampled(described((87_600, 721, 1440), chunks), TIME_Y_X)
    assert source.most <= CEILING_BYTES / 4


def test_levels_are_spread_from_the_first_to_the_last() -> None:
    sample, _ = sampled(described((500, 137, 640, 1280), (1, 1, 640, 1280), Z_DIMS), TIME_Z_Y_X)
    assert len(sample.levels) == 8
    assert sample.levels[0] == 0
    assert sample.levels[-1] == 136
    read = np.round((sample.fields[0, :, 0, 0] % 1) * 1000).astype(int)
    assert tuple(read) == sample.levels


def test_levels_of_one_source_chunk_are_all_taken() -> None:
    choice = choose(described((500, 40, 640, 1280), (1, 10, 640, 1280), Z_DIMS), TIME_Z_Y_X, None)
    assert [(g[0].start, g[0].stop) for g in choice.groups] == [(20, 30)]


def test_folded_levels_of_two_dimensions_come_in_order() -> None:
    dims = ("time", "member", "lev", "lat", "lon")
    variable = described((400, 30, 20, 200, 400), (1, 1, 5, 200, 400), dims)
    source = Counting(variable)
    sample = read_sample(source, variable, Axes(0, (1, 2), 3, 4), None)  # type: ignore[arg-type]
    assert list(sample.levels) == sorted(set(sample.levels))
    assert sample.fields.shape[1] == len(sample.levels)
    assert max(sample.levels) < 600


def test_times_are_those_of_the_file() -> None:
    sample, _ = sampled(described((87_600, 721, 1440), (1, 721, 1440)), TIME_Y_X)
    np.testing.assert_array_equal(sample.fields[:, 0, 5, 5], sample.times)


def test_a_few_calendar_months_are_sampled_several_times_each() -> None:
    months = np.tile(np.repeat(np.arange(1, 13), 30), 20)
    chosen = choose_times(months.size, 40, months)
    found, count = np.unique(months[list(chosen)], return_counts=True)
    assert found.size == 4
    assert count.min() >= 9
    assert max(chosen) - min(chosen) > 0.8 * months.size


def test_without_months_the_record_is_spread_evenly() -> None:
    assert choose_times(100, 5, None) == (0, 25, 50, 74, 99)


def test_long_source_chunks_give_tiles_as_tall_as_can_be_at_several_times() -> None:
    sample, _ = sampled(described((87_600, 721, 1440), (8760, 40, 40)), TIME_Y_X)
    assert sample.tiles
    rows = sample.rows.stop - sample.rows.start
    assert sample.fields.shape[2] == rows
    assert rows >= sample.columns.stop - sample.columns.start
    assert sample.rows.start % 40 == sample.columns.start % 40 == 0
    assert len({t // 8760 for t in sample.times}) >= 2


def test_fields_larger_than_the_budget_give_tiles_of_many_steps() -> None:
    sample, _ = sampled(described((500, 20_000, 40_000), (1, 1000, 1000)), TIME_Y_X)
    assert sample.tiles
    assert len(sample.times) >= 30


def test_the_nearest_sampled_level_is_found() -> None:
    sample = Sample(np.zeros((1, 3, 1, 1)), (0,), (2, 5, 9), slice(0, 1), slice(0, 1), False, False)
    assert sample.nearest(11).tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2]


@given(st.integers(1, 5000), st.integers(1, 600))
def test_spread_indices_are_distinct_sorted_and_below_the_size(size: int, count: int) -> None:
    found = spread(size, count)
    assert list(found) == sorted(set(found))
    assert 1 <= len(found) <= max(1, min(size, count))
    assert 0 <= found[0] <= found[-1] < size
    if count > 1 and size > 1:
        assert (found[0], found[-1]) == (0, size - 1)


def test_sample_blocks_are_chunks_from_the_inside_of_the_variable() -> None:
    variable = described((1000, 50, 60))
    blocks = sample_blocks(Counting(variable), variable, (10, 50, 60))  # type: ignore[arg-type]
    starts = [region[0].start for region, _ in blocks]
    assert starts == [250, 500, 740]
    assert all(values.shape == (10, 50, 60) for _, values in blocks)


def test_a_scalar_has_one_sample_block() -> None:
    variable = described((), None, ())

    class One:
        def read(self, name: str, region: tuple[slice, ...]) -> NDArray[Any]:
            return np.array(3.0, np.float32)

    ((region, values),) = sample_blocks(One(), variable, ())  # type: ignore[arg-type]
    assert region == ()
    assert values == 3
