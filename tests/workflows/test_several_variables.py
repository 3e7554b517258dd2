"""Criteria over several variables in whole runs: partners go down together, and nobody else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest

from climcomp.archive import Journal, build_shard, open_archive, open_store
from climcomp.bounds import ErrorBound
from climcomp.codecs import get_codec
from climcomp.frame import BlockEncoding, encode_block
from climcomp_metrics.base import Verdict
from climcomp_workflows.plan.model import Plan
from climcomp_workflows.recipe import Recipe
from climcomp_workflows.run import run_recipe
from climcomp_workflows.run import together as run_together
from climcomp_workflows.run.variable import VariableRun
from climcomp_workflows.verify import verify_archive
from tests.workflows.together.winds import (
    COLUMNS,
    TOGETHER,
    extra,
    numbers,
    reports,
    together,
    winds,
    write_winds,
)

MakeRecipe = Callable[..., Recipe]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file of winds."""
    return write_winds(tmp_path / "source.nc")


def test_partners_that_fail_together_go_one_rung_down_and_pass(
    source: Path, make_recipe: MakeRecipe
) -> None:
    outcome = run_recipe(make_recipe(source, extra()))
    found = reports(outcome)
    for name in ("ua", "va"):
        first, second = found[name].attempts
        assert first.rung == "sz3 within 0.2 m s-1"
        assert second.rung == "sz3 within 0.05 m s-1"
        assert len(first.failed) == 1
        assert first.failed[0].startswith("T5-vorticity vorticity error is 0.05")
        assert "wind of ua and va" in first.failed[0]
        assert found[name].how == "lossy"
    assert len(found["tas"].attempts) == 1
    receipt = verify_archive(outcome.store, source=True)
    assert receipt.ok, receipt.text()


def test_each_partner_shows_the_verdicts_with_the_name_of_the_group(
    source: Path, make_recipe: MakeRecipe
) -> None:
    outcome = run_recipe(make_recipe(source, extra()))
    found = reports(outcome)
    assert together(found["tas"]) == {}
    shown = together(found["ua"])
    assert shown.keys() == TOGETHER
    assert numbers(shown) == numbers(together(found["va"]))
    assert all("of ua and va" in verdict.place for verdict in shown.values())
    assert {verdict.outcome for verdict in shown.values()} == {"pass"}
    again = {r.name: r for r in verify_archive(outcome.store, source=True).variables}
    for name in ("ua", "va"):
        judged = {v.criterion: v for v in again[name].verdicts if v.criterion in TOGETHER}
        assert numbers(judged) == numbers(shown)


def test_a_group_that_passes_changes_nothing(source: Path, make_recipe: MakeRecipe) -> None:
    outcome = run_recipe(make_recipe(source, extra(0.05)))
    found = reports(outcome)
    assert [len(found[name].attempts) for name in ("ua", "va")] == [1, 1]
    assert together(found["ua"])["T5-vorticity"].outcome == "pass"


def test_partners_that_never_pass_together_end_lossless(
    source: Path, make_recipe: MakeRecipe
) -> None:
    checks = ", limits: {T5-vorticity.fail: 0.001}"
    outcome = run_recipe(make_recipe(source, extra(checks=checks)))
    found = reports(outcome)
    for name in ("ua", "va"):
        assert found[name].how == "lossless"
        assert len(found[name].attempts) == 3
        assert together(found[name]) == {}  # nothing is left to differ
    assert found["tas"].how == "lossy"
    assert verify_archive(outcome.store, source=True).ok


def test_a_partner_that_may_not_be_lossless_is_refused_and_the_other_is_kept(
    source: Path, make_recipe: MakeRecipe
) -> None:
    checks = ", limits: {T5-vorticity.fail: 0.001}"
    outcome = run_recipe(make_recipe(source, extra(checks=checks, ua=", on_fail: refuse")))
    assert outcome.refused == ("ua",)
    found = reports(outcome)
    assert "wind of ua and va" in found["ua"].attempts[-1].failed[0]
    assert found["va"].how == "lossless"
    assert set(open_archive(outcome.store).specs) == {"va", "tas", "time", "lat", "lon"}


