"""One window of a bundle of groups on a worker, and how windows come together again."""

from __future__ import annotations

import functools
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from climcomp.archive import read_stored
from climcomp_metrics.base import State
from climcomp_workflows.context import RunKey, context_of
from climcomp_workflows.together.bundle import Bundle
from climcomp_workflows.together.judge import Sums
from climcomp_workflows.together.measure import sums_of
from climcomp_workflows.together.model import GroupPlan

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class WindowTask(Generic[Key]):
    """Some time steps of a bundle; `key` names the run or the verification."""

    key: Key
    number: int
    bundle: Bundle
    steps: range
    exact: tuple[str, ...]  # members that come back bit for bit


@dataclass(frozen=True, slots=True)
class WindowSums:
    """What the groups of a bundle sum a window up to; windows count from 0 in each bundle."""

    number: int
    bundle: Bundle
    states: tuple[State, ...]
    seconds: float = 0.0


def measure_window(task: WindowTask[RunKey]) -> WindowSums:
    """Sum up one window, from the source's values and what the shards stored so far decode to.

    Raises
    ------
    ArchiveDamagedError
        If a stored shard is gone or does not decode.
    SourceError
        If the source cannot be read, or has changed.
    """
    context = context_of(task.key)
    started = time.perf_counter()
    stored = functools.partial(read_stored, context.store)
    states = sums_of(task.bundle, task.steps, context, stored, task.exact)
    return WindowSums(task.number, task.bundle, states, time.perf_counter() - started)


def window_tasks(
    key: Key, bundle: Bundle, exact: Collection[str]
) -> Iterator[tuple[str, WindowTask[Key]]]:
    """The tasks of a bundle, each with what it is called in errors.

    Parameters
    ----------
    exact
        Variables that come back bit for bit.
    """
    known = tuple(name for name in bundle.names if name in exact)
    for number, steps in enumerate(bundle.windows()):
        text = f"{bundle.label}, time steps {steps[0]} to {steps[-1]}"
        yield text, WindowTask(key, number, bundle, steps, known)


class InOrder:
    """The sums of a bundle's windows, merged in the order of time whenever they come in.

    Rounding depends on the order, and a resumed run must find the very same numbers. Lives until
    the last window is in; `states` are then those of the groups, in their order.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self._early: dict[int, tuple[State, ...]] = {}
        self._next = 0
        self.states: tuple[State, ...] = ()

    def take(self, sums: WindowSums) -> None:
        """Take in one window."""
        self._early[sums.number] = sums.states
        while self._next in self._early:
            states = self._early.pop(self._next)
            if self.states:
                pairs = zip(self.bundle.groups, self.states, states, strict=True)
                states = tuple(group.relation.merge(mine, new) for group, mine, new in pairs)
            self.states = states
            self._next += 1


def sums_of_group(group: GroupPlan, merged: Iterable[InOrder]) -> Sums:
    """What the bundles of a run or verification have of one group, block of levels by block."""
    return [
        (one.bundle.levels, state)
        for one in merged
        for mine, state in zip(one.bundle.groups, one.states, strict=False)
        if mine == group
    ]
