"""How long a NetCDF-3 file must be: the library reads what is missing at its end as zeros."""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

from climcomp.errors import SourceError

_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 6: 8, 7: 1, 8: 2, 9: 4, 10: 8, 11: 8}
_DIMENSION, _VARIABLE, _ATTRIBUTE = 10, 11, 12


def check_length(path: str) -> None:
    """Compare the length of a file with what its header promises.

    The layout is that of the "File Format Specifications" in the NetCDF Users' Guide: classic
    (CDF-1), 64-bit offset (CDF-2) and 64-bit data (CDF-5).

    Raises
    ------
    SourceError
        If the file is shorter than its header says, or ends within the header.
    """
    have = os.path.getsize(path)
    try:
        with open(path, "rb") as file:
            need = _Header(file).data_end()
    except (struct.error, LookupError, OverflowError, OSError) as err:
        raise SourceError(
            f"{path}: the NetCDF-3 header is cut off or damaged: the file has {have} bytes. "
            "Copy or download it again, or leave it out."
        ) from err
    if have < need:
        raise SourceError(
            f"{path}: the file is truncated: it has {have} bytes, its NetCDF-3 header promises "
            f"{need}. Copy or download it again, or leave it out."
        )


class _Header:
    """The few numbers of a header that say where the values end."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.version = self._read(4)[3]
        self.records = self._count()
        self.dims = [self._dimension() for _ in range(self._list(_DIMENSION))]
        self._skip_attributes()

    def _read(self, size: int) -> bytes:
        data = self.file.read(size)
        if len(data) != size:
            raise struct.error("the file ends within the header")
        return data

    def _integer(self) -> int:
        return int(struct.unpack(">I", self._read(4))[0])

    def _long(self) -> int:
        return int(struct.unpack(">Q", self._read(8))[0])

    def _count(self) -> int:
        return self._long() if self.version == 5 else self._integer()

    def _offset(self) -> int:
        return self._integer() if self.version == 1 else self._long()

    def _list(self, wanted: int) -> int:
        tag, count = self._integer(), self._count()
        if tag not in (0, wanted) or (tag == 0 and count):
            raise struct.error(f"found the tag {tag}, wanted {wanted}")
        return count

    def _skip(self, size: int) -> None:
        self.file.seek(-(-size // 4) * 4, os.SEEK_CUR)

    def _name(self) -> None:
        self._skip(self._count())

    def _dimension(self) -> int:
        self._name()
        return self._count()

    def _skip_attributes(self) -> None:
        for _ in range(self._list(_ATTRIBUTE)):
            self._name()
            size = _TYPE_BYTES[self._integer()]
            self._skip(size * self._count())

    def data_end(self) -> int:
        """One past the last byte that holds a value."""
        ends = [self.file.tell()]
        records = []
        for _ in range(self._list(_VARIABLE)):
            self._name()
            lengths = [self.dims[self._count()] for _ in range(self._count())]
            self._skip_attributes()
            size = _TYPE_BYTES[self._integer()]
            self._count()  # vsize: it overflows for large variables, so the shape decides
            begin = self._offset()
            if lengths and lengths[0] == 0:
                records.append((begin, size * _product(lengths[1:])))
            else:
                ends.append(begin + size * _product(lengths))
        ends.append(self.file.tell())
        # A single record variable is stored without padding between its records.
        padded = [size if len(records) == 1 else -(-size // 4) * 4 for _, size in records]
        streaming = 2**64 - 1 if self.version == 5 else 2**32 - 1
        if records and self.records not in (0, streaming):
            stride = sum(padded)
            ends += [begin + (self.records - 1) * stride + size for begin, size in records]
        return max(ends)


def _product(lengths: list[int]) -> int:
    product = 1
    for length in lengths:
        product *= length
    return product
