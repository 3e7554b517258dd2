"""What scores of whole maps ask of a variable."""

from __future__ import annotations

from climcomp_metrics.field import FieldSettings


def lacks_whole_fields(settings: FieldSettings, fewest: int) -> str:
    """Why windows of `fewest` x `fewest` cells cannot run over a variable's fields; or empty."""
    if settings.horizontal:
        return f"no horizontal neighbours: {settings.horizontal}"
    rows, columns = settings.shape[2:]
    if min(rows, columns) < fewest:
        return f"a window of {fewest} x {fewest} cells does not fit into {rows} x {columns}"
    if settings.shard[2] < rows or settings.shard[3] < columns:
        return "its fields are cut into several shards, and windows need whole ones"
    return ""
