"""The gate's decisions."""

from __future__ import annotations

import pytest

from climcomp_metrics.base import Verdict
from climcomp_workflows.gate import (
    Accept,
    Refuse,
    Retry,
    decide,
    failures,
    in_words,
    not_enforced,
)


def verdict(criterion: str = "P2", outcome: str = "fail", **changes: object) -> Verdict:
    fields: dict[str, object] = {
        "criterion": criterion,
        "metric": "bias",
        "outcome": outcome,
        "value": 0.002,
        "unit": "1",
        "warn": 3e-4,
        "fail": 1e-3,
        "source": "METRICS: calibrated",
        "place": "level 3",
    }
    return Verdict(**{**fields, **changes})  # type: ignore[arg-type]  # fields by name


def test_nothing_failed_is_accepted() -> None:
    assert decide([], 0, 3, 0, "lossless") == Accept()


def test_the_first_failure_goes_one_rung_down() -> None:
    decision = decide([verdict()], 0, 3, 0, "lossless")
    assert isinstance(decision, Retry)
    assert decision.rung == 1


def test_the_second_lossy_failure_goes_to_lossless_however_long_the_ladder() -> None:
    decision = decide([verdict()], 1, 6, 1, "lossless")
    assert isinstance(decision, Retry)
    assert decision.rung == 5


def test_a_ladder_that_starts_low_reaches_lossless_at_once() -> None:
    decision = decide([verdict()], 1, 3, 0, "lossless")
    assert isinstance(decision, Retry)
    assert decision.rung == 2


def test_refuse_never_becomes_lossless() -> None:
    assert isinstance(decide([verdict()], 1, 3, 1, "refuse"), Refuse)


def test_refuse_still_tries_the_lossy_rungs() -> None:
    assert decide([verdict()], 0, 3, 0, "refuse") == Retry(1, (in_words(verdict()),))


@pytest.mark.parametrize("criterion", ["F1", "F2", "F3", "F5", "P1"])
def test_bounds_enforces_the_promise_on_every_value(criterion: str) -> None:
    assert failures([verdict(criterion)], "bounds") == [verdict(criterion)]


def test_bounds_lets_the_climate_tests_warn_only() -> None:
    assert failures([verdict("C2")], "bounds") == []


def test_all_enforces_everything() -> None:
    assert failures([verdict("C2")], "all") == [verdict("C2")]


@pytest.mark.parametrize("outcome", ["pass", "warn", "report"])
def test_only_failures_block(outcome: str) -> None:
    assert failures([verdict("C2", outcome)], "all") == []


def test_not_applicable_blocks_only_where_it_is_required() -> None:
    absent = verdict("C1", "n/a", value=None, reason="no area")
    assert failures([absent], "all") == []
    assert failures([absent], "all", {"C1"}) == [absent]


def test_a_failure_names_value_limit_source_and_place() -> None:
    expected = "P2 bias is 0.002, limit 0.001 (METRICS: calibrated) at level 3"
    assert in_words(verdict()) == expected


def test_a_failure_without_a_number_names_its_reason_instead() -> None:
    broken = verdict("X-front", value=float("nan"), reason="it failed with KeyError: 'x'")
    assert in_words(broken) == "X-front bias fails at level 3: it failed with KeyError: 'x'"
    unlimited = verdict("X-front", value=float("nan"), fail=None, reason="it failed")
    assert in_words(unlimited) == "X-front bias fails at level 3: it failed"
    assert in_words(verdict(value=float("nan"))).endswith("its value is not a number")


def test_a_failure_that_does_not_block_keeps_its_reason() -> None:
    shown = not_enforced(verdict("X-front", reason="no front"), "bounds")
    assert (shown.outcome, shown.reason) == (
        "warn", "no front; quality: bounds enforces the bounds alone",
    )  # fmt: skip


@pytest.mark.parametrize("criterion", ["F1", "F2", "F5"])
def test_a_preview_still_keeps_masks_and_ranges(criterion: str) -> None:
    assert failures([verdict(criterion)], "masks") == [verdict(criterion)]
    assert not_enforced(verdict(criterion), "masks").outcome == "fail"


@pytest.mark.parametrize("criterion", ["F3", "P1", "P2", "C3", "S1"])
def test_nothing_else_stops_a_preview(criterion: str) -> None:
    assert failures([verdict(criterion)], "masks") == []
    shown = not_enforced(verdict(criterion), "masks")
    assert shown.outcome == "warn"
    assert "a preview is not refused for it" in shown.reason


def test_a_preview_cannot_lack_a_required_test() -> None:
    absent = verdict("S1", "n/a", value=None)
    assert failures([absent], "all", ["S1"]) == [absent]
    assert failures([absent], "masks", ["S1"]) == []


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_a_failure_of_a_preview_without_a_number_warns_of_nothing(value: float | None) -> None:
    shown = not_enforced(verdict("S1", value=value), "masks")
    assert (shown.outcome, shown.value) == ("n/a", None)
