"""The wavelet transform of an axis: Cohen, Daubechies and Feauveau's 9/7, by lifting.

After Daubechies and Sweldens 1998, "Factoring wavelet transforms into lifting steps". Decoders work
in whole numbers of 64 bits, exact on every machine; encoders in floats.

Format
------
An axis of n points becomes ceil(n / 2) low numbers s and, behind them, floor(n / 2) high ones d,
which stand for the points 0, 2, 4, ... and 1, 3, 5, .... They come back by

    s[i] -= (465051 (d[i - 1] + d[i]) + 2^19) >> 20
    d[i] -= (925799 (s[i] + s[i + 1]) + 2^19) >> 20
    s[i] += (55554 (d[i - 1] + d[i]) + 2^19) >> 20
    d[i] += (1663182 (s[i] + s[i + 1]) + 2^19) >> 20

each for all i before the next. A neighbour beyond an end is the one at the other end where the axis
wraps and n is even, else the one on the other side of the same number. An axis of one point stays.
Afterwards every number is clipped to 2^38 on both sides of 0, from which no sum passes 2^62.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp.jit import compile_exact

ONE = 1 << 20
STEPS = (-1663182, -55554, 925799, 465051)
"""Of the four lifting steps forwards, in 2^-20: coarser, they let the mean into high numbers."""
FARTHEST = 1 << 38
# A low number is this much below the one of a transform that keeps sums of squares, nearly, and a
# high one as much above it.
GAIN = 1.149604398


def forward(values: NDArray[np.float64], axis: int, *, wraps: bool) -> NDArray[np.float64]:
    """One level of the transform along an axis, low numbers first; not in whole numbers."""
    x = np.moveaxis(values, axis, 0)
    if len(x) == 1:
        return values.copy()
    s, d = x[0::2].copy(), x[1::2].copy()
    around = wraps and len(x) % 2 == 0
    for number, step in enumerate(STEPS):
        if number % 2 == 0:
            after = np.concatenate([s[1:], s[:1] if around else s[-1:]])[: len(d)]
            d += (s[: len(d)] + after) * (step / ONE)
        else:
            padded = np.concatenate([d[-1:] if around else d[:1], d, d[-1:]])
            s += (padded[: len(s)] + padded[1 : len(s) + 1]) * (step / ONE)
    return np.moveaxis(np.concatenate([s, d]), 0, axis)


def backward(values: NDArray[np.int64], axis: int, *, wraps: bool) -> NDArray[np.int64]:
    """The level undone, as in the format."""
    shape = values.shape
    if shape[axis] == 1:
        return values
    inner = int(np.prod(shape[axis + 1 :], dtype=np.int64))
    flat = np.ascontiguousarray(values).reshape(-1, shape[axis], inner)
    found = np.empty_like(flat)
    _undo(flat, found, wraps and shape[axis] % 2 == 0)
    return found.reshape(shape)


@compile_exact
def _undo(given: NDArray[np.int64], found: NDArray[np.int64], around: bool) -> None:
    """(outer, axis, inner) numbers, put in the places of the points and lifted there."""
    outer, points, inner = given.shape
    lows = (points + 1) // 2
    for block in range(outer):
        for number in range(lows):
            for column in range(inner):
                found[block, 2 * number, column] = given[block, number, column]
        for number in range(points - lows):
            for column in range(inner):
                found[block, 2 * number + 1, column] = given[block, lows + number, column]
        _lift(found[block], 0, -STEPS[3], around)
        _lift(found[block], 1, -STEPS[2], around)
        _lift(found[block], 0, -STEPS[1], around)
        _lift(found[block], 1, -STEPS[0], around)
        for point in range(points):
            for column in range(inner):
                value = found[block, point, column]
                found[block, point, column] = min(max(value, -FARTHEST), FARTHEST)


@compile_exact
def _lift(x: NDArray[np.int64], first: int, weight: int, around: bool) -> None:
    """Add to every second row a share of the rows around it."""
    points, inner = x.shape
    for point in range(first, points, 2):
        before, after = point - 1, point + 1
        if before < 0:
            before = points - 1 if around else after
        if after >= points:
            after = 0 if around else point - 1
        if weight < 0:
            for column in range(inner):
                both = x[before, column] + x[after, column]
                x[point, column] -= (-weight * both + ONE // 2) >> 20
        else:
            for column in range(inner):
                both = x[before, column] + x[after, column]
                x[point, column] += (weight * both + ONE // 2) >> 20
