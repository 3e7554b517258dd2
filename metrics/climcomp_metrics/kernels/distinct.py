"""Registers of a HyperLogLog sketch: the rarest hash seen in each of 4,096 classes of values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.kernels.jit import compile_loop

BITS = 12
REGISTERS = 2**BITS


@compile_loop
def fill_registers(bits: NDArray[np.uint64], registers: NDArray[np.uint8]) -> None:
    """Put the bit patterns of values into `registers` (4096,).

    A value's hash (the finaliser of Stafford's "mix 13", as SplitMix64 uses it) names its register
    with 12 bits; the register keeps the largest position of the first one in the other 52.
    """
    for i in range(bits.size):
        h = bits[i] + np.uint64(0x9E3779B97F4A7C15)
        h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        h = h ^ (h >> np.uint64(31))
        at = h >> np.uint64(64 - BITS)
        rest = h << np.uint64(BITS)
        # Most values come after a rarer one of their register: no need to count.
        least = registers[at]
        if least > 0 and (rest >> np.uint64(64 - least)) != np.uint64(0):
            continue
        first = least + np.uint8(1)
        while first <= 64 - BITS and (rest >> np.uint64(64 - first)) == np.uint64(0):
            first += np.uint8(1)
        registers[at] = min(first, np.uint8(65 - BITS))
