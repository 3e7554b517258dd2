"""Find the padding at the end of a block, which costs nothing to store."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def extent_without_padding(
    values: NDArray[np.floating], fill: float
) -> tuple[tuple[int, ...], bytes]:
    """The shape without trailing hyperplanes of the fill, and the bits of the fill.

    Zarr pads the last chunks of an array with its fill value. A fill of NaN stands for any NaN,
    but only for one bit pattern, so that the padding comes back bit for bit.
    """
    if values.size == 0 or values.ndim == 0:
        return values.shape, b""
    corner = values[(-1,) * values.ndim]
    with np.errstate(all="ignore"):
        wanted = values.dtype.type(fill)
    bits = values.view(f"u{values.itemsize}")
    pattern = bits[(-1,) * values.ndim]
    both_nan = bool(np.isnan(corner) and np.isnan(wanted))
    if not both_nan and corner.tobytes() != wanted.tobytes():
        return values.shape, b""
    is_kept = bits != pattern
    extent = []
    for axis in range(values.ndim):
        others = tuple(other for other in range(values.ndim) if other != axis)
        kept = np.flatnonzero(is_kept.any(axis=others))
        extent.append(int(kept[-1]) + 1 if kept.size else 0)
    if tuple(extent) == values.shape:
        return values.shape, b""
    return tuple(extent), pattern.astype(pattern.dtype.newbyteorder("<")).tobytes()
