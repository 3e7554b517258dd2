"""The variable that a name means, and the variables that have networks."""

from __future__ import annotations

import difflib
import json

from climcomp.archive import Archive
from climcomp.archive.previews import PREVIEW_GROUP, is_preview
from climcomp.errors import UsageError

NETWORK_CODECS = frozenset({"inr", "preview"})
"""Codecs of which a block may have a network that can be asked."""
_REPORT = "report.json"


def variable_name(archive: Archive, name: str) -> str:
    """The path of a variable, whose groups may be left out where that is clear.

    Raises
    ------
    UsageError
        If there is none, with the nearest names, or several.
    """
    wanted = name.strip("/")
    if wanted in archive.specs:
        return wanted
    endings = [path for path in archive.specs if path.rpartition("/")[2] == wanted]
    if len(endings) == 1:
        return endings[0]
    if endings:
        raise UsageError(f"{name!r} is the name of several variables: {', '.join(endings)}")
    close = difflib.get_close_matches(wanted, archive.specs)
    hint = f" Did you mean {' or '.join(close)}?" if close else ""
    raise UsageError(
        f"{archive.store.root} has no variable {name!r}.{hint} Those with networks: "
        f"{', '.join(variables_with_networks(archive)) or 'none'}"
    )


def variables_with_networks(archive: Archive) -> tuple[str, ...]:
    """The variables some of whose blocks have networks, by the archive's report.

    Those of the group `preview` are among them, whatever the report says.
    """
    found = {
        path
        for path, spec in archive.specs.items()
        if is_preview(archive, path) and spec.codec == "block"
    }
    if _REPORT in archive.documents:
        for variable in json.loads(archive.document(_REPORT))["variables"]:
            if NETWORK_CODECS & set(variable.get("codecs", ())):
                found.add(variable["name"])
    return tuple(sorted(found & set(archive.specs)))


def without_networks(archive: Archive, name: str) -> UsageError:
    """The error of a variable that has no networks to be asked."""
    others = variables_with_networks(archive)
    preview = f"{PREVIEW_GROUP}/{name}"
    if preview in others:
        there = f"Ask for its preview, {preview}"
    elif others:
        there = f"Networks have: {', '.join(others)}"
    else:
        there = "No variable of this archive has them (`codecs: [inr]` in a recipe asks for them)"
    return UsageError(
        f"{name} has no coordinate networks that could be asked between grid points. {there}; or "
        f"take its decoded values, `climcomp get {archive.store.root} {name} --box=W,S,E,N -o "
        f"part.nc`, and interpolate these: xarray.open_dataset('part.nc')[...].interp(lat=..., "
        "lon=...)"
    )
