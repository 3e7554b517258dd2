"""Weights of a least-squares prediction that a block brings along, where they pay.

Format
------
Taps are for a kind of stage (A, B, C), a level of it (log2 of its stride, at most 3) and what is
known (no reference, one, two): 36 sets, of which a u64 says which there are, set number
(kind * 4 + level) * 3 + references at bit `number`. Then the taps of each set in that order, int16
in 1/4096: 16 without references, 25 with one, 30 with two. With m as in `features`, they weigh

    c0..c15 - m;  a* - m, a0..a7 - m;  b* - m, b0..b3 - m
"""

from __future__ import annotations

import math
import struct

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.neural.features import CANDIDATES, SCALES, Work
from climcomp.errors import PayloadError
from climcomp.jit import compile_exact

SETS = 36
LENGTHS = (16, 25, 30)
UNIT = 4096
LARGEST_TAP = 32767
_LEVELS, _REFERENCES = 4, 3
_WHICH = struct.Struct("<Q")
# Our own: points of a set below which taps cannot be trusted, or paid for; the bits that a tap must
# save; and what is added to the diagonal of the normal equations, beside its mean.
FEWEST_POINTS = 600
BITS_OF_TAP = 32
RIDGE = 1e-6
OF_ROUNDING = 128.0**2

Taps = dict[int, NDArray[np.int16]]


def set_of(kind: int, stride: int, first: int, second: int) -> int:
    """The number of a set, from the kind of the stage, its stride and its references."""
    level = min(_LEVELS - 1, stride.bit_length() - 1)
    return (kind * _LEVELS + level) * _REFERENCES + (first >= 0) + (second >= 0)


def pack_taps(taps: Taps) -> bytes:
    """As in the format."""
    which = sum(1 << number for number in taps)
    return _WHICH.pack(which) + b"".join(taps[n].astype("<i2").tobytes() for n in sorted(taps))


def unpack_taps(data: memoryview) -> tuple[Taps, int]:
    """The taps at the start of some bytes, and how many bytes they took.

    Raises
    ------
    PayloadError
        If the bytes end before, or name sets that there are not.
    """
    if len(data) < _WHICH.size:
        raise PayloadError("a block of codec 'ncx' ends in its taps")
    (which,) = _WHICH.unpack_from(data)
    if which >> SETS:
        raise PayloadError(f"a block of codec 'ncx' names taps {which:#x}; there are {SETS} sets")
    found, at = {}, _WHICH.size
    for number in range(SETS):
        if which >> number & 1:
            length = LENGTHS[number % _REFERENCES]
            if len(data) < at + 2 * length:
                raise PayloadError("a block of codec 'ncx' ends in its taps")
            found[number] = np.frombuffer(data, "<i2", length, at)
            at += 2 * length
    return found, at


def as_floats(taps: Taps) -> NDArray[np.float64]:
    """(36, 31) all sets for the compiled loops: 30 taps, then how many of them there are, or 0."""
    full = np.zeros((SETS, LENGTHS[-1] + 1))
    for number, found in taps.items():
        full[number, : found.size] = found
        full[number, -1] = LENGTHS[-1]
    return full


@compile_exact
def accumulate(
    n: int,
    length: int,
    targets: NDArray[np.float64],
    work: Work,
    has_first: bool,
    has_second: bool,
    products: NDArray[np.float64],
    errors: NDArray[np.float64],
) -> None:
    """Add n points to the normal equations of a set.

    Parameters
    ----------
    length
        How many taps the set has.
    targets : (n,)
        What the points are; NaN: not a point to learn from.
    products : (31, 31)
        Of the known values beside m and, last, the target, weighted by about the inverse of the
        variance that the plain prediction leaves.
    errors : (3,)
        The weighted squares of what the plain prediction leaves, the number of points, and the
        weighted squares of what rounding to steps leaves.
    """
    near, at, candidates = work.near, work.at, work.candidates
    known = np.zeros(31)
    for j in range(n):
        if np.isnan(targets[j]):
            continue
        base = candidates[CANDIDATES - 1, j]
        m = base + candidates[3, j]
        for i in range(16):
            known[i] = near[0, i, j] - m
        if has_first:
            known[16] = at[0, j] - m
            for i in range(8):
                known[17 + i] = near[1, i, j] - m
        if has_second:
            known[25] = at[1, j] - m
            for i in range(4):
                known[26 + i] = near[2, i, j] - m
        known[30] = targets[j] - m
        plain = targets[j] - base - candidates[4, j]
        scale = SCALES[work.scales[j]]
        weight = 1.0 / (scale * scale + plain * plain)
        errors[0] += weight * plain * plain
        errors[1] += 1.0
        errors[2] += weight * OF_ROUNDING
        for i in range(length):
            if known[i] != 0.0:
                for k in range(i, length):
                    products[i, k] += weight * known[i] * known[k]
                products[i, 30] += weight * known[i] * known[30]
        products[30, 30] += weight * known[30] * known[30]


def solved(
    products: NDArray[np.float64], errors: NDArray[np.float64], number: int, share: float
) -> NDArray[np.int16] | None:
    """The taps of a set, or None where they save less than they take.

    Parameters
    ----------
    share
        The part of the set's points that was accumulated.
    """
    length, points = LENGTHS[number % _REFERENCES], float(errors[1])
    if points < FEWEST_POINTS or not errors[0] > 0:
        return None
    upper = np.triu(products[:length, :length])
    normal = upper + np.triu(upper, 1).T
    right = products[:length, 30]
    ridged = normal + np.eye(length) * (np.trace(normal) / length * RIDGE + 1e-12)
    found = np.rint(np.linalg.solve(ridged, right) * UNIT)
    if not (np.abs(found) <= LARGEST_TAP).all():
        return None
    taps = found / UNIT
    left = max(0.0, float(products[30, 30] - 2 * taps @ right + taps @ normal @ taps))
    # The code length of a normal distribution. What is below the steps gains nothing.
    gain = points / share / 2 * math.log2((errors[0] + errors[2]) / (left + errors[2]))
    return found.astype(np.int16) if gain > BITS_OF_TAP * length else None
