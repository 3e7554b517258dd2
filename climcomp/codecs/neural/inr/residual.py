"""What the base leaves of the values of a block, within the bound.

Format
------
Patches, as in `climcomp.codecs.neural.grid`: the smallest and the largest value, and any that would
not keep the bound. Then, to the end, a payload of `ncx`, or of `sz3`, of a block of the same shape
and type: the residual. A value is float(base + residual), a double sum, then a cast to the block's
type; patches come last, and no other value comes back beyond them.

The residual is taken from the base that a decoder finds, number for number: the base is whole
numbers that are exact in every order of summation, so that no drift has to be absorbed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs.base import Codec, usable_bound, value_count
from climcomp.codecs.neural.grid import parse_patches, patches_of
from climcomp.codecs.neural.ncx import Ncx
from climcomp.codecs.sz3 import Sz3
from climcomp.errors import CodecError


@dataclass(frozen=True, slots=True)
class Residual:
    """A residual as bytes, and whether SZ3 made it."""

    data: bytes
    is_sz3: bool


def encode_residual(
    values: NDArray[np.floating],
    base: NDArray[np.float64],
    bound: float,
    filled: NDArray[np.bool_] | None,
    lattice: tuple[float, float] | None,
) -> Residual:
    """What is left of a block, by the codec that makes it smaller.

    Parameters
    ----------
    values, base
        Of the block's shape and unit.
    bound
        Absolute.
    filled
        Which values only fill gaps.
    lattice
        Origin and step of the lattice that values and base lie on, if they do: what is left is then
        a multiple of the step, too.

    Raises
    ------
    BoundError
        If the bound is below the spacing of the values' floats.
    CodecError
        If neither codec takes what is left.
    """
    left = values.astype(np.float64)
    if lattice is not None:
        origin, step = lattice
        left = np.rint((left - origin) / step) * step + origin
    left -= base
    if lattice is not None:
        left = np.rint(left / lattice[1]) * lattice[1]
    left = left.astype(values.dtype)
    inner = ErrorBound("absolute", usable_bound(bound, values))
    ncx = Ncx()
    coded = ncx.encode(left, inner) if filled is None else ncx.encode_filled(left, inner, filled)
    try:
        other = Sz3().encode(left, inner)
    except CodecError:  # it refuses numbers that ncx takes
        other = coded
    is_sz3 = len(other) < len(coded)
    decoded = _decoded(other if is_sz3 else coded, base, values.dtype, is_sz3=is_sz3)
    patches = patches_of(values, decoded, bound, filled)
    return Residual(patches.packed() + (other if is_sz3 else coded), is_sz3)


def decode_residual(
    data: memoryview, base: NDArray[np.float64], dtype: np.dtype[Any], *, is_sz3: bool
) -> NDArray[Any]:
    """The values of a block of the shape of its base.

    Raises
    ------
    PayloadError
        If the bytes are not those of its residual.
    """
    patches, used = parse_patches(data, value_count(base.shape), dtype)
    decoded = _decoded(data[used:], base, dtype, is_sz3=is_sz3)
    patches.apply(decoded)
    return decoded


def _decoded(
    data: bytes | memoryview, base: NDArray[np.float64], dtype: np.dtype[Any], *, is_sz3: bool
) -> NDArray[Any]:
    codec: Codec = Sz3() if is_sz3 else Ncx()
    left = codec.decode(data, base.shape, dtype)
    # Patches bring back what passes the largest number.
    with np.errstate(over="ignore", invalid="ignore"):
        return np.ascontiguousarray((base + left).astype(dtype))
