"""Claims about `climcomp get`: the part that was asked for, and all that belongs to it, exactly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
import xarray as xr

from climcomp.archive import open_archive
from climcomp.errors import StorageError
from climcomp_workflows.subset import parse_times, select, write_subset
from climcomp_workflows.subset.request import Request

Climcomp = Callable[..., Any]
DECODE = {"decode_times": xr.coders.CFDatetimeCoder(use_cftime=True)}


def raw(path: Path, name: str) -> np.ndarray:
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        return file[name][...]


def test_a_whole_variable_is_the_archives_bit_for_bit(
    climcomp: Climcomp, archive: Path, tmp_path: Path
) -> None:
    assert climcomp("get", archive, "tas", "-o", tmp_path / "o.nc").code == 0
    expected = open_archive(archive)
    for name in ("tas", "time", "time_bnds", "lon", "lat", "lev", "areacella", "crs", "height"):
        np.testing.assert_array_equal(expected.read(name), raw(tmp_path / "o.nc", name))
    with netCDF4.Dataset(tmp_path / "o.nc") as file:
        assert "orog" not in file.variables
        assert file.title == "a test"
        assert file.dimensions["time"].isunlimited()
        tas = file["tas"]
        assert tas.getncattr("_FillValue").dtype == np.float32
        assert tas.getncattr("missing_value") == np.float32(1e20)
        assert tas.number.dtype == np.int16
        assert tas.pair.dtype == np.float32
        assert tas.coordinates == "height"


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ("2000-03:2000-05-20", [2, 3, 4]),
        ("2000-03-16:2000-05-15", [2, 3]),
        ("2000", list(range(12))),
        ("2001-11:", [22, 23]),
        (":2000-01", [0]),
        ("2000-02-16", [1]),
        ("2000-02-16T00:00:2000-03-16T00", [1, 2]),
    ],
)
def test_times_include_both_ends_with_all_that_they_leave_open(
    climcomp: Climcomp, archive: Path, tmp_path: Path, times: str, expected: list[int]
) -> None:
    assert climcomp("get", archive, "tas", f"--time={times}", "-o", tmp_path / "o.nc").code == 0
    np.testing.assert_array_equal(np.array(expected) * 30 + 15.0, raw(tmp_path / "o.nc", "time"))


@pytest.mark.parametrize(
    "text", ["", ":", "soon", "2000-1", "2000-01-01 2001", "00:00", "2001:2000"]
)
def test_a_time_that_is_none_is_refused_with_an_example(
    climcomp: Climcomp, archive: Path, tmp_path: Path, text: str
) -> None:
    said = climcomp("get", archive, "tas", f"--time={text}", "-o", tmp_path / "o.nc")
    assert (said.code, "--time" in said.err) == (2, True)


@pytest.mark.parametrize(
    ("box", "lons", "lats"),
    [
        ("30,-30,60,30", [30, 40, 50, 60], [20, 0, -20]),
        ("-25,-30,25,30", [-20, -10, 0, 10, 20], [20, 0, -20]),
        ("335,0,385,0", [340, 350, 360, 370, 380], [0]),
        ("-60,-90,-30,90", [300, 310, 320, 330], [80, 60, 40, 20, 0, -20, -40, -60, -80]),
        ("170,60,-170,90", [170, 180, 190], [80, 60]),
        ("-180,0,180,0", list(range(0, 360, 10)), [0]),
        ("0,0,0,0", [0], [0]),
    ],
)
def test_a_box_is_found_whatever_the_first_meridian(
    climcomp: Climcomp,
    archive: Path,
    tmp_path: Path,
    box: str,
    lons: list[float],
    lats: list[float],
) -> None:
    assert climcomp("get", archive, "tas", f"--box={box}", "-o", tmp_path / "o.nc").code == 0
    np.testing.assert_array_equal(lons, raw(tmp_path / "o.nc", "lon"))
    np.testing.assert_array_equal(lats, raw(tmp_path / "o.nc", "lat"))
    np.testing.assert_array_equal(np.array(lons) - 5.0, raw(tmp_path / "o.nc", "lon_bnds")[:, 0])
    whole = open_archive(archive).read("tas")
    columns = [int(lon % 360) // 10 for lon in lons]
    rows = [round((80 - lat) / 20) for lat in lats]
    np.testing.assert_array_equal(whole[:, :, rows][..., columns], raw(tmp_path / "o.nc", "tas"))


def test_a_grid_from_minus_180_gives_a_box_across_the_date_line(
    climcomp: Climcomp, make_archive: Any, content: Any, tmp_path: Path
) -> None:
    lon = np.arange(-180, 180, 10.0)
    content["lon"] = (("lon",), lon, {"units": "degrees_east"})
    root = make_archive(content)
    assert climcomp("get", root, "tas", "--box=170,0,200,0", "-o", tmp_path / "o.nc").code == 0
    np.testing.assert_array_equal([170, 180, 190, 200], raw(tmp_path / "o.nc", "lon"))
    expected = open_archive(root).read("tas")[:, :, [4]][..., [35, 0, 1, 2]]
    np.testing.assert_array_equal(expected, raw(tmp_path / "o.nc", "tas"))


def test_a_first_meridian_that_is_there_twice_is_taken_once(
    climcomp: Climcomp, make_archive: Any, tmp_path: Path
) -> None:
    lon = np.arange(0, 361, 10.0)
    root = make_archive(
        {
            "t": (("lat", "lon"), np.zeros((2, lon.size), "f4"), {}),
            "lat": (("lat",), np.array([0.0, 10.0]), {"units": "degrees_north"}),
            "lon": (("lon",), lon, {"units": "degrees_east"}),
        }
    )
    assert climcomp("get", root, "t", "--box=-10,0,10,10", "-o", tmp_path / "o.nc").code == 0
    np.testing.assert_array_equal([-10, 0, 10], raw(tmp_path / "o.nc", "lon"))


def test_levels_are_chosen_by_value_by_range_and_by_position(
    climcomp: Climcomp, archive: Path, tmp_path: Path
) -> None:
    for option, expected in (
        ("--level=500", [500.0]),
        ("--level=500,850", [500.0, 850.0]),
        ("--level=600:900", [850.0]),
        ("--ilevel=1", [500.0]),
        ("--index=lev=0:1", [850.0]),
    ):
        said = climcomp("get", archive, "tas", option, "-o", tmp_path / "o.nc", "--overwrite")
        assert said.code == 0, said.err
        np.testing.assert_array_equal(expected, raw(tmp_path / "o.nc", "lev"))


def test_a_static_field_stays_whole_where_times_are_chosen(
    climcomp: Climcomp, archive: Path, tmp_path: Path
) -> None:
    said = climcomp(
        "get", archive, "tas", "orog", "--itime=-3:", "--box=0,-30,20,30", "-o", tmp_path / "o.nc"
    )
    assert said.code == 0
    assert raw(tmp_path / "o.nc", "tas").shape == (3, 2, 3, 3)
    assert raw(tmp_path / "o.nc", "orog").shape == (3, 3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tos"], ["no variable 'tos'", "tas"]),
        (["tas", "--time=1990"], ["2000-01-16", "2001-12-16", "24"]),
        (["tas", "--level=300"], ["850, 500 hPa"]),
        (["tas", "--itime=24:30"], ["0 to 23"]),
        (["tas", "--index=x=0:1"], ["no dimension 'x'", "lat"]),
        (["orog", "--time=2000"], ["no dimension of orog is a time"]),
        (["orog", "--level=500"], ["no levels"]),
        (["tas", "--itime=0:2", "--time=2000"], ["another option"]),
        (["tas", "--box=1,2,3"], ["WEST,SOUTH,EAST,NORTH"]),
        (["tas", "--box=0,40,10,30"], ["SOUTH <= NORTH"]),
        (["tas", "--mask-outside"], ["--box"]),
        (["tas", "--ilevel=a"], ["positions counted from 0"]),
    ],
)
def test_an_empty_or_wrong_selection_says_what_there_is(
    climcomp: Climcomp, archive: Path, tmp_path: Path, arguments: list[str], words: list[str]
) -> None:
    said = climcomp("get", archive, *arguments, "-o", tmp_path / "o.nc")
    assert said.code == 2
    assert said.err.startswith("climcomp: error: ")
    assert all(word in said.err for word in words), said.err
    assert not (tmp_path / "o.nc").exists()


def test_a_box_between_cells_is_refused_with_the_range(
    climcomp: Climcomp, make_archive: Any, tmp_path: Path
) -> None:
    root = make_archive(
        {
            "t": (("lat", "lon"), np.zeros((2, 4), "f4"), {}),
            "lat": (("lat",), np.array([10.0, 20.0]), {"units": "degrees_north"}),
            "lon": (("lon",), np.array([5.0, 6, 7, 8]), {"units": "degrees_east"}),
        }
    )
    said = climcomp("get", root, "t", "--box=40,10,50,20", "-o", tmp_path / "o.nc")
    assert said.code == 2
    assert "longitudes from 5 to 8 and latitudes from 10 to 20" in said.err


def test_a_calendar_that_cannot_be_read_is_cut_by_position(
    climcomp: Climcomp, make_archive: Any, content: Any, tmp_path: Path
) -> None:
    dims, values, _ = content["time"]
    content["time"] = (dims, values, {"units": "days since 0", "calendar": "sidereal"})
    root = make_archive(content)
    said = climcomp("get", root, "tas", "--time=2000", "-o", tmp_path / "o.nc")
    assert said.code == 2
    assert "--itime 0:24" in said.err
    assert climcomp("get", root, "tas", "--itime=2:4", "-o", tmp_path / "o.nc").code == 0
    with netCDF4.Dataset(tmp_path / "o.nc") as file:
        assert file["time"].units == "days since 0"
        assert file["time"].calendar == "sidereal"
        np.testing.assert_array_equal([75, 105], file["time"][:])


def curved(mask: bool = False) -> dict[str, Any]:
    j, i = np.mgrid[0:6, 0:8]
    lat = 40.0 + 2 * j + 0.5 * i
    lon = (350.0 + 3 * i - 1.0 * j) % 360
    values = np.arange(3 * 48, dtype="f4").reshape(3, 6, 8)
    attributes = {"coordinates": "nav_lat nav_lon"} | (
        {"_FillValue": np.float32(-9)} if mask else {}
    )
    return {
        "sst": (("t", "y", "x"), values, attributes),
        "nav_lat": (("y", "x"), lat, {"units": "degrees_north"}),
        "nav_lon": (("y", "x"), lon, {"units": "degrees_east"}),
    }


def test_on_a_curved_grid_the_smallest_rectangle_is_taken_and_said_to_be(
    climcomp: Climcomp, make_archive: Any, tmp_path: Path
) -> None:
    source = curved()
    root = make_archive(source)
    said = climcomp("get", root, "sst", "--box=-5,44,5,48", "-o", tmp_path / "o.nc")
    assert said.code == 0
    assert "smallest rectangle" in said.out
    lat, lon = source["nav_lat"][1], source["nav_lon"][1]
    inside = (lat >= 44) & (lat <= 48) & ((lon <= 5) | (lon >= 355))
    rows, columns = np.nonzero(inside.any(1))[0], np.nonzero(inside.any(0))[0]
    part = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    np.testing.assert_array_equal(
        source["sst"][1][(slice(None), *part)], raw(tmp_path / "o.nc", "sst")
    )
    np.testing.assert_array_equal(lon[part], raw(tmp_path / "o.nc", "nav_lon"))


@pytest.mark.parametrize("has_fill", [False, True])
def test_cells_outside_of_the_box_become_missing_only_on_request(
    climcomp: Climcomp, make_archive: Any, tmp_path: Path, has_fill: bool
) -> None:
    source = curved(has_fill)
    root = make_archive(source)
    said = climcomp(
        "get", root, "sst", "--box=-5,44,5,48", "--mask-outside", "-o", tmp_path / "o.nc"
    )
    assert said.code == 0
    data = xr.open_dataset(tmp_path / "o.nc").load()
    inside = (data.nav_lat >= 44) & (data.nav_lat <= 48)
    inside &= (data.nav_lon <= 5) | (data.nav_lon >= 355)
    np.testing.assert_array_equal(inside.values, data.sst.notnull().all("t").values)
    assert not np.isnan(data.nav_lat.values).any()


def test_cells_of_an_unstructured_grid_are_taken_one_by_one(
    climcomp: Climcomp, make_archive: Any, tmp_path: Path
) -> None:
    rng = np.random.default_rng(3)
    lat, lon = rng.uniform(-90, 90, 500), rng.uniform(0, 360, 500)
    values = rng.normal(size=(4, 500)).astype("f4")
    root = make_archive(
        {
            "ts": (("time", "ncol"), values, {"coordinates": "lat lon"}),
            "lat": (("ncol",), lat, {"units": "degrees_north"}),
            "lon": (("ncol",), lon, {"units": "degrees_east"}),
        }
    )
    assert climcomp("get", root, "ts", "--box=-30,0,30,60", "-o", tmp_path / "o.nc").code == 0
    inside = (lat >= 0) & (lat <= 60) & ((lon <= 30) | (lon >= 330))
    np.testing.assert_array_equal(values[:, inside], raw(tmp_path / "o.nc", "ts"))
    np.testing.assert_array_equal(lon[inside], raw(tmp_path / "o.nc", "lon"))


def test_a_mesh_comes_along_and_what_numbers_cells_only_with_all_of_them(
    climcomp: Climcomp, make_archive: Any, tmp_path: Path
) -> None:
    nodes = np.array([[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5]], "i4")
    topology = {
        "cf_role": "mesh_topology",
        "face_node_connectivity": "corners",
        "face_face_connectivity": "neighbours",
        "node_coordinates": "node_lon node_lat",
    }
    degrees = {"units": "degrees_east"}, {"units": "degrees_north"}
    root = make_archive(
        {
            "ts": (("face",), np.arange(4, dtype="f4"), {"mesh": "m", "coordinates": "lon lat"}),
            "m": ((), np.int32(0), topology),
            "lon": (("face",), np.array([0.0, 10, 20, 30]), degrees[0]),
            "lat": (("face",), np.array([0.0, 5, 10, 15]), degrees[1]),
            "corners": (("face", "three"), nodes, {}),
            "neighbours": (("face", "three"), nodes, {}),
            "node_lon": (("node",), np.arange(6.0), degrees[0]),
            "node_lat": (("node",), np.arange(6.0), degrees[1]),
        }
    )
    assert climcomp("get", root, "ts", "-o", tmp_path / "all.nc").code == 0
    np.testing.assert_array_equal(nodes, raw(tmp_path / "all.nc", "neighbours"))
    assert climcomp("get", root, "ts", "--box=5,0,25,90", "-o", tmp_path / "part.nc").code == 0
    np.testing.assert_array_equal(nodes[1:3], raw(tmp_path / "part.nc", "corners"))
    np.testing.assert_array_equal(np.arange(6.0), raw(tmp_path / "part.nc", "node_lon"))
    with netCDF4.Dataset(tmp_path / "part.nc") as file:
        assert "neighbours" not in file.variables


def test_a_variable_of_a_group_comes_to_stand_in_the_root(
    climcomp: Climcomp, make_archive: Any, content: Any, tmp_path: Path
) -> None:
    root = make_archive(
        {f"model/{name}": entry for name, entry in content.items()},
        groups={"model": {"source": "a model", "version": np.float32(1.5)}},
        unlimited={"model": ("time",)},
    )
    assert climcomp("get", root, "tas", "--time=2000-07", "-o", tmp_path / "o.nc").code == 0
    with netCDF4.Dataset(tmp_path / "o.nc") as file:
        assert not file.groups
        assert (file.title, file.source) == ("a test", "a model")
        assert file.version.dtype == np.float32
        assert file["tas"].shape == (1, 2, 9, 36)
        assert file.dimensions["time"].isunlimited()


def test_variables_of_two_groups_keep_their_groups(
    climcomp: Climcomp, make_archive: Any, content: Any, tmp_path: Path
) -> None:
    some = {name: content[name] for name in ("orog", "lat", "lon", "lon_bnds")}
    both = {f"{group}/{name}": entry for group in "ab" for name, entry in some.items()}
    root = make_archive(both, groups={"a": {"x": 1}, "b": {"x": 2}})
    said = climcomp("get", root, "orog", "-o", tmp_path / "o.nc")
    assert (said.code, "a/orog, b/orog" in said.err) == (2, True)
    assert climcomp("get", root, "a/orog", "b/orog", "-o", tmp_path / "o.nc").code == 0
    with netCDF4.Dataset(tmp_path / "o.nc") as file:
        assert [file[group].x for group in "ab"] == [1, 2]
        assert file["a"]["orog"].shape == (9, 36)


OTHERS = {
    "names": (("time",), np.array([f"ö{i}" for i in range(24)], object), {}),
    "flag": (("time",), np.arange(24) % 2 == 0, {}),
    "letters": (("time", "slen"), np.full((24, 3), b"x", "S1"), {"_FillValue": b"-"}),
    "words": (("time",), np.array([b"abc", b"de"] * 12, "S3"), {}),
    "packed": (
        ("time",),
        np.arange(24, dtype="i2"),
        {"scale_factor": np.float64(0.5), "_FillValue": np.int16(-1)},
    ),
    "bytes": (("time",), np.arange(24, dtype="u1"), {"flag_values": np.array([1, 2], "u1")}),
    "large": (("time",), np.arange(24, dtype="u8") + 2**63, {}),
}  # fmt: skip


@pytest.mark.parametrize("ending", ["nc", "zarr"])
def test_texts_booleans_packed_and_other_types_come_back(
    climcomp: Climcomp, make_archive: Any, content: Any, tmp_path: Path, ending: str
) -> None:
    root = make_archive({**content, **OTHERS})
    out = tmp_path / f"o.{ending}"
    said = climcomp("get", root, *OTHERS, "--time=2000-01:2000-03", "-o", out)
    assert said.code == 0, said.err
    found = xr.open_dataset(out, engine="netcdf4" if ending == "nc" else "zarr", decode_cf=False)
    expected = xr.open_zarr(root, decode_cf=False).isel(time=slice(0, 3)).load()
    for name in ("packed", "bytes", "large"):
        np.testing.assert_array_equal(expected[name].values, found[name].values)
        assert expected[name].dtype == found[name].dtype
    decoded = xr.open_dataset(out, engine="netcdf4" if ending == "nc" else "zarr", **DECODE)
    assert decoded.flag.dtype == bool
    np.testing.assert_array_equal([True, False, True], decoded.flag.values)
    assert [str(name) for name in decoded.names.values] == ["ö0", "ö1", "ö2"]
    assert [bytes(word) for word in decoded.words.values] == [b"abc", b"de", b"abc"]
    np.testing.assert_array_equal([0, 0.5, 1], decoded.packed.values)
    if ending == "nc":
        with netCDF4.Dataset(out) as file:
            assert file["packed"].scale_factor.dtype == np.float64
            assert file["bytes"].flag_values.dtype == np.uint8
            assert file["letters"].dtype == "S1"


def test_netcdf_and_zarr_hold_the_same(climcomp: Climcomp, archive: Path, tmp_path: Path) -> None:
    options = ("--time=2000-03:2001-02", "--box=-25,-30,25,30", "--level=500")
    for ending in ("nc", "zarr"):
        assert climcomp("get", archive, "tas", *options, "-o", tmp_path / f"o.{ending}").code == 0
    netcdf = xr.open_dataset(tmp_path / "o.nc", **DECODE).load()
    zarr = xr.open_zarr(tmp_path / "o.zarr", **DECODE).load()
    xr.testing.assert_identical(netcdf, zarr)
    # A subset is an archive: it can be cut again, types and unlimited dimensions included.
    assert climcomp("get", tmp_path / "o.zarr", "tas", "-o", tmp_path / "again.nc").code == 0
    xr.testing.assert_identical(netcdf, xr.open_dataset(tmp_path / "again.nc", **DECODE).load())
    with netCDF4.Dataset(tmp_path / "again.nc") as file:
        assert file["tas"].number.dtype == np.int16
        assert file.dimensions["time"].isunlimited()


def test_an_existing_file_is_replaced_only_if_it_is_said(
    climcomp: Climcomp, archive: Path, tmp_path: Path
) -> None:
    for out in (tmp_path / "o.nc", tmp_path / "o.zarr"):
        assert climcomp("get", archive, "orog", "-o", out).code == 0
        said = climcomp("get", archive, "tas", "-o", out)
        assert (said.code, "--overwrite" in said.err) == (2, True)
        assert climcomp("get", archive, "tas", "-o", out, "--overwrite").code == 0
    assert "tas" in open_archive(tmp_path / "o.zarr").specs
    assert not list(tmp_path.glob(".*partial*"))


def test_neither_the_archive_nor_a_folder_of_others_is_ever_replaced(
    climcomp: Climcomp, archive: Path, tmp_path: Path
) -> None:
    others = tmp_path / "others.zarr"
    others.mkdir()
    (others / "thesis.txt").write_text("years")
    part = tmp_path / "part.zarr"
    assert climcomp("get", archive, "tas", "-o", part).code == 0
    for store, out in ((archive, archive), (archive, others), (part, part)):
        said = climcomp("get", store, "tas", "--itime=0", "-o", out, "--overwrite")
        assert said.code == 2
    assert open_archive(part).specs["tas"].shape[0] == 24
    assert (others / "thesis.txt").exists()
    assert "tas" in open_archive(archive).specs


@pytest.mark.parametrize("out", ["o.txt", "o", "nowhere/o.nc"])
def test_an_output_that_cannot_be_is_refused(
    climcomp: Climcomp, archive: Path, tmp_path: Path, out: str
) -> None:
    assert climcomp("get", archive, "tas", "-o", tmp_path / out).code == 2


@pytest.mark.parametrize("ending", ["nc", "zarr"])
def test_a_damaged_chunk_names_variable_and_chunk_and_leaves_nothing(
    climcomp: Climcomp, archive: Path, tmp_path: Path, ending: str
) -> None:
    shard = archive / "tas" / "c.1.0.0.0"
    data = bytearray(shard.read_bytes())
    data[200] ^= 255
    shard.write_bytes(data)
    said = climcomp("get", archive, "tas", "-o", tmp_path / f"o.{ending}")
    assert said.code == 1
    assert "tas/c.1.0.0.0" in said.err
    assert "inner chunk" in said.err
    assert [path.name for path in tmp_path.iterdir()] == [archive.name]
    # What is not touched is not read.
    assert climcomp("get", archive, "tas", "--itime=0:8", "-o", tmp_path / f"o.{ending}").code == 0


def test_only_the_chunks_that_are_wanted_are_read(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_archive(archive)
    subset = select(opened, ["tas"], Request(times=parse_times("2000-02:2000-03")))
    asked: list[Any] = []
    original = type(opened).read

    def watched(self: Any, name: str, region: Any = None) -> Any:
        asked.append((name, region))
        return original(self, name, region)

    monkeypatch.setattr(type(opened), "read", watched)
    write_subset(subset, tmp_path / "o.nc")
    times = [region[0] for name, region in asked if name == "tas"]
    assert times == [slice(1, 3)]


def test_a_disk_that_refuses_is_a_storage_error_and_leaves_nothing(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise RuntimeError("NetCDF: HDF error")

    subset = select(open_archive(archive), ["tas"], Request())
    monkeypatch.setattr("climcomp_workflows.subset.netcdf._write_variable", full)
    with pytest.raises(StorageError, match="HDF error"):
        write_subset(subset, tmp_path / "o.nc")
    assert [path.name for path in tmp_path.iterdir()] == [archive.name]


def test_json_says_what_was_written(climcomp: Climcomp, archive: Path, tmp_path: Path) -> None:
    said = climcomp("get", archive, "tas", "--itime=0:2", "-o", tmp_path / "o.nc", "--json")
    assert said.document["asked"] == ["tas"]
    assert said.document["variables"][0]["shape"] == [2, 2, 9, 36]
