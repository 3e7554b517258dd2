"""What an interrupted run has done, as its journal tells it, damaged or not."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from climcomp.archive import Journal, open_archive
from climcomp_workflows import shard
from climcomp_workflows.recipe import Recipe
from climcomp_workflows.run import run_recipe
from climcomp_workflows.run.history import read_history
from climcomp_workflows.shard import ShardResult
from climcomp_workflows.verify import verify_archive

MakeRecipe = Callable[..., Recipe]
EXTRA = "variables: {tas: {bound: 0.02 K}}\nquality: bounds\n"


def stored(
    index: int, attempt: int = 0, variable: str = "tas", sha256: str = "a"
) -> dict[str, Any]:
    """A record of a shard."""
    result = ShardResult(
        variable=variable,
        index=(index, 0),
        attempt=attempt,
        key=f"{variable}/c.{index}.0",
        rung=attempt,
        size_bytes=10,
        sha256=sha256,
        source_crc32c=1,
        check={},
    )
    return {"kind": "shard", **result.to_dict()}


def attempt(number: int, variable: str = "tas") -> dict[str, Any]:
    """A record of a new attempt."""
    because = ["C1 is 2, limit 1"]
    return {
        "kind": "attempt", "variable": variable, "attempt": number, "rung": number,
        "because": because,
    }  # fmt: skip


def test_every_variable_has_its_own_shards() -> None:
    found = read_history([stored(0), stored(1), stored(0, variable="pr")])
    assert {name: sorted(h.results) for name, h in found.items()} == {
        "tas": [(0, 0), (1, 0)],
        "pr": [(0, 0)],
    }


def test_of_a_shard_stored_twice_the_newer_counts() -> None:
    found = read_history([stored(0, sha256="old"), stored(0, sha256="new")])
    assert found["tas"].results[(0, 0)].sha256 == "new"


def test_only_the_newest_attempt_counts() -> None:
    found = read_history([stored(0), stored(1), attempt(1), stored(1, attempt=1)])
    assert list(found["tas"].results) == [(1, 0)]
    assert [a.number for a in found["tas"].attempts] == [1]
    assert found["tas"].attempts[0].because == ("C1 is 2, limit 1",)


def test_a_late_record_of_an_older_attempt_does_not_count() -> None:
    found = read_history([attempt(1), stored(0, attempt=0)])
    assert found["tas"].results == {}


def test_records_whose_attempt_was_lost_do_not_count() -> None:
    found = read_history([stored(0), stored(1, attempt=1)])
    assert list(found["tas"].results) == [(0, 0)]


def test_a_record_of_another_version_is_left_out_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    old = stored(0)
    del old["sha256"]
    with caplog.at_level(logging.WARNING):
        found = read_history([old, stored(1)])
    assert list(found["tas"].results) == [(1, 0)]
    assert "sha256" in caplog.text


class Crash(BaseException):
    """Ends this process, as far as a run can tell."""


@pytest.mark.parametrize("damage", ["middle", "torn", "header", "gone"])
def test_a_damaged_journal_costs_shards_and_nothing_else(
    source: Path,
    make_recipe: MakeRecipe,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    damage: str,
) -> None:
    recipe = make_recipe(source, EXTRA)
    expected = [
        e for e in open_archive(run_recipe(recipe).store).manifest() if e.key.startswith("tas/c")
    ]
    (tmp_path / "out.zarr").rename(tmp_path / "undisturbed.zarr")
    append, records = Journal.append, 0

    def ending(journal: Journal, record: dict[str, Any]) -> None:
        nonlocal records
        append(journal, record)
        records += record.get("kind") == "shard"
        if records == 4:
            raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", ending)
        with pytest.raises(Crash):
            run_recipe(recipe)
    path = tmp_path / "out.zarr" / "climcomp" / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    assert len(lines) == 5
    if damage == "middle":
        lines[2] = lines[2].replace(b"tas", b"tos", 1)
    elif damage == "torn":
        lines[4] = lines[4][:30]
    elif damage == "header":
        lines[0] = lines[0].replace(b"plan", b"plam", 1)
    path.write_bytes(b"".join(lines))
    if damage == "gone":
        path.unlink()
    compressed = []
    compress = shard.compress_shard

    def counted(task: shard.ShardTask) -> ShardResult:
        compressed.append(task.index)
        return compress(task)

    monkeypatch.setattr("climcomp_workflows.run.variable.compress_shard", counted)
    outcome = run_recipe(recipe)
    assert len(compressed) == {"middle": 3, "torn": 3, "header": 6, "gone": 6}[damage]
    found = [e for e in open_archive(outcome.store).manifest() if e.key.startswith("tas/c")]
    assert found == expected
    assert verify_archive(outcome.store, source=True).ok
