"""Fits of over an hour on the CPU: none begins before somebody agrees, and who did is not asked."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from climcomp.errors import UsageError
from climcomp_workflows.cli import main
from climcomp_workflows.cluster.devices import Devices
from climcomp_workflows.plan.make import PlannedCost
from climcomp_workflows.recipe import Recipe, parse_recipe
from climcomp_workflows.run import agreement, run_recipe
from climcomp_workflows.run.agreement import long_fits, refuse_long_fits
from climcomp_workflows.run.progress import Silent
from climcomp_workflows.workers import GpuWorkers
from tests.workflows.conftest import smooth_field
from tests.workflows.plan.test_fits import FAST, INR, LOSSLESS, RIVALS
from tests.workflows.plan.test_show import plan, variable

Write = Callable[..., Path]
HOURS = 3e-5  # seconds to a byte of 259 MB: 2 h 9 min


def cost(name: str, seconds_per_byte: float = HOURS) -> PlannedCost:
    return PlannedCost(name, 1_000_000, seconds_per_byte * 1e6, {"inr": seconds_per_byte})


def fitted(*names: str, rung: Any = INR) -> Any:
    return plan(*(variable(name, ladder=(rung, LOSSLESS)) for name in names))


def test_an_hour_of_all_workers_is_long() -> None:
    told = long_fits(fitted("z"), [cost("z")], GpuWorkers(2, 0, "no CUDA device is visible here"))
    assert told == (
        "networks for z are to be fitted on the CPU (no CUDA device is visible here), which takes "
        "2 h 9 min of one core, 1 h 4 min of 2 workers"
    )
    assert not long_fits(fitted("z"), [cost("z")], GpuWorkers(3, 0))
    assert not long_fits(fitted("z"), [cost("z", 1e-6)], GpuWorkers(1, 0))
    assert not long_fits(fitted("z"), [], GpuWorkers(1, 0))
    both = long_fits(fitted("z", "t"), [cost("z"), cost("t")], GpuWorkers(3, 0))
    assert "for z, t are to be fitted on the CPU, which takes 4 h 19 min of one core" in both


def test_fits_of_rivals_may_take_less() -> None:
    told = long_fits(fitted("z", rung=RIVALS), [cost("z")], GpuWorkers(1, 0))
    assert told.endswith("takes up to 2 h 17 min of one core")


def test_what_a_gpu_fits_is_not_asked_for() -> None:
    assert not long_fits(fitted("z"), [cost("z")], GpuWorkers(1, 1))
    # Least squares are for the CPU, which the plan was to know.
    assert long_fits(fitted("z", rung=FAST), [cost("z")], GpuWorkers(1, 1))


def test_the_refusal_says_what_makes_fits_shorter() -> None:
    with pytest.raises(UsageError) as error:
        refuse_long_fits(fitted("z"), [cost("z")], GpuWorkers(1, 0), None)
    for words in ("2 h 9 min of one core", "--yes", "agree", "fit: fast}", "workers"):
        assert words in str(error.value)
    with pytest.raises(UsageError) as error:
        refuse_long_fits(fitted("z", rung=FAST), [cost("z")], GpuWorkers(1, 0), lambda _: False)
    assert "fit: fast" not in str(error.value)
    told: list[str] = []
    refuse_long_fits(fitted("z"), [cost("z")], GpuWorkers(1, 0), lambda text: not told.append(text))
    assert told == [long_fits(fitted("z"), [cost("z")], GpuWorkers(1, 0))]


# Whole runs, for which a thousandth of a second is long


@pytest.fixture
def recipe(write_source: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recipe:
    monkeypatch.setattr(agreement, "ASK_SECONDS", 1e-3)
    source = write_source(tas=smooth_field(8, 24, 36))
    text = (
        f"recipe: 1\nname: fits\ninput: {{files: '{source}'}}\nquality: bounds\n"
        f"output: {{store: '{tmp_path / 'out.zarr'}', shard_size: {2 * 24 * 36 * 4} B}}\n"
        "cluster: {kind: inline}\nreport: {figures: false}\nneural: {fit: fast}\n"
        "variables: {tas: {bound: 0.3 K, codecs: [inr]}}\n"
    )
    (tmp_path / "recipe.yaml").write_text(text)
    return parse_recipe(text)


class Stopped(Exception):
    """Ends a run."""


class StopsAfterOne(Silent):
    def shard(self, variable: Any, result: Any) -> None:
        raise Stopped


def test_without_agreement_nothing_is_begun(recipe: Recipe) -> None:
    with pytest.raises(UsageError, match="nobody has agreed"):
        run_recipe(recipe)
    assert not Path(recipe.output.store).exists()


def test_a_resumed_run_does_not_ask_again(recipe: Recipe) -> None:
    asked: list[str] = []
    with pytest.raises(Stopped):
        run_recipe(recipe, progress=StopsAfterOne(), agree=lambda text: not asked.append(text))
    assert len(asked) == 1
    outcome = run_recipe(recipe)
    assert outcome.resumed
    assert outcome.report is not None


def test_with_a_gpu_nobody_is_asked(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("climcomp_workflows.workers.find_devices", lambda: Devices(1, "one"))
    monkeypatch.setattr("climcomp_workflows.cluster.devices.DEVICE", "cpu")
    monkeypatch.setattr("climcomp.codecs.neural.inr.codec.USUAL_STEPS", 4)
    neural = recipe.neural.model_copy(update={"fit": "normal"})
    outcome = run_recipe(recipe.model_copy(update={"neural": neural}))
    assert outcome.report is not None


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_command_refuses_where_nobody_can_be_asked(
    recipe: Recipe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(tmp_path / "recipe.yaml")]) == 2
    assert "--yes" in capsys.readouterr().err
    assert main(["run", str(tmp_path / "recipe.yaml"), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["class"] == "UsageError"
    assert not Path(recipe.output.store).exists()


def test_a_plan_says_what_a_run_will_ask(
    recipe: Recipe,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert main(["plan", str(tmp_path / "recipe.yaml")]) == 0
    assert "recipe.yaml --yes, or answer when it asks" in capsys.readouterr().out
    monkeypatch.setattr(agreement, "ASK_SECONDS", 1e6)
    assert main(["plan", str(tmp_path / "recipe.yaml")]) == 0
    assert "--yes" not in capsys.readouterr().out


def test_yes_agrees(recipe: Recipe, tmp_path: Path) -> None:
    assert main(["run", str(tmp_path / "recipe.yaml"), "--yes", "--quiet"]) == 0


@pytest.mark.parametrize(
    ("said", "code"), [("y\n", 0), ("Yes\n", 0), ("n\n", 2), ("\n", 2), ("", 2), ("what\n", 2)]
)
def test_a_person_at_a_terminal_is_asked(
    recipe: Recipe, tmp_path: Path, said: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal(said))
    monkeypatch.setattr(sys, "stderr", shown)
    assert main(["run", str(tmp_path / "recipe.yaml"), "--quiet"]) == code
    assert "Networks for tas are to be fitted on the CPU" in shown.getvalue()
    assert "of one core. Begin? [y/N] " in shown.getvalue()
    assert (Path(recipe.output.store) / "zarr.json").exists() == (code == 0)
