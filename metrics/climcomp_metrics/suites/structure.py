"""Criteria on gradients, curvature and the borders of blocks."""

from __future__ import annotations

from climcomp_metrics.base import Criterion

CRITERIA: tuple[Criterion, ...] = (
    Criterion(
        "T1", "structural similarity (DSSIM)", "a map no longer has the texture of the original",
        # METRICS has FAIL at 0.99, and says never to gate on it: AROME wind, POP and MOM surface
        # temperature within METRICS' own default bounds come to 0.96 to 0.98.
        "C", "climcomp_metrics.similarity.dssim:Dssim", "1", 0.995, None, "NCAR", least=True,
    ),
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
