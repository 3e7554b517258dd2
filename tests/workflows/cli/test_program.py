"""Claims about the program: exit codes, JSON, help, signals, and how fast it starts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from climcomp import errors
from climcomp_workflows.cli import commands
from climcomp_workflows.cli.answer import json_text
from climcomp_workflows.cli.failure import error_text, exit_code
from climcomp_workflows.cluster import WorkerLostError

Climcomp = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[3]
PROGRAM = "import sys; from climcomp_workflows.cli import main; sys.exit(main())"
# A process that knows the packages, wherever the tests run.
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "metrics", ROOT / "workflows"))),
    "COLUMNS": "100",
}
HEAVY = ("numpy", "zarr", "xarray", "pydantic", "dask", "distributed", "numba", "netCDF4", "rich")


def process(*arguments: str, code: str = PROGRAM) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        timeout=60,
        check=False,
    )


def every_error() -> list[type[errors.ClimcompError]]:
    found = [errors.ClimcompError]
    for kind in found:
        found += kind.__subclasses__()
    return [kind for kind in found if kind.__module__ == errors.__name__]


EXPECTED = {
    "ClimcompError": 1,
    "UsageError": 2,
    "RecipeError": 2,
    "BoundError": 2,
    "SourceError": 3,
    "SourceChangedError": 3,
    "CodecError": 2,
    "TargetNotReached": 2,
    "FitDiverged": 2,
    "MissingExtraError": 2,
    "PayloadError": 1,
    "BoundNotKept": 1,
    "MetricError": 1,
    "ArchiveError": 2,
    "ArchiveExistsError": 2,
    "ArchiveLockedError": 4,
    "LeaseLostError": 4,
    "ArchiveDamagedError": 1,
    "StorageError": 4,
    "CriterionNotMet": 1,
}


@pytest.mark.parametrize("kind", every_error())
def test_every_error_has_its_exit_code(kind: type[errors.ClimcompError]) -> None:
    assert exit_code(kind("x")) == EXPECTED[kind.__name__]
    assert error_text(kind("x")) == "climcomp: error: x\n"


def test_a_lost_worker_a_signal_and_a_bug_have_theirs() -> None:
    assert exit_code(WorkerLostError("x")) == 4
    assert exit_code(KeyboardInterrupt()) == 4
    assert exit_code(ZeroDivisionError("x")) == 1


@pytest.mark.parametrize("name", commands.names())
def test_help_of_every_command_has_worked_examples(climcomp: Climcomp, name: str) -> None:
    said = climcomp(name, "--help")
    assert said.code == 0
    assert said.out.count(f"\n  climcomp {name}") >= 2
    assert "--json" in said.out


def test_the_commands_are_those_of_the_design() -> None:
    expected = "plan bench run verify inspect report get recipes init doctor"
    assert expected.split() == commands.names()


def test_without_arguments_it_shows_help(climcomp: Climcomp) -> None:
    said = climcomp()
    assert said.code == 0
    assert "climcomp init" in said.out
    assert "Exit codes" in said.out


@pytest.mark.parametrize(
    "arguments",
    [["fly"], ["run"], ["get", "x"], ["plan", "a", "--workers", "0"], ["plan", "a", "--wokrs", "2"],
     ["--quiet"], ["run", "no-such-recipe"], ["inspect", "/nowhere/at.all"], ["recipes", "era6"]],
)  # fmt: skip
def test_wrong_use_is_2_with_a_line_and_no_traceback(
    climcomp: Climcomp, arguments: list[str]
) -> None:
    said = climcomp(*arguments)
    assert said.code == 2
    assert said.out == ""
    assert said.err.startswith("climcomp: error: ")
    assert "Traceback" not in said.err
    as_json = climcomp(*arguments, "--json")
    assert as_json.code == as_json.document["error"]["exit_code"] == 2
    assert as_json.document["error"]["message"] in as_json.err


def test_a_recipe_with_errors_tells_all_of_them_to_machines_too(
    climcomp: Climcomp, tmp_path: Path
) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("recipe: 1\nname: x\ninput: {flies: a.nc}\noutput: {}\n")
    said = climcomp("plan", recipe, "--json")
    assert said.code == 2
    assert len(said.document["error"]["problems"]) >= 2
    assert said.document["error"]["class"] == "RecipeError"


def test_a_missing_source_is_3(climcomp: Climcomp, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("recipe: 1\nname: x\ninput: {files: a.nc}\noutput: {store: x.zarr}\n")
    said = climcomp("plan", recipe, "--quiet")
    assert said.code == 3
    assert "a.nc" in said.err


def test_a_bug_shows_its_traceback_and_what_to_report(
    climcomp: Climcomp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ZeroDivisionError("of a bug")

    monkeypatch.setattr("climcomp_workflows.recipe.bundled.bundled_recipes", broken)
    said = climcomp("recipes")
    assert said.code == 1
    assert "Traceback" in said.err
    assert "bug in climcomp" in said.err
    document = climcomp("recipes", "--json").document
    assert "of a bug" in document["error"]["traceback"]


def test_debug_shows_where_an_expected_error_came_from(climcomp: Climcomp) -> None:
    for arguments in (("--debug", "recipes", "era6"), ("recipes", "era6", "--debug")):
        said = climcomp(*arguments)
        assert said.code == 2
        assert "Traceback" in said.err


@pytest.mark.parametrize("arguments", [("--version",), ("--json", "--version")])
def test_the_version_is_told(climcomp: Climcomp, arguments: tuple[str, ...]) -> None:
    said = climcomp(*arguments)
    assert said.code == 0
    if "--json" in arguments:
        assert set(said.document) == {"version"}
    else:
        assert said.out.startswith("climcomp ")


def test_json_has_no_nan() -> None:
    text = json_text({"a": float("nan"), "b": [float("-inf"), 1.5], "c": b"x", 1: (True, None)})
    assert json.loads(text) == {"a": "NaN", "b": ["-Infinity", 1.5], "c": "x", "1": [True, None]}


def test_help_imports_nothing_heavy() -> None:
    code = f"""
