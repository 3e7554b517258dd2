"""Illustrations to store and to draw."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from climcomp_metrics.domain import Domain
from climcomp_metrics.report.figures import Illustration, fields_at_worst
from climcomp_metrics.report.figures.frame import Frame
from climcomp_metrics.report.figures.illustration import (
    ErrorShape,
    Maps,
    ReturnLevels,
    Series,
    SpectrumCurves,
    Tails,
)


def _pictures(rows: int, columns: int, size: float = 1.0) -> Illustration:
    """Maps and worst fields of noise, a corner of which is missing."""
    rng = np.random.default_rng(6)
    frame = Frame("map", -180.0, 180.0, -90.0, 90.0, np.empty(0), np.empty(0))
    noise = size * rng.standard_normal((4, rows, columns)).astype(np.float32)
    noise[:2, : rows // 4, : columns // 4] = np.nan
    maps = Maps(frame, noise[0], np.abs(noise[1]), noise[2], 4.0, 5.0 * size, 4.0, -5.0 * size)
    lat = np.linspace(-90 + 90 / rows, 90 - 90 / rows, rows)
    lon = np.linspace(-180 + 180 / columns, 180 - 180 / columns, columns)
    x = 280.0 + 10.0 * noise[3]
    domain = Domain(None, "latlon", lat, lon)
    worst = fields_at_worst(x, x + noise[2], domain, "step 17 (1850-06-01)")
    return Illustration("tas", 0, "tas", "K", "C", 2.0, maps=maps, worst=worst)


def _full() -> Illustration:
    """Every part, the curves with round numbers."""
    share = np.float32(0.5) * np.float32(10) ** -np.linspace(0, 4, 30, dtype=np.float32)
    shift = np.linspace(0, -0.02, 30, dtype=np.float32)
    time = 1850.0 + np.arange(120.0) / 12
    error = np.float32(1e-4) * np.sin(time).astype(np.float32)
    mean = 288.0 + np.sin(6.28 * time)
    wave = np.geomspace(20000, 200, 50).astype(np.float32)
    energy = 1e-6 * wave.astype(np.float64) ** 2
    band = np.geomspace(15000, 220, 12).astype(np.float32)
    years = np.array([2, 5, 10, 20, 50], np.float32)
    level = 300 + np.log(years)
    lags = np.float32(0.3) ** np.arange(9, dtype=np.float32)
    return replace(
        _pictures(20, 40),
        tails=Tails(share, -shift, shift, 270 + shift, 300 + shift, 200_000),
        series=Series(
            time, mean, mean - 0.1, mean + 0.1, error, error - error.max(), error + error.max(),
            time[::24] - 0.01, 0.7, 1200, "year", "area mean",
        ),
        errors=ErrorShape(
            np.linspace(-0.01, 0.01, 62, dtype=np.float32), np.full(61, 1 / 61, np.float32),
            lags, lags[:4], np.empty(0, np.float32), 0.02, "one in 8 time steps of each level",
        ),
        spectrum=SpectrumCurves(
            wave, energy, 0.99 * energy, 1e-6 * np.ones(50), band,
            np.linspace(-1e-4, -2e-2, 12),
            np.geomspace(1e-5, 0.2, 12), np.float32([1] * 10 + [0] * 2),
            np.float32([0] * 9 + [1] * 3), 250.0, 2.25, "km", "spherical harmonics", 32,
        ),
        return_levels=ReturnLevels(
            years, level, level - np.float32(0.01), level - 1, level + 1, 0 * level + 0.5,
            "12.5°N, 30.0°E (y 3, x 4)", "90 % of 200 bootstrap samples of its 40 years",
        ),
        absent={},
    )  # fmt: skip


@pytest.fixture
def full() -> Illustration:
    """An illustration that has every part."""
    return _full()


@pytest.fixture
def picture_of() -> Callable[..., Illustration]:
    """Noise of any size on the globe: picture_of(rows, columns, size)."""
    return _pictures


@pytest.fixture
def bare() -> Illustration:
    """An illustration that has nothing."""
    return Illustration("tas", 0, "tas", "K", "C", math.nan)
