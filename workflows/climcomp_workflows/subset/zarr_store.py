"""Write a subset as a Zarr store of its own: an archive too, without loss, for any reader."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from climcomp.archive import (
    build_shard,
    entry_of,
    open_store,
    publish,
    shard_indices,
    shard_key,
    shard_region,
)
from climcomp.errors import StorageError
from climcomp_workflows.subset.part import Subset


def write_zarr(subset: Subset, path: Path) -> None:
    """Write the store beside its place, then put it there.

    Its document `subset.json` says which archive it was taken from.

    Raises
    ------
    ArchiveDamagedError
        If a chunk does not decode.
    StorageError
        If the file system refuses.
    """
    folder = path.absolute().parent
    partial = folder / f".{path.name}.partial-{os.getpid()}"
    store = open_store(partial)
    try:
        entries = []
        for variable in subset.variables:
            spec = variable.written
            for index in shard_indices(spec):
                data = build_shard(spec, index, variable.read(shard_region(spec, index)))
                store.put(shard_key(spec, index), data)
                entries.append(entry_of(shard_key(spec, index), data))
        publish(
            store,
            [variable.written for variable in subset.variables],
            subset.groups,
            {"subset.json": _origin(subset)},
            entries,
            unlimited=subset.unlimited,
        )
        _put_in_place(partial, path.absolute())
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _origin(subset: Subset) -> bytes:
    document = {
        "subset": 1,
        "store": str(subset.archive.store.root),
        "manifest_sha256": subset.archive.manifest_sha256,
        "asked": list(subset.asked),
        "variables": {
            v.path: {"from": v.spec.path, "shape": list(v.shape)} for v in subset.variables
        },
    }
    return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()


def _put_in_place(partial: Path, path: Path) -> None:
    """A folder cannot be replaced in one step: the old one steps aside first."""
    aside = partial.with_name(f"{partial.name}-old")
    try:
        if path.exists():
            path.rename(aside)
        try:
            partial.rename(path)
        except OSError:
            if aside.exists():
                aside.rename(path)
            raise
    except OSError as err:
        raise StorageError(f"{path} cannot be written: {err}. Write elsewhere.") from err
    if aside.is_dir():
        shutil.rmtree(aside, ignore_errors=True)
    else:
        aside.unlink(missing_ok=True)
