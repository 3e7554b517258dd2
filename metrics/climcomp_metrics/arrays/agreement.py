"""Two arrays of the same places and of the same type, or an error that says how they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from climcomp.errors import MetricError
from climcomp.source import SourceVariable, decoded_dtype

if TYPE_CHECKING:
    import xarray as xr

SAME = 0.01
"""Coordinates may differ by this share of their spacing: one file has them in single precision."""


def in_order(field: xr.DataArray, like: xr.DataArray) -> xr.DataArray:
    """The array with its dimensions in the order of another one.

    Raises
    ------
    MetricError
        If it has others.
    """
    if set(field.dims) != set(like.dims):
        raise MetricError(
            f"the original has the dimensions {_named(like)}, the decoded {_named(field)}: rename "
            "or squeeze one of them"
        )
    return field.transpose(*like.dims)


def same_sizes(first: xr.DataArray, second: xr.DataArray) -> None:
    """Refuse arrays of different sizes, and of none.

    Raises
    ------
    MetricError
        With both.
    """
    if first.shape != second.shape:
        raise MetricError(
            f"the original is {_named(first)}, the decoded {_named(second)}: both must be of the "
            "same times, levels and places"
        )
    if first.size == 0:
        raise MetricError(f"there is nothing to compare: the arrays are {_named(first)}")


def _named(field: xr.DataArray) -> str:
    return "(" + ", ".join(f"{d}: {n}" for d, n in zip(field.dims, field.shape, strict=True)) + ")"


def same_coordinates(first: xr.DataArray, second: xr.DataArray) -> None:
    """Refuse two arrays of different places: a difference of those is no error of a codec.

    Raises
    ------
    MetricError
        With the first place that differs.
    """
    for name, mine in first.coords.items():
        if name not in second.coords:
            continue
        theirs = second.coords[name]
        if set(mine.dims) != set(theirs.dims):
            raise MetricError(
                f"the coordinate {name!r} is {_named(mine)} in the original and {_named(theirs)} "
                "in the decoded array"
            )
        a, b = np.atleast_1d(mine.values), np.atleast_1d(theirs.transpose(*mine.dims).values)
        differs = _differs(a, b)
        if differs.any():
            at = tuple(int(i) for i in np.argwhere(differs)[0])
            raise MetricError(
                f"the coordinate {name!r} differs at {int(differs.sum())} of {differs.size} "
                f"places, first at {at}: {a[at]} in the original, {b[at]} in the decoded array. "
                "Select the same places, in the same order, of both."
            )


def _differs(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.bool_]:
    if a.dtype.kind in "iufb" and b.dtype.kind in "iufb":
        same: NDArray[np.bool_] = np.isclose(a, b, rtol=0.0, atol=_tolerance(a), equal_nan=True)
        return ~same
    if a.dtype.kind == b.dtype.kind == "M":
        differs: NDArray[np.bool_] = (a != b) & ~(np.isnat(a) & np.isnat(b))
        return differs
    return np.array(
        [x != y for x, y in zip(a.ravel().tolist(), b.ravel().tolist(), strict=True)]
    ).reshape(a.shape)


def _tolerance(values: NDArray[Any]) -> float:
    numbers = values.astype(np.float64)
    steps = np.abs(np.diff(numbers, axis=-1))
    steps = steps[np.isfinite(steps) & (steps > 0)]
    if steps.size:
        return SAME * float(np.median(steps))
    return 1e-6 * float(np.max(np.abs(numbers), initial=0.0, where=np.isfinite(numbers)))


def same_floats(first: SourceVariable, second: SourceVariable) -> None:
    """Refuse what is not both float32 or both float64, once it is unpacked.

    Raises
    ------
    MetricError
        With what was found.
    """
    kinds = [decoded_dtype(variable) for variable in (first, second)]
    for which, kind in zip(("original", "decoded array"), kinds, strict=True):
        if kind.kind != "f" or kind.itemsize not in (4, 8):
            raise MetricError(
                f"the {which} holds {kind}, wanted float32 or float64: values that are kept bit "
                "for bit need no metric; packed integers are unpacked by "
                "xarray.open_dataset(mask_and_scale=True)"
            )
    if kinds[0] != kinds[1]:
        raise MetricError(
            f"the original holds {kinds[0]} and the decoded array {kinds[1]}: take both as they "
            "are read, or give one of them .astype(...) of the other"
        )
