"""Variables that any Zarr v3 reader opens: rounded values under standard codecs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.rounding import keepbits_for, round_to_keepbits, round_to_quantum


def round_within(values: NDArray[Any], bound: ErrorBound, exact: tuple[float, ...]) -> NDArray[Any]:
    """Values rounded as far as a bound allows; special and exact values keep their bits."""
    if bound.kind == "pointwise_relative":
        rounded = round_to_keepbits(values, keepbits_for(bound.value, values.dtype))
    else:
        rounded = round_to_quantum(values, bound.value)
    special = ~np.isfinite(values)
    for number in exact:
        special |= values == values.dtype.type(number)
    return np.ascontiguousarray(np.where(special, values, rounded))
