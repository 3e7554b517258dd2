"""Claims about `climcomp verify`: where it looks for the source, and the receipt that it leaves."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from climcomp_workflows.cli.verify import source_files

Climcomp = Callable[..., Any]


@dataclass(frozen=True)
class Receipt:
    ok: bool

    def to_dict(self) -> dict[str, Any]:
        return {"ok": self.ok, "archive": "there"}

    def text(self) -> str:
        return "the receipt"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What `verify_archive` is asked; it answers as `ok` says."""
    seen: dict[str, Any] = {"ok": True}

    def recorded(store: str, *, source: bool, sources: Any, say: Any, **told: Any) -> Receipt:
        seen.update(store=store, source=source, sources=sources, told=told)
        return Receipt(seen["ok"])

    monkeypatch.setattr("climcomp_workflows.verify.verify_archive", recorded)
    return seen


def test_the_receipt_is_written_as_json_and_text(
    climcomp: Climcomp, asked: dict[str, Any], tmp_path: Path
) -> None:
    kept = tmp_path / "kept.json"
    said = climcomp("verify", "a.zarr", "--source", "--receipt", kept)
    assert said.code == 0
    assert (asked["store"], asked["source"], asked["sources"]) == ("a.zarr", True, None)
    assert json.loads(kept.read_text()) == {"ok": True, "archive": "there"}
    assert kept.with_suffix(".txt").read_text() == "the receipt"


def test_an_older_receipt_is_kept_before_anything_is_checked(
    climcomp: Climcomp, asked: dict[str, Any], tmp_path: Path
) -> None:
    kept = tmp_path / "kept.json"
    kept.with_suffix(".txt").write_text("older")
    assert climcomp("verify", "a.zarr", "--receipt", kept).code == 2
    assert "store" not in asked
    assert climcomp("verify", "a.zarr", "--receipt", kept, "--overwrite").code == 0


def test_damage_is_1_and_still_leaves_a_receipt(
    climcomp: Climcomp, asked: dict[str, Any], tmp_path: Path
) -> None:
    asked["ok"] = False
    said = climcomp("verify", "a.zarr", "--receipt", tmp_path / "r.json", "--json")
    assert (said.code, said.document["ok"]) == (1, False)
    assert asked["source"] is False
    assert (tmp_path / "r.json").exists()


def test_source_files_mean_source(climcomp: Climcomp, asked: dict[str, Any]) -> None:
    said = climcomp("verify", "a.zarr", "--source-files", "sst=/a/*.nc", "air=/b/*.nc")
    assert said.code == 0
    assert asked["source"] is True
    assert asked["sources"] == {"sst": ("/a/*.nc",), "air": ("/b/*.nc",)}


def test_all_time_steps_and_trusted_code_are_asked_for_by_name(
    climcomp: Climcomp, asked: dict[str, Any]
) -> None:
    assert climcomp("verify", "a.zarr", "--source").code == 0
    assert asked["told"] == {"full": False, "trust_plugins": False, "plugins": []}
    climcomp("verify", "a.zarr", "--source", "--full", "--plugins", "a.py", "b.py")
    assert asked["told"] == {
        "full": True, "trust_plugins": False, "plugins": [Path("a.py"), Path("b.py")]
    }  # fmt: skip
    climcomp("verify", "a.zarr", "--source", "--trust-plugins")
    assert asked["told"]["trust_plugins"] is True


def test_source_files_are_read_with_or_without_a_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a=b.nc").touch()
    found = source_files(["x/*.nc", "y.nc", "a=b.nc", "=c.nc", "g1=https://host/s.zarr"])
    root = [str(tmp_path / name) for name in ("x/*.nc", "y.nc", "a=b.nc", "c.nc")]
    assert found == {"": tuple(root), "g1": ("https://host/s.zarr",)}


def test_a_store_that_is_none_is_2(climcomp: Climcomp, tmp_path: Path) -> None:
    assert climcomp("verify", tmp_path / "nothing").code == 2
