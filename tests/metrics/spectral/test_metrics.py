"""S1 to S3: closed forms, numpy's FFT, damage that they must see and chance that they must not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.fft import dctn
from scipy.ndimage import gaussian_filter

from climcomp_metrics import Axes, Value, measure, merge, summarise
from climcomp_metrics.domain import Domain
from climcomp_metrics.field import Place

TIMES, ROWS, COLUMNS = 8, 40, 96
SPECTRAL = ("S1", "S1-fine", "S2", "S2-fine", "S3")


def waves(amplitudes: dict[int, float], phase: float = 0.0) -> np.ndarray:
    """Sines around the globe, all rows alike."""
    angle = 2 * np.pi * np.arange(COLUMNS) / COLUMNS
    row = sum(a * np.sin(k * angle + phase + k) for k, a in amplitudes.items())
    return np.broadcast_to(row, (TIMES, 1, ROWS, COLUMNS)).copy()


def power_law(power: float, seed: int = 1, times: int = TIMES) -> np.ndarray:
    """Rows of noise of which the energy falls as a power of the zonal wavenumber."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.standard_normal((times, 1, ROWS, COLUMNS)), axis=3)
    k = np.arange(COLUMNS // 2 + 1)
    spectrum *= np.where(k > 0, np.maximum(k, 1.0) ** (-power / 2), 0.0)
    return np.fft.irfft(spectrum, COLUMNS, axis=3)


def white(shape: tuple[int, ...], size: float, seed: int = 7) -> np.ndarray:
    return size * np.random.default_rng(seed).standard_normal(shape)


@pytest.fixture
def globe(values_of: Callable) -> Callable[..., dict[str, Value]]:
    def values(x, y, **changes) -> dict[str, Value]:  # type: ignore[no-untyped-def]
        return values_of(x, y, periodic_x=True, **changes)

    return values


def test_a_damped_wave_loses_the_square_of_its_factor(globe: Callable) -> None:
    x = waves({4: 1.0, 30: 1.0})
    y = waves({4: 0.99, 30: 0.9})
    values = globe(x, y)
    assert values["S1"].value == pytest.approx(1 - 0.99**2, rel=1e-9)
    assert values["S1-fine"].value == pytest.approx(1 - 0.9**2, rel=1e-9)
    assert values["S1-fine"].detail["signed"] < 0


def test_noise_to_signal_is_the_squared_ratio_of_amplitudes(globe: Callable) -> None:
    x = waves({4: 1.0, 30: 0.5})
    y = x + waves({4: 0.03, 30: 0.1}, phase=np.pi / 2)
    values = globe(x, y)
    assert values["S2"].value == pytest.approx(0.03**2, rel=1e-9)
    assert values["S2-fine"].value == pytest.approx(0.2**2, rel=1e-9)


def test_a_shifted_wave_keeps_its_energy_and_is_noise_all_the_same(globe: Callable) -> None:
    shift = 0.2
    values = globe(waves({10: 1.0}), waves({10: 1.0}, phase=shift))
    assert values["S1"].value == pytest.approx(0.0, abs=1e-12)
    assert values["S2"].value == pytest.approx((2 * np.sin(shift / 2)) ** 2, rel=1e-9)


def test_the_worst_band_is_named_with_its_waves(globe: Callable) -> None:
    value = globe(waves({4: 1.0, 12: 1.0}), waves({4: 1.0, 12: 0.9}))["S1"]
    # 96 columns in 12 waves are 8 grid lengths, at the equator 3,336 km; the band holds 10 to 12.
    assert value.place == "waves of 8 to 10.1 grid lengths (3336 to 4203 km)"
    assert value.detail["wavelength in km"] == pytest.approx(
        40030.2 / (10 * 11 * 12) ** (1 / 3), rel=1e-4
    )


def test_a_smaller_ratio_of_many_waves_goes_before_a_larger_one_of_a_single_wave(
    globe: Callable,
) -> None:
    x = waves({1: 1.0, 20: 1.0})[:1]
    y = x + waves({1: 0.15, 20: 0.1}, phase=np.pi / 2)[:1]
    # One row with area: a wavenumber has two coefficients, the band of wavenumber 20 ten.
    weights = np.zeros((ROWS, COLUMNS))
    weights[0] = 1.0
    value = globe(x, y, weights=weights)["S2"]
    assert value.value == pytest.approx(0.01, rel=1e-9)
    assert value.error == pytest.approx(0.01 * np.sqrt(2 / 10), rel=1e-9)


def test_ratios_are_those_of_numpy_row_by_row(globe: Callable, make_settings: Callable) -> None:
    x = power_law(2.0)
    y = x + white(x.shape, 0.01)
    area = np.linspace(0.2, 1.0, ROWS)
    field, error = (np.abs(np.fft.rfft(v, axis=3)) ** 2 for v in (x, y - x))
    ex, ee = (np.average(v[:, 0].sum(axis=0), axis=0, weights=area) for v in (field, error))
    # One-sided: the shortest wave has no negative to stand for.
    ex[-1], ee[-1] = 0.5 * ex[-1], 0.5 * ee[-1]
    ratios = [
        ee[low:high].sum() / ex[low:high].sum()
        for low, high in [(25, 31), (31, 39), (39, 49)]  # 48 / 2, / 2**(2/3), / 2**(1/3), / 1
    ]
    weights = np.repeat(area[:, None], COLUMNS, axis=1)
    value = globe(x, y, weights=weights)["S2-fine"]
    assert value.value == pytest.approx(max(ratios), rel=1e-9)


def test_a_limited_area_has_the_ratio_of_its_cosine_transform(values_of: Callable) -> None:
    x = gaussian_filter(white((4, 1, 48, 60), 1.0, 3), (0, 0, 0.6, 0.6))
    y = x + white(x.shape, 0.01)
    alpha = np.hypot(np.arange(48)[:, None] / 48, np.arange(60) / 60)
    ratios = []
    for low, high in [(0.5, 2 ** (-2 / 3)), (2 ** (-2 / 3), 2 ** (-1 / 3)), (2 ** (-1 / 3), 1)]:
        band = (alpha > low) & (alpha <= high)
        ex, ee = ((dctn(v, axes=(2, 3), norm="ortho") ** 2)[..., band].sum() for v in (x, y - x))
        ratios.append(ee / ex)
    assert values_of(x, y)["S2-fine"].value == pytest.approx(max(ratios), rel=1e-9)


@pytest.mark.parametrize("share", [0.004, 0.04])
def test_white_noise_of_known_size_gives_known_ratios(share: float, globe: Callable) -> None:
    x = white((32, 1, ROWS, COLUMNS), 1.0, 3)
    y = x + white(x.shape, np.sqrt(share))
    values = globe(x, y)
    for metric in ("S1", "S1-fine", "S2", "S2-fine"):
        value = values[metric]
        assert abs(value.value - share) < 4 * value.error + 0.02 * share, metric


def test_resolution_is_the_wave_where_noise_has_a_tenth_of_the_energy(globe: Callable) -> None:
    # Energy k**-2 against a flat error of a tenth of that of wavenumber 30: 96 / 30 grid lengths.
    x = power_law(2.0, times=32)
    y = x + white(x.shape, np.sqrt(0.1 * 30.0**-2.0))
    value = globe(x, y)["S3"]
    assert value.value == pytest.approx(96 / 30, rel=0.03)
    assert value.detail["wavelength in km"] == pytest.approx(40030.2 / 30, rel=0.03)


def test_a_smoothed_field_fails_the_fine_energy_ratio(verdicts_of: Callable) -> None:
    x = gaussian_filter(white((8, 1, 64, 128), 1.0, 3), (0, 0, 0.7, 0.7))
    y = gaussian_filter(x, (0, 0, 0.35, 0.35))
    verdict = verdicts_of(x, y, periodic_x=True)["S1-fine"]
    assert verdict.outcome == "fail"
    assert verdict.detail["signed"] < -0.02


def test_waves_cut_off_fail_the_resolution(verdicts_of: Callable) -> None:
    x = power_law(2.0)
    spectrum = np.fft.rfft(x, axis=3)
    spectrum[..., 20:] = 0.0
    verdict = verdicts_of(x, np.fft.irfft(spectrum, COLUMNS, axis=3), periodic_x=True)["S3"]
    assert verdict.outcome == "fail"
    assert verdict.value is not None
    assert 4.0 < verdict.value < 5.5


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("rows", [8, 40])
def test_white_errors_at_a_tight_bound_pass_with_few_fields(
    rows: int, seed: int, verdicts_of: Callable
) -> None:
    x = power_law(2.0, seed, times=1)[:, :, :rows]
    y = x + np.random.default_rng(seed).uniform(-3e-3, 3e-3, x.shape) * x.std()
    for periodic in (True, False):
        verdicts = verdicts_of(x, y, periodic_x=periodic)
        assert {verdicts[metric].outcome for metric in SPECTRAL} <= {"pass", "warn", "n/a"}


def test_a_ratio_far_above_its_limit_fails_also_with_few_fields(verdicts_of: Callable) -> None:
    x = power_law(2.0, times=1)
    verdicts = verdicts_of(x, x + white(x.shape, 0.1), periodic_x=True)
    assert {verdicts[metric].outcome for metric in ("S1-fine", "S2", "S2-fine")} == {"fail"}


def test_a_fine_band_without_energy_is_not_judged(globe: Callable) -> None:
    x = waves({4: 1.0, 30: 5e-4})
    values = globe(x, x + white(x.shape, 1e-3))
    assert values["S2"].value is not None
    for metric in ("S1-fine", "S2-fine"):
        assert values[metric].value is None
        assert values[metric].reason.startswith("no fine band holds 1e-05 of the variance")
    assert values["S3"].value == 2.0


def test_exact_values_are_perfect(globe: Callable) -> None:
    x = power_law(2.0)
    values = globe(x, x.copy())
    assert [values[metric].value for metric in SPECTRAL] == [0.0, 0.0, 0.0, 0.0, 2.0]


def test_a_constant_field_has_no_band(globe: Callable) -> None:
    x = np.full((TIMES, 1, 16, 16), 280.0)
    values = globe(x, x + white(x.shape, 0.01), sigma=(1.0,))
    assert all(values[metric].value is None for metric in SPECTRAL)
    assert "no core band holds" in values["S1"].reason


def test_reasons_are_named(globe: Callable) -> None:
    x = white((4, 1, 20, 30), 1.0)
    y = x + white(x.shape, 0.01)
    gaps = np.where(np.arange(20)[:, None] % 6 == 0, np.nan, x)
    cells = Axes(0, (1,), None, None, cell=2)
    long = x.reshape(4, 1, 1, 600)
    expected = {
        "the grid is unstructured": globe(long, y.reshape(long.shape), axes=cells),
        "only 1 x 600 cells": globe(long, y.reshape(long.shape)),
        "no rectangle of 8 x 8 cells": globe(gaps, y),
        "no value is valid": globe(x * np.nan, y * np.nan, sigma=(1.0,)),
    }
    for reason, values in expected.items():
        for metric in SPECTRAL:
            assert values[metric].value is None
            assert reason in values[metric].reason


def test_shards_that_cut_fields_are_named(make_settings: Callable) -> None:
    x = white((4, 1, 20, 30), 1.0)
    y = x + white(x.shape, 0.01)
    settings, domain = make_settings(x), Domain(np.ones((20, 30)))
    halves = [
        measure(
            np.ascontiguousarray(x[..., a : a + 15]),
            np.ascontiguousarray(y[..., a : a + 15]),
            settings,
            domain,
            Place("tas", (0, 0, 0, a), (4, 1, 20, 15)),
        )
        for a in (0, 15)
    ]
    values = {v.metric: v for v in summarise(merge(*halves), settings, domain)}
    assert all(values[m].reason == "shards do not hold whole fields" for m in SPECTRAL)


def test_the_worse_basis_decides_where_some_fields_have_gaps(globe: Callable) -> None:
    x = white((8, 1, ROWS, COLUMNS), 1.0, 3)
    y = x + white(x.shape, 0.05)
    y[4:] += white(y[4:].shape, 0.5, 8)
    x[4:, :, 0, 0] = y[4:, :, 0, 0] = np.nan
    values = globe(x, y)
    assert values["S2"].detail["time steps"] == 4.0
    assert values["S2"].value > 0.1  # 0.25 but for chance, against 0.0025 of the others
    assert values["S3"].value > 10.0


def test_what_was_sampled_is_told(globe: Callable) -> None:
    x = power_law(2.0)
    values = globe(x, x + white(x.shape, 0.01), every={"spectra": 4})
    assert values["S1"].sampled == "one in 4 time steps of each level"
    assert values["S1"].detail["time steps"] == 2.0


def test_huge_values_are_refused_and_tiny_ones_measured(globe: Callable) -> None:
    x = power_law(2.0)
    y = x + white(x.shape, 0.01)
    expected = globe(x, y)["S2"].value
    assert globe(x * 1e-30, y * 1e-30, sigma=(1e-30,))["S2"].value == pytest.approx(expected)
    assert "overflow" in globe(x * 1e160, y * 1e160, sigma=(1e160,))["S2"].reason
