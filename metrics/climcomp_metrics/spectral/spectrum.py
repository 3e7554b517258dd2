"""Spectra of one level, made of its sums: what metrics judge and figures draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.level import Level
from climcomp_metrics.spectral.bands import Bands, crossing, make_bands
from climcomp_metrics.spectral.cosine import slot_shares
from climcomp_metrics.spectral.spacing import EQUATOR_KM
from climcomp_metrics.spectral.statistic import TALLY, Spectra
from climcomp_metrics.spectral.sums import SUMS

Basis = Literal["zonal", "harmonics", "cosine"]

RESOLVED = 0.1
"""METRICS, S3: waves whose error has up to a tenth of their energy are resolved."""


@dataclass(frozen=True)
class Spectrum:
    """Mean energy by wavenumber of the measured fields of one level.

    Parameters
    ----------
    basis
        `zonal` (FFT along latitude circles, rows by area), `harmonics` (degrees of spherical
        harmonics) or `cosine` (largest rectangle without gaps, by wavelength).
    fields
        How many time steps it is the mean of.
    wavenumber : (waves,)
        Ascending, without 0: waves around the globe, or cycles in one grid length for `cosine`.
    wavelength_cells : (waves,)
        In grid lengths; 2 is the shortest that counts as resolved by the grid.
    cell_km
        A grid length in km: of a row at the equator, of half the shortest resolved harmonic, or of
        a cell in the middle of the rectangle; None where the grid has no coordinates.
    x, y, e, cross : (waves,)
        Energy of the original, of the reconstruction and of the error, and cross-spectrum of
        original and error, in the squared unit of the field. They add up to mean squares about the
        mean (of each row for `zonal`).
    chance : (waves,)
        Variance that the cross-spectrum has by chance.
    modes : (waves,)
        How many independent real coefficients all fields together have.
    variance
        Of the original about its mean, which for `zonal` is more than its waves: the means of the
        rows differ.
    """

    basis: Basis
    fields: int
    wavenumber: NDArray[np.float64]
    wavelength_cells: NDArray[np.float64]
    cell_km: float | None
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    e: NDArray[np.float64]
    cross: NDArray[np.float64]
    chance: NDArray[np.float64]
    modes: NDArray[np.float64]
    variance: float

    @property
    def wavelength_km(self) -> NDArray[np.float64] | None:
        """(waves,) in km; None where the grid has no coordinates."""
        return None if self.cell_km is None else self.wavelength_cells * self.cell_km

    def bands(self, rounding: float = 0.0) -> Bands:
        """The spectrum in about three bands an octave; rounding: see `make_bands`."""
        return make_bands(
            2.0 / self.wavelength_cells, self.x, self.e, self.cross, self.chance, self.modes,
            self.variance, rounding,
        )  # fmt: skip

    def effective_resolution(self, rounding: float = 0.0) -> float | None:
        """Shortest wavelength in grid lengths down to which waves are resolved (S3).

        At least 2; the longest wavelength where not even that is resolved, and None where no band
        is judged.
        """
        bands = self.bands(rounding)
        if not bands.judged.any():
            return None
        return 2.0 / crossing(bands, RESOLVED)


def spectrum_of(level: Level) -> Spectrum | None:
    """The spectrum of the basis that most fields of a level were measured in.

    None where the level has none. A record of which some steps have gaps has two.
    """
    return max(spectra_of(level), key=lambda spectrum: spectrum.fields, default=None)


def spectra_of(level: Level) -> list[Spectrum]:
    """The spectra of a level, one for each basis that a field of it was measured in."""
    sums = level.sums_of(Spectra.name)
    if "tally" not in sums:
        return []
    tally = dict(zip(TALLY, np.asarray(sums["tally"], dtype=np.float64).tolist(), strict=True))
    bases: tuple[Basis, ...] = ("zonal", "harmonics", "cosine")
    return [
        _spectrum(level, basis, np.asarray(sums[basis], dtype=np.float64), tally)
        for basis in bases
        if basis in sums
    ]


def _spectrum(
    level: Level, basis: Basis, sums: NDArray[np.float64], tally: dict[str, float]
) -> Spectrum:
    fields = round(tally[basis])
    cell_km: float | None
    if basis == "cosine":
        share = slot_shares()
        wavenumber = 0.5 * share
        cell_km = tally["spacing_km"] / tally["spaced"] if tally["spaced"] else None
    else:
        wavenumber = np.arange(sums.shape[1], dtype=np.float64)
        # Half a wave of the largest number is a grid length, also for an odd number of columns.
        largest = 0.5 * level.settings.shape[3] if basis == "zonal" else wavenumber[-1]
        share = wavenumber / largest
        cell_km = EQUATOR_KM / (2.0 * largest)
    means = dict(zip(SUMS, sums[:, 1:], strict=True))
    x, e, cross = (means[name] / fields for name in ("x", "e", "xe"))
    return Spectrum(
        basis=basis,
        fields=fields,
        wavenumber=wavenumber[1:],
        wavelength_cells=2.0 / share[1:],
        cell_km=cell_km,
        x=x,
        y=x + 2.0 * cross + e,
        e=e,
        cross=cross,
        chance=means["chance"] / fields**2,
        modes=means["modes"],
        variance=float(x.sum()) + (float(sums[0, 0]) / fields if basis == "zonal" else 0.0),
    )
