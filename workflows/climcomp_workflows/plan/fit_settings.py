"""What a recipe and a grid say of the networks that are fitted to blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from climcomp_workflows.plan.model import Settings
from climcomp_workflows.recipe.neural import NeuralRecipe

if TYPE_CHECKING:
    from climcomp_workflows.plan.subject import Subject

# Our own: rows are evenly spaced for a network if none is farther off than this part of a step.
# Those of Gaussian grids are within a fiftieth.
EVEN = 0.1


def fit_settings(recipe: NeuralRecipe, latitudes: tuple[float, float] | None = None) -> Settings:
    """What a recipe says of fits, as settings of a codec that makes them.

    Parameters
    ----------
    latitudes
        Of the first and the last row of each block, in degrees; only networks of coordinates ask.
    """
    found: list[tuple[str, object]] = []
    if recipe.inr != "grids":
        found.append(("kind", recipe.inr))
        found += [("latitudes", latitudes)] if latitudes is not None else []
    if recipe.inr == "grids" and recipe.fit != "normal":
        found.append(("effort", 0))
    return tuple(found)


def fit_settings_of(subject: Subject, chunk: tuple[int, ...], *, masked: bool) -> Settings:
    """The same for the blocks of a variable; `masked` says that some values are missing."""
    latitudes = _latitudes(subject, chunk, masked=masked)
    return fit_settings(subject.recipe.neural, latitudes)


def _latitudes(
    subject: Subject, chunk: tuple[int, ...], *, masked: bool
) -> tuple[float, float] | None:
    """The latitudes of the first and the last row that every block of a variable has.

    None where blocks are parts of a field, rows have no latitudes or are unevenly spaced, or rows
    and columns are not the last two dimensions; or where some values are missing, for a block
    without its last rows, should these be all missing, is coded as a smaller one.
    """
    variable, geometry = subject.variable, subject.geometry
    lat, roles = geometry.lat, variable.roles
    is_plain = geometry.kind in ("latlon", "gaussian") and variable.dims[-2:] == (roles.y, roles.x)
    if lat is None or not is_plain or masked or chunk[-2] < variable.shape[-2]:
        return None
    if not _is_even(lat):
        return None
    first, last = np.clip(lat[[0, -1]], -90.0, 90.0)  # beyond them by rounding
    return float(first), float(last)


def _is_even(lat: NDArray[np.float64]) -> bool:
    even = np.linspace(lat[0], lat[-1], lat.size)
    step = abs(float(lat[-1] - lat[0])) / max(1, lat.size - 1)
    return step > 0 and bool((np.abs(lat - even) <= EVEN * step).all())
