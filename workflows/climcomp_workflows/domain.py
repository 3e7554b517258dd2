"""The grid and the dates of a variable, read from its source for the metrics."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp.source import Geometry, Source, read_geometry, read_time_axis
from climcomp_metrics.clock import Clock, make_clock
from climcomp_metrics.domain import Domain
from climcomp_metrics.sphere import area_weights


def read_domain(source: Source, name: str) -> Domain:
    """The domain of a variable; what the source does not say is None.

    Raises
    ------
    SourceError
        If the source cannot be read.
    """
    geometry = read_geometry(source, name)
    found = area_weights(geometry)
    return make_domain(geometry, None if isinstance(found, str) else found, _clock(source, name))


def make_domain(
    geometry: Geometry, weights: NDArray[np.float64] | None, clock: Clock | None
) -> Domain:
    """The domain of a grid; bounds and areas, which are larger, are left behind."""
    return Domain(weights, geometry.kind, geometry.lat, geometry.lon, clock)


def _clock(source: Source, name: str) -> Clock | None:
    variable = source.variables[name]
    if variable.roles.time is None:
        return None
    steps = variable.shape[variable.dims.index(variable.roles.time)]
    return make_clock(read_time_axis(source, name), steps)
