"""Fit a block's dimensions to libraries that take 1 to 4 of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

_MOST_DIMENSIONS = 4


def folded_dims(lengths: Sequence[int]) -> tuple[int, ...]:
    """The dimensions longer than 1, the leading ones merged until at most 4 are left.

    Examples
    --------
    >>> folded_dims((1, 2, 3, 4, 5, 6))
    (6, 4, 5, 6)
    >>> folded_dims(())
    (1,)
    """
    dims = [length for length in lengths if length > 1] or [1]
    surplus = len(dims) - _MOST_DIMENSIONS
    if surplus > 0:
        dims = [math.prod(dims[: surplus + 1]), *dims[surplus + 1 :]]
    return tuple(dims)
