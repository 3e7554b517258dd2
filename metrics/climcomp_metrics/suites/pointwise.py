"""Criteria on errors value by value."""

from __future__ import annotations

from climcomp_metrics.base import Criterion

CRITERIA: tuple[Criterion, ...] = (
    Criterion(
        "P1", "largest error", "a value is further off than was promised",
        "CPB", "", "of the bound", None, 1.0, "the bound", "shard",
    ),
    Criterion(
        "P2", "bias", "the whole field became warmer or colder",
        "CPB", "climcomp_metrics.pointwise:Bias", "sigma", 3e-4, 1e-3, "calibrated",
    ),
    Criterion(
        "P3", "anomaly correlation short of 1", "departures from the time mean no longer agree",
        "CPB", "climcomp_metrics.pointwise:AnomalyCorrelation", "1", 2e-5, 1e-4,
        "ACC practice, calibrated",
    ),
    Criterion(
        "P4", "Pearson correlation short of 1", "a map no longer looks like the original",
        "CPB", "climcomp_metrics.pointwise:PooledPearson", "1", 1e-5, None,
        "Wegener 2013, Baker 2014",
    ),
    Criterion(
        "P5", "normalised errors", "size of the errors against the range",
        "CPB", "climcomp_metrics.pointwise:NormalisedErrors", "of the range", None, None,
        "Baker 2014, Z-checker",
    ),
    Criterion(
        "P6", "spatial relative error", "how many values are off by more than 0.01 % of themselves",
        "CPB", "climcomp_metrics.relative_error:SpatialRelativeError", "%", 5.0, None,
        "Baker 2017",
    ),
    Criterion(
        "P7", "slice outlier", "one time step is far worse than the others",
        "CPB", "climcomp_metrics.pointwise:SliceOutlier", "1", 5.0, 10.0, "argued",
    ),
    Criterion(
        "P8", "error-Laplacian correlation", "the field was smoothed",
        "CPB", "climcomp_metrics.pointwise:ErrorLaplacianCorrelation", "1", 0.02, 0.05,
        "calibrated",
    ),
    Criterion(
        "P9", "error-field correlation", "the field was damped, or its bits shaved",
        "CPB", "climcomp_metrics.pointwise:ErrorFieldCorrelation", "1", 0.05, 0.1, "calibrated",
    ),
    Criterion(
        "P10", "error whiteness", "an error tells of the errors beside it",
        "CPB", "climcomp_metrics.temporal.whiteness:ErrorWhiteness", "1", 0.2, None, "Z-checker",
    ),
    Criterion(
        "P11", "RMSZ change", "a member no longer belongs to its ensemble",
        "CPB", "climcomp_metrics.ensemble:RmszChange", "1", 0.05, 0.1, "Baker 2014",
    ),
)  # fmt: skip
