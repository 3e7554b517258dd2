"""The sampled cells of parts, and the areas that they stand for."""

from __future__ import annotations

import gc
from collections.abc import Callable

import numpy as np
import pytest

from climcomp_metrics import Place
from climcomp_metrics.annual.cells import (
    cells_of,
    pair_along_time,
    sample_in_words,
    sampled_cells,
)
from climcomp_metrics.part import Part

ROWS, COLUMNS = 60, 100


def test_parts_share_out_the_sample(record: Callable) -> None:
    x = np.random.default_rng(1).random((2, 1, ROWS, COLUMNS))
    case = record(x, x)
    ids = []
    for y0, y1, x0, x1 in ((0, 60, 0, 37), (0, 25, 37, 100), (25, 60, 37, 100)):
        box = x[:, :, y0:y1, x0:x1]
        place = Place("tas", (0, 0, y0, x0), box.shape)
        part = Part(box, box, case.settings, case.domain, place)
        cells = cells_of(part, 500)
        pair = pair_along_time(part, 0, cells)
        flat = sampled_cells((ROWS, COLUMNS), case.domain.weights, 500)[cells.ids]
        np.testing.assert_array_equal(pair[0], x.reshape(2, -1)[:, flat])
        ids += cells.ids.tolist()
    assert sorted(ids) == list(range(500))


def test_a_value_missing_in_one_is_missing_in_both(record: Callable) -> None:
    x, y = np.ones((2, 3, 1, 2, 2))
    x[0, 0, 0, 0], y[1, 0, 1, 1], y[2, 0, 0, 1] = np.nan, np.inf, -np.inf
    case = record(x, y)
    part = Part(x, y, case.settings, case.domain, Place("tas", (0, 0, 0, 0), x.shape))
    pair = pair_along_time(part, 0, cells_of(part))
    expected = [[True, False, False, False], [False, False, False, True]]
    expected += [[False, True, False, False]]
    assert np.isnan(pair).tolist() == [expected, expected]


def test_the_sample_of_other_weights_is_another_one() -> None:
    shape = (100, 100)
    first = np.ones(shape)
    known = sampled_cells(shape, first, 50)
    assert sampled_cells(shape, first, 50) is known
    second = np.ones(shape)
    second[:50] = 0.0
    assert sampled_cells(shape, second, 50).min() >= 5000
    assert sampled_cells(shape, None, 50).min() < 5000
    del second
    gc.collect()
    third = np.ones(shape)
    third[50:] = 0.0
    assert sampled_cells(shape, third, 50).max() < 5000


def test_sampled_cells_stand_for_equal_areas(record: Callable, warmth: Callable) -> None:
    # 18 x 300 cells, of which the sample takes 4,096: rows of cos(latitude).
    latitude = np.deg2rad(np.linspace(-85.0, 85.0, 18))
    weights = np.cos(latitude)[:, None] * np.ones(300)
    x = np.broadcast_to(warmth(365, 1, 1), (365, 1, 18, 300)).astype(np.float32)
    y = x + np.sin(latitude).astype(np.float32)[:, None] ** 2
    value = record(x, y, weights=weights).value("E6-TXx")
    expected = (weights * np.sin(latitude)[:, None] ** 2).sum() / weights.sum()
    assert value.value == pytest.approx(expected, rel=2e-3)
    assert value.sampled == "at most 4096 of 5400 cells, spread over the grid"


def test_small_grids_are_not_sampled(make_settings: Callable) -> None:
    assert sample_in_words(make_settings(np.zeros((1, 1, 64, 64)))) == ""
