"""Bands of a third of an octave, which are judged, and where an error takes over."""

from __future__ import annotations

import numpy as np
import pytest

from climcomp_metrics.spectral.bands import Bands, crossing, make_bands


def bands_of(
    x: np.ndarray, e: np.ndarray, *, variance: float | None = None, rounding: float = 0.0
) -> Bands:
    share = np.arange(1, x.size + 1) / x.size
    variance = float(x.sum()) if variance is None else variance
    return make_bands(share, x, e, 0 * x, 0 * x, np.ones_like(x), variance, rounding)


def test_bands_are_thirds_of_octaves_and_hold_all_waves() -> None:
    x = np.arange(1.0, 721.0)
    bands = bands_of(x, x)
    np.testing.assert_allclose(bands.high / bands.low, 2 ** (1 / 3))
    assert bands.high[-1] == 1.0
    assert bands.x.sum() == x.sum()
    assert bands.modes.sum() == x.size


def test_half_the_largest_wavenumber_is_the_last_of_the_core() -> None:
    x = np.ones(720)
    bands = bands_of(x, x)
    assert bands.modes[~bands.fine].sum() == 360
    assert bands.fine.sum() == 3


def test_a_band_with_little_of_the_variance_is_not_judged() -> None:
    x = np.zeros(8)
    x[[0, 3, 7]] = 1.0, 1.1e-5, 0.9e-5
    judged = bands_of(x, x, variance=1.0).judged
    assert judged.tolist() == [True, False, False, True, False, False, False]


def test_a_band_under_the_rounding_of_the_values_is_not_judged() -> None:
    x = np.array([1.0, 1e-4, 1e-2, 1e-3])
    assert bands_of(x, x, rounding=0.05).judged.tolist() == [True, False, True, False]


def test_diagonal_waves_shorter_than_two_grid_lengths_are_not_judged() -> None:
    share, x = np.array([0.5, 1.0, 1.2]), np.ones(3)
    bands = make_bands(share, x, x, x, x, x, 3.0)
    assert bands.judged.tolist() == [True, True, False]


def test_an_error_that_grows_as_a_power_takes_over_where_the_power_says() -> None:
    k = np.arange(1, 2001) / 2000
    bands = bands_of(k**-3.0, 0.1 * 0.7**-3.0 * np.ones_like(k), variance=1.0)
    # Means over thirds of octaves stand for their middles: 1 % off for so steep a power.
    assert crossing(bands, 0.1) == pytest.approx(0.7, rel=0.02)


def test_no_error_leaves_all_waves_resolved() -> None:
    x = np.arange(100, 0, -1.0)
    assert crossing(bands_of(x, 0 * x), 0.1) == 1.0
    assert crossing(bands_of(x, 0.1 * x), 0.1) == 1.0


def test_an_error_in_the_longest_waves_leaves_none_resolved() -> None:
    x = np.ones(64)
    bands = bands_of(x, 0.2 * x)
    assert crossing(bands, 0.1) == bands.low[0]


def test_resolution_ends_at_the_first_band_that_is_lost_whatever_follows() -> None:
    x, e = np.ones(64), np.zeros(64)
    e[20] = 3.0
    share = crossing(bands_of(x, e), 0.1)
    # Wavenumber 21 lies in the band of 0.315 to 0.397, the one before is centred on 0.28.
    assert 0.28 < share < 0.397


@pytest.mark.parametrize("wrong", [np.inf, np.nan])
def test_a_ratio_that_is_no_number_resolves_nothing(wrong: float) -> None:
    x, e = np.ones(64), np.zeros(64)
    e[63] = wrong
    assert crossing(bands_of(x, e), 0.1) < 1.0
