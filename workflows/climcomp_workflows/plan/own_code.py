"""The code of a recipe's own metrics: kept in the plan, put into its variables where it may run."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from climcomp.errors import ArchiveDamagedError, ArchiveExistsError
from climcomp_metrics.plugins.model import OwnMetric, checksum
from climcomp_workflows.plan.model import Plan, VariablePlan
from climcomp_workflows.recipe import Recipe, recipe_digest


def code_of(recipe: Recipe) -> dict[str, str]:
    """The texts of the files of a recipe's own metrics, by their SHA-256."""
    return {entry.metric.sha256: entry.metric.code for entry in recipe.own_metrics}


def own_metrics_of(plan: Plan) -> dict[str, OwnMetric]:
    """The own metrics of all variables of a plan, by id; of one with several settings the first."""
    found: dict[str, OwnMetric] = {}
    for variable in plan.variables:
        for own in () if variable.settings is None else variable.settings.own:
            found.setdefault(own.id, own)
    return found


def with_code(plan: Plan, allowed: Container[str]) -> Plan:
    """The plan with the code of its own metrics in place, where the checksum is allowed.

    Reading a plan puts no code in place: an archive may come from anywhere, so whoever reads it
    says what may run.

    Raises
    ------
    ArchiveDamagedError
        If a text is not the one that its checksum names.
    """
    if not plan.own_code:
        return plan
    for sha256, code in plan.own_code.items():
        if checksum(code) != sha256:
            raise ArchiveDamagedError(
                f"the plan holds a metric's code under {sha256[:16]}, and its checksum is "
                f"{checksum(code)[:16]}: it was changed, and is not run. Restore the plan from a "
                "copy."
            )
    allowed_code = {sha256: code for sha256, code in plan.own_code.items() if sha256 in allowed}
    return replace(plan, variables=tuple(_with_code(v, allowed_code) for v in plan.variables))


def _with_code(variable: VariablePlan, code: dict[str, str]) -> VariablePlan:
    settings = variable.settings
    if settings is None or not settings.own:
        return variable
    own = tuple(replace(one, code=code.get(one.sha256, "")) for one in settings.own)
    return replace(variable, settings=replace(settings, own=own))


def refuse_other_code(plan: Plan, recipe: Recipe, store: str) -> None:
    """Let a recipe go on with a store only with the very code that it began with.

    Another recipe is left to `run.prepare.refuse_other`, which compares all of it.

    Raises
    ------
    ArchiveExistsError
        If a file of the recipe's own metrics has changed.
    """
    same_recipe = plan.recipe_text == recipe.text or plan.recipe_digest == recipe_digest(recipe)
    if plan.own_code == code_of(recipe) or not same_recipe:
        return
    names = {own.sha256: own.file for own in own_metrics_of(plan).values()}
    now = {entry.metric.file: entry.metric.sha256 for entry in recipe.own_metrics}
    changed = sorted({name for sha256, name in names.items() if now.get(name) != sha256})
    raise ArchiveExistsError(
        f"{store} was made with other code of the recipe's own metrics "
        f"({', '.join(changed) or 'a file'} has changed since). Bring the old file back, or name "
        "another output.store."
    )
