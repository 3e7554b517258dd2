"""What a recipe says of its checks: how each key is read."""

from __future__ import annotations

from typing import Annotated

from climcomp_metrics.plugins.model import OWN_PREFIX
from climcomp_metrics.suites.sampling import LETTERS, ids_of
from climcomp_workflows.recipe.criteria import known_criteria
from climcomp_workflows.recipe.problems import listed, meant, shown
from climcomp_workflows.recipe.values import integer, number, reads, reads_if_said, refusal


def _read_criterion(value: object) -> str:
    known = known_criteria()
    if not isinstance(value, str) or value not in known:
        hint = meant(value, known) if isinstance(value, str) else ""
        raise refusal(f"found {shown(value)}, wanted criteria among {', '.join(known)}{hint}")
    return value


def _read_required(value: object) -> str:
    """A criterion; that one of the recipe's own is there is looked at once all are read."""
    if isinstance(value, str) and value.startswith(OWN_PREFIX):
        return value
    return _read_criterion(value)


def _read_criteria(value: object) -> object:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list | tuple):
        raise refusal(f"found {shown(value)}, wanted a list of criteria such as [E5, T4]")
    return tuple(dict.fromkeys(names)) if all(isinstance(name, str) for name in names) else names


def _read_off(value: object) -> object:
    """Criteria, those of a suite by its name."""
    names = _read_criteria(value)
    if not isinstance(names, tuple):
        return names
    if own := [name for name in names if name.startswith(OWN_PREFIX)]:
        raise refusal(f"found {own[0]!r}: take it out of checks.metrics instead")
    found: list[str] = []
    for name in names:
        found += ids_of(name, tuple(known_criteria())) if name in LETTERS else [name]
    return tuple(dict.fromkeys(found))


def _read_limit_key(key: object) -> str:
    criterion, _, word = str(key).partition(".")
    if criterion.startswith(OWN_PREFIX):
        raise refusal(f"{criterion} has its limits where checks.metrics names it: write them there")
    if word not in ("warn", "fail"):
        raise refusal(f"found {shown(key)}, wanted a criterion and .warn or .fail, such as C1.fail")
    _read_criterion(criterion)
    if criterion == "P1":
        raise refusal("P1 compares with the variable's own bound: change the bound")
    if known_criteria()[criterion].scope == "shard":
        name = known_criteria()[criterion].name
        raise refusal(f"{criterion} ({name}) counts values: it has no limit that could be moved")
    return str(key)


def _read_limit(value: object) -> float:
    limit = number(value)
    if limit is None or limit <= 0:
        raise refusal(f"found {shown(value)}, wanted a number above 0")
    return limit


def _read_own_limit(value: object) -> float:
    limit = number(value)
    if limit is None or limit < 0:
        raise refusal(f"found {shown(value)}, wanted a number, 0 or more")
    return limit


def _read_suite(value: object) -> str:
    if isinstance(value, str) and value in LETTERS:
        return value
    hint = meant(value, LETTERS) if isinstance(value, str) else ""
    raise refusal(f"found {shown(value)}, wanted a suite: {listed(LETTERS)}{hint}")


def _read_every(value: object) -> int:
    every = integer(value)
    if every is None or every < 1:
        raise refusal(f"found {shown(value)}, wanted a whole number: 8 for one time step in eight")
    return every


def _read_metrics(value: object) -> object:
    if isinstance(value, list | tuple):
        return value
    example = "- {file: my_metrics.py, name: front_strength, unit: K, warn: 0.01, fail: 0.02}"
    raise refusal(f"found {shown(value)}, wanted a list of entries such as '{example}'")


def _read_file(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise refusal(f"found {shown(value)}, wanted a file such as my_metrics.py")
    if "://" in value:
        raise refusal(f"found {shown(value)}: code is run from files beside the recipe only")
    return value.strip()


def _read_name(value: object) -> str:
    if not isinstance(value, str) or not value.isidentifier():
        raise refusal(f"found {shown(value)}, wanted the name of a function or class in the file")
    return value


def _read_patterns(value: object) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    wanted = 'wanted variables such as [tas, "ta*"]'
    if not isinstance(names, list | tuple) or not names:
        raise refusal(f"found {shown(value)}, {wanted}")
    if strange := [name for name in names if not isinstance(name, str) or not name]:
        raise refusal(f"found {listed(map(shown, strange), 'and')} among them, {wanted}")
    return tuple(dict.fromkeys(names))


Required = Annotated[tuple[Annotated[str, reads(_read_required)], ...], reads(_read_criteria)]
Off = Annotated[tuple[Annotated[str, reads(_read_criterion)], ...], reads(_read_off)]
LimitKey = Annotated[str, reads(_read_limit_key)]
Limit = Annotated[float, reads(_read_limit)]
OwnLimit = Annotated[float | None, reads_if_said(_read_own_limit)]
SuiteName = Annotated[str, reads(_read_suite)]
MaybeEvery = Annotated[int | None, reads_if_said(_read_every)]
Every = Annotated[int, reads(_read_every)]
FileName = Annotated[str, reads(_read_file)]
MetricName = Annotated[str, reads(_read_name)]
Patterns = Annotated[tuple[str, ...], reads(_read_patterns)]
MetricsList = reads(_read_metrics)
