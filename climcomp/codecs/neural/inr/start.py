"""Latent grids by least squares, level by level, from coarse to fine."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.neural.inr.grids import (
    LARGEST_LATENT,
    LARGEST_STEP,
    STEP_ONE,
    Grids,
    Sizes,
)
from climcomp.codecs.neural.inr.layout import Layout
from climcomp.codecs.neural.inr.splines import ONE, spline_matrix

# Our own: of the largest eigenvalue, so that nodes that hardly any point sees stay small.
_RIDGE = 1e-7


def start_grids(
    targets: NDArray[np.float64], layout: Layout, sizes: Sizes, finest_step: float
) -> Grids:
    """The grids whose sum is nearest to the targets, each level after the coarser ones.

    The steps become finer by 2 at each coarser level, as its nodes see four times as many points: a
    step then adds the same to the square error of the block at every level.

    Parameters
    ----------
    targets : (before, steps, rows, columns)
        In units of the base.
    finest_step
        Of the finest level, in units.
    """
    left, steps, latents = targets.copy(), [], []
    for level in range(sizes.levels):
        found = left
        last = len(layout.lengths) - 1
        for axis, (length, power) in enumerate(
            zip(layout.lengths, sizes.powers(level), strict=True)
        ):
            if power:
                inverse = _inverse(length, power, wraps=layout.wraps and axis == last)
                found = _applied(found, inverse, axis)
        wanted = finest_step * STEP_ONE * 2.0 ** (level - sizes.levels + 1)
        wanted = max(wanted, float(np.abs(found).max()) * STEP_ONE / LARGEST_LATENT * 1.01)
        step = min(max(1, round(wanted)), LARGEST_STEP)
        q = np.clip(np.rint(found * (STEP_ONE / step)), -LARGEST_LATENT, LARGEST_LATENT)
        steps.append(step)
        latents.append(q.astype(np.int64))
        if level < sizes.levels - 1:
            said = q * (step / STEP_ONE)
            for axis, matrix in enumerate(sizes.matrices(layout, level)):
                if matrix is not None:
                    said = _applied(said, matrix / ONE, axis)
            left -= said
    return Grids(sizes, tuple(steps), tuple(latents))


def _applied(
    values: NDArray[np.float64], matrix: NDArray[np.float64], axis: int
) -> NDArray[np.float64]:
    moved: NDArray[np.float64] = np.tensordot(matrix, values, axes=(1, axis))
    return np.moveaxis(moved, 0, axis)


@lru_cache(maxsize=32)
def _inverse(points: int, power: int, *, wraps: bool) -> NDArray[np.float64]:
    """(nodes, points) the least squares of an axis."""
    matrix = spline_matrix(points, power, wraps=wraps) / ONE
    normal = matrix.T @ matrix
    normal[np.diag_indices_from(normal)] += _RIDGE * np.abs(normal).sum(1).max()
    return np.linalg.solve(normal, matrix.T).astype(np.float64, copy=False)
