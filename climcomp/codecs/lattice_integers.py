"""Floats that a formula gives from whole numbers, stored as these numbers.

Stream
------
All numbers are little-endian; a varint is LEB128.

    u8      form of the formula (climcomp.codecs.lattice_formula): 0 divided, 1 double, 2 own
    u8      a, 0 to 3: differences of the whole numbers were taken along the last a axes
    u8      4 or 8: bytes of an unsigned whole number
    varint  n, a divisor of the number of values: the values in C order are n parts of one length,
            each with a formula of its own (GRIB packs every field by itself)
    n times f8 step, f8 offset, i8 least number of the part
    varint  length of the corrections; 0: there are none
    ...     corrections: pcodec's standalone format of one unsigned integer a value: the value's
            bits less those of the formula, both as integers that sort as the floats do, modulo
            2**32 or 2**64, folded (0, -1, 1, -2 ... becomes 0, 1, 2, 3 ...)
    ...     to the end: pcodec's standalone format of the whole numbers less the least of their
            part, differenced modulo 2**32 or 2**64 and, if a is not 0, folded

Whatever the formula misses is corrected, so any block comes back bit for bit; the encoder decodes
its formula on every value to know what to correct.
"""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.byte_reader import ByteReader, varint
from climcomp.codecs.base import value_count
from climcomp.codecs.differences import (
    floats_of,
    folded,
    ordered_bits,
    pack_differences,
    sums,
    unfolded,
    useful_axes,
)
from climcomp.codecs.lattice_formula import FORMS, Formula, find_formula
from climcomp.codecs.pcodec import pack_numbers, unpack_numbers
from climcomp.codecs.sample import sample_box
from climcomp.errors import PayloadError

# Our own: fewer values tell no lattice, and no field is told from its neighbour by fewer.
_FEWEST = 256
_FEWEST_OF_FIELD = 1024
# Corrections of more values than this would cost what the numbers save.
_MOST_MISSED = 0.9
_CLOSE = 1.2  # a way that makes a sample this much larger may still make the block smaller
_PART = "<ddq"


def encode_integers(values: NDArray[np.floating]) -> bytes | None:
    """The stream of a block, or None where no formula is found for its values."""
    if values.size < _FEWEST:
        return None
    formulas = _formulas(np.ascontiguousarray(values).reshape(-1), values.shape)
    if not formulas:
        return None
    parts = np.ascontiguousarray(values).reshape(len(formulas), -1)
    numbers = np.empty(parts.shape, np.int64)
    corrections = np.empty(parts.shape, f"u{values.itemsize}")
    head = []
    for part, (formula, some) in enumerate(zip(formulas, parts, strict=True)):
        found = formula.numbers(some)
        again = formula.values(found, values.dtype)
        corrections[part] = ordered_bits(some) - ordered_bits(again)
        least = int(found.min())
        numbers[part] = found - least
        head.append(struct.pack(_PART, formula.step, formula.offset, least))
    if np.count_nonzero(corrections) > _MOST_MISSED * values.size:
        return None
    width = 4 if int(numbers.max()) < 1 << 32 else 8
    counted = numbers.astype(f"u{width}").reshape(values.shape)
    corrected = b""
    if corrections.any():
        corrected = pack_numbers(folded(corrections).reshape(-1), is_noise=True)
    axes, packed = _smallest(counted)
    return b"".join(
        [
            bytes([FORMS.index(formulas[0].form), axes, width]),
            varint(len(formulas)),
            *head,
            varint(len(corrected)),
            corrected,
            packed,
        ]
    )


def decode_integers(
    stream: memoryview, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """The values of a stream.

    Raises
    ------
    PayloadError
        If it is not one of a block of this shape and type.
    """
    reader = ByteReader(stream, "lattice section")
    form, axes, width, parts = reader.byte(), reader.byte(), reader.byte(), reader.varint()
    count = value_count(shape)
    if form >= len(FORMS) or axes > min(3, len(shape)) or width not in (4, 8):
        raise PayloadError(
            f"lattice section: form {form}, differences along {axes} axes and numbers of {width} "
            f"bytes do not describe a block of shape {shape}: a newer climcomp made it?"
        )
    if not 1 <= parts <= count or count % parts:
        raise PayloadError(f"lattice section: {parts} parts of {count} values")
    described = [struct.unpack(_PART, reader.take(struct.calcsize(_PART))) for _ in range(parts)]
    corrected = reader.take(reader.varint())
    numbers = unpack_numbers(reader.rest(), count, np.dtype(f"u{width}")).reshape(shape)
    if axes:
        numbers = sums(unfolded(numbers), axes)
    values = np.empty((parts, count // parts), dtype)
    for part, (step, offset, least) in enumerate(described):
        counted = numbers.reshape(values.shape)[part].astype(np.uint64).view(np.int64)
        values[part] = Formula(FORMS[form], step, offset).values(counted + least, dtype)
    if len(corrected):
        word = np.dtype(f"u{dtype.itemsize}")
        more = unfolded(unpack_numbers(corrected, count, word)).reshape(values.shape)
        values = floats_of(ordered_bits(values) + more, dtype)
    return values.reshape(shape)


def _formulas(values: NDArray[Any], shape: tuple[int, ...]) -> list[Formula]:
    """One formula for all values, or one for each field of the block; none where there is none."""
    formula = find_formula(values)
    if formula is not None:
        return [formula]
    fields = math.prod(shape[: -1 if len(shape) == 2 else -2])
    if fields < 2 or values.size // fields < _FEWEST_OF_FIELD:
        return []
    found: list[Formula] = []
    for field in values.reshape(fields, -1):
        formula = find_formula(field)
        if formula is None or (found and formula.form != found[0].form):
            return []
        found.append(formula)
    return found


def _smallest(numbers: NDArray[Any]) -> tuple[int, bytes]:
    """Along how many of the last axes differences are taken, and the stream.

    A sample of the block says which ways are worth trying.
    """
    sample = sample_box(numbers)
    sizes = {axes: len(_pack(sample, axes)) for axes in (0, *useful_axes(numbers.shape))}
    least = min(sizes.values())
    packed = {axes: _pack(numbers, axes) for axes in sizes if sizes[axes] <= _CLOSE * least}
    best = min(packed, key=lambda axes: len(packed[axes]))
    return best, packed[best]


def _pack(numbers: NDArray[Any], axes: int) -> bytes:
    return pack_differences(numbers, axes) if axes else pack_numbers(numbers.reshape(-1))
