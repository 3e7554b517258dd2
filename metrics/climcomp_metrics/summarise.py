"""From merged states to values: every metric of every level."""

from __future__ import annotations

import importlib
from functools import cache

import numpy as np

from climcomp_metrics.base import Criterion, Metric, State, Value
from climcomp_metrics.criteria import all_criteria
from climcomp_metrics.domain import Domain
from climcomp_metrics.field import FieldSettings
from climcomp_metrics.level import make_level
from climcomp_metrics.plugins.statistic import own_value
from climcomp_metrics.state import levels_of


def summarise(state: State, settings: FieldSettings, domain: Domain) -> list[Value]:
    """Every variable-scope metric of every level that a merged state has seen.

    Parameters
    ----------
    state
        All parts of these levels, merged; other levels may be in other states.
    domain
        The same that `measure` was given.
    """
    criteria = _of_table(settings)
    values = []
    for index in levels_of(state):
        level = make_level(state, index, settings, domain)
        # Squares of values near the largest number overflow; the metrics say so instead.
        with np.errstate(over="ignore", invalid="ignore"):
            values += [load_metric(criterion).value(level) for criterion in criteria]
            values += [own_value(own, level) for own in settings.own]
    return values


def applicable(settings: FieldSettings) -> tuple[Criterion, ...]:
    """The variable-scope criteria for a variable of this class, and those of its own metrics."""
    return (*_of_table(settings), *(own.criterion for own in settings.own))


def _of_table(settings: FieldSettings) -> tuple[Criterion, ...]:
    return tuple(
        criterion
        for criterion in all_criteria()
        if criterion.scope == "variable" and settings.kind in criterion.classes
    )


def load_metric(criterion: Criterion) -> Metric:
    """The metric that a criterion judges."""
    return _load(criterion.metric)


@cache
def _load(name: str) -> Metric:
    module, _, attribute = name.partition(":")
    metric: Metric = getattr(importlib.import_module(module), attribute)()
    return metric
