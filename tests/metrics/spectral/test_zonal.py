"""The zonal FFT with area weights: one wave, Parseval, and NumPy row by row."""

from __future__ import annotations

import numpy as np
import pytest

from climcomp_metrics.spectral.sums import SUMS
from climcomp_metrics.spectral.zonal import zonal_sums

ROWS = 50
AREA = np.cos(np.deg2rad(np.linspace(-88, 88, ROWS)))


def noise(columns: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((ROWS, columns))


def mean_square(field: np.ndarray) -> float:
    return float(np.average((field**2).mean(axis=1), weights=AREA))


@pytest.mark.parametrize("columns", [72, 73])
def test_all_energy_of_one_sine_lies_in_its_wavenumber(columns: int) -> None:
    angle = 2 * np.pi * np.arange(columns) / columns
    x = 280.0 + 3.0 * np.sin(5 * angle + 0.3) * np.ones((ROWS, 1))
    energy = zonal_sums(x, np.zeros_like(x), AREA)[0]
    expected = np.zeros(columns // 2 + 1)
    expected[5] = 4.5
    np.testing.assert_allclose(energy, expected, atol=1e-12)


@pytest.mark.parametrize("columns", [72, 73])
def test_energies_add_up_to_the_area_means_of_squares(columns: int) -> None:
    x, e = 280.0 + noise(columns), noise(columns, 2)
    sums = zonal_sums(x, e, AREA)
    anomaly = x - np.average(x.mean(axis=1), weights=AREA)
    assert sums[0].sum() == pytest.approx(mean_square(anomaly), rel=1e-12)
    assert sums[1].sum() == pytest.approx(mean_square(e), rel=1e-12)
    both = 0.5 * (mean_square(anomaly + e) - mean_square(anomaly) - mean_square(e))
    assert sums[2].sum() == pytest.approx(both, rel=1e-11)


def test_wavenumber_zero_holds_the_variance_of_the_means_of_rows() -> None:
    rows = 280.0 + np.linspace(-20, 20, ROWS)
    x = rows[:, None] + 2.0 * np.sin(2 * np.pi * np.arange(72) / 72)
    expected = np.average((rows - np.average(rows, weights=AREA)) ** 2, weights=AREA)
    assert zonal_sums(x, x, AREA)[0, 0] == pytest.approx(expected, rel=1e-12)


def test_rows_without_area_count_for_nothing() -> None:
    x, e = noise(72), noise(72, 2)
    area = np.where(np.arange(ROWS) < 20, 0.0, AREA)
    np.testing.assert_allclose(
        zonal_sums(x, e, area), zonal_sums(x[20:], e[20:], AREA[20:]), rtol=1e-12, atol=1e-18
    )


def test_descending_latitudes_and_turned_longitudes_change_nothing() -> None:
    x, e = noise(72), noise(72, 2)
    expected = zonal_sums(x, e, AREA)
    flipped = zonal_sums(x[::-1], e[::-1], AREA[::-1])
    turned = zonal_sums(np.roll(x, 36, axis=1), np.roll(e, 36, axis=1), AREA)
    np.testing.assert_allclose(flipped, expected, rtol=1e-10, atol=1e-18)
    # The terms of the cross-spectrum turn by a rounding that their sum sees magnified.
    np.testing.assert_allclose(turned, expected, rtol=1e-10, atol=1e-15)


def test_chance_is_the_scatter_of_the_cross_spectrum_of_independent_fields() -> None:
    x = noise(72)
    trials = [zonal_sums(x, noise(72, seed), AREA) for seed in range(2, 402)]
    cross = np.array([sums[SUMS.index("xe")] for sums in trials])
    chance = np.array([sums[SUMS.index("chance")] for sums in trials])
    # A variance of 400 trials at 35 wavenumbers: 1.2 % by chance.
    ratio = (cross[:, 1:36].var(axis=0) / chance[:, 1:36].mean(axis=0)).mean()
    assert ratio == pytest.approx(1.0, abs=0.05)


def test_modes_count_the_scatter_of_the_energy_of_white_errors() -> None:
    x = noise(72)
    trials = np.array([zonal_sums(x, noise(72, seed), AREA) for seed in range(2, 402)])
    energy, modes = trials[:, 1, 1:36], trials[0, 4, 1:36]
    relative = (energy.var(axis=0) / energy.mean(axis=0) ** 2).mean()
    assert relative == pytest.approx(2.0 / modes.mean(), rel=0.05)
