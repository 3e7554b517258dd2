"""Claims about `climcomp get --at`: values at places, and first of all that they have no bound."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from climcomp.archive import open_archive
from climcomp.codecs import get_codec
from climcomp.query import evaluate_at

Climcomp = Callable[..., Any]
LAYOUT = {"chunk": (4, 1, 9, 36), "shard": (8, 2, 9, 36), "codec": "block"}
FIRST = "Preview values without a bound: they are what the networks of tas say"
BERLIN = "52.5,13.4,2000-02-30T06:00,level=850"


@pytest.fixture
def networks(make_archive: Any, content: Any) -> Path:
    """The archive of `content`, smoother: `tas` and `ts` (no levels) by networks, `hus` by SZ3."""
    dims, values, attributes = content["tas"]
    lat, lon = np.radians(content["lat"][1])[:, None], np.radians(content["lon"][1])
    smooth = 280 + 10 * np.sin(lat) + 5 * np.cos(lat) * np.sin(lon)
    steps = np.arange(24)[:, None, None, None]
    filled = np.where(values == attributes["_FillValue"], values, smooth + 0.1 * steps)
    content["tas"] = dims, filled.astype("f4"), attributes
    content["ts"] = ("time", "lat", "lon"), filled[:, 0].astype("f4"), attributes
    content["hus"] = dims, filled.astype("f4"), attributes
    layout = {name: LAYOUT for name in ("tas", "hus")}
    layout["ts"] = {"chunk": (4, 9, 36), "codec": "block"}
    codec = get_codec("inr", effort=0)
    archive: Path = make_archive(
        content,
        layout=layout,
        bounds={"tas": 0.1, "ts": 0.1, "hus": 0.1},
        codecs={"tas": codec, "ts": codec},
    )
    return archive


def test_the_first_line_says_that_there_is_no_bound(climcomp: Climcomp, networks: Path) -> None:
    said = climcomp("get", networks, "tas", "--at", BERLIN, "--at=-33.9,-170,2001-01-01,level=600")
    assert said.code == 0, said.err
    first, empty, header, *rows = said.out.splitlines()[:5]
    assert first.startswith(FIRST)
    assert (empty, header.split()) == ("", ["lat", "lon", "time", "level", "tas", "[K]", "from"])
    at = {"lat": [52.5, -33.9], "lon": [13.4, 190], "level": [850, 600],
          "time": ["2000-02-30T06", "2001-01-01"]}  # fmt: skip
    expected = evaluate_at(open_archive(networks), "tas", at)
    assert [float(row.split()[4]) for row in rows] == pytest.approx(expected.values, rel=1e-6)
    assert all(row.endswith("network, no bound") for row in rows)
    assert "1 of 2 values is between blocks" in said.out


def test_json_says_it_all(climcomp: Climcomp, networks: Path) -> None:
    said = climcomp("get", networks, "tas", "--at", BERLIN, "--at", "80,0,2000-01-16,level=500",
                    "--json").document  # fmt: skip
    assert said["statement"].startswith(FIRST)
    (tas,) = said["variables"]
    assert (tas["bound"], tas["unit"], tas["from"]) == (None, "K", ["network", "missing"])
    assert tas["values"][1] == "NaN"
    assert tas["indices"][0] == pytest.approx([1 + 14.25 / 30, 0, 1.375, 1.34])
    assert tas["blocks"] == [[[0, 0, 0, 0]], [[0, 1, 0, 0]]]
    off = tas["network_rms_error"][0]
    assert (0 < off < 2, tas["network_rms_error"][1]) == (True, "NaN")
    assert tas["notes"] == [
        "1 of 2 values is missing: a cell around, with some weight, is missing",
        f"at the grid points of their blocks the networks are off by {off:.3g} K, root mean square",
    ]
    assert said["places"]["time"] == ["2000-02-30T06:00", "2000-01-16"]


STATIONS = '\ufeffname, lat,lon,time\nBerlin,52.5,13.4,2000-07-01\n\n"Sydney, NSW",-33.9,151.2,2000-08-01T12:00\n'  # noqa: E501


def test_a_list_of_stations_becomes_a_table(
    climcomp: Climcomp, networks: Path, tmp_path: Path
) -> None:
    places, out = tmp_path / "stations.csv", tmp_path / "out.csv"
    places.write_text(STATIONS)
    for level in (("--level", 850), ("--ilevel", 0), ("--index", "lev=0")):
        said = climcomp(
            "get", networks, "tas", "--at", f"@{places}", *level, "-o", out, "--overwrite"
        )
        assert said.code == 0, said.err
        assert said.out.startswith(FIRST)
        rows = list(csv.DictReader(out.read_text().splitlines()))
        assert [row["name"] for row in rows] == ["Berlin", "Sydney, NSW"]
        assert {row["tas_from"] for row in rows} == {"network, no bound"}
        at = {"lat": [52.5, -33.9], "lon": [13.4, 151.2], "level": 850,
              "time": ["2000-07-01", "2000-08-01T12"]}  # fmt: skip
        expected = evaluate_at(open_archive(networks), "tas", at)
        assert [float(row["tas"]) for row in rows] == pytest.approx(expected.values, rel=1e-8)
    assert climcomp("get", networks, "tas", "--at", f"@{places}", *level, "-o", out).code == 2


def test_each_variable_takes_the_coordinates_that_it_has(
    climcomp: Climcomp, networks: Path
) -> None:
    said = climcomp("get", networks, "tas", "ts", "--at", BERLIN, "--json").document
    assert [variable["name"] for variable in said["variables"]] == ["tas", "ts"]
    assert [len(variable["dims"]) for variable in said["variables"]] == [4, 3]
    text = climcomp("get", networks, "tas", "ts", "--at", BERLIN, "--itime", "3").err
    assert "places along time are given twice" in text
    both = climcomp("get", networks, "tas", "ts", "--at", "20,30,level=850", "--itime", "3.5")
    assert (both.code, "note: ts: 1 of 1 values is between blocks" in both.out) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--at", "52.5"], ["not given: time", "lon"]),
        (["--at", "a,b,2000-02-01,level=850"], ["found 'a' along lat", "finite number"]),
        (["--at", "1,2,3,4"], ["found '1,2,3,4'; wanted LAT,LON"]),
        (["--at", "lat=1,2"], ["found 'lat=1,2'; wanted LAT,LON"]),
        (["--at", "1,2,lat=3"], ["found '1,2,lat=3'; wanted LAT,LON"]),
        (["--at", "1,,2"], ["wanted LAT,LON"]),
        (["--at", "1,2,level="], ["wanted LAT,LON"]),
        (["--at", "1,2", "--at", "1,2,2000-02-01"], ["one place has lat, lon, another lat, lon, "]),
        (["--at", "1,2,2000-02-31,level=850"], ["calendar '360_day'"]),
        (["--at", "1,2,2000-02-01,level=900"], ["900 is outside of lev (850 hPa to 500 hPa)"]),
        (["--at", "1,2,2000-02-01,depth=9"], ["tas has no dimension 'depth'"]),
        (["--at", "1,2,2000-02-01", "--level", "850,500"], ["one level for all places"]),
        (["--at", BERLIN, "--level", "850"], ["--level: the places have a level of their own"]),
        (["--at", "1,2,2000-02-01", "--ilevel", "0:2"], ["--ilevel: found level=0:2", "one pos"]),
        (["--at", "1,2,2000-02-01", "--index", "lev"], ["--index: found lev="]),
        (["--at", "1,2,2000-02-01", "--index", "=1"], ["--index: found =1"]),
        (["--at", "1,2,2000-02-01", "--ilevel", "0", "--index", "level=1"], ["level=0"]),
        (["--at", BERLIN, "--time", "2000"], ["--at gives places, and --time"]),
        (["--at", BERLIN, "--box=1,2,3,4"], ["--at gives places, and --box"]),
        (["--at", BERLIN, "--mask-outside"], ["--at gives places, and --mask-outside"]),
        (["--at", BERLIN, "-o", "o.nc"], ["o.nc: --at gives a table; wanted the name of a .csv"]),
        (["--at", "@nowhere.csv"], ["nowhere.csv cannot be read: No such file"]),
        ([], ["name a file to write", "--at"]),
    ],
)
def test_what_cannot_be_asked_is_refused(
    climcomp: Climcomp, networks: Path, arguments: list[str], words: list[str]
) -> None:
    said = climcomp("get", networks, "tas", *arguments)
    assert said.code == 2, said.out
    assert said.err.startswith("climcomp: error: ")
    assert all(word in said.err for word in words), said.err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has no places; wanted a first line of names"),
        ("lat,lon,time\n", "has no places; wanted a first line of names"),
        ("lat,lon,lat\n1,2,3\n", "the first line of"),
        ("lat,,time\n1,2,3\n", "the first line of"),
        ("lat,lon,time\n1,2,2000-02-01\n3,4\n", "line 3 of"),
        ("lat,lon,time\n1,2,\n", "wanted a date"),
        ("station,lat,lon\nA,1,2\n", "not given: time"),
        ("52.5,13.4\n50,8\n", "not given: time"),
    ],
)
def test_a_list_that_cannot_be_read_is_refused(
    climcomp: Climcomp, networks: Path, tmp_path: Path, text: str, says: str
) -> None:
    places = tmp_path / "places.csv"
    places.write_text(text)
    said = climcomp("get", networks, "tas", "--at", f"@{places}", "--level", "850")
    assert (said.code, says in said.err) == (2, True), said.err


def test_a_list_with_a_coordinate_that_the_variable_has_not_is_refused(
    climcomp: Climcomp, networks: Path, tmp_path: Path
) -> None:
    places = tmp_path / "places.csv"
    places.write_text("lat,lon,time,level\n1,2,2000-02-01,850\n")
    said = climcomp("get", networks, "ts", "--at", f"@{places}")
    assert (said.code, "ts has no dimension 'level'" in said.err) == (2, True)
    assert climcomp("get", networks, "ts", "tas", "--at", f"@{places}").code == 0


def test_a_file_that_is_no_text_is_refused(
    climcomp: Climcomp, networks: Path, tmp_path: Path
) -> None:
    places = tmp_path / "places.nc"
    places.write_bytes(b"CDF\x01\xff\xfe")
    said = climcomp("get", networks, "tas", "--at", f"@{places}")
    assert (said.code, "cannot be read" in said.err) == (2, True)


def test_a_variable_without_networks_is_refused(climcomp: Climcomp, networks: Path) -> None:
    said = climcomp("get", networks, "hus", "--at", BERLIN)
    assert (said.code, "hus has no coordinate networks" in said.err) == (2, True)
    assert "xarray" in said.err


def test_a_damaged_block_is_said_to_be_damaged(climcomp: Climcomp, networks: Path) -> None:
    shard = networks / "tas" / "c.0.0.0.0"
    data = bytearray(shard.read_bytes())
    data[200] ^= 255
    shard.write_bytes(data)
    said = climcomp("get", networks, "tas", "--at", "1,2,2000-02-01,level=850")
    assert said.code == 1
    assert "tas/c.0.0.0.0: inner chunk (0, 0, 0, 0) of tas" in said.err
