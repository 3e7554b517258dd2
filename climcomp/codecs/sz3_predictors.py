"""Check how much memory the predictors of an SZ3 Lorenzo-regression stream ask for.

pysz 1.1 checks nearly everything it decodes, but believes two counts: with a Huffman table of one
symbol they cost no bytes in the stream and 4 bytes each in memory (2 GB were seen for a block of
600 values). The decompressed coded part begins (little-endian):

    with a regression predictor: u64 number of coefficients; where it is not 0 two quantisers (u8,
      f64, i32, u64 n, n values), a Huffman table and its payload
    with two predictors or more: u64 number of blocks that chose one; a Huffman table, its payload

    Huffman table: u32 d distinct numbers; i32 smallest, if d > 0; if d > 1, in bits, highest first:
      Elias-gamma codes, one for the first number and two for each other, padded to a byte
    payload: u64 number of bits, then these bits, padded to a byte

Read in szcompressor/SZ3: predictor/ComposedPredictor.hpp, encoder/HuffmanEncoder.hpp.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from climcomp.byte_reader import ByteReader
from climcomp.errors import PayloadError

_LORENZO, _LORENZO_2, _REGRESSION, _REGRESSION_2 = 0x80, 0x40, 0x20, 0x10
_MOST_SYMBOLS = 1 << 20
_MOST_BITS = 46  # of two gamma codes: a gap below 2**17 and a change of code length below 2**6


@dataclass(frozen=True, slots=True)
class Sz3Config:
    """What an SZ3 stream says of itself: dimensions, algorithm, flags of predictors, block size."""

    dims: tuple[int, ...]
    algorithm: int
    predictors: int
    block: int


def check_predictors(coded: bytearray, config: Sz3Config, dtype: np.dtype[Any]) -> None:
    """Refuse counts that no block of this shape can have.

    Raises
    ------
    PayloadError
        Also where the coded part ends too early.
    """
    blocks = math.prod([-(-length // config.block) for length in config.dims])
    flags = [_LORENZO, _LORENZO_2, _REGRESSION]
    used = sum(bool(config.predictors & flag) for flag in flags)
    if config.predictors & _REGRESSION_2 or used == 0:
        raise PayloadError(
            f"SZ3 stream with predictors {config.predictors:#x}: unknown to climcomp"
        )
    reader = ByteReader(memoryview(coded), "SZ3 predictors")
    if config.predictors & _REGRESSION:
        coefficients = _count(reader, blocks * (len(config.dims) + 1), "coefficients")
        if coefficients:
            for _ in range(2):
                reader.take(1 + 8 + 4)
                reader.take(_count(reader, coefficients, "numbers") * dtype.itemsize)
            _skip_huffman(reader)
    if used > 1:
        _count(reader, blocks, "choices")


def _count(reader: ByteReader, most: int, what: str) -> int:
    found: int = reader.unpack("<Q")
    if found > most:
        raise PayloadError(f"SZ3 stream names {found} {what}, its block has at most {most}")
    return found


def _skip_huffman(reader: ByteReader) -> None:
    """Move behind a Huffman table and its payload."""
    symbols: int = reader.unpack("<I")
    if symbols > _MOST_SYMBOLS:
        raise PayloadError(f"SZ3 stream names {symbols} Huffman symbols, more than {_MOST_SYMBOLS}")
    if symbols:
        reader.take(4)
    if symbols > 1:
        reader.take(_table_bytes(reader.peek(symbols * _MOST_BITS // 8 + 8), 2 * symbols - 1))
    bits: int = reader.unpack("<Q")
    reader.take((bits + 7) // 8)


def _table_bytes(start: memoryview, codes: int) -> int:
    """The length in bytes of so many Elias-gamma codes.

    A code of z zeros, a one and z bits is 2 z + 1 bits long. Where each code would lead is found
    for all bits at once; then steps are doubled, since one at a time would take milliseconds.
    """
    bits = np.unpackbits(np.frombuffer(start, np.uint8))
    places = np.arange(bits.size)
    next_one = np.where(bits == 1, places, bits.size)
    next_one = np.minimum.accumulate(next_one[::-1])[::-1]
    # The end is a place of its own that leads to itself: codes that run over it stay there.
    leads = np.append(np.minimum(2 * next_one - places + 1, bits.size + 1), [bits.size + 1] * 2)
    leads[bits.size] = bits.size + 1
    at = 0
    while codes:
        if codes & 1:
            at = int(leads[at])
        leads = leads[leads]
        codes >>= 1
    if at > bits.size:
        raise PayloadError("SZ3 stream: a Huffman table is truncated or too long")
    return (at + 7) // 8
