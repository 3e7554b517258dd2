"""Claims about the windows of a group: every measured step once, within memory, along chunks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from climcomp_metrics.field import Axes
from climcomp_workflows.together.windows import Extent, level_blocks, windows

AXES = Axes(time=0, level=(), y=1, x=2)


def field(steps: int, cells: int = 100, chunk_steps: int = 1) -> Extent:
    return Extent(AXES, (steps, 1, cells), 4, (chunk_steps, 1, cells))


@given(
    steps=st.integers(1, 200),
    stride=st.integers(1, 20),
    chunks=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    limit=st.integers(1, 50_000),
)
def test_each_measured_step_is_in_one_window_and_no_other_step_is(
    steps: int, stride: int, chunks: tuple[int, int], limit: int
) -> None:
    members = [field(steps, 100, chunk) for chunk in chunks]
    found = [step for window in windows(members, stride, None, limit) for step in window]
    assert found == list(range(0, steps, stride))


@given(
    steps=st.integers(1, 200),
    stride=st.integers(1, 20),
    chunk=st.integers(1, 40),
    limit=st.integers(1, 50_000),
)
def test_a_window_fits_its_memory_unless_one_step_alone_does_not(
    steps: int, stride: int, chunk: int, limit: int
) -> None:
    members = [field(steps, 100, chunk), field(steps, 50)]
    step_bytes = 2 * (100 + 50) * 4
    for window in windows(members, stride, None, limit):
        assert len(window) == 1 or len(window) * step_bytes <= limit


def test_windows_are_whole_chunks_where_these_fit() -> None:
    found = list(windows([field(100, 100, 16)], 1, None, 40 * 800))
    assert [(w.start, w.stop) for w in found] == [(0, 32), (32, 64), (64, 96), (96, 100)]


def test_a_chunk_that_does_not_fit_is_cut_evenly_and_windows_stay_inside_chunks() -> None:
    found = list(windows([field(32, 100, 16)], 1, None, 10 * 800))
    assert [(w.start, w.stop) for w in found] == [(0, 8), (8, 16), (16, 24), (24, 32)]


def test_the_steps_of_a_sample_share_a_window_with_others_of_their_chunk() -> None:
    found = list(windows([field(64, 100, 16)], 8, None, 2 * 800))
    assert [list(w) for w in found] == [[0, 8], [16, 24], [32, 40], [48, 56]]


def test_variables_without_time_have_one_window() -> None:
    still = Extent(Axes(time=None, level=(), y=0, x=1), (20, 30), 4)
    assert [list(w) for w in windows([still], 1, None, 1)] == [[0]]


DEEP = Axes(time=0, level=(1,), y=2, x=3)


def deep(levels: int, chunk_levels: int = 1, chunk_steps: int = 4) -> Extent:
    return Extent(DEEP, (40, levels, 10, 10), 4, (chunk_steps, chunk_levels, 10, 10))


def test_levels_are_taken_in_even_runs_of_which_whole_chunks_fit() -> None:
    # One level of both members takes 4 steps * 2 sides * 2 members * 400 bytes.
    found = level_blocks([deep(10), deep(10)], 1, 4 * 4 * 400 * 4)
    assert found == [range(0, 4), range(4, 8), range(8, 10)]


def test_fewer_steps_of_a_sample_leave_room_for_more_levels() -> None:
    assert level_blocks([deep(10), deep(10)], 4, 4 * 4 * 400 * 4) is None


def test_runs_of_levels_are_whole_chunks() -> None:
    found = level_blocks([deep(10, chunk_levels=3)], 1, 1)
    assert found == [range(0, 3), range(3, 6), range(6, 9), range(9, 10)]


@given(levels=st.integers(2, 60), together=st.integers(1, 7), limit=st.integers(1, 400_000))
def test_each_level_is_in_one_run(levels: int, together: int, limit: int) -> None:
    found = level_blocks([deep(levels, together), field(40)], 1, limit)
    if found is not None:
        assert [level for run in found for level in run] == list(range(levels))
        assert all(run.start % together == 0 for run in found)


def test_levels_of_several_dimensions_and_fields_without_levels_stay_together() -> None:
    folded = Extent(Axes(time=0, level=(1, 2), y=3, x=4), (40, 3, 5, 10, 10), 4)
    assert level_blocks([folded], 1, 1) is None
    assert level_blocks([field(40)], 1, 1) is None
