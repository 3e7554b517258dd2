"""The entropy coder's loops, compiled; `reference` has the same to be read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp.jit import compile_exact


@compile_exact
def push_symbols(
    first: NDArray[np.uint16],
    size: NDArray[np.uint16],
    states: NDArray[np.uint32],
    words: NDArray[np.uint16],
) -> int:
    """Encode symbols from the last to the first; returns how many words were written."""
    mask = states.size - 1
    count = 0
    for n in range(first.size - 1, -1, -1):
        lane = n & mask
        x = np.uint64(states[lane])
        slots = np.uint64(size[n])
        if x >= slots << np.uint64(16):
            words[count] = x & np.uint64(0xFFFF)
            count += 1
            x >>= np.uint64(16)
        states[lane] = (x // slots << np.uint64(16)) + x % slots + np.uint64(first[n])
    return count


@compile_exact
def _refilled(x: np.uint64, words: NDArray[np.uint16], at: NDArray[np.int64]) -> np.uint64:
    """A state after a symbol, with the next word where it is too small; beyond the last, 0."""
    if x >= np.uint64(65536):
        return x
    word = np.uint64(0)
    if at[1] < words.size:
        word = np.uint64(words[at[1]])
    at[1] += 1
    return (x << np.uint64(16)) | word


@compile_exact
def pull_symbol(
    row: NDArray[np.uint16],
    states: NDArray[np.uint32],
    words: NDArray[np.uint16],
    at: NDArray[np.int64],
) -> int:
    """Decode the next symbol, of a row of first slots."""
    lane = at[0] & (states.size - 1)
    at[0] += 1
    x = np.uint64(states[lane])
    slot = x & np.uint64(0xFFFF)
    # Most symbols are near the middle of their row: from there it is a few steps, often none.
    low = (row.size >> 1) - 1
    while low > 0 and np.uint64(row[low]) > slot:
        low -= 1
    while low + 1 < row.size and np.uint64(row[low + 1]) <= slot:
        low += 1
    begin = np.uint64(row[low])
    end = np.uint64(row[low + 1]) if low + 1 < row.size else np.uint64(65536)
    x = (end - begin) * (x >> np.uint64(16)) + slot - begin
    states[lane] = _refilled(x, words, at)
    return low


@compile_exact
def pull_bits(
    count: int, states: NDArray[np.uint32], words: NDArray[np.uint16], at: NDArray[np.int64]
) -> int:
    """Decode up to 16 raw bits."""
    lane = at[0] & (states.size - 1)
    at[0] += 1
    x = np.uint64(states[lane])
    width = np.uint64(16 - count)
    slot = x & np.uint64(0xFFFF)
    value = slot >> width
    x = ((x >> np.uint64(16)) << width) + (slot - (value << width))
    states[lane] = _refilled(x, words, at)
    return int(value)
