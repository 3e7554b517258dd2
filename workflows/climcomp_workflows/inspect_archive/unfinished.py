"""A store that is not published: how far its run has come, and how to go on."""

from __future__ import annotations

import datetime
import json
from typing import Any

from climcomp import blocks
from climcomp.archive import ArchiveStore, read_journal
from climcomp.archive.keys import JOURNAL_KEY
from climcomp.errors import ArchiveError
from climcomp_metrics.report.quantity import percent, size
from climcomp_workflows.context import PLAN_KEY
from climcomp_workflows.plan.model import Plan


def unfinished(store: ArchiveStore) -> dict[str, Any]:
    """What the stored plan and the journal say of a run that has not published yet.

    Raises
    ------
    ArchiveError
        If the plan cannot be read.
    """
    plan = _plan(store)
    _, records = read_journal(store)
    attempts: dict[str, int] = {}
    done: dict[str, dict[tuple[int, ...], dict[str, Any]]] = {}
    for record in records:
        name = record.get("variable", "")
        for begun in _begun(record):
            attempts[begun["variable"]] = begun["attempt"]
            done.pop(begun["variable"], None)
        if record.get("kind") == "shard" and record["attempt"] == attempts.get(name, 0):
            done.setdefault(name, {})[tuple(record["index"])] = record
    variables = []
    for variable in plan.variables if plan is not None else ():
        if variable.how == "carried":
            continue
        shards = done.get(variable.name, {})
        variables.append(
            {
                "name": variable.name,
                "done": len(shards),
                "shards": blocks.chunk_count(variable.spec.shape, variable.spec.written),
                "attempt": attempts.get(variable.name, 0),
                "stored_bytes": sum(r["size_bytes"] for r in shards.values()),
                "raw_bytes": sum(r["raw_bytes"] for r in shards.values()),
            }
        )
    last = store.modified(JOURNAL_KEY) if store.exists(JOURNAL_KEY) else None
    return {
        "store": str(store.root),
        "published": False,
        "recipe": None if plan is None else plan.name,
        "recipe_digest": None if plan is None else plan.recipe_digest,
        "done": sum(v["done"] for v in variables),
        "shards": sum(v["shards"] for v in variables),
        "last_record": None if last is None else _date(last),
        "variables": variables,
    }


def unfinished_text(document: dict[str, Any]) -> str:
    """The same in lines, with how to go on."""
    lines = [f"{document['store']} is not finished: no reader sees it yet."]
    if document["recipe"] is None:
        lines.append("Its run was stopped before there was a plan.")
    else:
        total, done = document["shards"], document["done"]
        share = f" ({percent(done / total)})" if total else ""
        lines.append(
            f"Recipe {document['recipe']!r} (digest {document['recipe_digest'][:16]}): {done} of "
            f"{total} shards are done{share}"
            + (f", the last at {document['last_record']}." if document["last_record"] else ".")
        )
    for variable in document["variables"]:
        again = f", attempt {variable['attempt'] + 1}" if variable["attempt"] else ""
        lines.append(
            f"  {variable['name']}: {variable['done']} of {variable['shards']}, "
            f"{size(variable['stored_bytes'])} of {size(variable['raw_bytes'])}{again}"
        )
    name = document["recipe"] or "RECIPE"
    lines.append(
        f"Go on: climcomp run with the same recipe ({name}) and this store; what is done stays."
    )
    return "\n".join(lines) + "\n"


def _begun(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The attempts that a record begins: of one variable, or of several that failed together."""
    if record.get("kind") == "together":
        return [decision for decision in record["decisions"] if "attempt" in decision]
    return [record] if record.get("kind") == "attempt" else []


def _plan(store: ArchiveStore) -> Plan | None:
    if not store.exists(PLAN_KEY):
        return None
    try:
        return Plan.from_dict(json.loads(store.get(PLAN_KEY)))
    except (ValueError, KeyError, TypeError) as err:
        raise ArchiveError(
            f"{PLAN_KEY} of {store.root} is no plan of this climcomp ({type(err).__name__}: "
            f"{err}). Go on with the climcomp that began it, or remove the store."
        ) from err


def _date(seconds: float) -> str:
    when = datetime.datetime.fromtimestamp(seconds, datetime.UTC).replace(microsecond=0)
    return when.isoformat()
