"""What the figures show of a level's sums."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp_metrics import Place, measure, merge
from climcomp_metrics.clock import Clock
from climcomp_metrics.domain import Domain
from climcomp_metrics.level import Level, make_level
from climcomp_metrics.report.figures import fields_at_worst, illustrate, with_worst, worst_time

Array = NDArray[Any]
RNG = np.random.default_rng(5)


def _daily(steps: int) -> Clock:
    """Days from 2001-01-01 in a 360-day calendar."""
    day = np.arange(steps)
    return Clock(
        2001 + day // 360,
        day % 360 // 30 + 1,
        day % 30 + 1,
        day % 360 + 1,
        day * 86400.0,
        "360_day",
    )


def _domain(rows: int, columns: int, clock: Clock | None = None) -> Domain:
    lat = np.linspace(-90 + 90 / rows, 90 - 90 / rows, rows)
    weights = np.cos(np.deg2rad(lat))[:, None] * np.ones(columns)
    return Domain(weights, "latlon", lat, np.arange(columns) * 360 / columns, clock)


@pytest.fixture
def level_of(make_settings: Callable, whole: Callable) -> Callable[..., Level]:
    """The level of two arrays: level_of(x, y, clock=..., kind=...)."""

    def made(x: Array, y: Array, clock: Clock | None = None, **changes: Any) -> Level:
        settings = make_settings(x, **changes)
        domain = _domain(x.shape[2], x.shape[3], clock)
        return make_level(measure(x, y, settings, domain, whole(x)), 0, settings, domain)

    return made


def test_the_maps_show_what_happened_to_each_cell(level_of: Callable) -> None:
    x = RNG.standard_normal((40, 1, 20, 40)).cumsum(axis=0)
    y = x + RNG.normal(0.05, 0.1, x.shape)
    maps = illustrate(level_of(x, y)).maps
    assert maps is not None
    e = y - x
    # The map begins at the date line, the field at Greenwich.
    expected = np.roll(e.mean(axis=0)[0], 20, axis=1)
    np.testing.assert_allclose(maps.mean_error, expected, rtol=1e-5)
    noise = np.sqrt((e**2).mean(axis=0)[0]) / x.std(axis=0)[0]
    np.testing.assert_allclose(maps.noise, np.roll(noise, 20, axis=1), rtol=1e-5)
    change = y.max(axis=0)[0] - x.max(axis=0)[0]
    np.testing.assert_allclose(maps.maximum, np.roll(change, 20, axis=1), rtol=1e-4, atol=1e-6)
    assert maps.largest_change == pytest.approx(change.ravel()[np.abs(change).argmax()])


def test_the_largest_of_all_cells_is_told_where_pixels_are_means(level_of: Callable) -> None:
    x = RNG.standard_normal((30, 1, 4, 720))
    y = x + 0.01
    y[:, 0, 2, 300] = x[:, 0, 2, 300] - 3.0
    maps = illustrate(level_of(x, y)).maps
    assert maps is not None
    assert maps.cells_per_pixel == 2.0
    assert maps.largest_mean == pytest.approx(-3.0)
    assert np.nanmin(maps.mean_error) == pytest.approx((-3.0 + 0.01) / 2, rel=1e-5)


def test_a_cell_that_never_changes_has_no_noise_ratio(level_of: Callable) -> None:
    x = RNG.standard_normal((30, 1, 9, 16))
    x[:, 0, 3, 4] = 7.0
    maps = illustrate(level_of(x, x + RNG.normal(0, 0.1, x.shape))).maps
    assert maps is not None
    assert np.isnan(maps.noise).sum() == 1
    assert np.isfinite(maps.mean_error).all()


def test_missing_cells_stay_missing_in_every_map(level_of: Callable) -> None:
    x = RNG.standard_normal((30, 1, 9, 16))
    x[:, 0, :4] = np.nan
    maps = illustrate(level_of(x, x + 0.01)).maps
    assert maps is not None
    for picture in (maps.mean_error, maps.noise, maps.maximum):
        np.testing.assert_array_equal(np.isnan(picture[:4]), True)
        np.testing.assert_array_equal(np.isfinite(picture[4:]), True)


def test_a_shift_moves_every_quantile_by_itself(level_of: Callable) -> None:
    x = RNG.standard_normal((30, 1, 40, 60))
    tails = illustrate(level_of(x, x + 0.05, sigma=[1.0])).tails
    assert tails is not None
    # A bin is sigma/1000 wide.
    np.testing.assert_allclose(tails.low, 0.05, atol=1e-3)
    np.testing.assert_allclose(tails.high, 0.05, atol=1e-3)
    assert tails.share[-1] == pytest.approx(10 / x.size)
    assert tails.high_value[-1] == pytest.approx(np.quantile(x, 1 - tails.share[-1]), abs=0.1)


def test_clipping_shows_at_the_end_that_was_clipped(level_of: Callable) -> None:
    x = RNG.standard_normal((30, 1, 40, 60))
    tails = illustrate(level_of(x, np.minimum(x, 2.5), sigma=[1.0])).tails
    assert tails is not None
    assert tails.high[-1] < -0.3
    np.testing.assert_allclose(tails.low, 0.0, atol=1e-3)


def test_the_series_is_the_area_mean_and_its_error(level_of: Callable) -> None:
    x = 280.0 + RNG.standard_normal((50, 1, 12, 24)).cumsum(axis=0)
    y = x + RNG.normal(0, 0.1, x.shape)
    series = illustrate(level_of(x, y, _daily(50), chunk=(16, 1, 12, 24))).series
    assert series is not None
    weights = _domain(12, 24).weights
    mean = np.array([np.average(field[0], weights=weights) for field in x])
    np.testing.assert_allclose(series.mean, mean, rtol=1e-12)
    error = np.array([np.average(field[0], weights=weights) for field in y - x])
    np.testing.assert_allclose(series.error, error, rtol=1e-4, atol=1e-8)
    assert series.spread == pytest.approx(mean.std())
    assert series.time_label == "days since 2001-01-01"
    np.testing.assert_array_equal(series.borders, [15.5, 31.5, 47.5])


def test_a_long_series_keeps_its_worst_step(level_of: Callable) -> None:
    x = RNG.standard_normal((5000, 1, 2, 3))
    y = x + 0.01
    y[3333] = x[3333] - 9.0
    series = illustrate(level_of(x, y, _daily(5000), chunk=(10, 1, 2, 3))).series
    assert series is not None
    assert series.time.size <= 240
    assert series.error_least.min() == pytest.approx(-9.0)
    assert series.time_label == "year"
    assert (np.diff(series.time) > 0).all()
    assert series.time[-1] == pytest.approx(2001 + 5000 / 360, abs=0.1)


def test_without_area_the_series_says_what_mean_it_is(make_settings: Callable) -> None:
    x = RNG.standard_normal((40, 1, 3, 4))
    settings = make_settings(x, has_area="no cell areas")
    whole = Place("tas", (0, 0, 0, 0), x.shape)
    level = make_level(measure(x, x + 0.1, settings, Domain(), whole), 0, settings, Domain())
    series = illustrate(level).series
    assert series is not None
    assert series.mean_label == "mean of all cells"
    np.testing.assert_allclose(series.mean, x.mean(axis=(1, 2, 3)))
    assert series.time_label == "time step"


def test_the_spectrum_keeps_all_energy(level_of: Callable) -> None:
    x = RNG.standard_normal((30, 1, 32, 64))
    y = x + RNG.normal(0, 0.1, x.shape)
    curves = illustrate(level_of(x, y, periodic_x=True)).spectrum
    assert curves is not None
    assert curves.wavelength_unit == "km"
    assert (np.diff(curves.wavelength) < 0).all()
    assert curves.noise[curves.is_judged > 0] == pytest.approx(0.01, rel=0.3)
    assert np.nanmean(curves.error / curves.original) == pytest.approx(0.01, rel=0.1)


def test_a_spectrum_of_many_waves_becomes_few_points(level_of: Callable) -> None:
    x = RNG.standard_normal((2, 1, 8, 1440))
    curves = illustrate(level_of(x, x + RNG.normal(0, 0.1, x.shape), periodic_x=True)).spectrum
    assert curves is not None
    assert curves.wavelength.size <= 160
    # The shortest point is a mean of a few waves, of nearly two cells of 27.8 km.
    assert curves.wavelength[-1] == pytest.approx(2 * 40030 / 1440, rel=0.05)


def test_the_error_histogram_reaches_to_the_bound(level_of: Callable) -> None:
    x = RNG.standard_normal((30, 1, 20, 40))
    y = x + RNG.uniform(-0.02, 0.02, x.shape)
    errors = illustrate(level_of(x, y, sigma=[2.0])).errors
    assert errors is not None
    assert errors.edges[-1] == pytest.approx(0.02, rel=0.03)
    assert errors.share.sum() == pytest.approx(1.0, abs=1e-3)
    assert errors.along_x.size == 9


def test_return_levels_are_those_of_the_cell_that_moved_most(level_of: Callable) -> None:
    years = 25
    x = RNG.standard_normal((360 * years, 1, 3, 4)).astype(np.float32)
    y = x + RNG.normal(0, 0.001, x.shape).astype(np.float32)
    y[:, 0, 1, 2] = np.minimum(x[:, 0, 1, 2], 2.9)
    level = level_of(x, y, _daily(360 * years), sigma=[1.0])
    from scipy.stats import genextreme

    levels = illustrate(level).return_levels
    assert levels is not None
    assert "y 1, x 2" in levels.where
    maxima = x[:, 0, 1, 2].reshape(years, 360).max(axis=1)
    at_20 = int(np.flatnonzero(levels.years == 20)[0])
    # Another estimator (maximum likelihood) of the same level, well inside its standard error.
    expected = genextreme.isf(1 / 20, *genextreme.fit(maxima))
    assert float(levels.original[at_20]) == pytest.approx(
        expected, abs=1.5 * float(levels.error[at_20])
    )
    assert levels.decoded[at_20] < levels.original[at_20]
    assert (levels.low < levels.original).all()
    assert (levels.original < levels.high).all()


def test_what_cannot_be_shown_says_why(level_of: Callable) -> None:
    x = RNG.standard_normal((3, 1, 5, 6))
    found = illustrate(level_of(x, x + 0.1))
    assert found.maps is None
    assert found.absent["maps"] == "30 time steps are needed, not 3"
    assert "100 values" in found.absent["tails"]
    assert "dates" in found.absent["return_levels"]
    assert found.absent["worst"]


def test_what_came_back_exactly_has_no_figures(level_of: Callable) -> None:
    x = RNG.standard_normal((40, 1, 9, 12))
    found = illustrate(level_of(x, x.copy()))
    assert {found.maps, found.tails, found.series, found.errors, found.spectrum} == {None}
    assert set(found.absent.values()) >= {"every value came back exactly"}


@pytest.mark.parametrize("value", [np.nan, 273.15])
def test_an_odd_level_has_reasons_instead_of_figures(value: float, level_of: Callable) -> None:
    x = np.full((40, 1, 6, 8), value)
    found = illustrate(level_of(x, x + (0.0 if np.isnan(value) else 0.5)))
    assert found.tails is None
    assert found.errors is None
    assert all(found.absent.values())


def test_merged_parts_give_the_same_figures(make_settings: Callable) -> None:
    x = RNG.standard_normal((60, 1, 10, 20))
    y = x + RNG.normal(0, 0.1, x.shape)
    settings, domain = make_settings(x), _domain(10, 20)
    cuts = ((0, 13), (13, 40), (40, 60))
    states = [
        measure(x[a:b], y[a:b], settings, domain, Place("tas", (a, 0, 0, 0), (b - a, 1, 10, 20)))
        for a, b in cuts
    ]
    found = [
        illustrate(make_level(merge(merge(states[i], states[j]), states[k]), 0, settings, domain))
        for i, j, k in ((0, 1, 2), (2, 0, 1))
    ]
    for name in ("mean_error", "noise", "maximum"):
        np.testing.assert_allclose(*(getattr(one.maps, name) for one in found), rtol=1e-5)
    np.testing.assert_allclose(*(one.series.error for one in found), rtol=1e-5)  # type: ignore[union-attr]
    np.testing.assert_array_equal(*(one.tails.high for one in found))  # type: ignore[union-attr]


def test_the_worst_time_is_that_of_the_largest_error(level_of: Callable) -> None:
    x = RNG.standard_normal((7, 1, 5, 6))
    y = x + 0.01
    y[4, 0, 2, 3] -= 1.0
    level = level_of(x, y)
    time = worst_time(level)
    assert time == 4
    fields = fields_at_worst(x[time, 0], y[time, 0], level.domain)
    assert fields is not None
    found = with_worst(illustrate(level), fields)
    assert found.worst is fields
    assert "worst" not in found.absent


def test_a_level_of_several_is_named(level_of: Callable) -> None:
    x = RNG.standard_normal((3, 4, 5, 6))
    assert illustrate(level_of(x, x + 0.1)).title == "tas, level 0 (of 0 to 3)"


def test_the_series_of_a_station_is_its_value(make_settings: Callable) -> None:
    x = RNG.standard_normal((50, 1, 1, 1))
    settings = replace(make_settings(x), horizontal="one cell")
    place = Place("tas", (0, 0, 0, 0), x.shape)
    level = make_level(measure(x, x + 0.1, settings, Domain(), place), 0, settings, Domain())
    found = illustrate(level)
    assert found.series is not None
    assert found.series.mean_label == "value"
    assert found.absent["maps"] == "the variable has a single cell"
