"""The loosest step that passes, found in few trials, whatever the outcomes look like."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from climcomp.bounds import ErrorBound
from climcomp_workflows.plan.search.curve import PER_DECADE
from climcomp_workflows.plan.search.steps import LAST, SURE, at_step, loosest, step_of


class Counted:
    """Shares by step that count their calls, and refuse a second one of the same step."""

    def __init__(self, strain: Callable[[int], float], criterion: str = "E1") -> None:
        self.strain, self.criterion = strain, criterion
        self.tried: list[int] = []

    def __call__(self, step: int) -> Mapping[str, float]:
        assert step not in self.tried
        assert 0 <= step <= LAST
        self.tried.append(step)
        return {self.criterion: self.strain(step), "S3": 0.5}


def power(limit: float, exponent: float) -> Callable[[int], float]:
    """A strain that reaches 1 at step `limit` and grows with a power of the bound."""
    return lambda step: 10 ** (exponent * (limit - step) / PER_DECADE)


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0, 6.0])
@pytest.mark.parametrize("start", [0, PER_DECADE, LAST])
@pytest.mark.parametrize("limit", [0.5, 3.2, 26.5, 27.0, 40.1, 77.7, 107.5])
def test_a_step_near_the_limit_is_found_in_few_trials(
    limit: float, start: int, exponent: float
) -> None:
    strain = Counted(power(limit, exponent))
    found = loosest(strain, start)
    assert found is not None
    assert limit <= found <= limit + 3
    assert len(strain.tried) <= 10


@pytest.mark.parametrize("start", [0, PER_DECADE, LAST])
@pytest.mark.parametrize("limit", [0.5, 3.2, 26.5, 40.1, 77.7, 107.5])
@pytest.mark.parametrize(
    ("criterion", "power_"), [("E1", 1.0), ("D2", 1.0), ("T3", 2.0), ("S2-fine", 2.0)]
)
def test_what_follows_its_curve_is_found_at_once(
    criterion: str, power_: float, limit: float, start: int
) -> None:
    strain = Counted(power(limit, power_), criterion)
    assert loosest(strain, start) == int(np.ceil(limit))
    assert len(strain.tried) <= 4


def test_a_limit_of_energy_needs_no_neighbour_and_one_of_extremes_does() -> None:
    smooth, chance = Counted(power(20.5, 2.0), "P3"), Counted(power(20.5, 1.0), "E1")
    assert loosest(smooth, 21) == loosest(chance, 21) == 21
    assert smooth.tried == [21]
    assert chance.tried == [21, 21 + SURE]


def test_what_does_not_depend_on_the_bound_stops_nothing() -> None:
    shares = lambda step: {"P7": 0.9, "T3": power(12.5, 2.0)(step)}  # noqa: E731
    assert loosest(shares, PER_DECADE) == 13


def test_a_ceiling_that_passes_costs_one_trial() -> None:
    strain = Counted(lambda step: 0.9)
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
