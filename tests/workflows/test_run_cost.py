"""The cost in the report of a run: what it took, what it saves, and what is not counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from climcomp.archive import open_archive
from climcomp.errors import StorageError
from climcomp_metrics.report import Report
from climcomp_workflows import shard
from climcomp_workflows.illustrate.redraw import read_report
from climcomp_workflows.recipe import Recipe
from climcomp_workflows.run import run_recipe
from tests.workflows.conftest import smooth_field

MakeRecipe = Callable[..., Recipe]
BOUND = "variables: {tas: {bound: 0.05 K}}\nquality: bounds\n"
PRICED = BOUND + "cost: {storage_price: 20 EUR/TB/year, watts_per_core: 8, copies: 2}\n"


def report_of(store: str | Path) -> Report:
    return read_report(open_archive(store))


def test_the_report_has_the_times_of_the_run_and_the_recipes_figures(
    source: Path, make_recipe: MakeRecipe
) -> None:
    outcome = run_recipe(make_recipe(source, PRICED))
    report = report_of(outcome.store)
    cost = report.cost
    assert cost is not None
    assert cost.measured
    spent = ("plan", "compress and check", "carry over and report")
    assert cost.wall_seconds == pytest.approx(sum(report.durations[part] for part in spent))
    assert (cost.workers, cost.earlier_seconds) == (1, 0.0)
    assert cost.core_hours == pytest.approx(cost.wall_seconds / 3600)
    assert (cost.watts_per_core, cost.watts_assumed, cost.pue_assumed) == (8.0, False, True)
    assert cost.saved_bytes == 2 * (report.source_bytes - report.stored_bytes)
    assert cost.storage_money_a_year == pytest.approx(cost.saved_bytes / 1e12 * 20)
    assert cost.run_money is None


def test_what_was_refused_saves_nothing(
    write_source: Callable[..., Path], make_recipe: MakeRecipe
) -> None:
    path = write_source(tas=smooth_field(48, 24, 36), bad=smooth_field(48, 24, 36, seed=4))
    recipe = (
        "variables:\n  tas: {bound: 0.05 K}\n  bad: {bound: 25 K, codecs: [sz3], on_fail: refuse}\n"
    )
    outcome = run_recipe(make_recipe(path, recipe))
    assert outcome.refused == ("bad",)
    report = report_of(outcome.store)
    assert report.cost is not None
    kept = [variable for variable in report.variables if variable.name != "bad"]
    assert report.cost.source_bytes == sum(variable.source_bytes for variable in kept)
    assert report.cost.source_bytes < report.source_bytes


def test_a_run_that_goes_on_counts_the_shards_it_took_over_and_takes_new_prices(
    source: Path, make_recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, done = shard.compress_shard, []

    def full_disk(task: shard.ShardTask) -> shard.ShardResult:
        if len(done) == 2:
            raise StorageError("the disk is full")
        done.append(real(task))
        return done[-1]

    with monkeypatch.context() as patch:
        patch.setattr("climcomp_workflows.run.variable.compress_shard", full_disk)
        with pytest.raises(StorageError):
            run_recipe(make_recipe(source, BOUND))
    outcome = run_recipe(make_recipe(source, PRICED))
    assert outcome.resumed
    cost = report_of(outcome.store).cost
    assert cost is not None
    earlier = sum(sum(result.seconds.values()) for result in done)
    assert 0 < cost.earlier_seconds == pytest.approx(earlier)
    assert cost.core_hours == pytest.approx((cost.wall_seconds + earlier) / 3600)
    assert cost.storage_price == "20 EUR/TB/year"
