"""The statistics beside the fused pass: their table, how they are found, and who wants them."""

from __future__ import annotations

import importlib
from functools import cache

from climcomp_metrics.base import State, Statistic
from climcomp_metrics.domain import Domain
from climcomp_metrics.field import FieldSettings

_HERE = "climcomp_metrics."

STATISTICS: dict[str, str] = {
    "own": _HERE + "plugins.statistic:OwnMetrics",
    "spectra": _HERE + "spectral.statistic:Spectra",
    "saturated": _HERE + "saturated:Saturated",
    "dssim": _HERE + "similarity.dssim:StructuralSimilarity",
    "fractions": _HERE + "similarity.fractions:Fractions",
    "relative_error": _HERE + "relative_error:RelativeErrors",
    "rmsz": _HERE + "ensemble:MemberScores",
    "distinct": _HERE + "distinct:DistinctValues",
    "error_shape": _HERE + "error_shape:ErrorShapes",
    "season": _HERE + "temporal.season:Season",
    "whiteness": _HERE + "temporal.whiteness:Whiteness",
    "annual": _HERE + "annual.maxima:AnnualExtremes",
    "spells": _HERE + "annual.spells:AnnualSpells",
    "hot_days": _HERE + "annual.hot_days:MonthlyCounts",
    "very_wet_days": _HERE + "annual.very_wet_days:WetDayAmounts",
    "wet_days": _HERE + "annual.wet_days:WetDays",
}
"""Name, which is also the first part of its keys in a state, and "module:Class"."""


@cache
def find_statistic(name: str) -> Statistic:
    """The statistic of this name."""
    module, _, attribute = STATISTICS[name].partition(":")
    statistic: Statistic = getattr(importlib.import_module(module), attribute)()
    return statistic


def applicable_statistics(settings: FieldSettings, domain: Domain) -> list[Statistic]:
    """Those that the variable can have."""
    every = (find_statistic(name) for name in STATISTICS)
    return [statistic for statistic in every if not statistic.lacks(settings, domain)]


def merge_sums(first: State, second: State) -> State:
    """States that add up, key by key; neither is changed."""
    merged = dict(first)
    for key, mine in second.items():
        merged[key] = merged[key] + mine if key in merged else mine  # type: ignore[operator]
    return merged
