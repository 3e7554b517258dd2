"""Which values get which colour: steps at round numbers, shared by pictures that are compared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

SIGNED, UNSIGNED, FIELD = "RdBu_r", "YlGnBu", "viridis"

ORDINARY = 0.995
"""Colours are spent on this share of the values; what lies beyond takes the outermost colours."""

MOST_DECADES = 4

UNEVEN = 5.0
"""Steps go by factors where ordinary large values are so many times the median."""

_ROUNDEST = (1.0, 2.0, 2.5, 5.0, 10.0)
_ROUND = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


@dataclass(frozen=True, slots=True)
class Scale:
    """Edges of colour steps, ascending, and the colour map that fills them.

    Parameters
    ----------
    below, above
        Whether values lie beyond the first and the last edge.
    """

    edges: tuple[float, ...]
    colours: str
    below: bool
    above: bool


def signed_scale(picture: NDArray[np.floating], steps: int = 5) -> Scale:
    """As many steps to either side of a pale one about zero, for errors and changes."""
    sizes = np.abs(picture[np.isfinite(picture)])
    step = round_up(_ordinary(sizes) / steps)
    side = step * np.arange(1, steps + 1)
    beyond = bool(sizes.size and sizes.max() > side[-1])
    return Scale(_as_tuple(np.concatenate([-side[::-1], side])), SIGNED, beyond, beyond)


def unsigned_scale(picture: NDArray[np.floating], steps: int = 9) -> Scale:
    """Steps from zero up, for sizes; by factors where a few are many times the usual ones."""
    sizes = picture[np.isfinite(picture)]
    most = _ordinary(sizes)
    if most > UNEVEN * float(np.median(sizes, axis=None) if sizes.size else 0.0) > 0:
        return _by_factors(sizes, most, UNSIGNED)
    edges = round_up(most / steps) * np.arange(steps + 1)
    return Scale(_as_tuple(edges), UNSIGNED, False, bool(sizes.size and sizes.max() > edges[-1]))


def field_scale(
    pictures: Sequence[NDArray[np.floating]], kind: Literal["C", "P", "B"], steps: int = 12
) -> Scale:
    """Steps for fields that are to be compared: linear, or by factors for heavy tails (class P)
    where the large values are many times the usual ones."""
    values = np.concatenate([picture[np.isfinite(picture)] for picture in pictures])
    if values.size == 0:
        return Scale((0.0, 1.0), FIELD, False, False)
    low, high = (float(q) for q in np.quantile(values, [1.0 - ORDINARY, ORDINARY]))
    positive = values[values > 0]
    if kind == "P" and positive.size and high > UNEVEN * float(np.median(positive)):
        return _by_factors(values, high, FIELD)
    step = round_up(max(high - low, 1e-12 * abs(high), 1e-300) / steps, _ROUNDEST)
    first, last = math.floor(low / step), math.ceil(high / step)
    edges = step * np.arange(first, max(last, first + 1) + 1)
    return Scale(
        _as_tuple(edges), FIELD, float(values.min()) < edges[0], float(values.max()) > edges[-1]
    )


def _by_factors(values: NDArray[np.floating], most: float, colours: str) -> Scale:
    """Steps of 1, 2, 5, 10 ... from the usual small values up to `most`."""
    positive = values[values > 0]
    least = max(float(np.quantile(positive, 0.02)), most / 10.0**MOST_DECADES)
    first, last = (3 * math.log10(value) for value in (least, most))
    thirds = range(math.floor(first), math.ceil(last) + 2)
    edges = [_ROUND_THIRDS[third % 3] * 10.0 ** (third // 3) for third in thirds]
    low = max((edge for edge in edges if edge <= least), default=edges[0])
    high = min((edge for edge in edges if edge >= most), default=edges[-1])
    inside = np.array([edge for edge in edges if low <= edge <= high])
    return Scale(_as_tuple(inside), colours, bool((values < low).any()), float(values.max()) > high)


_ROUND_THIRDS = (1.0, 2.0, 5.0)


def round_up(value: float, numbers: Sequence[float] = _ROUND) -> float:
    """The next number of few digits: 1 to 6 or 8 times a power of ten; 1 for no positive number."""
    if not (math.isfinite(value) and value > 0):
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    if power == 0.0:
        return value
    return next(nice * power for nice in numbers if nice * power >= value * (1 - 1e-9))


def _ordinary(sizes: NDArray[np.floating]) -> float:
    """The size that most values keep; the largest one where most are zero."""
    if sizes.size == 0:
        return 0.0
    usual = float(np.quantile(sizes, ORDINARY))
    return usual if usual > 0 else float(sizes.max())


def _as_tuple(edges: NDArray[np.floating]) -> tuple[float, ...]:
    return tuple(float(edge) for edge in edges)
