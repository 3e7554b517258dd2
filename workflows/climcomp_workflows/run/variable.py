"""One variable on its way through a run: its next task, and what follows from each result."""

from __future__ import annotations

import functools
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from climcomp.archive import shard_indices
from climcomp.errors import ArchiveDamagedError
from climcomp_metrics.base import Limits, Value, Verdict
from climcomp_metrics.judge import judge
from climcomp_metrics.physical import ShardCheck
from climcomp_metrics.shard_verdicts import merge_checks, shard_verdicts
from climcomp_workflows.column import ColumnResult, ColumnTask, judge_column
from climcomp_workflows.context import RunKey
from climcomp_workflows.gate import (
    Accept,
    Decision,
    Refuse,
    Retry,
    decide,
    failures,
    not_enforced,
)
from climcomp_workflows.illustrate.worst import Illustrated, worst_of
from climcomp_workflows.plan.model import VariablePlan
from climcomp_workflows.plan.neural import codes_on_device, waits_for_device
from climcomp_workflows.shard import (
    ShardResult,
    ShardTask,
    column_of,
    compress_shard,
    measure_again,
)
from climcomp_workflows.states import Column, Index

Phase = Literal["compress", "judge", "measure", "done", "refused"]
ROUNDS = 3
Work = tuple[str, Callable[[Any], Any], Any]  # kind of result, function, its frozen argument


@dataclass(slots=True)
class Attempt:
    """One walk over all shards of a variable, from one rung on."""

    number: int
    rung: int
    because: tuple[str, ...] = ()  # what made it necessary

    def to_dict(self) -> dict[str, Any]:
        """The attempt as a journal record says it."""
        return {"attempt": self.number, "rung": self.rung, "because": list(self.because)}

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> Attempt:
        """The attempt that a journal record holds."""
        return cls(record["attempt"], record["rung"], tuple(record["because"]))


