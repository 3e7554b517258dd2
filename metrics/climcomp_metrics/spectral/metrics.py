"""Metrics of waves: METRICS, "Spectral"."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.base import Value
from climcomp_metrics.conditions import first_reason, rounding
from climcomp_metrics.level import Level
from climcomp_metrics.spectral.bands import LEAST_SHARE, Bands
from climcomp_metrics.spectral.spectrum import Spectrum, spectra_of
from climcomp_metrics.spectral.statistic import FEWEST_CELLS, TALLY, Spectra, sampled

GRID_LENGTHS = "grid lengths"

Ratio = Callable[[Bands], tuple[NDArray[np.float64], NDArray[np.float64]]]
"""A signed number of each band, and its standard error by chance."""


class EnergyRatio:
    """abs(Ey/Ex - 1), the worst band of core waves, longer than four grid lengths (S1).

    E is the energy of a band, summed over the sampled time steps. Source: calibrated for METRICS.
    """

    id: ClassVar[str] = "S1"

    def value(self, level: Level) -> Value:
        """The worst core band of this level."""
        return _worst_band(level, self.id, _energy_change, fine=False)


class FineEnergyRatio:
    """abs(Ey/Ex - 1), the worst band of fine waves, of two to four grid lengths (S1-fine)."""

    id: ClassVar[str] = "S1-fine"

    def value(self, level: Level) -> Value:
        """The worst fine band of this level."""
        return _worst_band(level, self.id, _energy_change, fine=True)


class NoiseToSignal:
    """Ee/Ex, the worst band of core waves, longer than four grid lengths (S2).

    Ee is the energy of the error in a band, summed over the sampled time steps.
    """

    id: ClassVar[str] = "S2"

    def value(self, level: Level) -> Value:
        """The worst core band of this level."""
        return _worst_band(level, self.id, _noise_to_signal, fine=False)


class FineNoiseToSignal:
    """Ee/Ex, the worst band of fine waves, of two to four grid lengths (S2-fine)."""

    id: ClassVar[str] = "S2-fine"

    def value(self, level: Level) -> Value:
        """The worst fine band of this level."""
        return _worst_band(level, self.id, _noise_to_signal, fine=True)


class EffectiveResolution:
    """Shortest wavelength, in grid lengths, down to which Ee/Ex <= 0.1 (S3).

    All longer waves are resolved as well, of those that the original has: 2 means that no wave was
    lost, which is the best there is. After the idea of Skamarock 2004.
    """

    id: ClassVar[str] = "S3"

    def value(self, level: Level) -> Value:
        """The resolution of this level, the coarsest of its bases."""
        if known := _known_before(level, self.id, GRID_LENGTHS, perfect=2.0):
            return known
        found = [
            (cells, spectrum)
            for spectrum in spectra_of(level)
            if (cells := spectrum.effective_resolution(rounding(level))) is not None
        ]
        if not found:
            return level.without(self.id, GRID_LENGTHS, f"no band {_ENOUGH}")
        cells, spectrum = max(found, key=lambda pair: pair[0])
        return level.of(
            self.id,
            cells,
            GRID_LENGTHS,
            detail=_detail(spectrum, cells),
            sampled=sampled(level.settings, level.domain),
        )


_ENOUGH = f"holds {LEAST_SHARE:g} of the variance and more than the rounding of the values"


def _energy_change(bands: Bands) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return (2.0 * bands.cross + bands.e) / bands.x, 2.0 * bands.chance / bands.x


def _noise_to_signal(bands: Bands) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    ratio = bands.e / bands.x
    # The mean of n squares of normal numbers scatters by sqrt(2/n) of itself.
    return ratio, ratio * np.sqrt(2.0 / bands.modes)


def _worst_band(level: Level, metric: str, ratio: Ratio, *, fine: bool) -> Value:
    """The band whose size is the largest for certain, over all bases of the level."""
    if known := _known_before(level, metric, "1"):
        return known
    found = []
    for spectrum in spectra_of(level):
        bands = spectrum.bands(rounding(level))
        with np.errstate(divide="ignore", invalid="ignore"):  # of bands that are not judged
            signed, error = ratio(bands)
        certain = np.abs(signed) - 2.0 * error
        for band in np.flatnonzero(bands.judged & (bands.fine == fine)).tolist():
            found.append((certain[band], signed[band], error[band], spectrum, bands, band))
    if not found:
        return level.without(metric, "1", f"no {'fine' if fine else 'core'} band {_ENOUGH}")
    _, signed_one, error_one, spectrum, bands, band = max(found, key=lambda each: each[0])
    return level.of(
        metric,
        abs(float(signed_one)),
        "1",
        place=_waves(spectrum, bands, band),
        detail={
            "signed": float(signed_one),
            **_detail(spectrum, 2.0 / float(bands.centre[band])),
        },
        error=float(error_one),
        sampled=sampled(level.settings, level.domain),
    )


def _known_before(level: Level, metric: str, unit: str, perfect: float = 0.0) -> Value | None:
    """The value that needs no spectrum: a reason why there is none, or that nothing changed."""
    if reason := Spectra().lacks(level.settings, level.domain) or first_reason(level):
        return level.without(metric, unit, reason)
    if level.is_exact:
        return level.of(metric, perfect, unit)
    if not spectra_of(level):
        return level.without(metric, unit, _why_none(level))
    return None


def _why_none(level: Level) -> str:
    tally = level.sums_of(Spectra.name).get("tally")
    if tally is not None and tally[TALLY.index("cut")] > 0:
        return "shards do not hold whole fields"
    if tally is not None and tally[TALLY.index("gaps")] > 0:
        return (
            f"no rectangle of {FEWEST_CELLS} x {FEWEST_CELLS} cells is without missing values in "
            "the sampled time steps"
        )
    return "no time step was sampled"


def _detail(spectrum: Spectrum, cells: float) -> dict[str, float]:
    detail = {"wavelength in grid lengths": cells, "time steps": float(spectrum.fields)}
    if spectrum.cell_km is not None:
        detail["wavelength in km"] = cells * spectrum.cell_km
    return detail


def _waves(spectrum: Spectrum, bands: Bands, band: int) -> str:
    """A band in words."""
    short, long = 2.0 / float(bands.high[band]), 2.0 / float(bands.low[band])
    words = f"waves of {_short(short)} to {_short(long)} grid lengths"
    if spectrum.cell_km is not None:
        words += f" ({_short(short * spectrum.cell_km)} to {_short(long * spectrum.cell_km)} km)"
    return words


def _short(number: float) -> str:
    """Three digits, and no powers of ten."""
    return f"{number:.3g}" if number < 1000 else f"{number:.0f}"
