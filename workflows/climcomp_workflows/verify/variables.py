"""From the comparison of its shards to what the receipt says of each variable."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from climcomp.archive import Archive, shard_indices, shard_key
from climcomp.errors import ClimcompError
from climcomp.source import Source
from climcomp_metrics.base import Value, Verdict
from climcomp_metrics.criteria import make_limits
from climcomp_metrics.domain import Domain
from climcomp_metrics.judge import judge
from climcomp_metrics.physical import ShardCheck
from climcomp_metrics.shard_verdicts import merge_checks, shard_verdicts
from climcomp_metrics.summarise import summarise
from climcomp_workflows.cluster import Executor, run_tasks
from climcomp_workflows.domain import read_domain
from climcomp_workflows.gate import failures, in_words, not_enforced
from climcomp_workflows.plan.model import Plan, VariablePlan
from climcomp_workflows.receipt import PREVIEW, How, VariableReceipt
from climcomp_workflows.states import Index
from climcomp_workflows.verify.compare import CompareTask, Finding, compare_shards, levels_of
from climcomp_workflows.verify.context import VerifyKey

# A task's sums travel to this process once: with so many shards of 128 MiB, that costs little.
SHARDS_A_TASK = 64


class Comparison:
    """The comparison of one variable with its source; lives until its receipt is written."""

    def __init__(
        self, plan: Plan, variable: VariablePlan, source: Source, key: VerifyKey, workers: int
    ) -> None:
        self.plan, self.variable, self.source, self.key = plan, variable, source, key
        self.columns: dict[Index, list[Index]] = {}
        for index in shard_indices(variable.spec):
            self.columns.setdefault(levels_of(variable, index), []).append(index)
        # Several tasks for each worker, so that they end together.
        total = sum(map(len, self.columns.values()))
        self.batch = max(1, min(SHARDS_A_TASK, math.ceil(total / (4 * workers))))
        self._open: dict[Index, Finding] = {}
        self._values: dict[Index, list[Value]] = {}
        self.check: ShardCheck | None = None
        self.exact = True
        self._of_shards: list[tuple[Index, str]] = []
        self.problems: list[str] = []

    def tasks(self, crcs: Mapping[str, int]) -> Iterator[tuple[str, CompareTask]]:
        """The tasks, those of the same levels one after the other."""
        name = self.variable.name
        for indices in self.columns.values():
            for start in range(0, len(indices), self.batch):
                part = indices[start : start + self.batch]
                shards = tuple((i, crcs.get(shard_key(self.variable.spec, i))) for i in part)
                yield f"{name} shard {part[0]}", CompareTask(self.key, name, shards)

    def take(self, found: Finding) -> None:
        """Add what a task found; once all shards of some levels are in, only their values stay.

        Where a shard could not be read there are no values: the variable has failed already.
        """
        column = self._open.setdefault(found.levels, Finding(found.levels))
        column.add(found)
        if column.shards < len(self.columns[found.levels]):
            return
        del self._open[found.levels]
        self.exact &= column.exact
        self._of_shards += column.problems
        if column.check is not None:
            self.check = (
                column.check if self.check is None else merge_checks(self.check, column.check)
            )
        if self.variable.settings is None or column.compared < column.shards:
            return
        try:
            assert column.state is not None
            values = summarise(column.state, self.variable.settings, self._domain)
            self._values[found.levels] = values
        except ClimcompError as error:
            self.problems.append(str(error))

    @functools.cached_property
    def _domain(self) -> Domain:
        return read_domain(self.source, self.variable.source_name)

    def receipt(self) -> VariableReceipt:
        """What is said of the variable, once all its tasks are in."""
        variable = self.variable
        self.problems += [text for _, text in sorted(self._of_shards)]
        verdicts: list[Verdict] = []
        try:
            verdicts = self._verdicts()
        except ClimcompError as error:
            self.problems.append(str(error))
        if not self.exact:
            failed = failures(verdicts, variable.enforced, self.plan.checks["require"])
            self.problems += [in_words(v) for v in failed]
            if variable.settings is None and not self.problems:
                self.problems.append("it is not the source's, bit for bit")
        return VariableReceipt(
            variable.name,
            not self.problems,
            "exact" if self.exact or variable.settings is None else self._promised(),
            problems=tuple(self.problems),
            verdicts=tuple(not_enforced(v, variable.enforced) for v in verdicts),
        )

    def _promised(self) -> How:
        return PREVIEW if self.variable.is_preview else "within its bound"

    def _verdicts(self) -> list[Verdict]:
        settings = self.variable.settings
        if settings is None or self.check is None:
            return []
        values = [value for levels in sorted(self._values) for value in self._values[levels]]
        judged = judge(values, settings, make_limits(self.plan.checks["limits"]))
        off = set(self.plan.checks["off"])
        return [
            *shard_verdicts(self.check, settings, self.variable.bound_source),
            *(v for v in judged if v.criterion not in off),
        ]


def compare_variables(
    executor: Executor,
    archive: Archive,
    plan: Plan,
    sources: Mapping[str, Source],
    key: VerifyKey,
    crcs: Mapping[str, int],
    done: Callable[[str, int], None],
) -> Iterator[VariableReceipt]:
    """The receipt of every variable of the plan; `done` is told of values compared, in bytes.

    Raises
    ------
    WorkerLostError
        If workers died again and again: nothing is known then.
    """
    for variable in plan.variables:
        problem = _not_comparable(archive, variable, sources[variable.dataset])
        if problem is not None:
            yield problem
            continue
        done(variable.name, 0)
        source = sources[variable.dataset]
        comparison = Comparison(plan, variable, source, key, executor.slots)
        for found in run_tasks(executor, compare_shards, comparison.tasks(crcs)):
            done(variable.name, found.size_bytes)
            comparison.take(found)
        yield comparison.receipt()


def _not_comparable(
    archive: Archive, variable: VariablePlan, source: Source
) -> VariableReceipt | None:
    """The receipt of a variable that cannot be compared at all; None if it can."""
    name = variable.name
    if name not in archive.specs:
        why = "it was refused: no allowed rung passed its tests. Keep its originals."
        return VariableReceipt(name, False, "not in the archive", problems=(why,))
    described = source.variables.get(variable.source_name)
    if described is None:
        why = f"the source has no variable {variable.source_name!r}: {_names(source)}"
        return VariableReceipt(name, False, "not compared", problems=(why,))
    spec = archive.specs[name]
    planned = variable.spec
    found = (spec.shape, spec.dims, spec.dtype, spec.written)
    if found != (planned.shape, planned.dims, planned.dtype, planned.written):
        why = f"the archive has {found}, its plan says {planned.shape}, {planned.dtype}"
        return VariableReceipt(name, False, "not compared", problems=(why,))
    if described.shape != spec.shape or described.dims != spec.dims:
        why = (
            f"the source has the shape {_shape(described)}, the archive {_shape(spec)}: they are "
            f"not of the same data. Keep the originals."
        )
        return VariableReceipt(name, False, "not compared", problems=(why,))
    return None


def _shape(of: Any) -> str:  # Any: an ArraySpec or a SourceVariable
    return ", ".join(f"{d} {n}" for d, n in zip(of.dims, of.shape, strict=True)) or "of one value"


def _names(source: Source) -> str:
    names = sorted(source.variables)
    more = "" if len(names) <= 10 else f" and {len(names) - 10} more"
    return f"it has {', '.join(itertools.islice(names, 10))}{more}"
