"""What noise alone makes of quantiles over cells, and which cells show more than noise."""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_RANKS = 64
"""Standard errors that stand for those of all cells: enough for a quantile to a per cent."""

_NORMALS = 2048

FARTHEST = 37.0
"""Beyond so many standard deviations float64 knows no probability."""


def noise_quantile(errors: Floats, share: float) -> tuple[float, float]:
    """A quantile over cells of abs(d), where each d is nothing but noise about zero.

    Parameters
    ----------
    errors : (cells,)
        Standard error of d in each cell; one cell at least.
    share
        Such as 0.95.

    Returns
    -------
    The quantile, and its own standard error for so many independent cells: the root of the mean
    of p (1 - p) over their number and over the density there, p each cell's probability to stay
    below.
    """
    at = (np.arange(_RANKS) + 0.5) / _RANKS * errors.size
    some = np.sort(errors)[at.astype(np.int64)]
    sizes = np.outer(some, _half_normal())
    step = 0.2 * (1.0 - share)
    low, middle, high = np.quantile(sizes, [share - step, share, share + step])
    below = (sizes <= middle).mean(axis=1)
    varied = float((below * (1.0 - below)).mean())
    spread = math.sqrt(varied / errors.size) * (high - low) / (2.0 * step)
    return float(middle), float(spread)


@cache
def _half_normal() -> Floats:
    """Quantiles of abs(z), evenly spread over its distribution."""
    normal = NormalDist()
    shares = (np.arange(_NORMALS) + 0.5) / _NORMALS
    return np.array([normal.inv_cdf(0.5 + 0.5 * share) for share in shares])


def two_sided_probability(t: Floats, freedom: Floats) -> Floats:
    """Probability of an abs(t) so large under Student's distribution.

    Parameters
    ----------
    t, freedom : (cells,)
        Infinite t is allowed; at least 5 degrees of freedom, where the probability is right to a
        per cent down to 1e-6 and of the right order beyond.

    Notes
    -----
    t becomes a normal deviate by Hill 1970 (Algorithm 395, Communications of the ACM 13, 617).
    """
    a = freedom - 0.5
    b = 48.0 * a**2
    with np.errstate(over="ignore"):
        y2 = a * np.log1p(np.minimum(t**2, 1e300) / freedom)
    y = np.sqrt(y2)
    third = y * (y2 + 3.0) / b
    with np.errstate(over="ignore", invalid="ignore"):
        fifth = y * (4.0 * y2**3 + 33.0 * y2**2 + 240.0 * y2 + 855.0)
        fifth /= 10.0 * b * (b + 0.8 * y2**2 + 100.0)
    deviate = np.minimum(np.nan_to_num(y + third - fifth, nan=FARTHEST), FARTHEST)
    grid, logarithm = _tail_table()
    probability: Floats = np.exp(np.interp(deviate, grid, logarithm))
    return probability


@cache
def _tail_table() -> tuple[Floats, Floats]:
    """Logarithm of the two-sided normal tail on a grid so fine that lines between are right."""
    grid = np.linspace(0.0, FARTHEST, 3701)
    return grid, np.array([math.log(math.erfc(z / math.sqrt(2.0))) for z in grid])


def share_discovered(probabilities: Floats, rate: float) -> float:
    """Share of cells that are significant while at most `rate` of these are false (Benjamini and
    Hochberg 1995)."""
    ranked = np.sort(probabilities)
    kept = np.flatnonzero(ranked <= rate * np.arange(1, ranked.size + 1) / ranked.size)
    return float(kept[-1] + 1) / ranked.size if kept.size else 0.0
