"""From the values of a group to verdicts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from climcomp_metrics import Value
from climcomp_metrics.criteria import all_criteria, find_criterion, make_limits
from climcomp_metrics.together.judging import judge_group
from climcomp_metrics.together.model import Group
from climcomp_metrics.together.relations import RELATIONS, find_relation

WIND = Group("wind", {"u": "ua", "v": "va"})


def vorticity(value: float | None, **changes: object) -> Value:
    plain = Value("T5-vorticity", 2, value, "1", time=7, place="500 hPa")
    return replace(plain, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(("value", "expected"), [(0.02, "pass"), (0.03, "warn"), (0.06, "fail")])
def test_the_limits_of_metrics_decide(value: float, expected: str) -> None:
    verdict = judge_group([vorticity(value)], WIND)[0]

    assert (verdict.criterion, verdict.outcome) == ("T5-vorticity", expected)
    assert verdict.source == "METRICS: argued"


def test_the_place_names_time_level_and_all_members() -> None:
    verdict = judge_group([vorticity(0.06)], WIND)[0]

    assert verdict.place == "time 7, 500 hPa, wind of ua and va"


def test_a_level_without_a_name_has_its_number() -> None:
    verdict = judge_group([vorticity(0.06, place="")], WIND)[0]

    assert verdict.place == "time 7, level 2, wind of ua and va"


def test_a_value_that_is_not_there_is_not_applicable() -> None:
    value = vorticity(None, reason="the grid is curvilinear")

    verdicts = judge_group([value], WIND)

    assert [verdict.outcome for verdict in verdicts] == ["n/a", "n/a"]
    assert verdicts[0].reason == "the grid is curvilinear"


def test_a_value_that_is_no_number_fails() -> None:
    assert judge_group([vorticity(float("nan"))], WIND)[0].outcome == "fail"


def test_a_recipe_may_move_the_limits() -> None:
    limits = make_limits({"T5-vorticity.fail": 0.5, "T5-vorticity.warn": 0.4})

    verdict = judge_group([vorticity(0.06)], WIND, limits)[0]

    assert (verdict.outcome, verdict.source) == ("pass", "recipe")


def test_values_of_other_metrics_are_left_out() -> None:
    other = vorticity(0.5, metric="T5-divergence")

    verdicts = {verdict.criterion: verdict for verdict in judge_group([other], WIND)}

    assert verdicts["T5-vorticity"].outcome == "n/a"
    assert verdicts["T5-divergence"].outcome == "fail"


def test_what_was_sampled_is_said() -> None:
    verdict = judge_group([vorticity(0.0, sampled="32 of 256 time steps")], WIND)[0]

    assert verdict.sampled == "32 of 256 time steps"


def test_every_criterion_of_the_dataset_is_that_of_one_relation() -> None:
    given = {
        criterion: RELATIONS[name]
        for name in RELATIONS
        for criterion in find_relation(name).criteria
    }

    rows = {row.id: row.metric for row in all_criteria() if row.scope == "dataset"}
    assert rows == given


@pytest.mark.parametrize("name", RELATIONS)
def test_new_order_may_not_break_at_all_and_the_rest_has_limits_above_zero(name: str) -> None:
    for criterion in map(find_criterion, find_relation(name).criteria):
        assert criterion.fail is not None
        assert (criterion.fail == 0.0) == criterion.id.startswith("F4")
