"""Criteria over several variables in a run: measured once their variables are accepted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from climcomp.source import Source
from climcomp_metrics.base import Limits, Verdict
from climcomp_metrics.criteria import make_limits
from climcomp_workflows.cluster import run_tasks
from climcomp_workflows.context import RunKey
from climcomp_workflows.gate import failures, not_enforced
from climcomp_workflows.plan.model import Plan
from climcomp_workflows.run.loop import Loop
from climcomp_workflows.run.variable import VariableRun
from climcomp_workflows.together.bundle import Bundle, bundles
from climcomp_workflows.together.judge import Sums, enforced_of, judge_absent, judge_sums
from climcomp_workflows.together.model import GroupPlan
from climcomp_workflows.together.task import (
    InOrder,
    WindowSums,
    WindowTask,
    measure_window,
    sums_of_group,
    window_tasks,
)

# Of each member whether it is in the archive, and with which attempt: what a verdict was of.
_Standing = tuple[tuple[str, int], ...]


@dataclass(slots=True)
class _Judged:
    """The newest verdicts of a group, and what they were of."""

    standing: _Standing
    verdicts: list[Verdict]


class Groups:
    """The groups of a plan; lives from the first shard of a run until none of them fails."""

    def __init__(
        self, plan: Plan, sources: Mapping[str, Source], variables: list[VariableRun], loop: Loop
    ) -> None:
        self._plan, self._sources, self._loop = plan, sources, loop
        self._runs = {variable.plan.name: variable for variable in variables}
        self._limits: Limits = make_limits(plan.checks["limits"])
        self._judged: dict[int, _Judged] = {}
        self.seconds = 0.0  # of workers

    def finish(self, variables: list[VariableRun]) -> None:
        """Bring every variable to its verdict, alone and together with others.

        A criterion that fails sends all lossy partners one rung down, and what then contains one of
        them is measured again. It ends, because each has few lossy attempts; a group whose members
        are all lossless has nothing to fail.

        Raises
        ------
        ClimcompError
            What a task raised. What is journalled stays done.
        """
        self._loop.finish(variables)
        while failed := self._failed():
            self._loop.reconsider(failed)
            self._loop.finish(variables)

    def verdicts(self) -> dict[str, list[Verdict]]:
        """By variable, as a report shows them: each verdict stands with every partner."""
        found: dict[str, list[Verdict]] = {}
        for number, group in enumerate(self._plan.together):
            if number in self._judged:
                enforced = enforced_of(self._plan, group.names)
                shown = [not_enforced(v, enforced) for v in self._judged[number].verdicts]
                for name in group.names:
                    found.setdefault(name, []).extend(shown)
        return found

    def _failed(self) -> list[tuple[VariableRun, list[Verdict]]]:
        """The variables that must begin again, each with all that it failed with others."""
        self._measure()
        failed: dict[str, list[Verdict]] = {}
        for number, judged in self._judged.items():
            group = self._plan.together[number]
            enforced = enforced_of(self._plan, group.names)
            require = frozenset(self._plan.checks["require"])
            if found := failures(judged.verdicts, enforced, require):
                for name in self._lossy(group):
                    failed.setdefault(name, []).extend(found)
        return [(self._runs[name], verdicts) for name, verdicts in failed.items()]

    def _measure(self) -> None:
        """Judge every group of which some member has changed since it was judged."""
        due: dict[int, _Standing] = {}
        for number, group in enumerate(self._plan.together):
            standing = self._standing(group)
            if not self._lossy(group):
                self._judged.pop(number, None)
            elif number not in self._judged or self._judged[number].standing != standing:
                due[number] = standing
        groups = self._plan.together
        whole = [number for number in due if not self._absent(groups[number])]
        sums = self._sums([groups[number] for number in whole])
        for number, standing in due.items():
            if number in whole:
                found = sums[whole.index(number)]
                verdicts = judge_sums(groups[number], found, self._limits)
            else:
                absent = self._absent(groups[number])
                verdicts = judge_absent(groups[number], absent, self._limits)
            self._judged[number] = _Judged(standing, verdicts)

    def _sums(self, groups: list[GroupPlan]) -> list[Sums]:
        """The sums of each group over all its windows."""
        bundled = bundles(groups, self._plan, self._sources)
        for bundle in bundled:
            self._loop.progress.say(f"judging together: {bundle.label}")
        merged = [InOrder(bundle) for bundle in bundled]
        done: WindowSums
        for done in run_tasks(self._loop.executor, measure_window, self._tasks(bundled)):
            self._loop.heartbeat.check()
            self._loop.journal.tick()
            self.seconds += done.seconds
            merged[bundled.index(done.bundle)].take(done)
        return [sums_of_group(group, merged) for group in groups]

    def _tasks(self, bundled: list[Bundle]) -> Iterator[tuple[str, WindowTask[RunKey]]]:
        for bundle in bundled:
            exact = set(bundle.names) - set(self._lossy(bundle))
            yield from window_tasks(self._loop.run, bundle, exact)

    def _lossy(self, group: GroupPlan | Bundle) -> list[str]:
        """The members that are in the archive and may differ from their source."""
        return [
            name
            for name in group.names
            if name in self._runs and self._runs[name].phase == "done" and self._runs[name].is_lossy
        ]

    def _absent(self, group: GroupPlan) -> list[str]:
        refused = (name for name, run in self._runs.items() if run.phase == "refused")
        return [f"{name} was refused" for name in refused if name in group.names]

    def _standing(self, group: GroupPlan) -> _Standing:
        runs = [self._runs[name] for name in group.names if name in self._runs]
        return tuple((run.phase, run.attempt.number) for run in runs)
