"""The recipe: the YAML that a person writes, read once, with every error at once."""

from __future__ import annotations

from climcomp_workflows.recipe.bundled import bundled_recipes, find_recipe
from climcomp_workflows.recipe.checks import Checks
from climcomp_workflows.recipe.cost import Cost
from climcomp_workflows.recipe.files import source_files
from climcomp_workflows.recipe.load import load_recipe, parse_recipe, recipe_digest
from climcomp_workflows.recipe.models import (
    Cluster,
    Defaults,
    Input,
    Output,
    Recipe,
    VariableRecipe,
)
from climcomp_workflows.recipe.settings import VariableSettings, check_names, settings_for

__all__ = [
    "Checks",
    "Cluster",
    "Cost",
    "Defaults",
    "Input",
    "Output",
    "Recipe",
    "VariableRecipe",
    "VariableSettings",
    "bundled_recipes",
    "check_names",
    "find_recipe",
    "load_recipe",
    "parse_recipe",
    "recipe_digest",
    "settings_for",
    "source_files",
]
