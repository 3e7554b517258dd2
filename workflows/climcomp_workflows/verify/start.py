"""A whole verification: from a published archive to its receipt."""

from __future__ import annotations

import contextlib
import datetime
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from climcomp.archive import Archive, open_archive
from climcomp.errors import ArchiveDamagedError, SourceError, UsageError
from climcomp.source import Source, open_source
from climcomp_workflows.cluster import Executor, make_executor
from climcomp_workflows.plan.model import Plan
from climcomp_workflows.receipt import Receipt, VariableReceipt, software_text
from climcomp_workflows.verify.context import SourceKey, VerifyKey, close_context
from climcomp_workflows.verify.objects import damaged_metadata, damaged_objects, foreign_objects
from climcomp_workflows.verify.pace import Pace
from climcomp_workflows.verify.together import judge_groups
from climcomp_workflows.verify.told import Told, trusted_code
from climcomp_workflows.verify.variables import compare_variables

# Starting workers takes some seconds: as long as one process needs for so much.
INLINE_BYTES = 256 << 20


def verify_archive(
    store: str,
    *,
    source: bool = False,
    sources: Mapping[str, Sequence[str]] | None = None,
    full: bool = False,
    trust_plugins: bool = False,
    plugins: Sequence[Path] = (),
    say: Callable[[str], None] = lambda text: None,
    workers: int | None = None,
) -> Receipt:
    """Verify a published archive.

    Parameters
    ----------
    source
        Also compare every value with the source, and judge every criterion again from the bytes
        that are stored.
    sources
        Where the source's files are now, by group of the archive; None: where the plan saw them.
    full
        With the source: measure every time step, where the run took samples.
    trust_plugins, plugins
        With the source: run the code of the recipe's own metrics that lies in the archive; or that
        of which these files are copies. Otherwise those metrics are n/a.
    say
        Is told what is being verified, at most about a hundred times for each pass over the data.
    workers
        Local processes that share the work, 0 for none beside this one. None: none for less than
        256 MiB, else one a core.

    Raises
    ------
    ArchiveError
        If there is no published archive, or its manifest is damaged.
    SourceError
        If the source is asked for and cannot be opened.
    UsageError
        If `full` or code is asked for without the source, or the archive has no such code.
    WorkerLostError
        If workers died again and again: verify again.
    """
    if not source and (full or trust_plugins or plugins):
        raise UsageError("without the source nothing is measured: say --source too")
    archive = open_archive(store)
    entries = list(archive.manifest())
    listed = {entry.key for entry in entries}
    plan, crcs, uncompared = _documents(archive)
    told = Told()
    if source and plan is not None:
        told = Told(full, trusted_code(plan, trust_plugins, plugins))
    opened = _open_sources(plan, sources) if source and plan is not None else {}
    try:
        stored = sum(entry.size_bytes for entry in entries)
        raw = sum(math.prod(s.shape) * s.numpy_dtype.itemsize for s in archive.specs.values())
        with _executor(workers, raw if source else stored) as executor:
            say(f"re-hashing the {len(entries):,} objects of {store}, {executor.describe()}")
            pace = Pace(say, "re-hashing", stored)
            damaged = damaged_objects(executor, str(archive.store.root), entries, pace.add)
            damaged += damaged_metadata(archive.store, listed, plan)
            variables: tuple[VariableReceipt, ...] = ()
            if plan is not None and source:
                pace = Pace(say, "comparing with the source", raw)
                key, measured = _key(archive, opened, told), told.applied_to(plan)
                compared = compare_variables(
                    executor, archive, measured, opened, key, crcs, pace.add_to
                )
                variables = judge_groups(executor, measured, opened, key, compared, say)
    finally:
        close_context()
        for one in opened.values():
            one.close()
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0).isoformat()
    return Receipt(
        archive=str(archive.store.root),
        manifest_sha256=archive.manifest_sha256,
        date=now,
        objects=len(entries),
        bytes=stored,
        damaged=tuple(damaged),
        foreign=tuple(foreign_objects(archive.store, listed)),
        recipe_digest="" if plan is None else plan.recipe_digest,
        plan_digest="" if plan is None else plan.digest(),
        source_files=_files(plan, opened),
        with_source=source and plan is not None,
        uncompared=uncompared if source else "",
        variables=variables,
        absent=() if plan is None else (*plan.skipped.items(), *_unplanned(plan, opened)),
        software=software_text(),
        not_run=told.not_run(plan) if source and plan is not None else (),
    )


