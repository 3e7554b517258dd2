"""Runs that are cut off while groups are judged come to the same archive, to the last bit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from climcomp.archive import Journal, open_store
from climcomp_metrics.report import Report
from climcomp_workflows.inspect_archive.unfinished import unfinished
from climcomp_workflows.recipe import Recipe
from climcomp_workflows.run import run_recipe
from climcomp_workflows.run import together as run_together
from climcomp_workflows.together import task as together_task
from climcomp_workflows.verify import verify_archive
from tests.workflows.together.winds import data_objects, extra, write_winds

MakeRecipe = Callable[..., Recipe]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file of winds."""
    return write_winds(tmp_path / "source.nc")


class Crash(BaseException):
    """Ends this process, as far as a run can tell."""


@pytest.fixture
def undisturbed(source: Path, make_recipe: MakeRecipe, tmp_path: Path) -> Report:
    """The report of an undisturbed run, whose archive is at `undisturbed.zarr`."""
    checks = ", limits: {T5-vorticity.fail: 0.01}"  # so that there are two rounds
    outcome = run_recipe(make_recipe(source, extra(checks=checks, ua=", on_fail: refuse")))
    (tmp_path / "out.zarr").rename(tmp_path / "undisturbed.zarr")
    assert outcome.report is not None
    return outcome.report


@pytest.mark.parametrize(
    "moment",
    ["measuring", "measuring again", "deciding", "decided", "decided again", "compressing"],
)
def test_a_run_that_is_cut_off_among_its_groups_comes_to_the_same_archive(
    undisturbed: Report,
    source: Path,
    make_recipe: MakeRecipe,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    moment: str,
) -> None:
    checks = ", limits: {T5-vorticity.fail: 0.01}"
    recipe = make_recipe(source, extra(checks=checks, ua=", on_fail: refuse"))
    append, measure = Journal.append, together_task.measure_window
    decided, measured = [], []

    def appending(journal: Journal, record: dict[str, Any]) -> None:
        is_decision = record.get("kind") == "together"
        if is_decision and moment == "deciding":
            raise Crash
        append(journal, record)
        decided.extend([record] * is_decision)
        later = moment == "compressing" and record.get("attempt") and record["variable"] == "va"
        if later or (is_decision and moment == ["", "decided", "decided again"][len(decided)]):
            raise Crash

    def measuring(task: Any) -> Any:
        measured.append(task)
        if len(measured) == {"measuring": 1, "measuring again": 2}.get(moment):
            raise Crash
        return measure(task)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", appending)
        patch.setattr(run_together, "measure_window", measuring)
        with pytest.raises(Crash):
            run_recipe(recipe)
    assert not (tmp_path / "out.zarr" / "zarr.json").exists()
    outcome = run_recipe(recipe)
    assert outcome.resumed
    assert outcome.refused == ("ua",)
    assert data_objects(outcome.store) == data_objects(tmp_path / "undisturbed.zarr")
    assert outcome.report is not None
    for mine, theirs in zip(outcome.report.variables, undisturbed.variables, strict=True):
        assert mine.attempts == theirs.attempts
        assert mine.verdicts == theirs.verdicts


def test_a_store_whose_partners_began_again_says_that_their_old_shards_do_not_count(
    source: Path, make_recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    append = Journal.append

    def appending(journal: Journal, record: dict[str, Any]) -> None:
        append(journal, record)
        if record.get("kind") == "together":
            raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", appending)
        with pytest.raises(Crash):
            run_recipe(make_recipe(source, extra()))
    found = {v["name"]: v for v in unfinished(open_store(tmp_path / "out.zarr"))["variables"]}
    assert {name: v["attempt"] for name, v in found.items()} == {"ua": 1, "va": 1, "tas": 0}
    assert {name: v["done"] for name, v in found.items()} == {"ua": 0, "va": 0, "tas": 6}


@pytest.mark.slow
def test_a_run_killed_while_it_judges_groups_goes_on_to_the_same_archive(
    source: Path, make_recipe: MakeRecipe, tmp_path: Path
) -> None:
    run_recipe(make_recipe(source, extra()))
    store = tmp_path / "out.zarr"
    expected = data_objects(store)
    store.rename(tmp_path / "undisturbed.zarr")
    text = make_recipe(source, extra(), cluster="kind: local, workers: 2").text
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(text)
    command = [sys.executable, "-m", "climcomp_workflows.cli", "run", str(recipe)]
    for words in (b"judging together", b"T5-vorticity"):
        log = tmp_path / "log.txt"
        with log.open("wb") as out:
            process = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)
        end = time.monotonic() + 120
        while words not in log.read_bytes():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end
            time.sleep(0.002)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert not (store / "zarr.json").exists()
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert data_objects(store) == expected
    assert verify_archive(str(store), source=True).ok
