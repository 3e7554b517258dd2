"""Criteria on means and totals that must not drift."""

from __future__ import annotations

from climcomp_metrics.base import Criterion

CRITERIA: tuple[Criterion, ...] = (
    Criterion(
        "C1", "global mean series", "the area mean of a time step moved",
        "CPB", "climcomp_metrics.conservation:GlobalMeanSeries", "SD of the series",
        0.005, 0.01, "argued",
    ),
    Criterion(
        "C2", "tile means", "regional means moved",
        "CPB", "climcomp_metrics.conservation:TileMeans", "SD of tile means",
        0.001, 0.003, "calibrated",
    ),
    Criterion(
        "C3", "change of the total", "rain, cloud water or ice was made or lost",
        "P", "climcomp_metrics.conservation:Total", "1", 2e-4, 1e-3,
        "mass of rain, cloud water, ice",
    ),
)  # fmt: skip
