"""The plan of a variable that may lose what its bound allows."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from climcomp.errors import BoundError, RecipeError
from climcomp.lattice import detect_lattice
from climcomp.source import Geometry, SourceVariable, decode, decoded_dtype
from climcomp_metrics.base import Limits
from climcomp_metrics.field import Axes, FieldSettings
from climcomp_metrics.sigma import estimate_sigma
from climcomp_workflows.classes import classify, default_bound, sample_stats
from climcomp_workflows.plan.choose import (
    PORTABLE_FACTOR,
    SampleBlock,
    Trial,
    encode_at,
    estimated_bytes,
    race,
    standard_size,
)
from climcomp_workflows.plan.fields import (
    bins_of_all,
    exact_values,
    is_periodic,
    no_neighbours,
    ranges_of_all,
    sigma_of_all,
)
from climcomp_workflows.plan.information import information_bounds
from climcomp_workflows.plan.ladder import AUTO_CODECS, LevelBounds, candidates, make_ladder
from climcomp_workflows.plan.layout import Layout
from climcomp_workflows.plan.level_bounds import (
    LevelRange,
    below_spacing,
    default_bounds,
    level_ranges,
    recipe_bounds,
)
from climcomp_workflows.plan.lossless import (
    Dataset,
    array_spec,
    axes_of,
    is_packed,
    layout_of,
    plan_lossless,
)
from climcomp_workflows.plan.model import VariablePlan
from climcomp_workflows.plan.sample import Sample, read_sample, sample_blocks
from climcomp_workflows.plan.trial import first_rung
from climcomp_workflows.recipe import Recipe, VariableSettings
from climcomp_workflows.recipe.run_values import Information

# Levels whose bounds differ by more than this get shards of their own, where fields are large
# enough; below, the levels of a shard share its tightest bound.
LEVELS_TOGETHER_SPREAD = 1.5
LEVELS_TOGETHER_BYTES = 1 << 20


@dataclass(slots=True)
class Findings:
    """What is learned of one variable while it is planned; lives as long as that."""

    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0  # one encode and decode of the sample blocks
    sampled_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Subject:
    """One variable to be planned, and all that is known of it before its values are sampled."""

    recipe: Recipe
    dataset: Dataset
    variable: SourceVariable
    settings: VariableSettings
    geometry: Geometry
    weights: NDArray[np.float64] | str
    months: NDArray[np.integer] | None
    limits: Limits

    @property
    def unit(self) -> str:
        """The variable's unit as its file says it."""
        return str(self.variable.attributes.get("units", ""))

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """The type of the values as they will be stored."""
        return decoded_dtype(self.variable) if is_packed(self.variable) else self.variable.dtype


