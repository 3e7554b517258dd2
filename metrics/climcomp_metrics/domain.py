"""Where and when the values of a variable are: area weights, coordinates, dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.clock import Clock

GridKind = Literal[
    "latlon", "gaussian", "curvilinear", "rotated", "projected", "unstructured", "none"
]


@dataclass(frozen=True, slots=True)
class Domain:
    """What the metrics know of a variable's grid and dates, beside its settings.

    Read from the source by whoever measures, never stored: it is as large as a field.

    Parameters
    ----------
    weights : (y, x) of the whole variable
        Area weights, as `sphere.area_weights` gives them; None where there are none.
    grid
        What kind of grid it is, as `climcomp.source.Geometry` says.
    lat, lon
        Degrees, in the order of the data: (y,) and (x,) for `latlon` and `gaussian`; (y, x) for
        `curvilinear`, `rotated` and `projected`; (cell,) for `unstructured`. None if not known.
    clock
        The date of every time step; None if not known, and for samples of a record.
    """

    weights: NDArray[np.float64] | None = None
    grid: GridKind = "none"
    lat: NDArray[np.float64] | None = None
    lon: NDArray[np.float64] | None = None
    clock: Clock | None = None
