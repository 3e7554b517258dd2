"""What the levels of a group are: pressures, depths, or neither."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.together.model import GroupPart
from climcomp_metrics.together.units import find_unit


def pressures(part: GroupPart, levels: int) -> NDArray[np.float64] | str:
    """(level,) in Pa, or the reason why the levels are no pressure levels.

    Hybrid levels carry nominal values in hPa in many files: their standard_name tells.
    """
    standard = part.level_standard_name
    if "sigma" in standard or "hybrid" in standard:
        return f"the levels are no pressure levels but {standard}"
    return _in_si(part, levels, "pressure", "pressure levels")


def depths(part: GroupPart, levels: int) -> NDArray[np.float64] | str:
    """(level,) in m, positive, or the reason why the levels are no depths."""
    found = _in_si(part, levels, "height", "depths")
    if isinstance(found, str):
        return found
    downward = found if float(found.sum()) >= 0 else -found
    return downward if (downward >= 0).all() else "some levels are above the surface"


def thicknesses(depth: NDArray[np.float64]) -> NDArray[np.float64]:
    """(level,) of the layers around these depths, whose borders lie midway and at the surface.

    The deepest layer reaches as far below its depth as above it. A single layer reaches from the
    surface to twice its depth; one at the surface itself counts as 1 m.
    """
    order = np.argsort(depth)
    sorted_depth = depth[order]
    midway = 0.5 * (sorted_depth[1:] + sorted_depth[:-1])
    upper = np.concatenate([[0.0], midway])
    lower = np.concatenate([midway, [2.0 * sorted_depth[-1] - upper[-1]]])
    layers = np.empty_like(depth)
    layers[order] = lower - upper
    return layers if (layers > 0).all() else np.ones_like(depth)


def _in_si(part: GroupPart, levels: int, kind: str, wanted: str) -> NDArray[np.float64] | str:
    if part.level_values is None:
        return f"the levels have no coordinate: {wanted} are needed"
    if part.level_values.size != levels:
        return f"{levels} levels stand beside a coordinate of {part.level_values.size}"
    unit = find_unit(kind, part.level_unit)
    if unit is None:
        found = f"in {part.level_unit!r}" if part.level_unit else "without a unit"
        return f"the levels are {found}: {wanted} are needed"
    values = unit.to_si(np.asarray(part.level_values, np.float64))
    if not np.isfinite(values).all() or np.unique(values).size != values.size:
        return "the levels are not all known and different"
    if kind == "pressure" and not (values > 0).all():
        return "some levels have no positive pressure"
    return values
