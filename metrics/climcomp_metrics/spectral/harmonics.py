"""Energy by degree of spherical harmonics, of global grids, through the optional package ducc0.

ducc0 alone takes all the global grids that models write: regular with the poles and without them,
with any number of longitudes, and Gaussian. pyshtools, which has a freer licence, takes regular
grids only of n x n or n x 2n points that begin at one pole and end before the other.
"""

from __future__ import annotations

import importlib
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from climcomp.errors import MissingExtraError
from climcomp_metrics.domain import Domain
from climcomp_metrics.field import FieldSettings

Sampling = Literal["CC", "F1", "GL"]
"""ducc0's names: regular latitudes from pole to pole (after Clenshaw and Curtis), from half a
spacing beside the poles (Fejer's first rule), and Gaussian (Gauss and Legendre)."""

ASKED = "harmonics"
"""Key of `FieldSettings.every`: use spherical harmonics, on one in so many time steps."""

_EVEN = 0.01  # of a spacing: files round their latitudes, and single precision does


def use_harmonics(settings: FieldSettings, domain: Domain) -> bool:
    """Whether they were asked for and the grid allows them."""
    return ASKED in settings.every and not harmonics_lack(settings, domain)


def harmonics_lack(settings: FieldSettings, domain: Domain) -> str:
    """Why a grid has no spherical harmonics, in words for the report; empty if it has."""
    if not settings.periodic_x or domain.lat is None or domain.lat.shape != settings.shape[2:3]:
        return "spherical harmonics need whole latitude circles"
    if sampling_of(domain) is None:
        return "spherical harmonics need a global regular or Gaussian grid"
    return ""


def sampling_of(domain: Domain) -> Sampling | None:
    """How the rows of a grid lie on the sphere, from its latitudes in either direction."""
    lat = domain.lat
    if lat is None or lat.ndim != 1 or lat.size < 3:
        return None
    north = float(np.abs(lat).max())
    if domain.grid == "gaussian":
        # The same name stands on some rows of such a grid; all of it begins at the first zero of
        # the Bessel function J0, 2.405, over n + 1/2 beside the pole (Jacob 1981).
        first = np.degrees(2.4048 / (lat.size + 0.5))
        whole = abs(lat[0] + lat[-1]) < _EVEN and abs(90.0 - north - first) < 0.05 * first
        return "GL" if whole else None
    for sampling, spacing, edge in (
        ("CC", 180.0 / (lat.size - 1), 90.0),
        ("F1", 180.0 / lat.size, 90.0 - 90.0 / lat.size),
    ):
        expected = np.linspace(-edge, edge, lat.size) * np.sign(lat[-1] - lat[0])
        if np.abs(lat - expected).max() < _EVEN * spacing:
            return "CC" if sampling == "CC" else "F1"
    return None


def largest_degree(sampling: Sampling, rows: int, columns: int) -> int:
    """The degree up to which a grid determines all orders (ducc0's documentation)."""
    return min(rows - 2 if sampling == "CC" else rows - 1, (columns - 1) // 2)


def harmonic_sums(
    x: NDArray[np.floating], e: NDArray[np.floating], sampling: Sampling
) -> NDArray[np.float64]:
    """The sums of one field and its error by degree.

    Parameters
    ----------
    x, e : (y, x)
        A global field without missing values. Directions do not matter: neither a turn about the
        axis nor a mirror changes the energy of a degree.

    Returns
    -------
    (5, largest degree + 1)
        As `sums.SUMS` says, in the squared unit of the field. The energies add up to the area mean
        of the square of what the degrees hold.

    Raises
    ------
    MissingExtraError
        If ducc0 is not installed.
    """
    degree = largest_degree(sampling, *x.shape)
    a, b = (_coefficients(field, sampling, degree) for field in (x, e))
    # Order 0 comes first; every other one stands for itself and its negative.
    degrees = np.concatenate([np.arange(order, degree + 1) for order in range(degree + 1)])
    sided = np.where(np.arange(degrees.size) <= degree, 1.0, 2.0) / (4.0 * np.pi)
    product = sided * (a.real * b.real + a.imag * b.imag)
    energies = (sided * (c.real**2 + c.imag**2) for c in (a, b))
    sums = [np.bincount(degrees, term) for term in (*energies, product, product**2)]
    return np.stack([*sums, 2.0 * np.arange(degree + 1) + 1.0])


def load_ducc0() -> Any:  # Any: a compiled module without annotations
    """The module ducc0.

    Raises
    ------
    MissingExtraError
        If it is not installed. Whoever asks for harmonics calls this before the work begins.
    """
    try:
        return importlib.import_module("ducc0")
    except ImportError as error:
        raise MissingExtraError(
            f"spherical harmonics need the package ducc0, which cannot be imported ({error}): "
            "pip install 'climcomp[harmonics]', or leave basis: harmonics out of the recipe"
        ) from error


def _coefficients(
    field: NDArray[np.floating], sampling: Sampling, degree: int
) -> NDArray[np.complex128]:
    """(coefficient,) order by order; their squares add up to 4 pi of the mean square."""
    grid = np.ascontiguousarray(field, dtype=np.float64)[None]
    found: NDArray[np.complex128] = load_ducc0().sht.analysis_2d(
        map=grid, spin=0, lmax=degree, mmax=degree, geometry=sampling, nthreads=1
    )[0]
    return found
