"""What a recipe asks of variables that cannot be, as far as no value must be read to know it."""

from __future__ import annotations

from collections.abc import Sequence

from climcomp.errors import RecipeError
from climcomp.source import SourceVariable
from climcomp_workflows.plan.ladder import able_codecs
from climcomp_workflows.plan.level_bounds import resolved_bound, values_of_levels
from climcomp_workflows.plan.level_values import level_values
from climcomp_workflows.plan.lossless import layout_of, lossless_reason
from climcomp_workflows.plan.preview import refuse_preview_group
from climcomp_workflows.plan.subject import Dataset, stored_dtype
from climcomp_workflows.recipe import Recipe, check_names, settings_for


def check_recipe(recipe: Recipe, datasets: Sequence[Dataset]) -> tuple[str, ...]:
    """Notes on entries of the recipe that match no variable.

    Raises
    ------
    RecipeError
        With the problems of all variables at once: unknown names, bounds of variables that are
        always stored exactly or in a unit of another kind, codecs that cannot keep a bound, chunks.
    """
    errors: list[RecipeError] = []
    remarks: tuple[str, ...] = ()
    try:
        remarks = check_names(recipe, [d.path(n) for d in datasets for n in d.source.variables])
    except RecipeError as error:
        errors.append(error)
    if recipe.quality == "preview":
        try:
            refuse_preview_group(datasets)
        except RecipeError as error:
            errors.append(error)
    for dataset in datasets:
        for variable in dataset.source.variables.values():
            try:
                _check_variable(recipe, dataset, variable)
            except RecipeError as error:
                errors.append(error)
    if errors:
        raise all_at_once(errors)
    return remarks


def all_at_once(errors: Sequence[RecipeError]) -> RecipeError:
    """One error with the problems of all."""
    problems = [problem for error in errors for problem in error.problems or (str(error),)]
    return RecipeError("\n".join(map(str, errors)), tuple(dict.fromkeys(problems)))


def _check_variable(recipe: Recipe, dataset: Dataset, variable: SourceVariable) -> None:
    settings = settings_for(recipe, dataset.path(variable.name))
    if settings.skip or lossless_reason(recipe, variable, settings):
        return
    if settings.bound is not None:
        able_codecs(recipe, settings, resolved_bound(settings, variable.attributes).bound.kind)
        if settings.bound.by_level:
            values_of_levels(settings, level_values(variable, dataset.source))
    layout_of(recipe, variable, stored_dtype(variable).itemsize, levels_together=True)
