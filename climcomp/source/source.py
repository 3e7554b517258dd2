"""A source: one or many files of NetCDF or Zarr that are read as one set of variables."""

from __future__ import annotations

import itertools
import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.errors import SourceChangedError, SourceError, UsageError
from climcomp.source.combine import FilePart
from climcomp.source.files import identify
from climcomp.source.handles import HANDLES, LOCK, Handle
from climcomp.source.model import (
    Attributes,
    Engine,
    FileIdentity,
    Format,
    SourceSpec,
    SourceVariable,
)
from climcomp.source.netcdf import open_netcdf
from climcomp.source.zarr_store import ZarrHandle

# How much of a static variable is compared at once: two such pieces are in memory.
_SLAB_BYTES = 16 * 2**20


@dataclass(frozen=True)
class Source:
    """Variables over all files, read region by region.

    It holds no open file and pickles: each process opens what it reads, at most 64 files at once,
    the least recently read closed first. Made by `open_source`.

    Parameters
    ----------
    attributes
        Global attributes, of the first file.
    groups
        Attributes of the groups, by path without a leading slash; the root is not among them.
    dimensions, unlimited
        By group path, "" being the root: lengths by name; names of the unlimited ones.
    unsupported
        Variables that cannot be read, with the reason.
    warnings
        What a person should know: time gaps, files that differ in harmless ways, what is left out.
    parts
        The files in the order in which they are joined.
    parts_of
        By variable, those of `parts` that hold it, where files of other variables stand side by
        side; variables that are not named are in all of `parts`.
    shared
        Variables that files of other variables hold too, with those files, which were too large to
        compare when opening; see `check_static`.
    uncompared
        Variables without the combined dimension that were too large to compare when opening; see
        `check_static`.
    """

    spec: SourceSpec
    attributes: Attributes
    groups: dict[str, Attributes]
    dimensions: dict[str, dict[str, int]]
    unlimited: dict[str, tuple[str, ...]]
    variables: dict[str, SourceVariable]
    unsupported: dict[str, str]
    parts: tuple[FilePart, ...]
    uncompared: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=())
    parts_of: dict[str, tuple[FilePart, ...]] = field(default_factory=dict)
    shared: tuple[tuple[str, tuple[FilePart, ...]], ...] = ()

    def read(self, name: str, region: tuple[slice, ...] | None = None) -> NDArray[Any]:
        """Values as they are stored: no mask, no scale, no dates; native byte order.

        Parameters
        ----------
        region
            Slices with positive steps, one for each dimension; missing ones mean all. None reads
            the whole variable.

        Raises
        ------
        SourceError
            If there is no such variable, or a file cannot be read.
        SourceChangedError
            If a file is not the one that was opened.
        """
        variable = self._variable(name)
        slices = _normalised(variable, region)
        hull = tuple(slice(s.start, s.stop, None) for s in slices)
        values = self._read_hull(variable, hull)
        if any(s.step != 1 for s in slices):
            values = np.ascontiguousarray(values[tuple(slice(None, None, s.step) for s in slices)])
        return values

    def _variable(self, name: str) -> SourceVariable:
        if name in self.variables:
            return self.variables[name]
        if name in self.unsupported:
            raise SourceError(f"{name!r} cannot be read: {self.unsupported[name]}.")
        raise SourceError(
            f"there is no variable {name!r} in {self.parts[0].path}; there are "
            f"{', '.join(sorted(self.variables))}."
        )

    def _parts(self, variable: SourceVariable) -> tuple[FilePart, ...]:
        return self.parts_of.get(variable.name, self.parts)

    def _read_hull(self, variable: SourceVariable, hull: tuple[slice, ...]) -> NDArray[Any]:
        shape = tuple(s.stop - s.start for s in hull)
        if 0 in shape:
            return np.empty(shape, dtype=variable.dtype)
        combine = self.spec.combine
        parts = self._parts(variable)
        if combine is None or combine not in variable.dims:
            return self._read_part(parts[0], variable, hull)
        axis = variable.dims.index(combine)
        wanted = hull[axis]
        pieces = []
        first = bisect_right(parts, wanted.start, key=lambda part: part.stop)
        for part in itertools.islice(parts, first, None):
            if part.start >= wanted.stop:
                break
            start, stop = max(wanted.start, part.start), min(wanted.stop, part.stop)
            if start < stop:
                local = list(hull)
                local[axis] = slice(start - part.start, stop - part.start)
                pieces.append((start - wanted.start, stop - wanted.start, part, tuple(local)))
        if len(pieces) == 1:
            return self._read_part(pieces[0][2], variable, pieces[0][3])
        values = np.empty(shape, dtype=variable.dtype)
        at: list[slice] = [slice(None)] * len(shape)
        for start, stop, part, local_region in pieces:
            at[axis] = slice(start, stop)
            values[tuple(at)] = self._read_part(part, variable, local_region)
        return values

    def _read_part(
        self, part: FilePart, variable: SourceVariable, region: tuple[slice, ...]
    ) -> NDArray[Any]:
        name = variable.name
        stored = f"{self.spec.group}/{name}" if self.spec.group else name
        try:
            values = read_file(part, stored, region, self.spec.engine)
        except SourceError:
            raise
        except (OSError, RuntimeError, LookupError, ValueError, TypeError) as err:
            raise SourceError(
                f"{part.path}: {name!r} cannot be read at {_text(region)}: {err}. The file is "
                "damaged, has changed, or its filter is not installed: check it with ncdump."
            ) from err
        shape = tuple(s.stop - s.start for s in region)
        if values.shape != shape:
            raise SourceChangedError(
                f"{part.path}: {name!r} gave {values.shape} values for {_text(region)}, "
                f"{shape} were expected. The file has changed since it was opened: plan again."
            )
        return np.ascontiguousarray(values, dtype=variable.dtype).reshape(shape)

    def identity(self) -> tuple[FileIdentity, ...]:
        """Name, size and time of each file, as it was when the source was opened."""
        return tuple(part.identity for part in self.parts)

    def check_unchanged(self, identity: Sequence[FileIdentity]) -> None:
        """Compare the files with those of a plan.

        Raises
        ------
        SourceChangedError
            If a file was added, has gone, or has another size or time; it names the file.
        """
        before = {entry.name: entry for entry in identity}
        now = {entry.name: entry for entry in self.identity()}
        for name in sorted(before.keys() | now.keys()):
            old, new = before.get(name), now.get(name)
            if old is None or new is None:
                change = "was not there" if old is None else "is not in the source any more"
                raise SourceChangedError(f"the source has changed: {name} {change}. Plan again.")
            if old != new:
                raise SourceChangedError(_how_changed(old, new))

    def check_region(self, name: str, region: tuple[slice, ...]) -> None:
        """Check that the files of a region are still those that were opened.

        Called after `read`, it says that the values were theirs. Zarr stores are left out: to look
        at all their objects for each region would cost more than to read it.

        Raises
        ------
        SourceChangedError
            If a file has gone, or has another size or time; it names the file.
        """
        variable = self._variable(name)
        combine = self.spec.combine
        of_variable = self._parts(variable)
        parts = of_variable[:1]
        if combine is not None and combine in variable.dims:
            wanted = _normalised(variable, region)[variable.dims.index(combine)]
            first = bisect_right(of_variable, wanted.start, key=lambda part: part.stop)
            rest = itertools.islice(of_variable, first, None)
            parts = tuple(itertools.takewhile(lambda part: part.start < wanted.stop, rest))
        for part in parts:
            if part.format != "zarr":
                _refuse_other_file(part)

    def check_static(self) -> None:
        """Compare, value by value, the variables of `uncompared` and `shared` between all files.

        Raises
        ------
        SourceError
            If one differs; it names the variable and both files.
        """
        for name in self.uncompared:
            variable = self.variables[name]
            first, *others = self._parts(variable)
            for hull in _slabs(variable):
                ours = self._read_part(first, variable, hull)
                for other in others:
                    if not _same_bits(ours, self._read_part(other, variable, hull)):
                        raise SourceError(
                            f"the files do not fit together: {name!r} has no dimension "
                            f"{self.spec.combine!r}, so it must be the same in all files; its "
                            f"values differ between {first.path} and {other.path}."
                        )
        for name, parts in self.shared:
            variable = self.variables[name]
            twin = replace(self, parts_of={name: parts})
            for hull in _slabs(variable):
                if not _same_bits(self._read_hull(variable, hull), twin._read_hull(variable, hull)):
                    raise SourceError(
                        f"the files do not fit together: {name!r} is in files of different "
                        f"variables, so it must be the same in all; its values differ between "
                        f"{self._parts(variable)[0].path} and {parts[0].path} or their followers."
                    )

    def close(self) -> None:
        """Close the files that this process has open."""
        HANDLES.close(part.path + _engine_key(self.spec.engine) for part in self.parts)

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _how_changed(old: FileIdentity, new: FileIdentity) -> str:
    if old.size_bytes != new.size_bytes:
        change = f"it had {old.size_bytes} bytes and has {new.size_bytes}"
    elif old.objects != new.objects:
        change = f"it had {old.objects} objects and has {new.objects}"
    else:
        change = "it was written again (its time differs)"
    return f"the source has changed: {new.name}: {change}. Plan again, or put the old file back."


