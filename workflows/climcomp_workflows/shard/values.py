"""Values of a shard: as the source stores them, as its user reads them, and their checksum."""

from __future__ import annotations

from typing import Any

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from climcomp.source import Source, SourceVariable, decode
from climcomp_workflows.context import RunContext
from climcomp_workflows.plan.model import VariablePlan

CHECKSUM_PIECE = 1 << 18


def same_bits(a: NDArray[Any], b: NDArray[Any]) -> bool:
    """Whether two arrays are the same to the last bit: -0.0 is not 0.0, a NaN has its payload."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype.hasobject or a.dtype.kind == "T":
        return bool(np.array_equal(a, b))
    return bool(
        np.array_equal(
            np.ascontiguousarray(a).view(np.uint8).reshape(-1),
            np.ascontiguousarray(b).view(np.uint8).reshape(-1),
        )
    )


def as_read(variable: VariablePlan, context: RunContext, stored: NDArray[Any]) -> NDArray[Any]:
    """Stored values as a reader of the archive sees them: fills are NaN."""
    if variable.decoded:
        return stored
    return decoded_values(context.source(variable).variables[variable.source_name], stored)


def decoded_values(variable: SourceVariable, stored: NDArray[Any]) -> NDArray[Any]:
    """Values as the source's user sees them, without a copy where they are stored like that."""
    marks = [fill for fill in variable.fill_values if not np.isnan(fill)]
    if variable.packing is None and variable.dtype.kind == "f" and not marks:
        return stored
    return decode(variable, stored)


def source_checksum(raw: NDArray[Any]) -> int:
    """CRC-32C of C-contiguous values as the source stores them."""
    if not raw.size:
        return 0
    if raw.dtype.hasobject:
        raw = np.frombuffer("\0".join(map(str, raw.ravel())).encode(), np.uint8)
    view = raw.reshape(-1).view(np.uint8).data
    crc = 0
    for start in range(0, len(view), CHECKSUM_PIECE):  # the library takes bytes only: small copies
        crc = google_crc32c.extend(crc, bytes(view[start : start + CHECKSUM_PIECE]))
    return int(crc)


def read_original(
    variable: VariablePlan, source: Source, region: tuple[slice, ...]
) -> tuple[NDArray[Any], NDArray[Any], int]:
    """Values to store, values as the source's user reads them, and the CRC of the source's."""
    raw = np.asarray(source.read(variable.source_name, region), order="C")
    crc = source_checksum(raw)
    decoded = decoded_values(source.variables[variable.source_name], raw)
    return (decoded if variable.decoded else raw), decoded, crc
