"""From a recipe to a bench: plan the variables, then try codecs and bounds on each."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from climcomp.codecs import get_codec
from climcomp.errors import CodecError, UsageError
from climcomp.source import Source
from climcomp_workflows.bench.grid import factors
from climcomp_workflows.bench.model import Bench, VariableBench
from climcomp_workflows.bench.prepare import NotBenched, prepare
from climcomp_workflows.bench.variable import bench_variable, lossy_codecs
from climcomp_workflows.plan.make import limits_of, make_plan, open_datasets
from climcomp_workflows.plan.model import Plan, VariablePlan
from climcomp_workflows.plan.places import Places
from climcomp_workflows.plan.subject import Dataset
from climcomp_workflows.recipe import Recipe

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a recipe is to be benched.

    Parameters
    ----------
    variables
        By their paths in the archive; None: all.
    codecs
        By name; None: all of the registry.
    bounds
        How many.
    """

    variables: tuple[str, ...] | None
    codecs: tuple[str, ...] | None
    bounds: int


def make_bench(recipe: Recipe, wanted: Wanted, say: Say = lambda text: None) -> Bench:
    """Bench the variables of a recipe, one after another; one sample at a time is in memory.

    Parameters
    ----------
    say
        Is told what is being done, a line for each variable.

    Raises
    ------
    UsageError
        If a variable or codec is not there, or nothing is left to be benched.
    RecipeError
        If the recipe asks for what cannot be.
    SourceError
        If a source cannot be opened or read.
    """
    check_codecs(wanted.codecs)
    sources = open_datasets(recipe)
    try:
        _check_variables(wanted.variables, sources)
        say("planning")
        plan, _ = make_plan(recipe, sources, lambda name: say(f"looking at {name}"),
                            only=wanted.variables)  # fmt: skip
        return _bench(recipe, wanted, plan, sources, say)
    finally:
        for source in sources.values():
            source.close()


def check_codecs(names: Sequence[str] | None) -> None:
    """Refuse names that are no lossy codecs.

    Raises
    ------
    UsageError
        With the names that there are.
    """
    known, broken = lossy_codecs()
    for name in names or ():
        if name in known:
            continue
        if name in broken:
            raise UsageError(f"--codecs: {broken[name]}")
        try:
            get_codec(name)
        except CodecError as error:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise UsageError(
                f"--codecs: no codec is named {name!r}; lossy ones: {', '.join(known)}.{hint}"
            ) from error
        raise UsageError(
            f"--codecs: {name!r} keeps every bit and has no bounds to try; it stands in every "
            f"table as it is. Lossy ones: {', '.join(known)}"
        )


def _check_variables(names: Sequence[str] | None, sources: dict[str, Source]) -> None:
    known = [
        Dataset(key, source).path(name)
        for key, source in sources.items()
        for name in source.variables
    ]
    for name in names or ():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise UsageError(
                f"--variables: the source has no variable {name!r}; it has: {', '.join(known)}."
                f"{hint}"
            )


def _bench(
    recipe: Recipe, wanted: Wanted, plan: Plan, sources: dict[str, Source], say: Say
) -> Bench:
    limits = limits_of(recipe)
    places = {key: Places(source) for key, source in sources.items()}
    grid = factors(wanted.bounds)
    done: list[VariableBench] = []
    without: dict[str, str] = {}
    for one in plan.variables:
        dataset = Dataset(one.dataset, sources[one.dataset])
        try:
            prepared = prepare(recipe, dataset, one, places[one.dataset], limits)
        except NotBenched as reason:
            if _is_shown(one, wanted, dataset):
                without[one.name] = str(reason)
            continue
        say(f"benching {one.name}")
        done.append(bench_variable(prepared, grid, wanted.codecs))
    for name in wanted.variables or ():
        if name in plan.skipped:
            without[name] = plan.skipped[name]
    if not done:
        found = "; ".join(f"{name}: {why}" for name, why in without.items())
        raise UsageError(
            f"nothing to bench: {found or 'the source has no variables of floats'}. A bench tries "
            f"bounds on floats: give a variable a bound in the recipe, or name others"
        )
    return Bench(
        name=recipe.name,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        climcomp=_version(),
        versions=_versions(done),
        recipe_digest=plan.recipe_digest,
        factors=grid,
        variables=tuple(done),
        not_benched=without,
    )


def _is_shown(one: VariablePlan, wanted: Wanted, dataset: Dataset) -> bool:
    """Whether its absence needs a word: data, and what was asked for by name."""
    roles = dataset.source.variables[one.source_name].roles
    return roles.part == "data" or one.name in (wanted.variables or ())


def _versions(done: Sequence[VariableBench]) -> dict[str, str]:
    names = {curve.codec for v in done for curve in v.curves}
    names |= {line.codec for v in done for line in v.lossless}
    codecs = [get_codec(name) for name in sorted(names)]
    return {codec.name: f"{codec.library} {codec.library_version()}" for codec in codecs}


def _version() -> str:
    try:
        return version("climcomp")
    except PackageNotFoundError:
        return "unknown"
