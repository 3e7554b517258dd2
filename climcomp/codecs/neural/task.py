"""A block as it is given to be coded: its fields, its grid, its geometry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.neural.geometry import Geometry, geometry_of
from climcomp.codecs.neural.grid import PER_STEP, Grid, grid_of
from climcomp.codecs.neural.lattice import lattice_grid
from climcomp.codecs.neural.network import Network
from climcomp.codecs.neural.payload import fields_of
from climcomp.codecs.neural.schedule import coarsest_stride
from climcomp.codecs.neural.walk import Settings

# Our own: how much the first and last column may differ beside neighbours, where columns wrap.
ALIKE = 1.5
# Our own: how far off a value that only fills a gap may be before it is coded, in mean differences
# of neighbours. Nearer ones take bits, farther ones spoil what is predicted from them.
LOOSE = 12.0
SMALLEST_STRIDE = 8  # a wrap that makes the coarsest grid finer than this costs more than it gains


@dataclass(frozen=True, slots=True)
class Task:
    """What the encoder knows of a block.

    fields : (fields, rows, columns)
        Finite values.
    loose : (fields, rows, columns) bool, or None
        Which of them only fill gaps and need not come back.
    slack
        How far off these may be, in units.
    tails
        The share of values, at either end, that are kept within a quarter of the bound.
    """

    fields: NDArray[np.floating]
    loose: NDArray[np.bool_] | None
    slack: float
    grid: Grid
    geometry: Geometry
    settings: Settings
    network: Network
    tails: float = 0.0

    def loose_at(self, position: int) -> NDArray[np.bool_]:
        """(rows, columns) which values of a field need not come back."""
        if self.loose is None:
            return np.zeros((self.geometry.rows, self.geometry.columns), dtype=np.bool_)
        loose: NDArray[np.bool_] = self.loose[position]
        return loose

    def targets(self, position: int) -> NDArray[np.float64]:
        """(rows, columns) the values of a field in units."""
        return self.grid.targets(self.fields[position])


def task_of(
    values: NDArray[np.floating],
    bound: float,
    network: Network,
    *,
    hierarchical: bool,
    axis: int,
    alpha: int,
    tails: float = 0.0,
    filled: NDArray[np.bool_] | None = None,
) -> Task:
    """How a block is coded.

    Parameters
    ----------
    bound
        What is usable of it.
    alpha
        Its number.
    tails
        The share of values, at either end, that are kept within a quarter of the bound.
    filled
        Which values only fill gaps, of the block's shape.

    Raises
    ------
    CodecError
        If the block has no fields of 4 x 4 points, or spans too many bounds.
    """
    axis = axis if axis < values.ndim - 2 else 0
    geometry = geometry_of(values.shape, axis)
    lattice = lattice_grid(values if filled is None else values[~filled], bound)
    grid = lattice or grid_of(values, bound)
    fields = fields_of(values, geometry)
    # A lattice has steps of one size.
    settings = Settings(
        hierarchical,
        field_wraps(fields[0]),
        0 if lattice else alpha,
        axis,
        lattice is not None,
        tails > 0 and lattice is None,  # a lattice keeps every value as it is
    )
    loose, slack = None, 0.0
    if filled is not None:
        loose = fields_of(filled, geometry)
        slack = max(PER_STEP, LOOSE * _roughness(fields, loose) / grid.unit)
    return Task(fields, loose, slack, grid, geometry, settings, network, tails)


def field_wraps(field: NDArray[np.floating]) -> bool:
    """Whether the last column looks like a neighbour of the first one."""
    rows, columns = field.shape
    plain = coarsest_stride(rows, columns, wraps=False)
    if coarsest_stride(rows, columns, wraps=True) < min(plain, SMALLEST_STRIDE):
        return False
    some = field / np.float64(8 * rows * columns)  # sums of the largest numbers are numbers, too
    between = np.abs(np.diff(some, axis=1)).mean()
    return bool(np.abs(some[:, 0] - some[:, -1]).mean() <= ALIKE * between)


def _roughness(fields: NDArray[np.floating], loose: NDArray[np.bool_]) -> float:
    """The mean difference between neighbours in a row of which neither fills a gap."""
    known = ~(loose[..., 1:] | loose[..., :-1])
    apart = np.abs(fields[..., 1:].astype(np.float64) - fields[..., :-1])
    return float(apart[known].mean()) if known.any() else 0.0
