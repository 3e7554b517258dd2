"""A block as a network is fitted to it: in units, less the mean of each cell where it is stored."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs.neural.grid import PER_STEP
from climcomp.codecs.neural.inr.layout import Layout, layout_of
from climcomp.codecs.neural.inr.models import Model
from climcomp.codecs.neural.inr.payload import LARGEST_BASE, Base, mean_integers
from climcomp.codecs.neural.lattice import lattice_grid
from climcomp.codecs.neural.ncx import Ncx
from climcomp.codecs.neural.task import field_wraps
from climcomp.errors import CodecError

RANGE_USED = 2.0**-16
"""Of what a type holds: what is left of larger values could be no number."""
FEWEST_FOR_MEAN = 8
"""Fields from which on the mean of each cell may be worth its bytes, and is tried (our own)."""
FEWEST_OF_A_PART, FEWEST_ROWS_OF_A_PART = 8, 64
"""Fields that predict one another, and their rows, in a part that is tried (our own)."""
PER_BOUND = 64
"""Units of the base to a bound: its rounding adds a hundredth to the spread of a residual."""


@dataclass(frozen=True, slots=True)
class Task:
    """What the encoder knows of a block.

    values : (before, steps, rows, columns)
    known
        Which of them count, of the same shape; None: all.
    targets
        What the network is to say, in units.
    tolerance
        The bound, or the error that is wanted, in units.
    lattice
        Origin and step, where the values lie on a lattice whose step is the unit.
    """

    values: NDArray[np.floating]
    known: NDArray[np.bool_] | None
    targets: NDArray[np.float64]
    layout: Layout
    origin: float
    unit: float
    tolerance: float
    lattice: tuple[float, float] | None
    mean: bytes

    def base(self, model: Model) -> Base:
        """What a payload says of the base, with this network."""
        return Base(self.layout, self.origin, self.unit, self.mean, model)

    def part(self, most: int) -> Task:
        """Fields that follow one another, or the middle rows of some, of about so many points."""
        before, steps, rows, columns = self.layout.lengths
        fields = max(1, most // (rows * columns))
        if fields < steps:
            before, steps = 1, min(steps, max(fields, FEWEST_OF_A_PART))
        else:
            before = min(before, fields // steps)
        some = min(rows, max(FEWEST_ROWS_OF_A_PART, most // (before * steps * columns)))
        where = slice(0, before), slice(0, steps), slice((rows - some) // 2, (rows + some) // 2)
        known = None if self.known is None else self.known[where]
        if known is not None and not known.any():
            return self
        return replace(
            self,
            values=self.values[where],
            known=known,
            targets=self.targets[where],
            layout=replace(self.layout, lengths=(before, steps, some, columns)),
        )

    @property
    def seed(self) -> int:
        """A number that the block's bytes give."""
        return int(google_crc32c.value(np.ascontiguousarray(self.values).tobytes()))


def task_of(
    values: NDArray[np.floating],
    tolerance: float,
    filled: NDArray[np.bool_] | None,
    *,
    is_bound: bool = True,
) -> Task:
    """How a network is fitted to a block.

    Parameters
    ----------
    values
        Finite ones, of any shape.
    tolerance
        The bound, or the error that is wanted, in the unit of the values.
    filled
        Which values only fill gaps, of the block's shape.
    is_bound
        Whether values that lie on a lattice are to stay on it.

    Raises
    ------
    CodecError
        If no network is fitted to such a block: its fields are small, or it spans too much.
    """
    layout = layout_of(values.shape, wraps=False)
    block = values.reshape(layout.lengths)
    known = None if filled is None else ~filled.reshape(layout.lengths)
    counted = block if known is None else block[known]
    low, high = float(block.min()), float(block.max())
    layout = replace(layout, wraps=field_wraps(block[0, 0]))
    limit = float(np.finfo(values.dtype).max) * RANGE_USED
    if max(abs(low), abs(high)) > limit:
        raise CodecError(
            f"codec 'inr' was given values from {low:g} to {high:g}; a network is fitted to "
            f"{values.dtype} values of up to {limit:g}"
        )
    lattice = lattice_grid(counted, tolerance) if is_bound else None
    if lattice is not None:
        origin, unit = lattice.origin, lattice.unit * PER_STEP
    else:
        origin, unit = float(counted.mean(dtype=np.float64)), tolerance / PER_BOUND
    if not (math.isfinite(origin) and unit > 0 and math.isfinite(1 / unit)):
        raise CodecError(f"codec 'inr' was given values from {low:g} to {high:g}: they add up to "
                         f"more than a number holds")  # fmt: skip
    if low == high or not (high / 2 - low / 2) / unit < LARGEST_BASE / 8:
        raise CodecError(
            f"codec 'inr' was given values from {low:g} to {high:g} and {tolerance:g}: a network "
            f"is fitted to values that differ, by less than {LARGEST_BASE / PER_BOUND / 4:.0f} "
            f"times this"
        )
    return Task(
        block, known, (block.astype(np.float64) - origin) / unit, layout, origin, unit,
        tolerance / unit, (origin, unit) if lattice else None, b"",
    )  # fmt: skip


def tasks_of(
    values: NDArray[np.floating],
    tolerance: float,
    filled: NDArray[np.bool_] | None,
    mean_bound: float,
    *,
    is_bound: bool = True,
) -> list[Task]:
    """The block as it is, and, of 8 fields or more, less the mean of each cell, which is stored.

    Raises
    ------
    CodecError
        If no network is fitted to such a block: its fields are small, or it spans too much.
    """
    plain = task_of(values, tolerance, filled, is_bound=is_bound)
    if plain.layout.fields < FEWEST_FOR_MEAN:
        return [plain]
    return [plain, _without_mean(plain, mean_bound)]


def _without_mean(task: Task, bound: float) -> Task:
    """The same with the mean of each cell stored, and taken off."""
    weight: Any = 1.0 if task.known is None else task.known
    sums = (task.values * np.asarray(weight, dtype=np.float64)).sum((0, 1))
    count = np.broadcast_to(weight, task.values.shape).sum((0, 1))
    plain = task.values.mean((0, 1), dtype=np.float64)
    mean = np.where(count > 0, sums / np.maximum(count, 1), plain).astype(task.values.dtype)
    if mean.min() == mean.max():
        return task
    coded = Ncx().encode(mean, ErrorBound("absolute", bound))
    stored = mean_integers(coded, task.layout, task.origin, task.unit, mean.dtype)
    return replace(task, mean=coded, targets=task.targets - stored)
