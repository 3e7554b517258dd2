"""A scientist's own metric decides in the gate, stands in the report, and runs for no stranger."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from climcomp.archive import open_archive, open_store
from climcomp.errors import ArchiveDamagedError, ArchiveExistsError, RecipeError, UsageError
from climcomp_metrics.base import Verdict
from climcomp_workflows.context import PLAN_KEY, RunKey, close_context, context_of
from climcomp_workflows.plan.make import make_plan
from climcomp_workflows.plan.model import Plan
from climcomp_workflows.plan.own_code import with_code
from climcomp_workflows.recipe import Recipe, parse_recipe, recipe_digest
from climcomp_workflows.run import run_recipe
from climcomp_workflows.run.start import RunOutcome
from climcomp_workflows.verify import verify_archive

CODE = '''
import numpy as np

def largest(original, decoded, grid):
    """The largest error of a field."""
    return float(np.nanmax(np.abs(decoded - original)))

class Share:
    """The share of cells whose error is more than a hundredth."""
    def of(self, original, decoded, grid):
        return {"over": (np.abs(decoded - original) > 0.01).sum(), "cells": original.size}
    def value(self, sums):
        return sums["over"] / sums["cells"]

def nowhere(original, decoded, grid):
    raise RuntimeError(f"no front in {grid.name}")
'''
MakeRecipe = Callable[..., Recipe]


@pytest.fixture
def recipe_with(tmp_path: Path, source: Path) -> Callable[..., Recipe]:
    """A recipe in a folder with `my_metrics.py`, whose entries are given as YAML."""
    (tmp_path / "my_metrics.py").write_text(CODE, "utf-8")

    def make(entries: str, extra: str = "", cluster: str = "kind: inline") -> Recipe:
        text = (
            f"recipe: 1\nname: test\ninput: {{files: '{source}'}}\n"
            f"output: {{store: '{tmp_path / 'out.zarr'}', shard_size: {8 * 24 * 36 * 4} B}}\n"
            "variables: {tas: {bound: 0.05 K, codecs: [sz3, lossless]}}\n"
            f"cluster: {{{cluster}}}\nchecks: {{metrics: [{entries}]}}\n{extra}"
        )
        return parse_recipe(text, tmp_path / "recipe.yaml")

    return make


def own_verdicts(outcome: RunOutcome) -> dict[str, Verdict]:
    assert outcome.report is not None
    tas = next(v for v in outcome.report.variables if v.name == "tas")
    return {v.criterion: v for v in tas.verdicts if v.criterion.startswith("X-")}


LARGEST = "{file: my_metrics.py, name: largest, unit: K, warn: 0.06, fail: 0.1}"
SHARE = "{file: my_metrics.py, name: Share, variables: [tas]}"


def test_it_is_measured_on_every_field_and_stands_in_the_report(
    recipe_with: MakeRecipe,
) -> None:
    outcome = run_recipe(recipe_with(f"{LARGEST}, {SHARE}", "quality: bounds\n"))
    found = own_verdicts(outcome)
    assert outcome.report is not None
    tas = next(v for v in outcome.report.variables if v.name == "tas")
    assert tas.how == "lossy"
    p1 = next(v for v in tas.verdicts if v.criterion == "P1")
    largest = found["X-largest"]
    assert largest.value == pytest.approx(p1.value, rel=1e-6)
    assert (largest.outcome, largest.unit, largest.source) == ("pass", "K", "recipe: my_metrics.py")
    assert largest.detail["fields"] == 48
    assert found["X-Share"].outcome == "report"
    assert 0 < (found["X-Share"].value or 0) < 1
    page = open_archive(outcome.store).document("report.html").decode()
    assert "X-largest" in page
    assert ">Own<" in page


def test_it_runs_on_workers(recipe_with: MakeRecipe) -> None:
    outcome = run_recipe(
        recipe_with(LARGEST, "quality: bounds\n", cluster="kind: local, workers: 1")
    )
    assert own_verdicts(outcome)["X-largest"].outcome == "pass"


def test_a_failure_on_the_samples_sends_the_variable_down_the_ladder(
    recipe_with: MakeRecipe,
) -> None:
    plan, _ = make_plan(recipe_with(LARGEST.replace("0.06, fail: 0.1", "1.0e-5, fail: 2.0e-5")))
    tas = plan.variable("tas")
    assert tas.start == len(tas.ladder) - 1
    assert any("X-largest" in note for note in tas.notes)


def test_a_failure_in_the_run_is_a_reason_to_try_again(
    recipe_with: MakeRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The samples are the whole variable, so that only a gate that lies lets a run begin.
    monkeypatch.setattr("climcomp_workflows.plan.chosen._searched", lambda *_: [])
    monkeypatch.setattr("climcomp_workflows.plan.confirm.first_rung", lambda gate, ladder: (0, ()))
    outcome = run_recipe(recipe_with(LARGEST.replace("0.06, fail: 0.1", "1.0e-5, fail: 2.0e-5")))
    assert outcome.report is not None
    tas = next(v for v in outcome.report.variables if v.name == "tas")
    assert tas.how == "lossless"
    assert any("X-largest largest is" in text for text in tas.attempts[0].failed)


def test_code_that_fails_on_the_samples_stops_the_plan_and_says_where(
    recipe_with: MakeRecipe, tmp_path: Path
) -> None:
    with pytest.raises(RecipeError) as error:
        run_recipe(recipe_with("{file: my_metrics.py, name: nowhere}"))
    text = str(error.value)
    assert "RuntimeError: no front in tas (my_metrics.py line 16)" in text
    assert "name the variables that it is for" in text
    assert not (tmp_path / "out.zarr").exists()


def test_a_metric_is_for_the_variables_that_it_names(
    recipe_with: MakeRecipe, write_source: Callable[..., Path]
) -> None:
    entry = '{file: my_metrics.py, name: largest, variables: ["p*"]}'
    plan, _ = make_plan(recipe_with(entry))
    assert plan.variable("tas").settings.own == ()  # type: ignore[union-attr]
    assert any("no variable matches: largest is for 'p*'" in w for w in plan.warnings)
    with pytest.raises(RecipeError, match="did you mean tas"):
        make_plan(recipe_with("{file: my_metrics.py, name: largest, variables: [taz]}"))


def test_the_text_of_the_file_is_part_of_what_a_recipe_asks(
    recipe_with: MakeRecipe, tmp_path: Path
) -> None:
    before = recipe_digest(recipe_with(LARGEST))
    assert recipe_digest(recipe_with(LARGEST)) == before
    (tmp_path / "my_metrics.py").write_text(CODE + "\n# changed\n", "utf-8")
    assert recipe_digest(recipe_with(LARGEST)) != before


class Stop(Exception):
    pass


@pytest.fixture
def stopped(recipe_with: MakeRecipe, monkeypatch: pytest.MonkeyPatch) -> Recipe:
    """A recipe whose run ended after its plan was stored."""
    recipe = recipe_with(LARGEST, "quality: bounds\n")

    def stop(*_: Any) -> None:
        raise Stop

    with monkeypatch.context() as patch:
        patch.setattr("climcomp_workflows.run.start._compress", stop)
        with pytest.raises(Stop):
            run_recipe(recipe)
    return recipe


def test_an_interrupted_run_goes_on_with_the_same_code(stopped: Recipe) -> None:
    outcome = run_recipe(stopped)
    assert outcome.resumed
    assert own_verdicts(outcome)["X-largest"].outcome == "pass"


def test_an_interrupted_run_does_not_go_on_with_other_code(
    stopped: Recipe, recipe_with: MakeRecipe, tmp_path: Path
) -> None:
    (tmp_path / "my_metrics.py").write_text(CODE + "\n# changed\n", "utf-8")
    with pytest.raises(ArchiveExistsError, match=r"my_metrics\.py has changed since"):
        run_recipe(recipe_with(LARGEST, "quality: bounds\n"))


def test_code_put_into_the_stored_plan_is_not_run(stopped: Recipe, tmp_path: Path) -> None:
    store = open_store(stopped.output.store)
    plan = json.loads(store.get(PLAN_KEY))
    (sha256,) = plan["own_code"]
    trace = tmp_path / "it ran"
    plan["own_code"][sha256] = f"open({str(trace)!r}, 'w')\n"
    store.put(PLAN_KEY, json.dumps(plan).encode())
    with pytest.raises(ArchiveExistsError, match="other code"):
        run_recipe(stopped)
    with pytest.raises(ArchiveDamagedError, match="it was changed, and is not run"):
        with_code(Plan.from_dict(plan), [sha256])
    assert not trace.exists()


def test_a_worker_runs_only_the_plan_that_the_run_began_with(stopped: Recipe) -> None:
    store = open_store(stopped.output.store)
    digest = Plan.from_dict(json.loads(store.get(PLAN_KEY))).digest()
    try:
        found = context_of(RunKey(str(store.root), digest, 1)).plan.variable("tas").settings
        assert found is not None
        assert found.own[0].code == CODE
        with pytest.raises(ArchiveDamagedError, match="is not the plan that this run began with"):
            context_of(RunKey(str(store.root), "0" * 64, 1))
    finally:
        close_context()


@pytest.fixture
def archive(recipe_with: MakeRecipe) -> str:
    """An archive that was judged by a function and by a class."""
    return run_recipe(recipe_with(f"{LARGEST}, {SHARE}", "quality: bounds\n")).store


def verified(archive: str, **told: Any) -> tuple[Any, dict[str, Verdict]]:
    receipt = verify_archive(archive, source=True, workers=0, **told)
    tas = next(v for v in receipt.variables if v.name == "tas")
    return receipt, {v.criterion: v for v in tas.verdicts if v.criterion.startswith("X-")}


def test_verification_runs_no_code_of_an_archive_unless_it_is_told_to(archive: str) -> None:
    receipt, verdicts = verified(archive)
    assert receipt.ok
    assert {v.outcome for v in verdicts.values()} == {"n/a"}
    assert "its code was not run" in verdicts["X-largest"].reason
    assert "NOT RUN X-largest (my_metrics.py, SHA-256" in receipt.text()
    assert "every enforced test but 2 that were not run passed" in receipt.text()
    assert len(receipt.to_dict()["not_run"]) == 2


def test_trusted_code_gives_the_verdicts_of_the_run(archive: str, tmp_path: Path) -> None:
    published = json.loads(open_archive(archive).document("report.json"))
    tas = next(v for v in published["variables"] if v["name"] == "tas")
    values = {v["criterion"]: v["value"] for v in tas["verdicts"]}
    (tmp_path / "copy").mkdir()
    copy = tmp_path / "copy" / "renamed.py"
    copy.write_text(CODE, "utf-8")
    for told in ({"trust_plugins": True}, {"plugins": [copy]}):
        receipt, verdicts = verified(archive, **told)
        assert receipt.ok
        assert receipt.not_run == ()
        assert "every enforced test passed" in receipt.text()
        for name in ("X-largest", "X-Share"):
            assert verdicts[name].value == pytest.approx(values[name], rel=1e-12)


def test_another_file_is_not_trusted(archive: str, tmp_path: Path) -> None:
    other = tmp_path / "other.py"
    other.write_text(CODE + "# changed\n", "utf-8")
    with pytest.raises(UsageError, match="is not the code that the archive was judged by"):
        verified(archive, plugins=[other])
    with pytest.raises(UsageError, match="cannot be read"):
        verified(archive, plugins=[tmp_path / "absent.py"])


def test_without_a_source_no_code_is_asked_for(archive: str) -> None:
    with pytest.raises(UsageError, match="say --source too"):
        verify_archive(archive, trust_plugins=True)


def test_an_archive_without_own_metrics_has_no_code_to_trust(
    recipe_with: MakeRecipe,
) -> None:
    store = run_recipe(recipe_with("", "quality: bounds\n")).store
    with pytest.raises(UsageError, match="there is no code to trust"):
        verified(store, trust_plugins=True)


def test_a_required_metric_that_was_not_run_is_a_failure(recipe_with: MakeRecipe) -> None:
    recipe = recipe_with(LARGEST, "quality: bounds\n")
    checks = recipe.checks.model_copy(update={"require": ("X-largest",)})
    store = run_recipe(recipe.model_copy(update={"checks": checks})).store
    receipt, _ = verified(store)
    assert not receipt.ok
    assert "X-largest largest is required but n/a: its code was not run" in receipt.text()
    assert verified(store, trust_plugins=True)[0].ok


def test_full_measures_what_the_run_sampled(
    recipe_with: MakeRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("climcomp_metrics.part.FEWEST_SLICES", 4)
    every = LARGEST.replace("name:", "every: 8, name:")
    recipe = recipe_with(every, "quality: bounds\n")
    outcome = run_recipe(recipe)
    assert own_verdicts(outcome)["X-largest"].sampled == "one in 8 time steps of each level"
    _, sampled = verified(outcome.store, trust_plugins=True)
    assert sampled["X-largest"].detail["fields"] == 6
    _, full = verified(outcome.store, trust_plugins=True, full=True)
    assert (full["X-largest"].detail["fields"], full["X-largest"].sampled) == (48, "")


def test_a_plan_reads_no_code_from_json(recipe_with: MakeRecipe) -> None:
    plan, _ = make_plan(recipe_with(LARGEST, "quality: bounds\n"))
    again = Plan.from_dict(json.loads(plan.to_json()))
    assert again.digest() == plan.digest()
    own = again.variable("tas").settings.own  # type: ignore[union-attr]
    assert [o.code for o in own] == [""]
    allowed = with_code(again, again.own_code).variable("tas").settings.own  # type: ignore[union-attr]
    assert [o.code for o in allowed] == [CODE]
    assert with_code(again, ()).variable("tas").settings.own[0].code == ""  # type: ignore[union-attr]
    assert replace(allowed[0], code="") == own[0]
