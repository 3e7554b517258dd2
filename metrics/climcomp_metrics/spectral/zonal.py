"""Energy by zonal wavenumber: the real FFT along latitude circles, weighted by their area."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.spectral.sums import SUMS

ROWS_AT_A_TIME = 32
"""Spectra of so many rows of a 0.25-degree grid stay in the second cache."""


def zonal_sums(
    x: NDArray[np.floating], e: NDArray[np.floating], row_area: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The sums of one field and its error by zonal wavenumber.

    Parameters
    ----------
    x, e : (y, x)
        No missing values; the last column is followed by the first.
    row_area : (y,)
        Area of each row in any unit, not negative, some of it positive.

    Returns
    -------
    (5, x // 2 + 1)
        As `SUMS` says, from wavenumber 0, in the squared unit of the field, of x about its area
        mean. One-sided, so that the energies add up to the area mean of the square (Parseval);
        that of wavenumber 0 is the variance of the means of the rows.
    """
    columns = x.shape[1]
    weight = row_area / row_area.sum()
    mean = float(weight @ x.mean(axis=1, dtype=np.float64))
    sided = _one_sided(columns)
    sums = np.zeros((len(SUMS), sided.size))
    for start in range(0, len(x), ROWS_AT_A_TIME):
        rows = slice(start, start + ROWS_AT_A_TIME)
        a = np.fft.rfft(x[rows].astype(np.float64) - mean, axis=1)
        b = np.fft.rfft(e[rows].astype(np.float64, copy=False), axis=1)
        product = a.real * b.real + a.imag * b.imag
        sums[0] += weight[rows] @ (a.real**2 + a.imag**2)
        sums[1] += weight[rows] @ (b.real**2 + b.imag**2)
        sums[2] += weight[rows] @ product
        sums[3] += weight[rows] ** 2 @ product**2
    sums[:3] *= sided / columns**2
    sums[3] *= (sided / columns**2) ** 2
    # Rows of unequal weight count as fewer rows of equal weight (Kish's effective sample size).
    sums[4] = sided / float((weight**2).sum())
    return sums


def _one_sided(columns: int) -> NDArray[np.float64]:
    """2 for every wavenumber that stands for itself and its negative, else 1."""
    sided = np.full(columns // 2 + 1, 2.0)
    sided[0] = 1.0
    if columns % 2 == 0:
        sided[-1] = 1.0
    return sided
