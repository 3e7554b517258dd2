"""Many files as one source along time: what must agree, what may differ, what overlaps."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.errors import SourceError
from climcomp.source.agreement import Agreement, ReadAll
from climcomp.source.axes import Scope
from climcomp.source.model import FileContent, FileIdentity, Format


@dataclass(frozen=True, slots=True)
class FilePart:
    """One file of a source, and the range of the combined dimension that it holds."""

    path: str
    format: Format
    identity: FileIdentity
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Combined:
    """What `Joining` found: the files in the order of time, and the sums over all of them.

    `time` is the name of the time coordinate and `times` its stored values, None if there is none.
    """

    parts: tuple[FilePart, ...]
    storage_bytes: dict[str, int]
    uncompared: tuple[str, ...]
    warnings: tuple[str, ...]
    time: str | None
    times: NDArray[Any] | None


@dataclass(frozen=True, slots=True)
class _Piece:
    """What is kept of one file: a million files must not keep a million headers."""

    path: str
    format: Format
    identity: FileIdentity
    length: int
    times: NDArray[Any] | None


def time_dimension(content: FileContent) -> str | None:
    """The time axis of a file, else its only unlimited dimension; None if it has neither."""
    scope = Scope.of("", content.variables)
    times = [dim for dim in content.dimensions[""] if scope.is_time(dim)]
    unlimited = content.unlimited[""]
    if len(times) > 1:
        times = [dim for dim in times if dim in unlimited] or times
        times = [dim for dim in times if scope.times.get(dim, ("9", ""))[0] == "0"] or times
    if times:
        return times[0]
    return unlimited[0] if len(unlimited) == 1 else None


def find_time_dimension(first: FileContent, second: FileContent) -> str:
    """The dimension along which files are combined: the time axis, else the unlimited one.

    Raises
    ------
    SourceError
        If there is none; it lists the dimensions from which a person can choose.
    """
    found = time_dimension(first)
    if found is not None:
        return found
    scope = Scope.of("", first.variables)
    dims = first.dimensions[""]
    scalar = any(
        axis == "time" and not scope.visible[name].dims for name, axis in scope.axes.items()
    )
    hint = (
        " Its time is a single number without a dimension: give the files a time dimension first, "
        "for example with `ncecat -u time` or xarray's expand_dims."
        if scalar
        else " Name one with combine."
    )
    raise SourceError(
        f"{first.path} and {second.path} cannot be combined: no dimension is a time axis "
        f"(there are {', '.join(dims) or 'none'}).{hint}"
    )


class Joining:
    """Files of the same variables, joined along one dimension; it lives while they are opened.

    Raises
    ------
    SourceError
        From `add` and `result`: if two files disagree in types, units, calendar, packing, grid or
        static values, or overlap in time; it names what, and both files.
    """

    def __init__(self, first: FileContent, dim: str, read_all: ReadAll) -> None:
        """`read_all` reads a whole variable of a file: time, and small variables without it."""
        self.dim = dim
        self._check = Agreement(first, dim, read_all)
        self._check.count(first)
        self._pieces = [_piece(first, self._check)]

    def add(self, content: FileContent) -> None:
        """Take in one more file, compared with the first."""
        self._check.compare(content)
        self._check.count(content)
        self._pieces.append(_piece(content, self._check))

    def result(self) -> Combined:
        """The files in the order of time."""
        pieces, warnings = _ordered(self._pieces, self._check)
        parts, start = [], 0
        for piece in pieces:
            parts.append(
                FilePart(piece.path, piece.format, piece.identity, start, start + piece.length)
            )
            start += piece.length
        pieces_of_time = [piece.times for piece in pieces if piece.times is not None]
        return Combined(
            tuple(parts),
            self._check.storage,
            tuple(self._check.uncompared),
            self._check.warnings() + warnings,
            self._check.time,
            np.concatenate(pieces_of_time) if pieces_of_time else None,
        )


def _piece(content: FileContent, check: Agreement) -> _Piece:
    length = content.dimensions[""][check.dim]
    for group, dims in content.dimensions.items():
        if dims.get(check.dim, length) != length:
            raise SourceError(
                f"{content.path}: {check.dim!r} has length {dims[check.dim]} in the group "
                f"{group!r} and {length} in the root: files can be combined along it only if they "
                "are equal. Open one group at a time."
            )
    return _Piece(content.path, content.format, content.identity, length, check.times(content))


def _ordered(pieces: list[_Piece], check: Agreement) -> tuple[list[_Piece], tuple[str, ...]]:
    """The pieces in the order of their times; no two may overlap."""
    warnings = tuple(
        f"{piece.path} holds no step of {check.dim!r}" for piece in pieces if piece.length == 0
    )
    if check.time is None:
        return pieces, (
            *warnings,
            f"{check.dim!r} has no coordinate: the files are in the order of their names, and "
            "gaps and overlaps cannot be seen",
        )
    filled = [piece for piece in pieces if piece.length]
    empty = [piece for piece in pieces if not piece.length]
    filled.sort(key=lambda piece: _span(piece)[0])
    for before, after in itertools.pairwise(filled):
        end, begin = _span(before)[1], _span(after)[0]
        if begin <= end:
            raise SourceError(
                f"the files overlap in {check.time!r}: {before.path} ends at {end} and "
                f"{after.path} begins at {begin}"
                f"{_units(check)}. Leave one out, or cut one (cdo seldate, ncks -d)."
            )
    return filled + empty, warnings


def _span(piece: _Piece) -> tuple[Any, Any]:
    assert piece.times is not None
    if piece.times.dtype.kind == "S":
        texts = [text.decode("ascii", "replace") for text in piece.times.tolist()]
        return min(texts), max(texts)
    return piece.times.min(), piece.times.max()


def _units(check: Agreement) -> str:
    units = check.first.variables[check.time or ""].attributes.get("units")
    return f" ({units})" if units else ""
