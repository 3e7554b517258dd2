"""Damage that a codec may do, each kind caught by the criterion that is there for it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from climcomp.bounds import ErrorBound
from climcomp_metrics import Verdict, check_shard, shard_verdicts

Array = NDArray[np.float32]
Verdicts = Callable[..., dict[str, Verdict]]

SIGMA = 10.0
SHAPE = (40, 96, 192)


@pytest.fixture(scope="module")
def x(weather: Callable[..., Array]) -> Array:
    return weather(*SHAPE)


@pytest.fixture(scope="module")
def rain(weather: Callable[..., Array]) -> Array:
    """Dry in two thirds of the cells, log-normal in the others."""
    anomaly = (weather(*SHAPE, seed=7) - 280.0) / SIGMA
    return np.where(anomaly > 0.4, np.exp(1.5 * anomaly), 0.0).astype(np.float32)


def _noise(shape: tuple[int, ...], size: float, seed: int = 3) -> NDArray[np.float64]:
    return np.random.default_rng(seed).uniform(-size, size, shape)


def failed(verdicts: dict[str, Verdict]) -> set[str]:
    return {name for name, verdict in verdicts.items() if verdict.outcome == "fail"}


def test_uniform_noise_small_beside_the_finest_waves_passes_everything(
    x: Array, verdicts_of: Verdicts
) -> None:
    # The field is smooth over two cells: its shortest judged waves hold 1e-5 of its variance.
    y = (x + _noise(x.shape, 0.0005 * SIGMA)).astype(np.float32)
    verdicts = verdicts_of(x, y)
    assert failed(verdicts) == set()
    outcomes = {name: verdict.outcome for name, verdict in verdicts.items()}
    missing = {name for name, outcome in outcomes.items() if outcome == "n/a"}
    # Without dates there are no seasons and years, and one member is no ensemble.
    assert {name for name in missing if not name.startswith(("M", "E6"))} <= {"E2", "E7", "P11"}


def test_relative_noise_on_rain_passes_everything(rain: Array, verdicts_of: Verdicts) -> None:
    y = (rain * (1.0 + _noise(rain.shape, 2**-8))).astype(np.float32)
    assert failed(verdicts_of(rain, y, kind="P")) == set()


def test_smoothing_fails_the_error_laplacian_correlation(x: Array, verdicts_of: Verdicts) -> None:
    y = (0.95 * x + 0.05 * uniform_filter(x, (0, 0, 3, 3), mode="wrap")).astype(np.float32)
    assert {"P8", "T3"} <= failed(verdicts_of(x, y))
    # Noise of a codec on top hides it from the Laplacian's variance, not from the correlation.
    noisy = (y + _noise(x.shape, 0.01 * SIGMA)).astype(np.float32)
    assert "P8" in failed(verdicts_of(x, noisy))


def test_a_clipped_tail_fails_the_conditional_tail_bias(x: Array, verdicts_of: Verdicts) -> None:
    y = np.minimum(x, np.quantile(x, 0.9995).astype(np.float32))
    verdicts = verdicts_of(x, y)
    assert {"E3", "E5"} <= failed(verdicts)
    assert verdicts["E3"].place == "high end"
    assert verdicts["E3"].detail["high end"] < 0


def test_a_bias_of_a_tenth_of_sigma_fails_bias_quantiles_and_means(
    x: Array, verdicts_of: Verdicts
) -> None:
    y = (x + 0.1 * SIGMA).astype(np.float32)
    assert {"P2", "D1", "E1", "C1", "C2"} <= failed(verdicts_of(x, y))


def test_damping_fails_the_error_field_correlation(x: Array, verdicts_of: Verdicts) -> None:
    y = (280.0 + 0.998 * (x.astype(np.float64) - 280.0)).astype(np.float32)
    verdicts = verdicts_of(x, y)
    assert {"P9", "D4"} <= failed(verdicts)
    # e = -0.002 (x - mean): the SD shrinks by 0.002, up to float32 rounding.
    assert verdicts["D4"].value == pytest.approx(0.002, rel=1e-3)


def test_one_bad_time_step_fails_the_slice_outlier_and_names_it(
    x: Array, verdicts_of: Verdicts
) -> None:
    noise = _noise(x.shape, 0.01)
    noise[17] *= 20.0
    verdict = verdicts_of(x, (x + noise).astype(np.float32))["P7"]
    assert (verdict.outcome, verdict.place) == ("fail", "time 17")


def test_blocks_that_differ_in_level_fail_blockiness(x: Array, verdicts_of: Verdicts) -> None:
    blocks = _noise((*SHAPE[:1], 1, SHAPE[1] // 8, SHAPE[2] // 8), 0.01 * SIGMA)
    noise = _noise(x.shape, 0.01 * SIGMA)
    y = (x + blocks.repeat(8, axis=2).repeat(8, axis=3) + noise).astype(np.float32)
    verdict = verdicts_of(x, y)["T4"]
    assert verdict.outcome == "fail"
    assert verdict.detail["period 8 along x"] > 2 * verdict.detail["period 4 along x"] > 0.3


def test_drizzle_fails_zeros_and_the_total(
    rain: Array, verdicts_of: Verdicts, make_settings: Callable, whole: Callable
) -> None:
    y = np.where(rain == 0, np.float32(0.02), rain)
    settings = make_settings(rain, kind="P")
    check = check_shard(rain, y, settings, whole(rain), [ErrorBound("absolute", 0.1)])
    assert check.zeros_lost == np.count_nonzero(rain == 0)
    assert failed({v.criterion: v for v in shard_verdicts(check, settings)}) == {"F3"}
    assert "C3" in failed(verdicts_of(rain, y, kind="P"))


def test_negative_rain_fails_the_range(
    rain: Array, make_settings: Callable, whole: Callable
) -> None:
    y = rain.copy()
    y[3, 0, 5, 6] = -0.001
    settings = make_settings(rain, kind="P")
    check = check_shard(rain, y, settings, whole(rain), [ErrorBound("absolute", 100.0)])
    verdicts = {v.criterion: v for v in shard_verdicts(check, settings)}
    assert "F2" in failed(verdicts)
    assert verdicts["F2"].place == "first at time 3, level 0, y 5, x 6"


@pytest.mark.parametrize("new", [0.0, np.nan, np.inf], ids=["land to sea", "hole", "infinity"])
def test_a_moved_mask_fails(x: Array, new: float, make_settings: Callable, whole: Callable) -> None:
    original = x[:2].copy()
    original[:, :, :9, :9] = np.nan
    decoded = original.copy()
    decoded[1, 0, 4 if new == 0.0 else 40, 4] = new
    settings = make_settings(original, masked=True)
    check = check_shard(original, decoded, settings, whole(original), [ErrorBound("absolute", 1e9)])
    verdict = shard_verdicts(check, settings)[0]
    expected = ("F1", "fail", 1.0, f"first at time 1, level 0, y {4 if new == 0.0 else 40}, x 4")
    assert (verdict.criterion, verdict.outcome, verdict.value, verdict.place) == expected


def test_bit_shaving_fails_by_bias(x: Array, verdicts_of: Verdicts) -> None:
    # Truncation towards zero takes half a quantum, here 2**-3 K, from every value.
    shaved = (x.view(np.uint32) & np.uint32(0xFFFFF000 & ~0x1000)).view(np.float32)
    assert {"P2", "C2"} <= failed(verdicts_of(x, shaved))
