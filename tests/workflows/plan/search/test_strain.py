"""How much of its limit a verdict uses."""

from __future__ import annotations

import math

import pytest

from climcomp_metrics.base import Outcome, Verdict
from climcomp_workflows.plan.search.strain import strain_of


def verdict(criterion: str, outcome: Outcome, value: float | None, fail: float | None) -> Verdict:
    return Verdict(criterion, "metric", outcome, value, "1", None, fail, "source")


@pytest.mark.parametrize(
    ("found", "strain"),
    [
        (verdict("P2", "pass", 0.5e-3, 1e-3), 0.5),
        (verdict("P2", "warn", 0.9e-3, 1e-3), 0.9),
        (verdict("P2", "fail", 2e-3, 1e-3), 2.0),
        (verdict("P2", "n/a", None, 1e-3), 0.0),
        (verdict("P2", "report", 5.0, None), 0.0),
        (verdict("P2", "fail", math.nan, 1e-3), math.inf),
        (verdict("P2", "fail", math.inf, 1e-3), math.inf),
        (verdict("P2", "fail", 2.0, 0.0), math.inf),
        (verdict("F1", "fail", 3.0, 0.0), math.inf),
        (verdict("P1", "pass", 0.01, 0.01), 0.0),  # as near to its bound as a codec may be
        (verdict("P1", "fail", 0.02, 0.01), math.inf),
    ],
)
def test_a_share_of_the_limit(found: Verdict, strain: float) -> None:
    assert strain_of(found) == pytest.approx(strain)


def test_where_small_values_are_bad_the_share_is_of_what_is_missing_to_one() -> None:
    assert strain_of(verdict("E4", "pass", 0.99, 0.98), is_least=True) == pytest.approx(0.5)
    assert strain_of(verdict("E4", "fail", 0.94, 0.98), is_least=True) == pytest.approx(3.0)
    assert strain_of(verdict("X-own", "pass", 8.0, 4.0), is_least=True) == pytest.approx(0.5)


def test_what_may_be_chance_does_not_strain() -> None:
    beyond = verdict("P8", "warn", 0.012, 0.01)
    assert strain_of(beyond) == 1.0  # it is no failure
    assert strain_of(beyond, 0.003) == pytest.approx(0.6)
    assert strain_of(beyond, 1.0) == 0.0


def test_a_failure_always_strains_beyond_its_limit() -> None:
    assert strain_of(verdict("P8", "fail", 0.012, 0.01), 0.003) > 1
