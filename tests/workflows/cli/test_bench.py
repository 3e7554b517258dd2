"""`climcomp bench`: its files, its options, and what it refuses."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from climcomp.errors import StorageError

Climcomp = Callable[..., Any]


@pytest.fixture
def recipe(tmp_path: Path, source: Path) -> Path:
    path = tmp_path / "recipe.yaml"
    path.write_text(
        f"recipe: 1\nname: small\ninput: {{files: '{source}'}}\noutput: {{store: x.zarr}}\n"
        "variables: {tas: {bound: 0.05 K}}\nquality: bounds\n"
    )
    return path


def test_it_writes_table_and_page_and_says_the_short_of_it(
    climcomp: Climcomp, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = climcomp("bench", recipe, "--codecs", "zfp, sz3", "--bounds", "3")
    assert said.code == 0
    assert sorted(p.name for p in Path("small-bench").iterdir()) == [
        "bench.csv", "bench.html", "bench.json",
    ]  # fmt: skip
    assert "benching tas\n" in said.err
    assert "fails nothing: " in said.out
    assert "wrote small-bench/bench.json" in said.out
    assert "<svg" in Path("small-bench/bench.html").read_text()
    document = json.loads(Path("small-bench/bench.json").read_text())
    assert document["bench"] == 1
    assert {c["codec"] for c in document["variables"][0]["curves"]} == {"sz3", "zfp"}
    # An older bench is replaced.
    again = climcomp("bench", recipe, "--codecs", "zfp", "--bounds", "1", "--json")
    assert again.code == 0
    assert again.err == ""
    written = json.loads(Path("small-bench/bench.json").read_text())
    files, remark = again.document.pop("files"), again.document.pop("remark")
    assert len(files) == 3
    assert remark == ""
    assert {k: v for k, v in again.document.items() if k in written} == written


def test_without_matplotlib_the_table_comes_and_the_extra_is_named(
    climcomp: Climcomp, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    said = climcomp("bench", recipe, "--out", tmp_path / "b", "--codecs", "zfp", "--bounds", "1")
    assert said.code == 0
    assert "pip install 'climcomp[report]'" in said.out
    assert "climcomp[report]" in (tmp_path / "b" / "bench.html").read_text()
    assert (tmp_path / "b" / "bench.csv").stat().st_size > 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--codecs", "sz4"), "no codec is named 'sz4'"),
        (("--codecs", "lossless"), "keeps every bit"),
        (("--codecs", " , "), "wanted names with commas between them"),
        (("--variables", "tos"), "no variable 'tos'"),
        (("--variables", "lat"), "nothing to bench: lat: "),
        (("--bounds", "0"), "wanted a number, 1 or more"),
        (("--bounds", "many"), "wanted a number, 1 or more"),
        (("--bound", "3"), "unrecognized arguments"),
    ],
)
def test_wrong_options_are_named_and_leave_nothing(
    climcomp: Climcomp, recipe: Path, tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    out = tmp_path / "out"
    said = climcomp("bench", recipe, "--out", out, "--quiet", *options)
    assert said.code == 2
    assert words in said.err
    assert "Traceback" not in said.err
    assert not out.exists()


def test_a_folder_of_something_else_is_left_alone(
    climcomp: Climcomp, recipe: Path, tmp_path: Path
) -> None:
    out = tmp_path / "mine"
    out.mkdir()
    (out / "bench.csv").write_text("my own")
    said = climcomp("bench", recipe, "--out", out)
    assert said.code == 2
    assert "name another folder" in said.err
    assert (out / "bench.csv").read_text() == "my own"
    assert [p.name for p in out.iterdir()] == ["bench.csv"]


def test_a_folder_that_cannot_be_made_is_said_before_the_work(
    climcomp: Climcomp, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("the work began")

    monkeypatch.setattr("climcomp_workflows.bench.make.make_bench", never)
    (tmp_path / "file").write_text("x")
    said = climcomp("bench", recipe, "--out", tmp_path / "file" / "below")
    assert said.code == 4
    assert "Name another folder with --out" in said.err


def test_a_full_disk_is_no_traceback(
    climcomp: Climcomp, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise StorageError("the disk is full: 3 bytes are missing")

    monkeypatch.setattr("climcomp_workflows.cli.bench.write_file", full)
    said = climcomp("bench", recipe, "--out", tmp_path / "b", "--codecs", "zfp", "--bounds", "1")
    assert said.code == 4
    assert "3 bytes are missing" in said.err


def test_a_missing_source_is_3(climcomp: Climcomp, tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text("recipe: 1\nname: x\ninput: {files: a.nc}\noutput: {store: x.zarr}\n")
    said = climcomp("bench", path, "--out", tmp_path / "b")
    assert said.code == 3
    assert not (tmp_path / "b").exists()
