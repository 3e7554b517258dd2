"""Choosing a subset of an archive: variables, positions, and what belongs to them; no data read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from climcomp.archive import Archive
from climcomp.archive.previews import is_preview
from climcomp.archive.view import ArchiveView, view_archive
from climcomp.errors import UsageError
from climcomp_workflows.recipe.problems import nearest
from climcomp_workflows.subset.find import find_positions, level_dim
from climcomp_workflows.subset.part import Subset, SubsetVariable
from climcomp_workflows.subset.positions import Positions
from climcomp_workflows.subset.related import related_variables
from climcomp_workflows.subset.request import Request


def select(archive: Archive, names: Sequence[str], request: Request) -> Subset:
    """Decide on a subset: the variables named, with all that belongs to them.

    Coordinates, bounds, grid mappings, cell measures and formula terms come along, cut to the same
    positions. The variables of a single group come to stand in the root, but previews stay in
    theirs.

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
        cut_cells = view.variables[name].roles.cell in positions.indices
        related = related_variables(view, name, has_all_cells=not cut_cells)
        for member in (name, *related):
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
    previews = {full for full in view.variables if is_preview(view.archive, full)}
    endings = [full for full in view.variables if full.rpartition("/")[2] == name]
    if endings and previews.issuperset(endings):
        raise UsageError(
            f"{view.archive.store.root} has no variable {name!r}, but a preview of it, which keeps "
            f"no bound: to have that, ask for {' or '.join(endings)}"
        )
    endings = [full for full in endings if full not in previews]
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
    previews = [name for name in chosen if is_preview(archive, name)]
    if previews:
        said = f"{', '.join(previews)}: without a bound on any value, and in a group of the output"
        notes = (*notes, said)
    if len(groups) == 1 and len(set(shorts)) == len(shorts) and not previews:
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
