"""The figures' data of a column's worst level, made when its sums are merged and at hand."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from climcomp.archive import ArchiveStore
from climcomp_metrics.base import Limits, State, Value
from climcomp_metrics.domain import Domain
from climcomp_metrics.field import FieldSettings
from climcomp_metrics.level import make_level
from climcomp_metrics.report.figures import illustrate, levels_worst_first, to_bytes, worst_time
from climcomp_workflows.states import Column

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Illustrated:
    """A level of which the store has the figures' data.

    Parameters
    ----------
    key
        Of the working object; empty where the data could not be made, `reason` says why.
    time
        The step with the largest error; None where nothing is wrong at any.
    """

    level: int
    key: str
    time: int | None = None
    reason: str = ""


def illustrate_worst(
    store: ArchiveStore,
    column: Column,
    state: State,
    settings: FieldSettings,
    domain: Domain,
    values: Sequence[Value],
    limits: Limits,
) -> Illustrated | None:
    """Store the figures' data of the level that uses up most of its limits.

    Parameters
    ----------
    state
        The merged sums of the column.
    values
        The metrics' values from them.

    Returns
    -------
    None if the column has no level with a value.

    Raises
    ------
    StorageError
        If the store refuses.
    """
    order = levels_worst_first(values, limits)
    if not order:
        return None
    index = order[0]
    try:
        level = make_level(state, index, settings, domain)
        data, time = to_bytes(illustrate(level)), worst_time(level)
    except Exception as error:
        # Pictures are no reason to lose hours of work: what is checked can be published.
        reason = f"the figures' data could not be made: {type(error).__name__}: {error}"
        logger.warning("%s: %s. Please report this.", settings.variable, reason)
        return Illustrated(index, "", reason=reason)
    key = f"{column.prefix.rstrip('/')}.figures.npz"
    store.put(key, data)
    return Illustrated(index, key, time)


def worst_of(
    illustrated: Iterable[Illustrated], values: Iterable[Value], limits: Limits
) -> Illustrated | None:
    """Of the worst levels of all columns the worst, by all values of the variable."""
    found = {one.level: one for one in illustrated}
    order = levels_worst_first(values, limits)
    return next((found[level] for level in order if level in found), None)
