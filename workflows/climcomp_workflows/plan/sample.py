"""The fields from which a plan is made: what to read of a variable, and reading it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from climcomp.source import Source, SourceVariable, decode, decoded_dtype
from climcomp_metrics.field import Axes, canonical
from climcomp_workflows.plan.layout import horizontal_axes

MEBIBYTE = 1 << 20
# DESIGN: search and analysis touch at most 2 % or 256 MiB of a variable; the floor is our own and
# keeps the statistics of variables of a few hundred MiB meaningful.
SHARE = 0.02
FLOOR_BYTES = 32 * MEBIBYTE
CEILING_BYTES = 256 * MEBIBYTE
# The numbers below are our own. Eight levels show how a profile changes; 512 steps are enough for
# any statistic of a plan, and each costs a read; four places in a record show its seasons, and 32
# steps are a few more than the metrics want for a standard deviation in time.
SAMPLED_LEVELS = 8
MOST_STEPS = 512
FEWEST_PLACES = 4
STEPS_OF_TILES = 32
TILE_WIDTH = 64  # values of a row of a tile, at least, where the source has no chunks
PIECE_BYTES = 16 * MEBIBYTE  # read at once, so that the copies on the way to the sample stay small


@dataclass(frozen=True, slots=True)
class Sample:
    """Fields of a variable as its user reads them, in the canonical layout.

    `fields` is (times, levels, y, x); `times` and `levels` name the indices that were read of the
    record and of the folded levels, `rows` and `columns` the part of each field. `whole` says that
    it is all of the variable, `tiles` that fields were not read to their ends.
    """

    fields: NDArray[np.floating]
    times: tuple[int, ...]
    levels: tuple[int, ...]
    rows: slice
    columns: slice
    whole: bool
    tiles: bool

    def nearest(self, levels: int) -> NDArray[np.intp]:
        """For each level of the variable, the position here of the sampled level nearest to it."""
        at, every = np.asarray(self.levels), np.arange(levels)
        after = np.searchsorted(at, every).clip(0, at.size - 1)
        before = np.maximum(after - 1, 0)
        return np.where(np.abs(every - at[before]) <= np.abs(at[after] - every), before, after)


@dataclass(frozen=True, slots=True)
class Choice:
    """What to read: whole chunks of the source, of which a part costs as much as the whole.

    `groups` are regions of the level dimensions, `window` is of the horizontal ones by position.
    """

    times: tuple[int, ...]
    steps_at_once: int
    groups: tuple[tuple[slice, ...], ...]
    window: dict[int, slice]
    whole: bool
    tiles: bool


def sample_budget(raw_bytes: int) -> int:
    """How many bytes of a variable a plan may read for its fields."""
    return int(min(CEILING_BYTES, max(FLOOR_BYTES, SHARE * raw_bytes)))


def spread(size: int, count: int) -> tuple[int, ...]:
    """At most `count` indices below `size`, evenly spread, both ends included if two or more."""
    if count >= size:
        return tuple(range(size))
    if count <= 1:
        return (size // 2,)
    return tuple(sorted({round(i * (size - 1) / (count - 1)) for i in range(count)}))


def choose_times(size: int, count: int, months: NDArray[np.integer] | None) -> tuple[int, ...]:
    """Indices to sample of a record of `size` steps.

    Where months are known, a few calendar months are sampled several times each, over the whole
    record, so that the annual cycle can be taken out of a small sample.
    """
    if count >= size or months is None or count < 4:
        return spread(size, count)
    present = [int(month) for month in np.unique(months)]
    groups = [present[i] for i in spread(len(present), min(4, count // 2))]
    chosen: set[int] = set()
    for month in groups:
        steps = np.flatnonzero(months == month)
        chosen.update(int(steps[i]) for i in spread(len(steps), count // len(groups)))
    return tuple(sorted(chosen))


def choose(variable: SourceVariable, axes: Axes, months: NDArray[np.integer] | None) -> Choice:
    """Which times, levels and part of the fields make the sample of a variable.

    Whole horizontal fields at chosen times and levels; where these would read too much, because
    fields are large or the source's chunks are long in time, tiles of them instead.
    """
    shape, itemsize = variable.shape, decoded_dtype(variable).itemsize
    chunks = variable.chunks or (1,) * len(shape)
    horizontal = horizontal_axes(axes)
    window = {a: slice(0, shape[a]) for a in horizontal}
    steps = 1 if axes.time is None else shape[axes.time]
    every = (tuple(slice(0, shape[a]) for a in axes.level),)
    total = math.prod(shape) * itemsize
    budget = sample_budget(total)
    long = 1 if axes.time is None else min(chunks[axes.time], steps)
    if total <= budget:
        return Choice(tuple(range(steps)), long, every, window, whole=True, tiles=False)
    budget //= itemsize
    field = math.prod(shape[a] for a in horizontal)
    levels = math.prod(shape[a] for a in axes.level)
    groups: tuple[tuple[slice, ...], ...] = every
    if levels > SAMPLED_LEVELS and levels * field * FEWEST_PLACES > budget:
        groups = _level_groups(shape, chunks, axes.level)
        levels = sum(math.prod(s.stop - s.start for s in group) for group in groups)
    places = math.ceil(steps / long)
    room = budget // (long * field * levels)
    tiles = room < (min(FEWEST_PLACES, places) if long > 1 else 1)
    if tiles:
        wanted = min(places, max(FEWEST_PLACES, math.ceil(STEPS_OF_TILES / long)))
        cells = budget // (wanted * long * levels)
        window = _tile(shape, chunks, horizontal, cells, variable.chunks is None)
        field = math.prod(part.stop - part.start for part in window.values())
        room = min(wanted, max(1, budget // (long * field * levels)))
        per_group = max(1, levels // len(groups))
        groups = _some(groups, max(1, budget // (long * field * per_group)))
    count = min(room, max(FEWEST_PLACES, MOST_STEPS // long))
    chosen = choose_times(places, count, None if months is None else months[::long])
    times = tuple(t for c in chosen for t in range(c * long, min(steps, (c + 1) * long)))
    return Choice(times, long, groups, window, whole=False, tiles=tiles)


def _level_groups(
    shape: tuple[int, ...], chunks: tuple[int, ...], level: tuple[int, ...]
) -> tuple[tuple[slice, ...], ...]:
    """About as many levels as are to be sampled, in whole source chunks spread over all levels."""
    sizes = [shape[a] for a in level]
    lengths = [min(chunks[a], shape[a]) for a in level]
    grid = [math.ceil(n / c) for n, c in zip(sizes, lengths, strict=True)]
    count = max(1, SAMPLED_LEVELS // math.prod(lengths))
    return tuple(
        tuple(
            slice(int(i) * c, min(n, (int(i) + 1) * c))
            for i, c, n in zip(np.unravel_index(number, grid), lengths, sizes, strict=True)
        )
        for number in spread(math.prod(grid), count)
    )


def _some(groups: tuple[tuple[slice, ...], ...], count: int) -> tuple[tuple[slice, ...], ...]:
    return tuple(groups[i] for i in spread(len(groups), count))


def _tile(
    shape: tuple[int, ...],
    chunks: tuple[int, ...],
    horizontal: tuple[int, ...],
    cells: int,
    contiguous: bool,
) -> dict[int, slice]:
    """A piece in the middle of a field, of whole source chunks and about so many cells.

    As tall as can be: from south to north a field changes most.
    """
    window = {}
    for position, axis in enumerate(horizontal):
        rest = horizontal[position + 1 :]
        least = TILE_WIDTH if contiguous else 1
        width = math.prod(min(shape[a], max(chunks[a], least)) for a in rest)
        length = min(shape[axis], max(1, cells // width // chunks[axis]) * chunks[axis])
        start = (shape[axis] - length) // 2 // chunks[axis] * chunks[axis]
        window[axis] = slice(start, start + length)
        cells = max(1, cells // length)
    return window


def read_sample(
    source: Source,
    variable: SourceVariable,
    axes: Axes,
    months: NDArray[np.integer] | None,
) -> Sample:
    """Read the fields that a plan looks at; beside them, a piece of 16 MiB is in memory."""
    choice = choose(variable, axes, months)
    sizes = tuple(variable.shape[a] for a in axes.level)
    folded = [_folded(group, sizes) for group in choice.groups]
    levels = np.sort(np.concatenate(folded))
    rows = slice(0, 1) if axes.y is None else choice.window[axes.y]
    across = axes.x if axes.cell is None else axes.cell
    columns = slice(0, 1) if across is None else choice.window[across]
    field = (rows.stop - rows.start, columns.stop - columns.start)
    fields = np.empty((len(choice.times), levels.size, *field), decoded_dtype(variable))
    at_once = PIECE_BYTES // max(1, fields[:1].nbytes) // choice.steps_at_once
    longest = max(1, at_once) * choice.steps_at_once
    for first, run in _runs(choice.times, longest):
        for group, indices in zip(choice.groups, folded, strict=True):
            chosen = {**choice.window, **dict(zip(axes.level, group, strict=True))}
            if axes.time is not None:
                chosen[axes.time] = run
            raw = source.read(variable.name, tuple(chosen[a] for a in range(len(variable.shape))))
            steps = slice(first, first + run.stop - run.start)
            fields[steps, np.searchsorted(levels, indices)] = canonical(decode(variable, raw), axes)
    return Sample(
        fields,
        choice.times,
        tuple(int(level) for level in levels),
        rows,
        columns,
        choice.whole,
        choice.tiles,
    )


def _folded(group: tuple[slice, ...], sizes: tuple[int, ...]) -> NDArray[np.intp]:
    """The folded indices of a region of the level dimensions, in C order."""
    numbers = np.arange(math.prod(sizes), dtype=np.intp).reshape(sizes)
    return numbers[group].reshape(-1)


def _runs(indices: tuple[int, ...], longest: int) -> Iterator[tuple[int, slice]]:
    """Consecutive indices as slices of at most `longest`, with the position of their first."""
    for _, pairs in itertools.groupby(enumerate(indices), lambda pair: pair[1] - pair[0]):
        members = list(pairs)
        for start in range(0, len(members), longest):
            piece = members[start : start + longest]
            yield piece[0][0], slice(piece[0][1], piece[-1][1] + 1)
