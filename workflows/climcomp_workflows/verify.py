"""Verifying a published archive: its checksums; with the source, every bound and test again."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from climcomp.archive import (
    Archive,
    open_archive,
    rehash,
    root_mismatches,
    shard_indices,
    shard_key,
    shard_region,
)
from climcomp.errors import ClimcompError, SourceError
from climcomp.source import Source, open_source
from climcomp.source.grid import read_geometry
from climcomp_metrics.base import State, Verdict
from climcomp_metrics.criteria import make_limits
from climcomp_metrics.field import canonical
from climcomp_metrics.judge import judge
from climcomp_metrics.measure import measure
from climcomp_metrics.physical import ShardCheck, check_shard
from climcomp_metrics.shard_verdicts import merge_checks, shard_verdicts
from climcomp_metrics.sphere import area_weights
from climcomp_metrics.state import merge
from climcomp_metrics.summarise import summarise
from climcomp_workflows.gate import failures, in_words
from climcomp_workflows.plan.model import Plan, VariablePlan
from climcomp_workflows.receipt import Receipt, VariableReceipt
from climcomp_workflows.shard import (
    decoded_values,
    place_of,
    rung_bounds,
    same_bits,
    source_checksum,
)


def verify_archive(
    store: str,
    *,
    source: bool = False,
    sources: Mapping[str, Sequence[str]] | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Receipt:
    """Verify a published archive.

    Parameters
    ----------
    source
        Also compare every value with the source, and judge every criterion again from the bytes
        that are stored.
    sources
        Where the source's files are now, by group of the archive; None: where the plan saw them.
    say
        Is told what is being verified.

    Raises
    ------
    ArchiveError
        If there is no published archive.
    SourceError
        If the source is asked for and cannot be opened.
    """
    say(f"re-hashing the objects of {store}")
    archive = open_archive(store)
    entries = list(archive.manifest())
    damaged = [str(m) for m in rehash(archive.store, entries)]
    damaged += [
        f"{path}: the root metadata describe it otherwise" for path in root_mismatches(archive.store)
    ]
    plan = Plan.from_dict(json.loads(archive.document("plan.json")))
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0).isoformat()
    receipt = Receipt(
        archive=str(archive.store.root),
        manifest_sha256=archive.manifest_sha256,
        date=now,
        objects=len(entries),
        bytes=sum(entry.size_bytes for entry in entries),
        damaged=tuple(damaged),
        recipe_digest=plan.recipe_digest,
        plan_digest=plan.digest(),
        source_files=tuple(
            (f.name, f.size_bytes) for d in plan.datasets.values() for f in d.identity
        ),
        with_source=source,
        absent=tuple(plan.skipped.items()),
    )
    if not source:
        return receipt
    opened = _open_sources(plan, sources)
    try:
        variables = tuple(_variables(archive, plan, opened, say))
    finally:
        for one in opened.values():
            one.close()
    files = tuple((f.name, f.size_bytes) for s in opened.values() for f in s.identity())
    return replace(receipt, variables=variables, source_files=files)


def _open_sources(
    plan: Plan, sources: Mapping[str, Sequence[str]] | None
) -> dict[str, Source]:
    """The plan's sources, or the same files in another place."""
    opened: dict[str, Source] = {}
    for key, dataset in plan.datasets.items():
        if sources is None:
            opened[key] = open_source(dataset.spec)
            continue
        if key not in sources:
            raise SourceError(
                f"the archive has the groups {sorted(plan.datasets)}; say where the files of {key!r} "
                f"are too"
            )
        spec = dataset.spec
        opened[key] = open_source(
            list(sources[key]), engine=spec.engine, group=spec.group, combine=spec.combine
        )
    return opened


def _variables(
    archive: Archive, plan: Plan, sources: dict[str, Source], say: Callable[[str], None]
) -> Iterator[VariableReceipt]:
    crcs = _source_checksums(archive)
    for variable in plan.variables:
        say(f"verifying {variable.name} against its source")
        source = sources[variable.dataset]
        if variable.name not in archive.specs:
            why = "it was refused: no allowed rung passed its tests. Keep its originals."
            yield VariableReceipt(variable.name, False, "not in the archive", problems=(why,))
            continue
        try:
            if variable.source_name not in source.variables:
                raise SourceError(f"the source has no variable {variable.source_name!r}")
            if variable.settings is None:
                yield _exact(archive, variable, source)
            else:
                yield _lossy(archive, plan, variable, source, crcs)
        except ClimcompError as error:
            yield VariableReceipt(variable.name, False, variable.how, problems=(str(error),))


