"""Open files as a source: describe each, join them, and give every variable its roles."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from climcomp.errors import SourceError, UsageError
from climcomp.source.agreement import ReadAll
from climcomp.source.calendar import time_warnings
from climcomp.source.combine import (
    Combined,
    FilePart,
    Joining,
    find_time_dimension,
    time_dimension,
)
from climcomp.source.files import find_files, sniff_format
from climcomp.source.groups import within_group
from climcomp.source.merge import merge
from climcomp.source.model import Engine, FileContent, SourceSpec, SourceVariable
from climcomp.source.netcdf import describe_netcdf
from climcomp.source.packing import fill_values, packing_of
from climcomp.source.roles import find_roles
from climcomp.source.source import Source, format_of, read_file
from climcomp.source.zarr_store import describe_zarr

_LISTED = 5


def open_source(
    files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | SourceSpec,
    *,
    engine: Engine | None = None,
    group: str | None = None,
    combine: str | None = None,
) -> Source:
    """Open NetCDF files or Zarr stores; values are read later, apart from small coordinates.

    Parameters
    ----------
    files
        A file, the folder of a Zarr store, a pattern, a list of these, or the spec of a source
        that was opened before. Several files are joined along time.
    engine
        `netcdf4`, `h5netcdf` or `zarr`: refuse what it cannot read. None decides for each file.
    group
        Open this group as if it were the root, with the dimensions that it inherits.
    combine
        Join several files along this dimension; None finds the time axis.

    Raises
    ------
    SourceError
        If nothing matches, a file is not readable, or the files do not fit together.

    Examples
    --------
    >>> source = open_source("era5/t2m_*.nc")                             # doctest: +SKIP
    >>> source.read("t2m", (slice(0, 24),))                               # doctest: +SKIP
    """
    if isinstance(files, SourceSpec):
        return _open(files.files, files.engine, files.group, files.combine)
    if engine is not None and engine not in get_args(Engine):
        raise UsageError(f"unknown engine {engine!r}; known: {', '.join(get_args(Engine))}")
    return _open(find_files(files), engine, group.strip("/") if group else None, combine)


def _open(
    paths: tuple[str, ...], engine: Engine | None, group: str | None, dim: str | None
) -> Source:
    contents = _described(paths, engine, group)
    if len(paths) == 1:
        first = next(contents)
        part = FilePart(first.path, first.format, first.identity, 0, 0)
        return _assemble(first, SourceSpec(paths, engine, group, None), (part,), None)
    kinds: dict[frozenset[str], _Kind] = {}
    read_all = _reader(engine, group)
    for content in contents:
        kind = kinds.get(frozenset(content.variables))
        if kind is None:
            kinds[frozenset(content.variables)] = _Kind(content)
        else:
            kind.add(content, dim, read_all)
    return _side_by_side(list(kinds.values()), engine, group, dim, read_all)


@dataclass
class _Kind:
    """Files of the same variables; it lives while they are opened."""

    first: FileContent
    joining: Joining | None = None

    def add(self, content: FileContent, dim: str | None, read_all: ReadAll) -> None:
        if self.joining is None:
            dim = dim or find_time_dimension(self.first, content)
            self.joining = Joining(self.first, dim, read_all)
        self.joining.add(content)


def _side_by_side(
    kinds: list[_Kind], engine: Engine | None, group: str | None, dim: str | None, read_all: ReadAll
) -> Source:
    """One source of files that hold other variables: each kind joined, then all together."""
    first = kinds[0].first
    found = {kind.joining.dim for kind in kinds if kind.joining is not None}
    if dim is None and not found:
        alone = [time_dimension(kind.first) for kind in kinds]
        found = {name for name in alone if name is not None}
        if not found:
            find_time_dimension(first, kinds[1].first)  # says why there is none
    if len(found) > 1:
        raise SourceError(
            f"the files do not fit together: some have the time axis {min(found)!r}, others "
            f"{max(found)!r}. Make a group of each kind (input.files: {{a: ..., b: ...}})."
        )
    dim = dim or min(found)
    sources = []
    for kind in kinds:
        if kind.joining is None and dim in kind.first.dimensions[""]:
            kind.joining = Joining(kind.first, dim, read_all)
        joined = None if kind.joining is None else kind.joining.result()
        only = FilePart(kind.first.path, kind.first.format, kind.first.identity, 0, 0)
        parts = (only,) if joined is None else joined.parts
        spec = SourceSpec(tuple(part.path for part in parts), engine, group, dim)
        sources.append(_assemble(kind.first, spec, parts, joined))
    if len(sources) == 1:
        return sources[0]
    return merge(sources, [kind.first for kind in kinds])


def _describe(path: str, engine: Engine | None) -> FileContent:
    format = format_of(engine, sniff_format(path), path)
    return describe_zarr(path) if format == "zarr" else describe_netcdf(path, format)


def _described(
    paths: tuple[str, ...], engine: Engine | None, group: str | None
) -> Iterator[FileContent]:
    """Describe file after file; the first that fails stops it, after all others were tried."""
    for index, path in enumerate(paths):
        try:
            content = _describe(path, engine)
        except SourceError as err:
            if len(paths) == 1:
                raise
            raise _unreadable(err, paths, index, engine) from err
        yield within_group(content, group)


def _unreadable(
    first: SourceError, paths: tuple[str, ...], index: int, engine: Engine | None
) -> SourceError:
    """One error that names every file that cannot be read, and says which can."""
    problems, readable = [str(first)], list(paths[:index])
    for path in paths[index + 1 :]:
        try:
            _describe(path, engine)
        except SourceError as err:
            problems.append(str(err))
        else:
            readable.append(path)
    shown = problems[:_LISTED]
    if len(problems) > _LISTED:
        shown.append(f"... and {len(problems) - _LISTED} more")
    names = ", ".join(os.path.basename(path) for path in readable[:_LISTED])
    if len(readable) > _LISTED:
        names += f" and {len(readable) - _LISTED} more"
    return SourceError(
        f"{len(problems)} of {len(paths)} files cannot be read:\n  "
        + "\n  ".join(shown)
        + (f"\nThe other {len(readable)} can be read: {names}." if readable else "")
    )


def _reader(engine: Engine | None, group: str | None) -> Any:
    def read_all(content: FileContent, name: str) -> NDArray[Any]:
        part = FilePart(content.path, content.format, content.identity, 0, 0)
        variable = content.variables[name]
        if 0 in variable.shape:
            return np.empty(variable.shape, dtype=variable.dtype)
        region = tuple(slice(0, length) for length in variable.shape)
        return read_file(part, f"{group}/{name}" if group else name, region, engine)

    return read_all


def _assemble(
    first: FileContent, spec: SourceSpec, parts: tuple[FilePart, ...], joined: Combined | None
) -> Source:
    dim, length = spec.combine, parts[-1].stop
    dimensions = {
        group: {name: length if name == dim else size for name, size in dims.items()}
        for group, dims in first.dimensions.items()
    }
    roles = find_roles(first.variables, first.attributes)
    variables = {}
    for name, stored in first.variables.items():
        shape = stored.shape
        if dim is not None and dim in stored.dims:
            axis = stored.dims.index(dim)
            shape = (*shape[:axis], length, *shape[axis + 1 :])
        variables[name] = SourceVariable(
            name=name,
            dims=stored.dims,
            shape=shape,
            dtype=stored.dtype,
            attributes=stored.attributes,
            chunks=stored.chunks,
            storage_bytes=joined.storage_bytes[name] if joined else stored.storage_bytes,
            packing=packing_of(stored.attributes, stored.dtype),
            fill_values=fill_values(stored.attributes, stored.dtype),
            roles=roles[name],
            enum=stored.enum,
        )
    source = Source(
        spec=spec,
        attributes=first.attributes,
        groups=first.groups,
        dimensions=dimensions,
        unlimited=first.unlimited,
        variables=variables,
        unsupported=first.unsupported,
        parts=parts,
        uncompared=joined.uncompared if joined else (),
        warnings=joined.warnings if joined else (),
    )
    return _with_warnings(source, joined)


def _with_warnings(source: Source, joined: Combined | None) -> Source:
    """Add what the values of the time axes and the unreadable variables give to know."""
    texts = list(source.warnings)
    times = [v.roles.time_coordinate for v in source.variables.values() if v.roles.time]
    for name in dict.fromkeys(name for name in times if name is not None):
        coordinate = source.variables[name]
        if coordinate.dtype.kind not in "iuf" or len(coordinate.shape) != 1:
            continue
        numbers: NDArray[Any] | None = None
        files: tuple[str, ...] = ()
        if joined is not None and source.spec.combine in coordinate.dims:
            # Only the axis that put the files in order was read already.
            if name != joined.time:
                continue
            numbers = joined.times
            files = tuple(part.path for part in source.parts for _ in range(part.stop - part.start))
        texts += time_warnings(
            source.read(name) if numbers is None else numbers,
            str(coordinate.attributes.get("units", "")),
            str(coordinate.attributes.get("calendar", "standard")).lower(),
            name,
            files,
        )
    texts += [f"{name} is left out: {reason}" for name, reason in source.unsupported.items()]
    return replace(source, warnings=tuple(texts))
