"""The vertical coordinate that the members of a group share."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from climcomp.source import Source, SourceVariable, read_decoded
from climcomp.source.lookup import resolve


@dataclass(frozen=True, slots=True)
class Vertical:
    """Values of a vertical coordinate as its user reads them, its unit and CF standard_name."""

    values: NDArray[np.float64] | None = None
    unit: str = ""
    standard_name: str = ""

    def of_levels(self, levels: range | None) -> Vertical:
        """The part of some levels; None: all."""
        if self.values is None or levels is None:
            return self
        return replace(self, values=self.values[levels.start : levels.stop])


def read_vertical(source: Source, members: Iterable[SourceVariable]) -> Vertical:
    """The coordinate along the levels of the member that has most of them.

    Without one where levels are folded from several dimensions (ensemble and height), or where the
    dimension has no coordinate of numbers.
    """
    most = max(members, key=lambda v: math.prod(v.shape[v.dims.index(d)] for d in v.roles.level))
    dims = [dim for dim in most.roles.level if most.shape[most.dims.index(dim)] > 1]
    if not dims:
        dims = list(most.roles.level)[-1:]
    coordinate = resolve(source, most, dims[0]) if len(dims) == 1 else None
    if coordinate is None or coordinate.dims != (dims[0],) or coordinate.dtype.kind not in "fiu":
        return Vertical()
    values = read_decoded(source, coordinate.name).astype(np.float64)
    return Vertical(values, text_of(coordinate, "units"), text_of(coordinate, "standard_name"))


def text_of(variable: SourceVariable, name: str) -> str:
    """An attribute that is a text; "" where it is none, or is not there."""
    value = variable.attributes.get(name)
    return value if isinstance(value, str) else ""
