"""What is known of a point before it is coded: candidates for its value, and what the network sees.

All values are integers in units of eb / 128 ("units"), and all of this page is integer arithmetic:
a // b is rounded down, r(a, k) = (a + 2^(k-1)) >> k.

Format
------
For a point of a stage with stride s, `c` are 16 neighbours in its own field, at `OFFSETS` of the
stage's kind times s; `a` the same in the first reference and a* the point itself there; `b`, b*
in the second one. Four predictors of a field v with the weights of `_predictors`, in 1/256:

    linear(v), along1(v), along2(v), high(v), each r(sum, 8)

    m, p1, p2, hi = these of c
    ta = a* - high(a), tb = b* - high(b)                   0 without the reference
    tab = (ta + tb) >> 1 between two references, 2 ta - tb behind two, else ta
    ex  = (a* + b*) >> 1 between two references, 2 a* - b* behind two, else a*; hi without any
    base = m + r(sum taps[i] * known[i], 12) with taps (see `taps`), else hi + ta
    C = hi, p1, p2, m, hi + ta, hi + tab, hi + (ta >> 1), a* (or hi), ex, base

`spread` and `drift` of a location are running means of |value - hi - ta| and value - hi - ta over
the fields before, `miss` the error of mu at a point of this field (see `coding`).

    d12 = |p1 - p2|, dm = |m - hi|, e = mean of |miss|, em = mean miss at c0..c3 (sums >> 2)
    sig = (16 (d12 + dm) + 10 |base - hi| + 32 spread + 8 e + 1664) >> 6
    log8(n): 8 floor(log2 n) + the three bits behind the highest bit of n; log16 with four bits
    sl = log8(sig); the scale is S = 2^(sl // 8) (8 + sl % 8) / 8
    over(d, h) = clip(r(d * M[sl % 8], 12 + h + sl // 8), -96, 96), M[f] = round(2^19 / (8 + f))
    lg(n) = min(log16(|n| + 8) - 112, 511)

Inputs of the network, in 1/16: over(C[k] - base, 0) for k = 0..8; over(ta, 0), over(tab, 0),
over(drift, 0); over(c4..c7 - hi, 2); over(c0..c3 - m, 2); over(em, 0); lg of ta, base - hi, spread,
d12, dm, the mean of |c0..c3 - a0..a3| (0 without a), sig, the largest |c0..c3 - m|, max C - min C,
e, and the mean of `spread` at c0..c3.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from climcomp.jit import compile_exact

NEIGHBOURS = 16
CANDIDATES = 10
BASE = 9  # the candidate that the others are beside
DIFFERENCES = 21  # inputs that are differences over the local scale
LOGARITHMS = 11
INPUTS = DIFFERENCES + LOGARITHMS
LARGEST_OVER, LARGEST_LG = 96, 511

_DIAGONAL = ((-1, -1), (-1, 1), (1, -1), (1, 1))
_CROSS = ((-1, 0), (1, 0), (0, -1), (0, 1))
_FAR_CROSS = ((-3, 0), (3, 0), (0, -3), (0, 3))
_KNIGHTS = tuple((a, b) for a in (-1, 1) for b in (-2, 2)) + tuple(
    (a, b) for a in (-2, 2) for b in (-1, 1)
)
OFFSETS = np.array(
    (
        _DIAGONAL
        + tuple((a, b) for a in (-1, 1) for b in (-3, 3))
        + tuple((a, b) for a in (-3, 3) for b in (-1, 1))
        + tuple((a, b) for a in (-3, 3) for b in (-3, 3)),
        _CROSS + _KNIGHTS + _FAR_CROSS,
        _CROSS + _DIAGONAL + _KNIGHTS[4:] + _FAR_CROSS,
    ),
    dtype=np.int64,
)
"""(kind, 16, 2) rows and columns of the neighbours, in strides, of the stages A, B, C."""


def _predictors() -> NDArray[np.float64]:
    """(kind, 4, 16) weights in 1/256 of linear, along1, along2 and high."""
    w = np.zeros((3, 4, NEIGHBOURS))
    w[:, 0, :4] = 64
    w[0, 1, [0, 3]], w[0, 1, [12, 15]] = 144, -16
    w[0, 2, [1, 2]], w[0, 2, [13, 14]] = 144, -16
    w[0, 3, :4], w[0, 3, 4:12], w[0, 3, 12:] = 81, -9, 1
    w[1:, 1, [0, 1]], w[1:, 1, [12, 13]] = 144, -16
    w[1:, 2, [2, 3]], w[1:, 2, [14, 15]] = 144, -16
    w[1, 3, :4], w[1, 3, 12:] = 72, -8
    w[2, 3, :4], w[2, 3, 4:8] = 128, -64
    return w


PREDICTORS = _predictors()
_RECIPROCALS = tuple(round(2**19 / (8 + f)) for f in range(8))
_LARGEST_SIG = 40  # its octave, at most: far above what 32-bit integers can give
INVERSES = np.array([m * 2.0 ** -(12 + e) for e in range(_LARGEST_SIG) for m in _RECIPROCALS])
"""By sl: M 2^-(12 + sl // 8), 16 / S. As a float, its product with an integer is exact."""
SCALES = np.array([(8 + f) * 2.0 ** (e - 3) for e in range(_LARGEST_SIG) for f in range(8)])
"""By sl: S."""

_HALF = 0.5


@compile_exact
def gather(
    field: NDArray[np.int32],
    offsets: NDArray[np.int64],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    begin: int,
    n: int,
    put: int,
    out: NDArray[np.float64],
) -> None:
    """The neighbours (16, n) of n points of a row, from the point `begin` of it on.

    `rows` (7,) and `columns` (7, all) are where -3 to 3 strides away are, inside of the field;
    `put` is where the first point belongs.
    """
    for i in range(offsets.shape[0]):
        row = field[rows[offsets[i, 0] + 3]]
        at = columns[offsets[i, 1] + 3, begin : begin + n]
        target = out[i, put : put + n]
        for j in range(n):
            target[j] = row[at[j]]


@compile_exact
def rounded(value: float) -> float:
    """To the nearest integer, halves up; exact for multiples of 2^-20 below 2^32."""
    return np.floor(value + _HALF)  # type: ignore[no-any-return]


class Work(NamedTuple):
    """Room for what is computed of up to n points of a row.

    near : (3, 16, n)
        Neighbours in the field and its references.
    at : (2, n)
        The point in the references.
    past : (5, n)
        Spread, drift, mean |miss| and mean miss of the neighbours, their mean spread.
    candidates : (10, n)
        As differences to the base, which stands in the last row.
    raw : (21, n)
        What is taken over the local scale.
    sizes, bits : (11, n)
        What logarithms are taken of, plus 8 (sig: without it), as floats and as their bits.
    inputs : (32, n)
        Of the network.
    scales : (n,)
        sl.
    sums : (6, n)
        linear, along1, along2 and high in the field, high in its references.
    """

    near: NDArray[np.float64]
    at: NDArray[np.float64]
    past: NDArray[np.float64]
    candidates: NDArray[np.float64]
    raw: NDArray[np.float64]
    sizes: NDArray[np.float64]
    bits: NDArray[np.int64]
    inputs: NDArray[np.float32]
    scales: NDArray[np.int64]
    sums: NDArray[np.float64]


def make_work(points: int) -> Work:
    """Room for so many points."""
    sizes = np.zeros((LOGARITHMS, points))
    return Work(
        np.zeros((3, NEIGHBOURS, points)),
        np.zeros((2, points)),
        np.zeros((5, points)),
        np.zeros((CANDIDATES, points)),
        np.zeros((DIFFERENCES, points)),
        sizes,
        sizes.view(np.int64),
        np.zeros((INPUTS, points), dtype=np.float32),
        np.zeros(points, dtype=np.int64),
        np.zeros((6, points)),
    )


@compile_exact
def _weigh(
    n: int,
    weights: NDArray[np.float64],
    near: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """A predictor of n points, rounded."""
    for j in range(n):
        out[j] = 0.0
    for i in range(NEIGHBOURS):
        weight = weights[i]
        if weight != 0.0:
            source = near[i]
            for j in range(n):
                out[j] += weight * source[j]
    for j in range(n):
        out[j] = rounded(out[j] / 256)


@compile_exact
def describe(
    n: int,
    kind: int,
    has_first: bool,
    has_second: bool,
    is_between: bool,
    taps: NDArray[np.float64],
    work: Work,
) -> None:
    """Candidates and unscaled inputs of n points; `taps` has 30 of them, or none."""
    near, at, past = work.near, work.at, work.past
    candidates, raw, sizes = work.candidates, work.raw, work.sizes
    has_taps = taps.size > 0
    weights = PREDICTORS[kind]
    sums = work.sums
    for k in range(4):
        _weigh(n, weights[k], near[0], sums[k])
    if has_first:
        _weigh(n, weights[3], near[1], sums[4])
    if has_second:
        _weigh(n, weights[3], near[2], sums[5])
    for j in range(n):
        m, p1, p2, hi = sums[0, j], sums[1, j], sums[2, j], sums[3, j]
        ta = at[0, j] - sums[4, j] if has_first else 0.0
        tb = at[1, j] - sums[5, j] if has_second else 0.0
        tab, before, ex = ta, hi, hi
        if has_first:
            before = ex = at[0, j]
            if has_second and is_between:
                tab, ex = np.floor((ta + tb) / 2), np.floor((at[0, j] + at[1, j]) / 2)
            elif has_second:
                tab, ex = 2 * ta - tb, 2 * at[0, j] - at[1, j]
        base = hi + ta
        if has_taps:
            known = 0.0
            for i in range(16):
                known += taps[i] * (near[0, i, j] - m)
            if has_first:
                known += taps[16] * (at[0, j] - m)
                for i in range(8):
                    known += taps[17 + i] * (near[1, i, j] - m)
            if has_second:
                known += taps[25] * (at[1, j] - m)
                for i in range(4):
                    known += taps[26 + i] * (near[2, i, j] - m)
            base = m + rounded(known / 4096)
        candidates[0, j] = hi - base
        candidates[1, j] = p1 - base
        candidates[2, j] = p2 - base
        candidates[3, j] = m - base
        candidates[4, j] = hi + ta - base
        candidates[5, j] = hi + tab - base
        candidates[6, j] = hi + np.floor(ta / 2) - base
        candidates[7, j] = before - base
        candidates[8, j] = ex - base
        candidates[9, j] = base
        low = high = 0.0
        for k in range(9):
            raw[k, j] = candidates[k, j]
            low, high = min(low, candidates[k, j]), max(high, candidates[k, j])
        raw[9, j], raw[10, j], raw[11, j] = ta, tab, past[1, j]
        change = largest = 0.0
        for i in range(4):
            raw[12 + i, j] = near[0, 4 + i, j] - hi
            raw[16 + i, j] = near[0, i, j] - m
            largest = max(largest, abs(near[0, i, j] - m))
            if has_first:
                change += abs(near[0, i, j] - near[1, i, j])
        raw[20, j] = past[3, j]
        d12, dm, away = abs(p1 - p2), abs(m - hi), abs(base - hi)
        sig = np.floor((16 * (d12 + dm) + 10 * away + 32 * past[0, j] + 8 * past[2, j] + 1664) / 64)
        sizes[0, j] = abs(ta) + 8
        sizes[1, j] = away + 8
        sizes[2, j] = past[0, j] + 8
        sizes[3, j] = d12 + 8
        sizes[4, j] = dm + 8
        sizes[5, j] = np.floor(change / 4) + 8
        sizes[6, j] = sig
        sizes[7, j] = largest + 8
        sizes[8, j] = high - low + 8
        sizes[9, j] = past[2, j] + 8
        sizes[10, j] = past[4, j] + 8


# float64 has 52 bits behind the highest one, and its exponent counts from 1023.
_BEFORE_8, _ZERO_8 = 49, 1023 * 8
_BEFORE_16, _ZERO_16 = 48, 1023 * 16
_MIDDLE = 16 * 7  # of the logarithms: eb
SIG = 6
_DOUBLED = (12, 20)  # inputs that are taken over four times the scale


@compile_exact
def scale_inputs(n: int, work: Work) -> None:
    """The inputs of the network, and sl, of n points."""
    bits, scales, sizes = work.bits, work.scales, work.sizes
    of_sig = bits[SIG]
    for j in range(n):
        scales[j] = (of_sig[j] >> _BEFORE_8) - _ZERO_8
    for k in range(DIFFERENCES):
        part = 0.25 if _DOUBLED[0] <= k < _DOUBLED[1] else 1.0
        source, target = work.raw[k], work.inputs[k]
        for j in range(n):
            value = np.floor(source[j] * INVERSES[scales[j]] * part + _HALF)
            target[j] = min(max(value, -float(LARGEST_OVER)), float(LARGEST_OVER))
    for j in range(n):
        sizes[SIG, j] += 8.0
    for k in range(LOGARITHMS):
        source_bits, target = bits[k], work.inputs[DIFFERENCES + k]
        for j in range(n):
            value = (source_bits[j] >> _BEFORE_16) - _ZERO_16 - _MIDDLE
            target[j] = min(value, LARGEST_LG)
