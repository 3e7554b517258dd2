"""Gradients, Laplacians and blockiness against closed forms and np.gradient."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest


def wave(cells: int, amplitude: float = 1.0, phase: float = 0.0) -> np.ndarray:
    """One sine along x, four time steps, rows all alike."""
    x = np.arange(64.0)
    return np.broadcast_to(amplitude * np.sin(2 * np.pi * x / cells + phase), (4, 1, 32, 64)).copy()


def test_the_gradient_of_one_sine_is_its_central_difference(values_of: Callable) -> None:
    x = wave(16)
    y = x + wave(4, 0.01)

    def response(cells: int) -> float:
        return float(np.sin(2 * np.pi / cells))

    expected = 0.01 * response(4) / response(16)
    assert values_of(x, y, periodic_x=True)["T2"].value == pytest.approx(expected, rel=1e-10)


def test_the_gradient_is_that_of_numpy_inside(weather: Callable, values_of: Callable) -> None:
    x = weather(3, 30, 50).astype(np.float64)
    e = np.random.default_rng(1).normal(0, 0.1, x.shape)

    def rms(field: np.ndarray) -> float:
        gy, gx = np.gradient(field, axis=(2, 3))
        return float(np.sqrt((gy**2 + gx**2)[:, :, 1:-1, 1:-1].mean()))

    assert values_of(x, x + e)["T2"].value == pytest.approx(rms(e) / rms(x), rel=1e-9)


def test_laplacian_variance_of_a_damped_sine_is_its_squared_factor(values_of: Callable) -> None:
    x = wave(16)
    value = values_of(x, 0.99 * x, periodic_x=True)["T3"]
    assert value.value == pytest.approx(1.0 - 0.99**2, rel=1e-9)
    assert value.detail["signed"] < 0


def test_a_periodic_grid_includes_the_seam(values_of: Callable, make_settings: Callable) -> None:
    x = wave(16)
    y = x.copy()
    y[:, :, 16, 0] += 0.5
    settings = make_settings(x)
    open_ends = values_of(x, y, settings)["T2"].value
    seam = values_of(x, y, make_settings(x, periodic_x=True))["T2"].value
    # At an open end the spike touches one inner cell, its eastern neighbour.
    count = 4 * 30 * np.array([62.0, 64.0])
    gradient = np.sin(2 * np.pi / 16) * np.cos(2 * np.pi * np.arange(64) / 16)
    squares = 4 * 30 * np.array([(gradient[1:-1] ** 2).sum(), (gradient**2).sum()])
    errors = 4 * 0.25**2 * np.array([1.0, 4.0])
    expected = np.sqrt((errors / count) / (squares / count))
    assert open_ends == pytest.approx(expected[0], rel=1e-9)
    assert seam == pytest.approx(expected[1], rel=1e-9)


def test_steps_across_blocks_of_eight_are_found(values_of: Callable) -> None:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((6, 1, 64, 96))
    blocks = rng.standard_normal((6, 1, 8, 12)).repeat(8, axis=2).repeat(8, axis=3)
    e = 0.01 * rng.standard_normal(x.shape) + 0.02 * blocks
    value = values_of(x, x + e, chunk=(1, 1, 64, 96))["T4"]
    steps = np.abs(np.diff(e, axis=3))[:, 0].mean(axis=(0, 1))
    at = np.arange(8, 96, 8) - 1
    beside = np.array([[steps[i + s] for s in (-3, -2, -1, 1, 2, 3)] for i in at])
    expected = steps[at].mean() / beside.mean() - 1.0
    assert value.detail["period 8 along x"] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_white_errors_show_no_blocks(seed: int, values_of: Callable) -> None:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((6, 1, 64, 96))
    value = values_of(x, x + 0.01 * rng.standard_normal(x.shape), chunk=(1, 1, 32, 48))["T4"]
    assert value.value is not None
    assert value.value < 0.2


def test_errors_that_follow_a_rough_coast_are_not_blocks(values_of: Callable) -> None:
    rng = np.random.default_rng(2)
    rough = np.where(np.abs(np.arange(96) - 48) < 4, 20.0, 1.0)
    x = rng.standard_normal((6, 1, 64, 96)) * rough
    value = values_of(x, x * (1.0 + rng.uniform(-0.01, 0.01, x.shape)), chunk=(1, 1, 64, 48))["T4"]
    assert value.value is None or value.value < 0.2


def test_a_grid_without_neighbours_says_why(values_of: Callable) -> None:
    x = np.random.default_rng(1).standard_normal((4, 1, 1, 500))
    values = values_of(x, x + 0.1, horizontal="an unstructured grid")
    for metric in ("P8", "T2", "T3", "T4"):
        assert values[metric].reason == "no horizontal neighbours: an unstructured grid"
