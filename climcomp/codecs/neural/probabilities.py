"""Probabilities of residuals: mixtures of two logistic distributions in 16-bit tables.

The network names a table by three small integers. A residual is q quantisation steps of 2 eb; its
distribution is symmetric, F(v) = (1 - w) sigmoid(v / b1) + w sigmoid(v / b2) with v in units of eb,
where

- b1 = 2 ** (scale / 6): `scale` from SCALES[0] to SCALES[1]; a wider b1 is coded with that many
  octaves less, and as many low bits of q beside it (`octaves_beyond`);
- b2 = b1 * 2 ** ((ratio + 1) / 2): `ratio` from 0 to RATIOS - 1;
- w = 0.005 + 0.9 * 2 ** k / (1 + 2 ** k), k = `weight` - 7: `weight` from 0 to WEIGHTS - 1.

On a lattice the distribution does not lie in the middle of the step q = 0: SHIFTS further sets of
the same tables follow, number g (from 0) with v - (2 g - SHIFTS + 1) / SHIFTS in place of v: the
middle of the fractions of a step that it stands for.

Symbols are q + REACH for q from -REACH to REACH, then one for all others (ESCAPE). A row of a table
holds the first slot of each of the 64 symbols among 65536; each symbol has one slot at least.

Format
------
All is integer arithmetic, so that a table is the same on every machine:

1. S[i] = round(2^30 sigmoid(i / 64)), i from 0 to 1408 (22 times 64), from correctly rounded
   decimal exponentials; sigmoid(-v) = 1 - sigmoid(v).
2. inverse[s] = round(2^16 * 2 ** (-s / 6)), s from SCALES[0] on. The argument of an edge
   e = 2 q + 1 is a = e * inverse[s], in 2^-16, with a shift
   a = ((SHIFTS e - 2 g + SHIFTS - 1) * inverse[s]) // SHIFTS; S is read at a / 1024 with linear
   interpolation, at most S[1408].
3. W[k] = round(65536 w); F = (S1 * (65536 - W) + S2 * W) >> 16.
4. G[k] = F(edge k) - F(edge 0), edge k = 2 (k - REACH) - 1; first slot of symbol k is
   (65536 - 64) * G[k] >> 30, plus k.

`CHECKSUMS` are the CRC-32C of the tables without shifts, and of all, as little-endian uint16;
another one is an error at load.
"""

from __future__ import annotations

import decimal
from functools import cache

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from climcomp.errors import CodecError

REACH = 31
ESCAPE = 2 * REACH + 1
SYMBOLS = ESCAPE + 1
TOTAL = 1 << 16
"""Slots of a row."""

SCALES = (-20, 18)
"""Sixths of an octave of eb: from 0.1 eb, where one symbol takes all but 64 slots, to 8 eb."""
RATIOS = 12
WEIGHTS = 12
_BASE = 7  # of the weights: where both components weigh about the same

SHIFTS = 16
ROWS = (SCALES[1] - SCALES[0] + 1) * RATIOS * WEIGHTS
"""Tables of a set."""

CHECKSUMS = (0xA1570F6A, 0x1D8448F9)

_ONE = 1 << 30
_PER_UNIT = 64  # entries of S to a unit of its argument
_LAST = 22 * _PER_UNIT  # beyond it sigmoid is 1 within 2^-30
_FRACTION = 1 << 10  # of an argument in 2^-16 between two entries


def index_of(scale: int, ratio: int, weight: int) -> int:
    """The row of a table."""
    return ((scale - SCALES[0]) * RATIOS + ratio) * WEIGHTS + weight


