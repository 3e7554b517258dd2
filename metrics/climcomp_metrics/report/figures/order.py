"""Which levels of a variable to show first."""

from __future__ import annotations

import math
from collections.abc import Iterable

from climcomp_metrics.base import Limits, Value
from climcomp_metrics.criteria import all_criteria


def levels_worst_first(values: Iterable[Value], limits: Limits | None = None) -> tuple[int, ...]:
    """The folded levels, the one that uses up most of any limit first; equal ones by number.

    Parameters
    ----------
    values
        Of all metrics and levels, as `summarise` gives them; those without a number or a limit
        count as nothing, a number that is none as the worst.
    limits
        None: the defaults of METRICS.
    """
    limits = limits or Limits()
    rows = {row.id: row for row in all_criteria()}
    used: dict[int, float] = {}
    for value in values:
        row = rows.get(value.metric)
        if value.level is None or row is None:
            continue
        warn, fail, _ = limits.of_criterion(row)
        limit = warn if fail is None else fail
        share = _share(value.value, limit, row.least)
        used[value.level] = max(used.get(value.level, 0.0), share)
    return tuple(sorted(used, key=lambda level: (-used[level], level)))


def _share(value: float | None, limit: float | None, least: bool) -> float:
    """How much of the way from perfect to the limit is used."""
    if value is None or limit is None:
        return 0.0
    if math.isnan(value):
        return math.inf
    away, allowed = (1.0 - value, 1.0 - limit) if least else (abs(value), limit)
    return away / allowed if allowed > 0 else math.inf if away > 0 else 0.0
