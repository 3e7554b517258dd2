"""Zstandard with a fixed decompressed size: a stream cannot ask for more memory than it may."""

from __future__ import annotations

from climcomp.codecs.base import load_library
from climcomp.errors import PayloadError

_MAGIC = b"\x28\xb5\x2f\xfd"


def compress(data: bytes | memoryview, level: int) -> bytes:
    """One zstd frame that names its content size."""
    result: bytes = load_library("numcodecs.zstd", "numcodecs").compress(data, level)
    return result


def content_size(frame: bytes | memoryview) -> int | None:
    """The decompressed size that a zstd frame names (RFC 8878, 3.1.1.1); None if it names none."""
    head = bytes(frame[:18])
    if len(head) < 6 or head[:4] != _MAGIC:
        return None
    descriptor = head[4]
    is_single_segment = bool(descriptor & 0x20)
    width = (1 if is_single_segment else 0, 2, 4, 8)[descriptor >> 6]
    start = 5 + (0 if is_single_segment else 1) + (0, 1, 2, 4)[descriptor & 3]
    if width == 0 or len(head) < start + width:
        return None
    size = int.from_bytes(head[start : start + width], "little")
    return size + 256 if width == 2 else size


def decompress(data: bytes | memoryview, size: int) -> bytearray:
    """The `size` bytes of a zstd frame.

    Raises
    ------
    PayloadError
        If the frame is damaged or holds another number of bytes. No more than `size` bytes are
        ever written.
    """
    found = content_size(data)
    if found != size:
        raise PayloadError(f"a zstd frame holds {found} bytes, expected {size}: damaged payload")
    content = bytearray(size)
    try:
        load_library("numcodecs.zstd", "numcodecs").decompress(data, content)
    except (RuntimeError, ValueError) as err:
        raise PayloadError(f"a zstd frame of {size} bytes cannot be decompressed: {err}") from err
    return content
