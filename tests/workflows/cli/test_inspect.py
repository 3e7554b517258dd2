"""Claims about `climcomp inspect` and `report`: what they say is what is stored."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from climcomp.archive import Journal, JournalHeader, open_archive, open_store
from climcomp_metrics.report import BoundReport, ErrorReport, Report, ShardReport, VariableReport

Climcomp = Callable[..., Any]


def report_of(stored: int) -> bytes:
    tas = VariableReport(
        name="tas",
        how="lossy",
        dims=("time", "lev", "lat", "lon"),
        shape=(24, 2, 9, 36),
        dtype="float32",
        kind="C",
        source_bytes=9000,
        raw_bytes=24 * 2 * 9 * 36 * 4,
        stored_bytes=stored,
        unit="K",
        codecs={"sz3": 20, "lossless": 4},
        bound=BoundReport(text="0.01 K", kind="absolute", value=0.01, choice="recipe line 3"),
        error=ErrorReport(value=0.009, unit="K", place="time 3"),
        shards=ShardReport(total=3, rungs={"sz3 within 0.01 K": 2, "lossless": 1}),
    )
    report = Report(
        name="test",
        created="2026-01-01T00:00:00+00:00",
        climcomp="0.1.0",
        versions={},
        recipe_digest="a" * 64,
        plan_digest="b" * 64,
        source=(),
        variables=(tas,),
        source_bytes=9000,
        stored_bytes=stored,
    )
    return json.dumps(report.to_dict()).encode()


@pytest.fixture
def reported(make_archive: Any, content: Any) -> Path:
    """An archive with a report."""
    layout = {"tas": {"chunk": (4, 1, 9, 18), "shard": (8, 2, 9, 36), "codec": "block"}}
    return make_archive(
        content, layout=layout, bounds={"tas": 0.01}, documents={"report.json": report_of(1234)}
    )


def test_sizes_are_those_of_the_files(climcomp: Climcomp, reported: Path) -> None:
    found = climcomp("inspect", reported, "--json").document
    sizes = {
        entry["name"]: sum(p.stat().st_size for p in (reported / entry["name"]).glob("c*"))
        for entry in found["variables"]
    }
    assert sizes == {entry["name"]: entry["stored_bytes"] for entry in found["variables"]}
    assert found["data_bytes"] == sum(sizes.values())
    (tas,) = (entry for entry in found["variables"] if entry["name"] == "tas")
    assert tas["objects"] == 3
    assert tas["ratio"] == 24 * 2 * 9 * 36 * 4 / sizes["tas"]
    assert (tas["bound"], tas["error"], tas["place"]) == ("0.01 K", "0.009 K", "time 3")


def test_the_table_has_bound_and_error(climcomp: Climcomp, reported: Path) -> None:
    said = climcomp("inspect", reported)
    assert said.code == 0
    (line,) = (line for line in said.out.splitlines() if line.startswith("tas "))
    assert "0.01 K, 0.009 K" in line
    assert "lossless+sz3" in line
    assert "time 24 x lev 2 x lat 9 x lon 36" in line


def test_an_archive_without_a_report_can_be_inspected(climcomp: Climcomp, archive: Path) -> None:
    said = climcomp("inspect", archive)
    assert said.code == 0
    assert "without a report" in said.out
    refused = climcomp("report", archive)
    assert (refused.code, "no report" in refused.err) == (2, True)


def test_a_variable_is_shown_with_blocks_and_rungs(climcomp: Climcomp, reported: Path) -> None:
    found = climcomp("inspect", reported, "tas", "--json").document
    assert found["blocks_by_codec"] == {"sz3": 20, "lossless": 4}
    assert found["chunk_grid"] == [6, 2, 1, 2]
    assert found["object_bytes"]["least"] <= found["object_bytes"]["most"]
    said = climcomp("inspect", reported, "tas")
    assert "sz3: 20, lossless: 4" in said.out
    assert ":number = 3" in said.out


def test_a_misspelt_variable_is_told_the_nearest(climcomp: Climcomp, reported: Path) -> None:
    said = climcomp("inspect", reported, "tsa")
    assert said.code == 2
    assert "tas" in said.err


@pytest.mark.parametrize("index", [(0, 0, 0, 0), (3, 1, 0, 1), (5, 0, 0, 0)])
def test_the_header_of_any_inner_chunk_is_read_out_of_its_shard(
    climcomp: Climcomp, archive: Path, index: tuple[int, ...]
) -> None:
    text = ",".join(map(str, index))
    found = climcomp("inspect", archive, "tas", "--chunk", text, "--json").document
    header = found["header"]
    assert header["codec"] == "sz3"
    assert header["shape"] == [4, 1, 9, 18]
    assert header["bound"] == {"kind": "absolute", "value": 0.01}
    # Only the first column of cells has fill values.
    assert (header["mask_bytes"] > 0) == (index[3] == 0)
    assert found["key"] == f"tas/c.{index[0] // 2}.0.0.0"
    assert climcomp("inspect", archive, "tas", "--chunk", text).code == 0


def test_a_chunk_of_a_plain_array_has_no_header(climcomp: Climcomp, archive: Path) -> None:
    said = climcomp("inspect", archive, "lat", "--chunk", "0")
    assert said.code == 0
    assert "no header" in said.out


@pytest.mark.parametrize("text", ["0", "6,0,0,0", "-1,0,0,0", "a"])
def test_a_chunk_that_is_not_there_is_refused(climcomp: Climcomp, archive: Path, text: str) -> None:
    assert climcomp("inspect", archive, "tas", f"--chunk={text}").code == 2


@pytest.mark.parametrize("place", ["payload", "index", "all", "file"])
def test_a_damaged_chunk_is_said_to_be_damaged(
    climcomp: Climcomp, archive: Path, place: str
) -> None:
    shard = archive / "tas" / "c.0.0.0.0"
    data = bytearray(shard.read_bytes())
    if place == "file":
        shard.unlink()
    else:
        if place == "all":
            data = data[:20]
        else:
            data[30 if place == "payload" else -10] ^= 255
        shard.write_bytes(data)
    said = climcomp("inspect", archive, "tas", "--chunk", "0,0,0,0")
    assert said.code == 1, said.out
    assert "tas/c.0.0.0.0" in said.err


def test_the_report_is_printed_and_its_page_written_again(
    climcomp: Climcomp, reported: Path, tmp_path: Path
) -> None:
    said = climcomp("report", reported)
    assert said.code == 0
    assert "Report of test" in said.out
    page = tmp_path / "r.html"
    assert climcomp("report", reported, "--html", page).code == 0
    assert page.read_text().startswith("<!doctype html>")
    assert climcomp("report", reported, "--html", page).code == 2
    assert climcomp("report", reported, "--html", page, "--overwrite").code == 0
    assert climcomp("report", reported, "--json").document["name"] == "test"


def test_a_changed_report_is_damage(climcomp: Climcomp, reported: Path) -> None:
    path = reported / "climcomp" / "report.json"
    path.write_bytes(path.read_bytes().replace(b"0.009", b"0.001"))
    assert climcomp("report", reported).code == 1
    assert climcomp("inspect", reported).code == 1


@pytest.fixture
def unfinished(tmp_path: Path, climcomp: Climcomp) -> Path:
    """A store of a stopped run: its plan, and a journal of two shards and a new attempt."""
    from climcomp_workflows.plan.make import make_plan
    from climcomp_workflows.recipe import load_recipe

    pytest.importorskip("iris_sample_data")
    plan, _ = make_plan(load_recipe("quickstart"))
    store = open_store(tmp_path / "unfinished.zarr")
    store.put("climcomp/plan.json", plan.to_json())
    with Journal(store, JournalHeader("r", "p", "s")) as journal:
        shard = {"kind": "shard", "attempt": 0, "index": [0, 0, 0], "raw_bytes": 9, "size_bytes": 3}
        journal.append({**shard, "variable": "sst/surface_temperature"})
        attempt = {"kind": "attempt", "attempt": 1, "rung": 1, "because": ["x"]}
        journal.append({**attempt, "variable": "sst/surface_temperature"})
        journal.append({**shard, "variable": "a1b/air_temperature"})
    os.utime(store.path("climcomp/journal.jsonl"), (1e9, 1e9))
    return store.root


def test_an_unfinished_store_says_how_far_it_is_and_how_to_go_on(
    climcomp: Climcomp, unfinished: Path
) -> None:
    found = climcomp("inspect", unfinished, "--json").document
    assert (found["published"], found["done"], found["shards"]) == (False, 1, 2)
    assert found["last_record"] == "2001-09-09T01:46:40+00:00"
    said = climcomp("inspect", unfinished)
    assert said.code == 0
    assert "1 of 2 shards are done (50 %)" in said.out
    assert "climcomp run" in said.out
    assert "quickstart" in said.out


def test_the_values_said_of_a_chunk_are_the_chunks(climcomp: Climcomp, archive: Path) -> None:
    found = climcomp("inspect", archive, "tas", "--chunk", "5,1,0,1", "--json").document
    region = tuple(slice(*ends) for ends in found["values"])
    assert open_archive(archive).read("tas", region).shape == (4, 1, 9, 18)
    assert np.prod([stop - start for start, stop in found["values"]]) * 4 == found["raw_bytes"]
