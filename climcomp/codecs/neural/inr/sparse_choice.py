"""Whole numbers for wanted ones, by the error that each leaves and the bits that it takes.

One after another, as `sparse` codes them, with the probabilities that it then has: what a number
changes for those after it is not looked at.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.neural.inr.sparse import (
    ALL_SLOTS,
    DECISIONS,
    MOST_BITS,
    SECOND,
    Chances,
    learn,
    length_of,
    level_at,
    slots_of,
)
from climcomp.jit import compile_exact


@compile_exact
def _bits_of(chances: Chances, level: int, value: int) -> float:
    """What a magnitude takes, sign and all."""
    length, found = length_of(value), 0.0
    for decision in range(min(length + 1, MOST_BITS)):
        slots = slots_of(chances, DECISIONS * level + decision)
        found -= math.log2((slots if decision < length else ALL_SLOTS - slots) / ALL_SLOTS)
    if length > 1:
        slots = slots_of(chances, SECOND + length)
        is_yes = (value >> (length - 2)) & 1
        found -= math.log2((slots if is_yes else ALL_SLOTS - slots) / ALL_SLOTS)
        found += length - 2
    return found + (length > 0)


@compile_exact
def _learn_of(chances: Chances, level: int, value: int) -> None:
    length = length_of(value)
    for decision in range(min(length + 1, MOST_BITS)):
        learn(chances, DECISIONS * level + decision, int(decision < length))
    if length > 1:
        learn(chances, SECOND + length, (value >> (length - 2)) & 1)


@compile_exact
def choose(
    wanted: NDArray[np.float64],
    parent: NDArray[np.int64],
    chances: Chances,
    inward: float,
    weight: float,
    q: NDArray[np.int64],
) -> float:
    """Whole numbers for an array, each of the least square error and `weight` times its bits.

    Parameters
    ----------
    wanted : (planes, rows, columns)
        In steps.
    parent
        Numbers that were chosen before, or an array of no values.
    inward
        How much nearer to 0 than |q| steps a number comes back.
    q
        Receives the numbers.

    Returns
    -------
    float
        Bits that they take, nearly.
    """
    total = 0.0
    for plane in range(q.shape[0]):
        for row in range(q.shape[1]):
            for column in range(q.shape[2]):
                level = level_at(q, parent, plane, row, column)
                far = abs(wanted[plane, row, column])
                most = min(int(far + 0.5), (1 << MOST_BITS) - 1)
                best, least, spent = 0, 0.0, 0.0
                for tried in range(3):
                    value = (0, most, most - 1)[tried]
                    if tried and value < 1:
                        break
                    bits = _bits_of(chances, level, value)
                    left = far - value + (inward if value else 0.0)
                    cost = left * left + weight * bits
                    if tried == 0 or cost < least:
                        best, least, spent = value, cost, bits
                _learn_of(chances, level, best)
                total += spent
                q[plane, row, column] = -best if wanted[plane, row, column] < 0 else best
    return total
