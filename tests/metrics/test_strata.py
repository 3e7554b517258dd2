"""Cells that stand for equal shares of a grid's area."""

from __future__ import annotations

import numpy as np
import pytest

from climcomp_metrics.strata import stratified_cells


def test_a_small_grid_gives_all_its_cells() -> None:
    assert stratified_cells((3, 4), None).tolist() == list(range(12))


def test_cells_stand_for_equal_areas() -> None:
    lat = np.linspace(-89.5, 89.5, 180)
    weights = np.repeat(np.cos(np.radians(lat))[:, None], 360, axis=1)
    cells = stratified_cells((180, 360), weights, 4096)
    rows = cells // 360
    chosen = np.abs(lat[rows]) < 30
    assert 3900 < cells.size <= 4096
    assert chosen.mean() == pytest.approx(0.5, abs=0.01)  # sin 30 degrees


def test_cells_without_weights_are_spread_by_number() -> None:
    cells = stratified_cells((100, 1000), None, 100)
    assert cells.size == 100
    assert np.ptp(np.diff(cells)) <= 2


def test_cells_without_area_are_never_taken() -> None:
    weights = np.zeros((100, 100))
    weights[40:60] = 1.0
    rows = stratified_cells((100, 100), weights, 50) // 100
    assert rows.min() >= 40
    assert rows.max() < 60
