"""A whole run: from a recipe to a published archive."""

from __future__ import annotations

import datetime
import functools
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from climcomp.archive import (
    ArchiveStore,
    Entry,
    Journal,
    JournalHeader,
    Lease,
    is_published,
    open_store,
    remove_working_objects,
)
from climcomp_metrics.base import Verdict
from climcomp_metrics.criteria import make_limits
from climcomp_metrics.report import Report
from climcomp_workflows.cluster import Executor
from climcomp_workflows.context import PLAN_KEY, RunKey, close_context
from climcomp_workflows.illustrate.collect import finish_variables
from climcomp_workflows.plan.make import PlannedCost
from climcomp_workflows.plan.model import Plan, VariablePlan
from climcomp_workflows.plan.neural import codes_on_device
from climcomp_workflows.recipe import Cost, Recipe
from climcomp_workflows.run.agreement import Agree, refuse_long_fits
from climcomp_workflows.run.carry import carry
from climcomp_workflows.run.finish import (
    differing,
    entries_of,
    publish_archive,
    refuse_damaged,
)
from climcomp_workflows.run.heartbeat import Heartbeat
from climcomp_workflows.run.history import VariableHistory, read_history
from climcomp_workflows.run.loop import Loop
from climcomp_workflows.run.prepare import (
    Prepared,
    prepare,
    published_plan,
    refuse_changed,
    refuse_foreign,
    refuse_other,
    source_digest,
)
from climcomp_workflows.run.progress import Progress, Silent
from climcomp_workflows.run.report import (
    carried_report,
    finish_tasks,
    make_report,
    run_cost,
    variable_report,
)
from climcomp_workflows.run.together import Groups
from climcomp_workflows.run.variable import Attempt, VariableRun
from climcomp_workflows.run.workers import starting_executor
from climcomp_workflows.workers import gpu_workers, refuse_missing

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What a run came to."""

    store: str
    report: Report | None  # None where the archive was published before
    resumed: bool
    already_published: bool
    refused: tuple[str, ...]  # variables left out because no allowed rung passed


@dataclass(frozen=True, slots=True)
class _Done:
    """Every variable with its verdict, and by variable those that it shares with others."""

    variables: list[VariableRun]
    together: dict[str, list[Verdict]]
    seconds: dict[str, float]  # of all workers, by what they did
    earlier_seconds: float  # of workers of an interrupted run, on shards that were kept
    workers: int


def run_recipe(
    recipe: Recipe,
    *,
    progress: Progress | None = None,
    take_over: bool = False,
    agree: Agree | None = None,
) -> RunOutcome:
    """Run a recipe: plan, compress, check, publish. A run that was interrupted goes on.

    Parameters
    ----------
    take_over
        Take the store from another run that seems alive. A person's decision.
    agree
        Is asked before networks are fitted on the CPU for over an hour; None: nobody agrees.

    Raises
    ------
    ClimcompError
        RecipeError, SourceError: nothing is begun; nor with UsageError or MissingExtraError, where
        there are fewer GPUs than the recipe asks for, or nobody agrees to long fits.
        ArchiveExistsError, ArchiveLockedError: the store is not to be had. StorageError,
        LeaseLostError, WorkerLostError: what is done stays done; run again to go on.
    """
    watcher = progress or Silent()
    store = open_store(recipe.output.store)
    if is_published(store):
        refuse_other(store, published_plan(store), recipe, "the published archive")
        remove_working_objects(store)  # a run that was killed just then could not
        return RunOutcome(str(store.root), None, False, True, ())
    refuse_foreign(store)
    found = gpu_workers(recipe)
    refuse_missing(found)
    with (
        Lease.acquire(store, take_over=take_over) as lease,
        Heartbeat(lease) as heartbeat,
        starting_executor(recipe, found) as started_executor,
    ):
        started = time.monotonic()
        check = functools.partial(refuse_long_fits, found=found, agree=agree)
        prepared = _prepare_or_leave_nothing(recipe, store, watcher, check)
        try:
            heartbeat.check()
            planned = time.monotonic()
            run = RunKey(str(store.root), prepared.plan.digest(), lease.epoch)
            executor = started_executor()
            done = _compress(prepared, run, store, executor, heartbeat, watcher)
            refuse_changed(prepared.plan, prepared.sources)
            heartbeat.check()
            parts = {"plan": planned - started, "compress and check": time.monotonic() - planned}
            watcher.say("writing the report")
            report = _publish(run, prepared, done, executor, heartbeat, parts, recipe.cost)
        finally:
            watcher.end()
            for source in prepared.sources.values():
                source.close()
            close_context()
    refused = tuple(v.plan.name for v in done.variables if v.phase == "refused")
    return RunOutcome(str(store.root), report, prepared.resumed, False, refused)


def _prepare_or_leave_nothing(
    recipe: Recipe,
    store: ArchiveStore,
    watcher: Progress,
    check: Callable[[Plan, Sequence[PlannedCost]], None],
) -> Prepared:
    """The plan; where none can be made, the store's folder is as if nobody had been there."""
    try:
        return prepare(recipe, store, lambda name: watcher.say(f"looking at {name}"), check)
    except BaseException:
        watcher.end()
        if not store.exists(PLAN_KEY):
            remove_working_objects(store)  # the lease, too: it is what this run holds
            store.remove_empty_folders("")
        raise


