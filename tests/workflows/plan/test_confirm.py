"""What passes on a part of a sample is confirmed on more of it, or gives way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from climcomp_workflows.plan import confirm
from climcomp_workflows.plan.model import Plan, Rung, VariablePlan
from climcomp_workflows.plan.search import trials
from climcomp_workflows.plan.search.outcome import Outcome
from climcomp_workflows.plan.trial import SampleGate

from .conftest import Data, waves

PlanOf = Callable[..., Plan]
K = {"units": "K", "standard_name": "air_temperature"}
FIELD = waves((12, 60, 100), noise=0.5)
PASSED, FAILED = Outcome(0.5, "X1 is fine"), Outcome(2.0, "X1 is 2, limit 1")


class Told:
    """What trials and confirmations say, whatever the codec does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.on_part: Callable[[str, float], Outcome] = lambda codec, bound: PASSED
        self.on_all: Callable[[str, float], Outcome] = lambda codec, bound: PASSED
        self.confirmed: list[tuple[str, float]] = []
        monkeypatch.setattr(trials, "outcome_of", self._part)
        monkeypatch.setattr(confirm, "outcome_of", self._all)
        # As if the search had looked at a part only.
        monkeypatch.setattr(trials.Trials, "is_proved", lambda *given: False)

    def _part(self, gate: SampleGate, rung: Rung, position: int) -> Outcome:
        assert rung.bounds is not None
        return self.on_part(rung.codec, rung.bounds[0].value)

    def _all(self, gate: SampleGate, rung: Rung, position: int) -> Outcome:
        assert rung.bounds is not None
        self.confirmed.append((rung.codec, rung.bounds[0].value))
        return self.on_all(rung.codec, rung.bounds[0].value)


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
    found = planned(plan_of)
    assert bound(found) == pytest.approx(0.1)
    assert told.confirmed == [("sz3", pytest.approx(0.1))]
    assert found.failed_rungs == ()


def test_what_fails_on_all_of_the_sample_gives_way_by_as_much_as_it_strains(
    told: Told, plan_of: PlanOf
) -> None:
    told.on_all = lambda codec, value: PASSED if value < 0.06 else FAILED
    found = planned(plan_of)
    assert 0.04 < bound(found) < 0.06
    assert found.start == 0
    assert found.failed_rungs[0][1] == "X1 is 2, limit 1"
    assert [value for _, value in told.confirmed[:2]] == pytest.approx([0.1, 0.0464], rel=0.01)


def test_what_never_confirms_is_left_to_the_ladder(
    told: Told, plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.on_all = lambda codec, value: FAILED
    monkeypatch.setattr(confirm, "first_rung", lambda gate, ladder: (1, ("on the samples no",)))
    found = planned(plan_of)
    assert found.start == 1
    assert len(told.confirmed) == confirm.RETREATS
    assert bound(found) < 0.1 / 2**confirm.RETREATS * 1.2


def test_beyond_a_failure_by_chance_a_looser_bound_that_passes_on_all_is_taken(
    told: Told, plan_of: PlanOf
) -> None:
    told.on_part = lambda codec, value: PASSED if value < 0.03 else FAILED
    told.on_all = lambda codec, value: PASSED if value < 0.03 or 0.05 < value < 0.07 else FAILED
    assert 0.05 < bound(planned(plan_of)) < 0.07


def test_no_looser_bound_is_tried_where_operations_are_spent(
    told: Told, plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.on_part = lambda codec, value: PASSED if value < 0.03 else FAILED
    monkeypatch.setattr(confirm, "budget_of", lambda values, share: 0)
    assert bound(planned(plan_of)) < 0.03
    assert len(told.confirmed) == 1


def test_a_near_miss_of_the_part_is_tried_looser_on_all(told: Told, plan_of: PlanOf) -> None:
    told.on_part = lambda codec, value: PASSED if value < 0.05 else Outcome(1.05, "X1 just fails")
    found = planned(plan_of)
    assert bound(found) > 0.05
    assert found.failed_rungs == ()
    told.on_all = lambda codec, value: PASSED if value < 0.05 else FAILED
    assert bound(planned(plan_of)) < 0.05


def test_the_second_codec_takes_over_where_the_first_must_give_way(
    told: Told, plan_of: PlanOf
) -> None:
    told.on_part = lambda codec, value: PASSED if codec == "rounding" or value < 0.02 else FAILED
    entry = "codecs: [sz3, rounding], portable: false"
    assert planned(plan_of, entry).ladder[0].codec == "rounding"
    told.on_all = lambda codec, value: PASSED if codec == "sz3" or value < 0.001 else FAILED
    found = planned(plan_of, entry)
    assert found.ladder[found.start].codec == "sz3"
    assert {codec for codec, _ in told.confirmed} == {"sz3", "rounding"}


def test_levels_that_fail_give_way_alone(told: Told, plan_of: PlanOf) -> None:
    levels = np.stack([waves((4, 150, 180), seed=s) for s in range(3)], axis=1)
    data = Data(levels, ("time", "lev", "lat", "lon"), K)
    told.on_all = lambda codec, value: PASSED

    def at_level_1(gate: SampleGate, rung: Rung, position: int) -> Outcome:
        assert rung.bounds is not None
        tight = rung.bounds[gate.sample.levels[position]].value < 0.06
        return PASSED if tight or gate.sample.levels[position] != 1 else FAILED

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(confirm, "outcome_of", at_level_1)
        found = plan_of("variables: {ta: {codecs: [sz3]}}\n", ta=data).variable("ta")
    assert found.ladder[0].bounds is not None
    first, second, third = (b.value for b in found.ladder[0].bounds)
    assert first == third == pytest.approx(0.1)
    assert second < 0.06
