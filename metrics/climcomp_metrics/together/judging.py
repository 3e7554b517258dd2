"""From the values of a group to verdicts."""

from __future__ import annotations

from collections.abc import Sequence

from climcomp_metrics.base import Limits, Value, Verdict
from climcomp_metrics.criteria import find_criterion
from climcomp_metrics.judge import judge_criterion
from climcomp_metrics.together.model import Group
from climcomp_metrics.together.relations import find_relation


def judge_group(
    values: Sequence[Value], group: Group, limits: Limits | None = None
) -> list[Verdict]:
    """One verdict for each criterion of the group's relation.

    Parameters
    ----------
    values
        What the relation gave for the merged state of the group; values of others are left out.
    limits
        None: the defaults of METRICS.

    Notes
    -----
    The place of each verdict ends with the group ("time 3, 500 hPa, wind of ua and va"), so that it
    can stand with any of its members.
    """

    def place(value: Value) -> str:
        time = "" if value.time is None else f"time {value.time}"
        # A level that has a name, such as "500 hPa", needs no number.
        level = "" if value.level is None or value.place else f"level {value.level}"
        return ", ".join(filter(None, (time, level, value.place, group.label)))

    return [
        judge_criterion(find_criterion(criterion), values, limits or Limits(), place)
        for criterion in find_relation(group.relation).criteria
    ]
