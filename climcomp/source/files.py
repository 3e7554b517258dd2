"""Find the files that a person means, and tell what each of them is before it is opened."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from pathlib import Path

from climcomp.errors import SourceError
from climcomp.source.model import FileIdentity, Format

_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_ZARR_MARKS = ("zarr.json", ".zgroup", ".zmetadata", ".zarray")
_FOREIGN = (
    (b"\x0e\x03\x13\x01", "HDF4", "convert it first, for example with h4tonccf or NCO"),
    (b"\x1f\x8b", "a gzip file", "decompress it first with gunzip"),
    (b"BZh", "a bzip2 file", "decompress it first with bunzip2"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file", "decompress it first with zstd -d"),
    (b"PK\x03\x04", "a zip archive", "unpack it first: NetCDF and Zarr are read unpacked"),
    (b"II*\x00", "TIFF", "convert it first, for example with gdal_translate -of netCDF"),
    (b"BUFR", "BUFR", "convert it first, for example with ecCodes bufr_filter"),
)
_NETCDF_ENDINGS = (".nc", ".nc4", ".cdf", ".nc3", ".netcdf", ".h5", ".hdf5")
_SNIFFED_BYTES = 4096


def is_url(name: str) -> bool:
    """The name says where on a network, or in a store, the data are."""
    return "://" in name


def find_files(files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> tuple[str, ...]:
    """Absolute paths and URLs of all files that are meant, sorted, each once.

    Parameters
    ----------
    files
        One name or several; each is a file, the folder of a Zarr store, a folder of NetCDF files,
        a URL of a Zarr store, or a pattern with `*`, `?`, `[...]`, or `**` for all folders below.

    Raises
    ------
    SourceError
        If a name or pattern matches nothing; it says what is there instead.
    """
    names = [files] if isinstance(files, str | os.PathLike) else list(files)
    if not names:
        raise SourceError("no input files: the list is empty. Name at least one file or pattern.")
    found: set[str] = set()
    for name in names:
        found.update(_matches(os.fspath(name)))
    return tuple(sorted(found))


def _matches(name: str) -> list[str]:
    if name.startswith("file://"):
        name = name.removeprefix("file://")
    if is_url(name):
        return [name]
    path = os.path.abspath(os.path.expanduser(name))
    if os.path.lexists(path):
        return _files_of_folder(path) if os.path.isdir(path) and not is_zarr(path) else [path]
    if glob.has_magic(name):
        matches = [p for p in glob.glob(path, recursive=True) if os.path.isfile(p) or is_zarr(p)]
        # `**` would also find the parts of a Zarr store.
        stores = [p for p in matches if os.path.isdir(p)]
        matches = [p for p in matches if not any(p.startswith(s + os.sep) for s in stores)]
        if matches:
            return matches
    raise SourceError(f"no file matches {name!r}{_what_is_there(path)}")


def _what_is_there(path: str) -> str:
    folder = Path(path).parent
    while not folder.exists():
        missing, folder = folder, folder.parent
        if folder.exists():
            return f": the folder {missing} does not exist. Check the path."
    if not folder.is_dir():
        return f": {folder} is a file, not a folder. Check the path."
    names = sorted(p.name for p in folder.iterdir())
    if not names:
        return f": the folder {folder} is empty. Check the path."
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f"; {folder} holds {shown}. Check the path and the pattern."


def _files_of_folder(path: str) -> list[str]:
    files = [
        p for p in glob.glob(os.path.join(glob.escape(path), "*")) if p.endswith(_NETCDF_ENDINGS)
    ]
    stores = [p for p in glob.glob(os.path.join(glob.escape(path), "*")) if _is_zarr_group(p)]
    if not files and not stores:
        raise SourceError(
            f"the folder {path} is no Zarr store (it has none of {', '.join(_ZARR_MARKS)}) and "
            f"holds no {', '.join('*' + e for e in _NETCDF_ENDINGS)} either. Name the files, or "
            "the root of the store; a store without its metadata is an unfinished or damaged one."
        )
    return files + stores


def is_zarr(path: str) -> bool:
    """The folder is the root of a Zarr store or of one of its groups."""
    return os.path.isdir(path) and any(
        os.path.exists(os.path.join(path, mark)) for mark in _ZARR_MARKS
    )


def _is_zarr_group(path: str) -> bool:
    """A whole store: an array without its parent is a part of a damaged one."""
    try:
        text = Path(path, "zarr.json").read_text(encoding="utf-8")
    except OSError:
        return os.path.exists(os.path.join(path, ".zgroup"))
    return '"group"' in text


def sniff_format(path: str) -> Format:
    """What kind of file it is, by its first bytes: names and endings are not trusted.

    Raises
    ------
    SourceError
        If it cannot be read, is empty, or is something else; what it is is named where known.
    """
    if is_url(path) or is_zarr(path):
        return "zarr"
    try:
        if os.path.isdir(path):
            raise SourceError(
                f"{path} is a folder without Zarr metadata ({', '.join(_ZARR_MARKS)}): the store "
                "is unfinished or damaged. Write it again or name its root."
            )
        with open(path, "rb") as file:
            head = file.read(_SNIFFED_BYTES)
    except SourceError:
        raise
    except PermissionError as err:
        raise SourceError(
            f"{path}: no permission to read it. Ask its owner, or check with ls -l."
        ) from err
    except OSError as err:
        raise SourceError(f"{path}: it cannot be read ({err.strerror or err}).") from err
    if not head:
        raise SourceError(
            f"{path}: the file has zero bytes; a NetCDF file was wanted. "
            "Copy or download it again, or leave it out."
        )
    if head[:3] == b"CDF" and len(head) >= 4 and head[3] in (1, 2, 5):
        return "netcdf3"
    # HDF5 allows a user block, so that the signature may stand at 512, 1024, 2048, ...
    if any(head[at : at + 8] == _HDF5_MAGIC for at in (0, 512, 1024, 2048)):
        return "netcdf4"
    raise SourceError(f"{path}: {_foreign(head)}")


def _foreign(head: bytes) -> str:
    if _is_grib(head):
        return (
            "it is GRIB, not NetCDF or Zarr. Convert it first, for example with "
            "`grib_to_netcdf -o out.nc in.grib` (ecCodes) or `cdo -f nc copy in.grib out.nc`."
        )
    for magic, name, advice in _FOREIGN:
        if head.startswith(magic):
            return f"it is {name}, not NetCDF or Zarr; {advice}."
    if head.lstrip()[:1] == b"<":
        return (
            "it is HTML or XML, not NetCDF: a download that answered with an error page? "
            "Download it again."
        )
    try:
        text = head[:64].decode()
    except UnicodeDecodeError:
        text = ""
    if text and all(character.isprintable() or character.isspace() for character in text):
        first = text.strip().splitlines()[0][:40] if text.strip() else ""
        return f"it is text (it begins with {first!r}), not NetCDF or Zarr. Name the data file."
    return (
        f"it is neither NetCDF-3, NetCDF-4 (HDF5) nor Zarr: it begins with {head[:8]!r}. "
        "Name a NetCDF file, or convert it first."
    )


def _is_grib(head: bytes) -> bool:
    """GRIB messages may follow a short header of a bulletin; byte 8 of a message is its edition."""
    at = head.find(b"GRIB", 0, 1024)
    return at >= 0 and head[at + 7 : at + 8] in (b"\x01", b"\x02")


def identify(path: str) -> FileIdentity:
    """Name, size and time of a file; of a local Zarr store, over all its objects.

    A store behind a URL has neither: size and time are 0, so that it never seems to have changed.
    """
    if is_url(path):
        return FileIdentity(path, 0, 0, 0)
    try:
        if not os.path.isdir(path):
            status = os.stat(path)
            return FileIdentity(path, status.st_size, status.st_mtime_ns)
        return FileIdentity(path, *sum_of_objects(path))
    except OSError as err:
        raise SourceError(
            f"{path}: it was there and cannot be found any more ({err.strerror or err}). "
            "Put it back or plan again."
        ) from err


def sum_of_objects(path: str) -> tuple[int, int, int]:
    """Total size, newest time and number of all files below a folder."""
    size = newest = count = 0
    stack = [path]
    while stack:
        with os.scandir(stack.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    stack.append(entry.path)
                    continue
                status = entry.stat()
                size += status.st_size
                newest = max(newest, status.st_mtime_ns)
                count += 1
    return size, newest, count
