"""Finer steps for the smallest and largest values of a block, beside its stream.

Format
------
Where the head says so, between patches and stream: i32 low, i32 high, u32 count, and the u2 k of
each of the `count` values of R <= low or R >= high, in the order of the fields, four to a byte, the
first in the lowest bits, the last byte filled with 0. Such an R becomes R + 64 k - 96: as R is
within 128 units of a value, that is within 32, a quarter of the bound. Nothing is predicted from
what it becomes.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.neural.grid import PER_STEP
from climcomp.codecs.neural.task import Task
from climcomp.errors import PayloadError

_HEAD = struct.Struct("<iiI")
_PARTS = 4
_PART = PER_STEP // _PARTS
_LEAST, _MOST = -(1 << 31), (1 << 31) - 1
# Our own: where so many times the values that are wanted lie on one step at an end (no rain, no
# ice), none of that end is refined.
MOST_TIES = 2


@dataclass(frozen=True, slots=True)
class Tails:
    """Up to where values are refined, from where on, and the k of each."""

    low: int
    high: int
    parts: NDArray[np.uint8]

    def applied(self, integers: NDArray[np.int32]) -> NDArray[np.int32]:
        """R as they become.

        Raises
        ------
        PayloadError
            If other values are beyond the ends than were refined.
        """
        beyond = (integers <= self.low) | (integers >= self.high)
        if np.count_nonzero(beyond) != self.parts.size:
            raise PayloadError(
                f"a block of codec 'ncx' has {np.count_nonzero(beyond)} values in its tails, and "
                f"finer steps for {self.parts.size}"
            )
        found = integers.copy()
        found[beyond] += _PART * self.parts.astype(np.int32) - (PER_STEP - _PART) // 2
        return found

    def packed(self) -> bytes:
        """As in the format."""
        full = np.zeros(_PARTS * math.ceil(self.parts.size / _PARTS), dtype=np.uint8)
        full[: self.parts.size] = self.parts
        shifts = np.arange(0, 2 * _PARTS, 2, dtype=np.uint8)
        packed: NDArray[np.uint8] = np.bitwise_or.reduce(full.reshape(-1, _PARTS) << shifts, axis=1)
        return _HEAD.pack(self.low, self.high, self.parts.size) + packed.tobytes()


def tails_of(task: Task, integers: NDArray[np.int32], share: float) -> Tails:
    """The finer steps of a share of a block's values at either end."""
    wanted = max(1, round(share * integers.size))
    flat = integers.reshape(-1)
    low = int(np.partition(flat, wanted - 1)[wanted - 1])
    high = int(np.partition(flat, flat.size - wanted)[flat.size - wanted])
    if np.count_nonzero(flat <= low) > MOST_TIES * wanted:
        low = _LEAST
    if np.count_nonzero(flat >= high) > MOST_TIES * wanted:
        high = _MOST
    parts = [np.empty(0, dtype=np.uint8)]
    for position, field in enumerate(integers):
        beyond = (field <= low) | (field >= high)
        left = task.targets(position)[beyond] - field[beyond]
        part = np.floor((left + PER_STEP // 2) / _PART)
        parts.append(np.clip(part, 0, _PARTS - 1).astype(np.uint8))
    return Tails(low, high, np.concatenate(parts))


def parse_tails(data: memoryview, size: int) -> tuple[Tails, int]:
    """The finer steps at the start of some bytes, of a block of `size` values, and how many bytes.

    Raises
    ------
    PayloadError
        If the bytes end before, or are of more values than there are.
    """
    if len(data) < _HEAD.size:
        raise PayloadError("a block of codec 'ncx' ends before its tails")
    low, high, count = _HEAD.unpack_from(data)
    length = math.ceil(count / _PARTS)
    if count > size or len(data) < _HEAD.size + length:
        raise PayloadError(f"a block of codec 'ncx' of {size} values ends in its {count} tails")
    packed = np.frombuffer(data, np.uint8, length, _HEAD.size)
    shifts = np.arange(0, 2 * _PARTS, 2, dtype=np.uint8)
    parts = (packed[:, None] >> shifts & np.uint8(_PARTS - 1)).reshape(-1)
    if parts[count:].any():
        raise PayloadError("the tails of a block of codec 'ncx' do not end where they should")
    return Tails(low, high, parts[:count]), _HEAD.size + length
