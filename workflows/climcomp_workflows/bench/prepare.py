"""What a variable is benched with: its sample, its blocks, its bounds, and what the plan says."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from climcomp.bounds import ErrorBound
from climcomp.source import SourceVariable, decode
from climcomp_metrics.base import Limits
from climcomp_metrics.field import Axes, FieldSettings
from climcomp_workflows.bench.rate import BenchBlock, Blocks
from climcomp_workflows.domain import make_domain
from climcomp_workflows.plan.blocks import Region, sample_blocks
from climcomp_workflows.plan.draft import field_settings
from climcomp_workflows.plan.fields import exact_values
from climcomp_workflows.plan.fit_settings import fit_settings_of
from climcomp_workflows.plan.layout import Layout
from climcomp_workflows.plan.lossless import layout_of, lossless_reason
from climcomp_workflows.plan.model import Settings, VariablePlan
from climcomp_workflows.plan.places import Places, subject_of
from climcomp_workflows.plan.sample import Sample
from climcomp_workflows.plan.subject import Dataset, Findings, Subject, is_packed
from climcomp_workflows.plan.survey import EveryBit, Survey, loosest_bounds, survey
from climcomp_workflows.plan.trial import SampleGate
from climcomp_workflows.recipe import Recipe, settings_for


class NotBenched(Exception):
    """A variable has nothing to bench; `bench_variable`'s caller writes down why."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A variable with all that its trials need.

    Parameters
    ----------
    bounds
        Of every level: those of the plan's first rung.
    """

    plan: VariablePlan
    gate: SampleGate
    blocks: Blocks
    bounds: tuple[ErrorBound, ...]
    bound_text: str
    bound_source: str
    notes: tuple[str, ...]
    fits: Settings  # of networks


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What the plan decided of a variable, or would have if anything lossy were smaller."""

    settings: FieldSettings
    exact: tuple[float, ...]
    bounds: tuple[ErrorBound, ...]
    text: str
    source: str
    chunk: tuple[int, ...]
    outer: tuple[int, ...]


def prepare(
    recipe: Recipe, dataset: Dataset, plan: VariablePlan, places: Places, limits: Limits
) -> Prepared:
    """Read the sample and the sample blocks of a variable.

    Raises
    ------
    NotBenched
        If it has no bound that could be varied, or no values to vary it on.
    SourceError
        If the source cannot be read.
    """
    if plan.is_preview:
        raise NotBenched("a preview has no bound that could be varied; give the variable one")
    variable = dataset.source.variables[plan.source_name]
    settings = settings_for(recipe, plan.name)
    if reason := lossless_reason(recipe, variable, settings):
        raise NotBenched(reason)
    subject = subject_of(recipe, dataset, variable, places, limits)
    findings = Findings()
    try:
        found = survey(subject, findings)
        chosen = _of_plan(plan) if plan.how == "lossy" else _as_if(subject, found, findings)
    except EveryBit as every:
        raise NotBenched(str(every)) from every
    gate = SampleGate(
        found.sample,
        chosen.settings,
        chosen.exact,
        make_domain(
            subject.geometry, None if isinstance(subject.weights, str) else subject.weights, None
        ),
        limits,
        "all",
        frozenset(recipe.checks.off),
    )
    blocks = Blocks(
        _blocks(subject, found.axes, chosen),
        found.axes,
        chosen.exact,
        _fill(variable),
        found.ranges,
    )
    if not any(block.counts.any() for block in blocks.blocks):
        raise NotBenched("all values of its sample blocks are missing")
    notes = tuple(findings.notes) if plan.how != "lossy" else ()
    return Prepared(
        plan, gate, blocks, chosen.bounds, chosen.text, chosen.source, notes,
        fit_settings_of(subject, chosen.chunk, masked=found.masked),
    )  # fmt: skip


