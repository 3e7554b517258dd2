"""What a recipe says of its input, output and machine: how each key is read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BeforeValidator, PlainSerializer

from climcomp_workflows.recipe.problems import listed, meant, nearest, shown
from climcomp_workflows.recipe.values import integer, number, reads, reads_if_said, refusal

_SIZES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[A-Za-z]+)")
_GROUP = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-]*(?:\.[A-Za-z0-9_\-]+)*")


def _read_files(value: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        return {"": _file_list(value)}
    if not value:
        raise refusal("names no files: write a path, a glob, a list, or 'group: files' lines")
    for group in value:
        if group != "" and not _GROUP.fullmatch(group):
            raise refusal(f"{group!r} cannot name a group: use letters, digits, - and _")
    return {group: _file_list(files) for group, files in value.items()}


def _file_list(value: object) -> tuple[str, ...]:
    files = [value] if isinstance(value, str) else value
    wanted = 'wanted a path, a glob such as "data/*.nc", a URL, or a list of them'
    if not isinstance(files, list | tuple):
        raise refusal(f"found {shown(value)}, {wanted}")
    if not files:
        raise refusal(f"found an empty list, {wanted}")
    if strange := [name for name in files if not isinstance(name, str) or not name.strip()]:
        raise refusal(f"found {listed(map(shown, strange), 'and')} among the files, {wanted}")
    return tuple(str(name).strip() for name in files)


def _read_size(smallest: int, largest: int, value: object) -> int:
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or match["unit"] not in _SIZES:
        known = listed(_SIZES)
        hint = f"; did you mean {' or '.join(near)}?" if (near := _near_size(match)) else ""
        raise refusal(
            f'found {shown(value)}, wanted a size such as "128 MiB" (units: {known}){hint}'
        )
    size = round(float(match["number"]) * _SIZES[match["unit"]])
    if not smallest <= size <= largest:
        raise refusal(f"found {value!r}, wanted {size_text(smallest)} to {size_text(largest)}")
    return size


def _near_size(match: re.Match[str] | None) -> tuple[str, ...]:
    return nearest(match["unit"], _SIZES, 2) if match else ()


def size_text(size: int) -> str:
    """Bytes as a recipe writes them: "128 MiB"."""
    for unit in ("GiB", "MiB", "KiB"):
        if size % _SIZES[unit] == 0 and size:
            return f"{size // _SIZES[unit]} {unit}"
    return f"{size} B"


def size(smallest: int, largest: int, otherwise: str | None) -> BeforeValidator:
    """The marker of a field of bytes, written with a unit, or of `otherwise` for no choice."""
    return BeforeValidator(
        lambda value: value if value == otherwise else _read_size(smallest, largest, value)
    )


def _read_workers(value: object) -> Literal["auto"] | int:
    if value == "auto":
        return "auto"
    workers = integer(value)
    if workers is None or workers < 1:
        raise refusal(f"found {shown(value)}, wanted auto or a number of processes, 1 or more")
    return workers


def _read_gpu(value: object) -> Literal["auto", "none"] | int:
    if value == "auto" or value == "none":
        return "auto" if value == "auto" else "none"
    gpus = integer(value)
    if gpus is None or gpus < 1:
        raise refusal(f"found {shown(value)}, wanted auto, none or a number of GPUs, 1 or more")
    return gpus


ENGINES = ("numpy", "xbitinfo")


@dataclass(frozen=True, slots=True)
class Information:
    """`quality: {information: 0.99}`: the share to keep, and who computes the information."""

    share: float
    engine: Literal["numpy", "xbitinfo"] = "numpy"


def _read_quality(value: object) -> object:
    words = ("climate", "bounds", "lossless", "preview")
    wanted = f"wanted {', '.join(words)} or {{information: 0.99}}"
    if isinstance(value, Information):
        return value
    if isinstance(value, dict):
        return _read_information(value, wanted)
    if value in words:
        return value
    hint = meant(value, words) if isinstance(value, str) else ""
    raise refusal(f"found {shown(value)}, {wanted}{hint}")


def _read_information(value: dict[object, object], wanted: str) -> Information:
    known = ("information", "engine")
    for key in value:
        if key not in known:
            raise refusal(f"found the key {key!r}, {wanted}{meant(str(key), known)}")
    share = value.get("information")
    found = number(share)
    if found is None or not 0 < found < 1:
        raise refusal(
            f"information: found {shown(share)}, wanted a share above 0 and below 1, such as "
            "0.99 (for all of the information write quality: lossless)"
        )
    engine = value.get("engine", "numpy")
    if engine == "xbitinfo":
        return Information(found, "xbitinfo")
    if engine != "numpy":
        raise refusal(
            f"engine: found {shown(engine)}, wanted {' or '.join(ENGINES)}"
            f"{meant(str(engine), ENGINES)}"
        )
    return Information(found)


def _write_quality(value: str | Information) -> object:
    if not isinstance(value, Information):
        return value
    written: dict[str, object] = {"information": value.share}
    return written if value.engine == "numpy" else {**written, "engine": value.engine}


def _read_chunks(value: object) -> object:
    if not isinstance(value, dict) or not value:
        raise refusal(f"found {shown(value)}, wanted dimensions and lengths, such as {{time: 12}}")
    return value


def _read_length(value: object) -> int:
    length = integer(value)
    if length is None or length < 1:
        raise refusal(f"found {shown(value)}, wanted a number of values, 1 or more")
    return length


Files = Annotated[dict[str, tuple[str, ...]], reads(_read_files)]
Workers = Annotated[Literal["auto"] | int, reads(_read_workers)]
Gpu = Annotated[Literal["auto", "none"] | int, reads(_read_gpu)]
Quality = Annotated[
    Literal["climate", "bounds", "lossless", "preview"] | Information,
    reads(_read_quality),
    PlainSerializer(_write_quality),
]
Length = Annotated[int, reads(_read_length)]
MaybeChunks = Annotated[dict[str, Length] | None, reads_if_said(_read_chunks)]
