"""Zarr of format 2 and 3, as xarray and zarr write it."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
import zarr

from climcomp.errors import SourceChangedError, SourceError
from climcomp.source import open_source, read_decoded

FORMATS = [2, 3]


def _dataset() -> xr.Dataset:
    field = np.arange(3 * 4 * 8, dtype="f4").reshape(3, 4, 8)
    field[0, 0, 0] = np.nan
    return xr.Dataset(
        {
            "tas": (("time", "lat", "lon"), field, {"units": "K"}),
            "count": ("lat", np.array([1, 2, 3, 2**40])),
            "land": ("lat", np.array([True, False, True, True])),
            "level": ((), np.float64(2.0)),
        },
        {
            "time": ("time", np.arange(3.0), {"units": "days since 2000-01-01"}),
            "lat": ("lat", np.arange(4.0), {"units": "degrees_north"}),
            "lon": ("lon", np.arange(8.0) * 45, {"units": "degrees_east"}),
        },
        {"title": "a test", "version": 3},
    )


def _write(path: Path, format: int, **settings: Any) -> Path:
    with warnings.catch_warnings():
        # Consolidated metadata are no part of the specification of format 3, zarr says.
        warnings.simplefilter("ignore")
        _dataset().to_zarr(path, zarr_format=format, **settings)  # type: ignore[call-overload]
    return path


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("consolidated", [True, False])
def test_both_formats_give_what_xarray_wrote(
    tmp_path: Path, format: int, consolidated: bool
) -> None:
    encoding = {"tas": {"chunks": (1, 4, 8), "_FillValue": np.float32(-9)}}
    path = _write(tmp_path / "a.zarr", format, consolidated=consolidated, encoding=encoding)
    source = open_source(path)
    with xr.open_zarr(path, decode_times=False, chunks=None, consolidated=consolidated) as theirs:
        for name in source.variables:
            actual, expected = read_decoded(source, name), theirs[name].values
            assert actual.dtype == expected.dtype
            assert actual.tobytes() == expected.tobytes()
    tas = source.variables["tas"]
    assert tas.dims == ("time", "lat", "lon")
    assert tas.chunks == (1, 4, 8)
    assert tas.fill_values == (np.float32(-9),)
    assert source.read("tas", (slice(0, 1),))[0, 0, 0] == -9
    assert source.read("land").dtype == np.dtype(bool)
    assert source.attributes == {"title": "a test", "version": 3}
    assert source.unlimited == {"": ()}
    on_disk = sum(p.stat().st_size for p in (path / "tas").rglob("*") if p.is_file())
    assert tas.storage_bytes == on_disk


def test_the_fill_value_that_xarray_hides_in_base64_is_decoded(tmp_path: Path) -> None:
    encoding = {"tas": {"_FillValue": np.float32(1e20)}}
    source = open_source(_write(tmp_path / "a.zarr", 3, encoding=encoding))
    assert source.variables["tas"].attributes["_FillValue"] == np.float32(1e20)


def test_shards_are_the_chunks_of_the_source(tmp_path: Path) -> None:
    encoding = {"tas": {"chunks": (1, 2, 4), "shards": (3, 4, 8)}}
    source = open_source(_write(tmp_path / "a.zarr", 3, encoding=encoding))
    assert source.variables["tas"].chunks == (3, 4, 8)


@pytest.mark.parametrize("format", FORMATS)
def test_groups_and_strings_come_back(tmp_path: Path, format: int) -> None:
    path = tmp_path / "a.zarr"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        root = zarr.create_group(path, zarr_format=format)  # type: ignore[arg-type]
        group = root.create_group("inner", attributes={"note": "x"})
        settings: dict[str, Any] = {"dimension_names": ["n"]} if format == 3 else {}
        array = group.create_array("name", shape=(2,), dtype=str, **settings)
        array[:] = np.array(["Z\u00fcrich", "b"])
        if format == 2:
            array.attrs["_ARRAY_DIMENSIONS"] = ["n"]
        bare = root.create_array("bare", shape=(2,), dtype="f4")
        bare[:] = 1
    source = open_source(path)
    assert source.read("inner/name").tolist() == ["Z\u00fcrich", "b"]
    assert source.variables["inner/name"].dtype == np.dtype(object)
    assert source.groups == {"inner": {"note": "x"}}
    assert "no names" in source.unsupported["bare"]
    assert open_source(path, group="inner").read("name").tolist() == ["Z\u00fcrich", "b"]


def test_big_endian_values_become_native(tmp_path: Path) -> None:
    path = tmp_path / "a.zarr"
    array = zarr.create_array(path / "x", shape=(4,), dtype=">f4", zarr_format=2)
    array[:] = np.arange(4)
    array.attrs["_ARRAY_DIMENSIONS"] = ["n"]
    zarr.open_group(path, mode="a", zarr_format=2)
    values = open_source(path).read("x")
    assert values.dtype == np.dtype("=f4")
    assert values.tolist() == [0, 1, 2, 3]


def test_a_store_without_root_metadata_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.zarr", 3)
    (path / "zarr.json").unlink()
    with pytest.raises(SourceError, match=r"unfinished or damaged"):
        open_source(path)


def test_damaged_metadata_are_refused_by_name(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.zarr", 3, consolidated=False)
    (path / "tas" / "zarr.json").write_text("{")
    with pytest.raises(SourceError, match=r"a\.zarr.*(cannot be opened|damaged)"):
        open_source(path)


def test_arrays_that_disagree_about_a_dimension_are_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.zarr", 3, consolidated=False)
    root = zarr.open_group(path, mode="a")
    root.create_array("odd", shape=(5,), dtype="f4", dimension_names=["lat"])
    with pytest.raises(SourceError, match="'lat' has length"):
        open_source(path)


def test_stores_are_combined_along_time(tmp_path: Path) -> None:
    _write(tmp_path / "a.zarr", 3)
    later = _dataset()
    later["time"] = ("time", np.arange(3.0) + 3, {"units": "days since 2000-01-01"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        later.to_zarr(tmp_path / "b.zarr", zarr_format=3)
    source = open_source(str(tmp_path / "*.zarr"))
    assert source.variables["tas"].shape == (6, 4, 8)
    assert source.read("time").tolist() == [0, 1, 2, 3, 4, 5]


def test_an_object_that_vanished_changes_the_identity(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.zarr", 3)
    before = open_source(path).identity()
    next((path / "tas" / "c").rglob("[0-9]*/*/*")).unlink()
    after = open_source(path)
    with pytest.raises(SourceChangedError, match=r"it had \d+ bytes and has"):
        after.check_unchanged(before)


def test_a_store_behind_a_url_is_read() -> None:
    url = "memory://climcomp-test-store.zarr"
    root = zarr.open_group(url, mode="w")
    root.create_array("a", shape=(4,), dtype="f4", dimension_names=["n"])[:] = np.arange(4)
    source = open_source(url)
    assert source.read("a").tolist() == [0, 1, 2, 3]
    assert source.variables["a"].storage_bytes > 0


def test_netcdf_behind_a_url_is_refused_with_what_to_do() -> None:
    with pytest.raises(SourceError, match="NetCDF has to be copied here first"):
        open_source("memory://nothing-there/a.nc")
