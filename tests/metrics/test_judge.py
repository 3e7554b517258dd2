"""Limits, their sources, and what becomes of values that are missing or no numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from climcomp.errors import RecipeError
from climcomp_metrics import (
    CRITERIA,
    FieldSettings,
    OwnMetric,
    Value,
    Verdict,
    judge,
    make_limits,
)


@pytest.fixture
def field(make_settings: Callable) -> FieldSettings:
    return make_settings(np.zeros((40, 3, 2, 2)), sigma=(1.0,) * 3)


def bias(value: float | None, level: int = 0, **more: object) -> Value:
    return Value("P2", level, value, "sigma", **more)  # type: ignore[arg-type]


def judged(values: list[Value], field: FieldSettings, **limits: float) -> Verdict:
    named = {name.replace("_", "."): limit for name, limit in limits.items()}
    return next(v for v in judge(values, field, make_limits(named)) if v.criterion == "P2")


@pytest.mark.parametrize(
    ("value", "outcome"),
    [(0.0, "pass"), (3e-4, "pass"), (3.1e-4, "warn"), (1e-3, "warn"), (1.1e-3, "fail")],
)
def test_a_limit_is_kept_when_reached(value: float, outcome: str, field: FieldSettings) -> None:
    assert judged([bias(value)], field).outcome == outcome


def test_the_worst_level_decides_and_is_named(field: FieldSettings) -> None:
    verdict = judged([bias(1e-4, 0), bias(5e-3, 1, time=7), bias(2e-4, 2)], field)
    assert (verdict.outcome, verdict.value, verdict.place) == ("fail", 5e-3, "time 7, level 1")


def test_for_scores_the_smallest_value_is_the_worst(field: FieldSettings) -> None:
    values = [Value("E4", k, score, "1") for k, score in enumerate((0.999, 0.97, 0.985))]
    verdict = next(v for v in judge(values, field) if v.criterion == "E4")
    assert (verdict.outcome, verdict.value, verdict.place) == ("fail", 0.97, "level 1")


def test_nan_is_never_a_pass(field: FieldSettings) -> None:
    verdict = judged([bias(1e-9, 0), bias(float("nan"), 1)], field)
    assert verdict.outcome == "fail"
    assert verdict.reason == "the value is not a number"


def test_a_nan_that_has_a_reason_fails_without_any_limit(field: FieldSettings) -> None:
    own = OwnMetric("front", "mine.py", "", code="x")
    values = [Value("X-front", 0, 1.0, "K"), Value("X-front", 1, np.nan, "K", reason="it raised")]
    found = {v.criterion: v for v in judge(values, replace(field, own=(own,)))}["X-front"]
    assert (found.outcome, found.reason, found.place) == ("fail", "it raised", "level 1")
    assert (found.warn, found.fail, found.source) == (None, None, "recipe: mine.py")


def test_infinity_fails(field: FieldSettings) -> None:
    assert judged([bias(float("inf"))], field).outcome == "fail"


def test_without_any_value_it_is_na_with_every_reason(field: FieldSettings) -> None:
    values = [
        bias(None, 0, reason="too dry"),
        bias(None, 1, reason="too dry"),
        bias(None, 2, reason="flat"),
    ]
    verdict = judged(values, field)
    assert (verdict.outcome, verdict.value) == ("n/a", None)
    assert verdict.reason == "too dry (2 levels); flat"


def test_levels_without_a_value_neither_pass_nor_block(field: FieldSettings) -> None:
    verdict = judged([bias(1e-5, 0), bias(None, 1, reason="flat")], field)
    assert (verdict.outcome, verdict.reason) == ("pass", "flat")


def test_nothing_measured_is_na(field: FieldSettings) -> None:
    assert {v.outcome for v in judge([], field)} == {"n/a"}


def test_an_excess_that_chance_could_make_is_a_warning(field: FieldSettings) -> None:
    assert judged([bias(1.5e-3, error=3e-4)], field).outcome == "warn"
    assert judged([bias(1.5e-3, error=2e-4)], field).outcome == "fail"
    # An uncertain level does not hide a certain one with a smaller value.
    assert judged([bias(2e-3, 0, error=1e-3), bias(1.2e-3, 1)], field).outcome == "fail"


def test_a_metric_without_fail_is_reported_and_never_blocks(field: FieldSettings) -> None:
    values = [Value("P5", 0, 100.0, ""), Value("P4", 0, 0.5, "")]
    verdicts = {v.criterion: v.outcome for v in judge(values, field)}
    assert (verdicts["P5"], verdicts["P4"]) == ("report", "warn")


def test_extremes_are_not_for_bounded_fractions_and_totals_only_for_positive(
    make_settings: Callable,
) -> None:
    x = np.zeros((1, 1, 1, 1))
    ids = {
        kind: {v.criterion for v in judge([], make_settings(x, kind=kind, sigma=(0.0,)))}
        for kind in "CPB"
    }
    assert {"E1", "E2", "E3", "E4", "E5"} & ids["B"] == set()
    assert ("C3" in ids["P"], "C3" in ids["C"], "C3" in ids["B"]) == (True, False, False)


def test_every_metric_of_the_suite_is_in_the_table_once() -> None:
    numbers = {"F": 5, "P": 11, "D": 6, "E": 8, "S": 3, "C": 6, "T": 7, "M": 7}
    expected = {f"{letter}{n + 1}" for letter, count in numbers.items() for n in range(count)}
    assert {row.id.partition("-")[0] for row in CRITERIA} == expected
    assert len({row.id for row in CRITERIA}) == len(CRITERIA)


def test_a_verdict_says_whose_limit_it_was(field: FieldSettings) -> None:
    assert judged([bias(0.0)], field).source == "METRICS: calibrated"
    changed = judged([bias(5e-3)], field, P2_fail=0.01)
    assert (changed.outcome, changed.fail, changed.source) == ("warn", 0.01, "recipe")


def test_a_stricter_fail_takes_the_warning_with_it(field: FieldSettings) -> None:
    verdict = judged([bias(2e-4)], field, P2_fail=1e-4)
    assert (verdict.outcome, verdict.warn) == ("fail", 1e-4)
    limits = make_limits({"E4.fail": 0.995})
    verdict = next(
        v for v in judge([Value("E4", 0, 0.992, "")], field, limits) if v.criterion == "E4"
    )
    assert (verdict.outcome, verdict.warn) == ("fail", 0.995)


def test_a_limit_makes_a_report_a_criterion(field: FieldSettings) -> None:
    limits = make_limits({"P4.fail": 1e-4})
    verdict = next(
        v for v in judge([Value("P4", 0, 1e-3, "")], field, limits) if v.criterion == "P4"
    )
    assert verdict.outcome == "fail"


def test_all_wrong_limits_are_refused_at_once_with_the_nearest_name() -> None:
    with pytest.raises(RecipeError) as caught:
        make_limits({"C1.fial": 0.02, "P1.fail": 1.0, "D1.warn": -1.0, "C2.fail": 0.01})
    first, second, third = caught.value.problems
    assert "'C1.fial'" in first
    assert "'C1.fail'" in first
    assert "'P1.fail' is no limit that can be set" in second
    assert "D1.warn must be a positive number" in third


def test_a_verdict_comes_back_from_json(field: FieldSettings) -> None:
    verdict = judged([bias(float("inf"), detail={"psnr_db": float("nan"), "n": 3.0})], field)
    back = Verdict.from_dict(json.loads(json.dumps(verdict.to_dict())))
    assert (back.value, back.outcome, back.detail["n"]) == (float("inf"), "fail", 3.0)
