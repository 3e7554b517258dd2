"""Find a variable by the name that another one uses for it."""

from __future__ import annotations

from climcomp.source.model import SourceVariable
from climcomp.source.source import Source


def resolve(source: Source, variable: SourceVariable, short: str) -> SourceVariable | None:
    """The variable of that name in the group of `variable`, or else in its nearest parent."""
    if not short:
        return None
    if short.startswith("/"):
        return source.variables.get(short[1:])
    group = variable.group
    while True:
        found = source.variables.get(f"{group}/{short}" if group else short)
        if found is not None or not group:
            return found
        group = group.rpartition("/")[0]
