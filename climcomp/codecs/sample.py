"""Part of a block that stands for all of it when a codec chooses between two ways."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_SHARE = 16  # the design allows choices from at most 1/16 of the values
_MOST = 1 << 16  # values: more of them cost time and change no choice (our own)


def sample_box(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """A box from the middle of a block: 1/16 of its values, or 65536 if that is less; at least one.

    The longest axis is cut first, so that the box keeps some length along every axis and with it
    the structure that codecs use.
    """
    lengths = list(values.shape)
    limit = max(min(values.size // _SHARE, _MOST), 1)
    while math.prod(lengths) > limit:
        longest = lengths.index(max(lengths))
        lengths[longest] = lengths[longest] * 3 // 4
    box = tuple(
        slice((whole - part) // 2, (whole - part) // 2 + part)
        for whole, part in zip(values.shape, lengths, strict=True)
    )
    return values[box].copy()
