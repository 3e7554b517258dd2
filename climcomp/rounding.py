"""Round floats to fewer mantissa bits, or to multiples of a power of two."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from climcomp.errors import BoundError, UsageError

# Values at a time: the working arrays of one piece stay in a core's L2 cache, which is about
# twice as fast as operations on a whole large field.
_PIECE = 32768


def mantissa_bits(dtype: DTypeLike) -> int:
    """Stored mantissa bits of a float type: 23 or 52.

    Raises
    ------
    UsageError
        If the type is neither float32 nor float64.
    """
    found = np.dtype(dtype)
    if found.kind != "f" or found.itemsize not in (4, 8):
        raise UsageError(
            f"values are {found}; rounding takes float32 or float64: convert them first"
        )
    return 23 if found.itemsize == 4 else 52


def relative_error_of(keepbits: int) -> float:
    """The relative error that rounding to `keepbits` stays below, on every finite value.

    Half a unit of the last bit kept, 2 ** -(keepbits + 1), relative to the smallest value of a
    binade. It covers the truncation of the largest finite values: their error is up to a whole
    unit, but they lie at the upper end of a binade.
    """
    return math.ldexp(1.0, -(keepbits + 1))


def keepbits_for(relative_bound: float, dtype: DTypeLike) -> int:
    """The fewest mantissa bits that keep a pointwise relative bound on every value of a type.

    Parameters
    ----------
    relative_bound
        Largest abs(rounded - value) / abs(value); positive and finite, without a unit.

    Returns
    -------
    int
        0 to 23 (float32) or 52 (float64: all bits, so nothing changes). The bound holds on
        subnormals, zeros, and the largest finite values too, because `round_to_keepbits` leaves
        the first two as they are and truncates the last.

    Raises
    ------
    BoundError
        If the bound is not positive and finite.

    Examples
    --------
    >>> keepbits_for(0.01, "float32")
    6
    """
    if not (math.isfinite(relative_bound) and relative_bound > 0):
        raise BoundError(f"a relative bound must be positive and finite, not {relative_bound!r}")
    # frexp: bound = m * 2**exponent with 0.5 <= m < 1, so 2**(exponent - 1) <= bound.
    _, exponent = math.frexp(relative_bound)
    return min(max(-exponent, 0), mantissa_bits(dtype))


def round_to_keepbits(values: NDArray[np.floating], keepbits: int) -> NDArray[Any]:
    """Values rounded to the nearest number of `keepbits` mantissa bits, ties to even.

    Parameters
    ----------
    values
        float32 or float64 of any shape and memory layout.
    keepbits
        0 to 23 (float32) or 52 (float64); with all bits the values come back unchanged.

    Returns
    -------
    NDArray
        A new C-contiguous array of the same shape and type, in native byte order.

        - NaN (with its payload), +-Inf, +-0.0 and subnormals come back bit for bit: a subnormal
          has fewer bits to begin with, so rounding it would break a relative bound;
        - a finite value never becomes Inf: the few that would are truncated instead;
        - everything else moves by less than `relative_error_of(keepbits)` of itself.

    Raises
    ------
    UsageError
        If the type is another one, or keepbits is out of its range.
    """
    stored = mantissa_bits(values.dtype)
    if not 0 <= keepbits <= stored:
        raise UsageError(
            f"keepbits is {keepbits}; {values.dtype} takes 0 to {stored}: choose one of these"
        )
    source = _flat_native(values)
    rounded = np.empty(values.shape, source.dtype)
    if keepbits == stored:
        rounded.reshape(-1)[...] = source
        return rounded
    unsigned = np.dtype(np.uint32 if stored == 23 else np.uint64)
    _round_bits(source.view(unsigned), rounded.reshape(-1).view(unsigned), stored, keepbits)
    return rounded


def _round_bits(source: NDArray[Any], target: NDArray[Any], stored: int, keepbits: int) -> None:
    """Round bit patterns (uint32 or uint64, 1-D) from `source` into `target`."""
    word = source.dtype.type
    drop = stored - keepbits
    sign = 1 << (8 * source.dtype.itemsize - 1)
    infinity = (sign - 1) >> stored << stored
    smallest_normal = 1 << stored
    half = 1 << (drop - 1)
    kept = word(2 * sign - (1 << drop))
    magnitude_mask, shift, below_half = word(sign - 1), word(drop), word(half - 1)
    lowest, one = word(smallest_normal), word(1)
    # From here up a magnitude would round to Inf or beyond. The unsigned subtraction below wraps
    # zeros and subnormals around to the top, so that one comparison finds every special value.
    special_from = word(infinity - half - smallest_normal)
    zero = word(2 * sign - smallest_normal)
    bits = np.empty(min(_PIECE, source.size), source.dtype)
    for start in range(0, source.size, _PIECE):
        original, out = source[start : start + _PIECE], target[start : start + _PIECE]
        work = bits[: original.size]
        np.right_shift(original, shift, out=work)
        work &= one
        work += below_half
        np.add(original, work, out=out)
        out &= kept
        np.bitwise_and(original, magnitude_mask, out=work)
        work -= lowest
        if work.max() < special_from:
            continue
        special = work >= special_from
        special &= work != zero  # rounded right already, and common: not worth the masked copies
        if special.any():
            np.copyto(out, original, where=special)
            special &= work < word(infinity - smallest_normal)
            np.bitwise_and(out, kept, out=out, where=special)


def quantum_for(bound: float, dtype: DTypeLike) -> float:
    """The largest power of two whose half is within an absolute bound; 0.0 where none is normal.

    Raises
    ------
    BoundError
        If the bound is not positive and finite.
    """
    mantissa_bits(dtype)
    if not (math.isfinite(bound) and bound > 0):
        raise BoundError(f"an absolute bound must be positive and finite, not {bound!r}")
    limits = np.finfo(np.dtype(dtype))
    if bound < float(limits.tiny):
        return 0.0
    _, exponent = math.frexp(bound)
    # Two below the type's largest exponent, so that the inverse is a normal number.
    return math.ldexp(1.0, min(exponent, int(limits.maxexp) - 2))


def round_to_quantum(values: NDArray[np.floating], bound: float) -> NDArray[Any]:
    """Each value moved to the nearest multiple (ties to even) of the quantum of an absolute bound.

    The quantum is the largest power of two q with q / 2 <= bound, so the mantissa bits below it
    become zero: how many are left depends on each value's size.

    Parameters
    ----------
    values
        float32 or float64 of any shape and memory layout.
    bound
        Largest abs(rounded - value), in the unit of the values. Below the smallest normal number
        of the type the values come back unchanged.

    Returns
    -------
    NDArray
        A new C-contiguous array of the same shape and type, in native byte order. NaN and +-Inf
        come back bit for bit; values too large to have bits below q, or whose nearest multiple is
        not finite, come back unchanged. Values up to q / 2 become zero and keep their sign
        (-0.0 stays -0.0): where zeros mean something, use a relative bound.

    Raises
    ------
    UsageError
        If the type is another one.
    BoundError
        If the bound is not positive and finite.
    """
    quantum = quantum_for(bound, values.dtype)
    source = _flat_native(values)
    rounded = np.empty(values.shape, source.dtype)
    target = rounded.reshape(-1)
    if quantum == 0.0:
        target[...] = source
        return rounded
    scale, inverse = source.dtype.type(quantum), source.dtype.type(1.0 / quantum)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for start in range(0, source.size, _PIECE):
            original, out = source[start : start + _PIECE], target[start : start + _PIECE]
            np.multiply(original, inverse, out=out)
            np.rint(out, out=out)
            out *= scale
            finite = np.isfinite(out)
            if not finite.all():
                # NaN and Inf, and values so large that they (or their inverse scaling) overflow.
                np.copyto(out, original, where=~finite)
    return rounded


def _flat_native(values: NDArray[np.floating]) -> NDArray[Any]:
    """The values as one C-ordered row in native byte order; a copy only where one is needed."""
    native = values.astype(values.dtype.newbyteorder("="), copy=False)
    return np.ascontiguousarray(native).reshape(-1)
