"""The beginning of a run: a new plan, or the stored one of an interrupted run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from climcomp.archive import ArchiveStore, open_archive
from climcomp.archive.keys import FOLDER
from climcomp.errors import ArchiveExistsError, SourceChangedError
from climcomp.source import Source
from climcomp.source.files import identify
from climcomp_workflows.context import PLAN_KEY, stored_plan
from climcomp_workflows.plan.make import PlannedCost, make_plan, open_datasets
from climcomp_workflows.plan.model import Plan
from climcomp_workflows.plan.own_code import refuse_other_code
from climcomp_workflows.recipe import Recipe, recipe_digest


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan that stands in its store, and the opened sources by group."""

    plan: Plan
    sources: dict[str, Source]
    resumed: bool


def source_digest(plan: Plan) -> str:
    """SHA-256 over names, sizes and times of all source files."""
    identity = {key: d.to_dict()["identity"] for key, d in plan.datasets.items()}
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def published_plan(store: ArchiveStore) -> Plan:
    """The plan of a published archive."""
    return Plan.from_dict(json.loads(open_archive(store.root).document("plan.json")))


def refuse_other(store: ArchiveStore, plan: Plan, recipe: Recipe, state: str) -> None:
    """Let only the same recipe go on with a store.

    Raises
    ------
    ArchiveExistsError
        If the store is another recipe's, both digests are named; or if the code of the recipe's own
        metrics has changed.
    """
    refuse_other_code(plan, recipe, str(store.root))
    digest = recipe_digest(recipe)
    if plan.recipe_digest != digest:
        raise ArchiveExistsError(
            f"{store.root} is {state} of another recipe: its digest is {plan.recipe_digest[:16]} "
            f"(recipe {plan.name!r}), this one's is {digest[:16]} ({recipe.name!r}). Name another "
            f"output.store, or remove that one if nobody needs it."
        )


def refuse_changed(plan: Plan, sources: dict[str, Source]) -> None:
    """Let only an unchanged source go on: looks at every file as it is now.

    Raises
    ------
    SourceChangedError
        If a file was added, removed, or has another size or time than when the plan was made.
    SourceError
        If a file has gone.
    """
    for key, dataset in plan.datasets.items():
        found = {f.name: identify(f.name) for f in sources[key].identity()}
        planned = {f.name: f for f in dataset.identity}
        changes = [f"{name} is new" for name in found.keys() - planned.keys()]
        changes += [f"{name} is gone" for name in planned.keys() - found.keys()]
        for name in found.keys() & planned.keys():
            if found[name] != planned[name]:
                changes.append(
                    f"{name} has {found[name].size_bytes:,} bytes and another time, the plan saw "
                    f"{planned[name].size_bytes:,} bytes"
                )
        if changes:
            shown = "; ".join(sorted(changes)[:5])
            raise SourceChangedError(
                f"the source is no longer the one that the stored plan was made from: {shown}. "
                f"What is stored belongs to the old source: start again with another output.store, "
                f"or bring the old files back."
            )


def refuse_foreign(store: ArchiveStore) -> None:
    """Let only an empty folder, or one that climcomp began, become a store.

    Raises
    ------
    ArchiveExistsError
        If other files are in it.
    """
    if store.exists(PLAN_KEY):
        return
    for key in store.list():
        if not key.startswith(FOLDER):
            raise ArchiveExistsError(
                f"{store.root} holds other files ({key}); a new archive needs an empty or new "
                f"folder. Name another output.store."
            )


def prepare(
    recipe: Recipe,
    store: ArchiveStore,
    say: Callable[[str], None],
    check: Callable[[Plan, Sequence[PlannedCost]], None] = lambda plan, costs: None,
) -> Prepared:
    """Load the stored plan, or make one and store it.

    Parameters
    ----------
    check
        Raises where a new plan is not to be followed. One that is stored was.

    Raises
    ------
    ArchiveExistsError
        If the store is another recipe's work.
    SourceChangedError
        If the source has changed since the stored plan was made.
    """
    sources = open_datasets(recipe)
    if store.exists(PLAN_KEY):
        plan = stored_plan(store)
        refuse_other(store, plan, recipe, "the unfinished work")
        refuse_changed(plan, sources)
        return Prepared(plan, sources, resumed=True)
    plan, costs = make_plan(recipe, sources, say)
    check(plan, costs)
    store.put_durable(PLAN_KEY, plan.to_json())
    return Prepared(plan, sources, resumed=False)
