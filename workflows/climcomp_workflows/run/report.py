"""The report of a run: every number, limit and choice, as the archive keeps it."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version

from climcomp_metrics.base import Verdict
from climcomp_metrics.physical import ShardCheck
from climcomp_metrics.report import (
    AttemptReport,
    BoundReport,
    CostReport,
    ErrorReport,
    Report,
    ShardReport,
    SourceFile,
    VariableReport,
)
from climcomp_metrics.shard_verdicts import merge_checks
from climcomp_workflows.context import RunKey
from climcomp_workflows.cost import cost_of
from climcomp_workflows.illustrate.task import FinishTask
from climcomp_workflows.plan.model import Plan, VariablePlan
from climcomp_workflows.recipe import Cost
from climcomp_workflows.run.variable import VariableRun

LIBRARIES = ("numpy", "zarr", "xarray", "pysz", "zfpy", "numcodecs-wasm-sperr", "pcodec",
             "numcodecs", "numba", "dask", "netCDF4", "h5py")  # fmt: skip

NO_FIGURES = "the recipe says report: {figures: false}"


def library_versions() -> dict[str, str]:
    """Versions of what took part in the bytes and numbers of an archive."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _text(plan: VariablePlan, attribute: str) -> str:
    value = plan.spec.attributes.get(attribute)
    return value if isinstance(value, str) else ""


def _bound(plan: VariablePlan, rung: int) -> BoundReport | None:
    bounds = plan.ladder[0].bounds
    if bounds is None or plan.is_preview:
        return None
    values = [b.value for b in bounds]
    kept = plan.ladder[rung].bounds
    return BoundReport(
        text=plan.bound_text,
        kind=bounds[0].kind,
        value=max(values),
        choice=plan.bound_source,
        lowest=min(values) if min(values) < max(values) else None,
        highest=max(values) if min(values) < max(values) else None,
        kept=() if kept is None else tuple(b.value for b in kept),
    )


def _error(verdicts: Iterable[Verdict]) -> ErrorReport | None:
    for verdict in verdicts:
        if verdict.criterion == "P1" and verdict.value is not None:
            return ErrorReport(value=verdict.value, unit=verdict.unit, place=verdict.place or None)
    return None


def _masked_share(run: VariableRun) -> float | None:
    if run.plan.settings is None or not run.results:
        return None
    checks = (ShardCheck.from_dict(r.check) for r in run.results.values())
    total = functools.reduce(merge_checks, checks)
    return 1.0 - total.valid / total.values if total.values and total.valid else None


def _attempts(run: VariableRun) -> tuple[AttemptReport, ...]:
    reports = list(_on_samples(run.plan))
    for number, attempt in enumerate(run.attempts):
        following = run.attempts[number + 1] if number + 1 < len(run.attempts) else None
        failed = run.refused if following is None else following.because
        reports.append(AttemptReport(rung=run.plan.ladder[attempt.rung].text, failed=failed))
    return tuple(reports)


def _on_samples(plan: VariablePlan) -> tuple[AttemptReport, ...]:
    """The rungs that the samples ruled out before the run began."""
    attempts = []
    for rung, why in plan.failed_rungs:
        before = f"on the samples {rung} fails "
        failed: tuple[str, ...] = (why.removeprefix(f"{rung}: "),)
        if why.startswith(before):
            found = why.removeprefix(before).split("; ")
            failed = tuple(f"{text}, on the samples" for text in found)
        attempts.append(AttemptReport(rung=rung, failed=failed))
    return tuple(attempts)


