"""How a variable is stored once its bounds are known: layout, codec, ladder, expected size."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from climcomp import blocks as chunks
from climcomp.source import SourceVariable, decode
from climcomp_metrics.field import Axes, FieldSettings, no_neighbours
from climcomp_workflows.plan.blocks import sample_blocks
from climcomp_workflows.plan.choose import SLOW, Race, Trial, race
from climcomp_workflows.plan.fields import bins_of_all, is_periodic
from climcomp_workflows.plan.fit_settings import fit_settings_of
from climcomp_workflows.plan.ladder import (
    LevelBounds,
    able_codecs,
    inner_codecs,
    make_ladder,
    must_round,
)
from climcomp_workflows.plan.later import PORTABLE_FACTOR, encode_at, standard_size
from climcomp_workflows.plan.layout import OWN_CHUNK_BYTES, Layout
from climcomp_workflows.plan.lossless import layout_of
from climcomp_workflows.plan.members import ensemble_of
from climcomp_workflows.plan.model import Rung, Settings
from climcomp_workflows.plan.pieces import SampleBlock, tightest
from climcomp_workflows.plan.subject import Subject, is_packed
from climcomp_workflows.plan.survey import EveryBit, Survey
from climcomp_workflows.recipe import VariableSettings

# Our own: levels whose bounds differ by more than this get shards of their own, where one has at
# least OWN_CHUNK_BYTES (below, an object would be too small to be worth it); otherwise the levels
# of a shard share its tightest bound.
LEVELS_TOGETHER_SPREAD = 1.5
# Our own: steps far apart in time, a January and a July, are smaller as single maps, for a codec
# that looks for likeness between them finds none. A record of at most this many steps may be parted
# so: more maps would be as many fetches for whoever reads a series at a point.
MOST_STEPS_APART = 32
# Single maps must save this share, since together they are fewer objects to fetch.
WORTH_PARTING = 0.95
# What the index of a shard and the header of a payload add to a chunk, about.
CHUNK_OVERHEAD_BYTES = 24


@dataclass(frozen=True, slots=True)
class Draft:
    """How a variable would be stored at some bounds."""

    layout: Layout
    blocks: list[SampleBlock]
    race: Race
    ladder: tuple[Rung, ...]
    portable: bool
    sample_bytes: tuple[int, ...]  # of the sample blocks, at each rung
    rounding: str | int  # before the codec: none, auto (as the race chose), or a number of bits


def make_draft(
    subject: Subject,
    found: Survey,
    bounds: LevelBounds,
    exact: tuple[float, ...],
    codec: str | None = None,
    *,
    may_round: bool = True,
) -> Draft:
    """Choose layout and codec of a variable, and make its ladder.

    Parameters
    ----------
    codec
        The only one to look at; None: all that the recipe allows.
    may_round
        Whether a rounding before the codec may be tried.

    Raises
    ------
    EveryBit
        If nothing lossy makes the sample blocks smaller.
    """
    layout = _layout(subject, found, bounds)
    blocks = _blocks(subject, found, layout, bounds)
    able = able_codecs(subject.recipe, subject.settings, bounds.kind)
    able_slow = subject.settings.codecs != "auto" or subject.raw_bytes >= OWN_CHUNK_BYTES
    if not able_slow:
        able = tuple(name for name in able if name not in SLOW)  # there is nothing to gain
    inner = inner_codecs(subject.recipe, subject.settings) if able_slow else ()
    chosen = able if codec is None else (codec,)
    given = {"inr": fit_settings_of(subject, layout.chunk, masked=found.masked)}
    entry = _Entry(chosen, inner, _rounding(subject, may_round), exact, given)
    result = _race(subject, blocks, entry)
    if _may_part_steps(subject, found, layout):
        single = single_steps(blocks, found.axes)
        apart = _race(subject, single, entry)
        if stored_bytes(apart, single) < WORTH_PARTING * stored_bytes(result, blocks):
            layout, blocks, result = _layout(subject, found, bounds, apart=True), single, apart
    best = result.best
    if best.codec == "lossless":
        raise EveryBit(result.why_lossless)
    keepbits = None if best.keepbits is None else (best.keepbits,) * len(bounds.bounds)
    ladder = make_ladder(
        best.codec, best.settings, bounds, keepbits, subject.unit, subject.dtype.name
    )
    fill = fill_of(subject.variable)
    portable, size = portability(subject.settings, blocks, best, exact)
    later = [
        standard_size(blocks, exact, number)
        if portable
        else encode_at(blocks, rung, number, exact, fill, result)
        for number, rung in enumerate(ladder)
        if number and not rung.lossless
    ]
    sizes = (size, *later, result.lossless_bytes)
    return Draft(layout, blocks, result, ladder, portable, sizes, entry.rounding)


def estimates(draft: Draft, subject: Subject) -> tuple[int, ...]:
    """Bytes of the variable's objects at each rung, from those of the sample blocks."""
    count = chunks.chunk_count(subject.variable.shape, draft.layout.chunk)
    share = subject.raw_bytes / draft.race.raw_bytes
    return tuple(
        math.ceil(size * share) + CHUNK_OVERHEAD_BYTES * count for size in draft.sample_bytes
    )


