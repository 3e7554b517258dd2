"""Area means over a sample, with the error that chance leaves in them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

FEWEST_SAMPLES = 10
"""Below that neither a mean nor its error says anything (our own)."""


def needs_samples(found: int, what: str) -> str:
    """Why there are too few of them; empty if there are enough."""
    return (
        f"{FEWEST_SAMPLES} {what} are needed, there are {found}" if found < FEWEST_SAMPLES else ""
    )


def area_mean(values: NDArray[np.floating], weights: NDArray[np.floating]) -> tuple[float, float]:
    """The weighted mean and its standard error, as if each value were drawn by itself.

    Parameters
    ----------
    values, weights : any shape, the same
        Weight 0: no value is there, and what stands in its place must be finite.
    """
    total = float(weights.sum())
    mean = float((weights * values).sum()) / total
    square = float(((weights * (values - mean)) ** 2).sum())
    return mean, math.sqrt(square) / total
