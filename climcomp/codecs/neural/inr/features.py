"""Random frequencies from a seed, so that they take no bytes.

After Huang and Hoefler 2023, "Compressing multidimensional weather and climate data into neural
networks": Fourier features whose frequencies are drawn from a normal distribution.

Format
------
Number n, from 0, of a seed is splitmix64: z = seed + (n + 1) 0x9E3779B97F4A7C15;
z = (z ^ z >> 30) 0xBF58476D1CE4E5B9; z = (z ^ z >> 27) 0x94D049BB133111EB; z ^ z >> 31, modulo
2^64. The sum of its four 16-bit parts less 131070, times the width in 1/16, divided by 9459 and
rounded down, is a frequency in 1/64 turns to a unit of the coordinate: 37837 is the standard
deviation of the sum. They are drawn coordinate by coordinate, feature by feature.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PER_TURN = 64
_MIDDLE, _SCALE = 131070, 9459


def frequencies(seed: int, widths: list[int], count: int) -> NDArray[np.float64]:
    """(features, coordinates) whole numbers of 1/64 turns.

    Parameters
    ----------
    widths
        The standard deviation for each coordinate, in 1/16 of a turn to a unit.
    """
    numbers = np.arange(1, len(widths) * count + 1, dtype=np.uint64)
    z = np.uint64(seed) + numbers * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    drawn = sum(
        (z >> np.uint64(16 * part) & np.uint64(0xFFFF)).astype(np.int64) for part in range(4)
    )
    drawn = np.asarray(drawn).reshape(len(widths), count) - _MIDDLE
    scaled = np.floor_divide(drawn * np.array(widths)[:, None], _SCALE)
    found: NDArray[np.float64] = scaled.T.astype(np.float64)
    return found
