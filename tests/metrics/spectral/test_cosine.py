"""The 2-D cosine transform: scipy, one wave, Parseval, and slots by wavelength."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.fft import dctn

from climcomp_metrics.spectral.cosine import SLOTS, cosine_sums, cosine_transform, slot_shares


def noise(shape: tuple[int, int], seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.parametrize("shape", [(8, 8), (8, 9), (9, 8), (45, 70), (97, 33), (1, 1)])
def test_the_transform_is_that_of_scipy(shape: tuple[int, int]) -> None:
    x = noise(shape)
    np.testing.assert_allclose(cosine_transform(x), dctn(x, norm="ortho"), atol=1e-13)


def test_energies_add_up_to_mean_squares() -> None:
    x, e = noise((45, 70)), noise((45, 70), 2)
    sums = cosine_sums(x, e)
    expected = [(x * x).mean(), (e * e).mean(), (x * e).mean()]
    np.testing.assert_allclose(sums[:3].sum(axis=1), expected, rtol=1e-12)
    assert sums[4].sum() == x.size


@pytest.mark.parametrize(("rows", "columns"), [(64, 96), (96, 64)])
def test_one_wave_lies_at_its_wavelength(rows: int, columns: int) -> None:
    # Half waves of the transform fit exactly: 12 along x are 6 waves of 1/6 of the columns.
    x = np.cos(np.pi * 12 * (np.arange(columns) + 0.5) / columns) * np.ones((rows, 1))
    energy = cosine_sums(x, x)[0]
    (slot,) = np.flatnonzero(energy > 1e-20)
    wavelength = 2.0 / slot_shares()[slot]
    assert energy[slot] == pytest.approx(0.5, rel=1e-12)
    assert wavelength == pytest.approx(columns / 6, rel=2 ** (0.5 / 12) - 1)


def test_the_mean_has_a_slot_of_its_own() -> None:
    energy = cosine_sums(np.full((10, 12), 3.0), np.zeros((10, 12)))[0]
    assert energy[0] == pytest.approx(9.0, rel=1e-12)
    np.testing.assert_allclose(energy[1:], 0.0, atol=1e-25)


def test_slots_hold_every_coefficient_near_its_wavenumber() -> None:
    rows, columns = 24, 40
    for m, n in [(0, 1), (23, 39), (12, 0), (0, 20), (5, 7), (23, 0)]:
        spectrum = np.zeros((rows, columns))
        spectrum[m, n] = 1.0
        basis = dctn(spectrum, type=3, norm="ortho")
        slot = int(np.argmax(cosine_sums(basis, basis)[0]))
        expected = np.hypot(m / rows, n / columns)
        low, high = slot_shares()[slot] * 2.0 ** (np.array([-0.5, 0.5]) / 12)
        assert low * (1 - 1e-12) <= expected <= high * (1 + 1e-12)


def test_half_the_largest_wavenumber_is_an_edge_that_belongs_to_longer_waves() -> None:
    x = np.cos(np.pi * 20 * (np.arange(40) + 0.5) / 40) * np.ones((8, 1))
    slot = int(np.argmax(cosine_sums(x, x)[0]))
    assert slot_shares()[slot] < 0.5


def test_rectangles_of_different_sizes_share_their_slots() -> None:
    small, large = (cosine_sums(noise(s), noise(s, 2)) for s in [(16, 16), (60, 40)])
    assert small.shape == large.shape == (5, SLOTS)


def test_white_noise_has_the_same_energy_in_every_coefficient() -> None:
    x = noise((200, 300))
    sums = cosine_sums(x, x)
    many = sums[4] > 500
    density = sums[0, many] / sums[4, many] * x.size
    # 500 squares of normal numbers: 6 % by chance, the worst of 20 slots within three of these.
    np.testing.assert_allclose(density, 1.0, atol=0.2)
