"""Code the fields of a block: without taps, or with those that pay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.neural.coding import encode_field
from climcomp.codecs.neural.fit import fit_taps
from climcomp.codecs.neural.numbers import Symbols
from climcomp.codecs.neural.probabilities import slots
from climcomp.codecs.neural.rans import encode_symbols, lanes_for
from climcomp.codecs.neural.state import Block, make_room
from climcomp.codecs.neural.taps import Taps, pack_taps
from climcomp.codecs.neural.task import Task
from climcomp.codecs.neural.walk import Walk, new_block

# Our own: symbols of a value that there is room for; a value that takes more is rare, and the block
# is then coded again with room for the most that a value can take.
USUAL_SYMBOLS, MOST_SYMBOLS = 1.25, 9


@dataclass(frozen=True, slots=True)
class Coded:
    """The integers R of a block (fields, rows, columns), its taps as bytes, and its stream."""

    values: NDArray[np.int32]
    taps: bytes
    stream: bytes

    @property
    def size(self) -> int:
        """Bytes of both."""
        return len(self.taps) + len(self.stream)


def smallest(task: Task) -> Coded:
    """A block without taps or with, as is smaller."""
    plain = code_task(task, {})
    fitted = fit_taps(task, plain.values)
    if not fitted.could_pay(plain.size):
        return plain
    return min(plain, code_task(task, fitted.taps), key=lambda coded: coded.size)


def code_task(task: Task, taps: Taps) -> Coded:
    """A block with some taps."""
    block, symbols = encode_fields(task, taps)
    count = int(symbols.made[0])
    return coded_as(block.values, symbols.first[:count], symbols.size[:count], taps)


def coded_as(
    values: NDArray[np.int32], first: NDArray[np.uint16], size: NDArray[np.uint16], taps: Taps
) -> Coded:
    """A block of R from its symbols, as `rans` takes them, and its taps."""
    return Coded(values, pack_taps(taps), encode_symbols(first, size, lanes_for(first.size)))


def encode_fields(task: Task, taps: Taps) -> tuple[Block, Symbols]:
    """The integers of a block, and the symbols that say them."""
    walk = Walk(task.geometry, task.settings, task.network, taps)
    room, tables = make_room(task.network.hidden), slots(shifted=task.settings.is_lattice)
    for most in (USUAL_SYMBOLS, MOST_SYMBOLS):
        space = int(task.fields.size * most) + 4096
        symbols = Symbols(
            np.empty(space, dtype=np.uint16),
            np.empty(space, dtype=np.uint16),
            np.zeros(1, dtype=np.int64),
        )
        block = new_block(task.geometry)
        for _, field in walk:
            encode_field(
                task.targets(field.position), task.loose_at(field.position), task.slack,
                block, walk.plan.stages, field, walk.all_taps, walk.compiled, room, tables, symbols,
            )  # fmt: skip
        if symbols.made[0] <= space:
            break
    return block, symbols
