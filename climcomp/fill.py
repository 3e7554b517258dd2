"""Fill gaps in a block from their neighbours, so that a codec sees a smooth field."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_Index = tuple[slice, ...]


def fill_missing(values: NDArray[np.floating], missing: NDArray[np.bool_]) -> NDArray[Any]:
    """A copy of a block whose missing values vary smoothly between the values around them.

    Averages are taken of pairs along every dimension, then of pairs of these and so on, until no
    gap is left; from there back to full resolution every gap takes what lies between the averages
    around it (push and pull; Gortler et al. 1996, "The Lumigraph", section 3.4).

    Parameters
    ----------
    values
        Finite wherever `missing` is False.
    missing
        Of the same shape; False somewhere.

    Returns
    -------
    NDArray
        C-contiguous and finite, within the range of the values, equal to them outside gaps.

    Notes
    -----
    On OSTIA sea-surface temperature at 0.05 K SZ3's blocks are 17.0 times smaller than float32
    with this filling, 16.3 with lines between neighbours smoothed 16 times, 15.5 with the mean and
    15.1 with the nearest value.
    """
    levels = [(np.where(missing, values.dtype.type(0), values), ~missing)]
    while not levels[-1][1].all():
        level = levels[-1]
        for axis in range(values.ndim):
            level = _averaged_pairs(*level, axis)
        levels.append(level)
    filled = levels[-1][0]
    for known, is_known in reversed(levels[:-1]):
        for axis, length in enumerate(known.shape):
            filled = _between_pairs(filled, axis, length)
        np.copyto(filled, known, where=is_known)
    return np.asarray(filled, order="C")


def _at(ndim: int, axis: int, part: slice) -> _Index:
    return tuple(part if other == axis else slice(None) for other in range(ndim))


def _averaged_pairs(
    values: NDArray[Any], known: NDArray[np.bool_], axis: int
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Half as many values along an axis: the mean of the known ones of each pair; unknown is 0."""
    length = values.shape[axis]
    if length == 1:
        return values, known
    pairs = length // 2
    first = _at(values.ndim, axis, slice(0, 2 * pairs, 2))
    second = _at(values.ndim, axis, slice(1, 2 * pairs, 2))
    half = values.dtype.type(0.5)
    # Halving first keeps sums of the largest floats finite.
    mean = values[first] * half + values[second] * half
    either = known[first] | known[second]
    np.multiply(mean, 2, out=mean, where=either & ~(known[first] & known[second]))
    if length % 2:
        last = _at(values.ndim, axis, slice(-1, None))
        mean = np.concatenate([mean, values[last]], axis)
        either = np.concatenate([either, known[last]], axis)
    return mean, either


def _between_pairs(values: NDArray[Any], axis: int, length: int) -> NDArray[Any]:
    """`length` values along an axis, twice as dense, linear between the centres of pairs."""
    if length == 1 or values.shape[axis] == length:
        return values
    shape = list(values.shape)
    shape[axis] = 2 * values.shape[axis]
    dense = np.empty(shape, values.dtype)
    near = values * values.dtype.type(0.75)
    far = values * values.dtype.type(0.25)
    ndim = values.ndim
    head, tail = _at(ndim, axis, slice(None, -1)), _at(ndim, axis, slice(1, None))
    even, odd = dense[_at(ndim, axis, slice(0, None, 2))], dense[_at(ndim, axis, slice(1, None, 2))]
    np.add(near[tail], far[head], out=even[tail])
    np.add(near[head], far[tail], out=odd[head])
    first, last = _at(ndim, axis, slice(0, 1)), _at(ndim, axis, slice(-1, None))
    even[first], odd[last] = values[first], values[last]
    trimmed: NDArray[Any] = dense[_at(ndim, axis, slice(0, length))]
    return trimmed
