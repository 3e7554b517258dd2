"""Why a level cannot have a metric: a text for each reason, None where nothing is against it."""

from __future__ import annotations

import math
from collections.abc import Callable

from climcomp_metrics.level import FEWEST_TIMES, Level

Condition = Callable[[Level], str | None]


def has_values(level: Level) -> str | None:
    """At least one value is finite in both, and the sums of squares are finite too."""
    if not level.totals["count"] > 0:
        return "no value is valid"
    finite = all(math.isfinite(level.totals[name]) for name in ("xx", "ee", "lap_ee"))
    return None if finite else "the squares of the values overflow"


def has_sigma(level: Level) -> str | None:
    """The plan found a standard deviation."""
    good = math.isfinite(level.sigma) and level.sigma > 0
    return None if good else "the standard deviation is zero or undefined"


def has_time(level: Level) -> str | None:
    """The variable has 30 time steps or more."""
    steps = level.settings.shape[0]
    return None if steps >= FEWEST_TIMES else f"{FEWEST_TIMES} time steps are needed, not {steps}"


def has_area(level: Level) -> str | None:
    """Area weights are known for every cell that has values."""
    if level.settings.has_area and math.prod(level.settings.shape[2:]) > 1:
        return f"no area weights: {level.settings.has_area}"
    lost = level.totals["count"] - level.totals["weighed"]
    return f"{lost:.0f} values lie in cells without area" if lost > 0 else None


def has_neighbours(level: Level) -> str | None:
    """Some cells have four valid neighbours."""
    if level.settings.horizontal:
        return f"no horizontal neighbours: {level.settings.horizontal}"
    return None if level.totals["stencils"] > 0 else "no cell has four valid neighbours"


def has_bins(level: Level) -> str | None:
    """The histogram resolves the limits, which begin at sigma/100."""
    bins = level.bins
    if bins.count <= 3:
        return "the sample was constant or empty, so that there are no bins"
    fine = bins.scale == "asinh" or bins.width <= 0.01 * level.sigma
    return None if fine else "the range is too wide for bins as fine as the limit"


def rounding(level: Level) -> float:
    """Half a unit in the last place of the largest x, in the type that the values are stored in."""
    size = max(
        abs(level.totals["most"] + level.bins.reference),
        abs(level.totals["least"] + level.bins.reference),
    )
    return 0.5 * level.precision * size


def above_rounding(level: Level, denominator: float, name: str) -> str | None:
    """A ratio is told only where its denominator is more than rounding."""
    return None if denominator > rounding(level) else f"{name} is under the rounding of the values"


def enough(level: Level, count: float, fewest: int) -> str | None:
    """There are enough values for chance to stay well under the limit."""
    return None if count >= fewest else f"{fewest} values are needed, there are {count:.0f}"


def first_reason(level: Level, *conditions: Condition) -> str | None:
    """The first thing that stands against a metric."""
    reasons = (condition(level) for condition in (has_values, *conditions))
    return next((reason for reason in reasons if reason), None)
