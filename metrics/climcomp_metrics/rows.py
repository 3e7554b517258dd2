"""Tables of a state whose rows keep their own place, so that merging them is a union."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.base import State


def merge_rows(first: State, second: State) -> State:
    """States of tables (rows, columns), each the rows of both; neither is changed.

    Rows are kept in the order of their columns, the first one foremost: what the rows say must
    begin with what tells them apart (a time step), so that any order of merging gives one table.
    """
    merged = dict(first)
    for key, mine in second.items():
        merged[key] = (
            _sorted(np.concatenate([np.asarray(merged[key]), np.asarray(mine)]))
            if key in merged
            else mine
        )
    return merged


def _sorted(table: NDArray[np.generic]) -> NDArray[np.generic]:
    ordered: NDArray[np.generic] = table[np.lexsort(table.T[::-1])]
    return ordered
