"""Choose a codec's settings on a sample block, once per variable, before anything is encoded."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs.base import Codec
from climcomp.codecs.registry import get_codec
from climcomp.codecs.sz3 import Sz3
from climcomp.errors import BoundError
from climcomp.fill import fill_missing

_ALL_ORDERS_UP_TO = 3  # long dimensions; 4 would be 24 orders, each with two algorithms


def choose_settings(name: str, sample: NDArray[np.floating], bound: ErrorBound | None) -> Codec:
    """The codec with the settings that make a sample block smallest.

    Parameters
    ----------
    name
        Any codec; only `sz3` has settings to choose (algorithm and order of dimensions): `sperr`
        chooses its own for each block.
    sample
        A block of the variable, of the shape that its blocks will have; NaN and Inf are filled
        from their neighbours first.
    bound
        The bound of the first rung.

    Raises
    ------
    CodecError
        If the codec is unknown or does not keep this kind of bound.
    """
    if name != Sz3.name:
        return get_codec(name)
    special = ~np.isfinite(sample)
    if sample.size == 0 or special.all():
        return Sz3()
    values = fill_missing(sample, special) if special.any() else np.asarray(sample, order="C")
    candidates = [
        Sz3(algorithm, order)
        for order in _orders(values.shape)
        for algorithm in ("interpolation", "lorenzo_regression")
    ]
    try:
        sizes = [len(candidate.encode(values, bound)) for candidate in candidates]
    except BoundError:
        return Sz3()
    return candidates[int(np.argmin(sizes))]


def _orders(shape: tuple[int, ...]) -> list[tuple[int, ...] | None]:
    """Orders worth trying: all of up to 3 long dimensions, else each one moved first or last.

    Dimensions of length 1 stay in front: their place makes no difference to the stream.
    """
    long = [axis for axis, length in enumerate(shape) if length > 1]
    short = tuple(axis for axis, length in enumerate(shape) if length == 1)
    if len(long) <= _ALL_ORDERS_UP_TO:
        found = list(permutations(long))
    else:
        rest = {axis: tuple(other for other in long if other != axis) for axis in long}
        found = [order for axis in long for order in ((axis, *rest[axis]), (*rest[axis], axis))]
    orders = dict.fromkeys(short + order for order in found)
    return [None, *(order for order in orders if order != tuple(range(len(shape))))]
