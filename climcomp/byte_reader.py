"""Read the parts of a payload one after another, never beyond its end."""

from __future__ import annotations

import struct
from typing import Any

from climcomp.errors import PayloadError

_LONGEST_VARINT = 10  # bytes of 64 bits


def varint(number: int) -> bytes:
    """A whole number from 0 as LEB128: 7 bits a byte, lowest first.

    Examples
    --------
    >>> varint(300).hex()
    'ac02'
    """
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def text_bytes(text: str) -> bytes:
    """A text as `ByteReader.text` reads it: a byte n, then n bytes of ASCII, 255 at most."""
    raw = text.encode("ascii", "replace")[:255]
    return bytes([len(raw)]) + raw


class ByteReader:
    """A position in bytes; it lives as long as one decoding. Errors name the `place`."""

    def __init__(self, data: memoryview, place: str) -> None:
        self._data = data
        self._place = place
        self._at = 0

    def take(self, length: int) -> memoryview:
        """The next `length` bytes; PayloadError where there are fewer."""
        left = len(self._data) - self._at
        if length > left:
            raise PayloadError(f"{self._place}: {length} bytes expected, {left} left: truncated")
        self._at += length
        return self._data[self._at - length : self._at]

    def peek(self, length: int) -> memoryview:
        """The next `length` bytes, or as many as are left, without moving on."""
        return self._data[self._at : self._at + length]

    def byte(self) -> int:
        """The next byte."""
        return self.take(1)[0]

    def varint(self) -> int:
        """The next LEB128 number, below 2**64."""
        number = 0
        for position in range(_LONGEST_VARINT):
            part = self.byte()
            number |= (part & 0x7F) << (7 * position)
            if part < 0x80:
                break
        else:
            raise PayloadError(f"{self._place}: a number of more than {_LONGEST_VARINT} bytes")
        if number >> 64:
            raise PayloadError(f"{self._place}: a number above 2**64")
        return number

    def unpack(self, layout: str) -> Any:
        """The next number in `struct`'s layout; its type is the layout's."""
        return struct.unpack(layout, self.take(struct.calcsize(layout)))[0]

    def text(self) -> str:
        """A byte n, then n bytes of printable ASCII."""
        raw = bytes(self.take(self.byte()))
        if not all(0x20 <= part < 0x7F for part in raw):
            raise PayloadError(f"{self._place}: a name with unprintable bytes: {raw[:20]!r}")
        return raw.decode("ascii")

    def finish(self) -> None:
        """PayloadError where bytes are left over."""
        left = len(self._data) - self._at
        if left:
            raise PayloadError(f"{self._place}: {left} bytes more than expected")

    def rest(self) -> memoryview:
        """Everything that is left."""
        return self.take(len(self._data) - self._at)
