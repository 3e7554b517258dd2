"""The budget of a search, and the part of a sample that it is spent on."""

from __future__ import annotations

import numpy as np
import pytest

from climcomp_workflows.plan.sample import Sample
from climcomp_workflows.plan.search.budget import (
    DEAR,
    ENOUGH_VALUES,
    EXPECTED_TRIALS,
    FEWEST_LEVELS,
    FEWEST_STEPS,
    FLOOR,
    LEAST_OPERATIONS,
    WEIGHTS,
    WHOLE,
    Budget,
    BudgetSpent,
    budget_of,
    thinned,
)


def sample(times: int, levels: int = 1, field: int = 1000) -> Sample:
    values = np.arange(times * levels * field, dtype=np.float32).reshape(times, levels, 1, field)
    return Sample(
        values, tuple(range(10, 10 + times)), tuple(range(0, 3 * levels, 3)),
        slice(0, 1), slice(0, field), whole=True, tiles=False,
    )  # fmt: skip


def test_a_large_variable_has_the_recipes_share_and_a_small_one_a_floor() -> None:
    assert budget_of(10**10, 0.05, whole=False) == 5 * 10**8
    assert budget_of(10**10, 0.01, whole=False) == 10**8
    assert budget_of(10**8, 0.05, whole=False) == FLOOR
    assert budget_of(1000, 0.05, whole=False) < FLOOR
    assert budget_of(10**8, 0.01, whole=False) == FLOOR // 5


def test_a_sample_that_is_all_of_the_variable_is_worth_more() -> None:
    assert budget_of(10**7, 0.05, whole=True) == WHOLE * FLOOR
    assert budget_of(1000, 0.05, whole=True) == budget_of(1000, 0.05, whole=False)


def test_operations_are_counted_by_codec_and_end() -> None:
    budget = Budget(3 * DEAR * LEAST_OPERATIONS)
    budget.spend("sz3", 10)
    assert budget.left == 2 * DEAR * LEAST_OPERATIONS
    with pytest.raises(BudgetSpent):
        budget.spend("sperr", LEAST_OPERATIONS)
    assert WEIGHTS["sperr"] > 2
    assert budget.left == 2 * DEAR * LEAST_OPERATIONS  # what was not done is not paid for


def test_a_sample_that_fits_stays_whole() -> None:
    found = sample(12, 3)
    assert thinned(found, DEAR * EXPECTED_TRIALS * 12 * 3 * 1000) is found


def test_fewer_times_and_levels_spread_over_the_sample() -> None:
    found = thinned(sample(100, 8), DEAR * EXPECTED_TRIALS * 40 * 1000)
    assert found.fields.shape[0] * found.fields.shape[1] <= 44
    assert found.times[0] == 10
    assert found.times[-1] == 109
    assert found.levels[0] == 0
    assert found.levels[-1] == 21
    assert not found.whole
    for t, time in enumerate(found.times):
        for p, level in enumerate(found.levels):
            first = (time - 10) * 8000 + level // 3 * 1000
            assert found.fields[t, p, 0, 0] == np.float32(first)


def test_levels_are_dropped_before_the_last_few_times() -> None:
    found = thinned(sample(3, 30), DEAR * EXPECTED_TRIALS * 10 * 1000)
    assert len(found.times) == 3
    assert len(found.levels) == FEWEST_LEVELS
    assert found.whole  # of the levels that it has
    assert len(thinned(sample(50, 30), 1000).times) == FEWEST_STEPS


def test_one_step_of_a_large_field_is_enough() -> None:
    assert len(thinned(sample(6, field=ENOUGH_VALUES), 1000).times) == 1
    assert len(thinned(sample(6, field=ENOUGH_VALUES // 2), 1000).times) == 2
