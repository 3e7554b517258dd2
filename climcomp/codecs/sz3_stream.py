"""Check the frame of an SZ3 stream before its C++ decoder sees it.

An SZ3 3.4 stream (little-endian): magic 0xF342F310, data version (4 bytes), length of the coded
part (8), the coded part, and a configuration: its own length (1), number of dimensions (1), bits
per dimension (1), the dimensions as packed bits, number of values (8), algorithm (1), kind of
bound (1, 0 is absolute), bound (8), predictors (1), direction of interpolation (1), quantisation
bins (4), block size (4), dimensions predicted (1). The coded part starts with its decompressed
size (8), followed by a Zstandard frame. Read in szcompressor/SZ3, utils/Config.hpp and
lossless/Lossless_zstd.hpp, and in the bytes that pysz 1.1 writes.
"""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs import zstd
from climcomp.codecs.sz3_predictors import Sz3Config, check_predictors
from climcomp.codecs.zstd import content_size
from climcomp.errors import PayloadError

_MAGIC = bytes.fromhex("10f342f3")
_DATA_VERSION = bytes.fromhex("00000403")  # 3.4.0.0
_HEAD = 16
_CONFIG = struct.Struct("<QBBdBBiiB")
_LORENZO_REGRESSION, _LAST_ALGORITHM = 0, 4
_MOST_BINS = 1 << 20
_MOST_BLOCK = 1 << 10
# What SZ3's encoder may need: unpredictable values, codes of at most 32 bits for all of them, and
# tables of at most 65,536 symbols.
_MOST_PER_BYTE = 2
_MOST_FIXED = 1 << 20


def check_stream(stream: NDArray[np.uint8], dims: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Refuse a stream that is cut, names other dimensions, or asks for too much memory.

    Raises
    ------
    PayloadError
        With what was found and what was wanted.
    """
    head = stream[: _HEAD + 8].tobytes()
    if len(head) < _HEAD + 8 or head[:4] != _MAGIC:
        raise PayloadError(
            f"{stream.size} bytes that start with {head[:4].hex()} are no SZ3 stream"
        )
    if head[4:8] != _DATA_VERSION:
        return  # pysz refuses every version but its own, and a newer one's layout is not known here
    coded = int.from_bytes(head[8:16], "little")
    if not 8 <= coded <= stream.size - _HEAD - 3:
        raise PayloadError(f"SZ3 stream of {stream.size} bytes names a coded part of {coded} bytes")
    config = _config_of(stream[_HEAD + coded :].tobytes())
    if config is None or config.dims != dims:
        found = "a damaged configuration" if config is None else f"a block of shape {config.dims}"
        raise PayloadError(f"SZ3 stream holds {found}, expected a block of shape {dims}")
    expanded = int.from_bytes(head[16:24], "little")
    limit = _MOST_PER_BYTE * math.prod(dims) * dtype.itemsize + _MOST_FIXED
    frame = stream[_HEAD + 8 : _HEAD + coded].data
    if expanded > limit or content_size(frame) != expanded:
        raise PayloadError(
            f"SZ3 stream expands to {expanded} bytes and its frame to {content_size(frame)}; "
            f"a block of shape {dims} needs at most {limit}"
        )
    if config.algorithm == _LORENZO_REGRESSION:
        check_predictors(zstd.decompress(frame, expanded), config, dtype)


def _config_of(packed: bytes) -> Sz3Config | None:
    """An SZ3 configuration; None if it is damaged or not one of ours."""
    if len(packed) < 3 or packed[0] != len(packed):
        return None
    count, bits = packed[1], packed[2]
    start = 3 + (count * bits + 7) // 8
    if not (1 <= count <= 4 and 1 <= bits <= 64) or len(packed) != start + _CONFIG.size:
        return None
    joined = int.from_bytes(packed[3:start], "little")
    dims = tuple(joined >> (bits * i) & ((1 << bits) - 1) for i in range(count))
    values, algorithm, kind, bound, predictors, direction, bins, block, predicted = _CONFIG.unpack(
        packed[start:]
    )
    # A block size of 0 is a division by zero in C++, and bins set the size of its tables.
    is_sane = (
        values == math.prod(dims)
        and algorithm <= _LAST_ALGORITHM
        and kind == 0
        and 0 < bound < math.inf
        and direction < math.factorial(count)
        and 2 <= bins <= _MOST_BINS
        and 1 <= block <= _MOST_BLOCK
        and 1 <= predicted <= count
    )
    return Sz3Config(dims, algorithm, predictors, block) if is_sane else None
