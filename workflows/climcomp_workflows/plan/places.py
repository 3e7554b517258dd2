"""Grids and months of the variables of one source, each read once for all that share it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from climcomp.source import Geometry, Source, SourceVariable, read_geometry, read_time_axis
from climcomp_metrics.base import Limits
from climcomp_metrics.sphere import area_weights
from climcomp_workflows.plan.subject import Dataset, Subject
from climcomp_workflows.recipe import Recipe, settings_for

# What a geometry is read from, beside the coordinates that the roles name.
_GRID_ATTRIBUTES = ("coordinates", "grid_mapping", "cell_measures", "mesh", "location")


@dataclass(slots=True)
class Places:
    """Lives while the variables of a source are planned.

    Of grids only the last is kept: their latitudes, longitudes and weights can be as large as
    fields, and variables of one grid mostly follow each other.
    """

    source: Source
    _months: dict[str, NDArray[np.integer] | None] = field(default_factory=dict)
    _grid: tuple[tuple[object, ...], Geometry, NDArray[np.float64] | str] | None = None

    def months(self, variable: SourceVariable) -> NDArray[np.integer] | None:
        """The calendar month of each step; None where it is not known."""
        key = variable.roles.time_coordinate
        if variable.roles.time is None or key is None:
            return None
        if key not in self._months:
            self._months[key] = read_time_axis(self.source, variable.name).months
        return self._months[key]

    def grid(self, variable: SourceVariable) -> tuple[Geometry, NDArray[np.float64] | str]:
        """The grid of a variable, and its area weights or why there are none."""
        roles = variable.roles
        told = (str(variable.attributes.get(name)) for name in _GRID_ATTRIBUTES)
        key = (variable.group, roles.y, roles.x, roles.cell, roles.lat, roles.lon, *told)
        if self._grid is None or self._grid[0] != key:
            geometry = read_geometry(self.source, variable.name)
            self._grid = key, geometry, area_weights(geometry)
        return self._grid[1:]


def subject_of(
    recipe: Recipe, dataset: Dataset, variable: SourceVariable, places: Places, limits: Limits
) -> Subject:
    """A variable to be planned, with its settings and its place on the Earth."""
    geometry, weights = places.grid(variable)
    return Subject(
        recipe=recipe,
        dataset=dataset,
        variable=variable,
        settings=settings_for(recipe, dataset.named(variable.name)),
        geometry=geometry,
        weights=weights,
        months=places.months(variable),
        limits=limits,
    )
