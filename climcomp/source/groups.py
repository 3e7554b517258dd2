"""One group of a file, seen as if it were the root."""

from __future__ import annotations

from dataclasses import replace

from climcomp.errors import SourceError
from climcomp.source.model import FileContent


def within_group(content: FileContent, group: str | None) -> FileContent:
    """The part of a file below a group: names and paths lose the group's path.

    Dimensions that the group inherits become its own.

    Raises
    ------
    SourceError
        If there is no such group; it lists those that there are.
    """
    if not group:
        return content
    if group not in content.groups:
        known = ", ".join(sorted(content.groups)) or "none: all variables are in the root"
        raise SourceError(f"{content.path}: there is no group {group!r}; the groups are {known}.")
    prefix = f"{group}/"

    def below(path: str) -> bool:
        return path.startswith(prefix)

    dimensions = {path[len(prefix) :]: d for path, d in content.dimensions.items() if below(path)}
    unlimited = {path[len(prefix) :]: d for path, d in content.unlimited.items() if below(path)}
    lengths: dict[str, int] = {}
    without_end: dict[str, None] = {}
    for path in _from_root(group):
        lengths |= content.dimensions.get(path, {})
        without_end |= dict.fromkeys(content.unlimited.get(path, ()))
    variables = {
        name[len(prefix) :]: replace(variable, name=name[len(prefix) :])
        for name, variable in content.variables.items()
        if below(name)
    }
    used = {dim for variable in variables.values() for dim in variable.dims}
    own = content.dimensions.get(group, {})
    return replace(
        content,
        attributes=content.groups[group],
        groups={path[len(prefix) :]: a for path, a in content.groups.items() if below(path)},
        dimensions={"": {d: n for d, n in lengths.items() if d in used or d in own}, **dimensions},
        unlimited={"": tuple(d for d in without_end if d in used or d in own), **unlimited},
        variables=variables,
        unsupported={n[len(prefix) :]: r for n, r in content.unsupported.items() if below(n)},
    )


def _from_root(group: str) -> list[str]:
    steps = group.split("/")
    return ["", *("/".join(steps[: depth + 1]) for depth in range(len(steps)))]
