"""Writing a subset: to which format, and never over what is not a subset."""

from __future__ import annotations

from pathlib import Path

from climcomp.errors import UsageError
from climcomp_workflows.subset.netcdf import write_netcdf
from climcomp_workflows.subset.part import Subset
from climcomp_workflows.subset.zarr_store import write_zarr


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
