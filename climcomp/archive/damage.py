"""Reading values through Zarr so that damaged bytes are an error that names their place."""

from __future__ import annotations

from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from climcomp import blocks
from climcomp.archive.spec import ArraySpec, shard_key
from climcomp.errors import ArchiveDamagedError, ClimcompError, PayloadError


def read_region(array: zarr.Array[Any], spec: ArraySpec, region: blocks.Region) -> NDArray[Any]:
    """Values of a region of an open array of that spec; texts come as objects.

    Raises
    ------
    ArchiveDamagedError
        If stored bytes do not decode; the object and the first such chunk are named.
    """
    try:
        return _texts_as_objects(array, region)
    except PayloadError as err:
        raise _damage(array, spec, region, err) from err
    except ClimcompError:
        raise
    # Damaged bytes make Zarr and its codecs raise whatever they met: ValueError, RuntimeError,
    # TypeError, KeyError and more; here they all mean the same.
    except Exception as err:
        raise _damage(array, spec, region, err) from err


def _texts_as_objects(array: zarr.Array[Any], region: blocks.Region) -> NDArray[Any]:
    values = np.asarray(array[region])
    # A text without dimensions comes as a Python str, which NumPy makes "U".
    return values.astype(object) if values.dtype.kind in "TU" else values


def _damage(
    array: zarr.Array[Any], spec: ArraySpec, region: blocks.Region, reason: Exception
) -> ArchiveDamagedError:
    """The error that names the first chunk of the region that does not decode."""
    where = spec.path
    for index in blocks.touched_indices(region, spec.chunk):
        part = blocks.chunk_region(index, spec.shape, spec.chunk)
        try:
            _texts_as_objects(array, part)
        except Exception as err:
            reason = err
            shard = tuple(
                at * c // w for at, c, w in zip(index, spec.chunk, spec.written, strict=True)
            )
            values = ", ".join(f"{piece.start}:{piece.stop}" for piece in part)
            where = f"{shard_key(spec, shard)}: inner chunk {index}, {spec.path}[{values}],"
            break
    return ArchiveDamagedError(
        f"{where} does not decode: {type(reason).__name__}: {reason}. These are not the bytes that "
        "were written: restore the object from a copy, or make the archive again."
    )
