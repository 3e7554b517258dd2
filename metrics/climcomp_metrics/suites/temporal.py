"""Criteria on single cells along time."""

from __future__ import annotations

from climcomp_metrics.base import Criterion

CRITERIA: tuple[Criterion, ...] = (
    Criterion(
        "M1", "variance ratio", "the weather of a place varies more or less than it did",
        "CPB", "climcomp_metrics.temporal.variability:VarianceRatio", "1", 0.002, 0.005,
        "Poppick 2020, calibrated",
    ),
    Criterion(
        "M2", "lag-1 correlation", "what a day owes to the day before changed",
        "CPB", "climcomp_metrics.temporal.variability:Persistence", "1", 0.002, 0.005,
        "Poppick 2020, calibrated",
    ),
    Criterion(
        "M3", "annual cycle", "the annual cycle became stronger or weaker",
        "CPB", "climcomp_metrics.temporal.cycle:CycleAmplitude", "sigma", 0.001, 0.005,
        "Poppick 2020",
    ),
    Criterion(
        "M3-phase", "phase of the annual cycle", "the seasons come earlier or later",
        "CPB", "climcomp_metrics.temporal.cycle:CyclePhase", "days", 0.05, 0.25, "Poppick 2020",
    ),
    Criterion(
        "M4", "trend", "the trends of places changed",
        "CPB", "climcomp_metrics.temporal.trend:Trend", "standard errors", 0.03, 0.1, "argued",
    ),
    Criterion(
        "M5", "drift", "the error grows along the record",
        "CPB", "climcomp_metrics.temporal.trend:Drift", "sigma", 3e-4, 1e-3, "argued",
    ),
    Criterion(
        "M6", "local noise share", "noise hides the weather of the calmest places",
        "CPB", "climcomp_metrics.temporal.variability:LocalNoise", "sigma of the cell", 0.03, 0.1,
        "Poppick 2020",
    ),
    Criterion(
        "M7", "cell bias", "a place became warmer or colder for the whole record",
        "CPB", "climcomp_metrics.temporal.bias:CellBias", "sigma", 0.01, 0.05, "ldcpy's z-score",
    ),
)  # fmt: skip