def _documents(archive: Archive) -> tuple[Plan | None, dict[str, int], str]:
    """The plan and the CRC of the source's values of every shard by key; or why there are none."""
    try:
        plan = Plan.from_dict(json.loads(archive.document("plan.json")))
        crcs: dict[str, int] = {}
        for name in archive.documents:
            if name.startswith("shards-"):
                for line in archive.document(name).splitlines():
                    record = json.loads(line)
                    crcs[record["key"]] = record["source_crc32c"]
    except (ArchiveDamagedError, UsageError, FileNotFoundError) as error:
        return None, {}, f"the archive's own documents are damaged: {error}"
    except (ValueError, KeyError, TypeError, AttributeError, AssertionError) as error:
        # The bytes are those published: another version of climcomp wrote them.
        why = f"this climcomp cannot read the archive's plan ({type(error).__name__}: {error})"
        return None, {}, why
    return plan, crcs, ""


def _open_sources(plan: Plan, given: Mapping[str, Sequence[str]] | None) -> dict[str, Source]:
    """The plan's sources, or the same files in another place."""
    opened: dict[str, Source] = {}
    unknown = sorted((given or {}).keys() - plan.datasets.keys())
    if unknown:
        raise SourceError(
            f"the archive has no group {unknown[0]!r} with a source of its own; it has "
            f"{sorted(plan.datasets)}"
        )
    for key, dataset in plan.datasets.items():
        if given is None:
            opened[key] = open_source(dataset.spec)
            continue
        if key not in given:
            raise SourceError(
                f"the archive has the groups {sorted(plan.datasets)}; say where the files of "
                f"{key!r} are too"
            )
        spec = dataset.spec
        # One file that was not combined then is not combined now.
        opened[key] = open_source(
            list(given[key]), engine=spec.engine, group=spec.group, combine=spec.combine
        )
    return opened


def _key(archive: Archive, opened: Mapping[str, Source], told: Told) -> VerifyKey:
    sources = tuple(SourceKey(key, s.spec, s.identity()) for key, s in opened.items())
    return VerifyKey(str(archive.store.root), archive.manifest_sha256, sources, told)


def _files(plan: Plan | None, opened: Mapping[str, Source]) -> tuple[tuple[str, int], ...]:
    """Names and sizes of the files compared with; without them, those that the plan saw."""
    if plan is None:
        return ()
    if opened:
        return tuple((f.name, f.size_bytes) for s in opened.values() for f in s.identity())
    return tuple((f.name, f.size_bytes) for d in plan.datasets.values() for f in d.identity)


def _unplanned(plan: Plan, opened: Mapping[str, Source]) -> Iterator[tuple[str, str]]:
    """Variables of the source that the archive never had: they are not to be deleted unseen."""
    known = {(v.dataset, v.source_name) for v in plan.variables}
    for key, source in opened.items():
        for name in [*source.variables, *source.unsupported]:
            path = "/".join(part for part in (key, name) if part)
            if (key, name) not in known and path not in plan.skipped:
                yield path, "the source has it now; the plan of this archive did not see it"


@contextlib.contextmanager
def _executor(workers: int | None, size_bytes: int) -> Iterator[Executor]:
    if workers is None:
        workers = 0 if size_bytes < INLINE_BYTES else os.cpu_count() or 1
    executor = make_executor("local" if workers else "inline", max(1, workers))
    try:
        yield executor
    finally:
        executor.close()
