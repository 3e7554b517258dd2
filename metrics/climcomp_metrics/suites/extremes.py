"""Criteria on extremes; not for B, which saturates."""

from __future__ import annotations

from climcomp_metrics.base import Criterion

CRITERIA: tuple[Criterion, ...] = (
    Criterion(
        "E1", "tail quantiles", "extreme values moved",
        "CP", "climcomp_metrics.extremes:TailQuantiles", "sigma", 0.02, 0.05, "calibrated",
    ),
    Criterion(
        "E2", "expected shortfall", "the mean of the most extreme values moved",
        "CP", "climcomp_metrics.extremes:ExpectedShortfall", "sigma", 0.005, 0.01, "calibrated",
    ),
    Criterion(
        "E3", "conditional tail bias", "extremes were clipped or pulled in",
        "CP", "climcomp_metrics.extremes:ConditionalTailBias", "sigma", 0.002, 0.005, "calibrated",
    ),
    Criterion(
        "E4", "exceedance CSI", "extremes happen at other places or times",
        "CP", "climcomp_metrics.extremes:ExceedanceCsi", "1", 0.99, 0.98, "forecast verification",
        least=True,
    ),
    Criterion(
        "E5", "cell-maximum bias", "record highs of the grid cells moved",
        "CP", "climcomp_metrics.extremes:CellMaximumBias", "sigma", 0.001, 0.002,
        "TXx practice, calibrated",
    ),
)  # fmt: skip
