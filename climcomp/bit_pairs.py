"""Mutual information of each bit of neighbouring values, counted on whole words at a time.

A pair is a value and the next one along an axis. All that is needed of the pairs is how often a bit
is set in the first value, in the second, and in both: three population counts per bit position.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.rounding import mantissa_bits

# Full adders merge three rows of words into two; after eight levels of them 4 % of the words are
# left to be unpacked bit by bit, and a piece with its pair still fits into a core's L2 cache.
_ADDER_LEVELS = 8
_PIECE = 4 * 3**_ADDER_LEVELS


def signed_exponent_words(values: NDArray[Any]) -> NDArray[Any]:
    """Bit patterns with the biased exponent turned into its sign and its magnitude.

    Values around one then differ in one bit of the exponent, not in all of them: `signed_exponent`
    of BitInformation.jl. C-contiguous float32 or float64 in, uint32 or uint64 of that shape out.
    """
    stored = mantissa_bits(values.dtype)
    signed = np.dtype(np.int32 if stored == 23 else np.int64)
    unsigned = np.dtype(np.uint32 if stored == 23 else np.uint64)
    width = 8 * signed.itemsize
    bias, exponent_sign = (1 << (width - stored - 2)) - 1, 1 << (width - 2)
    others = signed.type(-1 << (width - 1) | (1 << stored) - 1)
    source = values.reshape(-1).view(signed)
    target = np.empty_like(source)
    for start in range(0, source.size, _PIECE):
        word, out = source[start : start + _PIECE], target[start : start + _PIECE]
        exponent = word & ~others
        exponent >>= signed.type(stored)
        exponent -= signed.type(bias)
        np.bitwise_and(word, others, out=out)
        out |= (exponent >> signed.type(width - 1)) & signed.type(exponent_sign)
        np.abs(exponent, out=exponent)
        exponent <<= signed.type(stored)
        exponent &= ~others
        out |= exponent
    return target.view(unsigned).reshape(values.shape)


def information_of_neighbours(
    words: NDArray[Any], counts: NDArray[np.bool_], axis: int
) -> tuple[NDArray[np.float64], int]:
    """Mutual information of each bit of neighbours along an axis, and the number of pairs.

    Parameters
    ----------
    words
        uint32 or uint64, C-contiguous, of any shape.
    counts
        Of the same shape: a pair counts where both of its values do.
    axis
        From the front; at least two values long.

    Returns
    -------
    (32 or 64,), int
        Bits, highest bit position first; all zero without a pair.
    """
    word = words.dtype.type
    complete = bool(counts.all())
    ones = np.zeros((3, 8 * words.dtype.itemsize), np.int64)  # in the first, the second, in both
    pairs = 0
    rows = np.empty((3, _PIECE), words.dtype)
    for first, second in _neighbours(words.shape, axis):
        one, other = split_at_axis(words, axis)[first], split_at_axis(words, axis)[second]
        size = one.size
        rows[:, size:] = 0
        rows[0, :size].reshape(one.shape)[...] = one
        rows[1, :size].reshape(one.shape)[...] = other
        if complete:
            pairs += size
        else:
            both = split_at_axis(counts, axis)[first] & split_at_axis(counts, axis)[second]
            pairs += int(np.count_nonzero(both))
            rows[:2, :size] &= both.reshape(-1) * word(~word(0))
        np.bitwise_and(rows[0], rows[1], out=rows[2])
        ones += _ones_per_bit(rows)
    return _mutual_information(ones, pairs), pairs


def split_at_axis(array: NDArray[Any], axis: int) -> NDArray[Any]:
    """The array as (everything before the axis, the axis, everything after it)."""
    before = math.prod(array.shape[:axis])
    return array.reshape(before, array.shape[axis], math.prod(array.shape[axis + 1 :]))


def _neighbours(
    shape: tuple[int, ...], axis: int
) -> Iterator[tuple[tuple[slice, ...], tuple[slice, ...]]]:
    """Regions of `split_at_axis` and the same one step on, at most `_PIECE` values each."""
    before, pairs = math.prod(shape[:axis]), shape[axis] - 1
    after = math.prod(shape[axis + 1 :])
    inner = min(after, _PIECE)
    middle = min(pairs, _PIECE // max(inner, 1))
    outer = _PIECE // max(middle * inner, 1)
    for i in range(0, before, max(outer, 1)):
        for j in range(0, pairs, max(middle, 1)):
            for k in range(0, after, max(inner, 1)):
                stop = min(j + middle, pairs)
                front, back = slice(i, i + outer), slice(k, k + inner)
                yield (front, slice(j, stop), back), (front, slice(j + 1, stop + 1), back)


def _ones_per_bit(rows: NDArray[Any]) -> NDArray[np.int64]:
    """How many words of each row (length `_PIECE`) have each bit set, highest bit first.

    A full adder turns three words into a sum word and a carry word of twice its weight, for all
    bit positions at once: five operations a word, where unpacking every bit takes more than thirty.
    """
    planes = rows[:, np.newaxis, :]  # (row, weight, words)
    weights = np.ones(1, np.int64)
    for _ in range(_ADDER_LEVELS):
        third = planes.shape[2] // 3
        a, b, c = (planes[:, :, part * third : (part + 1) * third] for part in range(3))
        half = a ^ b
        merged = np.empty((len(rows), 2, planes.shape[1], third), rows.dtype)
        np.bitwise_xor(half, c, out=merged[:, 0])
        half &= c
        np.bitwise_and(a, b, out=merged[:, 1])
        merged[:, 1] |= half
        planes = merged.reshape(len(rows), -1, third)
        weights = np.concatenate([weights, 2 * weights])
    octets = planes.astype(planes.dtype.newbyteorder(">")).view(np.uint8)
    bits = np.unpackbits(octets.reshape(*planes.shape, -1), axis=3)
    ones: NDArray[np.int64] = weights @ bits.sum(axis=2, dtype=np.int64)
    return ones


def _mutual_information(ones: NDArray[np.int64], pairs: int) -> NDArray[np.float64]:
    """Mutual information in bits, from how often a bit is set in the first, the second and both."""
    if pairs == 0:
        return np.zeros(ones.shape[1])
    first, second, both = ones
    joint = np.array([[pairs - first - second + both, second - both], [first - both, both]]) / pairs
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    ratio = np.divide(joint, independent, out=np.ones_like(joint), where=joint > 0)
    # Rounding can leave -1e-17 where the truth is zero.
    information: NDArray[np.float64] = np.maximum((joint * np.log2(ratio)).sum(axis=(0, 1)), 0.0)
    return information
