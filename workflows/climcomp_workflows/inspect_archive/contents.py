"""The variables of a published archive: shapes, sizes by its manifest, codecs, bounds, errors."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

from climcomp import blocks
from climcomp.archive import Archive, ArraySpec
from climcomp.archive.keys import FOLDER, METADATA
from climcomp.errors import UsageError
from climcomp_metrics.report import Report, VariableReport
from climcomp_metrics.report.bound import bound_text, largest_error
from climcomp_metrics.report.quantity import counted, size, times
from climcomp_metrics.report.sentence import verdict_sentence
from climcomp_metrics.report.text import printable
from climcomp_workflows.recipe.problems import nearest

_NAME_WIDTH = 30


def full_name(archive: Archive, name: str) -> str:
    """The path of a variable, whose groups may be left out where that is clear.

    Raises
    ------
    UsageError
        If there is none, with the nearest names.
    """
    wanted = name.strip("/")
    if wanted in archive.specs:
        return wanted
    endings = [path for path in archive.specs if path.rpartition("/")[2] == wanted]
    if len(endings) == 1:
        return endings[0]
    close = endings or nearest(wanted, archive.specs)
    hint = f" Did you mean {' or '.join(close)}?" if close else ""
    raise UsageError(f"{archive.store.root} has no variable {name!r}.{hint}")


def archive_document(archive: Archive, report: Report | None) -> dict[str, Any]:
    """What is in an archive; sizes are those of the manifest."""
    stored, others = _sizes(archive)
    reports = {} if report is None else {v.name: v for v in report.variables}
    return {
        "store": str(archive.store.root),
        "published": True,
        "name": None if report is None else report.name,
        "created": None if report is None else report.created,
        "climcomp": None if report is None else report.climcomp,
        "manifest_sha256": archive.manifest_sha256,
        "groups": {path: len(attributes) for path, attributes in archive.groups.items()},
        "documents": list(archive.documents),
        "data_bytes": sum(sum(sizes) for sizes in stored.values()),
        "metadata_bytes": others,
        "variables": [
            _entry(spec, stored.get(path, []), reports.get(path))
            for path, spec in sorted(archive.specs.items())
        ],
        "refused": [v.name for v in reports.values() if v.how == "refused"],
    }


def variable_document(archive: Archive, report: Report | None, name: str) -> dict[str, Any]:
    """More of one variable: its objects, its attributes and what the report says of it."""
    spec = archive.specs[name]
    stored, _ = _sizes(archive, name)
    sizes = sorted(stored.get(name, []))
    reports = {} if report is None else {v.name: v for v in report.variables}
    found = reports.get(name)
    grid = blocks.grid_shape(spec.shape, spec.chunk)
    return {
        "store": str(archive.store.root),
        **_entry(spec, sizes, found),
        "chunk_grid": list(grid),
        "chunks": math.prod(grid),
        "object_bytes": None
        if not sizes
        else {"least": sizes[0], "median": sizes[len(sizes) // 2], "most": sizes[-1]},
        "blocks_by_codec": {} if found is None else dict(found.codecs),
        "shards_by_rung": {} if found is None or found.shards is None else dict(found.shards.rungs),
        "said": None if found is None else verdict_sentence(found),
        "notes": [] if found is None else list(found.notes),
        "fallbacks": [] if found is None else list(found.fallbacks),
        "attributes": dict(spec.attributes),
    }


def archive_text(document: dict[str, Any]) -> str:
    """The contents as a table of at most 100 columns where names allow it."""
    made = f", made {document['created']} by climcomp {document['climcomp']}"
    lines = [
        f"{document['store']}: "
        + (f"{document['name']}{made}" if document["name"] else "an archive without a report"),
        f"{counted(len(document['variables']), 'variable')}, {size(document['data_bytes'])} of "
        f"data, {size(document['metadata_bytes'])} of metadata and documents",
        "",
    ]
    named = [path for path in document["groups"] if path and path != FOLDER.rstrip("/")]
    if named:
        lines.insert(2, f"groups: {', '.join(named)}")
    names = [entry["name"] for entry in document["variables"]]
    width = min(_NAME_WIDTH, max(map(len, names), default=4))
    lines.append(
        f"{'variable':<{width}}  {'stored':>9} {'ratio':>7}  {'codec':<12} "
        f"{'bound, error reached':<24} {'objects':>7}  type and shape"
    )
    for entry in document["variables"]:
        name = entry["name"] if len(entry["name"]) <= width else f"{entry['name'][: width - 2]}.."
        bound = entry["bound"] or ""
        if entry["error"] is not None:
            bound = f"{bound}, {entry['error']}"
        shape = " x ".join(f"{d} {n}" for d, n in zip(entry["dims"], entry["shape"], strict=True))
        lines.append(
            f"{name:<{width}}  {size(entry['stored_bytes']):>9} {times(entry['ratio']):>7}  "
            f"{_codec(entry):<12} {bound:<24} {entry['objects']:>7}  {entry['dtype']} {shape}"
        )
    if document["refused"]:
        lines += ["", f"Refused, and not in the archive: {', '.join(document['refused'])}"]
    return "\n".join(printable(line).rstrip() for line in lines) + "\n"


def variable_text(document: dict[str, Any]) -> str:
    """One variable in lines."""
    shape = ", ".join(f"{d} {n}" for d, n in zip(document["dims"], document["shape"], strict=True))
    lines = [f"{document['name']}  ({shape or 'a single value'}) {document['dtype']}"]
    if document["said"]:
        lines.append(f"  {document['said']}")
    stored = f"{size(document['stored_bytes'])} of {_raw(document)}"
    facts = {
        "stored": f"{stored}, {times(document['ratio'])}",
        "chunk": f"{_by(document['chunk'])}; {counted(document['chunks'], 'chunk')}, grid "
        f"{_by(document['chunk_grid'])}",
        "objects": f"{document['objects']}"
        + (f", shards of {_by(document['shard'])}" if document["shard"] else ""),
        "coded by": "climcomp.block" if document["codec"] == "block" else "standard Zarr codecs",
        "blocks": ", ".join(f"{c}: {n}" for c, n in document["blocks_by_codec"].items()),
        "rungs": ", ".join(f"{r}: {n}" for r, n in document["shards_by_rung"].items()),
        "bound": document["bound"] or "",
        "error": document["error"] or "",
    }
    sizes = document["object_bytes"]
    if sizes and document["objects"] > 1:
        facts["objects"] += (
            f"; {size(sizes['least'])} to {size(sizes['most'])}, median {size(sizes['median'])}"
        )
    lines += [f"  {label:<9} {text}" for label, text in facts.items() if text]
    lines += [f"  note      {note}" for note in document["notes"]]
    lines += [f"  fallback  {text}" for text in document["fallbacks"]]
    lines += [f"  :{name} = {value}" for name, value in document["attributes"].items()]
    if document["codec"] == "block":
        first = ",".join("0" for _ in document["shape"])
        lines.append(f"One chunk's header: --chunk {first}")
    return "\n".join(map(printable, lines)) + "\n"


def _sizes(archive: Archive, only: str | None = None) -> tuple[dict[str, list[int]], int]:
    """Bytes of the data objects by variable, and of everything else together."""
    stored: dict[str, list[int]] = defaultdict(list)
    others = 0
    for entry in archive.manifest():
        path, _, last = entry.key.rpartition("/")
        if last != METADATA and path in archive.specs:
            if only in (None, path):
                stored[path].append(entry.size_bytes)
        else:
            others += entry.size_bytes
    return stored, others


def _entry(spec: ArraySpec, sizes: list[int], report: VariableReport | None) -> dict[str, Any]:
    raw = None if spec.dtype == "str" else math.prod(spec.shape) * spec.numpy_dtype.itemsize
    stored = sum(sizes)
    error = None if report is None else largest_error(report)
    bound = None
    if report is not None and report.bound is not None and report.how == "lossy":
        bound = bound_text(report.bound, report.unit)
    elif report is not None and report.how == "preview":
        bound = "none: a preview"
    return {
        "name": spec.path,
        "how": None if report is None else report.how,
        "standing": None if report is None else report.standing,
        "dims": list(spec.dims),
        "shape": list(spec.shape),
        "dtype": spec.dtype,
        "chunk": list(spec.chunk),
        "shard": None if spec.shard is None else list(spec.shard),
        "codec": spec.codec,
        "codecs": {} if report is None else dict(report.codecs),
        "objects": len(sizes),
        "raw_bytes": raw,
        "stored_bytes": stored,
        "ratio": raw / stored if raw and stored else None,
        "bound": bound,
        "error": None if error is None or bound is None else error[0],
        "place": None if error is None or bound is None else error[1],
    }


def _codec(entry: dict[str, Any]) -> str:
    return "+".join(sorted(entry["codecs"])) or ("block" if entry["codec"] == "block" else "zstd")


def _raw(document: dict[str, Any]) -> str:
    return "texts" if document["raw_bytes"] is None else size(document["raw_bytes"])


def _by(shape: list[int]) -> str:
    return " x ".join(map(str, shape)) or "one value"
