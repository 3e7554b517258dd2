"""Find the lattice that values were packed or rounded to, where its steps are wider than 2 eb.

There every value stays as it is, but for the rounding of floats. On ERA5 and ERA-Interim, at 0.3
to 0.5 steps, that makes payloads 1.00 to 1.75 times smaller. To let several steps of the lattice
become one, under wider bounds, made smooth fields up to twice as large, and errors larger
everywhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.lattice_formula import find_formula
from climcomp.codecs.neural.grid import FARTHEST, PER_STEP, Grid

# Our own: the share of values beside the lattice, which are patched, that is still worth it.
MOST_BESIDE = 1e-3


def lattice_grid(values: NDArray[np.floating], bound: float) -> Grid | None:
    """The grid of which 256 units are a step of the lattice; None where it does not pay.

    Parameters
    ----------
    values
        Finite ones, of any shape.
    bound
        What is usable of it.
    """
    flat = np.ascontiguousarray(values).reshape(-1)
    formula = find_formula(flat)
    if formula is None or formula.form == "shifted":
        return None
    step = 1 / formula.step if formula.form == "divided" else formula.step
    low, high = float(flat.min()), float(flat.max())
    if 2 * bound >= step or not (high / 2 - low / 2) * PER_STEP / step < FARTHEST:
        return None
    origin = formula.offset + round((low / 2 + high / 2 - formula.offset) / step) * step
    away = (flat.astype(np.float64) - origin) / step
    beside = np.abs(away - np.rint(away)) * step > bound
    if np.count_nonzero(beside) > MOST_BESIDE * flat.size:
        return None
    return Grid(origin, step / PER_STEP)
