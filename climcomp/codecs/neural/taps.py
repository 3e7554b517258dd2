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

from climcomp.codecs.neural.features import CANDIDATES, SCALES, Work, rounded
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
# Our own: what is known of a point enters the normal equations as integers, in so many parts of
# what the plain prediction leaves, and at most so large: then all sums over up to 2^16 points are
# exact in float64, and the same in whatever order they are taken.
PARTS, LARGEST_PART = 256.0, float(1 << 18)
OF_ROUNDING = 2.0**24
"""The square of what rounding to steps leaves, 128 units, in 1/1024."""

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
        Of the known values beside m and, last, the target, as integers: over about what the plain
        prediction leaves.
    errors : (3,)
        The squares of what the plain prediction leaves, the number of points, and the squares of
        what rounding to steps leaves in 1/1024; over the same.
    """
    near, at, candidates = work.near, work.at, work.candidates
    known = np.zeros(LENGTHS[-1] + 1)
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
        largest = 1.0
        for i in range(LENGTHS[-1] + 1):
            largest = max(largest, abs(known[i]))
        scale = SCALES[work.scales[j]]
        part = min(PARTS / np.sqrt(scale * scale + plain * plain), LARGEST_PART / largest)
        for i in range(LENGTHS[-1] + 1):
            known[i] = rounded(known[i] * part)
        errors[0] += rounded(plain * part) ** 2
        errors[1] += 1.0
        errors[2] += rounded(part * part * OF_ROUNDING)
        for i in range(length):
            if known[i] != 0.0:
                for k in range(i, length):
                    products[i, k] += known[i] * known[k]
                products[i, 30] += known[i] * known[30]
        products[30, 30] += known[30] * known[30]


def solved(
    products: NDArray[np.float64],
    errors: NDArray[np.float64],
    references: int,
    shares: NDArray[np.float64],
) -> list[tuple[NDArray[np.int16], float] | None]:
    """The taps of sets with so many references and the bits that they should save; None where that
    is less than they take.

    Parameters
    ----------
    products : (sets, 31, 31)
    errors : (sets, 3)
    shares : (sets,)
        The part of each set's points that was accumulated.
    """
    length = LENGTHS[references]
    found: list[tuple[NDArray[np.int16], float] | None] = [None] * len(products)
    wanted = np.flatnonzero((errors[:, 1] >= FEWEST_POINTS) & (errors[:, 0] > 0))
    if not wanted.size:
        return found
    upper = np.triu(products[wanted, :length, :length])
    normal = upper + np.triu(upper, 1).transpose(0, 2, 1)
    right = products[wanted, :length, 30:]
    ridge = np.trace(normal, axis1=1, axis2=2) / length * RIDGE + 1e-12
    solution = np.linalg.solve(normal + ridge[:, None, None] * np.eye(length), right)
    rounded_taps = np.rint(solution * UNIT)
    taps = rounded_taps / UNIT
    across = taps.transpose(0, 2, 1)
    explained = (2 * (across @ right) - across @ normal @ taps)[:, 0, 0]
    for i, number in enumerate(wanted):
        if not (np.abs(rounded_taps[i]) <= LARGEST_TAP).all():
            continue
        plain, points, of_rounding = (float(error) for error in errors[number])
        left, steps = max(0.0, float(products[number, 30, 30] - explained[i])), of_rounding / 1024
        # The code length of a normal distribution. What is below the steps gains nothing.
        gain = points / shares[number] / 2 * math.log2((plain + steps) / (left + steps))
        if gain > BITS_OF_TAP * length:
            found[number] = rounded_taps[i, :, 0].astype(np.int16), gain
    return found
