"""Attributes as JSON carries them, so that xarray reads the source's own values back.

JSON knows neither float32 nor int16 nor bytes: the types go beside the values, for whoever writes
NetCDF again.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from climcomp.errors import UsageError

# Any: an attribute is a number, a text, bytes or an array of one of them, as the file has it.
Attributes = Mapping[str, Any]

FILL_VALUE = "_FillValue"


@dataclass(frozen=True, slots=True)
class CodedAttributes:
    """Attributes as the archive stores them; each part goes into JSON as it is.

    Parameters
    ----------
    values
        What every reader sees, numerically equal to the file's. NaN and the infinities are floats,
        to be written as Python's JSON (and so Zarr) writes them; `_FillValue` is coded as xarray's
        reader wants it.
    types
        NumPy type of each attribute that is not a text: "float32" for one value, "float32[]" for
        an array, "bytes" and "bytes[]" for byte strings.
    hidden
        What no reader may see: the `_FillValue` of characters and texts, with which xarray cannot
        open a Zarr array (2026.9). It masks nothing there but variables of single characters.
    """

    values: dict[str, Any]
    types: dict[str, str] = field(default_factory=dict)
    hidden: dict[str, Any] = field(default_factory=dict)


def encode_attributes(
    attributes: Attributes, dtype: np.dtype[Any] | None = None
) -> CodedAttributes:
    """Attributes of a variable of that type, or of a group (None), as the archive stores them.

    Raises
    ------
    UsageError
        If a value is of a type that no NetCDF attribute has.
    """
    coded = CodedAttributes({})
    for name, value in attributes.items():
        plain, kind = _encode_value(name, value)
        if kind:
            coded.types[name] = kind
        if name == FILL_VALUE and dtype is not None:
            if dtype.kind in "SUTO" or marks_nothing(value, dtype):
                coded.hidden[name] = plain
                continue
            plain = encode_fill_value(value, dtype)
        coded.values[name] = plain
    return coded


def decode_attributes(coded: CodedAttributes, dtype: np.dtype[Any] | None = None) -> dict[str, Any]:
    """Attributes as they were in the file, types included."""
    result = {}
    for name, value in {**coded.values, **coded.hidden}.items():
        if name == FILL_VALUE and dtype is not None and name in coded.values:
            value = decode_fill_value(value, dtype)
        result[name] = _decode_value(value, coded.types.get(name, ""))
    return result


def marks_nothing(value: Any, dtype: np.dtype[Any]) -> bool:
    """Whether a fill is none of the integers that it stands beside: NaN, 1e20, 0.5.

    Files have such fills (ERA-Interim's packed NaN); no stored value equals one.
    """
    if dtype.kind not in "iub":
        return False
    numbers = np.asarray(value).reshape(-1)
    bits = 8 * dtype.itemsize
    return numbers.dtype.kind in "iuf" and not all(
        float(number).is_integer() and -(2 ** (bits - 1)) <= number < 2**bits for number in numbers
    )


def encode_fill_value(value: Any, dtype: np.dtype[Any]) -> Any:
    """`_FillValue` of numbers as xarray 2024.10 and later writes it for Zarr v3.

    Raises
    ------
    UsageError
        If it is no value of the variable's type.
    """
    try:
        one = np.asarray(value).reshape(-1)[0]
        if dtype.kind == "f":
            return base64.standard_b64encode(struct.pack("<d", float(one))).decode()
        return bool(one) if dtype.kind == "b" else int(one)
    except (IndexError, ValueError, OverflowError, TypeError) as err:
        raise UsageError(f"{FILL_VALUE} is {value!r}; wanted one value of type {dtype}") from err


def decode_fill_value(value: Any, dtype: np.dtype[Any]) -> Any:
    """The other way round: a Python number."""
    if dtype.kind == "f":
        return struct.unpack("<d", base64.standard_b64decode(value))[0]
    return value


def _encode_value(name: str, value: Any) -> tuple[Any, str]:
    """One attribute as JSON, and its type where JSON cannot tell it."""
    if isinstance(value, str | None):
        return value if value is None else str(value), ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape"), "bytes"
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return [str(item) for item in value], ""
    array = np.asarray(value)
    scalar = array.ndim == 0 and not isinstance(value, np.ndarray)
    mark = "" if scalar else "[]"
    if array.dtype.kind in "biuf":
        return array.tolist(), array.dtype.name + mark
    if array.dtype.kind in "UT" or (
        array.dtype.kind == "O" and all(isinstance(item, str) for item in array.reshape(-1))
    ):
        return array.astype(object).tolist(), ""
    if array.dtype.kind == "S":
        texts = [item.decode("utf-8", "surrogateescape") for item in array.reshape(-1).tolist()]
        return texts[0] if array.ndim == 0 else texts, "bytes" + mark
    raise UsageError(
        f"attribute {name!r} is of type {type(value).__name__} ({array.dtype}); "
        "wanted numbers, texts or bytes, which is what NetCDF attributes are"
    )


def _decode_value(value: Any, kind: str) -> Any:
    if not kind:
        return value
    name = kind.removesuffix("[]")
    if name == "bytes":
        if isinstance(value, list):
            return np.array([_as_bytes(item) for item in value])
        return _as_bytes(value)
    array = np.asarray(value, dtype=name)
    return array if kind.endswith("[]") else array[()]


def _as_bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")
