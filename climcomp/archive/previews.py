"""The group of an archive that holds previews: variables for a quick look, without a bound."""

from __future__ import annotations

from climcomp.archive.reader import Archive

PREVIEW_GROUP = "preview"
"""Holds all previews of an archive, so that none is taken for the variable itself."""
PREVIEW_ATTRIBUTE = "climcomp_preview"
"""Of the root and of groups of previews: which variables have no bound."""


def is_preview(archive: Archive, path: str) -> bool:
    """Whether a variable, or a coordinate, stands among the previews of an archive.

    A group of the source's own that has the same name holds none.
    """
    group, _, inside = path.partition("/")
    told = PREVIEW_ATTRIBUTE in archive.groups.get(PREVIEW_GROUP, {})
    return bool(inside) and group == PREVIEW_GROUP and told
