"""Tasks after the shards: the values of the metrics from the merged statistics, and re-hashing."""

from __future__ import annotations

from dataclasses import dataclass

from climcomp.archive import Entry, Mismatch, rehash
from climcomp_metrics.base import Value
from climcomp_metrics.criteria import make_limits
from climcomp_metrics.summarise import summarise
from climcomp_workflows.context import RunKey, context_of
from climcomp_workflows.illustrate.worst import Illustrated, illustrate_worst
from climcomp_workflows.states import Column, Index, merged_state


@dataclass(frozen=True, slots=True)
class ColumnTask:
    """All shards of the same levels of one variable, with the SHA-256 of their stored bytes."""

    run: RunKey
    column: Column
    shards: tuple[tuple[Index, str], ...]


@dataclass(frozen=True, slots=True)
class ColumnResult:
    """The metrics' values on these levels, and of which the store has the figures' data; or the
    shards that no written state covers."""

    column: Column
    values: tuple[Value, ...]
    missing: tuple[Index, ...]
    illustrated: Illustrated | None = None


def judge_column(task: ColumnTask) -> ColumnResult:
    """Merge what workers have written of a column and compute the metrics' values from it."""
    context = context_of(task.run)
    variable = context.plan.variable(task.column.variable)
    state, missing = merged_state(context.store, task.column, dict(task.shards))
    if missing or state is None or variable.settings is None:
        return ColumnResult(task.column, (), tuple(missing))
    settings, domain = variable.settings, context.domain(variable)
    values = summarise(state, settings, domain)
    illustrated = None
    if context.plan.figures:
        limits = make_limits(context.plan.checks["limits"])
        illustrated = illustrate_worst(
            context.store, task.column, state, settings, domain, values, limits
        )
    return ColumnResult(task.column, tuple(values), (), illustrated)


@dataclass(frozen=True, slots=True)
class RehashTask:
    """Stored objects to be read again and compared with what was journalled of them."""

    run: RunKey
    entries: tuple[Entry, ...]


def rehash_objects(task: RehashTask) -> tuple[Mismatch, ...]:
    """The entries whose object is missing, or has another size or checksum."""
    return tuple(rehash(context_of(task.run).store, task.entries))
