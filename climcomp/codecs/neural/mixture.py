"""From what the network says to a prediction and a table of probabilities.

Format
------
o are the outputs in 1/64; o[0..9] gate the candidates C with the last one, the base, beside which
they stand:

    top = max o[0..9]
    e[k] = E[top - o[k]]       E[t] = round(4096 * 2 ** (-t / 64)), t from 0 to 767; 0 beyond
    mu = base + (2 sum e[k] (C[k] - base) + E) // (2 E) + r(clip(o[10], -512, 512) S, 8), E = sum e
    scale  = clip((6 (o[11] + 8 sl - 448 - step) + 32) >> 6, -20, 162)  1/6 octaves of D / 2
    ratio  = clip(((2 o[12] + 32) >> 6) + 2, 0, 11)
    weight = clip(((o[13] + 32) >> 6) + 4, 0, 11)

`step` is 64 times the logarithm to base 2 of D / 256, D the step of the stage in units (see
`coding`). r(x, 8) rounds x / 256 to the nearest integer, halves up.

q counts from `start`: mu itself, or, on a lattice, its nearest multiple of 256, 256 ((mu + 128) //
256); there the table is shifted by (mu - start + 128) // 16 unless octaves are coded beside it (see
`probabilities`).
"""

from __future__ import annotations

import decimal

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.neural.features import BASE, CANDIDATES, SCALES, Work
from climcomp.codecs.neural.grid import PER_STEP
from climcomp.codecs.neural.probabilities import RATIOS, ROWS, SHIFTS, WEIGHTS
from climcomp.codecs.neural.probabilities import SCALES as TABLE_SCALES
from climcomp.jit import compile_exact

GATE_OCTAVES = 12
OFFSET, SCALE, RATIO, WEIGHT = 10, 11, 12, 13
LARGEST_OFFSET = 512
RATIO_ZERO, WEIGHT_ZERO = 2, 4
LOWEST, HIGHEST = TABLE_SCALES
WIDEST = HIGHEST + 6 * 24


def _exponentials() -> NDArray[np.float64]:
    with decimal.localcontext(decimal.Context(prec=30, rounding=decimal.ROUND_HALF_EVEN)):
        step = decimal.Decimal(2).ln() / 64
        every = range(64 * GATE_OCTAVES)
        found = [int((4096 * (-step * t).exp()).to_integral_value()) for t in every]
    return np.array(found, dtype=np.float64)


EXPONENTIALS = _exponentials()
"""E, as floats: a sum of products with 33-bit integers is exact."""


@compile_exact
def mix(
    n: int,
    work: Work,
    outputs: NDArray[np.float32],
    step: int,
    is_lattice: bool,
    predicted: NDArray[np.float64],
    starts: NDArray[np.float64],
    tables: NDArray[np.int32],
    octaves: NDArray[np.int32],
) -> None:
    """mu, `start`, the row of the probabilities, and the octaves coded beside them, of n points."""
    candidates, scales = work.candidates, work.scales
    for j in range(n):
        top = outputs[0, j]
        for k in range(1, CANDIDATES):
            top = max(top, outputs[k, j])
        total = sums = 0.0
        for k in range(CANDIDATES):
            away = int(top - outputs[k, j])
            if away < EXPONENTIALS.size:
                share = EXPONENTIALS[away]
                total += share
                if k != BASE:
                    sums += share * candidates[k, j]
        offset = min(max(outputs[OFFSET, j], -LARGEST_OFFSET), LARGEST_OFFSET)
        predicted[j] = (
            candidates[BASE, j]
            + np.floor((2 * sums + total) / (2 * total))
            + np.floor(float(offset) * SCALES[scales[j]] / 256 + 0.5)
        )
        scale = (6 * (int(outputs[SCALE, j]) + 8 * scales[j] - 448 - step) + 32) >> 6
        scale = min(max(scale, LOWEST), WIDEST)
        beyond = max(0, -((HIGHEST - scale) // 6))
        octaves[j] = beyond
        ratio = min(max(((2 * int(outputs[RATIO, j]) + 32) >> 6) + RATIO_ZERO, 0), RATIOS - 1)
        weight = min(max(((int(outputs[WEIGHT, j]) + 32) >> 6) + WEIGHT_ZERO, 0), WEIGHTS - 1)
        table = ((scale - 6 * beyond - LOWEST) * RATIOS + ratio) * WEIGHTS + weight
        starts[j] = predicted[j]
        if is_lattice:
            starts[j] = PER_STEP * np.floor(predicted[j] / PER_STEP + 0.5)
            if beyond == 0:
                away = int(predicted[j] - starts[j]) + PER_STEP // 2
                table += ROWS * (1 + away * SHIFTS // PER_STEP)
        tables[j] = table
