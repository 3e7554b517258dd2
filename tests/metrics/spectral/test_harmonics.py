"""Spherical harmonics: closed forms from scipy's Legendre functions on every kind of grid."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import lpmv

from climcomp.errors import MissingExtraError
from climcomp.source.gaussian import gaussian_latitudes
from climcomp_metrics.domain import Domain
from climcomp_metrics.spectral.harmonics import (
    Sampling,
    harmonic_sums,
    harmonics_lack,
    largest_degree,
    load_ducc0,
    sampling_of,
)

ROWS, COLUMNS = 32, 64
LATITUDES: dict[Sampling, np.ndarray] = {
    "CC": np.linspace(-90, 90, ROWS),
    "F1": np.linspace(-90, 90, 2 * ROWS + 1)[1::2],
    "GL": gaussian_latitudes(ROWS),
}
AMPLITUDES = {(0, 0): 280.0, (3, 0): 2.0, (5, 5): 1.5, (9, 4): -0.7, (24, 1): 0.2}


def harmonic(lat: np.ndarray, degree: int, order: int, phase: float = 0.4) -> np.ndarray:
    """A real spherical harmonic of mean square 1."""
    scale = math.sqrt(
        (1 if order == 0 else 2)
        * (2 * degree + 1)
        * math.factorial(degree - order)
        / math.factorial(degree + order)
    )
    along = np.cos(order * 2 * np.pi * np.arange(COLUMNS) / COLUMNS + (phase if order else 0.0))
    return scale * lpmv(order, degree, np.sin(np.deg2rad(lat)))[:, None] * along


def domain_of(sampling: Sampling, *, descending: bool = False) -> Domain:
    lat = LATITUDES[sampling][:: -1 if descending else 1]
    return Domain(None, "gaussian" if sampling == "GL" else "latlon", lat, np.arange(COLUMNS) * 1.0)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sampling", ["CC", "F1", "GL"])
def test_each_degree_holds_the_squares_of_its_amplitudes(
    sampling: Sampling, descending: bool
) -> None:
    domain = domain_of(sampling, descending=descending)
    assert domain.lat is not None
    assert sampling_of(domain) == sampling
    x = sum(a * harmonic(domain.lat, *which) for which, a in AMPLITUDES.items())
    e = 0.1 * harmonic(domain.lat, 9, 4) + 0.3 * harmonic(domain.lat, 11, 2)
    sums = harmonic_sums(x, e, sampling)
    expected = np.zeros((3, largest_degree(sampling, ROWS, COLUMNS) + 1))
    for (degree, _), amplitude in AMPLITUDES.items():
        expected[0, degree] = amplitude**2
    expected[1, [9, 11]] = 0.01, 0.09
    expected[2, 9] = -0.07
    np.testing.assert_allclose(sums[:3], expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("sampling", ["CC", "F1", "GL"])
def test_the_largest_degree_is_held_whole(sampling: Sampling) -> None:
    lat = LATITUDES[sampling]
    degree = largest_degree(sampling, ROWS, COLUMNS)
    assert degree == (30 if sampling == "CC" else 31)
    for order in (0, degree):
        x = harmonic(lat, degree, order)
        assert harmonic_sums(x, x, sampling)[0, degree] == pytest.approx(1.0, rel=1e-9)


def test_turned_longitudes_change_no_energy() -> None:
    lat = LATITUDES["CC"]
    x = sum(a * harmonic(lat, *which) for which, a in AMPLITUDES.items())
    expected = harmonic_sums(x, x, "CC")[0]
    turned = np.roll(x, COLUMNS // 2, axis=1)
    np.testing.assert_allclose(harmonic_sums(turned, turned, "CC")[0], expected, atol=1e-9)


def test_every_degree_has_one_mode_more_than_twice_its_number() -> None:
    x = harmonic(LATITUDES["F1"], 3, 1)
    np.testing.assert_array_equal(harmonic_sums(x, x, "F1")[4], 2 * np.arange(32) + 1)


@pytest.mark.parametrize("lat", [np.linspace(-60, 60, ROWS), LATITUDES["CC"][2:]])
def test_rows_that_do_not_reach_the_poles_have_none(lat: np.ndarray) -> None:
    assert sampling_of(Domain(None, "latlon", lat)) is None


def test_some_rows_of_a_gaussian_grid_have_none() -> None:
    for rows in (slice(0, 20), slice(4, 28)):
        assert sampling_of(Domain(None, "gaussian", LATITUDES["GL"][rows])) is None


def test_latitudes_in_single_precision_are_known() -> None:
    rounded = np.linspace(90, -90, 721).astype(np.float32).astype(np.float64)
    assert sampling_of(Domain(None, "latlon", rounded)) == "CC"


def test_a_limited_area_says_why(make_settings: Callable) -> None:
    x = np.zeros((3, 1, ROWS, COLUMNS), np.float32)
    regional = make_settings(x, sigma=(1.0,), periodic_x=False)
    around = make_settings(x, sigma=(1.0,), periodic_x=True)
    assert "whole latitude circles" in harmonics_lack(regional, domain_of("CC"))
    tropics = Domain(None, "latlon", np.linspace(-30, 30, ROWS), np.arange(COLUMNS) * 1.0)
    assert "global" in harmonics_lack(around, tropics)
    assert harmonics_lack(around, domain_of("CC")) == ""


def test_without_the_package_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ducc0", None)
    with pytest.raises(MissingExtraError, match=r"climcomp\[harmonics\]"):
        load_ducc0()