@dataclass(slots=True)
class VariableRun:
    """Lives from the start of a run until the variable is accepted or refused."""

    run: RunKey
    plan: VariablePlan
    limits: Limits
    require: frozenset[str]
    off: frozenset[str]
    attempts: list[Attempt]
    results: dict[Index, ShardResult] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    phase: Phase = "compress"
    refused: tuple[str, ...] = ()  # why; before the end: what an earlier run refused it for
    _pending: deque[Any] = field(default_factory=deque)
    _open: int = 0
    _values: dict[Column, tuple[Value, ...]] = field(default_factory=dict)
    _illustrated: list[Illustrated] = field(default_factory=list)
    _missing: list[Index] = field(default_factory=list)
    _left: int = 0  # how many were missing the last time
    _rounds: int = 0  # for how many rounds these were no fewer

    def __post_init__(self) -> None:
        self._pending.extend(self._unfinished())

    @property
    def attempt(self) -> Attempt:
        """The attempt under way, or the last one."""
        return self.attempts[-1]

    @property
    def finished(self) -> bool:
        """True once nothing more is to be done before publication."""
        return self.phase in ("done", "refused")

    @property
    def is_lossy(self) -> bool:
        """Whether some shard was stored by a rung that may lose something."""
        return any(not self.plan.ladder[r.rung].lossless for r in self.results.values())

    @property
    def illustrated(self) -> Illustrated | None:
        """The level to make figures of, if the variable is in the archive with some loss."""
        if self.phase != "done" or not self.is_lossy:
            return None
        values = (value for of_column in self._values.values() for value in of_column)
        return worst_of(self._illustrated, values, self.limits)

    @property
    def raw_bytes(self) -> int:
        """Size of the variable's values as they are stored, before compression."""
        return math.prod(self.plan.spec.shape) * self.plan.spec.numpy_dtype.itemsize

    @property
    def shards(self) -> int:
        """How many shards the variable has."""
        return sum(1 for _ in shard_indices(self.plan.spec))

    def _unfinished(self) -> list[Index]:
        """The shards still to do, all times of the same levels one after the other.

        So a worker adds up one column for long before it turns to the next.
        """
        left = [i for i in shard_indices(self.plan.spec) if i not in self.results]
        settings = self.plan.settings
        if settings is None:
            return left
        levels = settings.axes.level
        return sorted(left, key=lambda i: (tuple(i[a] for a in levels), i))

    @property
    def next_codes_on_device(self) -> bool:
        """Whether the next task is a shard that a device could code."""
        is_shard = self.phase == "compress" and bool(self._pending)
        return is_shard and codes_on_device(self.plan.ladder[self.attempt.rung])

    @property
    def next_waits_for_device(self) -> bool:
        """Whether the next task is a shard that is left to the devices, where there are some."""
        return self.next_codes_on_device and waits_for_device(self.plan.ladder[self.attempt.rung])

    def next_work(self) -> Work | None:
        """The next task to submit, if one can be submitted now."""
        if not self._pending:
            return None
        item = self._pending.popleft()
        self._open += 1
        if self.phase == "judge":
            return "column", judge_column, item
        task = ShardTask(self.run, self.plan.name, item, self.attempt.number, self.attempt.rung)
        if self.phase == "measure":
            return "measured", measure_again, task
        return "shard", compress_shard, task

    def take(self, result: Any) -> None:
        """Take in the result of one of this variable's tasks."""
        self._open -= 1
        if isinstance(result, ShardResult):
            self.results[result.index] = result
        elif isinstance(result, ColumnResult):
            if result.missing:
                self._missing.extend(result.missing)
            else:
                self._values[result.column] = result.values
                self._illustrated += [] if result.illustrated is None else [result.illustrated]

    @property
    def at_rest(self) -> bool:
        """True when every submitted task of the phase has come back and none is pending."""
        return not self.finished and not self._pending and self._open == 0

    def advance(self, flush: Callable[[], None]) -> None:
        """Go to the next phase once this one is at rest; `flush` makes workers write their sums."""
        if self.phase == "compress" and self._must_refuse():
            self.phase = "refused"
        elif self.phase == "compress":
            lossless = self.plan.ladder[self.attempt.rung].lossless
            if self.plan.settings is None or lossless:
                self.verdicts = self._of_shards()
                self.phase = "done"
                return
            flush()
            self._to_judge(set(self._columns()))
        elif self.phase == "measure":
            flush()
            self._to_judge({c for c in self._columns() if c not in self._values})
        elif self._missing:
            self._measure_missing()
        else:
            self._conclude()

    def _measure_missing(self) -> None:
        """Have the shards measured that no written state covers.

        Raises
        ------
        ArchiveDamagedError
            If that does not make them fewer, three times running: a worker that dies takes its sums
            along, but a store that does not give back what is put there will not mend itself.
        """
        fewer = not self._left or len(self._missing) < self._left
        self._rounds = 1 if fewer else self._rounds + 1
        self._left = len(self._missing)
        if self._rounds > ROUNDS:
            shown = ", ".join(str(index) for index in sorted(self._missing)[:3])
            raise ArchiveDamagedError(
                f"{self.plan.name}: {len(self._missing)} shards ({shown}, ...) were measured "
                f"{ROUNDS} times and their statistics are still not in {self.run.store}; wanted "
                f"those of the bytes that were checked. The store loses or changes what is written "
                f"to it. Nothing is published. Check the file system, then run again: shards that "
                f"have changed are compressed anew."
            )
        self._pending.extend(self._missing)
        self._missing.clear()
        self.phase = "measure"

    def _must_refuse(self) -> bool:
        """Whether shards fell to lossless in a variable whose recipe forbids that."""
        if self.plan.on_fail != "refuse" or self.plan.how != "lossy":
            return False
        fallen = [r for r in self.results.values() if self.plan.ladder[r.rung].lossless]
        if fallen:
            self.refused = tuple(text for result in fallen for text in result.fallbacks)
            self.verdicts = self._of_shards()
        return bool(fallen)

    def _columns(self) -> dict[Column, list[Index]]:
        columns: dict[Column, list[Index]] = {}
        for index in shard_indices(self.plan.spec):
            column = column_of(self.plan, index, self.attempt.number)
            columns.setdefault(column, []).append(index)
        return columns

    def _to_judge(self, wanted: set[Column]) -> None:
        for column, shards in self._columns().items():
            if column in wanted:
                stored = tuple((index, self.results[index].sha256) for index in shards)
                self._pending.append(ColumnTask(self.run, column, stored))
        self.phase = "judge"

    def _of_shards(self) -> list[Verdict]:
        """The shard criteria, judged on all shards together."""
        if self.plan.settings is None or not self.results:
            return []
        checks = (ShardCheck.from_dict(self.results[i].check) for i in sorted(self.results))
        total = functools.reduce(merge_checks, checks)
        return shard_verdicts(total, self.plan.settings, self.plan.bound_source)

    def _conclude(self) -> None:
        settings = self.plan.settings
        assert settings is not None
        values = [
            value
            for column in sorted(self._values, key=lambda c: c.levels)
            for value in self._values[column]
        ]
        judged = [v for v in judge(values, settings, self.limits) if v.criterion not in self.off]
        found = self._of_shards() + judged
        self.verdicts = [not_enforced(v, self.plan.enforced) for v in found]
        self._follow(self._decide(failures(found, self.plan.enforced, self.require)))

    def reconsider(self, failed: list[Verdict]) -> None:
        """Begin again, or be refused: an accepted variable failed together with others."""
        assert self.phase == "done"
        assert failed
        self._follow(self._decide(failed))

    def _decide(self, failed: list[Verdict]) -> Decision:
        attempt, rungs = self.attempt, len(self.plan.ladder)
        return decide(failed, attempt.rung, rungs, attempt.number, self.plan.on_fail)

    def _follow(self, decision: Decision) -> None:
        if isinstance(decision, Accept):
            self.phase = "refused" if self.refused else "done"
        elif isinstance(decision, Refuse):
            self.phase, self.refused = "refused", decision.because
        else:
            self._retry(decision)

    def _retry(self, decision: Retry) -> None:
        self.attempts.append(Attempt(self.attempt.number + 1, decision.rung, decision.because))
        self.results.clear()
        self._values.clear()
        self._illustrated.clear()
        self._left = 0
        self._pending.extend(self._unfinished())
        self.phase = "compress"
