"""A plan for a person and for a machine: what happens to each variable, and what it costs."""

from __future__ import annotations

import math
import os
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from climcomp import blocks
from climcomp_metrics.report.quantity import counted, duration, number_text, size, times
from climcomp_metrics.report.text import printable
from climcomp_workflows.classes import CLASS_WORDS
from climcomp_workflows.plan.make import PlannedCost
from climcomp_workflows.plan.model import Plan, VariablePlan
from climcomp_workflows.recipe import Recipe

WIDTH = 100
_LABEL = 10
# Seen over files of HDF5 with deflate; a parallel file system gives more, a tape library less.
READ_MB_PER_SECOND = 200.0
# Of variables whose samples were not compressed, because they keep every bit: pcodec, both ways.
LOSSLESS_MB_PER_SECOND = 100.0
# DESIGN, "Speed": metrics, checksums and Dask together cost no more than a codec's round trip.
CHECKS_FACTOR = 2.0


def worker_count(recipe: Recipe) -> int:
    """How many processes a run of a recipe would have on this machine."""
    if recipe.cluster.kind == "inline":
        return 1
    workers = recipe.cluster.workers
    return workers if isinstance(workers, int) else os.cpu_count() or 1


def plan_document(plan: Plan, costs: Sequence[PlannedCost], workers: int) -> dict[str, Any]:
    """What `plan_text` says, for a machine. Sizes in bytes, times in seconds."""
    rates = _rates(costs)
    variables = [_variable(variable, rates.get(variable.name)) for variable in plan.variables]
    core_seconds = sum(v["core_seconds"] for v in variables)
    source = sum(v["source_bytes"] for v in variables)
    estimated = sum(v["estimated_bytes"] for v in variables)
    raw_sampled = sum(cost.sampled_bytes for cost in costs)
    seconds = sum(cost.seconds for cost in costs)
    return {
        "name": plan.name,
        "plan_digest": plan.digest(),
        "recipe_digest": plan.recipe_digest,
        "sources": {
            group: {
                "files": len(dataset.identity),
                "bytes": sum(file.size_bytes for file in dataset.identity),
                "first": dataset.identity[0].name if dataset.identity else None,
            }
            for group, dataset in plan.datasets.items()
        },
        "variables": variables,
        "totals": {
            "variables": len(variables),
            "shards": sum(v["objects"] for v in variables),
            "source_bytes": source,
            "raw_bytes": sum(v["raw_bytes"] for v in variables),
            "estimated_bytes": estimated,
            "ratio_to_source": source / estimated if estimated else None,
        },
        "cost": {
            "core_seconds": core_seconds,
            "wall_seconds": core_seconds / workers,
            "workers": workers,
            "measured_mb_per_second": raw_sampled / 1e6 / seconds if seconds > 0 else None,
            "assumed_read_mb_per_second": READ_MB_PER_SECOND,
            "assumed_lossless_mb_per_second": LOSSLESS_MB_PER_SECOND,
            "assumed_factor_for_checks": CHECKS_FACTOR,
        },
        "checks": plan.checks,
        "warnings": list(plan.warnings),
        "skipped": dict(plan.skipped),
    }


def plan_text(plan: Plan, costs: Sequence[PlannedCost], workers: int) -> str:
    """The plan in lines of at most 100 characters.

    A block for each variable that holds data, a line for each that is carried over.
    """
    document = plan_document(plan, costs, workers)
    entries = document["variables"]
    data = [entry for entry in entries if entry["how"] != "carried"]
    carried = [entry for entry in entries if entry["how"] == "carried"]
    sections = [
        _head(document, data, carried),
        *(_block(entry) for entry in data),
        _carried(carried),
        _listed("Left out", (f"{name}: {why}" for name, why in plan.skipped.items())),
        _listed("Warnings", plan.warnings),
        _totals(document),
    ]
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _rates(costs: Iterable[PlannedCost]) -> dict[str, float]:
    """MB/s of raw values, by variable."""
    return {
        cost.variable: cost.sampled_bytes / 1e6 / cost.seconds
        for cost in costs
        if cost.seconds > 0 and cost.sampled_bytes > 0
    }


