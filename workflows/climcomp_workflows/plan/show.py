"""A plan for a person: what happens to each variable, and what it costs."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from climcomp_metrics.report import CostReport
from climcomp_metrics.report.cost_words import assumed_text, cost_entries
from climcomp_metrics.report.document import from_document
from climcomp_metrics.report.quantity import counted, duration, number_text, size, times
from climcomp_metrics.report.text import printable
from climcomp_workflows.classes import CLASS_WORDS
from climcomp_workflows.plan import timing
from climcomp_workflows.plan.document import plan_document
from climcomp_workflows.plan.make import PlannedCost
from climcomp_workflows.plan.model import Plan
from climcomp_workflows.recipe import Cost
from climcomp_workflows.recipe.problems import listed
from climcomp_workflows.workers import GpuWorkers

WIDTH = 100
_LABEL = 10


def plan_text(
    plan: Plan,
    costs: Sequence[PlannedCost],
    workers: int,
    settings: Cost | None = None,
    planning_seconds: float = 0.0,
    found: GpuWorkers | None = None,
) -> str:
    """The plan in lines of at most 100 characters.

    A block for each variable that holds data, a line for each that is carried over, and the cost;
    the parameters are those of `plan_document`.
    """
    document = plan_document(plan, costs, workers, settings, planning_seconds, found)
    entries = document["variables"]
    data = [entry for entry in entries if entry["how"] != "carried"]
    carried = [entry for entry in entries if entry["how"] == "carried"]
    sections = [
        _head(document, data, carried),
        *(_block(entry) for entry in data),
        _carried(carried),
        _together(document["together"]),
        _listed("Left out", (f"{name}: {why}" for name, why in plan.skipped.items())),
        _listed("Warnings", plan.warnings),
        _totals(document),
    ]
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _head(
    document: dict[str, Any], data: list[dict[str, Any]], carried: list[dict[str, Any]]
) -> list[str]:
    previews = sum(entry["is_preview"] for entry in data)
    lossy = sum(entry["how"] == "lossy" for entry in data) - previews
    also = f"{counted(previews, 'preview')} without a bound, " if previews else ""
    lines = textwrap.wrap(
        f"Plan of {printable(document['name'])}: {counted(lossy, 'variable')} within error "
        f"bounds, {also}{len(data) - lossy - previews} lossless, {len(carried)} carried over "
        "exactly",
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
        if entry["enforced"] == "masks":
            lines += _wrapped("checks", "missing values decide; all criteria are only reported")
        if entry["enforced"] == "bounds":
            lines += _wrapped("checks", "bound and mask decide; other criteria are only reported")
        if entry["on_fail"] == "refuse":
            lines += _wrapped("on fail", "refused, for the recipe forbids to store it losslessly")
    if entry["own_metrics"]:
        lines += _wrapped("own tests", ", ".join(entry["own_metrics"]))
    lines += _wrapped("layout", _layout(entry))
    if entry["amplification"] > 1.005:
        read = number_text(entry["amplification"])
        lines += _wrapped("reading", f"the source is read {read} times over, by its own chunks")
    lines += _wrapped("size", _size(entry))
    if entry["neural"]:
        lines += _wrapped(entry["neural"]["codec"], entry["neural"]["told"])
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
    text = f"{size(entry['raw_bytes'])} of values, "
    if entry["source_bytes"] or not entry["is_preview"]:
        text += f"{size(entry['source_bytes'])} in the source, "
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
        # Where fields could have been smaller, whoever plans wants all of what was tried.
        for told in (entry["reason"], *entry["notes"]) if entry["notes"] else ():
            lines += textwrap.wrap(
                printable(told), WIDTH, initial_indent=" " * 6 + "- ", subsequent_indent=" " * 8
            )
    return lines


def _together(groups: list[dict[str, Any]]) -> list[str]:
    """The criteria over several variables, which are judged once all of these are accepted."""
    lines = (f"{group['label']}: {', '.join(group['criteria'])}" for group in groups)
    return _listed("Together", lines)


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
    lines = _ended(
        "In all",
        f"{size(totals['source_bytes'])} in the source become about "
        f"{size(totals['estimated_bytes'])}"
        + (f", {times(smaller)} smaller" if smaller else "")
        + f", in {counted(totals['shards'], 'object')}",
    )
    told = from_document(CostReport, cost, "cost")
    for label, text in cost_entries(told):
        if label == "Time":
            text += f"; of it {duration(cost['core_seconds'])} of one core are work on the data"
        lines += _ended(label, text)
    return [*lines, *_ended("Assumed", _assumed(document, told))]


def _assumed(document: dict[str, Any], told: CostReport) -> str:
    cost = document["cost"]
    rate = cost["measured_mb_per_second"]
    measured = (
        f"encoding and decoding at {rate:.0f} MB/s, measured on the samples on this machine"
        if rate
        else f"lossless coding at {timing.LOSSLESS_MB_PER_SECOND:.0f} MB/s"
    )
    fixed = [f"{duration(cost['assumed_start_seconds'])} to start"]
    for key, what in (
        ("planning_seconds", "to plan, as just now"),
        ("assumed_carry_seconds", "to carry over"),
        ("assumed_figures_seconds", "for figures"),
    ):
        if cost[key]:
            fixed.append(f"{duration(cost[key])} {what}")
    variables = document["variables"]
    on_gpu = any(entry["neural"] and entry["neural"]["on_gpu"] for entry in variables)
    fits = any(entry["neural"] and entry["neural"]["fit_core_seconds"] for entry in variables)
    beside_fits = " where no network is fitted" if fits else ""
    gpus = "; what GPUs save and draw is not counted" if on_gpu else ""
    energy = f". {assumed_text(told)}" if assumed_text(told) else ""
    return (
        f"{measured}; as much again for checks, checksums and Dask{beside_fits}; reading at "
        f"{timing.READ_MB_PER_SECOND:.0f} MB/s a core; {listed(fixed, 'and')}; no other "
        f"work on the machine{gpus}{energy}."
    )


def _ended(label: str, text: str) -> list[str]:
    """A line at the end of the plan, with the texts of all in one column."""
    return textwrap.wrap(
        printable(text),
        WIDTH,
        initial_indent=f"{label + ':':<9}",
        subsequent_indent=" " * 9,
        break_on_hyphens=False,
    )


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
