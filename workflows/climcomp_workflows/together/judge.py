"""From the sums of a group to verdicts that name it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from climcomp_metrics.base import Limits, State, Value, Verdict
from climcomp_metrics.criteria import find_criterion
from climcomp_metrics.together.judging import judge_group
from climcomp_workflows.gate import Enforced
from climcomp_workflows.plan.model import Plan
from climcomp_workflows.together.model import GroupPlan

Sums = list[tuple[range | None, State]]
"""Of a group: the merged sums of each block of levels; None: of all levels at once."""


def judge_sums(group: GroupPlan, sums: Sums, limits: Limits) -> list[Verdict]:
    """One verdict for each of the group's criteria, from the sums of all its windows."""
    values: list[Value] = []
    for levels, state in sums:
        with np.errstate(over="ignore", invalid="ignore"):  # the metrics say so instead
            found = group.relation.values(group.group, state)
        values += found if levels is None else [_of_all(value, levels) for value in found]
    return _judged(group, values, limits)


def _of_all(value: Value, levels: range) -> Value:
    """A value of a block of levels, its level counted among all of them."""
    if value.level is None and (value.value is None or len(levels) > 1):
        return value
    return replace(value, level=levels.start + (value.level or 0))


def judge_absent(group: GroupPlan, absent: Iterable[str], limits: Limits) -> list[Verdict]:
    """The verdicts of a group of which some members are not in the archive: all n/a."""
    reason = f"not in the archive: {', '.join(absent)}"
    values = [
        Value(name, None, None, find_criterion(name).unit, reason=reason) for name in group.criteria
    ]
    return _judged(group, values, limits)


def enforced_of(plan: Plan, names: Iterable[str]) -> Enforced:
    """Whether the criteria of a group decide: all do where one of its lossy members says so."""
    found = {v.enforced for v in map(plan.variable, names) if v.how == "lossy"} or {"bounds"}
    return next(one for one in ("all", "bounds", "masks") if one in found)


def _judged(group: GroupPlan, values: list[Value], limits: Limits) -> list[Verdict]:
    label = group.group.label
    return [
        verdict
        if label in verdict.place
        else replace(verdict, place=", ".join(filter(None, (label, verdict.place))))
        for verdict in judge_group(values, group.group, limits)
        if verdict.criterion in group.criteria
    ]
