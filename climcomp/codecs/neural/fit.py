"""Fit the taps of a block before it is coded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.neural.coding import look_around
from climcomp.codecs.neural.features import Work, make_work
from climcomp.codecs.neural.state import BATCH, Block, Field, Stages, batch_of, stage_of
from climcomp.codecs.neural.taps import LENGTHS, SETS, Taps, accumulate, solved
from climcomp.codecs.neural.task import Task
from climcomp.codecs.neural.walk import Walk, new_block
from climcomp.jit import compile_exact

# Our own: points of a set from which taps are fitted.
MOST_POINTS = 1 << 14
# Our own: the share of a block's bytes that taps should save, for it to be coded again with them.
# On 27 real variables at three bounds no taps that saved 1.4 % or more promised less.
WORTH = 0.008


class Fitted(NamedTuple):
    """Sets of taps, and by how many bytes they should make a stream shorter."""

    taps: Taps
    saved: float

    def could_pay(self, size: int) -> bool:
        """Whether it is worth to code a block again that has so many bytes without taps."""
        return bool(self.taps) and self.saved >= WORTH * size


def fit_taps(task: Task, coded: NDArray[np.int32]) -> Fitted:
    """The sets of taps that should pay, from rows spread over the block.

    Parameters
    ----------
    coded
        The block as it is decoded without taps: neighbours are what a decoder knows of them.
    """
    products = np.zeros((SETS, LENGTHS[-1] + 1, LENGTHS[-1] + 1))
    errors = np.zeros((SETS, 3))
    block = new_block(task.geometry)._replace(values=coded)
    walk = Walk(task.geometry, task.settings, task.network, {})
    fields_to_code = [field for _, field in walk]
    points = points_of(fields_to_code, walk.plan.stages)
    stride, seen, work = strides_of(points), np.zeros(SETS, dtype=np.int64), make_work(BATCH)
    for field in fields_to_code:
        _accumulate_field(
            task.targets(field.position), task.loose_at(field.position), block, walk.plan.stages,
            field, walk.all_taps, work, stride, seen, products, errors,
        )  # fmt: skip
    return taps_of(products, errors, points)


def points_of(fields: Sequence[Field], stages: Stages) -> NDArray[np.int64]:
    """How many points of all fields each set of taps is for."""
    sizes = np.diff(stages.row_ends, prepend=0) * np.diff(stages.column_ends, prepend=0)
    points = np.zeros(SETS, dtype=np.int64)
    for field in fields:
        np.add.at(points, field.sets[1:], sizes[1:])
    return points


def strides_of(points: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of how many batches of the points of each set one is taken."""
    return np.maximum(1, points // MOST_POINTS)


def taps_of(
    products: NDArray[np.float64], errors: NDArray[np.float64], points: NDArray[np.int64]
) -> Fitted:
    """Taps from the normal equations of all sets, and of how many points each set is for."""
    found: Taps = {}
    bits = 0.0
    shares = np.maximum(errors[:, 1] / np.maximum(points, 1), 1e-9)
    for references in range(len(LENGTHS)):
        numbers = np.arange(references, SETS, len(LENGTHS))
        every = solved(products[numbers], errors[numbers], references, shares[numbers])
        for number, solution in zip(numbers, every, strict=True):
            if solution is not None:
                found[int(number)], gain = solution
                bits += gain
    return Fitted(found, bits / 8)


@compile_exact
def _accumulate_field(
    targets: NDArray[np.float64],
    loose: NDArray[np.bool_],
    block: Block,
    stages: Stages,
    field: Field,
    taps: NDArray[np.float64],
    work: Work,
    stride: NDArray[np.int64],
    seen: NDArray[np.int64],
    products: NDArray[np.float64],
    errors: NDArray[np.float64],
) -> None:
    """Add those batches of a field's stages of which one in `stride` (sets,) is taken.

    `seen` (sets,) counts them.
    """
    wanted = np.empty(BATCH)
    has_first, has_second = field.first >= 0, field.second >= 0
    length = 16 + 9 * int(has_first) + 5 * int(has_second)
    for number in range(1, stages.kinds.size):
        stage, own = stage_of(stages, number, field, taps), field.sets[number]
        every, columns = stage.rows.shape[1], stage.columns.shape[1]
        together, batch = batch_of(every, columns)
        for row in range(0, every, together):
            rows = min(together, every - row)
            for begin in range(0, columns, batch):
                seen[own] += 1
                if seen[own] % stride[own]:
                    continue
                n = min(batch, columns - begin)
                look_around(row, rows, begin, n, block, stage, field, work)
                for i in range(rows):
                    here = stage.rows[3, row + i]
                    of_row, is_loose = targets[here], loose[here]
                    for j in range(n):
                        own_column = stage.columns[3, begin + j]
                        wanted[i * n + j] = np.nan if is_loose[own_column] else of_row[own_column]
                accumulate(
                    rows * n, length, wanted, work, has_first, has_second, products[own],
                    errors[own],
                )  # fmt: skip
