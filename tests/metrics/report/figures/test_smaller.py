"""Fewer pixels."""

from __future__ import annotations

import numpy as np
import pytest

from climcomp_metrics.report.figures.smaller import cells_of, mean_of, rms_of

RNG = np.random.default_rng(12)


def test_blocks_are_means_of_what_is_known() -> None:
    picture = np.arange(32.0).reshape(4, 8)
    picture[0, 0] = np.nan
    picture[2:, 6:] = np.nan
    expected = picture.reshape(2, 2, 4, 2).swapaxes(1, 2).reshape(2, 4, 4)
    with np.errstate(all="ignore"):
        means = [[np.mean(b[np.isfinite(b)]) if np.isfinite(b).any() else np.nan for b in row]
                 for row in expected]  # fmt: skip
    np.testing.assert_allclose(mean_of(picture, 4), means)


def test_the_size_of_errors_is_kept_where_signs_cancel() -> None:
    picture = np.where(np.indices((8, 16)).sum(axis=0) % 2, 1.0, -1.0)
    np.testing.assert_allclose(mean_of(picture, 8), 0.0)
    np.testing.assert_allclose(rms_of(picture, 8), 1.0)


@pytest.mark.parametrize("keep", [(0, 0), (37, 99), (72, 144), (71, 1)])
def test_the_worst_pixel_is_never_left_out(keep: tuple[int, int]) -> None:
    picture = RNG.standard_normal((73, 145))
    picture[keep] = 99.0
    small = cells_of(picture, 72, keep)
    assert small.shape == (37, 73)
    assert small.max() == 99.0
    assert np.isin(small, picture).all()
    at = np.argwhere(small == 99.0)[0]
    np.testing.assert_allclose(
        (at + 0.5) / small.shape, (np.array(keep) + 0.5) / picture.shape, atol=0.02
    )


def test_a_picture_that_is_small_enough_is_left_alone() -> None:
    picture = RNG.standard_normal((90, 200))
    np.testing.assert_array_equal(mean_of(picture, 180), picture)


def test_a_row_is_never_gathered() -> None:
    picture = RNG.standard_normal((1, 700))
    np.testing.assert_array_equal(cells_of(picture, 60), picture)
