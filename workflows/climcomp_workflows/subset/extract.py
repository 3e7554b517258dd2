"""A subset of an archive: decided from its coordinates alone, then read and written in parts."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp import blocks
from climcomp.archive import Archive, ArraySpec
from climcomp.archive.attributes import Attributes
from climcomp.errors import UsageError
from climcomp_workflows.recipe.problems import nearest
from climcomp_workflows.subset.position import Indices, Positions, find_positions, level_dim
from climcomp_workflows.subset.related import related_variables
from climcomp_workflows.subset.request import Request
from climcomp_workflows.subset.view import ArchiveView, view_archive

# More runs than this along a dimension are read as one piece, of which the wanted ones are taken.
_MOST_RUNS = 8


@dataclass(frozen=True)
class SubsetVariable:
    """One variable of a subset.

    Parameters
    ----------
    spec
        Of the whole variable in the archive.
    path
        Its name in the subset, groups before it.
    indices
        The positions wanted along each dimension.
    turned
        Degrees to add along the dimension of this position; None for all but longitudes that
        cross the seam of their grid.
    outside
        Axes of y and x, and the cells that are made missing.
    """

    archive: Archive
    spec: ArraySpec
    path: str
    indices: tuple[Indices, ...]
    turned: tuple[int, NDArray[np.float64]] | None = None
    outside: tuple[tuple[int, int], NDArray[np.bool_]] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the part that is wanted."""
        return tuple(int(wanted.size) for wanted in self.indices)

    @property
    def nbytes(self) -> int:
        """Size of the values in memory; a text counts as a pointer."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.spec.numpy_dtype.itemsize

    def read(self, region: blocks.Region | None = None) -> NDArray[Any]:
        """Values as the archive stores them, of all of the part or of a region of it.

        Raises
        ------
        ArchiveDamagedError
            If a chunk does not decode: variable and chunk are named.
        """
        wanted = region or blocks.whole_region(self.shape)
        runs = [list(_runs(i[s])) for i, s in zip(self.indices, wanted, strict=True)]
        values = np.empty(blocks.region_shape(wanted), self.spec.numpy_dtype)
        for pieces in itertools.product(*runs):
            part = self.archive.read(self.spec.path, tuple(piece.source for piece in pieces))
            for axis, piece in enumerate(pieces):
                if piece.take is not None:
                    part = part.take(piece.take, axis=axis)
            values[tuple(piece.target for piece in pieces)] = part
        if self.turned is not None:
            axis, degrees = self.turned
            shape = [1] * values.ndim
            shape[axis] = -1
            values = (values + degrees[wanted[axis]].reshape(shape)).astype(values.dtype)
        if self.outside is not None:
            (y, x), mask = self.outside
            part_of_mask = mask[wanted[y], wanted[x]]
            shape = [1] * values.ndim
            shape[y], shape[x] = part_of_mask.shape
            oriented = part_of_mask if y < x else part_of_mask.T
            values[np.broadcast_to(oriented.reshape(shape), values.shape)] = self._missing()
        return values

    def _missing(self) -> Any:  # Any: a value of the variable's own type
        for name in ("_FillValue", "missing_value"):
            if name in self.spec.attributes:
                fill = np.asarray(self.spec.attributes[name]).reshape(-1)[0]
                return fill.astype(self.spec.numpy_dtype)
        return np.nan

    @property
    def written(self) -> ArraySpec:
        """The array as a subset in Zarr stores it: cut chunks, codecs that every reader knows."""
        chunk = tuple(
            max(1, min(c, size)) for c, size in zip(self.spec.chunk, self.shape, strict=True)
        )
        shard = tuple(
            max(1, -(-min(w, size) // c)) * c
            for w, size, c in zip(self.spec.written, self.shape, chunk, strict=True)
        )
        return replace(
            self.spec,
            path=self.path,
            shape=self.shape,
            chunk=chunk,
            shard=None if shard == chunk else shard,
            codec="standard",
        )


@dataclass(frozen=True)
class Subset:
    """What is to be read of an archive and written elsewhere; coordinates alone are read yet."""

    archive: Archive
    variables: tuple[SubsetVariable, ...]
    groups: dict[str, Attributes]
    unlimited: dict[str, tuple[str, ...]]
    notes: tuple[str, ...] = ()
    asked: tuple[str, ...] = field(default=())

    @property
    def nbytes(self) -> int:
        """Size of all values in memory."""
        return sum(variable.nbytes for variable in self.variables)


@dataclass(frozen=True, slots=True)
class _Run:
    """Positions that are read together, and where they come to stand."""

    source: slice
    target: slice
    take: Indices | None = None


def _runs(indices: Indices) -> Iterator[_Run]:
    if not indices.size:
        return
    starts = np.concatenate([[0], np.flatnonzero(np.diff(indices) != 1) + 1, [indices.size]])
    if starts.size - 1 > _MOST_RUNS:
        low, high = int(indices.min()), int(indices.max())
        yield _Run(slice(low, high + 1), slice(0, indices.size), indices - low)
        return
    for start, stop in itertools.pairwise(starts.tolist()):
        first = int(indices[start])
        yield _Run(slice(first, first + stop - start), slice(start, stop))


def select(archive: Archive, names: Sequence[str], request: Request) -> Subset:
    """Decide on a subset: the variables named, with all that belongs to them.

    Coordinates, bounds, grid mappings, cell measures and formula terms come along, cut to the same
    positions. The variables of a single group come to stand in the root.

    Raises
    ------
    UsageError
        If there is no such variable (the nearest names are told), nothing is left of one (what
        there is is told), an option speaks of none of them, or two want different positions of
        one dimension.
    """
    view = view_archive(archive)
    chosen = tuple(dict.fromkeys(_full_name(view, name) for name in names))
    if not chosen:
        raise UsageError(f"name at least one variable; the archive has {_listed(view)}")
    _refuse_idle(view, chosen, request)
    parts: dict[str, SubsetVariable] = {}
    notes: list[str] = []
    for name in chosen:
        positions = find_positions(view, name, request)
        notes += positions.notes
        for member in (name, *related_variables(view, name)):
            part = _cut(view, member, positions, is_asked=member in chosen)
            if member in parts and not _same(parts[member], part):
                raise UsageError(
                    f"{member} belongs to several of the variables, which lie on different grids "
                    f"or times, so that the selection cuts it differently. Get {name} on its own."
                )
            parts[member] = part
    # Those that were asked for, then what belongs to them.
    ordered = {name: parts[name] for name in (*chosen, *parts)}
    return _gathered(archive, chosen, ordered, tuple(notes))


def _full_name(view: ArchiveView, name: str) -> str:
    name = name.strip("/")
    if name in view.variables:
        return name
    endings = [full for full in view.variables if full.rpartition("/")[2] == name]
    if len(endings) == 1:
        return endings[0]
    if endings:
        raise UsageError(f"{name!r} is the name of several variables: {', '.join(endings)}")
    shorts = {full.rpartition("/")[2] for full in view.variables}
    close = nearest(name, {*view.variables, *shorts})
    hint = f" Did you mean {' or '.join(close)}?" if close else ""
    raise UsageError(
        f"{view.archive.store.root} has no variable {name!r}.{hint} It has {_listed(view)}"
    )


def _listed(view: ArchiveView) -> str:
    data = [name for name, v in view.variables.items() if v.roles.part == "data"]
    names = data or list(view.variables)
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def _refuse_idle(view: ArchiveView, chosen: Sequence[str], request: Request) -> None:
    """An option that speaks of no chosen variable is a mistake, not a wish for all of them."""
    roles = [view.variables[name].roles for name in chosen]
    dims = {dim for name in chosen for dim in view.variables[name].dims}
    names = ", ".join(chosen)
    if request.times is not None and all(r.time is None for r in roles):
        raise UsageError(f"--time: no dimension of {names} is a time; leave it out")
    levels = [level_dim(view, view.variables[name]) for name in chosen if request.levels]
    if request.levels is not None and not any(levels):
        raise UsageError(
            f"--level: {names} has no levels with numbers; leave it out, or choose by position "
            "(--ilevel 0:1)"
        )
    if request.box is not None and all(r.y is r.x is r.cell is None for r in roles):
        raise UsageError(f"--box: no dimension of {names} is horizontal; leave it out")
    for dim in request.indices:
        if dim == "@time" and all(r.time is None for r in roles):
            raise UsageError(f"--itime: no dimension of {names} is a time; leave it out")
        if dim == "@level" and not any(r.level for r in roles):
            raise UsageError(f"--ilevel: no dimension of {names} is a level; leave it out")
        if not dim.startswith("@") and dim not in dims:
            raise UsageError(
                f"--index: {names} has no dimension {dim!r}; there are {', '.join(sorted(dims))}"
            )


def _cut(view: ArchiveView, name: str, positions: Positions, is_asked: bool) -> SubsetVariable:
    variable = view.variables[name]
    spec = view.archive.specs[name]
    indices = tuple(
        positions.indices.get(dim, np.arange(size, dtype=np.int64))
        for dim, size in zip(spec.dims, spec.shape, strict=True)
    )
    turned = outside = None
    if positions.turned is not None and _is_longitude(view, name) and spec.numpy_dtype.kind == "f":
        axis = next(i for i, wanted in enumerate(indices) if wanted.size == positions.turned.size)
        turned = axis, positions.turned
    roles = variable.roles
    if positions.outside is not None and is_asked and spec.numpy_dtype.kind == "f":
        assert roles.y is not None
        assert roles.x is not None
        axes = spec.dims.index(roles.y), spec.dims.index(roles.x)
        outside = axes, positions.outside
    return SubsetVariable(view.archive, spec, name, indices, turned, outside)


def _is_longitude(view: ArchiveView, name: str) -> bool:
    """Whether a variable is the longitude of others, or the bounds of it."""
    for variable in view.variables.values():
        if variable.roles.lon is None:
            continue
        lon = view.variables[variable.roles.lon]
        bounds = str(lon.attributes.get("bounds", ""))
        if len(lon.dims) == 1 and name in (lon.name, f"{lon.group}/{bounds}".lstrip("/")):
            return True
    return False


def _same(one: SubsetVariable, other: SubsetVariable) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one.indices, other.indices, strict=True)) and (
        one.turned is None
    ) == (other.turned is None)


def _gathered(
    archive: Archive,
    chosen: tuple[str, ...],
    parts: dict[str, SubsetVariable],
    notes: tuple[str, ...],
) -> Subset:
    """The subset with its groups; a single group becomes the root, so that readers find it."""
    groups = {name.rpartition("/")[0] for name in chosen}
    shorts = [name.rpartition("/")[2] for name in parts]
    if len(groups) == 1 and len(set(shorts)) == len(shorts):
        (group,) = groups
        attributes: dict[str, Any] = {}
        for path in _with_parents(group):
            attributes |= archive.groups.get(path, {})
        unlimited = {
            dim for path in _with_parents(group) for dim in archive.unlimited.get(path, ())
        }
        return Subset(
            archive,
            tuple(replace(v, path=short) for v, short in zip(parts.values(), shorts, strict=True)),
            {"": attributes},
            {"": tuple(sorted(unlimited))} if unlimited else {},
            notes,
            chosen,
        )
    needed = {path for name in parts for path in _with_parents(name.rpartition("/")[0])}
    return Subset(
        archive,
        tuple(parts.values()),
        {path: archive.groups.get(path, {}) for path in sorted(needed | {""})},
        {path: dims for path, dims in archive.unlimited.items() if path in needed | {""}},
        notes,
        chosen,
    )


def _with_parents(group: str) -> list[str]:
    """The root, then each group on the way, then the group itself."""
    parts = group.split("/") if group else []
    return ["/".join(parts[:length]) for length in range(len(parts) + 1)]


def _refuse_overwriting(subset: Subset, path: Path, overwrite: bool) -> None:
    """Let only a file, or an earlier subset, be written over, and that only if it was said."""
    if not overwrite:
        raise UsageError(f"{path} is there already: name another file, or say --overwrite")
    if path.resolve() == subset.archive.store.root.resolve():
        raise UsageError(f"{path} is the archive itself: name another file")
    is_subset = (path / "climcomp" / "subset.json").is_file()
    if path.is_dir() and not is_subset and next(path.iterdir(), None) is not None:
        raise UsageError(
            f"{path} is a folder that `climcomp get` did not make; --overwrite removes only its "
            "own subsets. Name another file, or remove that folder yourself."
        )


def write_subset(subset: Subset, path: Path, *, overwrite: bool = False) -> None:
    """Write a subset, whole or not at all: NetCDF-4 to .nc, .nc4 and .cdf, Zarr v3 to .zarr.

    Raises
    ------
    UsageError
        If the ending is another one, or something is there and is not to be overwritten.
    ArchiveDamagedError
        If a chunk does not decode; nothing is written.
    StorageError
        If the file system refuses.
    """
    from climcomp_workflows.subset.netcdf import write_netcdf
    from climcomp_workflows.subset.zarr_store import write_zarr

    suffix = path.suffix.lower()
    if suffix not in (".nc", ".nc4", ".cdf", ".zarr"):
        raise UsageError(
            f"{path}: found the ending {suffix!r}, wanted .nc (NetCDF-4) or .zarr (Zarr v3)"
        )
    if path.exists():
        _refuse_overwriting(subset, path, overwrite)
    if not path.absolute().parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.absolute().parent}; make it first")
    if suffix == ".zarr":
        write_zarr(subset, path)
    else:
        write_netcdf(subset, path)
