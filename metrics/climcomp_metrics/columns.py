"""Names of the sums that the fused pass keeps, in the order in which it keeps them."""

from __future__ import annotations

SLICE = (
    "count",  # values finite in both
    "weight",  # their area weights
    "weighed",  # how many of them have a weight
    "weighted_x",
    "weighted_e",
    "x",  # sums of x about the level's reference, and of e = y - x
    "xx",
    "e",
    "ee",
    "xe",
    "largest",  # largest abs(e)
    "least",  # smallest x about the reference
    "most",
    "stencils",  # cells that have four valid neighbours, for which the rest is summed
    "lap_x",  # 5-point Laplacian of x and of e
    "lap_xx",
    "lap_e",
    "lap_ee",
    "lap_xe",
    "inner_e",
    "inner_ee",
    "e_lap_x",
    "gradient_xx",  # squared central differences, both directions
    "gradient_ee",
    "xe_squared",  # squares of the products: how much chance there is in a correlation
    "e_lap_x_squared",
)
"""One row of a slice table: a time and level. All add up but `largest`, `least` and `most`."""

CELL = ("x", "xx", "e", "ee", "xe")
"""Sums along time in each cell, x about the level's reference."""

TILE = ("weight", "x", "xx", "ee")
"""Sums over times of n, n m, n m^2, n r^2: a tile's n valid cells and its means m of x, r of e."""

TAIL = ("x", "e", "y")
"""Sums in the tail bins: x and e by the bin of x, y by the bin of y."""

TILE_SIZE = 16
"""Cells along each side of a tile; on one row (unstructured) a tile is 256 cells in a row."""

FEWEST_TILE_CELLS = 64
"""A tile with fewer valid cells in a time step stays out: its mean is mostly the noise of e."""

UNSEEN = 1.7e308
"""Where the smallest and (negated) largest x of a slice start: finite, as the kernels want it."""
