"""From a recipe to a plan: open the sources, decide on every variable, compute nothing else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from climcomp.archive.attributes import Attributes
from climcomp.errors import RecipeError, SourceError
from climcomp.source import Source, SourceVariable, open_source
from climcomp_metrics.base import Limits
from climcomp_metrics.criteria import all_criteria, make_limits
from climcomp_metrics.spectral.harmonics import load_ducc0
from climcomp_workflows.plan.check import all_at_once, check_recipe
from climcomp_workflows.plan.fits import unused_fits
from climcomp_workflows.plan.lessons import Lesson, read_lessons
from climcomp_workflows.plan.lossless import lossless_reason, named_exactly, plan_lossless
from climcomp_workflows.plan.lossy import plan_lossy
from climcomp_workflows.plan.model import DatasetPlan, Plan, VariablePlan
from climcomp_workflows.plan.own_code import code_of
from climcomp_workflows.plan.places import Places, subject_of
from climcomp_workflows.plan.preview import (
    DATA,
    NoPreview,
    beside_previews,
    plan_preview,
    with_notice,
)
from climcomp_workflows.plan.subject import Dataset, Findings
from climcomp_workflows.plan.survey import EveryBit
from climcomp_workflows.recipe import (
    Recipe,
    recipe_digest,
    settings_for,
    source_files,
)
from climcomp_workflows.together.members import groups_of, unmet


@dataclass(frozen=True, slots=True)
class PlannedCost:
    """Measured on this machine, so no part of the plan, which must not depend on it."""

    variable: str
    sampled_bytes: int
    seconds: float  # one encode and one decode of the sampled bytes
    rates: Mapping[str, float] = field(default_factory=dict)  # seconds to a byte, by codec


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
    only: Collection[str] | None = None,
) -> tuple[Plan, list[PlannedCost]]:
    """Make the plan of a recipe.

    Parameters
    ----------
    sources
        The opened sources by group; None: they are opened, and closed again.
    say
        Is told the name of each variable as it is looked at.
    only
        The variables to be planned, by their paths; None: all of them.

    Raises
    ------
    RecipeError
        If the recipe asks for what cannot be; all such problems at once.
    SourceError
        If a source cannot be opened or read.
    MissingExtraError
        If the recipe asks for spherical harmonics and the package that makes them is not there.
    """
    opened = open_datasets(recipe) if sources is None else sources
    try:
        return _make(recipe, opened, say, only)
    finally:
        if sources is None:
            for source in opened.values():
                source.close()


def _make(
    recipe: Recipe,
    sources: dict[str, Source],
    say: Callable[[str], None],
    only: Collection[str] | None,
) -> tuple[Plan, list[PlannedCost]]:
    limits = limits_of(recipe)
    if any(suite.basis == "harmonics" for suite in recipe.checks.suites.values()):
        load_ducc0()  # before hours of work, not after
    datasets = [Dataset(key, source) for key, source in sources.items()]
    remarks = check_recipe(recipe, datasets)
    lessons = read_lessons(recipe)
    for source in sources.values():
        if large := (*source.uncompared, *(name for name, _ in source.shared)):
            say(f"{', '.join(large)}: whether they are the same in all files")
        source.check_static()  # only the first file's are kept
    variables: list[VariablePlan] = []
    costs: list[PlannedCost] = []
    errors: list[RecipeError] = []
    skipped: dict[str, str] = {}
    previews: list[Dataset] = []
    without: list[str] = []
    for dataset in datasets:
        for name, reason in dataset.source.unsupported.items():
            skipped[dataset.path(name)] = reason
        places = Places(dataset.source)
        mine: list[VariablePlan] = []
        for variable in dataset.source.variables.values():
            path = dataset.path(variable.name)
            if only is not None and path not in only:
                continue
            if settings_for(recipe, path).skip:
                skipped[path] = "the recipe says skip: true"
                continue
            say(path)
            try:
                lesson = lessons.get(path)
                planned = _plan_variable(recipe, dataset, variable, places, limits, lesson, without)
            except RecipeError as error:
                errors.append(error)
                continue
            mine += [plan for plan, _ in planned]
            costs += [cost for _, cost in planned if cost is not None]
        if any(plan.is_preview for plan in mine):
            previews.append(replace(dataset, are_previews=True))
            mine += beside_previews(recipe, previews[-1])
            mine, gone = _without_empty_frame(dataset, mine)
            skipped |= gone
        variables += mine
    if errors:
        raise all_at_once(errors)
    warnings = (*remarks, *without, *(w for d in datasets for w in d.source.warnings))
    return _assembled(recipe, datasets, previews, tuple(variables), warnings, skipped), costs


def _without_empty_frame(
    dataset: Dataset, variables: list[VariablePlan]
) -> tuple[list[VariablePlan], dict[str, str]]:
    """The variables without coordinates that no data of theirs are left for, and what is gone."""
    previews = {v.source_name: v.name for v in variables if v.is_preview}
    own = [v for v in variables if v.name == dataset.path(v.source_name)]
    gone = {
        dataset.path(name): f"only its preview is, without a bound: {path}"
        for name, path in previews.items()
        if all(v.source_name != name for v in own)
    }
    if not any(v.part in DATA for v in own):
        return [v for v in variables if v not in own], gone
    here = {v.source_name for v in own}
    # What stands in both groups counts once as the source's.
    return [
        v if v in own or v.source_name not in here else replace(v, source_bytes=0)
        for v in variables
    ], gone


def _assembled(
    recipe: Recipe,
    datasets: list[Dataset],
    previews: list[Dataset],
    variables: tuple[VariablePlan, ...],
    warnings: tuple[str, ...],
    skipped: dict[str, str],
) -> Plan:
    groups, unlimited = _groups([*datasets, *previews])
    checks = recipe.checks
    together = groups_of(datasets, variables, checks.off)
    over_several = {c.id for c in all_criteria() if c.scope == "dataset"}
    warnings = (*warnings, *unmet(checks.require, together, over_several))
    warnings = (*warnings, *unused_fits(recipe.neural, variables))
    return Plan(
        name=recipe.name,
        recipe_text=recipe.text,
        recipe_digest=recipe_digest(recipe),
        datasets={d.key: DatasetPlan(d.source.spec, tuple(d.source.identity())) for d in datasets},
        groups=with_notice(groups, [v.name for v in variables if v.is_preview]),
        unlimited=unlimited,
        variables=variables,
        checks={
            "limits": dict(checks.limits),
            "require": list(checks.require),
            "off": list(checks.off),
            "full": checks.full,
        },
        warnings=warnings,
        skipped=skipped,
        together=together,
        own_code=code_of(recipe),
        figures=recipe.report.figures,
    )


def _plan_variable(
    recipe: Recipe,
    dataset: Dataset,
    variable: SourceVariable,
    places: Places,
    limits: Limits,
    lesson: Lesson | None,
    warnings: list[str],
) -> list[tuple[VariablePlan, PlannedCost | None]]:
    """The variable, its preview, or both; `warnings` is told where there can be none."""
    settings = settings_for(recipe, dataset.path(variable.name))
    reason = lossless_reason(recipe, variable, settings)
    if reason and settings.preview is not None and named_exactly(recipe, settings, "preview"):
        raise RecipeError(
            f"{settings.origins['preview']}: {settings.name} is always stored exactly ({reason}); "
            f"take its preview ({settings.preview.text}) out of the recipe"
        )
    if reason:
        return [(plan_lossless(recipe, dataset, variable, settings, reason), None)]
    subject = replace(subject_of(recipe, dataset, variable, places, limits), lesson=lesson)
    planned: list[tuple[VariablePlan, PlannedCost | None]] = []
    if settings.preview is not None:
        findings = Findings()
        as_preview = replace(subject, dataset=replace(dataset, are_previews=True))
        try:
            preview = plan_preview(as_preview, findings, settings.preview)
        except EveryBit as found:
            if isinstance(found, NoPreview):
                kept = "exactly" if settings.bound is None else "within its bound alone"
                warnings.append(f"{settings.name} is stored {kept}: {found}")
            if settings.bound is None:
                exact = plan_lossless(recipe, dataset, variable, settings, str(found))
                return [(exact, None)]
        else:
            if settings.bound is None:
                return [(preview, _cost(preview, findings))]
            # The source's bytes count once, with the variable itself.
            planned.append((replace(preview, source_bytes=0), _cost(preview, findings)))
    findings = Findings()
    plan = plan_lossy(subject, findings)
    return [(plan, _cost(plan, findings)), *planned]


def _cost(plan: VariablePlan, findings: Findings) -> PlannedCost:
    return PlannedCost(plan.name, findings.sampled_bytes, findings.seconds, findings.rates)


def _groups(
    datasets: list[Dataset],
) -> tuple[dict[str, Attributes], dict[str, tuple[str, ...]]]:
    groups: dict[str, Attributes] = {}
    unlimited: dict[str, tuple[str, ...]] = {}
    for dataset in datasets:
        source = dataset.source
        for path, attributes in {"": source.attributes, **source.groups}.items():
            groups["/".join(part for part in (dataset.group, path) if part)] = dict(attributes)
        for path, names in source.unlimited.items():
            if names:
                unlimited["/".join(part for part in (dataset.group, path) if part)] = names
    return groups, unlimited
