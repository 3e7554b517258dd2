"""What the metrics must know of two arrays, made from the arrays themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from climcomp.errors import MetricError
from climcomp_metrics.arrays.pair import Pair
from climcomp_metrics.bins import make_bins
from climcomp_metrics.domain import Domain
from climcomp_metrics.field import FieldSettings, Shape, no_neighbours
from climcomp_metrics.sigma import estimate_sigma
from climcomp_metrics.sphere import area_weights

if TYPE_CHECKING:
    import xarray as xr

Kind = Literal["C", "P", "B"]
Weights = NDArray[np.float64] | str
"""(y, x), or why there are none."""

SAMPLE_VALUES = 1 << 25
"""Sigma and histogram bins are made from so many values, of evenly spread time steps."""

_PERCENT = ("%", "percent")
_ROUND_OFF = 1e-4  # what interpolation leaves above 100 % of ice

_AMOUNTS = {
    "kg m-2 s-1", "kg m**-2 s**-1", "kg m^-2 s^-1", "kg/m2/s", "mm", "mm s-1", "mm/s", "mm h-1",
    "mm hr-1", "mm/h", "mm/hr", "mm d-1", "mm day-1", "mm/day", "kg kg-1", "kg kg**-1", "kg/kg",
    "g kg-1", "g/kg", "mol mol-1", "mol/mol",
}  # fmt: skip
"""Units of rain, humidity and tracers."""


def sample_of(pair: Pair) -> tuple[NDArray[np.floating], slice]:
    """Evenly spread time steps of the original, (time, level, y, x), and which.

    Raises
    ------
    MetricError
        If none of its values is finite.
    """
    times, levels, rows, columns = pair.shape
    steps = slice(0, times, max(1, -(-times * levels * rows * columns // SAMPLE_VALUES)))
    fields = pair.read(0, steps)
    if not np.isfinite(fields).any():
        raise MetricError(
            f"all values of {pair.name}, the original, are missing or infinite: nothing can be "
            "compared. Was the right variable read, and was it masked rightly?"
        )
    return fields, steps


def kind_of(sample: tuple[NDArray[np.floating], slice], unit: str) -> tuple[Kind, str]:
    """The class of a variable that says nothing of itself but its unit, and why it is that."""
    fields = sample[0]
    values = fields[np.isfinite(fields)].astype(np.float64)
    least, most = float(values.min()), float(values.max())
    zeros = float((values == 0).mean())
    if unit.strip() in _PERCENT and least >= 0 and most <= 100.0 * (1 + _ROUND_OFF):
        return "B", f"its unit is {unit} and its values lie in 0 to 100"
    if least == 0 and most in (1.0, 100.0) and zeros > 0:
        return "B", f"its values lie in 0 to {most:g} and reach both ends"
    if least >= 0 and unit.strip() in _AMOUNTS:
        return "P", f"its unit is {unit} and no value is negative"
    # A quarter of zeros and a mean of twice the median: rain-like, and not a field of gaps alone.
    if least >= 0 and zeros >= 0.25 and float(values.mean()) > 2 * float(np.median(values)):
        return "P", f"no value is negative and {zeros:.0%} of them are 0"
    return "C", "nothing in its unit or values says otherwise"


def weights_of(pair: Pair, given: xr.DataArray | ArrayLike | None) -> Weights:
    """Area weights (y, x) of a pair: those given, else those of its coordinates.

    Raises
    ------
    MetricError
        If those given do not fit the grid, or are negative, NaN, infinite or all zero.
    """
    if given is None:
        return area_weights(pair.geometry)
    values = _on_grid(pair, given)
    if lost := int((~np.isfinite(values)).sum()):
        raise MetricError(
            f"{lost} of {values.size} weights are NaN or infinite: give 0 to cells outside the "
            "domain"
        )
    if negative := int((values < 0).sum()):
        raise MetricError(f"{negative} of {values.size} weights are negative: areas are not")
    if not values.any():
        raise MetricError("all weights are 0: no cell would count")
    return values


def _on_grid(pair: Pair, given: xr.DataArray | ArrayLike) -> NDArray[np.float64]:
    """Weights on some of the horizontal dimensions, spread over all of them."""
    axes, variable = pair.axes, pair.variables[0]
    horizontal = [axis for axis in (axes.y, axes.x, axes.cell) if axis is not None]
    sizes = {variable.dims[axis]: variable.shape[axis] for axis in horizontal}
    values = np.asarray(given, np.float64)
    named = getattr(given, "dims", None)
    mine = tuple(sizes)[: values.ndim] if named is None else tuple(map(str, named))
    if not mine or values.shape != tuple(sizes.get(dim, -1) for dim in mine):
        raise MetricError(
            f"the weights have the shape {values.shape} on {mine or 'no dimensions'}, wanted "
            f"{sizes or 'none: the array has no horizontal dimension'}"
        )
    order = [mine.index(dim) for dim in sizes if dim in mine]
    spread = values.transpose(order).reshape([n if d in mine else 1 for d, n in sizes.items()])
    whole = np.broadcast_to(spread, tuple(sizes.values())).reshape(pair.shape[2:])
    return np.ascontiguousarray(whole)


def domain_of(pair: Pair, weights: Weights) -> Domain:
    """The grid and the dates of a pair."""
    area = None if isinstance(weights, str) else weights
    grid = pair.geometry
    return Domain(area, grid.kind, grid.lat, grid.lon, pair.clock)


def declared_range(pair: Pair) -> tuple[float, float] | None:
    """The `valid_range` of the attributes, if it is one."""
    both = np.atleast_1d(np.asarray(pair.variables[0].attributes.get("valid_range", ())))
    if both.shape != (2,) or both.dtype.kind not in "iuf" or not both[0] < both[1]:
        return None
    return float(both[0]), float(both[1])


def settings_of(
    pair: Pair, sample: tuple[NDArray[np.floating], slice], kind: Kind, weights: Weights
) -> FieldSettings:
    """Settings for a pair that is measured as a whole, with sigma and bins of a sample."""
    fields, steps = sample
    months = None if pair.months is None else pair.months[steps]
    area = None if isinstance(weights, str) else weights
    sigma, method = estimate_sigma(fields, months, area, pair.geometry.lat)
    return FieldSettings(
        variable=pair.name,
        unit=pair.unit,
        kind=kind,
        masked=bool(np.isnan(fields).any()),
        axes=pair.axes,
        shape=pair.shape,
        sigma=tuple(s if np.isfinite(s) else 0.0 for s in sigma),
        sigma_method=method,
        bins=tuple(make_bins(fields[:, k], s, kind) for k, s in enumerate(sigma)),
        valid_range=None,
        exact=(),
        zeros_exact=False,
        periodic_x=pair.geometry.periodic_x and pair.axes.x is not None,
        has_area=weights if isinstance(weights, str) else None,
        horizontal=no_neighbours(pair.axes, pair.variables[0].shape),
        chunk=_chunk(pair),
        shard=pair.shape,
    )


def _chunk(pair: Pair) -> Shape:
    """The chunks that the decoded array was stored in, where it says so."""
    chunks = pair.fields[1].encoding.get("chunks")
    if isinstance(chunks, tuple) and len(chunks) == pair.fields[1].ndim:
        return pair.axes.shape(chunks)
    return pair.shape
