"""The generalised extreme value distribution by L-moments, for many samples at once.

Sources: Hosking, Wallis and Wood 1985, Technometrics 27, 251 (the estimator); Hosking 1990, J. R.
Stat. Soc. B 52, 105 (L-moments). F(v) = exp(-(1 - shape (v - location)/scale)**(1/shape)): a
positive shape has an upper end, as in `scipy.stats.genextreme`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_GUMBEL = 1e-6
"""Shapes nearer to 0 than this are taken as this: the level moves by less than 1e-5 scales."""

_gamma = np.frompyfunc(math.gamma, 1, 1)


def l_moments(samples: Floats) -> tuple[Floats, Floats, Floats]:
    """The first two L-moments and the L-skewness of each row, without bias.

    Parameters
    ----------
    samples : (rows, n)
        Each row ascending, n at least 3, without missing values.

    Returns
    -------
    l1, l2, t3 : (rows,)
        t3 is 0 where a row is constant.
    """
    n = samples.shape[1]
    rank = np.arange(n)
    middle = samples.mean(axis=1, keepdims=True)
    about = samples - middle  # so that large means lose no digits
    b1 = about @ (rank / (n - 1)) / n
    b2 = about @ (rank * (rank - 1) / ((n - 1) * (n - 2))) / n
    l2, l3 = 2.0 * b1, 6.0 * b2 - 6.0 * b1
    return middle[:, 0], l2, np.where(l2 > 0, l3 / np.where(l2 > 0, l2, 1.0), 0.0)


def fit_gev(l1: Floats, l2: Floats, t3: Floats) -> tuple[Floats, Floats, Floats]:
    """Location, scale and shape of the distribution with these L-moments.

    Notes
    -----
    Shape = 7.8590 c + 2.9554 c**2 with c = 2/(3 + t3) - ln 2/ln 3, an approximation of Hosking et
    al. 1985: right within 9e-4 for shapes from -0.47 to 0.5, and 0.02 too small at 1 (measured, a
    test holds it); the others follow from it exactly. x and y have the same one.
    """
    c = 2.0 / (3.0 + t3) - math.log(2.0) / math.log(3.0)
    shape = 7.8590 * c + 2.9554 * c**2
    shape = np.where(np.abs(shape) < _GUMBEL, _GUMBEL, shape)
    gamma = np.asarray(_gamma(1.0 + shape), np.float64)
    scale = l2 * shape / (-np.expm1(-shape * math.log(2.0)) * gamma)
    return l1 - scale * (1.0 - gamma) / shape, scale, shape


def return_level(location: Floats, scale: Floats, shape: Floats, years: float) -> Floats:
    """What is exceeded in one year of so many: the quantile 1 - 1/years."""
    reduced = -math.log1p(-1.0 / years)
    level: Floats = location - scale * np.expm1(shape * math.log(reduced)) / shape
    return level
