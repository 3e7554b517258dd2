"""The samples from which a plan is made: fields spread over time and levels, and a few blocks."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.source import Source, SourceVariable, decode
from climcomp_metrics.field import Axes as CanonicalAxes
from climcomp_metrics.field import canonical

MEBIBYTE = 1 << 20
# DESIGN: search and analysis touch at most 2 % or 256 MiB of a variable; the floor keeps the
# statistics of variables of a few hundred MiB meaningful.
SHARE = 0.02
FLOOR_BYTES = 32 * MEBIBYTE
CEILING_BYTES = 256 * MEBIBYTE
SAMPLED_LEVELS = 8


@dataclass(frozen=True, slots=True)
class Sample:
    """Fields of a variable as its user reads them, in the canonical layout.

    `fields` is (times, levels, y, x); `times` and `levels` name the indices that were read of the
    record and of the folded levels. `whole` says that it is all of the variable.
    """

    fields: NDArray[np.floating]
    times: tuple[int, ...]
    levels: tuple[int, ...]
    whole: bool
    tiles: bool  # True where parts of fields were read, for the source's chunks are long in time


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
    present = sorted({int(month) for month in months})
    groups = [present[i] for i in spread(len(present), min(4, count // 2))]
    chosen: set[int] = set()
    for month in groups:
        steps = np.flatnonzero(months == month)
        chosen.update(int(steps[i]) for i in spread(len(steps), count // len(groups)))
    return tuple(sorted(chosen))


def _tile(size: int, chunk: int, wanted: int) -> slice:
    """A piece in the middle of a dimension, of whole source chunks, near `wanted` long."""
    length = min(size, max(1, wanted // chunk) * chunk)
    start = (size - length) // 2 // chunk * chunk
    return slice(start, min(size, start + length))


def read_sample(
    source: Source,
    variable: SourceVariable,
    axes: CanonicalAxes,
    months: NDArray[np.integer] | None,
) -> Sample:
    """Read the fields that a plan looks at.

    Whole horizontal fields at chosen times and levels; where the source's chunks are so long in
    time that this would read most of it, tiles of all times instead.
    """
    shape = variable.shape
    itemsize = 4 if variable.dtype.itemsize <= 4 else 8
    total = math.prod(shape) * itemsize
    budget = sample_budget(total)
    whole = total <= budget
    times = 1 if axes.time is None else shape[axes.time]
    level_sizes = tuple(shape[a] for a in axes.level)
    level_count = math.prod(level_sizes)
    horizontal = [a for a in range(len(shape)) if a != axes.time and a not in axes.level]
    field = max(1, math.prod(shape[a] for a in horizontal)) * itemsize
    tiles = False
    levels: tuple[int, ...] = tuple(range(level_count))
    picked: tuple[int, ...] = tuple(range(times))
    window = {a: slice(0, shape[a]) for a in horizontal}
    if not whole:
        if level_count > SAMPLED_LEVELS and level_count * field * 4 > budget:
            levels = spread(level_count, SAMPLED_LEVELS)
        chunk_t = 1 if axes.time is None or not variable.chunks else variable.chunks[axes.time]
        if chunk_t * field * len(levels) > 2 * budget and chunk_t > 1:
            tiles = True
            steps = min(times, chunk_t * 4)
            cells = max(1, budget // (steps * itemsize * len(levels)))
            for a in reversed(horizontal):
                chunk = 1 if variable.chunks is None else variable.chunks[a]
                window[a] = _tile(shape[a], chunk, max(chunk, int(math.sqrt(cells))))
            picked = spread(times, max(4, steps // chunk_t))
            starts = sorted({t // chunk_t for t in picked})
            picked = tuple(
                t for s in starts for t in range(s * chunk_t, min(times, (s + 1) * chunk_t))
            )
        else:
            count = max(1, budget // (field * len(levels)))
            picked = choose_times(times, int(min(count, 512)), months)
    parts = [
        _read(source, variable, axes, run, levels, level_sizes, window) for run in _runs(picked)
    ]
    fields = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=0)
    return Sample(fields, picked, levels, whole, tiles)


def _runs(indices: tuple[int, ...]) -> list[slice]:
    """Consecutive indices as slices."""
    runs: list[slice] = []
    for _, group in itertools.groupby(enumerate(indices), lambda pair: pair[1] - pair[0]):
        members = [index for _, index in group]
        runs.append(slice(members[0], members[-1] + 1))
    return runs


def _read(
    source: Source,
    variable: SourceVariable,
    axes: CanonicalAxes,
    run: slice,
    levels: tuple[int, ...],
    level_sizes: tuple[int, ...],
    window: dict[int, slice],
) -> NDArray[np.floating]:
    def region(level_slices: dict[int, slice]) -> tuple[slice, ...]:
        chosen = {**window, **level_slices}
        if axes.time is not None:
            chosen[axes.time] = run
        return tuple(chosen[a] for a in range(len(variable.shape)))

    def read(level_slices: dict[int, slice]) -> NDArray[Any]:
        raw = source.read(variable.name, region(level_slices))
        return canonical(decode(variable, raw), axes)

    if len(levels) == math.prod(level_sizes):
        return read({a: slice(0, n) for a, n in zip(axes.level, level_sizes, strict=True)})
    pieces = []
    for level in levels:
        at = np.unravel_index(level, level_sizes)
        pieces.append(
            read({a: slice(int(i), int(i) + 1) for a, i in zip(axes.level, at, strict=True)})
        )
    return np.concatenate(pieces, axis=1)


def sample_blocks(
    source: Source, variable: SourceVariable, chunk: tuple[int, ...], count: int = 3
) -> list[tuple[tuple[slice, ...], NDArray[Any]]]:
    """Raw values of at most `count` inner chunks, spread over the variable, with their regions."""
    grid = [math.ceil(n / c) for n, c in zip(variable.shape, chunk, strict=True)]
    total = math.prod(grid)
    numbers = spread(total, count) if total <= count + 2 else spread(total, count + 2)[1:-1]
    blocks = []
    for number in numbers:
        at = np.unravel_index(number, grid) if grid else ()
        region = tuple(
            slice(int(i) * c, min((int(i) + 1) * c, n))
            for i, c, n in zip(at, chunk, variable.shape, strict=True)
        )
        blocks.append((region, source.read(variable.name, region)))
    return blocks
