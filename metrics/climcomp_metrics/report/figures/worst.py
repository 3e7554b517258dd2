"""Original, reconstruction and error at the time of the largest error, made small."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp.errors import MetricError
from climcomp_metrics.domain import Domain
from climcomp_metrics.report.figures.frame import Reduction
from climcomp_metrics.report.figures.framing import make_reduction
from climcomp_metrics.report.figures.illustration import WorstFields


def fields_at_worst(
    original: NDArray[np.floating],
    decoded: NDArray[np.floating],
    domain: Domain,
    when: str = "",
    reduction: Reduction | None = None,
) -> WorstFields | None:
    """The two fields and their difference in at most 360 x 180 pixels.

    A pixel shows one cell, the one nearest to its middle, so that no mean hides what happened; the
    cell with the largest error is always among them.

    Parameters
    ----------
    original, decoded : (y, x)
        One time and level; (1, cells) on unstructured grids. NaN is missing; flags must be NaN too.
    when
        The time step in words.
    reduction
        What `make_reduction` gives for this grid, if the caller has it.

    Returns
    -------
    None where no value is valid in both, or where there is but one cell.

    Raises
    ------
    MetricError
        If the shapes differ or are not two-dimensional.
    """
    if original.shape != decoded.shape or original.ndim != 2:
        raise MetricError(
            f"fields of shapes {original.shape} and {decoded.shape}, wanted (y, x) twice: give one "
            "time and level of the canonical layout"
        )
    with np.errstate(invalid="ignore", over="ignore"):
        error = decoded.astype(np.float64) - original
    error[~np.isfinite(error)] = np.nan
    if np.isnan(error).all():
        return None
    worst = int(np.nanargmax(np.abs(error)))
    grid = original.shape[0], original.shape[1]
    reduction = reduction or make_reduction(grid, domain)
    if reduction is None or reduction.pixel[worst] < 0:
        return None
    cells = reduction.chosen(keep=worst)
    across, up = reduction.place(worst)
    with np.errstate(over="ignore"):
        pictures = [
            reduction.pick(field, cells).astype(np.float32) for field in (original, decoded, error)
        ]
    return WorstFields(
        frame=reduction.frame,
        original=pictures[0],
        decoded=pictures[1],
        error=pictures[2],
        cells_per_pixel=reduction.cells_per_pixel,
        across=across,
        up=up,
        value=float(original.reshape(-1)[worst]),
        worst=float(error.reshape(-1)[worst]),
        when=when,
        where=place_in_words(worst, grid, domain),
    )


def place_in_words(cell: int, grid: tuple[int, int], domain: Domain) -> str:
    """A cell by latitude and longitude where they are known, and by its number.

    Parameters
    ----------
    cell
        Its flat index in the grid (y, x).
    """
    row, column = divmod(cell, grid[1])
    number = f"cell {cell}" if 1 in grid else f"y {row}, x {column}"
    lat, lon = domain.lat, domain.lon
    if lat is None or lon is None:
        return number
    if lat.size == grid[0] * grid[1] and lon.size == lat.size:
        here = float(lat.reshape(-1)[cell]), float(lon.reshape(-1)[cell])
    elif lat.shape == (grid[0],) and lon.shape == (grid[1],):
        here = float(lat[row]), float(lon[column])
    else:
        return number
    if not np.isfinite(here).all():
        return number
    east = (here[1] + 180.0) % 360.0 - 180.0
    ends = "N" if here[0] >= 0 else "S", "E" if east >= 0 else "W"
    return f"{abs(here[0]):.1f}°{ends[0]}, {abs(east):.1f}°{ends[1]} ({number})"
