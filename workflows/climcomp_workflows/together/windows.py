"""What one task measures: as many time steps and levels as fit its memory, along stored chunks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from climcomp_metrics.field import Axes


@dataclass(frozen=True, slots=True)
class Extent:
    """How large a member is, and how it is stored.

    Parameters
    ----------
    chunk
        The inner chunk of what has to be decoded; None where nothing has.
    """

    axes: Axes
    shape: tuple[int, ...]
    itemsize: int
    chunk: tuple[int, ...] | None = None

    @property
    def steps(self) -> int:
        """Time steps of the record; 1 without time."""
        return self.axes.shape(self.shape)[0]

    @property
    def levels(self) -> int:
        """Folded levels; 1 without."""
        return self.axes.shape(self.shape)[1]

    @property
    def level_axis(self) -> int | None:
        """The one dimension that levels can be taken from; None if they are of several, or one."""
        found = [axis for axis in self.axes.level if self.shape[axis] > 1]
        return found[0] if len(found) == 1 else None

    @property
    def chunk_steps(self) -> int:
        """Time steps that are decoded together."""
        time = self.axes.time
        return 1 if self.chunk is None or time is None else self.chunk[time]

    @property
    def chunk_levels(self) -> int:
        """Levels that are decoded together."""
        axis = self.level_axis
        return 1 if self.chunk is None or axis is None else self.chunk[axis]

    def step_bytes(self, levels: range | None = None) -> int:
        """Bytes of one time step before and after; of some levels, where it has several."""
        count = self.levels if levels is None or self.levels == 1 else len(levels)
        _, _, rows, columns = self.axes.shape(self.shape)
        return 2 * count * rows * columns * self.itemsize


def level_blocks(members: Sequence[Extent], stride: int, limit_bytes: int) -> list[range] | None:
    """Runs of levels of which whole chunks fit into a window; None where all levels do.

    They are for relations that take each level by itself. With all levels of a deep field at once
    a window would be a step or two, and its chunks would be decoded again for each of them.
    """
    deep = [member for member in members if member.levels > 1]
    if not deep or any(member.level_axis is None for member in deep):
        return None
    levels = deep[0].levels
    measured = math.ceil(_chunk_steps(members) / stride)
    flat = sum(member.step_bytes() for member in members if member.levels == 1)
    one = sum(member.step_bytes(range(1)) for member in deep)
    together = max(member.chunk_levels for member in deep)
    fit = max(1, (limit_bytes // measured - flat) // one // together) * together
    if fit >= levels:
        return None
    even = math.ceil(math.ceil(levels / math.ceil(levels / fit)) / together) * together
    return [range(first, min(first + even, levels)) for first in range(0, levels, even)]


def windows(
    members: Sequence[Extent], stride: int, levels: range | None, limit_bytes: int
) -> Iterator[range]:
    """The time steps 0, stride, 2 stride, ... in windows; each step in one of them.

    A window is a run of whole chunks where these fit, else an even part of one chunk, so that few
    chunks are decoded more than once. It has one measured step at least, however large.
    """
    steps = max(member.steps for member in members)
    chunk = _chunk_steps(members)
    step_bytes = sum(member.step_bytes(levels) for member in members)
    span = max(1, limit_bytes // max(1, step_bytes)) * stride
    if span >= chunk:
        block = span = span // chunk * chunk
    else:
        block, span = chunk, math.ceil(chunk / math.ceil(chunk / span))
    for start in range(0, steps, block):
        stop = min(start + block, steps)
        for first in range(start, stop, span):
            window = range(_next(first, stride), min(first + span, stop), stride)
            if window:
                yield window


def _chunk_steps(members: Sequence[Extent]) -> int:
    steps = max(member.steps for member in members)
    return min(steps, max(member.chunk_steps for member in members))


def _next(step: int, stride: int) -> int:
    """The first multiple of the stride that is not before the step."""
    return -(-step // stride) * stride
