"""NetCDF-3 and NetCDF-4 come through exactly: values, types, attributes, odd types."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import netCDF4
import numpy as np
import pytest

from climcomp.errors import SourceError
from climcomp.source import open_source
from climcomp.source.netcdf3_header import _Header

MakeFile = Callable[..., Path]
NETCDF3 = ("NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA")
FORMATS = (*NETCDF3, "NETCDF4", "NETCDF4_CLASSIC")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("unlimited", [True, False])
def test_every_format_gives_the_written_values(
    make_file: MakeFile, format: str, unlimited: bool
) -> None:
    path = make_file(format=format, unlimited=unlimited)
    source = open_source(path)
    expected = np.arange(3 * 4 * 8, dtype="f4").reshape(3, 4, 8)
    actual = source.read("tas")
    assert actual.dtype == np.dtype("=f4")
    assert actual.dtype.isnative
    np.testing.assert_array_equal(actual, expected)
    np.testing.assert_array_equal(
        source.read("tas", (slice(1, 3), slice(0, 4, 2))), expected[1:3, ::2]
    )
    assert source.unlimited[""] == (("time",) if unlimited else ())
    assert source.dimensions == {"": {"time": 3, "lat": 4, "lon": 8}}
    assert source.attributes["title"] == "a test"
    assert source.warnings == ()


@pytest.mark.parametrize("format", ["NETCDF3_CLASSIC", "NETCDF4"])
def test_attributes_keep_their_types(make_file: MakeFile, format: str) -> None:
    given = {
        "scale": np.float32(0.1),
        "many": np.array([1, -2, 3], dtype="i2"),
        "single": np.array([5], dtype="i4"),
        "note": "Grad \u00b0 C",
        "empty": "",
    }

    def change(file: Any) -> None:
        file["tas"].setncatts(given)
        file["tas"].setncattr("latin", b"Z\xfcrich")

    attributes = open_source(make_file(format=format, change=change)).variables["tas"].attributes
    for name, value in given.items():
        expected = value[0] if name == "single" else value
        assert np.asarray(attributes[name]).dtype == np.asarray(expected).dtype
        np.testing.assert_array_equal(attributes[name], expected)
    assert attributes["latin"] == "Z\u00fcrich"
    assert attributes["_FillValue"] == np.float32(1e20)
    assert isinstance(attributes["_FillValue"], np.float32)


@pytest.mark.parametrize("format", ["NETCDF3_CLASSIC", "NETCDF4"])
@pytest.mark.parametrize("type", ["S1", "i1", "i2", "i4", "f4", "f8"])
@pytest.mark.parametrize("dims", [(), ("lat",)])
def test_every_type_and_a_scalar_come_back(
    make_file: MakeFile, format: str, type: str, dims: tuple[str, ...]
) -> None:
    shape = (4,) if dims else ()
    values = np.arange(4).astype("i1")[: 4 if dims else 1].reshape(shape).astype(type)

    def change(file: Any) -> None:
        file.createVariable("odd", type, dims)[...] = values

    source = open_source(make_file(format=format, change=change))
    actual = source.read("odd")
    assert actual.dtype == values.dtype
    assert actual.shape == shape
    assert actual.tobytes() == values.tobytes()


def test_nan_payloads_and_negative_zeros_keep_their_bits(make_file: MakeFile) -> None:
    bits = np.array([0x7FC00001, 0x80000000, 0xFFC12345, 1] * 8, dtype="u4").reshape(4, 8)

    def change(file: Any) -> None:
        file["tas"][0] = bits.view("f4")

    for format in ("NETCDF3_CLASSIC", "NETCDF4"):
        source = open_source(make_file(f"{format}.nc", format=format, change=change))
        actual = source.read("tas", (slice(0, 1),))
        assert actual.tobytes() == bits.tobytes()


def test_strings_booleans_enumerations_and_unsigned_come_back(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("n", 3)
        file.createVariable("name", str, ("n",))[:] = np.array(["Z\u00fcrich", "", "b"], object)
        cloud = file.createEnumType("u1", "cloud", {"clear": 0, "thin": 1, "thick": 200})
        file.createVariable("sky", cloud, ("n",))[:] = np.array([0, 200, 1], "u1")
        file.createVariable("big", "u8", ("n",))[:] = np.array([0, 1, 2**64 - 1], "u8")
    with h5py.File(path, "a") as file:
        file["mask"] = np.array([True, False, True])
        file["mask"].dims[0].attach_scale(file["n"])
    source = open_source(path)
    assert source.read("name").tolist() == ["Z\u00fcrich", "", "b"]
    assert source.variables["name"].dtype == np.dtype(object)
    assert source.read("sky").tolist() == [0, 200, 1]
    assert source.variables["sky"].enum == (("clear", 0), ("thin", 1), ("thick", 200))
    assert source.read("big")[2] == 2**64 - 1
    assert source.read("mask").dtype == np.dtype(bool)
    assert source.read("mask").tolist() == [True, False, True]


def test_types_without_a_counterpart_are_left_out_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("n", 2)
        pair = file.createCompoundType(np.dtype([("u", "f4"), ("v", "f4")]), "pair")
        file.createVariable("wind", pair, ("n",))
        ragged = file.createVLType("f4", "ragged")
        file.createVariable("list", ragged, ("n",))
        file.createVariable("good", "f4", ("n",))[:] = 1
    with h5py.File(path, "a") as file:
        file["blob"] = np.zeros(2, "V5")
    source = open_source(path)
    assert set(source.unsupported) == {"wind", "list", "blob"}
    assert "compound" in source.unsupported["wind"]
    assert sum("is left out" in text for text in source.warnings) == 3
    assert source.read("good").tolist() == [1, 1]
    with pytest.raises(SourceError, match="'wind' cannot be read: its compound type"):
        source.read("wind")


def test_groups_have_full_names_and_inherit_dimensions(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("time", None)
        file.createVariable("time", "f8", ("time",))[:] = [0, 1]
        group = file.createGroup("model").createGroup("run1")
        group.note = "inner"
        group.createDimension("x", 3)
        group.createVariable("tas", "f4", ("time", "x"))[:] = np.arange(6).reshape(2, 3)
    source = open_source(path)
    assert set(source.variables) == {"time", "model/run1/tas"}
    assert source.dimensions == {"": {"time": 2}, "model": {}, "model/run1": {"x": 3}}
    assert source.groups["model/run1"] == {"note": "inner"}
    assert source.variables["model/run1/tas"].roles.time == "time"
    assert source.variables["model/run1/tas"].roles.time_coordinate == "time"
    inner = open_source(path, group="/model/run1")
    assert set(inner.variables) == {"tas"}
    assert inner.attributes == {"note": "inner"}
    assert inner.dimensions == {"": {"time": 2, "x": 3}}
    assert inner.unlimited == {"": ("time",)}
    np.testing.assert_array_equal(inner.read("tas"), source.read("model/run1/tas"))
    with pytest.raises(SourceError, match=r"no group 'modell'.*model, model/run1"):
        open_source(path, group="modell")


def test_what_was_not_yet_written_is_the_fill_value(make_file: MakeFile) -> None:
    def change(file: Any) -> None:
        short = file.createVariable("short", "f4", ("time", "lat"), fill_value=-9.0)
        short[0:1] = 5.0

    source = open_source(make_file(change=change))
    assert source.variables["short"].shape == (3, 4)
    assert source.read("short")[:, 0].tolist() == [5.0, -9.0, -9.0]
    assert source.read("short", (slice(0, 1),))[0, 0] == 5.0


def test_a_variable_named_like_a_foreign_dimension_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("x", 3)
        file.createDimension("y", 2)
        file.createVariable("x", "f4", ("y",))[:] = [1, 2]
    source = open_source(path)
    assert source.read("x").tolist() == [1, 2]
    assert source.unsupported == {}


def test_big_endian_half_and_plain_hdf5_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["big"] = np.arange(4, dtype=">f4")
        file["half"] = np.arange(4, dtype="f2")
        file["deep/x"] = np.arange(6, dtype=">i2").reshape(2, 3)
    source = open_source(path)
    assert source.read("big").dtype == np.dtype("=f4")
    assert source.variables["half"].dtype == np.dtype("f2")
    assert source.read("half").tolist() == [0, 1, 2, 3]
    assert source.read("deep/x")[1].tolist() == [3, 4, 5]


def test_chunks_and_stored_bytes_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("t", 100)
        packed = file.createVariable("packed", "f4", ("t",), zlib=True, chunksizes=(50,))
        packed[:] = 0
        plain = file.createVariable("plain", "f4", ("t",), contiguous=True)
        plain[:] = 0
    source = open_source(path)
    assert source.variables["packed"].chunks == (50,)
    assert source.variables["packed"].storage_bytes < 200
    assert source.variables["plain"].chunks is None
    assert source.variables["plain"].storage_bytes == source.variables["plain"].nbytes == 400


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("unlimited", [True, False])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.98])
def test_a_truncated_file_is_refused(
    make_file: MakeFile, format: str, unlimited: bool, share: float
) -> None:
    path = make_file(format=format, unlimited=unlimited)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(SourceError, match=r"truncated|cut off"):
        open_source(path)


@pytest.mark.parametrize("format", NETCDF3)
@pytest.mark.parametrize("type", ["i1", "i2", "f8"])
@pytest.mark.parametrize("count", [1, 2])
def test_a_complete_netcdf3_file_is_never_called_truncated(
    tmp_path: Path, format: str, type: str, count: int
) -> None:
    path = tmp_path / "a.nc"
    with netCDF4.Dataset(path, "w", format=format) as file:
        file.createDimension("t", None)
        file.createDimension("x", 3)
        for number in range(count):
            file.createVariable(f"v{number}", type, ("t", "x"))[0:5] = 1
        file.createVariable("last", type, ("x",))[:] = 1
    assert open_source(path).read("v0").shape == (5, 3)
    # Only padding may be missing: one byte less than the last value is too short.
    content = path.read_bytes()
    for cut in range(1, 5):
        path.write_bytes(content[:-cut])
        with contextlib.suppress(SourceError):
            open_source(path)
            continue
        break
    used = len(content) - cut + 1
    with path.open("rb") as file:
        assert _Header(file).data_end() == used
    assert len(content) - used < 4


def test_a_file_without_records_opens(make_file: MakeFile) -> None:
    for format in ("NETCDF3_CLASSIC", "NETCDF4"):
        source = open_source(make_file(f"{format}.nc", format=format, steps=0))
        assert source.read("tas").shape == (0, 4, 8)


@pytest.mark.parametrize("format", ["NETCDF3_CLASSIC", "NETCDF4"])
def test_a_damaged_header_is_an_error_of_ours_or_none(make_file: MakeFile, format: str) -> None:
    generator = np.random.default_rng(7)
    whole = make_file(format=format).read_bytes()
    refused = 0
    for attempt in range(40):
        damaged = bytearray(whole)
        for at in generator.integers(4, min(len(whole), 2000), 6):
            damaged[at] = generator.integers(256)
        path = make_file(f"{attempt}.nc")
        path.write_bytes(bytes(damaged))
        # Any other exception fails the test; some damage only changes a letter of a name.
        with contextlib.suppress(SourceError):
            open_source(path).read("tas")
            refused -= 1
        refused += 1
    assert refused > 5


def test_the_netcdf4_engine_reads_the_same(make_file: MakeFile) -> None:
    path = make_file()
    ours, theirs = open_source(path), open_source(path, engine="netcdf4")
    for name in ours.variables:
        assert ours.read(name).tobytes() == theirs.read(name).tobytes()
    with pytest.raises(SourceError, match="is netcdf4, which the engine 'zarr' cannot read"):
        open_source(path, engine="zarr")


def test_a_filter_that_h5py_lacks_is_read_by_netcdf4(make_file: MakeFile) -> None:
    def change(file: Any) -> None:
        try:
            packed = file.createVariable("packed", "f4", ("lat",), compression="zstd")
        except RuntimeError:
            pytest.skip("this netCDF4 was built without Zstandard")
        packed[:] = [1, 2, 3, 4]

    source = open_source(make_file(change=change))
    assert source.read("packed").tolist() == [1, 2, 3, 4]


def test_damaged_values_are_an_error_that_names_variable_and_region(make_file: MakeFile) -> None:
    def change(file: Any) -> None:
        file.createVariable("packed", "f4", ("lat",), fletcher32=True)[:] = [1.7, 2.7, 3.7, 4.7]

    path = make_file(change=change)
    content = path.read_bytes()
    values = np.array([1.7, 2.7, 3.7, 4.7], "f4").tobytes()
    assert content.count(values) == 1
    path.write_bytes(content.replace(values, np.array([1.7, 2.7, 3.7, 5.7], "f4").tobytes()))
    source = open_source(path)
    with pytest.raises(SourceError, match=r"'packed' cannot be read at \[0:4\]"):
        source.read("packed")
    assert source.read("tas").shape == (3, 4, 8)
