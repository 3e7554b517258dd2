"""What a recipe says of one variable, once all its entries and defaults are laid together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from climcomp.errors import RecipeError
from climcomp_metrics.plugins.model import OwnMetric
from climcomp_workflows.bound_text import BoundText
from climcomp_workflows.recipe.models import Recipe
from climcomp_workflows.recipe.preview import PreviewText
from climcomp_workflows.recipe.problems import nearest
from climcomp_workflows.recipe.variable_values import (
    ClassValue,
    CodecsValue,
    OnFailValue,
    PortableValue,
    RoundingValue,
)

_WILD = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class VariableSettings:
    """Every setting of one variable; None where the recipe leaves it to the plan.

    `origins` says for each key whose choice it was: "recipe line 12 (t2m)" or "default".
    `own_metrics` are those of the recipe's own that are for this variable.
    """

    name: str
    bound: BoundText | None
    variable_class: ClassValue | None
    keep_zeros: bool | None
    codecs: CodecsValue
    rounding: RoundingValue
    portable: PortableValue
    valid_range: tuple[float, float] | None
    exact: tuple[float, ...]
    on_fail: OnFailValue
    skip: bool
    origins: Mapping[str, str]
    own_metrics: tuple[OwnMetric, ...] = ()
    preview: PreviewText | None = None


def settings_for(recipe: Recipe, name: str) -> VariableSettings:
    """The settings of the variable `name`, such as "t2m" or "grp1/T".

    Each key is taken from the closest entry that says it: the exact name, then the longer pattern
    before the shorter, "*" last, then `defaults`. A pattern without "/" also matches the last part
    of a name in a group.
    """
    chosen: dict[str, Any] = {  # Any: one value a key, each typed by VariableSettings
        "bound": None,
        "preview": None,
        "variable_class": None,
        "keep_zeros": None,
        "codecs": recipe.defaults.codecs,
        "rounding": recipe.defaults.rounding,
        "portable": recipe.defaults.portable,
        "valid_range": None,
        "exact": (),
        "on_fail": recipe.on_fail,
        "skip": False,
    }
    origins = {key: _default_origin(recipe, key) for key in chosen}
    for pattern in reversed(matching_entries(recipe, name)):
        entry = recipe.variables[pattern]
        for key in entry.model_fields_set & chosen.keys():
            value = getattr(entry, key)
            # A null takes a bound or a preview back; elsewhere it says nothing.
            if value is None and key not in ("bound", "preview"):
                continue
            chosen[key] = value
            alias = "class" if key == "variable_class" else key
            origins[key] = f"recipe line {recipe.line('variables', pattern, alias)} ({pattern})"
    own = tuple(
        entry.metric
        for entry in recipe.own_metrics
        if any(_matches(pattern, name) for pattern in entry.variables)
    )
    if recipe.quality == "preview" and chosen["preview"] is None and chosen["bound"] is None:
        chosen["preview"] = recipe.defaults.preview
    return VariableSettings(name=name, origins=origins, own_metrics=own, **chosen)


def _default_origin(recipe: Recipe, key: str) -> str:
    if key == "on_fail" and recipe.checks.on_fail is not None:
        return f"recipe line {recipe.line('checks', 'on_fail')} (checks)"
    if key in recipe.defaults.model_fields_set:
        return f"recipe line {recipe.line('defaults', key)} (defaults)"
    return "default"


def matching_entries(recipe: Recipe, name: str) -> list[str]:
    """The patterns under `variables` that match a name, the closest first."""
    return sorted(
        (pattern for pattern in recipe.variables if _matches(pattern, name)),
        key=lambda pattern: (pattern != name, is_glob(pattern), -len(pattern)),
    )


def is_glob(pattern: str) -> bool:
    """Whether an entry is a pattern, which may match no variable."""
    return bool(_WILD & set(pattern))


def _matches(pattern: str, name: str) -> bool:
    if pattern == name or fnmatchcase(name, pattern):
        return True
    last = name.rpartition("/")[2]
    return "/" not in pattern and (pattern == last or fnmatchcase(last, pattern))


def check_names(recipe: Recipe, names: Iterable[str]) -> tuple[str, ...]:
    """Notes on entries that match no variable: patterns, and names that are optional.

    Raises
    ------
    RecipeError
        If a name that is not optional is no variable of the source; all of them, each with the
        nearest names.
    """
    known = tuple(names)
    problems: list[str] = []
    notes: list[str] = []
    for pattern, entry in recipe.variables.items():
        if pattern == "*" or any(_matches(pattern, name) for name in known):
            continue
        line = recipe.line("variables", pattern)
        optional = recipe.defaults.optional if entry.optional is None else entry.optional
        if is_glob(pattern) or optional:
            notes.append(f"recipe line {line}: no variable matches {pattern!r}")
            continue
        problems.append(
            f"line {line}, variables.{pattern}: {_unknown(pattern, known)} "
            f"(optional: true allows it to be absent.)"
        )
    for own in recipe.own_metrics:
        for pattern in own.variables:
            if pattern == "*" or any(_matches(pattern, name) for name in known):
                continue
            if is_glob(pattern):
                what = f"{own.metric.name} is for {pattern!r}"
                notes.append(f"recipe line {own.line}: no variable matches: {what}")
            else:
                problems.append(
                    f"line {own.line}, checks.metrics, variables of {own.metric.name}: "
                    f"{pattern!r}: {_unknown(pattern, known)}"
                )
    if problems:
        where = recipe.path or "this recipe"
        listing = "\n".join(f"  {problem}" for problem in problems)
        raise RecipeError(f"{where}: unknown variables\n{listing}", tuple(problems))
    return tuple(notes)


def _unknown(name: str, known: tuple[str, ...]) -> str:
    close = nearest(name, {*known, *(other.rpartition("/")[2] for other in known)})
    meant = f"did you mean {' or '.join(close)}? " if close else ""
    return f"the source has no such variable; {meant}It has {_some(known)}."


def _some(names: tuple[str, ...], count: int = 12) -> str:
    more = f" and {len(names) - count} more" if len(names) > count else ""
    return (", ".join(names[:count]) or "none") + more
