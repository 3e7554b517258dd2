"""What a metric of one's own is told of the field that it is given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from climcomp.errors import MetricError


@dataclass(frozen=True, slots=True)
class Grid:
    """Where a horizontal field lies, in space and in its record. Its arrays are read-only.

    Parameters
    ----------
    name, unit
        Of the variable.
    lat, lon
        Degrees, in the order of the field: (y,) and (x,) for latitude-longitude grids, (y, x) for
        curvilinear, rotated and projected ones, (cell,) for unstructured ones. None if not known.
    weights : of the field's shape
        Area weights; None where the grid gives none. Only their ratios mean anything.
    time, level
        The step in the record and the folded level, both from 0; on the samples that a plan looks
        at, those in the sample.
    """

    name: str
    unit: str
    lat: NDArray[np.float64] | None
    lon: NDArray[np.float64] | None
    weights: NDArray[np.float64] | None
    time: int
    level: int

    def mean(self, values: NDArray[np.floating]) -> float:
        """The area-weighted mean of a field over the cells that are not NaN; NaN without any.

        Raises
        ------
        MetricError
            If the grid has no area weights: a mean of cells of unlike size would be of nothing; or
            the values are not one for each cell.
        """
        if self.weights is None:
            raise MetricError(f"{self.name}: its grid has no area weights, so it has no area mean")
        if values.shape != self.weights.shape:
            raise MetricError(
                f"{self.name}: found values of shape {values.shape}, wanted one for each cell, "
                f"{self.weights.shape}: an area mean needs to know which cells they are of"
            )
        weights, valid = self.weights, np.isfinite(values)
        if not valid.all():
            weights, values = weights[valid], values[valid]
        total = float(weights.sum())
        return float(np.vdot(weights, values)) / total if total else np.nan


def read_only(values: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    """The same values, which whoever is given them cannot change."""
    if values is None:
        return None
    view = values.view()
    view.flags.writeable = False
    return view