def _variable(variable: VariablePlan, rate: float | None) -> dict[str, Any]:
    spec = variable.spec
    raw = math.prod(spec.shape) * spec.numpy_dtype.itemsize
    codec_seconds = CHECKS_FACTOR * raw / 1e6 / (rate or LOSSLESS_MB_PER_SECOND)
    read_seconds = variable.amplification * raw / 1e6 / READ_MB_PER_SECOND
    return {
        "name": variable.name,
        "how": variable.how,
        "class": variable.kind,
        "reason": variable.reason,
        "unit": str(spec.attributes.get("units", "")),
        "dims": list(spec.dims),
        "shape": list(spec.shape),
        "dtype": spec.dtype,
        "decoded": variable.decoded,
        "bound": variable.bound_text,
        "bound_source": variable.bound_source,
        "bounds": [bound.to_dict() for bound in variable.ladder[0].bounds or ()],
        "ladder": [rung.text for rung in variable.ladder],
        "start": variable.start,
        "enforced": variable.enforced,
        "on_fail": variable.on_fail,
        "codec": spec.codec,
        "chunk": list(spec.chunk),
        "shard": None if spec.shard is None else list(spec.shard),
        "objects": blocks.chunk_count(spec.shape, spec.written),
        "amplification": variable.amplification,
        "source_bytes": variable.source_bytes,
        "raw_bytes": raw,
        "estimated_bytes": variable.estimated_bytes,
        "ratio": raw / variable.estimated_bytes if variable.estimated_bytes else None,
        "measured_mb_per_second": rate,
        "core_seconds": codec_seconds + read_seconds,
        "notes": list(variable.notes),
    }  # fmt: skip


def _head(
    document: dict[str, Any], data: list[dict[str, Any]], carried: list[dict[str, Any]]
) -> list[str]:
    lossy = sum(entry["how"] == "lossy" for entry in data)
    lines = textwrap.wrap(
        f"Plan of {printable(document['name'])}: {counted(lossy, 'variable')} within error "
        f"bounds, {len(data) - lossy} lossless, {len(carried)} carried over exactly",
        WIDTH,
        subsequent_indent="    ",
    )
    for group, source in document["sources"].items():
        name = f"{group}: " if group else ""
        more = " and others" if source["files"] > 1 else ""
        lines += _wrapped(
            "source",
            f"{name}{counted(source['files'], 'file')}, {size(source['bytes'])} "
            f"({source['first']}{more})",
        )
    return lines


def _block(entry: dict[str, Any]) -> list[str]:
    shape = ", ".join(f"{d} {n}" for d, n in zip(entry["dims"], entry["shape"], strict=True))
    unit = f", {entry['unit']}" if entry["unit"] else ""
    kind = "float values of packed integers" if entry["decoded"] else entry["dtype"]
    lines = [_cut(f"{entry['name']}  ({shape}) {kind}{unit}")]
    lines += _wrapped("class", f"{entry['class']} {_class_word(entry['class'])}: {entry['reason']}")
    if entry["how"] == "lossy":
        lines += _wrapped("bound", f"{entry['bound']}, by {entry['bound_source']}")
        lines += _wrapped("ladder", _ladder(entry))
        if entry["enforced"] == "bounds":
            lines += _wrapped("checks", "bound and mask decide; other criteria are only reported")
        if entry["on_fail"] == "refuse":
            lines += _wrapped("on fail", "refused, for the recipe forbids to store it losslessly")
    lines += _wrapped("layout", _layout(entry))
    if entry["amplification"] > 1.005:
        read = number_text(entry["amplification"])
        lines += _wrapped("reading", f"the source is read {read} times over, by its own chunks")
    lines += _wrapped("size", _size(entry))
    for note in entry["notes"]:
        lines += _wrapped("note", note)
    return lines


def _class_word(letters: str) -> str:
    return next((word for letter, word in CLASS_WORDS.items() if letter == letters[:1]), "")


