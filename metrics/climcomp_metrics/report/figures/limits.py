"""The limits that figures show as bands."""

from __future__ import annotations

import math
from collections.abc import Sequence

from climcomp_metrics.base import Verdict
from climcomp_metrics.criteria import all_criteria


def limits_of(criterion: str, kind: str, verdicts: Sequence[Verdict] | None) -> tuple[float, float]:
    """WARN and FAIL of a criterion; NaN where there is none.

    Parameters
    ----------
    kind
        The class of the variable.
    verdicts
        Those of the variable, with the limits that were in force; a criterion that was not judged
        has none. None: the defaults of METRICS.
    """
    found: tuple[float | None, float | None] = (None, None)
    if verdicts is None:
        for row in all_criteria():
            if row.id == criterion and kind in row.classes:
                found = (row.warn, row.fail)
    else:
        for verdict in verdicts:
            if verdict.criterion == criterion and verdict.outcome != "n/a":
                found = (verdict.warn, verdict.fail)
    warn, fail = (math.nan if limit is None else limit for limit in found)
    return warn, fail
