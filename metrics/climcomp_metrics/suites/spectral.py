"""Criteria on the energy of waves, by wavelength."""

from __future__ import annotations

from climcomp_metrics.base import Criterion

CRITERIA: tuple[Criterion, ...] = (
    Criterion(
        "S1", "energy ratio", "waves longer than 4 grid lengths became stronger or weaker",
        "CPB", "climcomp_metrics.spectral.metrics:EnergyRatio", "1", 0.002, 0.005, "calibrated",
    ),
    Criterion(
        "S1-fine", "energy ratio of fine waves", "the shortest waves were smoothed, or noise added",
        "CPB", "climcomp_metrics.spectral.metrics:FineEnergyRatio", "1", 0.01, 0.02, "calibrated",
    ),
    Criterion(
        "S2", "noise to signal", "waves longer than 4 grid lengths drown in error",
        "CPB", "climcomp_metrics.spectral.metrics:NoiseToSignal", "1", 0.001, 0.005,
        "argued: 23 dB",
    ),
    Criterion(
        "S2-fine", "noise to signal of fine waves", "the shortest waves drown in error",
        "CPB", "climcomp_metrics.spectral.metrics:FineNoiseToSignal", "1", 0.01, 0.05,
        "argued: 13 dB",
    ),
    Criterion(
        "S3", "effective resolution", "waves that the grid resolves are no longer there",
        "CPB", "climcomp_metrics.spectral.metrics:EffectiveResolution", "grid lengths", 2.5, 4.0,
        "idea of Skamarock 2004",
    ),
)  # fmt: skip
