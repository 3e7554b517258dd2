"""Criteria on the distribution of values."""

from __future__ import annotations

from climcomp_metrics.base import Criterion

CRITERIA: tuple[Criterion, ...] = (
    Criterion(
        "D1", "body quantiles", "the distribution moved",
        "CPB", "climcomp_metrics.distribution:BodyQuantiles", "sigma", 0.01, 0.02, "calibrated",
    ),
    Criterion(
        "D4", "change of the SD", "the variability changed",
        "CPB", "climcomp_metrics.distribution:DeviationRatio", "1", 3e-4, 1e-3, "calibrated",
    ),
)  # fmt: skip
