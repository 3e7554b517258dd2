"""Claims about reading some time steps: the right values, and few chunks decoded twice."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from climcomp.blocks import Region, region_shape, touched_indices
from climcomp_metrics.field import Axes, canonical
from climcomp_workflows.together import read
from climcomp_workflows.together.read import Stored, read_steps

TIME_FIRST = Axes(time=0, level=(1,), y=2, x=3)
TIME_LAST = Axes(time=3, level=(0,), y=1, x=2)


def numbers(shape: tuple[int, ...]) -> np.ndarray:
    return np.arange(math.prod(shape), dtype=np.float32).reshape(shape)


@pytest.mark.parametrize("piece", [100, 2000, 1 << 20])
@given(
    axes=st.sampled_from([TIME_FIRST, TIME_LAST]),
    shape=st.tuples(*[st.integers(1, 12)] * 4),
    chunk=st.tuples(*[st.integers(1, 5)] * 4) | st.none(),
    start=st.integers(0, 11),
    stride=st.integers(1, 5),
)
def test_the_steps_asked_for_are_read_whatever_the_chunks(
    piece: int,
    axes: Axes,
    shape: tuple[int, ...],
    chunk: tuple[int, ...] | None,
    start: int,
    stride: int,
) -> None:
    values = numbers(shape)
    length = shape[axes.time or 0]
    steps = range(min(start, length - 1), length, stride)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(read, "PIECE_BYTES", piece)
        found = read_steps(Stored(shape, axes, 4, chunk), steps, lambda region: values[region])
    expected = canonical(values.take(list(steps), axis=axes.time or 0), axes)
    np.testing.assert_array_equal(found, expected)


def test_a_variable_without_time_is_read_whole() -> None:
    values = numbers((4, 6))
    axes = Axes(time=None, level=(), y=0, x=1)
    found = read_steps(Stored((4, 6), axes, 4, None), range(1), lambda region: values[region])
    np.testing.assert_array_equal(found, values[None, None])


@pytest.mark.parametrize("stride", [1, 3, 5])
def test_no_chunk_is_decoded_twice_even_where_pieces_are_small(
    stride: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "PIECE_BYTES", 400)
    shape, chunk = (24, 4, 10, 12), (6, 1, 5, 6)
    values = numbers(shape)
    decoded: Counter[tuple[int, ...]] = Counter()

    def one(region: Region) -> np.ndarray:
        decoded.update(touched_indices(region, chunk))
        return values[region]

    read_steps(Stored(shape, TIME_FIRST, 4, chunk), range(0, 24, stride), one)
    assert set(decoded.values()) == {1}


def test_steps_far_apart_in_an_unchunked_record_are_read_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(read, "READ_ALONE_BYTES", 1000)
    shape = (40, 1, 10, 12)
    sizes = []

    def one(region: Region) -> np.ndarray:
        sizes.append(region_shape(region)[0])
        return numbers(shape)[region]

    read_steps(Stored(shape, TIME_FIRST, 4, None), range(0, 40, 8), one)
    assert sizes == [1] * 5
