"""From a recipe to a plan: open the sources, decide on every variable, compute nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from climcomp.archive.attributes import Attributes
from climcomp.errors import RecipeError, SourceError
from climcomp.source import Source, SourceVariable, open_source, read_time_axis
from climcomp.source.grid import read_geometry
from climcomp_metrics.base import Limits
from climcomp_metrics.criteria import make_limits
from climcomp_metrics.sphere import area_weights
from climcomp_workflows.plan.lossless import Dataset, lossless_reason, plan_lossless
from climcomp_workflows.plan.lossy import Findings, Subject, plan_lossy
from climcomp_workflows.plan.model import DatasetPlan, Plan, VariablePlan
from climcomp_workflows.recipe import (
    Recipe,
    check_names,
    recipe_digest,
    settings_for,
    source_files,
)


@dataclass(frozen=True, slots=True)
class PlannedCost:
    """Measured on this machine, so no part of the plan, which must not depend on it."""

    variable: str
    sampled_bytes: int
    seconds: float  # one encode and one decode of the sampled bytes


def open_datasets(recipe: Recipe) -> dict[str, Source]:
    """Open the sources of a recipe, by the group that each becomes.

    Raises
    ------
    SourceError
        If one cannot be opened.
    """
    options = recipe.input
    sources = {}
    for group, files in source_files(recipe).items():
        source = open_source(
            files,
            engine=None if options.engine == "auto" else options.engine,
            group=options.group,
            combine=None if options.combine in ("auto", "none") else options.combine,
        )
        if options.combine == "none" and len(source.spec.files) > 1:
            raise SourceError(
                f"input.combine is none, but {len(source.spec.files)} files match: name one file, "
                f"or let them be combined along time (combine: auto)"
            )
        sources[group] = source
    return sources


def limits_of(recipe: Recipe) -> Limits:
    """The criteria's limits with the recipe's overrides."""
    return make_limits(recipe.checks.limits)


def make_plan(
    recipe: Recipe,
    sources: dict[str, Source] | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> tuple[Plan, list[PlannedCost]]:
    """Make the plan of a recipe.

    Parameters
    ----------
    sources
        The opened sources by group; None: they are opened, and closed again.
    say
        Is told the name of each variable as it is looked at.

    Raises
    ------
    RecipeError
        If the recipe asks for what cannot be; all such problems at once.
    SourceError
        If a source cannot be opened or read.
    """
    opened = open_datasets(recipe) if sources is None else sources
    try:
        return _make(recipe, opened, say)
    finally:
        if sources is None:
            for source in opened.values():
                source.close()


def _make(
    recipe: Recipe, sources: dict[str, Source], say: Callable[[str], None]
) -> tuple[Plan, list[PlannedCost]]:
    limits = limits_of(recipe)
    datasets = [Dataset(key, source) for key, source in sources.items()]
    names = [d.path(name) for d in datasets for name in d.source.variables]
    remarks = check_names(recipe, names)
    variables: list[VariablePlan] = []
    costs: list[PlannedCost] = []
    problems: list[str] = []
    skipped: dict[str, str] = {}
    for dataset in datasets:
        for name, reason in dataset.source.unsupported.items():
            skipped[dataset.path(name)] = reason
        for variable, months in _with_months(dataset.source):
            path = dataset.path(variable.name)
            if settings_for(recipe, path).skip:
                skipped[path] = "the recipe says skip: true"
                continue
            say(path)
            try:
                plan, cost = _plan_variable(recipe, dataset, variable, months, limits)
            except RecipeError as error:
                problems.extend(error.problems or (str(error),))
                continue
            variables.append(plan)
            costs += [] if cost is None else [cost]
    if problems:
        raise RecipeError("\n".join(problems), tuple(problems))
    groups, unlimited = _groups(datasets)
    return (
        Plan(
            name=recipe.name,
            recipe_text=recipe.text,
            recipe_digest=recipe_digest(recipe),
            datasets={
                d.key: DatasetPlan(d.source.spec, tuple(d.source.identity())) for d in datasets
            },
            groups=groups,
            unlimited=unlimited,
            variables=tuple(variables),
            checks={
                "limits": dict(recipe.checks.limits),
                "require": list(recipe.checks.require),
                "off": list(recipe.checks.off),
            },
            warnings=(*remarks, *(w for d in datasets for w in d.source.warnings)),
            skipped=skipped,
        ),
        costs,
    )


def _with_months(
    source: Source,
) -> Iterator[tuple[SourceVariable, NDArray[np.integer] | None]]:
    """Each variable with the calendar month of its steps, where it is known."""
    known: dict[str | None, NDArray[np.integer] | None] = {None: None}
    for variable in source.variables.values():
        roles = variable.roles
        key = roles.time_coordinate if roles.time is not None and roles.part == "data" else None
        if key not in known:
            known[key] = read_time_axis(source, variable.name).months
        yield variable, known[key]


def _plan_variable(
    recipe: Recipe,
    dataset: Dataset,
    variable: SourceVariable,
    months: NDArray[np.integer] | None,
    limits: Limits,
) -> tuple[VariablePlan, PlannedCost | None]:
    settings = settings_for(recipe, dataset.path(variable.name))
    reason = lossless_reason(recipe, variable, settings)
    if reason:
        return plan_lossless(recipe, dataset, variable, settings, reason), None
    geometry = read_geometry(dataset.source, variable.name)
    subject = Subject(
        recipe, dataset, variable, settings, geometry, area_weights(geometry), months, limits
    )
    findings = Findings()
    plan = plan_lossy(subject, findings)
    return plan, PlannedCost(plan.name, findings.sampled_bytes, findings.seconds)


def _groups(
    datasets: list[Dataset],
) -> tuple[dict[str, Attributes], dict[str, tuple[str, ...]]]:
    groups: dict[str, Attributes] = {}
    unlimited: dict[str, tuple[str, ...]] = {}
    for dataset in datasets:
        source = dataset.source
        for path, attributes in {"": source.attributes, **source.groups}.items():
            groups["/".join(part for part in (dataset.key, path) if part)] = dict(attributes)
        for path, names in source.unlimited.items():
            if names:
                unlimited["/".join(part for part in (dataset.key, path) if part)] = names
    return groups, unlimited
