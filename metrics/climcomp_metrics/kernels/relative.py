"""Count the errors that are large beside their values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.kernels.jit import compile_loop


@compile_loop
def count_relative(
    x: NDArray[np.floating], y: NDArray[np.floating], share: float
) -> tuple[int, int]:
    """How many abs(y - x) are above share * abs(x), and of how many pairs finite in both: flat."""
    over = valid = 0
    for i in range(x.size):
        a = np.float64(x[i])
        e = np.float64(y[i]) - a
        good = abs(e) < np.inf
        valid += 1 if good else 0
        over += 1 if good & (abs(e) > share * abs(a)) else 0
    return over, valid