def field_settings(
    subject: Subject, found: Survey, layout: Layout, zeros_exact: bool
) -> FieldSettings:
    """What the metrics need to know of the variable."""
    shape, axes = subject.variable.shape, found.axes
    return FieldSettings(
        variable=subject.dataset.path(subject.variable.name),
        unit=subject.unit,
        kind=found.kind,
        masked=found.masked,
        axes=axes,
        shape=axes.shape(shape),
        sigma=found.sigma,
        sigma_method=found.sigma_method,
        bins=bins_of_all(found.sample, found.sigma, found.kind),
        valid_range=found.valid_range,
        exact=subject.settings.exact,
        zeros_exact=zeros_exact,
        periodic_x=is_periodic(subject.geometry.periodic_x, axes, shape, layout.outer),
        has_area=subject.weights if isinstance(subject.weights, str) else None,
        horizontal=no_neighbours(axes, shape),
        chunk=axes.shape(layout.chunk),
        shard=axes.shape(layout.outer),
        ensemble=ensemble_of(subject.variable, subject.dataset.source),
        every=subject.recipe.checks.every(*axes.shape(shape)[:2]),
        own=subject.settings.own_metrics,
    )


def levels_share_blocks(subject: Subject, found: Survey) -> bool:
    """Whether levels are too small for shards of their own, whatever their bounds."""
    return subject.raw_bytes // max(1, len(found.sigma)) < OWN_CHUNK_BYTES


def shard_levels_together(found: Survey, layout: Layout, bounds: LevelBounds) -> bool:
    """Whether levels of these bounds share shards that hold all of them."""
    held = math.prod(layout.outer[axis] for axis in found.axes.level)
    return held >= len(bounds.bounds) > 1 and bounds.spread <= LEVELS_TOGETHER_SPREAD


def _layout(subject: Subject, found: Survey, bounds: LevelBounds, *, apart: bool = False) -> Layout:
    together = levels_share_blocks(subject, found) or bounds.spread <= LEVELS_TOGETHER_SPREAD
    lengths = {subject.variable.roles.time: 1} if apart and subject.variable.roles.time else {}
    return layout_of(subject.recipe, subject.variable, subject.dtype.itemsize, together, lengths)


def may_keep(subject: Subject, found: Survey, layout: Layout, bounds: LevelBounds) -> bool:
    """Whether a layout, with its steps apart or not, does for other bounds, too."""
    return any(layout == _layout(subject, found, bounds, apart=apart) for apart in (False, True))


