"""Fit the taps of a block before it is coded."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.neural.coding import BATCH, Block, Known, Where, look_around
from climcomp.codecs.neural.features import Work, make_work
from climcomp.codecs.neural.geometry import Geometry
from climcomp.codecs.neural.grid import Grid
from climcomp.codecs.neural.network import Network
from climcomp.codecs.neural.taps import LENGTHS, SETS, Taps, accumulate, solved
from climcomp.codecs.neural.walk import Settings, new_block, walk
from climcomp.jit import compile_exact

# Our own: points of a set from which taps are fitted.
MOST_POINTS = 1 << 14


def fit_taps(
    fields: NDArray[np.floating],
    coded: NDArray[np.int32],
    grid: Grid,
    geometry: Geometry,
    settings: Settings,
    network: Network,
) -> Taps:
    """The sets of taps that pay, from rows spread over the block.

    Parameters
    ----------
    coded
        The block as it is decoded without taps: neighbours are what a decoder knows of them.
    """
    products = np.zeros((SETS, LENGTHS[-1] + 1, LENGTHS[-1] + 1))
    errors = np.zeros((SETS, 3))
    block = new_block(geometry)._replace(values=coded)
    points = np.zeros(SETS, dtype=np.int64)
    steps = [step for step in walk(geometry, settings, network, {}, block) if step.taps >= 0]
    for step in steps:
        points[step.taps] += step.where.rows.shape[1] * step.where.columns.shape[1]
    stride = np.maximum(1, points // MOST_POINTS)
    work = make_work(BATCH)
    seen = np.zeros(SETS, dtype=np.int64)
    field, target = -1, np.empty(0)
    for step in steps:
        if step.known.field != field:
            field = step.known.field
            target = grid.targets(fields[field])
        seen[step.taps] = _accumulate_stage(
            target,
            block,
            step.where,
            step.known,
            work,
            int(stride[step.taps]),
            int(seen[step.taps]),
            LENGTHS[step.taps % 3],
            products[step.taps],
            errors[step.taps],
        )
    found: Taps = {}
    for number in np.flatnonzero(points):
        share = errors[number, 1] / points[number]
        taps = solved(products[number], errors[number], int(number), max(share, 1e-9))
        if taps is not None:
            found[int(number)] = taps
    return found


@compile_exact
def _accumulate_stage(
    targets: NDArray[np.float64],
    block: Block,
    where: Where,
    known: Known,
    work: Work,
    stride: int,
    seen: int,
    length: int,
    products: NDArray[np.float64],
    errors: NDArray[np.float64],
) -> int:
    """Add the batches of a stage of which one in `stride` is taken; how many there were so far."""
    wanted = np.empty(BATCH)
    for row in range(where.rows.shape[1]):
        here = where.rows[3, row]
        for begin in range(0, where.columns.shape[1], BATCH):
            seen += 1
            if seen % stride:
                continue
            n = min(BATCH, where.columns.shape[1] - begin)
            look_around(row, begin, n, block, where, known, work)
            for j in range(n):
                wanted[j] = targets[here, where.columns[3, begin + j]]
            accumulate(
                n, length, wanted, work, known.first >= 0, known.second >= 0, products, errors
            )
    return seen
