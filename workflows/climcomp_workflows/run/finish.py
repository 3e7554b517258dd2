"""The end of a run: a last look at every stored object, the report, publication."""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Iterable, Iterator

from climcomp.archive import ArchiveStore, Entry, publish
from climcomp.errors import ArchiveDamagedError
from climcomp_metrics.report import Report, render_pages
from climcomp_workflows.cluster import Executor, run_tasks
from climcomp_workflows.column import RehashTask, rehash_objects
from climcomp_workflows.context import RunKey
from climcomp_workflows.illustrate.collect import Pictures
from climcomp_workflows.plan.model import Plan
from climcomp_workflows.run.lost import published_spec
from climcomp_workflows.run.variable import VariableRun

logger = logging.getLogger(__name__)

OBJECTS_A_TASK = 64
SHARDS_A_DOCUMENT = 16_384  # as many as the manifest lists in a segment


def _batches(entries: Iterable[Entry]) -> Iterator[tuple[Entry, ...]]:
    iterator = iter(entries)
    while batch := tuple(itertools.islice(iterator, OBJECTS_A_TASK)):
        yield batch


def differing(executor: Executor, run: RunKey, entries: Iterable[Entry]) -> dict[str, str]:
    """Keys of stored objects that are not those listed, with what was found."""
    found: dict[str, str] = {}
    tasks = (("re-hash", RehashTask(run, batch)) for batch in _batches(entries))
    for mismatches in run_tasks(executor, rehash_objects, tasks):
        found.update({m.entry.key: str(m) for m in mismatches})
    return found


def entries_of(variables: Iterable[VariableRun]) -> list[Entry]:
    """Every object that workers have stored."""
    return [
        Entry(result.key, result.size_bytes, result.sha256)
        for variable in variables
        if variable.phase != "refused"
        for result in variable.results.values()
    ]


def refuse_damaged(damaged: dict[str, str]) -> None:
    """Publish nothing whose bytes have changed since they were checked.

    Raises
    ------
    ArchiveDamagedError
        If any object differs; run again, and its shard is redone.
    """
    if damaged:
        shown = "; ".join(itertools.islice(damaged.values(), 3))
        raise ArchiveDamagedError(
            f"{len(damaged)} stored objects are not the bytes that were checked: {shown}. Nothing "
            f"is published. Run again: their shards are compressed anew."
        )


def shard_documents(variables: Iterable[VariableRun]) -> dict[str, bytes]:
    """What is known of every shard (rung, source CRC, errors), as JSON lines in segments."""
    records = (
        variable.results[index].to_dict()
        for variable in variables
        if variable.phase != "refused"
        for index in sorted(variable.results)
    )
    documents: dict[str, bytes] = {}
    lines = iter(records)
    for number in itertools.count():
        part = list(itertools.islice(lines, SHARDS_A_DOCUMENT))
        if not part:
            return documents
        for record in part:
            record.pop("seconds")  # of one machine and one day, unlike the rest
        text = "".join(json.dumps(record, sort_keys=True) + "\n" for record in part)
        documents[f"shards-{number:05d}.jsonl"] = text.encode()
    return documents


def publish_archive(
    store: ArchiveStore,
    plan: Plan,
    variables: list[VariableRun],
    carried: dict[str, list[Entry]],
    report: Report,
    pictures: Pictures,
    epoch: int,
) -> None:
    """Make the archive visible: all objects are there, checked and durable."""
    refused = {v.plan.name for v in variables if v.phase == "refused"}
    specs = [v.spec for v in plan.variables if v.name in carried]
    specs += [published_spec(v) for v in variables if v.plan.name not in refused]
    for variable in variables:
        if variable.plan.name in refused:
            for result in variable.results.values():
                store.delete(result.key)
    documents = {
        "recipe.yaml": plan.recipe_text.encode(),
        "plan.json": plan.to_json(),
        "report.json": json.dumps(report.to_dict(), indent=1, allow_nan=False).encode(),
        **{name: page.encode() for name, page in render_pages(report, pictures.figures).items()},
        **pictures.documents,
        **shard_documents(variables),
    }
    entries = entries_of(variables) + [entry for part in carried.values() for entry in part]
    publish(store, specs, plan.groups, documents, entries, unlimited=plan.unlimited, epoch=epoch)
