"""Chunk and shard shapes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climcomp.errors import RecipeError
from climcomp_metrics.field import Axes
from climcomp_workflows.plan.layout import (
    LARGEST_SHARD_BYTES,
    SHARD_BYTES,
    choose_layout,
    read_amplification,
)

TIME_Y_X = Axes(0, (), 1, 2)
DIMS = ("time", "lat", "lon")


@pytest.mark.parametrize("access", ["maps", "series", "balanced"])
def test_a_shard_holds_whole_fields_and_about_128_mebibytes(access: str) -> None:
    layout = choose_layout((8760, 721, 1440), DIMS, TIME_Y_X, 4, access=access)  # type: ignore[arg-type]  # parametrised
    assert layout.outer[1] >= 721
    assert layout.outer[2] >= 1440
    assert 0.5 * SHARD_BYTES < 4 * math.prod(layout.outer) < 1.5 * SHARD_BYTES


def test_maps_are_one_chunk_each() -> None:
    layout = choose_layout((365, 721, 1440), DIMS, TIME_Y_X, 4, access="maps")
    assert layout.chunk == (1, 721, 1440)


def test_series_span_the_shard_in_time() -> None:
    layout = choose_layout((365, 721, 1440), DIMS, TIME_Y_X, 4, access="series")
    assert layout.chunk[0] == layout.outer[0]


def test_a_small_variable_is_one_object() -> None:
    layout = choose_layout((240, 37, 49), DIMS, TIME_Y_X, 4)
    assert layout.shard is None
    assert layout.chunk == (240, 37, 49)


def test_levels_with_bounds_of_their_own_do_not_share_a_shard() -> None:
    axes = Axes(0, (1,), 2, 3)
    dims = ("time", "lev", "lat", "lon")
    apart = choose_layout((10, 37, 100, 100), dims, axes, 4, levels_together=False)
    assert apart.outer[1] == 1
    assert choose_layout((10, 37, 100, 100), dims, axes, 4).outer[1] >= 37


def test_fields_larger_than_a_shard_are_split_along_the_last_dimension() -> None:
    layout = choose_layout((10, 6000, 12000), DIMS, TIME_Y_X, 4)
    assert layout.outer[1] >= 6000
    assert layout.outer[2] < 12000
    assert 4 * math.prod(layout.outer) < 1.5 * SHARD_BYTES


def test_long_source_chunks_make_shards_follow_them() -> None:
    source = (744, 73, 144)
    layout = choose_layout((8760, 721, 1440), DIMS, TIME_Y_X, 4, source_chunk=source)
    assert layout.amplification <= 2
    assert [o % c for o, c in zip(layout.outer, source, strict=True)] == [0, 0, 0]
    assert "follow the source's chunks" in layout.notes[0]


def test_source_chunks_larger_than_any_shard_are_refused() -> None:
    with pytest.raises(RecipeError, match="Rechunk the source"):
        choose_layout((100_000, 721, 1440), DIMS, TIME_Y_X, 4, source_chunk=(100_000, 60, 60))


def test_a_chunked_source_is_read_as_often_as_its_chunks_are_touched() -> None:
    # Shards of 10 steps over source chunks of 15: 0-15, 0-30 (10-20 touches two), 15-30.
    expected = (15 + 30 + 15) / 30
    assert read_amplification((30,), (10,), (15,)) == pytest.approx(expected)
    assert read_amplification((30,), (10,), None) == 1.0


def test_explicit_chunks_are_kept() -> None:
    layout = choose_layout((100, 50, 60), DIMS, TIME_Y_X, 4, explicit={"time": 7, "lon": 30})
    assert layout.chunk[0] == 7
    assert layout.chunk[2] == 30


@given(st.integers(1, 400), st.integers(1, 450), st.integers(1, 450))
def test_the_arithmetic_of_reading_agrees_with_a_walk_over_all_shards(
    size: int, step: int, chunk: int
) -> None:
    expected = 0
    for start in range(0, size, step):
        first, last = start // chunk, (min(start + step, size) - 1) // chunk
        expected += min((last + 1) * chunk, size) - first * chunk
    assert read_amplification((size,), (step,), (chunk,)) == pytest.approx(expected / size)


def test_ten_terabytes_are_laid_out_at_once() -> None:
    layout = choose_layout(
        (500_000_000, 100, 100), DIMS, TIME_Y_X, 4, source_chunk=(7, 100, 100), shard_bytes=1 << 16
    )
    assert layout.amplification < 2


def test_shards_of_whole_source_chunks_stay_so_when_cut_into_chunks() -> None:
    layout = choose_layout((10_000, 200, 400), DIMS, TIME_Y_X, 4, source_chunk=(10, 200, 400))
    assert layout.outer[0] % 10 == 0
    assert layout.amplification == 1.0


def test_chunks_that_no_worker_could_hold_are_refused() -> None:
    everything = {"time": 10_000, "lat": 721, "lon": 1440}
    with pytest.raises(RecipeError, match=r"output\.chunks make .*limit 512 MiB"):
        choose_layout((10_000, 721, 1440), DIMS, TIME_Y_X, 4, explicit=everything)


@given(
    shape=st.tuples(*[st.integers(1, 3000)] * 4),
    access=st.sampled_from(["maps", "series", "balanced"]),
    together=st.booleans(),
    shard=st.integers(1 << 16, 1 << 28),
)
def test_chunks_never_straddle_shards(
    shape: tuple[int, ...], access: str, together: bool, shard: int
) -> None:
    layout = choose_layout(
        shape,
        ("time", "lev", "lat", "lon"),
        Axes(0, (1,), 2, 3),
        4,
        access=access,  # type: ignore[arg-type]  # drawn from the three
        shard_bytes=shard,
        levels_together=together,
    )
    assert all(o % c == 0 for o, c in zip(layout.outer, layout.chunk, strict=True))
    assert all(1 <= c <= n for c, n in zip(layout.chunk, shape, strict=True))
    assert 4 * math.prod(layout.chunk) <= LARGEST_SHARD_BYTES


@given(
    sizes=st.tuples(*[st.integers(1, 40)] * 5),
    chunks=st.dictionaries(st.sampled_from(["member", "lev"]), st.integers(1, 12)),
)
def test_the_levels_of_a_shard_are_a_run_of_the_folded_levels(
    sizes: tuple[int, ...], chunks: dict[str, int]
) -> None:
    layout = choose_layout(
        sizes, ("time", "member", "lev", "lat", "lon"), Axes(0, (1, 2), 3, 4), 4,
        shard_bytes=4096, explicit=chunks,
    )  # fmt: skip
    if min(layout.outer[1], sizes[1]) > 1:
        assert layout.outer[2] >= sizes[2]
