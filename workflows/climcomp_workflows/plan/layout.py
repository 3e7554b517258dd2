"""Chunk and shard shapes of a variable, chosen for how it will be read and how it is stored now."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from climcomp.errors import RecipeError
from climcomp_metrics.field import Axes

Access = Literal["maps", "series", "balanced"]

MEBIBYTE = 1 << 20
SHARD_BYTES = 128 * MEBIBYTE  # DESIGN: 64 to 512 MiB raw, so that a worker holds a few of them
LARGEST_SHARD_BYTES = 512 * MEBIBYTE
# Inner chunks of 1 to 16 MiB: large enough for a codec's prediction to pay, small enough to fetch.
# The sizes within that range are our own.
CHUNK_BYTES = {"maps": 4 * MEBIBYTE, "series": 4 * MEBIBYTE, "balanced": 8 * MEBIBYTE}
OWN_CHUNK_BYTES = MEBIBYTE // 4  # levels with at least this much have inner chunks of their own
LARGEST_AMPLIFICATION = 2.0


@dataclass(frozen=True, slots=True)
class Layout:
    """Chunk and shard shapes; `shard` is None where one chunk is one object."""

    chunk: tuple[int, ...]
    shard: tuple[int, ...] | None
    amplification: float  # bytes read from the source, over the bytes of the variable
    notes: tuple[str, ...] = ()

    @property
    def outer(self) -> tuple[int, ...]:
        """The shape of one stored object: the shard, or the chunk where there is no shard."""
        return self.shard or self.chunk


def horizontal_axes(axes: Axes) -> tuple[int, ...]:
    """Positions of the horizontal dimensions, y before x."""
    return tuple(a for a in (axes.y, axes.x, axes.cell) if a is not None)


def read_amplification(
    shape: tuple[int, ...], outer: tuple[int, ...], source_chunk: tuple[int, ...] | None
) -> float:
    """Values read from the source, each shard reading whole source chunks, over the values wanted.

    1.0 for a contiguous source. Each dimension counts by itself: a shard touches every source
    chunk that it overlaps, and shards on a regular grid touch the product of these counts.
    """
    if source_chunk is None or 0 in shape:
        return 1.0
    every = zip(shape, outer, source_chunk, strict=True)
    return math.prod(1 + _read_again(size, step, chunk) / size for size, step, chunk in every)


def _read_again(size: int, step: int, chunk: int) -> int:
    """Values read more than once where steps of one length cut chunks of another.

    Each end of a step that lies inside a chunk makes two steps read that chunk. Arithmetic, for a
    long record has millions of steps.
    """
    ends = (size - 1) // step
    between = (size - 1) // math.lcm(step, chunk)  # ends that no chunk is cut at
    last = (size - 1) // chunk * chunk  # where the last chunk begins, which may be short
    in_last = ends - last // step
    return (ends - between) * chunk - in_last * (chunk - (size - last))


def _even(size: int, wanted: int, exact: bool) -> int:
    """The step near `wanted` that cuts `size` into equal pieces; a remainder if not `exact`."""
    pieces = max(1, round(size / max(1, wanted)))
    if not exact or size % pieces == 0:
        return math.ceil(size / pieces)
    divisors = [d for d in range(1, size + 1) if size % d == 0]
    return min(divisors, key=lambda d: abs(math.log(d / max(1, wanted))))


def _outer_shape(
    shape: tuple[int, ...],
    axes: Axes,
    itemsize: int,
    shard_bytes: int,
    source_chunk: tuple[int, ...] | None,
    levels_together: bool,
) -> list[int]:
    """Whole horizontal fields, then as many time steps as fit, then levels."""
    outer = [1] * len(shape)
    for axis in horizontal_axes(axes):
        outer[axis] = shape[axis]
    budget = max(1, shard_bytes // itemsize)
    if math.prod(outer) > budget and horizontal_axes(axes):
        last = horizontal_axes(axes)[-1]
        rest = math.prod(outer) // outer[last]
        outer[last] = max(1, _even(shape[last], max(1, budget // rest), exact=False))
    growing = [axes.time] if axes.time is not None else []
    if levels_together:
        growing += list(reversed(axes.level))
    for axis in growing:
        assert axis is not None
        room = max(1, budget // math.prod(outer))
        outer[axis] = min(shape[axis], room)
        step = source_chunk[axis] if source_chunk else 1
        if outer[axis] < shape[axis] and 1 < step <= 2 * outer[axis]:
            # Whole source chunks: each is then read by one shard only.
            outer[axis] = min(shape[axis], max(1, outer[axis] // step) * step)
    return [max(1, n) for n in outer]


def _aligned_with_source(
    shape: tuple[int, ...], axes: Axes, itemsize: int, source_chunk: tuple[int, ...], limit: int
) -> list[int]:
    """Whole source chunks, grown along the horizontal dimensions first, last one first."""
    outer = [min(n, c) for n, c in zip(shape, source_chunk, strict=True)]
    order = list(reversed(horizontal_axes(axes))) + ([axes.time] if axes.time is not None else [])
    for axis in order:
        room = max(1, limit // itemsize // math.prod(outer))
        pieces = min(room, math.ceil(shape[axis] / outer[axis]))
        outer[axis] = min(shape[axis], outer[axis] * pieces)
    return outer


def _inner_shape(
    outer: list[int], axes: Axes, itemsize: int, access: Access, exact: Collection[int]
) -> list[int]:
    """A chunk that divides the shard nearly evenly and suits the way of reading.

    Along the axes of `exact` it leaves no remainder, so that the shard stays as long as it is.
    """
    chunk = list(outer)
    budget = max(1, CHUNK_BYTES[access] // itemsize)
    of_one_level = math.prod(n for i, n in enumerate(chunk) if i not in axes.level)
    if of_one_level * itemsize >= OWN_CHUNK_BYTES:
        # Readers take levels singly, and codecs do better on one level than across levels
        # (ERA-Interim u at 0.1 m/s: 18.9 against 17.9).
        for axis in axes.level:
            chunk[axis] = 1
    for axis in axes.level:
        others = math.prod(n for i, n in enumerate(chunk) if i != axis)
        room = max(1, budget // max(1, others))
        if chunk[axis] > room:
            chunk[axis] = _even(chunk[axis], room, axis in exact)
    if math.prod(chunk) <= budget:
        return chunk
    across = horizontal_axes(axes)
    field = math.prod(chunk[a] for a in across)
    time = axes.time
    if access == "maps" and time is not None:
        chunk[time] = _even(chunk[time], max(1, budget // max(1, field)), time in exact)
    elif access == "balanced" and time is not None:
        # About a cube in samples: as many steps as a sixteenth of the budget's edge allows.
        steps = min(chunk[time], max(1, round(budget ** (1 / 3) / 8)))
        chunk[time] = _even(chunk[time], steps, time in exact)
    others = math.prod(n for i, n in enumerate(chunk) if i not in across)
    cells = max(1, budget // max(1, others))
    if field > cells and len(across) == 1:
        chunk[across[0]] = _even(chunk[across[0]], cells, across[0] in exact)
    elif field > cells and across:
        y, x = across
        chunk[x] = _even(chunk[x], max(1, round(math.sqrt(cells))), x in exact)
        chunk[y] = _even(chunk[y], max(1, cells // chunk[x]), y in exact)
    for axis in range(len(chunk)):  # no horizontal dimension at all, or a very long first one
        others = math.prod(n for i, n in enumerate(chunk) if i != axis)
        if axis not in across and others * chunk[axis] > 2 * budget:
            chunk[axis] = _even(chunk[axis], max(1, budget // others), axis in exact)
    return [max(1, n) for n in chunk]


def _keep_levels_contiguous(
    shape: tuple[int, ...], axes: Axes, outer: list[int], chunk: list[int]
) -> None:
    """Make the levels of a shard a run of the folded levels, as the metrics count them.

    A shard that holds several indices of one level dimension must hold all of those behind it.
    """
    for position, axis in enumerate(axes.level):
        if max(outer[axis], chunk[axis]) > 1:
            for later in axes.level[position + 1 :]:
                outer[later] = shape[later]


def choose_layout(
    shape: tuple[int, ...],
    dims: tuple[str, ...],
    axes: Axes,
    itemsize: int,
    *,
    access: Access = "balanced",
    source_chunk: tuple[int, ...] | None = None,
    shard_bytes: int = SHARD_BYTES,
    explicit: dict[str, int] | None = None,
    levels_together: bool = True,
) -> Layout:
    """Choose the chunk and shard shapes of one variable.

    Parameters
    ----------
    shape, dims, axes
        Of the variable, in its own order of dimensions.
    source_chunk
        The chunk shape in which the source stores it; None where it is contiguous.
    shard_bytes
        Raw bytes of a shard, about.
    explicit
        Chunk lengths by dimension that the recipe asks for; dimensions it leaves out are chosen.
    levels_together
        False where levels have bounds of their own and so need shards of their own.

    Raises
    ------
    RecipeError
        If shards would read the source more than twice over and aligning them does not help, or
        the recipe's own chunks are larger than a shard may be.
    """
    if not shape or 0 in shape:
        return Layout(tuple(max(1, n) for n in shape), None, 1.0)
    outer = _outer_shape(shape, axes, itemsize, shard_bytes, source_chunk, levels_together)
    notes: tuple[str, ...] = ()
    before = read_amplification(shape, tuple(outer), source_chunk)
    if before > LARGEST_AMPLIFICATION and source_chunk is not None:
        limit = max(shard_bytes, LARGEST_SHARD_BYTES // 2)
        aligned = _aligned_with_source(shape, axes, itemsize, source_chunk, limit)
        _refuse_unless_readable(shape, dims, itemsize, outer, aligned, source_chunk)
        notes = (
            f"shards follow the source's chunks {source_chunk}: whole fields would read the source "
            f"{before:.1f} times",
        )
        outer = aligned
    exact = [a for a, step in enumerate(source_chunk or ()) if _is_cut(shape[a], outer[a], step)]
    chunk = _inner_shape(outer, axes, itemsize, access, exact)
    asked = explicit or {}
    chunk = [min(n, asked.get(d, c)) for n, d, c in zip(shape, dims, chunk, strict=True)]
    _keep_levels_contiguous(shape, axes, outer, chunk)
    shard = _whole_chunks(shape, outer, chunk)
    raw = math.prod(shard) * itemsize
    if asked and raw > LARGEST_SHARD_BYTES:
        raise RecipeError(
            f"output.chunks make shards of {shard} (dims {dims}), {raw / MEBIBYTE:.0f} MiB raw "
            f"(limit {LARGEST_SHARD_BYTES // MEBIBYTE} MiB). Give shorter ones, or leave some out."
        )
    amplification = read_amplification(shape, shard, source_chunk)
    return Layout(tuple(chunk), None if shard == tuple(chunk) else shard, amplification, notes)


def _is_cut(size: int, outer: int, step: int) -> bool:
    """Whether a shard is whole source chunks but not all: so it must stay when cut into chunks."""
    return step > 1 and outer < size and outer % step == 0


def _whole_chunks(shape: tuple[int, ...], outer: list[int], chunk: list[int]) -> tuple[int, ...]:
    """The shard: a whole number of chunks, which may reach past the array's end."""
    return tuple(
        max(1, o // c) * c if o < n else math.ceil(o / c) * c
        for n, o, c in zip(shape, outer, chunk, strict=True)
    )


def _refuse_unless_readable(
    shape: tuple[int, ...],
    dims: tuple[str, ...],
    itemsize: int,
    outer: list[int],
    aligned: list[int],
    source_chunk: tuple[int, ...],
) -> None:
    """RecipeError where shards of whole source chunks read too much, too, or are too large."""
    after = read_amplification(shape, tuple(aligned), source_chunk)
    raw = math.prod(aligned) * itemsize
    if after <= LARGEST_AMPLIFICATION and raw <= LARGEST_SHARD_BYTES:
        return
    before = read_amplification(shape, tuple(outer), source_chunk)
    raise RecipeError(
        f"source chunks {source_chunk} of dims {dims} would be read {before:.1f} "
        f"times by shards of {tuple(outer)}, and shards of whole source chunks take "
        f"{raw / MEBIBYTE:.0f} MiB (limit {LARGEST_SHARD_BYTES // MEBIBYTE} MiB). "
        f"Rechunk the source once."
    )
