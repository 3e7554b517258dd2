"""The positions that are wanted along the dimensions of one variable."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from climcomp.errors import UsageError

Indices = NDArray[np.int64]


@dataclass(slots=True)
class Positions:
    """What is wanted along the dimensions of one variable; lives as long as they are worked out.

    Parameters
    ----------
    indices
        By dimension, in the order wanted; dimensions that are wanted whole are not there.
    turned
        Degrees to add to the longitudes at the wanted positions of `x`, so that they go on past
        the seam of the grid; None where the box does not cross it.
    outside
        (y, x) at the wanted positions: cells that are not in the box; None where all are.
    """

    indices: dict[str, Indices] = field(default_factory=dict)
    turned: NDArray[np.float64] | None = None
    outside: NDArray[np.bool_] | None = None
    notes: list[str] = field(default_factory=list)

    def keep(self, dim: str, wanted: Indices, option: str) -> None:
        """Note the positions of a dimension, which only one option may choose."""
        if dim in self.indices:
            raise UsageError(f"{option}: another option has chosen positions of {dim!r} already")
        self.indices[dim] = wanted
