"""Criteria over several variables, judged again from the source and the published bytes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from climcomp.archive import ArraySpec
from climcomp.blocks import Region
from climcomp.errors import ClimcompError
from climcomp.source import Source
from climcomp_metrics.base import Verdict
from climcomp_metrics.criteria import make_limits
from climcomp_workflows.cluster import Executor, run_tasks
from climcomp_workflows.gate import failures, in_words
from climcomp_workflows.plan.model import Plan
from climcomp_workflows.receipt import VariableReceipt
from climcomp_workflows.together.bundle import bundles
from climcomp_workflows.together.judge import enforced_of, judge_absent, judge_sums
from climcomp_workflows.together.measure import sums_of
from climcomp_workflows.together.model import GroupPlan
from climcomp_workflows.together.task import (
    InOrder,
    WindowSums,
    WindowTask,
    sums_of_group,
    window_tasks,
)
from climcomp_workflows.verify.context import VerifyKey, context_of


@dataclass(frozen=True, slots=True)
class _Unread:
    """Why a window could not be measured."""

    problem: str


def measure_published(task: WindowTask[VerifyKey]) -> WindowSums | _Unread:
    """Sum up one window, from the source's values and the archive's."""
    context = context_of(task.key)

    def stored(spec: ArraySpec, region: Region) -> NDArray[Any]:
        return context.archive.read(spec.path, region)

    try:
        states = sums_of(task.bundle, task.steps, context, stored, task.exact)
    except ClimcompError as error:
        return _Unread(str(error))
    return WindowSums(task.number, task.bundle, states)


def judge_groups(
    executor: Executor,
    plan: Plan,
    sources: Mapping[str, Source],
    key: VerifyKey,
    receipts: Iterable[VariableReceipt],
    say: Callable[[str], None],
) -> tuple[VariableReceipt, ...]:
    """The receipts, with what their variables were judged to be together.

    A group is left out where all members are the source's bit for bit, and where one cannot be
    compared at all, which is a failure of that one.

    Raises
    ------
    WorkerLostError
        If workers died again and again: nothing is known then.
    """
    found = {receipt.name: receipt for receipt in receipts}
    exact = {r.name for r in found.values() if r.ok and r.how == "exact"}
    limits = make_limits(plan.checks["limits"])
    whole: list[GroupPlan] = []
    for group in plan.together:
        how = {name: found[name].how for name in group.names}
        if exact.issuperset(how) or "not compared" in how.values():
            continue
        if absent := [name for name in how if how[name] == "not in the archive"]:
            _add(found, plan, group, exact, judge_absent(group, absent, limits))
        else:
            whole.append(group)
    try:
        bundled = bundles(whole, plan, sources)
    except ClimcompError as error:  # a relation of another version, or of a plug-in
        for group in whole:
            _add(found, plan, group, exact, [], str(error))
        return tuple(found.values())
    merged: list[InOrder] = []
    unread: dict[int, str] = {}  # by the number of the bundle
    for number, bundle in enumerate(bundled):
        say(f"judging together: {bundle.label}")
        merged.append(InOrder(bundle))
        tasks = window_tasks(key, bundle, exact)
        for window in run_tasks(executor, measure_published, tasks):
            if isinstance(window, _Unread):
                unread.setdefault(number, window.problem)
            else:
                merged[number].take(window)
    for group in whole:
        problem = next((unread[n] for n in unread if group in bundled[n].groups), "")
        if problem:
            text = f"{group.group.label} could not be measured: {problem}"
            _add(found, plan, group, exact, [], text)
        else:
            verdicts = judge_sums(group, sums_of_group(group, merged), limits)
            _add(found, plan, group, exact, verdicts)
    return tuple(found.values())


def _add(
    receipts: dict[str, VariableReceipt],
    plan: Plan,
    group: GroupPlan,
    exact: Collection[str],
    verdicts: list[Verdict],
    problem: str = "",
) -> None:
    """Put what was found of a group into its members' receipts; exact members are not to blame."""
    enforced = enforced_of(plan, group.names)
    failed = failures(verdicts, enforced, plan.checks["require"])
    blamed = tuple(filter(None, (problem, *(in_words(verdict) for verdict in failed))))
    for name in group.names:
        receipt = receipts[name]
        mine = () if name in exact else blamed
        receipts[name] = replace(
            receipt,
            ok=receipt.ok and not mine,
            problems=receipt.problems + mine,
            verdicts=(*receipt.verdicts, *verdicts),
        )
