"""The error bound: the promise on every value."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from climcomp.errors import BoundError

BoundKind = Literal["absolute", "range_relative", "pointwise_relative", "none"]


@dataclass(frozen=True, slots=True)
class ErrorBound:
    """The largest error that an encoding may make on any value.

    Parameters
    ----------
    kind
        `absolute`: abs(decoded - original) <= value, in the variable's unit.
        `range_relative`: a share of the largest minus the smallest value; a plan turns it into an
        absolute bound from its sample before anything is encoded.
        `pointwise_relative`: abs(decoded - original) <= value * abs(original), so zeros are exact.
        `none`: nothing is promised of single values, as of those of a preview.
    value
        Positive and finite; of `none`, infinite, which JSON has as null.

    Raises
    ------
    BoundError
        If the kind is unknown or the value is not positive and finite.
    """

    kind: BoundKind
    value: float

    def __post_init__(self) -> None:
        if self.kind == "none":
            if self.value not in (None, math.inf):
                raise BoundError(f"no bound has a value, and not {self.value!r}")
            object.__setattr__(self, "value", math.inf)
            return
        if self.kind not in get_args(BoundKind):
            raise BoundError(
                f"{self.kind!r} is no kind of error bound; known: {', '.join(get_args(BoundKind))}"
            )
        if not (math.isfinite(self.value) and self.value > 0):
            raise BoundError(f"an error bound must be positive and finite, not {self.value!r}")

    def tightened(self, factor: float) -> ErrorBound:
        """The bound of the same kind that is `factor` times smaller."""
        return ErrorBound(self.kind, self.value / factor)

    def tolerance(self, original: NDArray[np.floating]) -> NDArray[np.float64] | float:
        """The largest allowed abs(error): one number, or one for each value of `original`.

        Raises
        ------
        BoundError
            If the bound is `range_relative`: only a plan, which knows the range, can resolve it.
        """
        if self.kind in ("absolute", "none"):
            return self.value
        if self.kind == "pointwise_relative":
            return np.abs(original.astype(np.float64)) * self.value
        raise BoundError("a range_relative bound must be made absolute before values are compared")

    def to_dict(self) -> dict[str, str | float | None]:
        """The bound as JSON stores it."""
        return {"kind": self.kind, "value": None if self.kind == "none" else self.value}


NO_BOUND = ErrorBound("none", math.inf)
"""What a preview keeps."""
