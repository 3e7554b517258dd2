"""What is no readable source is refused with a message that helps."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from climcomp.errors import SourceError, UsageError
from climcomp.source import open_source
from climcomp.source.files import find_files, identify, sniff_format


def test_a_pattern_that_matches_nothing_says_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "tas.nc").write_bytes(b"x")
    with pytest.raises(SourceError, match=r"no file matches .*pr_\*\.nc.*holds tas\.nc"):
        open_source(str(tmp_path / "pr_*.nc"))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"folder .*nowhere does not exist"):
        open_source(str(tmp_path / "nowhere" / "deep" / "a.nc"))


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(SourceError, match="list is empty"):
        open_source([])


def test_files_are_sorted_and_found_once(tmp_path: Path) -> None:
    for name in ("b.nc", "a.nc"):
        (tmp_path / name).write_bytes(b"x")
    expected = (str(tmp_path / "a.nc"), str(tmp_path / "b.nc"))
    assert find_files([str(tmp_path / "*.nc"), str(tmp_path / "b.nc")]) == expected


def test_a_folder_gives_its_netcdf_files(tmp_path: Path) -> None:
    (tmp_path / "a.nc").write_bytes(b"x")
    (tmp_path / "notes.txt").write_bytes(b"x")
    assert find_files(tmp_path) == (str(tmp_path / "a.nc"),)


def test_a_file_whose_name_looks_like_a_pattern_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a[1].nc"
    path.write_bytes(b"x")
    assert find_files(str(path)) == (str(path),)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "zero bytes"),
        (b"GRIB\x00\x02\x40\x01" + bytes(64), "it is GRIB.*grib_to_netcdf"),
        (b"0000000 bulletin\r\r\nGRIB\x00\x02\x40\x02" + bytes(64), "it is GRIB"),
        (b"\x0e\x03\x13\x01" + bytes(64), "HDF4.*convert"),
        (b"\x1f\x8b\x08" + bytes(64), "gzip.*gunzip"),
        (b"PK\x03\x04" + bytes(64), "zip archive.*unpack"),
        (b"<!DOCTYPE html><html>", "HTML.*Download it again"),
        (b"time,value\n1,2\n", "it is text .*'time,value'"),
        (b"mentions GRIB in a text\n", "it is text"),
        (b"\x93\x00\xff\xfe" + bytes(64), "neither NetCDF-3, NetCDF-4"),
    ],
)
def test_a_foreign_file_is_named_for_what_it_is(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "input.nc"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=message) as caught:
        open_source(path)
    assert str(path) in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    path.write_bytes(b"CDF\x01" + bytes(64))
    path.chmod(0)
    with pytest.raises(SourceError, match="no permission"):
        open_source(path)


def test_a_folder_without_zarr_metadata_is_refused(tmp_path: Path) -> None:
    store = tmp_path / "a.zarr"
    (store / "tas" / "c").mkdir(parents=True)
    with pytest.raises(SourceError, match=r"no Zarr store.*zarr\.json"):
        open_source(store)


def test_hdf5_behind_a_user_block_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    path.write_bytes(bytes(512) + b"\x89HDF\r\n\x1a\n" + bytes(8))
    assert sniff_format(str(path)) == "netcdf4"


def test_an_unknown_engine_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="known: netcdf4, h5netcdf, zarr"):
        open_source(tmp_path, engine="cfgrib")  # type: ignore[arg-type]


def test_identity_of_a_folder_counts_its_objects(tmp_path: Path) -> None:
    (tmp_path / "x" / "y").mkdir(parents=True)
    (tmp_path / "x" / "y" / "0").write_bytes(b"12345")
    (tmp_path / "zarr.json").write_bytes(b"{}")
    identity = identify(str(tmp_path))
    assert (identity.size_bytes, identity.objects) == (7, 2)
    assert identity.mtime_ns == max(
        p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()
    )
