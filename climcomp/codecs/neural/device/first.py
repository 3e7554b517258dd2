"""Stage "0", whose points follow one another: what of it a device cannot do at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.neural.coding import (
    FIRST_LEVEL,
    clipped,
    first_row,
    first_table,
    next_level,
    steps_to,
)
from climcomp.codecs.neural.device.predict import TABLE_BITS
from climcomp.codecs.neural.mixture import HIGHEST
from climcomp.jit import compile_exact


@compile_exact
def predict_first(
    targets: NDArray[np.float64],
    loose: NDArray[np.bool_],
    slack: float,
    size: int,
    predicted: NDArray[np.float64],
) -> None:
    """mu of the stage in a field without references, from its values in units (rows, columns).

    Those that are `loose` need not come back, and may be `slack` units off.
    """
    above = 0.0
    for row in range(targets.shape[0]):
        mu = above
        for column in range(targets.shape[1]):
            predicted[row, column] = mu
            left = targets[row, column] - mu
            mu = clipped(mu + size * steps_to(left, float(size), loose[row, column], slack))
            if column == 0:
                above = mu


@compile_exact
def first_tables(coded: NDArray[np.int32], tables: NDArray[np.int32]) -> None:
    """The rows of the probabilities, with octaves, of a block's points of the stage.

    Parameters
    ----------
    coded : (fields, points)
        q, in the order of the stream.
    """
    level = FIRST_LEVEL
    for field in range(coded.shape[0]):
        for point in range(coded.shape[1]):
            scale = first_table(level)
            beyond = max(0, -((HIGHEST - scale) // 6))
            tables[field, point] = first_row(scale, beyond) | beyond << TABLE_BITS
            level = next_level(level, int(coded[field, point]))
