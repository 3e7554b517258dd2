"""Means, tiles and totals against NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest


@pytest.fixture(scope="module")
def x(weather: Callable) -> np.ndarray:
    return weather(32, 40, 64).astype(np.float64)


@pytest.fixture(scope="module")
def y(x: np.ndarray) -> np.ndarray:
    return x + np.random.default_rng(8).normal(0.01, 0.1, x.shape)


def test_global_mean_series_is_the_worst_weighted_mean_over_its_sd(
    x: np.ndarray, y: np.ndarray, values_of: Callable, make_settings: Callable
) -> None:
    weights = np.cos(np.linspace(-1.4, 1.4, 40))[:, None] * np.ones(64)

    def series(field: np.ndarray) -> np.ndarray:
        return (field[:, 0] * weights).sum(axis=(1, 2)) / weights.sum()

    expected = np.abs(series(y - x)).max() / series(x).std()
    value = values_of(x, y, make_settings(x), weights)["C1"]
    assert value.value == pytest.approx(expected, rel=1e-9)
    assert value.time == np.abs(series(y - x)).argmax()


def test_tile_means_are_those_of_16_cells_squared(
    x: np.ndarray, y: np.ndarray, values_of: Callable
) -> None:
    def tiles(field: np.ndarray) -> list[np.ndarray]:
        return [
            field[:, 0, j : j + 16, i : i + 16].mean(axis=(1, 2))
            for j in range(0, 40, 16)
            for i in range(0, 64, 16)
        ]

    n = np.array([256.0] * 8 + [128.0] * 4)
    error = np.sqrt(np.average([(e**2).mean() for e in tiles(y - x)], weights=n))
    spread = np.sqrt(np.average([m.var() for m in tiles(x)], weights=n))
    assert values_of(x, y)["C2"].value == pytest.approx(error / spread, rel=1e-9)


def test_tiles_with_few_valid_cells_stay_out(
    x: np.ndarray, y: np.ndarray, values_of: Callable
) -> None:
    a, b = x.copy(), y.copy()
    a[:, :, :16, :16] = b[:, :, :16, :16] = np.nan
    a[:, :, :6, :10] = x[:, :, :6, :10]
    b[:, :, :6, :10] = x[:, :, :6, :10] + 5.0
    c, d = a.copy(), b.copy()
    c[:, :, :16, :16] = d[:, :, :16, :16] = np.nan
    assert values_of(a, b)["C2"].value == values_of(c, d)["C2"].value


def test_an_unstructured_grid_has_tiles_of_256_cells(values_of: Callable) -> None:
    x = np.random.default_rng(1).standard_normal((40, 1, 1, 1000))
    y = x + 0.01
    parts = [slice(0, 256), slice(256, 512), slice(512, 768), slice(768, 1000)]
    variances = [x[:, 0, 0, part].mean(axis=1).var() for part in parts]
    spread = np.sqrt(np.average(variances, weights=[256, 256, 256, 232]))
    value = values_of(x, y, horizontal="unstructured")["C2"]
    assert value.value == pytest.approx(0.01 / spread, rel=1e-9)


def test_few_time_steps_take_sigma_and_say_so(
    x: np.ndarray, y: np.ndarray, values_of: Callable
) -> None:
    value = values_of(x[:1], y[:1], sigma=(10.0,))["C2"]
    assert value.place == "over sigma: fewer than 30 time steps"
    assert value.value < 0.01


def test_total_is_the_weighted_sum_for_class_p_only(
    x: np.ndarray, values_of: Callable, make_settings: Callable
) -> None:
    weights = np.linspace(0.5, 1.0, 40)[:, None] * np.ones(64)
    rain = np.maximum(x - 285.0, 0.0)
    wetter = rain * np.where(np.arange(40) < 20, 1.01, 1.0)[:, None]
    w = np.broadcast_to(weights, rain.shape)
    expected = (wetter * w).sum() / (rain * w).sum() - 1.0
    value = values_of(rain, wetter, make_settings(rain, kind="P"), weights)["C3"]
    assert value.value == pytest.approx(expected, rel=1e-9)
    assert "C3" not in values_of(rain, wetter)
