"""Piecewise cubic interpolation that keeps monotone data monotone, and its exact integral."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def slopes(x: Floats, y: Floats) -> Floats:
    """The slope of the interpolant at each of its points.

    Parameters
    ----------
    x, y : (points,)
        Three or more, x strictly increasing, all finite.

    Notes
    -----
    Inside: zero where neighbouring secants differ in sign or one of them is zero, else their
    weighted harmonic mean with weights 2 h_k + h_(k-1) and h_k + 2 h_(k-1) (Fritsch and Butland
    1984, SIAM J. Sci. Stat. Comput. 5, with the weights of Brodlie). Ends: the three-point
    formula, made zero where its sign is not that of the end's secant, and at most three times that
    secant where the two secants differ in sign (Moler 2004, Numerical Computing with MATLAB, 3.6).
    """
    h = np.diff(x)
    secants = np.diff(y) / h
    before, after = secants[:-1], secants[1:]
    first, second = 2.0 * h[1:] + h[:-1], h[1:] + 2.0 * h[:-1]
    same = before * after > 0
    inner = np.zeros_like(before)
    inner[same] = (first + second)[same] / (first[same] / before[same] + second[same] / after[same])
    low = _end(h[0], h[1], secants[0], secants[1])
    high = _end(h[-1], h[-2], secants[-1], secants[-2])
    return np.concatenate([[low], inner, [high]])


def _end(near: float, next_: float, secant: float, other: float) -> float:
    slope = ((2.0 * near + next_) * secant - near * other) / (near + next_)
    if np.sign(slope) != np.sign(secant):
        return 0.0
    if np.sign(secant) != np.sign(other) and abs(slope) > 3.0 * abs(secant):
        return 3.0 * float(secant)
    return float(slope)


def integral(x: Floats, y: Floats, low: float, high: float) -> float:
    """The integral of the interpolant from `low` to `high`, both within the points.

    Parameters
    ----------
    x, y : (points,)
        Three or more, x strictly increasing, all finite.

    Notes
    -----
    On a piece of length h with t from 0 to 1 the cubic of Hermite's form integrates to
    h (y0 t + m0 h (t^2/2 - 2 t^3/3 + t^4/4) + (y1 - y0)(t^3 - t^4/2) + m1 h (t^4/4 - t^3/3)).
    """
    m = slopes(x, y)
    h = np.diff(x)
    start = np.clip((low - x[:-1]) / h, 0.0, 1.0)
    stop = np.clip((high - x[:-1]) / h, 0.0, 1.0)

    def primitive(t: Floats) -> Floats:
        found: Floats = h * (
            y[:-1] * t
            + m[:-1] * h * (t**2 / 2 - 2 * t**3 / 3 + t**4 / 4)
            + (y[1:] - y[:-1]) * (t**3 - t**4 / 2)
            + m[1:] * h * (t**4 / 4 - t**3 / 3)
        )
        return found

    return float((primitive(stop) - primitive(start)).sum())
