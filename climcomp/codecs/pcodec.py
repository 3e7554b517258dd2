"""pcodec's standalone format with a fixed number of numbers: no stream can write beyond them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.base import load_library
from climcomp.errors import PayloadError


def pack_numbers(numbers: NDArray[Any], is_noise: bool = False) -> bytes:
    """A pcodec stream of 1-D numbers (float32, float64, uint32 or uint64).

    Parameters
    ----------
    is_noise
        Neighbours tell nothing about each other, so differences need not be tried.
    """
    pcodec = load_library("pcodec", "pcodec")
    standalone = load_library("pcodec.standalone", "pcodec")
    delta = pcodec.DeltaSpec.no_op() if is_noise else pcodec.DeltaSpec.auto()
    packed: bytes = standalone.simple_compress(numbers, pcodec.ChunkConfig(delta_spec=delta))
    return packed


def unpack_numbers(stream: memoryview, count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """The `count` numbers of a pcodec stream.

    Raises
    ------
    PayloadError
        If the stream is damaged, of another type, or holds another number of numbers.
    """
    standalone = load_library("pcodec.standalone", "pcodec")
    numbers = np.empty(count, dtype)
    try:
        progress = standalone.simple_decompress_into(bytes(stream), numbers)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as err:  # a Rust panic arrives as a BaseException
        raise PayloadError(f"pcodec cannot decode {count} {dtype} numbers: {err}") from err
    if progress.n_processed != count or not progress.finished:
        raise PayloadError(f"pcodec stream holds {progress.n_processed} of {count} numbers")
    return numbers
