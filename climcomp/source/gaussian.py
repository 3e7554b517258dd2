"""The latitudes of Gaussian grids."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Files round their latitudes; grids that are only nearly Gaussian (regular ones) are further off
# than this share of a row's spacing.
_TOLERANCE = 0.01


def gaussian_latitudes(rows: int) -> NDArray[np.float64]:
    """Latitudes of a global Gaussian grid in degrees, from south to north.

    They are the arc sines of the roots of the Legendre polynomial of degree `rows`, found by
    Newton's method from the start of Abramowitz and Stegun (1964), 22.16.6.
    """
    index = np.arange(1, rows + 1, dtype=np.float64)
    roots = np.cos(np.pi * (index - 0.25) / (rows + 0.5))
    for _ in range(8):
        value, slope = _legendre(rows, roots)
        step = value / slope
        roots -= step
        if float(np.abs(step).max()) < 1e-15:
            break
    return np.degrees(np.arcsin(roots))[::-1].copy()


def _legendre(degree: int, x: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """The polynomial and its derivative, by the three-term recurrence."""
    before, value = np.ones_like(x), x.copy()
    for n in range(2, degree + 1):
        before, value = value, ((2 * n - 1) * x * value - (n - 1) * before) / n
    if degree == 1:
        return value, np.ones_like(x)
    return value, degree * (x * value - before) / (x * x - 1)


def is_gaussian(lat: NDArray[np.float64]) -> bool:
    """The latitudes, in either direction, are those of a whole Gaussian grid."""
    rows = lat.size
    if rows < 4 or rows > 4000 or not np.isfinite(lat).all() or float(np.abs(lat).max()) >= 90:
        return False
    ours = lat if lat[0] < lat[-1] else lat[::-1]
    spacing = 180.0 / rows
    steps = np.diff(ours)
    if float(np.ptp(steps)) < 1e-5 * spacing:
        return False
    return bool(np.abs(ours - gaussian_latitudes(rows)).max() < _TOLERANCE * spacing)
