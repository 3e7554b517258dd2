"""Energy by wavelength of a limited area: the 2-D discrete cosine transform of Denis et al. 2002.

A cosine transform sees the field mirrored at its edges, so that a trend across the area is no jump
as it is for a Fourier transform.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.spectral.sums import SUMS

SLOTS_PER_OCTAVE = 12
OCTAVES = 15
"""Down to a share of 2**-15 of the largest wavenumber: areas of up to 32,768 cells a side."""

_RESOLVED = SLOTS_PER_OCTAVE * OCTAVES
_CORNERS = SLOTS_PER_OCTAVE // 2  # up to sqrt(2), where both directions are at their shortest
SLOTS = 1 + _RESOLVED + _CORNERS

LINES_AT_A_TIME = 32
"""Rows or columns of a 0.25-degree grid, of which so many stay in the second cache."""


def slot_shares() -> NDArray[np.float64]:
    """(SLOTS,) the middle of each slot as a share of the wavenumber of two grid lengths.

    From 0, the mean; those above 1 are the corners, waves shorter than two grid lengths that run
    along diagonals.
    """
    ascending = np.arange(_RESOLVED + _CORNERS) - _RESOLVED + 0.5
    return np.concatenate([[0.0], 2.0 ** (ascending / SLOTS_PER_OCTAVE)])


def cosine_sums(x: NDArray[np.floating], e: NDArray[np.floating]) -> NDArray[np.float64]:
    """The sums of one rectangle and its error by wavelength in grid lengths.

    Parameters
    ----------
    x, e : (y, x)
        No missing values.

    Returns
    -------
    (5, SLOTS)
        As `SUMS` says, in the squared unit of the field. Slots are the same whatever the size of
        the rectangle, so that rectangles add up. The energies add up to the mean square.

    Notes
    -----
    The coefficient (m, n) of a rectangle of M x N cells has the wavelength 2 / alpha grid lengths,
    alpha = sqrt((m/M)**2 + (n/N)**2), and the variance F**2 / (M N), F the coefficient of the
    orthonormal transform (Denis, Cote and Laprise 2002, Monthly Weather Review 130, 1812-1829).
    """
    slots, modes = _slots_of(*x.shape)
    rows_of_x, rows_of_e = _along_x(x), _along_x(e)
    sums = np.zeros((len(SUMS), SLOTS))
    for start in range(0, x.shape[1], LINES_AT_A_TIME):
        lines = slice(start, start + LINES_AT_A_TIME)
        here = slots[lines].ravel().astype(np.intp)  # once, not in each sum
        field, error = (_cosine(rows[:, lines].T).ravel() for rows in (rows_of_x, rows_of_e))
        product = field * error
        for row, term in enumerate((field * field, error * error, product, product * product)):
            sums[row] += np.bincount(here, term, SLOTS)
    sums[:3] /= x.size
    sums[3] /= float(x.size) ** 2
    sums[4] = modes
    return sums


def cosine_transform(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """The orthonormal 2-D DCT-II of an array (y, x), in float64."""
    return _cosine(_along_x(values).T).T


def _along_x(values: NDArray[np.floating]) -> NDArray[np.float64]:
    result = np.empty(values.shape)
    for start in range(0, len(values), LINES_AT_A_TIME):
        lines = slice(start, start + LINES_AT_A_TIME)
        result[lines] = _cosine(values[lines])
    return result


def _cosine(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """The orthonormal DCT-II of each row, from a real FFT of as many points (Makhoul 1980)."""
    count = values.shape[1]
    folded = np.empty(values.shape)
    folded[:, : (count + 1) // 2] = values[:, ::2]
    folded[:, (count + 1) // 2 :] = values[:, 1::2][:, ::-1]
    half = np.arange(count // 2 + 1)
    turned = np.fft.rfft(folded, axis=1)
    turned *= np.exp(-0.5j * np.pi * half / count) * np.sqrt(2.0 / count)
    # The folded array is not needed any more and has the size of the result.
    result = folded
    result[:, : half.size] = turned.real
    result[:, half.size :] = -turned.imag[:, 1 : (count + 1) // 2][:, ::-1]
    result[:, 0] *= np.sqrt(0.5)
    return result


@lru_cache(maxsize=2)
def _slots_of(rows: int, columns: int) -> tuple[NDArray[np.int16], NDArray[np.int64]]:
    """(x, y) the slot of each coefficient, and (SLOTS,) how many each slot has."""
    down = (np.arange(rows) / rows)[None, :] ** 2
    across = (np.arange(columns) / columns)[:, None] ** 2
    with np.errstate(divide="ignore"):  # the mean, which has no wavelength
        octaves = -0.5 * np.log2(down + across)
    octaves[0, 0] = 0.0
    wanted = _RESOLVED - np.floor(SLOTS_PER_OCTAVE * octaves)
    slots: NDArray[np.int16] = np.clip(wanted, 1, SLOTS - 1).astype(np.int16)
    slots[0, 0] = 0
    slots.flags.writeable = False
    return slots, np.bincount(slots.ravel(), minlength=SLOTS)
