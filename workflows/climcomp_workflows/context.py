"""What a process that runs tasks keeps open between them: the plan, its sources, domains, sums."""

from __future__ import annotations

import json
import math
import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.archive import ArchiveStore, open_store
from climcomp.errors import ArchiveDamagedError
from climcomp.source import Source, open_source
from climcomp_metrics.domain import Domain
from climcomp_workflows.domain import read_domain
from climcomp_workflows.plan.model import Plan, VariablePlan
from climcomp_workflows.plan.own_code import with_code
from climcomp_workflows.states import Accumulator

PLAN_KEY = "climcomp/plan.json"


def stored_plan(store: ArchiveStore) -> Plan:
    """The plan of an unfinished run.

    Raises
    ------
    ArchiveDamagedError
        If it is gone, or is no plan.
    """
    try:
        return Plan.from_dict(json.loads(store.get(PLAN_KEY)))
    # A damaged text can be wrong in any way that a parser and constructors can meet.
    except (OSError, ValueError, KeyError, TypeError, AttributeError, AssertionError) as err:
        raise ArchiveDamagedError(
            f"{store.root / PLAN_KEY} is no plan that this version of climcomp can read "
            f"({type(err).__name__}: {err}); without it nobody knows what the stored shards mean. "
            f"Restore that file from a copy, or go on with the climcomp that began the run; "
            f"otherwise delete {store.root} and run again."
        ) from err


@dataclass(frozen=True, slots=True)
class RunKey:
    """Names one run: its store, its plan and the epoch of its lease."""

    store: str
    plan_digest: str
    epoch: int


@dataclass(slots=True)
class RunContext:
    """Lives in a process from its first task of a run to its first task of another."""

    key: RunKey
    store: ArchiveStore
    plan: Plan
    accumulator: Accumulator
    lock: threading.Lock = field(default_factory=threading.Lock)  # tasks against flushes
    _sources: dict[str, Source] = field(default_factory=dict)
    _domains: dict[str, Domain] = field(default_factory=dict)
    _decoded: NDArray[np.uint8] = field(default_factory=lambda: np.empty(0, np.uint8))

    def room_for_decoded(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """Memory for the decoded values of one shard, the same for every shard.

        What it held before is overwritten. Fresh memory of a shard's size costs the system as much
        time as half a decode (measured on a virtual machine: 0.3 s of 128 MiB).
        """
        size = math.prod(shape) * dtype.itemsize
        if self._decoded.size < size:
            self._decoded = np.empty(size, np.uint8)
        return self._decoded[:size].view(dtype).reshape(shape)

    def source(self, variable: VariablePlan) -> Source:
        """The opened source of a variable."""
        if variable.dataset not in self._sources:
            dataset = self.plan.datasets[variable.dataset]
            source = open_source(dataset.spec)
            # Otherwise a file replaced after the plan was made would be taken for the planned one.
            source.check_unchanged(dataset.identity)
            self._sources[variable.dataset] = source
        return self._sources[variable.dataset]

    def domain(self, variable: VariablePlan) -> Domain:
        """The grid and the dates of a variable."""
        if variable.name not in self._domains:
            found = read_domain(self.source(variable), variable.source_name)
            # One variable at a time: weights are as large as a field.
            self._domains = {variable.name: found}
        return self._domains[variable.name]

    def close(self) -> None:
        """Close the sources."""
        for source in self._sources.values():
            source.close()
        self._sources.clear()


_current: RunContext | None = None


def context_of(key: RunKey) -> RunContext:
    """The context of a run in this process, loaded from the run's store at its first task."""
    global _current
    if _current is None or _current.key != key:
        if _current is not None:
            _current.close()
        store = open_store(key.store)
        plan = _plan_of(key, store)
        _current = RunContext(key, store, plan, Accumulator(store))
    return _current


def _plan_of(key: RunKey, store: ArchiveStore) -> Plan:
    """The run's plan, with the code of its own metrics, which the client has seen to be the user's.

    Raises
    ------
    ArchiveDamagedError
        If the stored plan is not the one that the run began with.
    """
    plan = stored_plan(store)
    if (found := plan.digest()) != key.plan_digest:
        raise ArchiveDamagedError(
            f"{store.root / PLAN_KEY} is not the plan that this run began with: its digest is "
            f"{found[:16]}, wanted {key.plan_digest[:16]}. Somebody changed it. Nothing is "
            f"published; restore it from a copy, or delete {store.root} and run again."
        )
    return with_code(plan, plan.own_code)


def flush_states(key: RunKey) -> None:
    """Write what this process has summed up of a run into the store."""
    if _current is not None and _current.key == key:
        with _current.lock:
            _current.accumulator.flush()


def close_context() -> None:
    """Close what this process keeps open of a run; unflushed sums are dropped."""
    global _current
    if _current is not None:
        _current.close()
        _current = None
