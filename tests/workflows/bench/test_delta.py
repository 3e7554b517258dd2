"""Bjontegaard-delta rates of curves whose answer is known."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.interpolate import PchipInterpolator

from climcomp_workflows.bench.delta import FEWEST_POINTS, RateCurve, all_deltas, rate_delta
from climcomp_workflows.bench.pchip import integral, slopes

QUALITIES = (30.0, 41.0, 47.0, 58.0, 66.0)
RATES = (1.1, 2.4, 2.9, 5.2, 7.7)


def curve(label: str, rates: tuple[float, ...], qualities: tuple[float, ...]) -> RateCurve:
    return RateCurve(label, rates, qualities)


def percent(tested: RateCurve, anchor: RateCurve) -> float:
    found = rate_delta(tested, anchor, "psnr_db")
    assert found.percent is not None, found.reason
    assert found.reason == ""
    return found.percent


ANCHOR = curve("a", RATES, QUALITIES)


def test_identical_curves_differ_by_nothing() -> None:
    assert percent(curve("b", RATES, QUALITIES), ANCHOR) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(("factor", "expected"), [(0.5, -50.0), (2.0, 100.0), (0.9, -10.0)])
def test_a_rate_that_is_a_multiple_everywhere_differs_by_that(
    factor: float, expected: float
) -> None:
    other = curve("b", tuple(factor * r for r in RATES), QUALITIES)
    assert percent(other, ANCHOR) == pytest.approx(expected, rel=1e-12)


def test_a_constant_gain_in_quality_is_what_the_slope_makes_of_it() -> None:
    # Rates grow by a factor of 1.03 a decibel, so that 10 dB are worth that factor ten times.
    qualities = tuple(np.linspace(30.0, 80.0, 6))
    rates = tuple(1.03**q for q in qualities)
    better = curve("b", rates, tuple(q + 10.0 for q in qualities))
    expected = 100.0 * (1.03**-10 - 1.0)
    assert percent(better, curve("a", rates, qualities)) == pytest.approx(expected, rel=1e-9)


def test_the_order_of_points_does_not_matter() -> None:
    other = curve("b", tuple(0.8 * r for r in RATES), tuple(q + 1 for q in QUALITIES))
    turned = curve("b", other.rates[::-1], other.qualities[::-1])
    assert percent(turned, ANCHOR) == percent(other, ANCHOR)


def test_tested_against_anchor_undoes_anchor_against_tested() -> None:
    other = curve("b", (1.3, 1.9, 3.3, 4.1, 9.0), (33.0, 40.0, 50.0, 55.0, 70.0))
    there, back = percent(other, ANCHOR), percent(ANCHOR, other)
    assert (1 + there / 100) * (1 + back / 100) == pytest.approx(1.0, rel=1e-12)


def _oracle(tested: RateCurve, anchor: RateCurve) -> float:
    low = max(min(tested.qualities), min(anchor.qualities))
    high = min(max(tested.qualities), max(anchor.qualities))
    areas = [
        PchipInterpolator(c.qualities, np.log(c.rates)).integrate(low, high)
        for c in (tested, anchor)
    ]
    return float(100 * np.expm1((areas[0] - areas[1]) / (high - low)))


@pytest.mark.parametrize("seed", range(20))
def test_it_is_what_scipy_gives(seed: int) -> None:
    rng = np.random.default_rng(seed)

    def one(label: str) -> RateCurve:
        count = int(rng.integers(4, 12))
        qualities = np.sort(rng.uniform(20, 90, count))
        return curve(label, tuple(np.sort(rng.uniform(0.5, 12, count))), tuple(qualities))

    tested, anchor = one("b"), one("a")
    assert percent(tested, anchor) == pytest.approx(_oracle(tested, anchor), rel=1e-9)


@pytest.mark.parametrize(
    "y",
    [
        (0.0, 1.0, 1.0, 5.0, 2.0),
        (3.0, 2.0, 2.0, 1.0, -4.0),
        (0.0, 0.0, 0.0, 0.0, 1.0),
        (0.0, 9.0, -9.0, 9.0, 0.0),
        (0.0, 10.0, 9.0, 9.0, 30.0),
    ],
)
def test_slopes_and_integrals_of_any_data_are_those_of_scipy(y: tuple[float, ...]) -> None:
    x, values = np.array([0.0, 1.0, 1.5, 4.0, 4.2]), np.array(y)
    expected = PchipInterpolator(x, values)
    assert slopes(x, values) == pytest.approx(expected.derivative()(x), rel=1e-12, abs=1e-14)
    for low, high in itertools.combinations((0.0, 0.3, 1.0, 1.7, 4.1, 4.2), 2):
        assert integral(x, values, low, high) == pytest.approx(
            float(expected.integrate(low, high)), rel=1e-11, abs=1e-13
        )


def test_without_a_common_quality_there_is_no_number_and_it_says_so() -> None:
    far = curve("far", RATES, tuple(q + 100 for q in QUALITIES))
    found = rate_delta(far, ANCHOR, "psnr_db")
    assert (found.percent, found.low, found.high) == (None, None, None)
    assert found.reason == (
        "they share no quality: far reaches 130.0 to 166.0 dB, a 30.0 to 66.0 dB"
    )
    touching = curve("far", RATES, tuple(q + 36 for q in QUALITIES))
    assert rate_delta(touching, ANCHOR, "psnr_db").percent is None


@pytest.mark.parametrize("count", range(FEWEST_POINTS))
def test_fewer_than_four_points_give_no_number(count: int) -> None:
    few = curve("few", RATES[:count], QUALITIES[:count])
    for pair in ((few, ANCHOR), (ANCHOR, few)):
        found = rate_delta(*pair, "psnr_db")
        assert found.percent is None
        assert found.reason == f"few has {count} usable points, 4 are needed: try more bounds"


def test_points_that_another_beats_are_left_out_and_counted() -> None:
    # 50 dB for 6.0 beside 58 dB for 5.2, and 47 dB twice: neither is on the front.
    bumpy = curve("b", (*RATES, 6.0, 3.5), (*QUALITIES, 50.0, 47.0))
    found = rate_delta(bumpy, ANCHOR, "psnr_db")
    assert found.percent == pytest.approx(0.0, abs=1e-12)
    assert found.notes == (
        "b: 2 of 7 left out, another is as good or better in both rate and quality",
    )


def test_a_flat_curve_keeps_one_point() -> None:
    flat = curve("flat", (2.0,) * 5, QUALITIES)
    found = rate_delta(flat, ANCHOR, "psnr_db")
    assert found.percent is None
    assert "flat has 1 usable points" in found.reason


def test_exact_points_have_no_finite_quality() -> None:
    exact = curve("b", (*RATES, 9.0), (*QUALITIES, math.inf))
    found = rate_delta(exact, ANCHOR, "psnr_db")
    assert found.percent == pytest.approx(0.0, abs=1e-12)
    assert found.notes == ("b: 1 without a finite quality left out",)


def test_every_curve_is_set_against_every_other() -> None:
    curves = [ANCHOR, curve("b", RATES, QUALITIES), curve("c", RATES, QUALITIES)]
    pairs = [(d.tested, d.anchor, d.quality) for d in all_deltas(curves, "largest_error_db")]
    assert len(pairs) == len(set(pairs)) == 6
    assert all(tested != anchor for tested, anchor, _ in pairs)
    assert all_deltas([ANCHOR], "psnr_db") == ()