def _compress(
    prepared: Prepared,
    run: RunKey,
    store: ArchiveStore,
    executor: Executor,
    heartbeat: Heartbeat,
    watcher: Progress,
) -> _Done:
    """Bring every variable to its verdict, and look at every stored object once more."""
    plan = prepared.plan
    for warning in plan.warnings:
        watcher.say(f"warning: {warning}")
    header = JournalHeader(plan.recipe_digest, plan.digest(), source_digest(plan))
    with Journal(store, header) as journal:
        watcher.say(executor.describe())
        variables = _variables(executor, run, plan, read_history(journal.records()))
        earlier = sum(_worker_seconds(variables).values())
        _begin(watcher, variables, prepared.resumed)
        if executor.gpus and not any(_codes_on_device(v.plan) for v in variables):
            watcher.say("no variable is coded on a GPU: the GPU workers work like the others")
        loop = Loop(run, executor, journal, heartbeat, watcher)
        groups = Groups(plan, prepared.sources, variables, loop)
        groups.finish(variables)
        watcher.say("all shards are checked; re-hashing what is stored")
        refuse_damaged(differing(executor, run, entries_of(variables)))
    seconds = _worker_seconds(variables)
    if groups.seconds:
        seconds["workers: measure together"] = groups.seconds
    return _Done(variables, groups.verdicts(), seconds, earlier, executor.slots)


def _codes_on_device(variable: VariablePlan) -> bool:
    return any(codes_on_device(rung) for rung in variable.ladder[variable.start :])


def _variables(
    executor: Executor, run: RunKey, plan: Plan, histories: dict[str, VariableHistory]
) -> list[VariableRun]:
    """The variables that workers compress, with what an earlier run has soundly stored."""
    limits = make_limits(plan.checks["limits"])
    variables = []
    for variable in plan.variables:
        if variable.how == "carried":
            continue
        history = histories.get(variable.name, VariableHistory())
        first = Attempt(0, variable.start)
        stored = [Entry(r.key, r.size_bytes, r.sha256) for r in history.results.values()]
        damaged = differing(executor, run, stored)
        for text in damaged.values():
            logger.warning("%s: its shard is compressed again", text)
        variables.append(
            VariableRun(
                run=run,
                plan=variable,
                limits=limits,
                require=frozenset(plan.checks["require"]),
                off=frozenset(plan.checks["off"]),
                attempts=[first, *history.attempts],
                results={i: r for i, r in history.results.items() if r.key not in damaged},
                refused=history.refused,
            )
        )
    return variables


def _begin(progress: Progress, variables: list[VariableRun], resumed: bool) -> None:
    total = sum(v.raw_bytes for v in variables)
    done = sum(r.raw_bytes for v in variables for r in v.results.values())
    if resumed:
        shards = sum(len(v.results) for v in variables)
        progress.say(f"going on with an interrupted run: {shards} shards are done")
    progress.begin(total, done)


def _worker_seconds(variables: list[VariableRun]) -> dict[str, float]:
    """Seconds that workers spent on the shards there are, by what they did, over all workers."""
    total: Counter[str] = Counter()
    for variable in variables:
        for result in variable.results.values():
            total.update(result.seconds)
    return {f"workers: {part}": spent for part, spent in total.items()}


def _publish(
    run: RunKey,
    prepared: Prepared,
    done: _Done,
    executor: Executor,
    heartbeat: Heartbeat,
    durations: dict[str, float],
    settings: Cost,
) -> Report:
    """Carry over what is small, write the report, and make the archive visible."""
    plan, sources, store = prepared.plan, prepared.sources, open_store(run.store)
    started = time.monotonic()
    carried = {
        v.name: carry(store, sources[v.dataset], v) for v in plan.variables if v.how == "carried"
    }
    runs = {v.plan.name: v for v in done.variables}
    reports = {}
    for variable in plan.variables:
        together = done.together.get(variable.name, ())
        if variable.name in runs:
            reports[variable.name] = variable_report(runs[variable.name], together)
        else:
            raw = sources[variable.dataset].variables[variable.source_name].nbytes
            stored = sum(entry.size_bytes for entry in carried[variable.name])
            reports[variable.name] = carried_report(variable, raw, stored, together)
    tasks = finish_tasks(run, plan, done.variables, reports)
    finished, pictures = finish_variables(executor, tasks, reports, heartbeat.check)
    refuse_changed(plan, sources)  # once more, for what was carried and shown
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    reporting = time.monotonic() - started
    cost = run_cost(
        settings,
        finished,
        wall_seconds=sum(durations.values()) + reporting,
        workers=done.workers,
        earlier_seconds=done.earlier_seconds,
    )
    durations |= done.seconds
    durations["carry over and report"] = reporting
    report = make_report(plan, finished, now.isoformat(), durations, cost)
    publish_archive(store, plan, done.variables, carried, report, pictures, run.epoch)
    return report