def variable_report(run: VariableRun, together: Iterable[Verdict] = ()) -> VariableReport:
    """The report of a variable that workers compressed.

    Parameters
    ----------
    together
        Its verdicts with other variables.
    """
    plan = run.plan
    results = [run.results[index] for index in sorted(run.results)]
    lossless = all(plan.ladder[r.rung].lossless for r in results)
    codecs: Counter[str] = Counter()
    rungs: Counter[str] = Counter()
    for result in results:
        codecs.update(result.codecs)
        rungs[plan.ladder[result.rung].text] += 1
    lossy = "preview" if plan.is_preview else "lossy"
    how = "refused" if run.phase == "refused" else "lossless" if lossless else lossy
    prefix = f"{plan.name} "
    return VariableReport(
        name=plan.name,
        how=how,  # type: ignore[arg-type]  # one of the four
        dims=plan.spec.dims,
        shape=plan.spec.shape,
        dtype=plan.spec.dtype,
        kind=plan.kind,
        source_bytes=plan.source_bytes,
        raw_bytes=sum(r.raw_bytes for r in results),
        stored_bytes=0 if how == "refused" else sum(r.size_bytes for r in results),
        unit=_text(plan, "units"),
        long_name=_text(plan, "long_name"),
        standard_name=_text(plan, "standard_name"),
        codecs=dict(codecs),
        bound=_bound(plan, run.attempt.rung),
        error=_error(run.verdicts),
        attempts=_attempts(run),
        shards=ShardReport(total=run.shards, rungs=dict(rungs)),
        fallbacks=tuple(f.removeprefix(prefix) for r in results for f in r.fallbacks),
        verdicts=(*run.verdicts, *together),
        notes=(plan.reason, *plan.notes),
        masked_share=_masked_share(run),
        sigma=() if plan.settings is None else plan.settings.sigma,
    )


def finish_tasks(
    run: RunKey,
    plan: Plan,
    variables: Iterable[VariableRun],
    reports: Mapping[str, VariableReport],
) -> Iterator[FinishTask]:
    """What is left to do of the variables that were measured."""
    for variable in variables:
        if variable.plan.settings is None:
            continue
        report, illustrated = reports[variable.plan.name], variable.illustrated
        if not plan.figures and report.is_lossy:
            report = replace(report, no_figures=NO_FIGURES)
        yield FinishTask(run, report, variable.attempt.rung, illustrated)


def carried_report(
    plan: VariablePlan, raw_bytes: int, stored_bytes: int, together: Iterable[Verdict] = ()
) -> VariableReport:
    """The report of a variable that was carried over whole; data so small are called lossless."""
    return VariableReport(
        name=plan.name,
        how="lossless" if plan.part == "data" else "carried",
        dims=plan.spec.dims,
        shape=plan.spec.shape,
        dtype=plan.spec.dtype,
        kind=plan.kind,
        source_bytes=plan.source_bytes,
        raw_bytes=raw_bytes,
        stored_bytes=stored_bytes,
        unit=_text(plan, "units"),
        long_name=_text(plan, "long_name"),
        standard_name=_text(plan, "standard_name"),
        verdicts=tuple(together),
        notes=(plan.reason, *plan.notes),
    )


def run_cost(
    settings: Cost,
    variables: Iterable[VariableReport],
    *,
    wall_seconds: float,
    workers: int,
    earlier_seconds: float,
) -> CostReport:
    """What a run took, and what its archive saves; what is refused, or a preview, saves nothing."""
    kept = [variable for variable in variables if variable.how != "refused"]
    return cost_of(
        settings,
        wall_seconds=wall_seconds,
        workers=workers,
        source_bytes=sum(one.source_bytes for one in kept if one.how != "preview"),
        stored_bytes=sum(variable.stored_bytes for variable in kept),
        earlier_seconds=earlier_seconds,
        measured=True,
    )


def make_report(
    plan: Plan,
    variables: Iterable[VariableReport],
    created: str,
    durations: Mapping[str, float],
    cost: CostReport,
) -> Report:
    """The report of an archive."""
    reports = tuple(variables)
    return Report(
        name=plan.name,
        created=created,
        climcomp=version("climcomp"),
        versions=library_versions(),
        recipe_digest=plan.recipe_digest,
        plan_digest=plan.digest(),
        source=tuple(
            SourceFile(name=f.name, size_bytes=f.size_bytes, mtime_ns=f.mtime_ns)
            for dataset in plan.datasets.values()
            for f in dataset.identity
        ),
        variables=reports,
        source_bytes=sum(v.source_bytes for v in reports),
        stored_bytes=sum(v.stored_bytes for v in reports),
        not_checked=tuple(
            f"{name}: not in the archive: {why}" for name, why in plan.skipped.items()
        ),
        warnings=plan.warnings,
        durations=dict(durations),
        cost=cost,
    )
