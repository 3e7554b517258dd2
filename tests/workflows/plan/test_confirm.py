"""What passes on a part of a sample is confirmed on more of it, or gives way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from climcomp_workflows.plan import confirm
from climcomp_workflows.plan.model import Plan, Rung, VariablePlan
from climcomp_workflows.plan.search import trials
from climcomp_workflows.plan.search.budget import DEAR, LEAST_OPERATIONS, Budget
from climcomp_workflows.plan.search.outcome import Outcome
from climcomp_workflows.plan.trial import SampleGate

from .conftest import Data, waves

PlanOf = Callable[..., Plan]
K = {"units": "K", "standard_name": "air_temperature"}
FIELD = waves((12, 60, 100), noise=0.5)
PASSED, FAILED = Outcome(0.5, "X1 is fine"), Outcome(2.0, "X1 is 2, limit 1")
Say = Callable[[str, float], Outcome]


class Told:
    """What trials on a part and on more of the sample say, whatever the codec does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.on_part: Say = lambda codec, bound: PASSED
        self.on_more: Say = lambda codec, bound: PASSED
        self.tried: list[tuple[str, float]] = []  # on more of the sample
        self.confirming = False
        monkeypatch.setattr(trials, "outcome_of", self._outcome)
        # As if the search had looked at a part only.
        monkeypatch.setattr(trials.Trials, "is_proved", lambda *given: False)
        for name in ("_on_more", "_beyond"):
            monkeypatch.setattr(confirm, name, self._marked(getattr(confirm, name)))

    def _marked(self, inner: Callable[..., Any]) -> Callable[..., Any]:
        def marked(*given: Any) -> Any:
            self.confirming = True
            try:
                return inner(*given)
            finally:
                self.confirming = False

        return marked

    def _outcome(self, gate: SampleGate, rung: Rung, position: int) -> Outcome:
        assert rung.bounds is not None
        bound = rung.bounds[gate.sample.levels[position]].value
        if not self.confirming:
            return self.on_part(rung.codec, bound)
        self.tried.append((rung.codec, bound))
        return self.on_more(rung.codec, bound)


def power(limit: float, name: str = "P3") -> Say:
    """An outcome that meets its limit at a bound, as a criterion of energy does."""

    def say(codec: str, bound: float) -> Outcome:
        strain = (bound / limit) ** 2
        return Outcome(strain, f"{name} is {strain:.2f}, limit 1", {name: strain})

    return say


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    return Told(monkeypatch)


def planned(plan_of: PlanOf, entry: str = "codecs: [sz3]", **more: Any) -> VariablePlan:
    recipe = f"variables: {{tas: {{{entry}}}}}\n"
    return plan_of(recipe, tas=Data(FIELD, attributes=K), **more).variable("tas")


def bound(variable: VariablePlan) -> float:
    assert variable.ladder[0].bounds is not None
    return variable.ladder[0].bounds[0].value


def test_what_is_confirmed_is_taken(told: Told, plan_of: PlanOf) -> None:
    told.on_part = told.on_more = power(0.05)
    found = planned(plan_of)
    assert 0.046 <= bound(found) <= 0.05
    assert len(told.tried) == 2  # and one step looser, for all values can be judged
    assert found.failed_rungs == ()


def test_what_fails_on_more_of_the_sample_gives_way_by_as_much_as_it_strains(
    told: Told, plan_of: PlanOf
) -> None:
    told.on_part, told.on_more = power(0.05), power(0.03)
    found = planned(plan_of)
    assert 0.027 <= bound(found) <= 0.03
    assert found.start == 0
    assert len(told.tried) <= 3
    assert found.failed_rungs[0][1].endswith("limit 1")


def test_what_has_room_on_more_of_the_sample_becomes_looser(told: Told, plan_of: PlanOf) -> None:
    told.on_part, told.on_more = power(0.03), power(0.05)
    found = planned(plan_of)
    assert 0.045 <= bound(found) <= 0.05
    said = f"after a look at more of the data: sz3 within {bound(found):.6g} K"
    assert said in found.notes


