"""One table of sines, the same on every machine.

Format
------
T[i] = round(2^18 sin(2 pi i / 8192)), i from 0 to 8192. SIN[p], p in 2^-20 turns, is
T[i] + floor((T[i + 1] - T[i]) f / 128), i = floor(p / 128) % 8192, f = p % 128. No entry of T is
nearer than 1e-5 to a half, so that any good sine rounds to the same; the checksum of T, as
little-endian int32, is `CHECKSUM`, and another one is an error at load.
"""

from __future__ import annotations

from functools import cache

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from climcomp.errors import CodecError

TURN = 1 << 20
"""Of a phase."""
ONE = 1 << 18
"""What stands for 1."""
CHECKSUM = 0x06DF76F7
_ENTRIES = 8192
_BETWEEN = TURN // _ENTRIES


@cache
def sines() -> NDArray[np.float64]:
    """(8193,) whole numbers; read-only.

    Raises
    ------
    CodecError
        If they are not those of the format.
    """
    table: NDArray[np.float64] = np.rint(
        ONE * np.sin(2 * np.pi * np.arange(_ENTRIES + 1) / _ENTRIES)
    )
    table += 0.0  # no zero with a sign
    found = google_crc32c.value(table.astype("<i4").tobytes())
    if found != CHECKSUM:
        raise CodecError(
            f"the sines of codec 'inr' have the checksum {found:#010x} on this machine, not "
            f"{CHECKSUM:#010x}: its arithmetic is wrong, and it could read no block"
        )
    table.flags.writeable = False
    return table


def sine_of(phase: NDArray[np.float64]) -> NDArray[np.float64]:
    """2^18 times the sine of whole numbers of 2^-20 turns."""
    table, number = sines(), phase.astype(np.int64) & (TURN - 1)
    entry = number // _BETWEEN
    low = table[entry]
    rest: NDArray[np.float64] = table[entry + 1]
    rest -= low
    rest *= number % _BETWEEN
    rest *= 1 / _BETWEEN
    np.floor(rest, out=rest)
    rest += low
    return rest
