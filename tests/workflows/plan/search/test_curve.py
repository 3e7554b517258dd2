"""Where a curve expects the first limit, from one outcome or several."""

from __future__ import annotations

import math

import pytest

from climcomp_workflows.plan.search.curve import PER_DECADE, Curve, is_smooth, power_of


def share(limit: float, power: float, step: int) -> float:
    return float(10 ** (power * (limit - step) / PER_DECADE))


@pytest.mark.parametrize("step", [5, 40])
@pytest.mark.parametrize(
    ("name", "power"), [("E1", 1.0), ("D2", 1.0), ("S2-fine", 2.0), ("P3", 2.0)]
)
def test_one_outcome_tells_the_limit(name: str, power: float, step: int) -> None:
    assert power_of(name) == power
    assert Curve({step: {name: share(20.5, power, step)}}).expected() == pytest.approx(20.5)


def test_the_criterion_whose_limit_is_met_first_counts() -> None:
    shares = {"T3": share(9.0, 2.0, 30), "E1": share(14.0, 1.0, 30), "S3": 0.99}
    assert Curve({30: shares}).expected() == pytest.approx(14.0)


def test_between_a_failure_and_a_pass_the_line_counts_whatever_the_power() -> None:
    curve = Curve({10: {"E1": share(17.3, 5.0, 10)}, 30: {"E1": share(17.3, 5.0, 30)}})
    assert curve.expected() == pytest.approx(17.3)
    assert (curve.failing, curve.passing) == (10, 30)


def test_what_passed_in_both_has_no_part_in_the_failure() -> None:
    curve = Curve({10: {"E1": 1.5, "T3": 0.99}, 14: {"E1": 0.9, "T3": 0.98}})
    found = curve.expected()
    assert found is not None
    assert 10 < found < 14


@pytest.mark.parametrize("odd", [math.inf, math.nan])
def test_a_codec_that_refuses_tells_nothing(odd: float) -> None:
    assert Curve({10: {"": odd}}).expected() is None
    assert not Curve({10: {"": odd}}).passes(10)


def test_what_nothing_strains_has_no_limit() -> None:
    assert Curve({27: {"E1": 0.0, "S3": 0.5}}).expected() is None


def test_what_stays_the_same_has_no_limit_and_what_grows_has() -> None:
    flat = Curve({27: {"P7": 0.9}, 10: {"P7": 0.91}})
    assert flat.expected() is None
    grown = Curve({27: {"P7": 0.4}, 20: {"P7": 0.7}})
    assert grown.expected() == pytest.approx(20 + PER_DECADE * math.log10(0.7))


def test_a_pass_in_front_of_a_failure_is_none() -> None:
    curve = Curve({5: {"E1": 0.5}, 12: {"E1": 1.2}})
    assert curve.passing is None
    assert curve.failing == 12
    assert not curve.is_smooth
    assert is_smooth("S1-fine")