def _ladder(entry: dict[str, Any]) -> str:
    rungs = []
    for number, text in enumerate(entry["ladder"]):
        if number == len(entry["ladder"]) - 1 and entry["on_fail"] == "refuse":
            continue
        if number < entry["start"]:
            rungs.append(f"{text} (the samples fail it)")
        else:
            rungs.append(f"begins with {text}" if number == entry["start"] else text)
    return "; then ".join(rungs)


def _layout(entry: dict[str, Any]) -> str:
    itemsize = entry["raw_bytes"] // max(1, math.prod(entry["shape"]))
    chunk = f"{_by(entry['chunk'])} ({size(math.prod(entry['chunk']) * itemsize)})"
    how = "" if entry["codec"] == "block" else ", standard Zarr codecs"
    if entry["shard"] is None:
        return f"{counted(entry['objects'], 'object')} of {chunk}{how}"
    shard = f"{_by(entry['shard'])} ({size(math.prod(entry['shard']) * itemsize)})"
    return f"{counted(entry['objects'], 'shard')} of {shard}, in chunks of {chunk}{how}"


def _by(shape: Iterable[int]) -> str:
    return " x ".join(map(str, shape)) or "one value"


def _size(entry: dict[str, Any]) -> str:
    text = f"{size(entry['raw_bytes'])} of values, {size(entry['source_bytes'])} in the source, "
    text += (
        f"about {size(entry['estimated_bytes'])} in the archive: {times(entry['ratio'])} smaller"
    )
    return text


def _carried(entries: list[dict[str, Any]]) -> list[str]:
    if not entries:
        return []
    lines = [f"Carried over exactly: {counted(len(entries), 'variable')}"]
    width = min(32, max(len(entry["name"]) for entry in entries))
    for entry in entries:
        shape = _by(entry["shape"])
        facts = f"{entry['dtype']} {shape}, {size(entry['raw_bytes'])}"
        lines.append(_cut(f"  {entry['name']:<{width}}  {facts:<30} {entry['reason']}"))
    return lines


def _listed(title: str, texts: Iterable[str]) -> list[str]:
    lines: list[str] = []
    for text in texts:
        lines += textwrap.wrap(
            printable(text), WIDTH, initial_indent="  - ", subsequent_indent="    "
        )
    return [f"{title}:", *lines] if lines else []


def _totals(document: dict[str, Any]) -> list[str]:
    totals, cost = document["totals"], document["cost"]
    smaller = totals["ratio_to_source"]
    hours = cost["core_seconds"] / 3600
    core_hours = f" ({number_text(hours)} core-hours)" if hours >= 1 else ""
    lines = [
        f"In all: {size(totals['source_bytes'])} in the source become about "
        f"{size(totals['estimated_bytes'])}"
        + (f", {times(smaller)} smaller" if smaller else "")
        + f", in {counted(totals['shards'], 'object')}",
        f"Time:   about {duration(cost['core_seconds'])} of one core{core_hours}, "
        f"{duration(cost['wall_seconds'])} with {counted(cost['workers'], 'worker')}",
    ]
    rate = cost["measured_mb_per_second"]
    measured = (
        f"encoding and decoding at {rate:.0f} MB/s, measured on the samples on this machine"
        if rate
        else f"lossless coding at {LOSSLESS_MB_PER_SECOND:.0f} MB/s"
    )
    assumed = (
        f"Assumed: {measured}; as much again for checks, checksums and Dask; reading at "
        f"{READ_MB_PER_SECOND:.0f} MB/s a core; starting up is not counted."
    )
    return [*lines, *textwrap.wrap(assumed, WIDTH, subsequent_indent="        ")]


def _wrapped(label: str, text: str) -> Iterator[str]:
    indent = " " * (4 + _LABEL)
    return iter(
        textwrap.wrap(
            printable(text),
            WIDTH,
            initial_indent=f"    {label:<{_LABEL}}",
            subsequent_indent=indent,
            break_on_hyphens=False,
            break_long_words=False,
        )
    )


def _cut(line: str) -> str:
    line = printable(line)
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 2]}.."
