"""Share one error bound between rounding and the codec behind it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs.base import usable_bound
from climcomp.errors import BoundError


def bound_left(
    values: NDArray[np.floating], rounded: NDArray[np.floating], bound: ErrorBound
) -> ErrorBound | None:
    """What a codec of the rounded values may add to their error; None where nothing is left.

    Raises
    ------
    BoundError
        If rounding alone breaks the bound.
    """
    original = values.astype(np.float64)
    error = np.abs(rounded.astype(np.float64) - original)
    if bound.kind == "pointwise_relative":
        error /= np.where(error > 0, np.abs(original), 1.0)
    used = float(error.max())
    if used > bound.value:
        raise BoundError(
            f"rounding alone makes an error of {used:.6g}, the {bound.kind} bound is "
            f"{bound.value:.6g}: keep more bits or loosen the bound"
        )
    # The float64 arithmetic of this line and of any check may round in its 16th digit.
    left = (bound.value - used) * (1 - 2.0**-40) - bound.value * 2.0**-40
    if bound.kind == "pointwise_relative":
        left /= 1 + used
    if not left > 0:
        return None
    found = ErrorBound(bound.kind, left)
    if bound.kind == "absolute":
        try:
            usable_bound(left, rounded)
        except BoundError:
            return None
    return found
