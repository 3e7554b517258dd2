"""From stored numbers to the values that a user of the source sees: unpacked, fills as NaN."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from climcomp.source.model import Attributes, Packing, SourceVariable

if TYPE_CHECKING:
    from climcomp.source.source import Source


_F4, _F8 = np.dtype(np.float32), np.dtype(np.float64)


def fill_values(attributes: Attributes, dtype: np.dtype[Any]) -> tuple[Any, ...]:
    """`_FillValue` and all `missing_value` as scalars of the stored dtype, each once.

    A fill that is written in another type (1e20 as double for floats) is rounded to the stored
    type, as netCDF4, NCO and CDO do. What the type cannot hold (NaN or 1e20 for integers) can
    mark no value and is left out.
    """
    fills: dict[bytes, Any] = {}
    for name in ("_FillValue", "missing_value"):
        for value in np.ravel(attributes.get(name, ())):
            fill = _as_stored(value, dtype)
            if fill is not None:
                fills[fill.tobytes()] = fill
    return tuple(fills.values())


def _as_stored(value: Any, dtype: np.dtype[Any]) -> Any:
    if dtype.kind == "f" and isinstance(value, np.number | int | float):
        with np.errstate(over="ignore"):
            return dtype.type(value)
    if dtype.kind in "iu" and isinstance(value, np.number | int | float):
        number = int(value) if np.isfinite(value) else None
        if number is None or number != value:
            return None
        limits = np.iinfo(dtype)
        if limits.min <= number <= limits.max:
            return dtype.type(number)
        # A fill of the unsigned (or signed) twin of the type: the same bits.
        bits = 8 * dtype.itemsize
        if -(2 ** (bits - 1)) <= number < 2**bits:
            return np.array(number % 2**bits, dtype=f"u{dtype.itemsize}").view(dtype)[()]
    return None


def packing_of(attributes: Attributes, dtype: np.dtype[Any]) -> Packing | None:
    """The packing that the attributes describe; None if there is none."""
    scale, offset = (_number(attributes.get(name)) for name in ("scale_factor", "add_offset"))
    if dtype.kind not in "iuf" or (scale is None and offset is None):
        return None
    presented = _presented(attributes, dtype)
    has_fill = any(
        dtype.kind == "f" or not np.isnan(np.ravel(attributes[name]).astype("f8")).all()
        for name in ("_FillValue", "missing_value")
        if name in attributes and np.ravel(attributes[name]).dtype.kind in "iuf"
    )
    marks = any(not np.isnan(fill) for fill in fill_values(attributes, dtype))
    # xarray keeps the stored type of floats whose only fill is NaN.
    unpacked = presented if has_fill and not marks else _float_for(presented, scale, offset)
    return Packing(scale, offset, unpacked)


def _number(value: Any) -> Any:
    if value is None or isinstance(value, str):
        return None
    flat = np.ravel(value)
    if flat.size != 1 or flat.dtype.kind not in "iuf":
        return None
    return flat[0]


def _presented(attributes: Attributes, dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype after `_Unsigned`, which NetCDF-3 needs since it has no unsigned integers."""
    unsigned = attributes.get("_Unsigned")
    if dtype.kind == "i" and unsigned == "true":
        return np.dtype(f"u{dtype.itemsize}")
    if dtype.kind == "u" and unsigned == "false":
        return np.dtype(f"i{dtype.itemsize}")
    return dtype


def _float_for(dtype: np.dtype[Any], scale: Any, offset: Any) -> np.dtype[Any]:
    """The float type of unpacked values: section 8.1 of CF, and xarray where CF is silent."""
    types = {number.dtype for number in (scale, offset) if number is not None}
    if scale is not None and offset is not None and types in ({_F4}, {_F8}):
        is_wide = dtype.kind in "iu" and dtype.itemsize == 4
        return _F8 if is_wide else types.pop()
    return _F8 if offset is not None else types.pop()


def decoded_dtype(variable: SourceVariable) -> np.dtype[Any]:
    """The dtype of what `read_decoded` gives."""
    if variable.packing is not None:
        return variable.packing.unpacked
    dtype = _presented(variable.attributes, variable.dtype)
    has_marks = any(not _is_nan(fill) for fill in variable.fill_values)
    if has_marks and dtype.kind in "iu":
        return np.dtype(np.float32 if dtype.itemsize <= 2 else np.float64)
    return dtype


def _is_nan(value: Any) -> bool:
    return isinstance(value, np.floating) and bool(np.isnan(value))


def decode(variable: SourceVariable, stored: NDArray[Any]) -> NDArray[Any]:
    """Unpack stored values: the same bits that `xarray.open_dataset` gives.

    One exception, on purpose: a fill that is written in another type than the values (see
    `fill_values`) is NaN here; xarray compares in double precision and misses it.
    """
    fills = [fill for fill in variable.fill_values if not _is_nan(fill)]
    dtype = decoded_dtype(variable)
    values = stored.view(_presented(variable.attributes, variable.dtype))
    values = np.array(values, dtype=dtype, order="C")
    if fills and dtype.kind == "f":
        marked = stored == fills[0]
        for fill in fills[1:]:
            marked |= stored == fill
        values[marked] = np.nan
    packing = variable.packing
    if packing is not None:
        if packing.scale_factor is not None:
            values *= packing.scale_factor
        if packing.add_offset is not None:
            values += packing.add_offset
    return values


def read_decoded(
    source: Source, variable: str, region: tuple[slice, ...] | None = None
) -> NDArray[Any]:
    """Values of a region as a user of the source sees them.

    Returns
    -------
    (dims of the variable)
        Unpacked by the rules of CF; missing values are NaN. Text, and integers without packing
        and fills, come as stored. valid_range masks nothing.
    """
    return decode(source.variables[variable], source.read(variable, region))
