"""Criteria on gradients, curvature and the borders of blocks."""

from __future__ import annotations

from climcomp_metrics.base import Criterion

CRITERIA: tuple[Criterion, ...] = (
    Criterion(
        "T2", "gradient error", "fronts and slopes changed",
        "CPB", "climcomp_metrics.structure:Gradient", "1", 0.05, 0.1, "Poppick 2020",
    ),
    Criterion(
        "T3", "change of the Laplacian variance", "fine detail was lost, or noise was added",
        "CPB", "climcomp_metrics.structure:LaplacianVariance", "1", 0.005, 0.02,
        "contrast variance, calibrated",
    ),
    Criterion(
        "T4", "blockiness", "the codec's blocks show",
        "CPB", "climcomp_metrics.structure:Blockiness", "1", 0.2, 0.3, "calibrated",
    ),
)  # fmt: skip
