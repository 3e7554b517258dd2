"""From what a person gives, along each dimension, to positions with fractions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from climcomp.errors import UsageError
from climcomp.query.axes import QueryAxes, QueryAxis
from climcomp.query.moments import seconds_since

# A place so near to a grid point is taken for it: files have their coordinates in single precision,
# or in doubles that come of it, and times off by microseconds. Our own; never over a hundredth of
# the smallest step.
_SPACINGS, _SECONDS, _OF_A_STEP = 2, 0.5, 0.01
_SHOWN = 12

Wanted = Mapping[str, Any]  # Any: one number, text or date, or a sequence of them


def find_places(axes: QueryAxes, wanted: Wanted, indices: Mapping[str, ArrayLike]) -> NDArray[Any]:
    """(places, dimensions) positions with fractions; a dimension of length 1 may be left out.

    Raises
    ------
    UsageError
        If a dimension is not known, is given twice or not at all, or a place is not along it.
    """
    found: dict[str, NDArray[np.float64]] = {}
    for is_index, given in ((False, wanted), (True, indices)):
        for name, values in given.items():
            axis = axes.get(name)
            if axis.dim in found:
                raise UsageError(f"{axes.variable}: places along {axis.dim} are given twice")
            listed = _listed(values)
            find = _given_positions if is_index else _positions
            found[axis.dim] = find(axes.variable, axis, listed)
    open_axes = [axis for axis in axes.axes if axis.dim not in found and axis.size != 1]
    if open_axes:
        raise UsageError(
            f"{axes.variable}: a place wants a value along each dimension; not given: "
            f"{', '.join(axis.extent for axis in open_axes)}"
        )
    lengths = {values.size for values in found.values()}
    count = max(lengths, default=1)
    if 0 in lengths or lengths - {1, count}:
        sizes = ", ".join(f"{dim} {values.size}" for dim, values in found.items())
        raise UsageError(
            f"{axes.variable}: found so many values: {sizes}; wanted as many along each dimension "
            "as there are places, one or more, or one for all"
        )
    columns = [np.broadcast_to(found.get(axis.dim, 0.0), (count,)) for axis in axes.axes]
    return np.stack(columns, 1).astype(np.float64) if columns else np.zeros((count, 0))


def _listed(values: Any) -> Sequence[Any]:
    if isinstance(values, str) or np.ndim(values) == 0:
        return [values]
    return list(values)


def _given_positions(variable: str, axis: QueryAxis, listed: Sequence[Any]) -> NDArray[np.float64]:
    found = np.array([_number(variable, axis, value) for value in listed])
    end = axis.size if axis.is_periodic else axis.size - 1
    inside = (found >= 0) & ((found < end) | (found == axis.size - 1))
    if not inside.all():
        raise UsageError(
            f"{variable} has no position {found[~inside][0]:g} along {axis.dim}; they go from 0 to "
            f"{axis.size - 1}"
        )
    if axis.kind == "exact" and (found % 1).any():
        raise UsageError(
            f"{variable}: there is nothing between the positions of {axis.dim}, found "
            f"{found[found % 1 > 0][0]:g}; wanted whole numbers"
        )
    return found


def _positions(variable: str, axis: QueryAxis, listed: Sequence[Any]) -> NDArray[np.float64]:
    """The positions of values of the coordinate."""
    if axis.numbers is None:
        raise UsageError(
            f"{variable}: a place along {axis.dim} cannot be given by its value: {axis.reason}. "
            f"Give its position, 0 to {axis.size - 1}: --index {axis.dim}=I"
        )
    if axis.kind == "time":
        label = f"{variable}, {axis.dim}"
        numbers = np.array([seconds_since(axis.origin, value, label) for value in listed])
    else:
        numbers = np.array([_number(variable, axis, value) for value in listed])
    if axis.kind == "exact":
        return _exact_positions(variable, axis, numbers)
    return _positions_between(variable, axis, numbers, listed)


def _number(variable: str, axis: QueryAxis, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    if not np.isfinite(number):
        raise UsageError(f"{variable}: found {value!r} along {axis.extent}; wanted a finite number")
    return number


def _exact_positions(
    variable: str, axis: QueryAxis, numbers: NDArray[np.float64]
) -> NDArray[np.float64]:
    assert axis.numbers is not None
    found = []
    for number in numbers:
        near = np.flatnonzero(np.isclose(axis.numbers, number, rtol=1e-6, atol=1e-9))
        if near.size != 1:
            there = ", ".join(f"{value:g}" for value in axis.numbers[:_SHOWN])
            more = " ..." if axis.size > _SHOWN else ""
            raise UsageError(
                f"{variable} has {'no' if not near.size else 'several'} {axis.dim} {number:g}; "
                f"there are {there}{more}, and nothing between"
            )
        found.append(float(near[0]))
    return np.array(found)


def _positions_between(
    variable: str, axis: QueryAxis, numbers: NDArray[np.float64], listed: Sequence[Any]
) -> NDArray[np.float64]:
    """Along straight lines between the numbers of an axis that rise or fall."""
    assert axis.numbers is not None
    known = axis.numbers
    if known.size > 1 and known[1] < known[0]:
        known, numbers = -known, -numbers
    slack = _slack(axis, known)
    if axis.kind == "longitude":
        numbers = known[0] + (numbers - known[0]) % 360
    if axis.is_periodic:
        known = np.append(known, known[0] + 360)
    elif axis.kind == "longitude":  # hardly before the first
        numbers = np.where(numbers >= known[0] + 360 - slack, known[0], numbers)
    inside = (numbers >= known[0] - slack) & (numbers <= known[-1] + slack)
    if not inside.all():
        value = listed[int(np.flatnonzero(~inside)[0])]
        raise UsageError(
            f"{variable}: {value} is outside of {axis.extent}: the archive says nothing of it"
        )
    found = np.interp(numbers, known, np.arange(known.size))
    near = np.rint(found).astype(np.int64)
    found = np.where(np.abs(known[near] - numbers) <= slack, near, found)
    return np.where(found == axis.size, 0.0, found)  # a whole turn


def _slack(axis: QueryAxis, known: NDArray[np.float64]) -> float:
    wide = _SPACINGS * float(np.spacing(np.float32(np.abs(known).max())))
    slack = _SECONDS if axis.kind == "time" else wide
    return min(slack, _OF_A_STEP * float(np.diff(known).min())) if known.size > 1 else slack
