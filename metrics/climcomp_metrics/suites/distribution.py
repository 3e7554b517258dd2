"""Criteria on the distribution of values."""

from __future__ import annotations

from climcomp_metrics.base import Criterion

CRITERIA: tuple[Criterion, ...] = (
    Criterion(
        "D1", "body quantiles", "the distribution moved",
        "CPB", "climcomp_metrics.distribution:BodyQuantiles", "sigma", 0.01, 0.02, "calibrated",
    ),
    Criterion(
        "D2", "KS distance", "values are spread otherwise than in the original",
        "CPB", "climcomp_metrics.distance:KolmogorovSmirnov", "1", 0.005, 0.01,
        "Baker 2017 recast",
    ),
    Criterion(
        "D3", "Wasserstein distance", "how far values moved, taken in order",
        "CPB", "climcomp_metrics.distance:Wasserstein", "sigma", None, None, "shown only",
    ),
    Criterion(
        "D4", "change of the SD", "the variability changed",
        "CPB", "climcomp_metrics.distribution:DeviationRatio", "1", 3e-4, 1e-3, "calibrated",
    ),
    Criterion(
        "D5", "wet-day frequency", "it rains on more or fewer days",
        "P", "climcomp_metrics.annual.wet_days:WetDayFrequency", "1", 0.002, 0.005,
        "ETCCDI, Poppick 2020",
    ),
    Criterion(
        "D6", "distinct values", "values were rounded to fewer different ones",
        "CPB", "climcomp_metrics.distinct:DistinctRatio", "1", None, None, "shows quantisation",
    ),
)  # fmt: skip
