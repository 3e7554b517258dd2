"""Bounds of all levels from those that were sampled."""

from __future__ import annotations

import numpy as np
import pytest

from climcomp.bounds import ErrorBound
from climcomp_workflows.plan.ladder import LevelBounds
from climcomp_workflows.plan.level_bounds import LevelRange, below_spacing
from climcomp_workflows.plan.search.levels import bounds_at, last_step, steps_at
from climcomp_workflows.plan.search.steps import LAST, PER_DECADE

F4 = np.dtype(np.float32)


def loosest(*values: float) -> LevelBounds:
    return LevelBounds(tuple(ErrorBound("absolute", v) for v in values), "text", "source")


def test_between_sampled_levels_the_tighter_neighbour_counts() -> None:
    assert steps_at((0, 3, 6), (0, 9, 4), range(7)) == (0, 9, 9, 9, 9, 9, 4)
    assert steps_at((2,), (5,), range(4)) == (5, 5, 5, 5)
    assert steps_at((0, 3, 6), (0, 9, 4), (0, 6)) == (0, 4)


def test_each_level_is_tightened_from_its_own_bound() -> None:
    found = bounds_at(loosest(1.0, 2.0, 3.0), (0, 2), (0, PER_DECADE))
    assert [b.value for b in found.bounds] == pytest.approx([1.0, 0.2, 0.3])
    assert found.text == "text"


def test_the_last_step_is_the_tightest_above_the_spacing_of_floats() -> None:
    bounds, ranges = loosest(1.0), (LevelRange(250.0, 300.0),)
    last = last_step(bounds, ranges, F4)
    assert 0 < last <= LAST
    for step, is_fine in ((last, False), (last + 1, last < LAST)):
        assert bool(below_spacing(bounds_at(bounds, (0,), (step,)), ranges, F4)) is is_fine
    large = (LevelRange(0.0, 1e6),)
    assert last_step(bounds, large, F4) < last
    assert below_spacing(bounds_at(bounds, (0,), (last_step(bounds, large, F4) + 1,)), large, F4)
    assert last_step(bounds, large, np.dtype(np.float64)) == LAST