def _may_part_steps(subject: Subject, found: Survey, layout: Layout) -> bool:
    """Whether maps of single steps may be chunks, should they be smaller than several together."""
    time, output = found.axes.time, subject.recipe.output
    named = subject.variable.roles.time in (output.chunks or {})
    if time is None or output.access == "series" or named:
        return False
    steps = layout.chunk[time]
    map_bytes = math.prod(layout.chunk) // steps * subject.dtype.itemsize
    few = output.access == "maps" or subject.variable.shape[time] <= MOST_STEPS_APART
    return few and steps > 1 and map_bytes >= OWN_CHUNK_BYTES


def single_steps(blocks: Sequence[SampleBlock], axes: Axes) -> list[SampleBlock]:
    """Sample blocks (time among their dimensions) cut into blocks of one step each."""
    assert axes.time is not None
    return [
        replace(block, values=step)
        for block in blocks
        for step in np.split(block.values, block.values.shape[axes.time], axis=axes.time)
    ]


def stored_bytes(result: Race, blocks: Sequence[SampleBlock]) -> int:
    """What sample blocks come to in a store, with what each chunk takes beside its values."""
    return result.best.size_bytes + CHUNK_OVERHEAD_BYTES * len(blocks)


def _blocks(
    subject: Subject, found: Survey, layout: Layout, bounds: LevelBounds
) -> list[SampleBlock]:
    """Sample blocks as they will be stored, with the tightest bound of their shard's levels."""
    variable = subject.variable
    blocks = []
    for region, raw in sample_blocks(subject.dataset.source, variable, layout.chunk):
        low, high = 0, 0
        for axis in found.axes.level:
            start = region[axis].start // layout.outer[axis] * layout.outer[axis]
            stop = min(start + layout.outer[axis], variable.shape[axis])
            low = low * variable.shape[axis] + start
            high = high * variable.shape[axis] + stop - 1
        values = decode(variable, raw) if is_packed(variable) else raw
        of_shard = bounds.bounds[low : high + 1]
        blocks.append(SampleBlock(values, tightest(of_shard), (low, high + 1)))
    return blocks


@dataclass(frozen=True, slots=True)
class _Entry:
    """Who takes part in a race, and what holds for all."""

    codecs: tuple[str, ...]
    inner: tuple[str, ...]  # codecs of logarithms
    rounding: str | int
    exact: tuple[float, ...]
    given: Mapping[str, Settings]  # of codecs, by the recipe


def _rounding(subject: Subject, may_round: bool) -> str | int:
    asked = subject.settings.rounding
    if must_round(subject.recipe, subject.settings):
        # Standard codecs know no second stage: the rounding itself is what the bound asks.
        return "none"
    return "none" if asked == "auto" and not may_round else asked


def _race(subject: Subject, blocks: list[SampleBlock], entry: _Entry) -> Race:
    return race(
        blocks,
        entry.codecs,
        subject.raw_bytes,
        entry.exact,
        fill_of(subject.variable),
        entry.rounding,
        inner=entry.inner,
        given=entry.given,
        # Packed integers are compared as they are, not as the floats that they stand for.
        lossless_may_win=not is_packed(subject.variable),
    )


def fill_of(variable: SourceVariable) -> float:
    """What pads the blocks of the variable at its ends."""
    marks = () if is_packed(variable) else variable.fill_values
    return float(marks[0]) if marks else math.nan


def portability(
    settings: VariableSettings, blocks: list[SampleBlock], best: Trial, exact: tuple[float, ...]
) -> tuple[bool, int]:
    """Whether standard codecs store the variable, and the bytes of the sample blocks then."""
    if settings.portable is False or best.codec != "rounding" or best.keepbits is not None:
        return False, best.size_bytes
    standard = standard_size(blocks, exact, 0)
    if settings.portable is True or standard <= PORTABLE_FACTOR * best.size_bytes:
        return True, standard
    return False, best.size_bytes
