"""From a file, a bundled name or a text to a recipe, or to all that is wrong with it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from climcomp.errors import RecipeError
from climcomp_workflows.recipe import checks, cost, models, neural, search
from climcomp_workflows.recipe.bundled import find_recipe
from climcomp_workflows.recipe.models import Recipe
from climcomp_workflows.recipe.own_metrics import OwnEntry, read_own_metrics
from climcomp_workflows.recipe.problems import (
    LATER,
    Location,
    Problem,
    line_of,
    listed,
    meant,
    shown,
)
from climcomp_workflows.recipe.yaml_text import read_yaml

_SECTIONS: dict[Location, type[BaseModel]] = {
    (): Recipe,
    ("input",): models.Input,
    ("output",): models.Output,
    ("defaults",): models.Defaults,
    ("checks",): checks.Checks,
    ("search",): search.SearchRecipe,
    ("neural",): neural.NeuralRecipe,
    ("report",): models.ReportSettings,
    ("cluster",): models.Cluster,
    ("cost",): cost.Cost,
}
_PLACES: dict[str, type[BaseModel]] = {
    **{".".join(map(str, place)) or "the top level": model for place, model in _SECTIONS.items()},
    "variables.NAME": models.VariableRecipe,
    "checks.metrics": checks.OwnMetricRecipe,
    "checks.suites.NAME": checks.SuiteRecipe,
}
_EXAMPLES: dict[Location, str] = {
    ("recipe",): "recipe: 1",
    ("name",): "name: era5-surface",
    ("input",): 'input: {files: "data/*.nc"}',
    ("input", "files"): 'files: "data/*.nc"',
    ("output",): "output: {store: archive.zarr}",
    ("output", "store"): "store: archive.zarr",
    ("checks", "metrics", "file"): "file: my_metrics.py",
    ("checks", "metrics", "name"): "name: front_strength",
}
_WANTED = {
    "string_type": "a text",
    "dict_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
}


def load_recipe(path_or_name: str | Path) -> Recipe:
    """Read a recipe from a file, or a bundled one by its name ("quickstart").

    Raises
    ------
    RecipeError
        With every problem at once: line, key, what was found, what is allowed, what was meant.
    """
    path = find_recipe(path_or_name)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _error(str(path), [f"cannot be read: {error.strerror or error}"]) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"line {line}: found the byte 0x{content[error.start]:02x}, which is no UTF-8"
        raise _error(str(path), [f"{found}: save the file as UTF-8"]) from error
    return parse_recipe(text, path)


def parse_recipe(text: str, path: Path | None = None) -> Recipe:
    """Read a recipe from YAML text; `path` is named in errors and gives the folder of its files.

    The files that `checks.metrics` names are read and run once, to see that they can be.

    Raises
    ------
    RecipeError
        With every problem at once.
    """
    name = str(path) if path is not None else "this recipe"
    yaml_text = read_yaml(text)
    problems = list(yaml_text.problems)
    data = yaml_text.data
    if not isinstance(data, dict):
        if not problems:
            empty = "is empty" if data is None else f"holds {shown(data)}"
            wanted = 'wanted "recipe: 1", a name, input and output; "climcomp init" writes one'
            raise _error(name, [f"{empty}, {wanted}"])
        raise _error(name, [str(problem) for problem in problems])
    try:
        recipe = Recipe.model_validate(data)
    except ValidationError as error:
        problems += [_problem(item, yaml_text.lines) for item in error.errors(include_url=False)]
        recipe = None
    own: tuple[OwnEntry, ...] = ()
    if recipe is not None:
        folder = Path.cwd() if path is None else path.parent.resolve()
        own, wrong = read_own_metrics(recipe.checks.metrics, folder, yaml_text.lines)
        problems += wrong
    if problems or recipe is None:
        problems.sort(key=lambda problem: problem.line)
        raise _error(name, [str(problem) for problem in problems])
    recipe._text, recipe._path, recipe._lines = text, path, yaml_text.lines
    recipe._own = own
    return recipe


def recipe_digest(recipe: Recipe) -> str:
    """SHA-256 of what a recipe asks of the archive, in hexadecimal.

    Two recipes with one digest make one archive: comments and order play no part, nor does a
    default that is written out, `cluster` (who computes), `cost` (what that is worth) or
    `output.store` (where it lies). The text of the recipe's own metrics does.
    """
    asked = recipe.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    asked.pop("cluster", None)
    asked.pop("cost", None)
    asked["output"].pop("store", None)
    if recipe.own_metrics:
        asked["code"] = {own.metric.name: own.metric.sha256 for own in recipe.own_metrics}
    canonical = json.dumps(asked, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _problem(error: ErrorDetails, lines: dict[Location, int]) -> Problem:
    location: Location = tuple(part for part in error["loc"] if part != "[key]")
    kind, found = error["type"], error["input"]
    if kind == "extra_forbidden":
        text = _unknown_key(location)
    elif kind == "missing":
        words = tuple(part for part in location if isinstance(part, str))
        example = _EXAMPLES.get(words, f"{location[-1]}: ...")
        return Problem(line_of(location[:-1], lines), location, f"is missing; write {example!r}")
    elif kind in _WANTED:
        text = f"found {shown(found)}, wanted {_wanted(kind, location, found)}"
    else:
        text = error["msg"]
    return Problem(line_of(location, lines), location, text)


def _wanted(kind: str, location: Location, found: Any) -> str:  # Any: what YAML gave
    if kind == "string_type" and isinstance(found, int | float):
        return f'a text: put it in quotes, "{shown(found)}"'
    if location == ("input",) and isinstance(found, str):
        return f'"input: {{files: {found}}}"'
    if location == ("output",) and isinstance(found, str):
        return f'"output: {{store: {found}}}"'
    if location == ("variables",) and isinstance(found, list):
        return f'a mapping: "{found[0]}: {{}}"' if found else _WANTED[kind]
    return _WANTED[kind]


def _unknown_key(location: Location) -> str:
    key, parent = str(location[-1]), location[:-1]
    known = _keys(_section(parent))
    if key in LATER:
        return f"no such key: {key!r} {LATER[key]}"
    elsewhere = [place for place, section in _PLACES.items() if key in _keys(section)]
    if elsewhere:
        return f"no such key: it belongs to {listed(elsewhere)}; known here: {', '.join(known)}"
    return f"no such key{meant(key, known)}; known here: {', '.join(known)}".replace("?; ", "? ")


def _section(location: Location) -> type[BaseModel]:
    if location[:1] == ("variables",):
        return models.VariableRecipe
    if location[:2] == ("checks", "metrics"):
        return checks.OwnMetricRecipe
    if location[:2] == ("checks", "suites") and len(location) > 2:
        return checks.SuiteRecipe
    return _SECTIONS.get(location, Recipe)


def _keys(section: type[BaseModel]) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in section.model_fields.items())


def _error(name: str, problems: list[str]) -> RecipeError:
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    listing = "\n".join(f"  {problem}" for problem in problems)
    return RecipeError(f"{name}: {count}\n{listing}", tuple(problems))
