"""Medians over cells of the size of a change, and how much of them is chance."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.base import Value
from climcomp_metrics.level import Level
from climcomp_metrics.temporal.cells import Cells
from climcomp_metrics.temporal.chance import noise_quantile

Floats = NDArray[np.float64]

_SPREAD = math.sqrt(math.pi / 2.0)
"""Standard error of a median of normal values, over that of their mean."""


def median_value(
    level: Level, metric: str, unit: str, cells: Cells, changes: Floats, noise: Floats
) -> Value:
    """The median of abs(change); its 95th percentile and the signed median as detail.

    Parameters
    ----------
    changes, noise : (cells,)
        Of each cell, and the standard error that noise in e gives it.
    """
    median, error = median_size(changes, noise)
    detail = {
        "p95": float(np.quantile(np.abs(changes), 0.95)),
        "signed median": float(np.median(changes)),
        "cells": float(cells.size),
    }
    return level.of(metric, median, unit, detail=detail, error=error, sampled=cells.sampled)


def median_size(changes: Floats, noise: Floats) -> tuple[float, float]:
    """The median of abs(change) over cells, and the standard error by chance.

    Noise adds up in a median of sizes, however many cells there are: in 30 steps the variance of
    every cell changes by chance. Certain is what lies beyond the median that noise alone gives, or
    the median of the signed changes, where noise averages out: two errors lead from the median down
    to the larger of these.
    """
    median = float(np.median(np.abs(changes)))
    expected, spread = noise_quantile(noise, 0.5)
    beyond = median - expected - 2.0 * spread
    signed_error = _SPREAD * float(np.median(noise)) / math.sqrt(changes.size)
    signed = abs(float(np.median(changes))) - 2.0 * signed_error
    return median, 0.5 * max(median - max(beyond, signed, 0.0), 0.0)
