"""The generalised extreme value distribution by L-moments."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import gamma

from climcomp_metrics.annual.gev import fit_gev, l_moments, return_level

SHAPES = (-0.3, -0.1, 0.0, 0.1, 0.3)
EULER = 0.5772156649015329


def of_one(sample: np.ndarray) -> tuple[float, float, float]:
    l1, l2, t3 = (float(moment[0]) for moment in l_moments(np.sort(sample)[None]))
    return l1, l2, t3


def exact_l_moments(shape: float) -> tuple[float, float, float]:
    """Of location 0 and scale 1, after Hosking 1990, table 1."""
    if shape == 0.0:
        return EULER, math.log(2.0), 2 * math.log(3.0) / math.log(2.0) - 3.0
    l1 = (1 - gamma(1 + shape)) / shape
    l2 = (1 - 2**-shape) * gamma(1 + shape) / shape
    return l1, l2, 2 * (1 - 3**-shape) / (1 - 2**-shape) - 3.0


def test_l_moments_of_five_numbers_are_those_by_hand() -> None:
    # b0 = 6, b1 = (1*2 + 2*4 + 3*8 + 4*15)/20 = 4.7, b2 = (2*4 + 6*8 + 12*15)/60 = 59/15.
    l1, l2, t3 = of_one(np.array([15.0, 1.0, 4.0, 2.0, 8.0]))
    assert (l1, l2) == pytest.approx((6.0, 3.4))
    assert t3 == pytest.approx((6 * 59 / 15 - 6 * 4.7 + 6.0) / 3.4)


def test_large_means_lose_no_digits() -> None:
    sample = np.random.default_rng(1).gumbel(size=40)
    plain, lifted = of_one(sample), of_one(sample + 1e5)
    assert lifted[1:] == pytest.approx(plain[1:], rel=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_fit_finds_the_distribution_of_exact_l_moments(shape: float) -> None:
    moments = (np.array([m]) for m in exact_l_moments(shape))
    l1, l2, t3 = moments
    location, scale, found = fit_gev(7.0 + 3.0 * l1, 3.0 * l2, t3)
    # The approximation of the shape is right within 9e-4.
    assert found[0] == pytest.approx(shape, abs=9e-4)
    assert location[0] == pytest.approx(7.0, abs=2e-3)
    assert scale[0] == pytest.approx(3.0, abs=5e-3)


def test_the_shape_is_as_right_as_is_said() -> None:
    shapes = np.array([*np.linspace(-0.47, 0.5, 100), 1.0])
    t3 = np.array([exact_l_moments(float(shape))[2] for shape in shapes])
    _, _, found = fit_gev(np.zeros_like(t3), np.ones_like(t3), t3)
    assert np.abs(found - shapes)[:-1].max() <= 9e-4
    assert found[-1] - 1.0 == pytest.approx(-0.02, abs=0.005)


@pytest.mark.parametrize("shape", SHAPES)
def test_return_levels_are_quantiles_of_scipy(shape: float) -> None:
    given = (np.array([4.0]), np.array([2.0]), np.array([shape or 1e-6]))
    expected = stats.genextreme.ppf(0.95, shape, loc=4.0, scale=2.0)
    assert return_level(*given, 20.0)[0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_samples_of_scipy_give_their_return_level_back(shape: float) -> None:
    random = np.random.default_rng(4)
    drawn = stats.genextreme.rvs(shape, loc=30.0, scale=2.0, size=(400, 200), random_state=random)
    levels = return_level(*fit_gev(*l_moments(np.sort(drawn, axis=1))), 20.0)
    expected = stats.genextreme.ppf(0.95, shape, loc=30.0, scale=2.0)
    # The mean of 400 estimates: their spread over its root, and the bias of 200 years.
    assert levels.mean() == pytest.approx(expected, abs=4 * levels.std() / 20 + 0.05)


def test_the_fit_is_close_to_that_of_largest_likelihood() -> None:
    random = np.random.default_rng(6)
    drawn = stats.genextreme.rvs(0.1, loc=30.0, scale=2.0, size=2000, random_state=random)
    location, scale, shape = fit_gev(*l_moments(np.sort(drawn)[None]))
    likely = stats.genextreme.fit(drawn, 0.1, loc=30.0, scale=2.0)
    # Of 2,000 values the two estimators differ by less than either's standard error, 0.05 of scale.
    assert (shape[0], location[0], scale[0]) == pytest.approx(likely, abs=0.1)


def test_a_shape_near_zero_is_gumbels() -> None:
    t3 = np.array([exact_l_moments(0.0)[2]])
    location, scale, _ = fit_gev(np.array([EULER]), np.array([math.log(2.0)]), t3)
    expected = -math.log(-math.log(0.95))
    found = return_level(location, scale, np.array([1e-6]), 20.0)
    assert found[0] == pytest.approx(expected, abs=2e-3)


def test_samples_without_spread_give_their_value() -> None:
    sample = np.full((1, 25), 4.0)
    levels = return_level(*fit_gev(*l_moments(sample)), 20.0)
    assert levels[0] == 4.0