def _normalised(variable: SourceVariable, region: tuple[slice, ...] | None) -> tuple[slice, ...]:
    given = region or ()
    if len(given) > len(variable.shape):
        raise UsageError(
            f"{variable.name!r} has {len(variable.shape)} dimensions; {len(given)} slices are given"
        )
    slices = []
    for axis, length in enumerate(variable.shape):
        start, stop, step = (given[axis] if axis < len(given) else slice(None)).indices(length)
        if step < 1:
            raise UsageError(f"{variable.name!r}: a step must be positive, not {step}")
        slices.append(slice(start, max(start, stop), step))
    return tuple(slices)


def _slabs(variable: SourceVariable) -> Iterator[tuple[slice, ...]]:
    """Regions of whole rows, small enough to be compared in memory, that make up a variable."""
    rows = max(1, _SLAB_BYTES * variable.shape[0] // max(1, variable.nbytes))
    for start in range(0, variable.shape[0], rows):
        yield _normalised(variable, (slice(start, start + rows),))


def _text(region: tuple[slice, ...]) -> str:
    return "[" + ", ".join(f"{s.start}:{s.stop}" for s in region) + "]"


def _same_bits(a: NDArray[Any], b: NDArray[Any]) -> bool:
    return bool((a == b).all()) if a.dtype.kind == "O" else a.tobytes() == b.tobytes()


def _engine_key(engine: Engine | None) -> str:
    return f"\0{engine or ''}"


def read_file(
    part: FilePart, name: str, region: tuple[slice, ...], engine: Engine | None
) -> NDArray[Any]:
    """Stored values of a region of one file, which is opened if it is not open already."""
    with LOCK:
        handle = HANDLES.get(part.path + _engine_key(engine), lambda: _open_handle(part, engine))
        return handle.read(name, region)


def _open_handle(part: FilePart, engine: Engine | None) -> Handle:
    if part.format == "zarr":
        return ZarrHandle(part.path)
    _refuse_other_file(part)
    return open_netcdf(part.path, part.format, engine)


def _refuse_other_file(part: FilePart) -> None:
    if not os.access(part.path, os.R_OK) or identify(part.path) != part.identity:
        raise SourceChangedError(
            f"{part.path}: it is not the file that was opened: its size or time differs, or it "
            "has gone. Plan again, or put the old file back."
        )


def format_of(engine: Engine | None, found: Format, path: str) -> Format:
    """The format of a file, or an error if the engine that was asked for cannot read it."""
    reads_it = engine is None or (engine == "zarr") == (found == "zarr")
    if not reads_it or (engine == "h5netcdf" and found == "netcdf3"):
        raise SourceError(
            f"{path} is {found}, which the engine {engine!r} cannot read. Leave the engine out."
        )
    return found
