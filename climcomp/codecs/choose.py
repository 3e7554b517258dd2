"""Choose a codec's settings on a sample block, once per variable, before anything is encoded."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs.base import Codec
from climcomp.codecs.registry import get_codec
from climcomp.errors import BoundError
from climcomp.fill import fill_missing

# Codecs with an order of dimensions, and what else is tried with each order.
_ORDERED: dict[str, list[dict[str, str]]] = {
    "sz3": [{"algorithm": "interpolation"}, {"algorithm": "lorenzo_regression"}],
    "log": [{}],
}
_FEWEST_BETWEEN = 4  # fields of a chain, so that a hierarchical order of them is worth trying
_ALL_ORDERS_UP_TO = 3  # long dimensions; 4 would be 24 orders, each with two algorithms


def choose_settings(name: str, sample: NDArray[np.floating], bound: ErrorBound | None) -> Codec:
    """The codec with the settings that make a sample block smallest.

    Parameters
    ----------
    name
        Any codec; only `sz3` (algorithm and order of dimensions), `log` (order) and `ncx` (order
        and axis of the fields) have settings to choose: `sperr` chooses its own for each block.
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
    special = ~np.isfinite(sample)
    every = _settings_of(name, sample.shape)
    if len(every) == 1 or sample.size == 0 or special.all():
        return get_codec(name)
    values = fill_missing(sample, special) if special.any() else np.asarray(sample, order="C")
    candidates = [get_codec(name, **settings) for settings in every]
    try:
        sizes = [len(candidate.encode(values, bound)) for candidate in candidates]
    except BoundError:
        return get_codec(name)
    return candidates[int(np.argmin(sizes))]


def _settings_of(name: str, shape: tuple[int, ...]) -> list[dict[str, Any]]:
    """What is worth trying."""
    if name in _ORDERED:
        return [
            {"order": order, **settings} for order in _orders(shape) for settings in _ORDERED[name]
        ]
    if name != "ncx":
        return [{}]
    axes = [axis for axis, length in enumerate(shape[:-2]) if length > 1]
    return [{"axis": axis} for axis in axes or [0]] + [
        {"axis": axis, "frames": "hierarchical"} for axis in axes if shape[axis] >= _FEWEST_BETWEEN
    ]


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
