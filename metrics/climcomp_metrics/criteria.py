"""The table of criteria: rows of METRICS with their limits, whose they are, and who computes."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points

from climcomp.errors import RecipeError
from climcomp_metrics.base import Criterion, Limits
from climcomp_metrics.suites import CRITERIA

GROUP = "climcomp.metrics"
"""Entry points of this group name a `Criterion` whose `metric` is "module:Class"."""


@cache
def all_criteria() -> tuple[Criterion, ...]:
    """The table, and the criteria that other installed packages add."""
    added = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        criterion = point.load()
        if isinstance(criterion, Criterion):
            added.append(criterion)
    return (*CRITERIA, *added)


def find_criterion(criterion_id: str) -> Criterion:
    """The row of the table with this id."""
    return next(criterion for criterion in all_criteria() if criterion.id == criterion_id)


def make_limits(overrides: Mapping[str, float], overridden_by: str = "recipe") -> Limits:
    """The default limits with some of them replaced, such as {"C1.fail": 0.02}.

    Raises
    ------
    RecipeError
        If a name is not that of a criterion whose limit can be set, or a number is no limit; all
        problems at once, each with the nearest name.
    """
    known = sorted(
        f"{criterion.id}.{end}"
        for criterion in all_criteria()
        if criterion.scope != "shard"
        for end in ("warn", "fail")
    )
    problems = []
    for name, limit in overrides.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
            problems.append(f"{name!r} is no limit that can be set; the nearest is {near!r}")
        elif not (math.isfinite(limit) and limit > 0):
            problems.append(f"{name} must be a positive number, not {limit!r}")
    if problems:
        raise RecipeError("; ".join(problems), tuple(problems))
    return Limits(dict(overrides), overridden_by)