def _source_checksums(archive: Archive) -> dict[str, int]:
    """CRC-32C of the source's values of every shard, as the run saw them, by key."""
    found: dict[str, int] = {}
    for name in archive.documents:
        if name.startswith("shards-"):
            for line in archive.document(name).splitlines():
                record = json.loads(line)
                found[record["key"]] = record["source_crc32c"]
    return found


def _exact(archive: Archive, variable: VariablePlan, source: Source) -> VariableReceipt:
    """Every bit of a variable that was to keep every bit."""
    problems = []
    for index in shard_indices(variable.spec):
        region = shard_region(variable.spec, index)
        stored = archive.read(variable.name, region)
        if not same_bits(source.read(variable.source_name, region), stored):
            problems.append(f"{shard_key(variable.spec, index)} is not the source's, bit for bit")
    return VariableReceipt(variable.name, not problems, "exact", problems=tuple(problems))


@dataclass(slots=True)
class _Comparison:
    """What comparing a variable with its source has found; lives while that goes on."""

    check: ShardCheck | None = None
    problems: list[str] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    lossless: bool = True


def _lossy(
    archive: Archive,
    plan: Plan,
    variable: VariablePlan,
    source: Source,
    crcs: dict[str, int],
) -> VariableReceipt:
    """All criteria of a lossy variable, from the bytes on disk and the source's values."""
    settings = variable.settings
    assert settings is not None
    geometry = read_geometry(source, variable.source_name)
    found = area_weights(geometry)
    weights = None if isinstance(found, str) else found
    bounds = rung_bounds(variable.ladder[0], settings.shape[1])
    columns: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for index in shard_indices(variable.spec):
        columns.setdefault(tuple(index[a] for a in settings.axes.level), []).append(index)
    total = _Comparison()
    values = []
    for indices in columns.values():
        state: State | None = None
        for index in indices:
            part = _shard(archive, variable, source, index, crcs, bounds, total)
            mine = measure(*part, settings, weights, place_of(variable, shard_region(variable.spec, index)))
            state = mine if state is None else merge(state, mine)
        assert state is not None
        values += summarise(state, settings, weights)
    assert total.check is not None
    off = set(plan.checks["off"])
    judged = judge(values, settings, make_limits(plan.checks["limits"]))
    total.verdicts = [
        *shard_verdicts(total.check, settings, variable.bound_source),
        *(v for v in judged if v.criterion not in off),
    ]
    failed = failures(total.verdicts, variable.enforced, plan.checks["require"])
    if not total.lossless:
        total.problems += [in_words(v) for v in failed]
    return VariableReceipt(
        variable.name,
        not total.problems,
        "exact" if total.lossless else "within its bound",
        problems=tuple(total.problems),
        verdicts=tuple(total.verdicts),
    )


def _shard(
    archive: Archive,
    variable: VariablePlan,
    source: Source,
    index: tuple[int, ...],
    crcs: dict[str, int],
    bounds: tuple[Any, ...],
    total: _Comparison,
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Original and decoded values of a shard, canonical, after every value was compared."""
    settings = variable.settings
    assert settings is not None
    region = shard_region(variable.spec, index)
    key = shard_key(variable.spec, index)
    described = source.variables[variable.source_name]
    raw = np.ascontiguousarray(source.read(variable.source_name, region))
    if key in crcs and crcs[key] != source_checksum(raw):
        total.problems.append(
            f"{key}: the source's values are not those that the archive was made from"
        )
    stored = archive.read(variable.name, region)
    original = decoded_values(described, raw)
    decoded = stored if variable.decoded else decoded_values(described, stored)
    total.lossless &= same_bits(original if variable.decoded else raw, stored)
    pair = canonical(original, settings.axes), canonical(decoded, settings.axes)
    check = check_shard(*pair, settings, place_of(variable, region), bounds)
    total.check = check if total.check is None else merge_checks(total.check, check)
    return pair