def plan_lossy(subject: Subject, findings: Findings) -> VariablePlan:
    """Plan a variable: sample it, bound it, choose codec and layout, try the ladder on the sample.

    Where no value varies, sigma is undefined or nothing lossy is smaller, the plan is lossless and
    says why.

    Raises
    ------
    RecipeError
        If the recipe asks of this variable what cannot be.
    """
    variable, settings, notes = subject.variable, subject.settings, findings.notes
    axes = axes_of(variable)
    levels = axes.shape(variable.shape)[1]

    def lossless(reason: str) -> VariablePlan:
        return plan_lossless(
            subject.recipe, subject.dataset, variable, settings, reason, tuple(notes)
        )

    whole_sample = read_sample(subject.dataset.source, variable, axes, subject.months)
    sample = _without(whole_sample, settings.exact)
    sampled_ranges = level_ranges(sample.fields)
    if all(r is None for r in sampled_ranges):
        return lossless("all sampled values are missing")
    if all(r is None or r.low == r.high for r in sampled_ranges):
        return lossless("the sampled values do not vary")
    lattice = detect_lattice(sample.fields[0, 0])
    if lattice is not None:
        notes.append(lattice.description)
    found = classify(
        settings.name,
        variable.attributes,
        sample_stats(sample.fields),
        recipe_class=settings.variable_class,
        recipe_range=settings.valid_range,
    )
    if found.letter == "L":
        return lossless(found.reason)
    kind = found.letter
    sampled_sigma, sigma_method = _sigma(subject, sample)
    if not any(s > 0 and math.isfinite(s) for s in sampled_sigma):
        return lossless(f"its standard deviation is zero or undefined ({sigma_method})")
    sigma = sigma_of_all(sample, sampled_sigma, levels)
    ranges = ranges_of_all(sample, sampled_ranges, levels)

    bounds, more = _bounds(subject, kind, sample, sigma, ranges)
    notes += more
    too_fine = below_spacing(bounds, ranges, subject.dtype)
    if too_fine is not None:
        if settings.bound is not None:
            raise RecipeError(
                f"{settings.origins['bound']}: bound of {settings.name}: {too_fine}; give a larger "
                f"bound, or class: lossless"
            )
        return lossless(too_fine)
    decoded = is_packed(variable)
    exact, zeros_exact = exact_values(variable, settings, kind, sample.fields, decoded, notes)

    layout = _layout(subject, axes, bounds)
    blocks = _blocks(subject, layout, axes, bounds)
    trials = _race(subject, blocks, bounds, exact)
    best = trials[0]
    findings.seconds, findings.sampled_bytes = best.seconds, best.raw_bytes
    notes.append(_in_words(trials))
    if best.codec == "lossless":
        return lossless("nothing lossy makes the samples smaller within the bound")
    keepbits = None if best.keepbits is None else (best.keepbits,) * len(bounds.bounds)
    ladder = make_ladder(
        best.codec, best.settings, bounds, keepbits, subject.unit, subject.dtype.name
    )
    portable, size = _portable(settings, blocks, best, exact)
    if portable:
        notes.append("stored with standard codecs: any Zarr v3 reader opens it")
    raw_bytes = math.prod(variable.shape) * subject.dtype.itemsize
    estimate = estimated_bytes(size, best.raw_bytes, raw_bytes, 1)
    if decoded and estimate > variable.storage_bytes:
        return lossless("its packed integers are smaller than its values within the bound")

    field_settings = FieldSettings(
        variable=subject.dataset.path(variable.name),
        unit=subject.unit,
        kind=kind,
        masked=bool(np.isnan(whole_sample.fields).any()),
        axes=axes,
        shape=axes.shape(variable.shape),
        sigma=sigma,
        sigma_method=sigma_method,
        bins=bins_of_all(sample, sigma, levels, kind),
        valid_range=found.valid_range,
        exact=settings.exact,
        zeros_exact=zeros_exact,
        periodic_x=is_periodic(subject.geometry.periodic_x, axes, variable.shape, layout.outer),
        has_area=subject.weights if isinstance(subject.weights, str) else None,
        horizontal=no_neighbours(axes, variable.shape),
        chunk=axes.shape(layout.chunk),
        shard=axes.shape(layout.outer),
    )
    enforced: Literal["all", "bounds"] = "bounds" if subject.recipe.quality == "bounds" else "all"
    start, said = first_rung(
        sample, field_settings, ladder, exact, subject.weights, subject.limits, enforced
    )
    notes += said
    if settings.on_fail == "refuse":  # only the whole variable, never a sample, may be refused
        start = min(start, len(ladder) - 2)
    if start:
        trial = encode_at(blocks, ladder[start], start, exact, _fill(variable))
        estimate = estimated_bytes(trial, best.raw_bytes, raw_bytes, 1)
    return VariablePlan(
        dataset=subject.dataset.key,
        source_name=variable.name,
        how="lossy",
        spec=array_spec(
            subject.dataset, variable, layout, "standard" if portable else "block", decoded
        ),
        decoded=decoded,
        settings=field_settings,
        ladder=ladder,
        start=start,
        exact=exact,
        enforced=enforced,
        on_fail=settings.on_fail,
        bound_text=bounds.text,
        bound_source=bounds.source,
        kind=kind,
        reason=found.reason,
        notes=(*notes, *layout.notes),
        source_bytes=variable.storage_bytes,
        amplification=layout.amplification,
        estimated_bytes=estimate,
    )


def _without(sample: Sample, special: tuple[float, ...]) -> Sample:
    """The sample with the recipe's special values missing, as the metrics take them.

    A flag of 1e20 among temperatures would be their range and their standard deviation. Zeros stay:
    they are values (rain) more often than flags.
    """
    flags = [sample.fields.dtype.type(value) for value in special if value != 0]
    if not flags:
        return sample
    return replace(sample, fields=np.where(np.isin(sample.fields, flags), np.nan, sample.fields))


def _sigma(subject: Subject, sample: Sample) -> tuple[tuple[float, ...], str]:
    months = subject.months
    plain = sample.tiles or isinstance(subject.weights, str)
    return estimate_sigma(
        sample.fields,
        None if months is None else months[list(sample.times)],
        None if plain or isinstance(subject.weights, str) else subject.weights,
        None if sample.tiles else subject.geometry.lat,
    )