def octaves_beyond(scale: int) -> int:
    """How many low bits of a residual are coded beside the table, where its scale is wider."""
    return max(0, -(-(scale - SCALES[1]) // 6))


@cache
def slots(*, shifted: bool = False) -> NDArray[np.uint16]:
    """(tables, 64) the first slot of each symbol; read-only. With shifts they take 12 MB.

    Raises
    ------
    CodecError
        If the tables are not those of the format: this machine's integers or decimals are wrong.
    """
    scales, ratios, weights = np.meshgrid(
        np.arange(SCALES[0], SCALES[1] + 1),
        np.arange(RATIOS),
        np.arange(WEIGHTS),
        indexing="ij",
        sparse=True,
    )
    inverse = _inverses()
    narrow = inverse[scales - SCALES[0]][..., None]
    wide = inverse[scales - SCALES[0] + 3 * (ratios + 1)][..., None]
    mixed = _weights()[weights][..., None]
    edges = SHIFTS * (2 * (np.arange(SYMBOLS, dtype=np.int64) - REACH) - 1)
    sets = []
    for shift in (0, *(2 * g - SHIFTS + 1 for g in range(SHIFTS if shifted else 0))):
        at_narrow, at_wide = ((edges - shift) * one // SHIFTS for one in (narrow, wide))
        below = (_sigmoid(at_narrow) * (TOTAL - mixed) + _sigmoid(at_wide) * mixed) >> 16
        mass = below - below[..., :1]
        first = ((TOTAL - SYMBOLS) * mass >> 30) + np.arange(SYMBOLS)
        sets.append(first.reshape(ROWS, SYMBOLS).astype("<u2"))
    table = np.concatenate(sets)
    found, wanted = google_crc32c.value(table.tobytes()), CHECKSUMS[shifted]
    if found != wanted:
        raise CodecError(
            f"the probabilities of codec 'ncx' have the checksum {found:#010x} on this machine, "
            f"not {wanted:#010x}: its arithmetic is wrong, and it could read no block"
        )
    table.flags.writeable = False
    return table


def _sigmoid(argument: NDArray[np.int64]) -> NDArray[np.int64]:
    """The logistic function in 2^-30 of arguments in 2^-16."""
    table = _half_sigmoid()
    size = np.minimum(np.abs(argument), _LAST * _FRACTION)
    entry, fraction = size // _FRACTION, size % _FRACTION
    low, high = table[entry], table[np.minimum(entry + 1, _LAST)]
    value = low + ((high - low) * fraction >> 10)
    mirrored: NDArray[np.int64] = np.where(argument < 0, _ONE - value, value)
    return mirrored


@cache
def _half_sigmoid() -> NDArray[np.int64]:
    with decimal.localcontext(decimal.Context(prec=40, rounding=decimal.ROUND_HALF_EVEN)):
        step = (-decimal.Decimal(1) / _PER_UNIT).exp()
        power, values = decimal.Decimal(1), []
        for _ in range(_LAST + 1):
            values.append(int((_ONE / (1 + power)).to_integral_value()))
            power *= step
    return np.array(values, dtype=np.int64)


@cache
def _inverses() -> NDArray[np.int64]:
    """2^16 times 2 ** (-s / 6), as far as the widest second component goes."""
    with decimal.localcontext(decimal.Context(prec=40, rounding=decimal.ROUND_HALF_EVEN)):
        sixth = decimal.Decimal(2).ln() / 6
        every = range(SCALES[0], SCALES[1] + 3 * RATIOS + 1)
        found = [int((TOTAL * (-sixth * s).exp()).to_integral_value()) for s in every]
    return np.array(found, dtype=np.int64)


@cache
def _weights() -> NDArray[np.int64]:
    """65536 w, rounded from exact fractions."""
    found = []
    for weight in range(WEIGHTS):
        # 0.005 + 0.9 * 2^k / (1 + 2^k) = (5 * (1 + r) + 900 r) / (1000 (1 + r)), r = 2^k.
        up, down = 1 << max(0, weight - _BASE), 1 << max(0, _BASE - weight)
        above, below = TOTAL * (5 * (up + down) + 900 * up), 1000 * (up + down)
        found.append((2 * above + below) // (2 * below))
    return np.array(found, dtype=np.int64)
