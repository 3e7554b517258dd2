"""M3 against a cosine of known amplitude and phase, and against a Fourier transform."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr


def wave(dates: Any, amplitude: float, peak: float) -> np.ndarray:
    """Months as twelfths of a year; the peak in years from its start (t, 1, 2, 3)."""
    month = np.array([date.month for date in dates])
    turn = amplitude * np.cos(2.0 * np.pi * ((month - 0.5) / 12.0 - peak))
    return turn[:, None, None, None] * np.ones((1, 1, 2, 3))


def noise(dates: Any, seed: int = 1) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).standard_normal((len(dates), 1, 2, 3))


def test_a_stronger_cycle_shows_as_its_change_over_sigma(
    dates_of: Callable, temporal: Callable
) -> None:
    dates = dates_of(48, 30)
    weather = noise(dates)
    x, y = (280.0 + wave(dates, size, 0.6) + weather for size in (5.0, 5.3))
    values = temporal(x, y, dates, sigma=(2.0,))
    # The weather's own means have an amplitude of 0.1 sqrt(2/48) = 0.02 at any phase.
    assert values["M3"].value == pytest.approx(0.15, rel=1e-4)
    assert values["M3"].detail["signed median"] > 0
    assert values["M3-phase"].value < 0.03


@pytest.mark.parametrize(
    ("calendar", "year"), [("noleap", 365.0), ("360_day", 360.0), ("standard", 365.25)]
)
def test_a_cycle_ten_days_late_is_ten_days_late(
    dates_of: Callable, temporal: Callable, calendar: str, year: float
) -> None:
    dates = dates_of(48, 30, calendar)
    weather = noise(dates)
    x, y = (280.0 + wave(dates, 5.0, 0.55 + late / year) + weather for late in (0.0, 10.0))
    value = temporal(x, y, dates)["M3-phase"]
    # 0.02/5 of a radian by the weather, whose share of both cycles turns with the phase.
    assert value.detail["signed median"] == pytest.approx(10.0, abs=0.1)


def test_the_cycle_is_the_first_harmonic_of_the_monthly_means(
    dates_of: Callable, climate: Callable, temporal: Callable
) -> None:
    dates = dates_of(900)
    x = climate(dates)
    y = x + 0.02 * (x - 280.0) + np.random.default_rng(2).normal(0.0, 0.05, x.shape)
    harmonics = []
    for v in (x, y):
        array = xr.DataArray(v[:, 0], dims=("time", "y", "x"), coords={"time": dates})
        means = array.groupby("time.month").mean("time").transpose("month", "y", "x").values
        harmonics.append(np.fft.rfft(means, axis=0)[1] / 6.0)
    a, b = harmonics
    values = temporal(x, y, dates, sigma=(3.0,))
    expected = float(np.median(np.abs(np.abs(b) - np.abs(a)))) / 3.0
    assert values["M3"].value == pytest.approx(expected, rel=1e-8)
    # A transform turns the other way round.
    expected = float(np.median(np.abs(np.angle(b / a)))) * 365.0 / (2.0 * np.pi)
    assert values["M3-phase"].value == pytest.approx(expected, rel=1e-8)


def test_a_record_without_all_months_has_no_cycle(
    dates_of: Callable, climate: Callable, temporal: Callable
) -> None:
    dates = dates_of(330)
    x = climate(dates)
    values = temporal(x, x + 0.1, dates)
    for name in ("M3", "M3-phase"):
        assert values[name].reason == "all 12 calendar months are needed, the record has 11"


def test_cells_that_miss_a_month_are_left_out(
    dates_of: Callable, climate: Callable, temporal: Callable
) -> None:
    dates = dates_of(730)
    january = np.array([date.month == 1 for date in dates])
    x = climate(dates)
    x[january, 0, :, :4] = np.nan
    values = temporal(x, 1.01 * x, dates)
    assert values["M3"].detail["cells"] == 10
    x[january] = np.nan
    why = "no cell has valid values in all 12 calendar months"
    assert temporal(x, 1.01 * x, dates)["M3"].reason == why


def test_weather_without_a_cycle_has_no_phase(dates_of: Callable, temporal: Callable) -> None:
    dates = dates_of(730)
    x = 280.0 + np.random.default_rng(3).standard_normal((730, 1, 5, 6))
    values = temporal(x, x + 0.1 * np.sin(x), dates)
    assert values["M3-phase"].reason == "no cell has an annual cycle of 5 standard errors"
    assert values["M3"].value is not None


def test_two_and_a_half_years_of_months_show_their_cycle(
    dates_of: Callable, climate: Callable, temporal: Callable
) -> None:
    """With two steps to a month sigma is about the mean; the cycle must not be its own noise."""
    dates = dates_of(30, 30)
    x = climate(dates)
    values = temporal(x, x + 0.01 * np.sin(x), dates)
    assert values["M3-phase"].value is not None
