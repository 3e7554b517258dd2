"""The loosest step that passes, found in few trials, whatever the outcomes look like."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from climcomp.bounds import ErrorBound
from climcomp_workflows.plan.search.steps import LAST, PER_DECADE, SURE, at_step, loosest, step_of


class Counted:
    """A strain by step that counts its calls, and refuses a second one of the same step."""

    def __init__(self, strain: Callable[[int], float]) -> None:
        self.strain = strain
        self.tried: list[int] = []

    def __call__(self, step: int) -> float:
        assert step not in self.tried
        assert 0 <= step <= LAST
        self.tried.append(step)
        return self.strain(step)


def power(limit: float, exponent: float) -> Callable[[int], float]:
    """A strain that reaches 1 at step `limit` and grows with a power of the bound."""
    return lambda step: 10 ** (exponent * (limit - step) / PER_DECADE)


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0, 6.0])
@pytest.mark.parametrize("start", [0, PER_DECADE, LAST])
@pytest.mark.parametrize("limit", [0.5, 3.2, 26.5, 27.0, 40.1, 77.7, 107.5])
def test_the_loosest_step_is_found_in_few_trials(limit: float, start: int, exponent: float) -> None:
    strain = Counted(power(limit, exponent))
    assert loosest(strain, start) == int(np.ceil(limit))
    assert len(strain.tried) <= 13


def test_a_ceiling_that_passes_costs_one_trial() -> None:
    strain = Counted(lambda step: 0.5)
    assert loosest(strain, 0) == 0
    assert strain.tried == [0]


def test_what_never_passes_is_none_and_has_been_tried_at_the_tightest_bound() -> None:
    strain = Counted(lambda step: float("inf"))
    assert loosest(strain, 27) is None
    assert LAST in strain.tried


def test_nothing_is_tried_beyond_the_ends() -> None:
    strain = Counted(power(50, 1.0))
    assert loosest(strain, 30, last=40) is None
    assert max(strain.tried) == 40
    strain = Counted(power(5, 1.0))
    assert loosest(strain, 30, first=20) == 20
    assert min(strain.tried) == 20


def test_a_pass_by_chance_among_failures_does_not_count() -> None:
    lucky = power(40, 1.0)
    found = loosest(Counted(lambda step: 0.9 if step == 20 else lucky(step)), 20)
    assert found == 40


def test_a_failure_by_chance_among_passes_ends_the_search_no_earlier_than_needed() -> None:
    unlucky = power(10, 1.0)
    found = loosest(Counted(lambda step: 1.5 if step == 27 else unlucky(step)), 27)
    # What is looser than a known failure does not count, even where it would pass.
    assert found is not None
    assert 27 < found <= 27 + SURE + 3


@pytest.mark.parametrize("seed", range(40))
def test_noisy_outcomes_end_near_the_limit_and_on_a_step_that_passed(seed: int) -> None:
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 0.15, LAST + 1)
    clean = power(45, 1.5)
    strain = Counted(lambda step: clean(step) * float(np.exp(noise[step])))
    found = loosest(strain, PER_DECADE)
    assert found is not None
    assert strain.strain(found) <= 1
    assert 38 <= found <= 56


def test_outcomes_without_any_order_end() -> None:
    for seed in range(50):
        rng = np.random.default_rng(seed)
        strains = rng.choice([0.0, 0.5, 2.0, float("inf"), float("nan")], LAST + 1)
        found = loosest(Counted(lambda step, s=strains: float(s[step])), int(rng.integers(LAST)))
        assert found is None or strains[found] <= 1


def test_steps_and_factors_agree() -> None:
    bound = ErrorBound("absolute", 1.0)
    assert at_step(bound, PER_DECADE).value == pytest.approx(0.1)
    assert step_of(10.0) == PER_DECADE
    assert step_of(1.0) == 0
    assert at_step(bound, step_of(3.0)).value <= 1 / 3