import sys
from climcomp_workflows.cli import main
assert main(["--help"]) == 0
found = [name for name in {HEAVY!r} if name in sys.modules]
sys.exit(f"imported {{found}}" if found else 0)
"""
    done = process(code=code)
    assert done.returncode == 0, done.stderr


def test_the_program_runs_as_a_process() -> None:
    done = process("recipes", "--json")
    assert done.returncode == 0
    assert "quickstart" in {entry["name"] for entry in json.loads(done.stdout)["recipes"]}
    assert process("recipes", "era6").returncode == 2


def test_a_closed_pipe_is_no_error() -> None:
    text = "import os, sys; os.close(1); os.dup2(os.open(os.devnull, os.O_RDONLY), 1); " + PROGRAM
    done = process("recipes", code=text.replace("os.open(os.devnull, os.O_RDONLY)", _BROKEN_PIPE))
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr
    assert done.returncode == 0


# The writing end of a pipe that nobody reads any more.
_BROKEN_PIPE = "(lambda pipe: (os.close(pipe[0]), pipe[1])[1])(os.pipe())"


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_stopped_run_is_4_and_says_how_to_go_on(name: str, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("recipe: 1\nname: x\ninput: {files: a.nc}\noutput: {store: x.zarr}\n")
    code = f"""
import sys, time
import climcomp_workflows.run as room
def endless(recipe, **options):
    print("ready", file=sys.stderr, flush=True)
    time.sleep(60)
room.run_recipe = endless
{PROGRAM}
"""
    command = [sys.executable, "-c", code, "run", str(recipe), "--store", "y.zarr", "--quiet"]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    assert running.stderr is not None
    assert running.stderr.readline() == "ready\n"
    time.sleep(0.05)
    running.send_signal(getattr(signal, name))
    _, err = running.communicate(timeout=30)
    assert running.returncode == 4, err
    assert f"climcomp run {recipe} --store y.zarr" in err
    assert "Traceback" not in err


def test_a_full_disk_in_a_run_is_4_and_says_how_to_go_on(
    climcomp: Climcomp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise errors.StorageError("the disk is full: 3 bytes are missing")

    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("recipe: 1\nname: x\ninput: {files: a.nc}\noutput: {store: x.zarr}\n")
    monkeypatch.setattr("climcomp_workflows.run.run_recipe", full)
    said = climcomp("run", recipe, "--workers", "3", "--quiet")
    assert said.code == 4
    assert "3 bytes are missing" in said.err
    assert f"climcomp run {recipe} --workers 3" in said.err


def test_options_of_run_change_the_recipe(
    climcomp: Climcomp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from climcomp_workflows.run import RunOutcome

    seen: dict[str, Any] = {}

    def recorded(recipe: Any, *, progress: Any, take_over: bool, agree: Any) -> RunOutcome:
        seen.update(recipe=recipe, progress=type(progress).__name__, take_over=take_over)
        seen["agrees"] = agree("networks are to be fitted")
        return RunOutcome("there", None, False, False, ("tas",))

    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        "recipe: 1\nname: x\ninput: {files: a.nc}\noutput: {store: x.zarr, access: maps}\n"
        "cluster: {kind: inline}\n"
    )
    monkeypatch.setattr("climcomp_workflows.run.run_recipe", recorded)
    arguments = ("run", recipe, "--store", "z.zarr", "--workers", "3", "--take-over", "--json")
    arguments += ("--full",)
    assert climcomp(*arguments).code == 1
    assert seen["agrees"] is False  # nobody is asked with --json
    said = climcomp(*arguments, "--yes")
    assert said.code == 1
    assert seen["agrees"] is True
    assert said.document["refused"] == ["tas"]
    assert (seen["recipe"].output.store, seen["recipe"].output.access) == ("z.zarr", "maps")
    assert (seen["recipe"].cluster.kind, seen["recipe"].cluster.workers) == ("local", 3)
    assert (seen["progress"], seen["take_over"]) == ("Silent", True)
    assert seen["recipe"].checks.full is True
    assert seen["recipe"].text.startswith("recipe: 1")
    assert said.err == ""


def test_recipes_are_listed_and_printed(climcomp: Climcomp) -> None:
    listed = climcomp("recipes")
    assert "quickstart  " in listed.out
    assert max(map(len, listed.out.splitlines())) <= 100
    printed = climcomp("recipes", "quickstart")
    assert printed.out.startswith("#")
    assert "recipe: 1" in printed.out
    assert climcomp("recipes", "quickstart", "--json").document["recipe"] == printed.out
