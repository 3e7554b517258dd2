"""What noise makes of quantiles, against normal and Student's distributions of SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from climcomp_metrics.temporal.chance import (
    noise_quantile,
    share_discovered,
    two_sided_probability,
)
from climcomp_metrics.temporal.medians import median_size


@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
def test_a_quantile_of_noise_is_that_of_the_normal_distribution(share: float) -> None:
    quantile, _ = noise_quantile(np.full(1000, 2.0), share)
    # 2048 points stand for the distribution: 20 beyond the 99th percentile.
    assert quantile == pytest.approx(2.0 * stats.norm.ppf(0.5 + 0.5 * share), rel=2e-3)


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_a_quantile_of_uneven_noise_and_its_spread_are_those_of_simulated_cells(
    share: float,
) -> None:
    rng = np.random.default_rng(1)
    errors = rng.uniform(0.1, 3.0, 400)
    drawn = np.quantile(np.abs(rng.standard_normal((2000, 400)) * errors), share, axis=1)
    quantile, spread = noise_quantile(errors, share)
    assert quantile == pytest.approx(drawn.mean(), rel=0.02)
    # The density comes from a difference over a tenth of the distribution.
    assert spread == pytest.approx(drawn.std(), rel=0.1)


def test_the_order_of_cells_does_not_matter() -> None:
    errors = np.random.default_rng(2).uniform(0.1, 3.0, 5000)
    assert noise_quantile(errors, 0.95) == noise_quantile(errors[::-1], 0.95)


@pytest.mark.parametrize("freedom", [5.0, 29.0, 3649.0])
def test_probabilities_are_students(freedom: float) -> None:
    t = np.array([0.0, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0])
    expected = 2.0 * stats.t.sf(t, freedom)
    actual = two_sided_probability(t, np.full(t.size, freedom))
    np.testing.assert_allclose(actual, expected, rtol=1e-3)


def test_an_infinite_t_has_no_probability() -> None:
    assert two_sided_probability(np.array([np.inf]), np.array([29.0]))[0] < 1e-290


@pytest.mark.parametrize("shift", [0.0, 1.0, 3.0])
def test_discoveries_are_those_of_benjamini_and_hochberg(shift: float) -> None:
    z = np.random.default_rng(3).standard_normal(2000)
    z[:600] += shift
    p = 2.0 * stats.norm.sf(np.abs(z))
    expected = (stats.false_discovery_control(p) <= 0.01).mean()
    assert share_discovered(p, 0.01) == expected


def test_noise_alone_is_no_certain_change() -> None:
    rng = np.random.default_rng(4)
    for cells in (5, 50, 4096):
        certain = []
        for _ in range(100):
            median, error = median_size(0.1 * rng.standard_normal(cells), np.full(cells, 0.1))
            certain.append(median - 2.0 * error)
        # Two standard errors each way: a few in a hundred go beyond, by little.
        assert np.quantile(certain, 0.9) < 0.1 / np.sqrt(cells)


def test_a_change_of_all_cells_is_certain_under_noise_ten_times_as_large() -> None:
    rng = np.random.default_rng(5)
    changes = 0.01 + 0.1 * rng.standard_normal(4096)
    median, error = median_size(changes, np.full(4096, 0.1))
    # The median of sizes shows the noise; what is certain is the shift, to 0.1/64 four times.
    assert median == pytest.approx(0.0674, rel=0.05)
    assert median - 2.0 * error == pytest.approx(0.01, abs=0.1 / 64 * 4)


def test_changes_of_either_sign_beyond_noise_are_certain() -> None:
    rng = np.random.default_rng(6)
    changes = 0.05 * rng.choice([-1.0, 1.0], 4096) + 0.01 * rng.standard_normal(4096)
    median, error = median_size(changes, np.full(4096, 0.01))
    assert median == pytest.approx(0.05, rel=0.02)
    assert median - 2.0 * error > 0.04
