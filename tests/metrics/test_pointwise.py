"""Metrics of errors against closed forms and against NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.ndimage import convolve

from climcomp_metrics import Place, measure
from climcomp_metrics.domain import Domain
from climcomp_metrics.measure import SEGMENT

PERIODIC = {"periodic_x": True}


@pytest.fixture(scope="module")
def x(weather: Callable) -> np.ndarray:
    return weather(36, 40, 64)


@pytest.fixture(scope="module")
def y(x: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(2).normal(0.002, 0.05, x.shape)
    return (x + noise + 1e-3 * (x - 280.0)).astype(np.float32)


def double(*arrays: np.ndarray) -> list[np.ndarray]:
    return [array.astype(np.float64) for array in arrays]


def test_bias_is_the_weighted_mean_error_over_sigma(
    x: np.ndarray, y: np.ndarray, values_of: Callable, make_settings: Callable
) -> None:
    weights = np.cos(np.linspace(-1.2, 1.2, 40))[:, None] * np.ones(64)
    a, b = double(x, y)
    settings = make_settings(x, sigma=(10.0,))
    expected = abs(np.average((b - a)[:, 0], weights=np.broadcast_to(weights, (36, 40, 64)))) / 10
    actual = values_of(x, y, settings, weights)["P2"].value
    assert actual == pytest.approx(expected, rel=1e-10)


def test_weights_that_vary_along_a_row_are_not_dropped(
    x: np.ndarray, y: np.ndarray, values_of: Callable, make_settings: Callable
) -> None:
    weights = np.random.default_rng(0).uniform(0.1, 1.0, (40, 64))
    a, b = double(x, y)
    expected = abs(np.average((b - a)[:, 0], weights=np.broadcast_to(weights, (36, 40, 64)))) / 10
    actual = values_of(x, y, make_settings(x, sigma=(10.0,)), weights)["P2"].value
    assert actual == pytest.approx(expected, rel=1e-10)


def test_anomaly_correlation_is_that_of_departures_from_the_time_mean(
    x: np.ndarray, y: np.ndarray, values_of: Callable
) -> None:
    a, b = double(x, y)
    mean = a.mean(axis=0)
    p, q = a - mean, b - mean
    expected = 1.0 - (p * q).mean() / np.sqrt((p**2).mean() * (q**2).mean())
    # 1 - rho of 1e-5 keeps ten digits when it is taken from correlations in float64.
    assert values_of(x, y)["P3"].value == pytest.approx(expected, rel=1e-8)


def test_anomaly_correlation_keeps_its_digits_at_1e5_pascal(values_of: Callable) -> None:
    rng = np.random.default_rng(3)
    anomaly = rng.standard_normal((60, 1, 12, 12)) * 300.0
    base = rng.uniform(5e4, 1.03e5, (1, 1, 12, 12))
    x = base + anomaly
    y = x + rng.normal(0.0, 0.3, x.shape)
    p, q = x - x.mean(axis=0), y - x.mean(axis=0)
    e = q - p
    a, b = (p**2).mean(), (q**2).mean()
    expected = ((e**2).mean() - (np.sqrt(a) - np.sqrt(b)) ** 2) / (2 * np.sqrt(a * b))
    assert values_of(x, y)["P3"].value == pytest.approx(expected, rel=1e-6)


def test_pooled_pearson_is_the_worst_map_of_corrcoef(
    x: np.ndarray, y: np.ndarray, values_of: Callable
) -> None:
    b = y.copy()
    b[11] += np.random.default_rng(9).normal(0, 1.0, b[11].shape).astype(np.float32)
    rho = [np.corrcoef(p.ravel(), q.ravel())[0, 1] for p, q in zip(*double(x, b), strict=True)]
    value = values_of(x, b)["P4"]
    assert value.value == pytest.approx(1.0 - min(rho), rel=1e-9)
    assert value.time == 11


def test_a_constant_map_stays_out_of_the_pooled_pearson(
    x: np.ndarray, y: np.ndarray, values_of: Callable
) -> None:
    a, b = x.copy(), y.copy()
    a[4], b[4] = 280.0, 280.0
    b[4, 0, 0, 0] += 1.0
    assert values_of(a, b)["P4"].time != 4


def test_a_map_that_lost_all_variation_has_no_correlation(
    x: np.ndarray, values_of: Callable
) -> None:
    b = x.copy()
    b[3] = 280.0
    value = values_of(x, b)["P4"]
    assert (value.value, value.time) == (pytest.approx(1.0, rel=1e-6), 3)


def test_normalised_errors_are_those_of_numpy(
    x: np.ndarray, y: np.ndarray, values_of: Callable
) -> None:
    a, b = double(x, y)
    rms, span = np.sqrt(((b - a) ** 2).mean()), np.ptp(a)
    value = values_of(x, y)["P5"]
    assert value.value == pytest.approx(rms / span, rel=1e-10)
    assert value.detail["psnr_db"] == pytest.approx(20 * np.log10(span / rms), rel=1e-10)
    assert value.detail["largest over range"] == pytest.approx(abs(b - a).max() / span, rel=1e-10)


def test_a_slice_ten_times_worse_than_the_median_is_an_outlier_of_ten(values_of: Callable) -> None:
    x = np.random.default_rng(1).standard_normal((31, 1, 8, 8))
    e = np.ones((31, 1, 1, 1)) * 0.001
    e[7] *= 10.0
    sign = np.where(np.arange(8) % 2, 1.0, -1.0)
    scale = x.std(axis=(2, 3), keepdims=True)
    value = values_of(x, x + e * scale * sign)["P7"]
    assert (value.value, value.time) == (pytest.approx(10.0, rel=1e-6), 7)


def test_error_laplacian_correlation_is_that_of_numpy(x: np.ndarray, values_of: Callable) -> None:
    a = x.astype(np.float64)
    kernel = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], dtype=float)
    laplacian = convolve(a, kernel[None, None], mode="wrap")
    b = a + 0.002 * laplacian + np.random.default_rng(77).normal(0, 0.05, a.shape)
    e = b - a
    inner = (slice(None), slice(None), slice(1, -1))
    expected = np.corrcoef(e[inner].ravel(), laplacian[inner].ravel())[0, 1]
    value = values_of(a, b, **PERIODIC)["P8"]
    assert value.value == pytest.approx(expected, rel=1e-9)
    inner = (slice(None), slice(None), slice(1, -1), slice(1, -1))
    expected = np.corrcoef(e[inner].ravel(), laplacian[inner].ravel())[0, 1]
    assert values_of(a, b)["P8"].value == pytest.approx(expected, rel=1e-9)


def test_stencils_use_only_cells_whose_neighbours_are_all_valid(
    x: np.ndarray, y: np.ndarray, values_of: Callable
) -> None:
    a, b = double(x, y)
    hole = np.random.default_rng(4).random(a.shape) < 0.05
    a[hole] = b[hole] = np.nan
    kernel = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], dtype=float)
    # NaN spreads to every cell that has it as a neighbour.
    laplacian = convolve(a, kernel[None, None], mode="nearest")[:, :, 1:-1, 1:-1]
    e = (b - a)[:, :, 1:-1, 1:-1]
    good = np.isfinite(laplacian)
    # convolve multiplies the corners by zero, which NaN survives: take the neighbours by hand.
    centre = a[:, :, 1:-1, 1:-1]
    laplacian = a[:, :, :-2, 1:-1] + a[:, :, 2:, 1:-1] + a[:, :, 1:-1, :-2] + a[:, :, 1:-1, 2:]
    laplacian = laplacian - 4 * centre
    good = np.isfinite(laplacian)
    expected = abs(np.corrcoef(e[good], laplacian[good])[0, 1])
    assert values_of(a, b)["P8"].value == pytest.approx(expected, rel=1e-8)


def test_error_field_correlation_is_that_of_numpy(
    x: np.ndarray, y: np.ndarray, values_of: Callable
) -> None:
    a, b = double(x, y)
    expected = abs(np.corrcoef((b - a).ravel(), a.ravel())[0, 1])
    value = values_of(x, y)["P9"]
    assert value.value == pytest.approx(expected, rel=1e-9)
    # Errors that do not follow the field have a standard error of 1 / sqrt(values).
    assert value.error == pytest.approx(1.0 / np.sqrt(a.size), rel=0.2)


def test_grids_wider_than_what_is_done_at_a_time_lose_and_repeat_nothing(
    values_of: Callable, make_settings: Callable
) -> None:
    rng = np.random.default_rng(6)
    x = 280.0 + rng.standard_normal((31, 1, 5, 2 * SEGMENT + 37))
    x[rng.random(x.shape) < 0.1] = np.nan
    e = rng.normal(0.01, 0.1, x.shape)
    weights = rng.uniform(0.5, 1.0, x.shape[2:])
    settings = make_settings(x, sigma=(1.0,), chunk=(1, 1, 5, SEGMENT))
    good = np.isfinite(x)
    for w in (weights, np.ones_like(weights)):
        values = values_of(x, x + e, settings, w)
        expected = abs(np.average(e[good], weights=np.broadcast_to(w, x.shape)[good]))
        assert values["P2"].value == pytest.approx(expected, rel=1e-9)
    assert values["P9"].value == pytest.approx(abs(np.corrcoef(e[good], x[good])[0, 1]), rel=1e-8)
    state = measure(x, x + e, settings, Domain(weights), Place("tas", (0, 0, 0, 0), x.shape))
    both = good[..., 1:] & good[..., :-1]
    steps = np.where(both, np.abs(np.diff(np.where(good, e, 0.0))), 0.0).sum(axis=(0, 1, 2))
    np.testing.assert_allclose(state["steps_x/0"][0, 1:], steps, rtol=1e-9)
    np.testing.assert_array_equal(state["steps_x/0"][1, 1:], both.sum(axis=(0, 1, 2)))
    assert state["slices/sums"][:, 0].sum() == np.count_nonzero(good)


def test_errors_under_rounding_have_no_correlation(x: np.ndarray, values_of: Callable) -> None:
    y = x.copy()
    y[0, 0, 0, 0] = np.nextafter(y[0, 0, 0, 0], np.float32(400.0))
    value = values_of(x, y)["P9"]
    assert value.value is None
    assert "rounding" in value.reason


def test_time_is_needed_where_metrics_says_so(
    x: np.ndarray, y: np.ndarray, values_of: Callable
) -> None:
    values = values_of(x[:29], y[:29])
    for metric in ("P3", "P7", "C1", "E5"):
        assert values[metric].value is None
        assert values[metric].reason == "30 time steps are needed, not 29"


def test_without_area_weighted_metrics_are_not_guessed(
    x: np.ndarray, y: np.ndarray, values_of: Callable, make_settings: Callable
) -> None:
    values = values_of(x, y, make_settings(x, has_area="no bounds"))
    for metric in ("P2", "P3", "C1"):
        assert values[metric].value is None
        assert values[metric].reason == "no area weights: no bounds"


def test_values_in_cells_without_area_make_weighted_metrics_na(
    x: np.ndarray, y: np.ndarray, values_of: Callable, make_settings: Callable
) -> None:
    weights = np.ones((40, 64))
    weights[3, 5] = 0.0
    values = values_of(x, y, make_settings(x), weights)
    assert values["P2"].reason == "36 values lie in cells without area"
