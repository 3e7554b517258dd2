"""Frozen values as JSON documents and back, with NaN and infinity kept and damage named."""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from climcomp.errors import ArchiveDamagedError

T = TypeVar("T")


def to_document(value: object) -> Any:  # JSON has no narrower type than this
    """What `json.dumps(..., allow_nan=False)` takes: dicts, lists, texts, numbers, booleans, null.

    JSON has no NaN and no infinity; they are written as the texts "NaN", "Infinity", "-Infinity".
    NumPy numbers become Python's.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = (field.name for field in dataclasses.fields(value))
        return {name: to_document(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {str(key): to_document(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_document(item) for item in value]
    if value is None or isinstance(value, str | bool | int):
        return value
    if hasattr(value, "item"):
        return to_document(value.item())
    if isinstance(value, float):
        return _number_or_name(value)
    raise TypeError(f"a report holds no {type(value).__name__}: {value!r}")


def from_document(kind: type[T], document: object, where: str = "report") -> T:
    """The frozen value of class `kind` that `to_document` wrote; unknown keys are passed over.

    Raises
    ------
    ArchiveDamagedError
        If a key is missing or a value has another type than its field; the message says where.
    """
    entries = _expect(document, dict, where)
    hints = get_type_hints(kind)
    values: dict[str, object] = {}
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]  # kind is a dataclass
        if field.name in entries:
            place = f"{where}.{field.name}"
            values[field.name] = _decode(hints[field.name], entries[field.name], place)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise ArchiveDamagedError(
                f"{where} has no {field.name!r}: the report is damaged. "
                "Write it again with `climcomp report` or restore the object from a copy."
            )
    return kind(**values)


def _number(value: object) -> float | None:
    """A float from a number or the name of NaN or infinity; None where it is neither."""
    try:
        return None if value is None else float(value)  # type: ignore[arg-type]  # tried on purpose
    except (TypeError, ValueError):
        return None


def _number_or_name(value: float) -> float | str:
    if math.isfinite(value):
        return float(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _decode(kind: Any, value: object, where: str) -> object:  # kind is a type hint: no one type
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        inner = next(option for option in get_args(kind) if option is not type(None))
        return None if value is None else _decode(inner, value, where)
    if origin is Literal:
        if value not in get_args(kind):
            raise _damaged(where, " | ".join(get_args(kind)), value)
        return value
    if origin is tuple:
        items: list[object] = _expect(value, list, where)
        return tuple(_decode(get_args(kind)[0], v, f"{where}[{i}]") for i, v in enumerate(items))
    if origin in (dict, Mapping):
        entries = _expect(value, dict, where)
        return {k: _decode(get_args(kind)[1], v, f"{where}.{k}") for k, v in entries.items()}
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return from_document(kind, value, where)
    if kind is float:
        decoded = None if isinstance(value, bool) else _number(value)
        if decoded is None:
            raise _damaged(where, "number", value)
        return decoded
    if kind is int and isinstance(value, bool):
        raise _damaged(where, "int", value)
    return _expect(value, kind, where)


def _expect(value: object, kind: type[T], where: str) -> T:
    if not isinstance(value, kind):
        raise _damaged(where, kind.__name__, value)
    return value


def _damaged(where: str, wanted: str, value: object) -> ArchiveDamagedError:
    return ArchiveDamagedError(
        f"{where} is {str(value)[:60]!r}, wanted {wanted}: the report is damaged. "
        "Write it again with `climcomp report` or restore the object from a copy."
    )