def test_a_group_whose_partner_was_refused_is_not_available_and_says_why(
    source: Path, make_recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def must_refuse(run: VariableRun) -> bool:
        run.refused = ("a reason of its own",) if run.plan.name == "ua" else ()
        return run.plan.name == "ua"

    monkeypatch.setattr(VariableRun, "_must_refuse", must_refuse)
    outcome = run_recipe(make_recipe(source, extra()))
    shown = together(reports(outcome)["va"])
    assert {v.outcome for v in shown.values()} == {"n/a"}
    assert {v.reason for v in shown.values()} == {"not in the archive: ua was refused"}
    again = next(v for v in verify_archive(outcome.store, source=True).variables if v.name == "va")
    assert again.ok
    assert {v.outcome for v in again.verdicts if v.criterion in TOGETHER} == {"n/a"}


def test_quality_bounds_only_warns(source: Path, make_recipe: MakeRecipe) -> None:
    outcome = run_recipe(make_recipe(source, f"quality: bounds\n{extra()}"))
    found = reports(outcome)
    for name in ("ua", "va"):
        assert len(found[name].attempts) == 1
        verdict = together(found[name])["T5-vorticity"]
        assert verdict.outcome == "warn"
        assert "quality: bounds" in verdict.reason
    assert verify_archive(outcome.store, source=True).ok


def test_a_lossless_partner_stays_and_only_the_other_goes_down(
    source: Path, make_recipe: MakeRecipe
) -> None:
    recipe = make_recipe(source, extra(0.3).replace("va: {bound: 0.3 m s-1, codecs: [sz3]}",
                                                    "va: {class: lossless}"))  # fmt: skip
    outcome = run_recipe(recipe)
    found = reports(outcome)
    assert found["va"].how == "lossless"
    assert [a.rung for a in found["ua"].attempts] == [
        "sz3 within 0.3 m s-1", "sz3 within 0.075 m s-1",
    ]  # fmt: skip
    assert numbers(together(found["va"])) == numbers(together(found["ua"]))
    assert together(found["ua"]).keys() == TOGETHER
    assert verify_archive(outcome.store, source=True).ok


def test_a_required_criterion_that_is_not_available_is_a_failure(
    source: Path, make_recipe: MakeRecipe
) -> None:
    with netCDF4.Dataset(source, "a") as file:
        file["va"].units = "km h-1"
    recipe = make_recipe(source, extra(checks=", require: [T5-vorticity]"))
    found = reports(run_recipe(recipe))
    for name in ("ua", "va"):
        assert found[name].how == "lossless"
        assert (
            "T5-vorticity vorticity error is required but n/a" in found[name].attempts[0].failed[0]
        )


def test_criteria_that_are_off_are_neither_measured_nor_shown(
    source: Path, make_recipe: MakeRecipe
) -> None:
    recipe = make_recipe(source, extra().replace("off: [", "off: [T5-vorticity, C6-kinetic, "))
    found = reports(run_recipe(recipe))
    assert together(found["ua"]).keys() == {"T5-divergence"}
    assert len(found["ua"].attempts) == 1


def test_a_recipe_without_groups_measures_nothing_again(
    source: Path, make_recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*arguments: Any) -> None:
        raise AssertionError("there is no group to be measured")

    monkeypatch.setattr(run_together, "measure_window", never)
    kinds = []
    append = Journal.append

    def seen(journal: Journal, record: dict[str, Any]) -> None:
        kinds.append(record.get("kind"))
        append(journal, record)

    monkeypatch.setattr(Journal, "append", seen)
    outcome = run_recipe(make_recipe(source, "variables: {ua: {skip: true}, tas: {bound: 0.05 K}}"))
    plan = Plan.from_dict(json.loads(open_archive(outcome.store).document("plan.json")))
    assert plan.together == ()
    assert set(kinds) <= {None, "shard", "attempt"}
    assert outcome.report is not None
    assert not any("together" in part for part in outcome.report.durations)


def test_a_required_criterion_without_a_group_is_warned_of(
    source: Path, make_recipe: MakeRecipe
) -> None:
    outcome = run_recipe(make_recipe(source, "checks: {require: [C4-toa]}\nquality: bounds\n"))
    assert outcome.report is not None
    assert any("checks.require names C4-toa" in text for text in outcome.report.warnings)


# Verification


def test_verification_finds_a_group_that_the_run_did_not_judge_rightly(
    source: Path, make_recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = run_together.judge_sums

    def kind(*arguments: Any) -> list[Verdict]:
        return [replace(v, outcome="pass", value=0.0) for v in judge(*arguments)]

    monkeypatch.setattr(run_together, "judge_sums", kind)
    outcome = run_recipe(make_recipe(source, extra()))
    receipt = verify_archive(outcome.store, source=True)
    failed = {v.name: v for v in receipt.variables if not v.ok}
    assert failed.keys() == {"ua", "va"}
    for variable in failed.values():
        assert len(variable.problems) == 1
        assert variable.problems[0].startswith("T5-vorticity vorticity error is 0.05")
        assert "wind of ua and va" in variable.problems[0]


def test_verification_finds_a_shard_whose_values_lie_within_their_bound(
    source: Path, make_recipe: MakeRecipe
) -> None:
    outcome = run_recipe(make_recipe(source, extra(0.05)))
    archive = open_archive(outcome.store)
    spec = archive.specs["ua"]
    # Waves of a period that centred differences see, as high as the bound allows.
    wave = 0.04 * np.sign(np.sin(np.pi * (np.arange(COLUMNS) + 0.5) / 2)).astype("f4")
    values = winds()[0][:8] + wave
    encoding = BlockEncoding(get_codec("sz3"), ErrorBound("absolute", 0.001))
    store = open_store(outcome.store)
    store.put(
        "ua/c.0.0.0", build_shard(spec, (0, 0, 0), values, lambda b: encode_block(b, encoding))
    )
    receipt = verify_archive(outcome.store, source=True)
    assert not receipt.ok
    failed = {v.name: v for v in receipt.variables if not v.ok}
    assert failed.keys() == {"ua", "va"}
    assert all("wind of ua and va" in v.problems[-1] for v in failed.values())
    assert "ua/c.0.0.0" in failed["va"].problems[-1]
