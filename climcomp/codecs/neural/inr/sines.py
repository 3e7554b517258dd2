"""One table of sines, the same on every machine.

Format
------
SINES[i] = round(1024 sin(2 pi i / 8192)), i from 0 to 8191. No entry is nearer than 1e-4 to a half,
so that any sine of a few good digits rounds to the same; the checksum of the table, as little-endian
int16, is `CHECKSUM`, and another one is an error at load.
"""

from __future__ import annotations

from functools import cache

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from climcomp.errors import CodecError

TURN = 8192
"""Entries of a whole turn."""
ONE = 1024
"""What stands for 1."""
CHECKSUM = 0x40057DA6


@cache
def sines() -> NDArray[np.float64]:
    """(8192,) whole numbers; read-only.

    Raises
    ------
    CodecError
        If they are not those of the format.
    """
    table = np.rint(ONE * np.sin(2 * np.pi * np.arange(TURN) / TURN))
    found = google_crc32c.value(table.astype("<i2").tobytes())
    if found != CHECKSUM:
        raise CodecError(
            f"the sines of codec 'inr' have the checksum {found:#010x} on this machine, not "
            f"{CHECKSUM:#010x}: its arithmetic is wrong, and it could read no block"
        )
    table.flags.writeable = False
    return table


def sine_of(index: NDArray[np.float64]) -> NDArray[np.float64]:
    """1024 times the sine of whole numbers of 8192ths of a turn."""
    found: NDArray[np.float64] = sines()[index.astype(np.int64) & (TURN - 1)]
    return found
