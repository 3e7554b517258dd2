"""The numbers of a block as symbols of the entropy coder, as `numbers` tells."""

from __future__ import annotations

import torch
from torch import Tensor

from climcomp.codecs.neural.device.predict import TABLE_BITS
from climcomp.codecs.neural.probabilities import ESCAPE, REACH, SYMBOLS, TOTAL, slots

BYTES_OF_SYMBOLS = 96
"""Bytes on the device that a value takes while the symbols of its block are made."""
_MOST_BITS = 16  # of a symbol that is raw bits
_SIZE = 16  # bits before the size of a symbol


def symbol_table(device: torch.device, *, is_lattice: bool) -> Tensor:
    """(tables * 64,) int32: the first slot of every symbol, and their number in its upper half."""
    first = torch.from_numpy(slots(shifted=is_lattice).astype("i8"))
    end = torch.nn.functional.pad(first[:, 1:], (0, 1), value=TOTAL)
    return _packed(first, end - first).flatten().to(device)


def symbols_of(coded: Tensor, tables: Tensor, table: Tensor) -> Tensor:
    """All symbols of a block in their order, int32, the size in the upper half of each.

    Parameters
    ----------
    coded, tables : (points,) int32
        q, and the row of the probabilities with the octaves beside it.
    table
        Of `symbol_table`.
    """
    octaves = tables >> TABLE_BITS
    rows = tables & ((1 << TABLE_BITS) - 1)
    shifted = coded.long()
    shifted += (torch.ones_like(octaves) << octaves) >> 1
    symbol = shifted >> octaves
    beyond = symbol.abs() - REACH
    code = torch.where(beyond > 0, ESCAPE, symbol + REACH)
    plain = table[rows.long().mul_(SYMBOLS).add_(code)]
    is_long = (beyond > 0).logical_or_(octaves > 0)
    many = is_long.nonzero().squeeze(1)
    if not len(many):
        return plain
    raw = _Raw(beyond[many], symbol[many] < 0, shifted[many], octaves[many])
    counts = torch.ones_like(shifted)
    counts[many] += raw.counts()
    ends = counts.cumsum(0)
    out = torch.empty(int(ends[-1]), dtype=torch.int32, device=coded.device)
    out[ends - counts] = plain
    raw.put(out, ends[many] - counts[many] + 1)
    return out


class _Raw:
    """The raw bits behind some symbols: each part of them with its value and how many they are.

    beyond
        |s| - 31; an escape where it is above 0.
    """

    def __init__(
        self, beyond: Tensor, is_negative: Tensor, shifted: Tensor, octaves: Tensor
    ) -> None:
        is_escape = beyond > 0
        bits = _highest_bit(beyond.clamp(min=1))
        octaves = octaves.long()
        low = shifted & ((torch.ones_like(octaves) << octaves) - 1)
        rest = beyond - (torch.ones_like(bits) << bits)
        self._parts = (
            (bits, is_escape * 5),
            (is_negative.long(), is_escape * 1),
            (rest, is_escape * bits),
            (low, octaves),
        )

    def counts(self) -> Tensor:
        """How many symbols they take."""
        every = [(count + (_MOST_BITS - 1)) // _MOST_BITS for _, count in self._parts]
        return torch.stack(every).sum(0)

    def put(self, out: Tensor, at: Tensor) -> None:
        """Put them from the places `at` on."""
        for value, count in self._parts:
            for begin in range(0, 32, _MOST_BITS):
                some = (count - begin).clamp(0, _MOST_BITS)
                is_here = some > 0
                width = _MOST_BITS - some
                part = (value >> begin) & ((torch.ones_like(some) << some) - 1)
                packed = _packed(part << width, torch.ones_like(width) << width)
                out[at[is_here]] = packed[is_here]
                at = at + is_here


def _highest_bit(values: Tensor) -> Tensor:
    """floor(log2) of integers from 1 to 2^52."""
    return (values.double().view(torch.int64) >> 52) - 1023


def _packed(first: Tensor, size: Tensor) -> Tensor:
    """Both in 32 bits; `size` is below 2^16."""
    both = first | size << _SIZE
    return torch.where(both >= 1 << 31, both - (1 << 32), both).int()