def _of_plan(plan: VariablePlan) -> _Chosen:
    first = plan.ladder[0]
    assert plan.settings is not None  # the plan is lossy
    assert first.bounds is not None
    levels = plan.settings.shape[1]
    bounds = first.bounds if len(first.bounds) == levels else first.bounds * levels
    spec = plan.spec
    return _Chosen(
        plan.settings, plan.exact, bounds, plan.bound_text, plan.bound_source, spec.chunk,
        spec.shard or spec.chunk,
    )  # fmt: skip


def _as_if(subject: Subject, found: Survey, findings: Findings) -> _Chosen:
    """As the plan begins with a variable, before it finds that nothing lossy is smaller.

    Raises
    ------
    EveryBit
        If the bound is below the spacing of the floats.
    """
    loosest, factor = loosest_bounds(subject, found, findings)
    own = tuple(bound.tightened(factor) for bound in loosest.bounds)
    variable = subject.variable
    exact, zeros_exact = exact_values(
        variable, subject.settings, found.kind, found.sample.fields, is_packed(variable),
        findings.notes,
    )  # fmt: skip
    layout: Layout = layout_of(subject.recipe, variable, subject.dtype.itemsize, True)
    return _Chosen(
        field_settings(subject, found, layout, zeros_exact),
        exact,
        own,
        loosest.text,
        loosest.source,
        layout.chunk,
        layout.outer,
    )


def _fill(variable: SourceVariable) -> float:
    """What pads blocks at the ends of the array, as the archive has it."""
    marks = () if is_packed(variable) else variable.fill_values
    return float(marks[0]) if marks else math.nan


def _blocks(subject: Subject, axes: Axes, chosen: _Chosen) -> tuple[BenchBlock, ...]:
    variable = subject.variable
    made = []
    for region, raw in sample_blocks(subject.dataset.source, variable, chosen.chunk):
        decoded = decode(variable, raw)
        counts = np.isfinite(decoded)
        for flag in subject.settings.exact:
            if flag != 0:  # zeros are values
                counts &= decoded != decoded.dtype.type(flag)
        shared = tuple(
            slice(
                part.start // outer * outer,
                min((part.start // outer + 1) * outer, length),
            )
            for part, outer, length in zip(region, chosen.outer, variable.shape, strict=True)
        )
        made.append(
            BenchBlock(
                decoded if is_packed(variable) else np.asarray(raw, raw.dtype.newbyteorder("=")),
                counts,
                _folded(region, axes, variable.shape),
                _folded(shared, axes, variable.shape),
            )
        )
    return tuple(made)


def _folded(region: Region, axes: Axes, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The folded indices of a region's levels, in C order."""
    sizes = [shape[a] for a in axes.level]
    found = []
    for at in itertools.product(*(range(region[a].start, region[a].stop) for a in axes.level)):
        number = 0
        for index, size in zip(at, sizes, strict=True):
            number = number * size + index
        found.append(number)
    return tuple(found)


def sample_text(sample: Sample, settings: FieldSettings) -> str:
    """What part of a variable the metrics see, in words."""
    if sample.whole:
        return "all of it"
    steps, levels, rows, columns = settings.shape
    parts = []
    for count, whole, word in (
        (len(sample.times), steps, "time steps"),
        (len(sample.levels), levels, "levels"),
    ):
        if whole > 1:
            parts.append(f"{count} of {whole} {word}" if count < whole else f"all {whole} {word}")
    if sample.tiles:
        here = (sample.rows.stop - sample.rows.start, sample.columns.stop - sample.columns.start)
        parts.append(f"{here[0]} x {here[1]} of {rows} x {columns} cells")
    return ", ".join(parts)


def blocks_text(blocks: Blocks) -> str:
    """What the sizes are of, in words."""
    shapes = {block.values.shape for block in blocks.blocks}
    largest = " x ".join(map(str, max(shapes, key=math.prod))) or "one value"
    count = len(blocks.blocks)
    return f"{count} chunk{'s' if count > 1 else ''} of {largest} values"
