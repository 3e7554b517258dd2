"""Metrics that scientists wrote in files of their own, measured and judged like the others."""

from climcomp_metrics.plugins.grid import Grid
from climcomp_metrics.plugins.model import OwnMetric, read_own_metric

__all__ = ["Grid", "OwnMetric", "read_own_metric"]
