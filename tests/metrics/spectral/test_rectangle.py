"""The largest rectangle without gaps, against every rectangle tried."""

from __future__ import annotations

import numpy as np
import pytest

from climcomp_metrics.spectral.rectangle import largest_rectangle


def largest_by_trying(valid: np.ndarray, fewest: int, periodic: bool) -> int:
    rows, columns = valid.shape
    wide = np.concatenate([valid, valid], axis=1) if periodic else valid
    best = 0
    for top in range(rows):
        for bottom in range(top + fewest, rows + 1):
            for left in range(columns):
                last = left + columns if periodic else columns
                for right in range(left + fewest, last + 1):
                    if wide[top:bottom, left:right].all():
                        best = max(best, (bottom - top) * (right - left))
    return best


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_it_is_the_largest_of_all_and_has_no_gap(seed: int, periodic: bool) -> None:
    rng = np.random.default_rng(seed)
    valid = rng.random((9, 11)) > rng.choice([0.02, 0.1, 0.25])
    expected = largest_by_trying(valid, 2, periodic)
    box = largest_rectangle(valid, 2, periodic=periodic)
    area = 0 if box is None else box.shape[0] * box.shape[1]
    assert area == expected
    assert box is None or box.cut(valid).all()


def test_a_long_strip_gives_way_to_a_smaller_area_that_is_wide_enough() -> None:
    valid = np.zeros((40, 60), bool)
    valid[3] = valid[:, 50:53] = True
    valid[10:18, 20:27] = True
    valid[30:38, 5:13] = True
    box = largest_rectangle(valid, 8)
    assert box is not None
    assert (box.top, box.bottom, box.left, box.right) == (30, 38, 5, 13)


def test_an_ocean_across_the_seam_is_found_whole() -> None:
    valid = np.ones((20, 40), bool)
    valid[:, 10:20] = False
    box = largest_rectangle(valid, 8, periodic=True)
    assert box is not None
    assert box.shape == (20, 30)
    field = np.tile(np.arange(40.0), (20, 1))
    np.testing.assert_array_equal(box.cut(field)[0], [*range(20, 40), *range(10)])


def test_a_field_without_gaps_is_its_own_rectangle_also_on_a_ring() -> None:
    for periodic in (False, True):
        box = largest_rectangle(np.ones((12, 15), bool), 8, periodic=periodic)
        assert box is not None
        assert box.shape == (12, 15)


def test_there_is_none_where_all_are_too_small() -> None:
    assert largest_rectangle(np.ones((7, 100), bool), 8) is None
    assert largest_rectangle(np.zeros((20, 20), bool), 8) is None
