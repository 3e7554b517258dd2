"""Real information that can be trusted, and mantissa bits whose rounding errors stay small."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from climcomp.information import keepbits_for_information
from climcomp.rounding import mantissa_bits

# Our own numbers. Values that are repeated this often are fills, tops or constants, whose pairs
# resemble each other in every bit; 65536 values show which.
REPEATED_SHARE = 0.01
REPEATED_SAMPLE = 1 << 16
# Bits of information in all positions, below which nothing tells one from another; as
# `keepbits_for_information` has it.
LEAST_INFORMATION = 0.01
ERROR_SAMPLE = 1 << 20  # values from which rounding errors are estimated, to 0.1 %


def without_repeated(fields: NDArray[np.floating]) -> NDArray[np.floating]:
    """The fields with NaN for values that are repeated too often to be measured ones."""
    some = fields.reshape(-1)[:: max(1, fields.size // REPEATED_SAMPLE)]
    distinct, counts = np.unique(some[np.isfinite(some) & (some != 0)], return_counts=True)
    often = distinct[counts > max(2, REPEATED_SHARE * counts.sum())]
    if not 0 < often.size < distinct.size:
        return fields
    return np.where(np.isin(fields, often), fields.dtype.type(np.nan), fields)


def without_copies(fields: NDArray[np.floating], near: float) -> NDArray[np.floating]:
    """The fields with NaN for values that are as good as equal to a neighbour.

    Of floats with all their bits in use, two neighbours are never equal by chance: they are one
    value that was written twice (the row of a pole, nearest neighbours), and seem to tell every bit
    of each other.
    """
    copies = np.zeros(fields.shape, bool)
    for axis in range(fields.ndim):
        behind = (slice(None),) * axis
        later, earlier = (*behind, slice(1, None)), (*behind, slice(None, -1))
        copies[later] |= np.abs(fields[later] - fields[earlier]) <= near
    return np.where(copies, fields.dtype.type(np.nan), fields) if copies.any() else fields


def trusted_bits(information: NDArray[np.floating], share: float) -> int | None:
    """Mantissa bits that hold a share of the information, or None where there is too little.

    Information falls from the highest mantissa bits to the lowest. Where it has fallen to what the
    share leaves out of a bit, all below is left out: what comes back there is a pattern of packing
    or of arithmetic, such as 19 bits on winds that were packed twice and rotated.
    """
    stored = 23 if information.size == 32 else 52
    mantissa = information[-stored:].copy()
    most = np.maximum.accumulate(mantissa)
    gone = (mantissa <= (1 - share) * most) & (most >= LEAST_INFORMATION)
    if gone.any():
        mantissa[int(np.argmax(gone)) :] = 0.0
    trusted = np.concatenate([information[:-stored], mantissa])
    if trusted.sum() < LEAST_INFORMATION:
        return None
    return keepbits_for_information(trusted, share)


def bits_of_errors(fields: NDArray[np.floating], allowed: float) -> int | None:
    """The fewest mantissa bits whose rounding errors have a root mean square within a limit.

    Parameters
    ----------
    fields
        Any shape and unit; NaN, infinities and zeros are left out.
    allowed
        In the unit of the fields.

    Returns
    -------
    int or None
        None where nothing is allowed or there are no values.

    Notes
    -----
    Of values between 2**e and 2**(e + 1), rounding to k bits moves each by up to 2**(e - k - 1),
    evenly spread: the mean square is 4**(e - k - 1) / 3. So it is 4**-(k + 1) * mean(4**e) / 3.
    """
    some = fields.reshape(-1)[:: max(1, fields.size // ERROR_SAMPLE)]
    some = some[np.isfinite(some) & (some != 0)]
    if some.size == 0 or not (math.isfinite(allowed) and allowed > 0):
        return None
    exponents = np.frexp(some)[1].astype(np.float64) - 1
    largest = float(exponents.max())
    mean_square = float(np.exp2(2 * (exponents - largest)).mean())
    bits = largest + math.log2(mean_square / 3) / 2 - math.log2(allowed) - 1
    return min(max(math.ceil(bits), 0), mantissa_bits(fields.dtype))
