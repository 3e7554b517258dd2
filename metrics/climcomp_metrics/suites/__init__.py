"""The rows of METRICS, a file for each suite: who computes, the limits, and where they are from."""

from climcomp_metrics.suites import (
    conservation,
    distribution,
    extremes,
    physical,
    pointwise,
    spectral,
    structure,
    temporal,
    together,
)

CRITERIA = (
    *physical.CRITERIA,
    *pointwise.CRITERIA,
    *distribution.CRITERIA,
    *extremes.CRITERIA,
    *spectral.CRITERIA,
    *conservation.CRITERIA,
    *structure.CRITERIA,
    *temporal.CRITERIA,
    *together.CRITERIA,
)
"""In the order in which a report shows them."""
