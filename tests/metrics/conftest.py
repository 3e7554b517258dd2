"""Fields to measure, and the shortest way from two arrays to values and verdicts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp_metrics import (
    Axes,
    FieldSettings,
    Place,
    Value,
    Verdict,
    judge,
    make_bins,
    make_limits,
    measure,
    summarise,
)
from climcomp_metrics.domain import Domain
from climcomp_metrics.sigma import estimate_sigma

Array = NDArray[np.floating]


def _settings(x: Array, **changes: Any) -> FieldSettings:
    kind = changes.pop("kind", "C")
    sigma = changes.pop("sigma", None)
    if sigma is None:
        sigma, _ = estimate_sigma(x, None, None, None)
    shape = x.shape
    made = FieldSettings(
        variable="tas",
        unit="K",
        kind=kind,
        masked=False,
        axes=Axes(0, (1,), 2, 3),
        shape=shape,  # type: ignore[arg-type]
        sigma=tuple(sigma),
        sigma_method="test",
        bins=tuple(make_bins(x[:, k], s, kind) for k, s in enumerate(sigma)),
        valid_range=None,
        exact=(),
        zeros_exact=False,
        periodic_x=False,
        has_area=None,
        horizontal=None,
        chunk=(1, 1, 32, 32),
        shard=shape,  # type: ignore[arg-type]
    )
    return replace(made, **changes)


def _whole(x: Array) -> Place:
    return Place("tas", (0, 0, 0, 0), x.shape)  # type: ignore[arg-type]


def _values(
    x: Array,
    y: Array,
    settings: FieldSettings | None = None,
    weights: NDArray[np.float64] | None = None,
    **changes: Any,
) -> dict[str, Value]:
    settings = settings or _settings(x, **changes)
    weights = np.ones(x.shape[2:]) if weights is None else weights
    state = measure(x, y, settings, Domain(weights), _whole(x))
    return {value.metric: value for value in summarise(state, settings, Domain(weights))}


def _verdicts(
    x: Array, y: Array, limits: dict[str, float] | None = None, **changes: Any
) -> dict[str, Verdict]:
    settings = _settings(x, **changes)
    weights = np.ones(x.shape[2:])
    state = measure(x, y, settings, Domain(weights), _whole(x))
    values = summarise(state, settings, Domain(weights))
    return {v.criterion: v for v in judge(values, settings, make_limits(limits or {}))}


def _weather(times: int, rows: int, columns: int, seed: int = 1, levels: int = 1) -> Array:
    """Red noise, correlated over about two cells and steps, of mean 280 and SD 10."""
    rng = np.random.default_rng(seed)
    white = rng.standard_normal((times, levels, rows, columns))
    spectrum = np.fft.fftn(white, axes=(0, 2, 3))
    t = np.fft.fftfreq(times)[:, None, None, None]
    y = np.fft.fftfreq(rows)[None, None, :, None]
    x = np.fft.fftfreq(columns)[None, None, None, :]
    spectrum *= np.exp(-2.0 * np.pi**2 * (1.0 * t**2 + 2.25 * (y**2 + x**2)))
    field = np.fft.ifftn(spectrum, axes=(0, 2, 3)).real
    return (280.0 + 10.0 * field / field.std()).astype(np.float32)


@pytest.fixture(scope="session")
def make_settings() -> Callable[..., FieldSettings]:
    """Settings for an array (time, level, y, x): make_settings(x, kind="P", unit="mm")."""
    return _settings


@pytest.fixture(scope="session")
def whole() -> Callable[[Array], Place]:
    """The place of an array that is the whole variable."""
    return _whole


@pytest.fixture(scope="session")
def values_of() -> Callable[..., dict[str, Value]]:
    """The values of the last level by metric: values_of(x, y, settings, weights)."""
    return _values


@pytest.fixture(scope="session")
def verdicts_of() -> Callable[..., dict[str, Verdict]]:
    """The verdicts by criterion: verdicts_of(x, y, limits, kind="P")."""
    return _verdicts


@pytest.fixture(scope="session")
def weather() -> Callable[..., Array]:
    """Red noise of mean 280 and SD 10: weather(times, rows, columns, seed, levels)."""
    return _weather