def _bounds(
    subject: Subject,
    kind: Literal["C", "P", "B"],
    sample: Sample,
    sigma: tuple[float, ...],
    ranges: tuple[LevelRange | None, ...],
) -> tuple[LevelBounds, tuple[str, ...]]:
    """The recipe's bound, else that of the share of information, else that of the table."""
    settings, attributes = subject.settings, subject.variable.attributes
    if settings.bound is not None:
        standard_name = attributes.get("standard_name")
        return recipe_bounds(
            settings,
            subject.unit or None,
            standard_name if isinstance(standard_name, str) else None,
            ranges,
        )
    if isinstance(subject.recipe.quality, Information):
        return information_bounds(sample, subject.recipe.quality, len(sigma), subject.dtype)
    try:
        default = default_bound(settings.name, attributes, kind)
    except BoundError as error:
        raise RecipeError(
            f"{settings.name}: no default bound can be had: {error}. Give it a bound in the recipe."
        ) from error
    assert default is not None  # only class L has none
    return default_bounds(default, sigma, ranges), ()


def _layout(subject: Subject, axes: Axes, bounds: LevelBounds) -> Layout:
    variable = subject.variable
    positions = (axes.time, axes.y, axes.x, axes.cell)
    cells = math.prod(variable.shape[a] for a in positions if a is not None)
    small = cells * subject.dtype.itemsize < LEVELS_TOGETHER_BYTES
    together = small or bounds.spread <= LEVELS_TOGETHER_SPREAD
    return layout_of(subject.recipe, variable, subject.dtype.itemsize, together)


def _blocks(subject: Subject, layout: Layout, axes: Axes, bounds: LevelBounds) -> list[SampleBlock]:
    """Sample blocks as they will be stored, with the tightest bound of their shard's levels."""
    variable = subject.variable
    blocks = []
    for region, raw in sample_blocks(subject.dataset.source, variable, layout.chunk):
        low, high = 0, 0
        for axis in axes.level:
            start = region[axis].start // layout.outer[axis] * layout.outer[axis]
            stop = min(start + layout.outer[axis], variable.shape[axis])
            low = low * variable.shape[axis] + start
            high = high * variable.shape[axis] + stop - 1
        several = len(bounds.bounds) > 1
        of_shard = bounds.bounds[low : high + 1] if several else bounds.bounds
        values = decode(variable, raw) if is_packed(variable) else raw
        blocks.append(SampleBlock(values, min(of_shard, key=lambda b: b.value)))
    return blocks


def _race(
    subject: Subject, blocks: list[SampleBlock], bounds: LevelBounds, exact: tuple[float, ...]
) -> list[Trial]:
    settings, variable = subject.settings, subject.variable
    asked = AUTO_CODECS if settings.codecs == "auto" else settings.codecs
    if settings.portable is True or isinstance(subject.recipe.quality, Information):
        asked = ("rounding",)
    able = candidates(
        [codec for codec in asked if codec != "lossless"],
        bounds.kind,
        f"{settings.origins['codecs']}: codecs of {settings.name}",
    )
    raw_bytes = math.prod(variable.shape) * subject.dtype.itemsize
    return race(blocks, able, raw_bytes, exact, _fill(variable), settings.rounding)


def _fill(variable: SourceVariable) -> float:
    """What pads the blocks of the variable at its ends."""
    marks = () if is_packed(variable) else variable.fill_values
    return float(marks[0]) if marks else math.nan


def _portable(
    settings: VariableSettings, blocks: list[SampleBlock], best: Trial, exact: tuple[float, ...]
) -> tuple[bool, int]:
    """Whether standard codecs store the variable, and the bytes of the sample blocks then."""
    if settings.portable is False or best.codec != "rounding" or best.keepbits is not None:
        return False, best.size_bytes
    standard = standard_size(blocks, exact)
    if settings.portable is True or standard <= PORTABLE_FACTOR * best.size_bytes:
        return True, standard
    return False, best.size_bytes


def _in_words(trials: list[Trial]) -> str:
    parts = []
    for trial in trials:
        ratio = trial.raw_bytes / max(1, trial.size_bytes)
        name = trial.codec if trial.keepbits is None else f"rounding then {trial.codec}"
        parts.append(f"{name} {ratio:.1f} x")
    return "on sample blocks: " + ", ".join(parts)
