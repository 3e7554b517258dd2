"""Unsigned integers in the place of floats and of small signed numbers, and their differences.

All arithmetic is modulo 2**32 or 2**64, so that every step has an exact inverse.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.pcodec import pack_numbers

Integers = NDArray[Any]  # uint32 or uint64: NumPy types their arithmetic too widely


def ordered_bits(values: NDArray[np.floating]) -> Integers:
    """Each value's bits as an integer that sorts as the floats do.

    All bits are flipped if the sign bit is set, the sign bit alone if not.
    """
    word = np.dtype(f"u{values.itemsize}")
    bits = np.ascontiguousarray(values).view(word)
    sign = word.type(1 << (8 * values.itemsize - 1))
    return np.where(bits & sign, ~bits, bits ^ sign)


def floats_of(numbers: Integers, dtype: np.dtype[Any]) -> NDArray[Any]:
    """The floats of this type that `ordered_bits` made these integers of."""
    sign = numbers.dtype.type(1 << (8 * numbers.itemsize - 1))
    return np.where(numbers & sign, numbers ^ sign, ~numbers).view(dtype)


def folded(numbers: Integers) -> Integers:
    """Two's complement with the small ones first: 0, -1, 1, -2 ... becomes 0, 1, 2, 3 ..."""
    return (numbers << 1) ^ -(numbers >> (8 * numbers.itemsize - 1))


def unfolded(numbers: Integers) -> Integers:
    """The inverse of `folded`."""
    return (numbers >> 1) ^ -(numbers & 1)


def differences(numbers: Integers, axes: int) -> Integers:
    """The difference to the previous number taken along each of the last `axes` axes."""
    for axis in range(numbers.ndim - axes, numbers.ndim):
        later: list[slice] = [slice(None)] * numbers.ndim
        earlier = later.copy()
        later[axis], earlier[axis] = slice(1, None), slice(None, -1)
        difference = numbers.copy()
        difference[tuple(later)] -= numbers[tuple(earlier)]
        numbers = difference
    return numbers


def sums(numbers: Integers, axes: int) -> Integers:
    """The inverse of `differences`; it writes into what it is given."""
    for axis in range(numbers.ndim - axes, numbers.ndim):
        np.add.accumulate(numbers, axis=axis, out=numbers, dtype=numbers.dtype)
    return numbers


def pack_differences(numbers: Integers, axes: int) -> bytes:
    """pcodec's stream of the folded differences along the last `axes` axes, one at least."""
    return pack_numbers(folded(differences(numbers, axes)).reshape(-1), is_noise=True)


def useful_axes(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Along how many of the last axes differences are worth trying; pcodec itself tries one."""
    long = sum(length > 1 for length in shape)
    return tuple(axes for axes in (2, 3) if axes <= long)
