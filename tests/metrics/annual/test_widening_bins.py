"""Histograms whose bins widen: exact whatever the order of merging."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from climcomp_metrics.annual.widening_bins import (
    BINS,
    count,
    doublings,
    merge_counts,
    position_of,
)


def counted(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of (sets, time, cells)."""
    return count(position_of(values, 0.0, 0.01), np.isfinite(values[0]))


def test_bins_are_the_narrowest_that_hold_all_values() -> None:
    ranges = np.array([[0, 0, 0, -70, -1], [63, 64, 127, 70, 0]], np.int32)
    assert doublings(ranges).tolist() == [0, 1, 1, 2, 0]


def test_counts_are_those_of_a_plain_histogram() -> None:
    values = np.random.default_rng(3).normal(5.0, 2.0, (2, 400, 3))
    ranges, counts = counted(values)
    for cell in range(3):
        width = 0.01 * 2 ** int(doublings(ranges)[cell])
        first = np.floor(values[..., cell].min() / width)
        edges = (first + np.arange(BINS + 1)) * width
        for one in range(2):
            expected = np.histogram(values[one, :, cell], edges)[0]
            np.testing.assert_array_equal(counts[one, cell], expected)


def test_missing_values_are_not_counted() -> None:
    values = np.ones((2, 5, 2))
    values[:, 1:3, 0] = np.nan
    _, counts = counted(values)
    assert counts.sum(axis=2).tolist() == [[3, 5], [3, 5]]


def test_a_cell_without_values_takes_those_of_another_part() -> None:
    nothing = np.full((2, 5, 1), np.nan)
    some = np.arange(10.0).reshape(2, 5, 1)
    for pair in ((nothing, some), (some, nothing)):
        ranges, counts = merge_counts(*(counted(values) for values in pair))
        np.testing.assert_array_equal(ranges, counted(some)[0])
        np.testing.assert_array_equal(counts, counted(some)[1])


@given(
    seed=st.integers(0, 2**16),
    parts=st.integers(2, 6),
    spread=st.sampled_from([1e-3, 0.3, 50.0]),
)
@settings(max_examples=60)
def test_any_order_of_merging_gives_the_counts_of_the_whole(
    seed: int, parts: int, spread: float
) -> None:
    random = np.random.default_rng(seed)
    values = random.standard_normal((2, 60, 4)) * random.choice([0.01, 1.0, 30.0], 4)
    values += spread * np.linspace(-1, 1, 60)[:, None]
    values[:, random.random((60, 4)) < 0.3] = np.nan
    pieces = [counted(piece) for piece in np.array_split(values, parts, axis=1)]
    random.shuffle(pieces)  # type: ignore[arg-type]
    ranges, counts = reduce(merge_counts, pieces)
    expected = counted(values)
    np.testing.assert_array_equal(ranges, expected[0])
    np.testing.assert_array_equal(counts, expected[1])


def test_a_value_beyond_all_positions_is_counted_at_their_end() -> None:
    values = np.array([0.0, 1e30, -1e30]).reshape(1, 3, 1).repeat(2, axis=0)
    _, counts = counted(values)
    assert counts.sum() == 6
    assert counts[0].sum() == pytest.approx(3)