def test_what_never_confirms_is_left_to_the_ladder(
    told: Told, plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.on_more = lambda codec, value: FAILED
    monkeypatch.setattr(confirm, "first_rung", lambda gate, ladder: (1, ("on the samples no",)))
    found = planned(plan_of)
    assert found.start == 1
    assert told.tried[-1][1] < 1e-4


def test_beyond_a_failure_by_chance_a_looser_bound_that_passes_on_all_is_taken(
    told: Told, plan_of: PlanOf
) -> None:
    def chance(codec: str, value: float) -> Outcome:
        strain = 30 * value if value < 0.03 else 0.9 if 0.041 < value < 0.047 else 1.2
        return Outcome(strain, f"E1 is {strain}, limit 1", {"E1": strain})

    told.on_part = told.on_more = chance
    assert 0.041 < bound(planned(plan_of)) < 0.047


def test_beyond_a_limit_of_energy_nothing_is_tried(told: Told, plan_of: PlanOf) -> None:
    told.on_part = told.on_more = power(0.03)
    planned(plan_of)
    assert max(value for _, value in told.tried) < 0.035


def test_where_operations_are_spent_what_is_expected_to_pass_is_taken(
    told: Told, plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.on_part, told.on_more = power(0.05), power(0.03)
    one = DEAR * max(FIELD.size, LEAST_OPERATIONS)
    monkeypatch.setattr(confirm, "_budget", lambda *given: Budget(one))
    found = planned(plan_of)
    assert len(told.tried) == 2  # one to confirm, one beyond
    assert 0.027 <= bound(found) <= 0.03


def test_the_second_codec_takes_over_where_the_first_must_give_way(
    told: Told, plan_of: PlanOf
) -> None:
    told.on_part = lambda codec, value: PASSED if codec == "rounding" or value < 0.02 else FAILED
    entry = "codecs: [sz3, rounding], portable: false"
    assert planned(plan_of, entry).ladder[0].codec == "rounding"
    told.on_more = lambda codec, value: PASSED if codec == "sz3" or value < 0.001 else FAILED
    found = planned(plan_of, entry)
    assert found.ladder[found.start].codec == "sz3"
    assert {codec for codec, _ in told.tried} == {"sz3", "rounding"}


def test_levels_that_fail_give_way_alone(told: Told, plan_of: PlanOf) -> None:
    levels = np.stack([waves((4, 150, 180), seed=s) for s in range(3)], axis=1)
    data = Data(levels, ("time", "lev", "lat", "lon"), K)

    def at_level_1(gate: SampleGate, rung: Rung, position: int) -> Outcome:
        assert rung.bounds is not None
        tight = rung.bounds[gate.sample.levels[position]].value < 0.06
        return PASSED if tight or gate.sample.levels[position] != 1 else FAILED

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trials, "outcome_of", at_level_1)
        found = plan_of("variables: {ta: {codecs: [sz3]}}\n", ta=data).variable("ta")
    assert found.ladder[0].bounds is not None
    first, second, third = (b.value for b in found.ladder[0].bounds)
    assert first == third == pytest.approx(0.1)
    assert second < 0.06


def test_levels_that_share_shards_share_a_bound_that_is_tried(told: Told, plan_of: PlanOf) -> None:
    levels = np.stack([waves((4, 150, 180), seed=s) for s in range(3)], axis=1)
    data = Data(levels, ("time", "lev", "lat", "lon"), K)
    limits = 0.046, 0.04, 0.046  # so near each other that they are stored together
    lucky: list[float] = []

    def by_level(gate: SampleGate, rung: Rung, position: int) -> Outcome:
        assert rung.bounds is not None
        level = gate.sample.levels[position]
        value = rung.bounds[level].value
        # The first level passes at its own bound, and by chance not at the next tighter ones.
        lucky.append(value)
        odd = level == 0 and 0.035 < value < 0.0405
        return FAILED if odd else power(limits[level])(rung.codec, value)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trials, "outcome_of", by_level)
        found = plan_of("variables: {ta: {codecs: [sz3]}}\n", ta=data).variable("ta")
    assert found.ladder[0].bounds is not None
    values = {b.value for b in found.ladder[0].bounds}
    assert len(values) == 1
    assert 0.03 < values.pop() <= 0.035
    assert any(0.035 < value < 0.0405 for value in lucky)
