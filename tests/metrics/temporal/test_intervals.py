"""Stretches of a record join where they meet, in any order."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from climcomp_metrics.temporal.intervals import join, one_stretch

VALUES = np.arange(10.0)[:, None, None] * np.ones((10, 2, 3))
CUTS = ((0, 1), (1, 4), (4, 8), (8, 10))


def stretch(start: int, end: int) -> tuple[np.ndarray, np.ndarray]:
    return one_stretch(start, 100 + np.arange(start, end), VALUES[start:end])


@pytest.mark.parametrize("order", list(permutations(CUTS)))
def test_every_seam_is_met_once_whatever_the_order(order: tuple[tuple[int, int], ...]) -> None:
    table, ends = stretch(*order[0])
    met = []
    for cut in order[1:]:
        other_table, other_ends = stretch(*cut)
        table, ends, seams = join([table, other_table], [ends, other_ends])
        met += [tuple(labels) for labels in seams.labels]
        np.testing.assert_array_equal(seams.before[:, 0, 0] + 100, seams.labels[:, 0])
        np.testing.assert_array_equal(seams.after[:, 1, 2] + 100, seams.labels[:, 1])
    assert sorted(met) == [(100, 101), (103, 104), (107, 108)]
    np.testing.assert_array_equal(table, [[0, 10, 100, 109]])
    np.testing.assert_array_equal(ends[0, :, 0, 0], [0.0, 9.0])


def test_stretches_that_do_not_meet_stay_apart() -> None:
    parts = [stretch(0, 3), stretch(7, 10)]
    table, ends, seams = join([part[0] for part in parts], [part[1] for part in parts])
    np.testing.assert_array_equal(table[:, :2], [[0, 3], [7, 10]])
    np.testing.assert_array_equal(ends[:, :, 0, 0], [[0.0, 2.0], [7.0, 9.0]])
    assert len(seams.labels) == 0
