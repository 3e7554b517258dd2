"""Illustrations as bytes: an npz file without pickled objects, the same for the same illustration.

`head` is a JSON text of all that is no array; every array stands under its path, such as
"maps/noise". Pictures are kept as float16 about an offset: 0.05 % of the distance from it, which
is finer than the colours they are drawn in.
"""

from __future__ import annotations

import dataclasses
import io
import json
import types
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from climcomp.errors import ArchiveDamagedError, ArchiveError
from climcomp_metrics.report.document import from_document, to_document
from climcomp_metrics.report.figures.illustration import Illustration

VERSION = 1

_HALF_LARGEST = 32768.0


@dataclasses.dataclass(frozen=True, slots=True)
class _Packing:
    """value = offset + scale * half."""

    offset: float
    scale: float


def to_bytes(illustration: Illustration) -> bytes:
    """The illustration as an npz file."""
    arrays: dict[str, NDArray[Any]] = {}  # Any: float32 and float64 beside each other
    head = {"illustration": VERSION, "value": _take_apart(illustration, "", arrays)}
    text = json.dumps(head, allow_nan=False, sort_keys=True).encode()
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, head=np.frombuffer(text, np.uint8), **arrays)
    return buffer.getvalue()


def from_bytes(stored: bytes) -> Illustration:
    """The illustration that `to_bytes` gave; pictures as exact as it keeps them.

    Raises
    ------
    ArchiveError
        If it was written by a later climcomp.
    ArchiveDamagedError
        If the bytes are damaged, or are something else.
    """
    try:
        with np.load(io.BytesIO(stored), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        head = json.loads(arrays.pop("head").tobytes())
        version, value = head["illustration"], head["value"]
    except (ValueError, OSError, EOFError, KeyError, TypeError, NotImplementedError,
            zipfile.BadZipFile, zlib.error) as error:  # fmt: skip
        raise _damaged(str(error)) from error
    if version != VERSION:
        raise ArchiveError(
            f"the stored illustration is of version {version!r}, this climcomp reads {VERSION}. "
            "Install the climcomp that wrote it, or a later one."
        )
    illustration = _put_together(Illustration, value, "", arrays)
    assert isinstance(illustration, Illustration)
    return illustration


def _take_apart(value: object, path: str, arrays: dict[str, NDArray[Any]]) -> object:
    """The JSON of a frozen value; its arrays go into `arrays`."""
    if isinstance(value, np.ndarray):
        name = path.strip("/")
        packing = None
        if value.ndim == 2:
            arrays[name], packing = _pack(value)
        else:
            arrays[name] = value
        return {"array": None if packing is None else to_document(packing)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = (entry.name for entry in dataclasses.fields(value))
        return {name: _take_apart(getattr(value, name), f"{path}/{name}", arrays) for name in names}
    return to_document(value)


def _put_together(
    kind: Any,
    value: object,
    path: str,
    arrays: Mapping[str, NDArray[Any]],  # Any: a type hint
) -> object:
    place = path.strip("/") or "illustration"
    if get_origin(kind) in (Union, types.UnionType):
        inner = next(option for option in get_args(kind) if option is not type(None))
        return None if value is None else _put_together(inner, value, path, arrays)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        if not isinstance(value, dict) or hints.keys() - value.keys():
            raise _damaged(f"{place} is incomplete")
        return kind(
            **{name: _put_together(h, value[name], f"{path}/{name}", arrays)
               for name, h in hints.items()}
        )  # fmt: skip
    if get_origin(kind) is np.ndarray:
        return _array(kind, value, place, arrays)
    if get_origin(kind) is Literal:
        if value not in get_args(kind):
            raise _damaged(f"{place} is {value!r}")
        return value
    if get_origin(kind) is not None:
        if not isinstance(value, dict):
            raise _damaged(f"{place} is {value!r}")
        return {str(key): str(text) for key, text in value.items()}
    return _plain(kind, value, place)


def _plain(kind: type, value: object, place: str) -> object:
    """A number or a text of the type that its field has."""
    if kind is float and isinstance(value, str) and value in ("NaN", "Infinity", "-Infinity"):
        return float(value)
    good = (int, float) if kind is float else (kind,)
    if isinstance(value, bool) or not isinstance(value, good):
        raise _damaged(f"{place} is {value!r}, not {kind.__name__}")
    return kind(value)


def _array(
    kind: Any, value: object, place: str, arrays: Mapping[str, NDArray[Any]]
) -> NDArray[Any]:
    """The array of a field, unpacked, in the type that the field has."""
    if place not in arrays or not isinstance(value, dict) or "array" not in value:
        raise _damaged(f"{place} is missing")
    stored = arrays[place]
    if stored.dtype.kind != "f":
        raise _damaged(f"{place} holds no floats")
    wanted = get_args(get_args(kind)[1])[0]
    dtype = np.dtype(wanted)
    if value["array"] is None:
        return stored.astype(dtype)
    packing = from_document(_Packing, value["array"], place)
    return (packing.offset + packing.scale * stored.astype(np.float64)).astype(dtype)


def _pack(picture: NDArray[np.floating]) -> tuple[NDArray[np.float16], _Packing]:
    """The picture in 16 bits. Values that stand far from zero are kept about their middle; others
    about zero, so that small ones keep as many digits as large ones."""
    finite = picture[np.isfinite(picture)].astype(np.float64)
    if finite.size == 0:
        return picture.astype(np.float16), _Packing(0.0, 1.0)
    least, most = float(finite.min()), float(finite.max())
    size = max(abs(least), abs(most))
    offset = 0.5 * (least + most) if most - least < 0.5 * size else 0.0
    scale = max(abs(least - offset), abs(most - offset)) / _HALF_LARGEST or 1.0
    return ((picture.astype(np.float64) - offset) / scale).astype(np.float16), _Packing(
        offset, scale
    )


def _damaged(what: str) -> ArchiveDamagedError:
    return ArchiveDamagedError(
        f"a stored illustration is damaged: {what}. Write the figures' data again with "
        "`climcomp report`, or restore the object from a copy."
    )
