"""Some time steps of a variable, read with as little else as its chunks allow."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.archive.arrays import READ_ALONE_BYTES
from climcomp.blocks import Region
from climcomp_metrics.field import Axes, canonical

# What is read at once beside the window itself, unless a single chunk is larger.
PIECE_BYTES = 32 << 20

Read = Callable[[Region], NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Stored:
    """How a variable lies in its source or archive.

    Parameters
    ----------
    chunk
        What is decoded together; None: contiguous.
    """

    shape: tuple[int, ...]
    axes: Axes
    itemsize: int
    chunk: tuple[int, ...] | None

    @property
    def chunks(self) -> tuple[int, ...]:
        """The chunk, of single values where there is none."""
        return self.chunk or (1,) * len(self.shape)


def read_steps(stored: Stored, steps: range, read: Read) -> NDArray[Any]:
    """The values of some time steps, all levels and the whole fields.

    Parameters
    ----------
    steps
        In ascending order; of a variable without time there is the step 0.
    read
        Gives the values of a region, one slice without step for each dimension.

    Returns
    -------
    (time, level, y, x)
        Of the type that `read` gives.
    """
    time = stored.axes.time
    whole = list(stored.shape)
    if time is not None:
        whole[time] = len(steps)
    values: NDArray[Any] | None = None
    done = 0
    for run in _runs(stored, steps):
        for region in _pieces(stored, run):
            part = read(region)
            if time is not None and run.step > 1:
                part = part[(slice(None),) * time + (slice(None, None, run.step),)]
            if part.shape == tuple(whole):
                return canonical(part, stored.axes)
            values = np.empty(whole, part.dtype) if values is None else values
            at = list(region)
            if time is not None:
                at[time] = slice(done, done + len(run))
            values[tuple(at)] = part
        done += len(run)
    assert values is not None  # no variable of a group is empty
    return canonical(values, stored.axes)


def _runs(stored: Stored, steps: range) -> Iterator[range]:
    """Steps that are read together: those of the same chunks, and few others between them."""
    time = stored.axes.time
    if time is None:
        yield steps
        return
    step_bytes = math.prod(stored.shape) // stored.shape[time] * stored.itemsize
    chunk = stored.chunks[time]
    if steps.step > chunk and steps.step * step_bytes > READ_ALONE_BYTES:
        for step in steps:
            yield range(step, step + 1)
        return
    length = max(1, PIECE_BYTES // max(1, step_bytes) // chunk) * chunk
    for _, run in itertools.groupby(steps, lambda step: step // length):
        alike = list(run)
        yield range(alike[0], alike[-1] + 1, steps.step)


def _pieces(stored: Stored, run: range) -> Iterator[Region]:
    """The regions of a run: one, or runs of whole chunks where all at once would be much."""
    ends = [slice(0, size) for size in stored.shape]
    if stored.axes.time is not None:
        ends[stored.axes.time] = slice(run[0], run[-1] + 1)
    lengths = [end.stop - end.start for end in ends]
    for axis, chunk in enumerate(stored.chunks):
        while axis != stored.axes.time and lengths[axis] > chunk and _is_much(stored, lengths):
            lengths[axis] = max(1, math.ceil(lengths[axis] / chunk) // 2) * chunk
    for starts in itertools.product(
        *(range(end.start, end.stop, length) for end, length in zip(ends, lengths, strict=True))
    ):
        yield tuple(
            slice(start, min(start + length, end.stop))
            for start, length, end in zip(starts, lengths, ends, strict=True)
        )


def _is_much(stored: Stored, lengths: list[int]) -> bool:
    return math.prod(lengths) * stored.itemsize > PIECE_BYTES
