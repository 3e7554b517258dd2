"""Spectra for figures, and the length of a grid cell."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from climcomp_metrics import measure
from climcomp_metrics.domain import Domain
from climcomp_metrics.level import Level, make_level
from climcomp_metrics.spectral.spacing import spacing_km
from climcomp_metrics.spectral.spectrum import spectrum_of

LAT, LON = np.linspace(70, -70, 29), np.arange(0.0, 360.0, 5.0) - 180.0
EARTH_KM = 6371.0088
GLOBE = Domain(np.cos(np.deg2rad(LAT))[:, None] * np.ones(72), "latlon", LAT, LON)


def level_of(
    x: np.ndarray, y: np.ndarray, settings: object, domain: Domain, whole: Callable
) -> Level:
    state = measure(x, y, settings, domain, whole(x))  # type: ignore[arg-type]
    return make_level(state, 0, settings, domain)  # type: ignore[arg-type]


@pytest.fixture
def pair() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    x = 280.0 + rng.standard_normal((4, 1, 29, 72))
    return x, x + 0.1 * rng.standard_normal(x.shape)


def test_a_zonal_spectrum_has_waves_around_the_globe_and_km_at_the_equator(
    pair: tuple, make_settings: Callable, whole: Callable
) -> None:
    level = level_of(*pair, make_settings(pair[0], periodic_x=True), GLOBE, whole)
    spectrum = spectrum_of(level)
    assert spectrum is not None
    assert (spectrum.basis, spectrum.fields) == ("zonal", 4)
    np.testing.assert_array_equal(spectrum.wavenumber, np.arange(1, 37))
    np.testing.assert_allclose(spectrum.wavelength_cells, 72 / spectrum.wavenumber)
    assert spectrum.wavelength_km is not None
    expected = 2 * math.pi * EARTH_KM / spectrum.wavenumber
    np.testing.assert_allclose(spectrum.wavelength_km, expected)


def test_an_odd_number_of_columns_does_not_reach_two_grid_lengths(
    pair: tuple, make_settings: Callable, whole: Callable
) -> None:
    x, y = (np.ascontiguousarray(values[..., :71]) for values in pair)
    domain = Domain(np.ones((29, 71)))
    spectrum = spectrum_of(level_of(x, y, make_settings(x, periodic_x=True), domain, whole))
    assert spectrum is not None
    np.testing.assert_allclose(spectrum.wavelength_cells, 71 / np.arange(1, 36))


def test_energies_are_means_over_time_of_original_and_reconstruction(
    pair: tuple, make_settings: Callable, whole: Callable
) -> None:
    x, y = pair
    level = level_of(x, y, make_settings(x, periodic_x=True), GLOBE, whole)
    spectrum = spectrum_of(level)
    assert spectrum is not None
    weights = np.cos(np.deg2rad(LAT))
    for energy, values in ((spectrum.x, x), (spectrum.y, y), (spectrum.e, y - x)):
        squares = np.abs(np.fft.rfft(values[:, 0], axis=2)[..., 1:]) ** 2 * 2.0 / 72**2
        squares[..., -1] *= 0.5
        expected = np.average(squares.mean(axis=0), axis=0, weights=weights)
        np.testing.assert_allclose(energy, expected, rtol=1e-9)
    area = np.average((x[:, 0] - x.mean()) ** 2, axis=1, weights=weights).mean()
    # About the mean of each step, which is 0.02 off that of all.
    assert spectrum.variance == pytest.approx(area, rel=0.01)


def test_a_harmonic_spectrum_counts_degrees(
    pair: tuple, make_settings: Callable, whole: Callable
) -> None:
    lat = np.linspace(90, -90, 29)
    weights = np.cos(np.deg2rad(lat))[:, None] * np.ones(72) + 1e-9
    domain = Domain(weights, "latlon", lat, LON)
    settings = make_settings(pair[0], periodic_x=True, every={"harmonics": 1})
    spectrum = spectrum_of(level_of(*pair, settings, domain, whole))
    assert spectrum is not None
    assert spectrum.basis == "harmonics"
    assert spectrum.wavenumber[-1] == 27
    assert spectrum.wavelength_cells[-1] == 2.0
    assert spectrum.wavelength_km is not None
    assert spectrum.wavelength_km[-1] == pytest.approx(2 * math.pi * EARTH_KM / 27)


def test_a_cosine_spectrum_has_the_spacing_of_the_middle_of_its_rectangle(
    pair: tuple, make_settings: Callable, whole: Callable
) -> None:
    x, y = pair
    x[:, :, 14:] = y[:, :, 14:] = np.nan
    spectrum = spectrum_of(level_of(x, y, make_settings(x), GLOBE, whole))
    assert spectrum is not None
    degree = math.radians(5.0) * EARTH_KM
    # Row 6 of 14: 40 degrees north.
    expected = degree * math.sqrt(math.cos(math.radians(40.0)))
    assert spectrum.cell_km == pytest.approx(expected, rel=1e-3)


def test_a_grid_without_coordinates_has_no_km(
    pair: tuple, make_settings: Callable, whole: Callable
) -> None:
    x, y = pair
    spectrum = spectrum_of(level_of(x, y, make_settings(x), Domain(np.ones((29, 72))), whole))
    assert spectrum is not None
    assert spectrum.wavelength_km is None
    assert spectrum.effective_resolution() == 2.0


def test_a_level_without_spectra_has_none(make_settings: Callable, whole: Callable) -> None:
    x = np.random.default_rng(1).standard_normal((4, 1, 1, 100))
    domain = Domain(np.ones((1, 100)))
    assert spectrum_of(level_of(x, x, make_settings(x), domain, whole)) is None


def test_spacing_of_two_dimensional_coordinates_is_that_of_the_same_grid() -> None:
    lat, lon = np.meshgrid(LAT, LON, indexing="ij")
    curved = Domain(None, "curvilinear", lat, lon)
    for row, column in [(0, 0), (10, 35), (20, 71)]:
        expected = spacing_km(GLOBE, row, column)
        assert spacing_km(curved, row, column) == pytest.approx(expected, rel=1e-12)


def test_spacing_is_unknown_without_coordinates_or_where_they_have_gaps() -> None:
    assert math.isnan(spacing_km(Domain(), 3, 3))
    lat, lon = np.meshgrid(LAT, LON, indexing="ij")
    lat[3, 3] = np.nan
    assert math.isnan(spacing_km(Domain(None, "curvilinear", lat, lon), 3, 3))
