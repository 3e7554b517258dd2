"""What a run keeps and shows of its variables: figures' data, pages, words; never at the cost of
the archive itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from climcomp.archive import ArchiveStore, open_archive, open_store
from climcomp.errors import MissingExtraError
from climcomp_metrics.report import VariableReport
from climcomp_metrics.report.figures import Illustration, from_bytes
from climcomp_workflows import column
from climcomp_workflows.illustrate import task, worst
from climcomp_workflows.recipe import Recipe
from climcomp_workflows.run import RunOutcome, run_recipe
from climcomp_workflows.run.variable import VariableRun
from climcomp_workflows.verify import verify_archive

COLUMNS = 36
WithFigures = Callable[..., Recipe]
MakeRecipe = Callable[..., Recipe]


def variable_of(outcome: RunOutcome, name: str = "tas") -> VariableReport:
    assert outcome.report is not None
    return next(v for v in outcome.report.variables if v.name == name)


def illustration_of(outcome: RunOutcome, name: str = "tas") -> Illustration:
    document = variable_of(outcome, name).figures
    return from_bytes(open_archive(outcome.store).document(document))


def pages_of(outcome: RunOutcome) -> dict[str, str]:
    archive = open_archive(outcome.store)
    return {n: archive.document(n).decode() for n in archive.documents if n.endswith(".html")}


def test_the_archive_keeps_what_its_figures_show(with_figures: WithFigures) -> None:
    outcome = run_recipe(with_figures())
    found = illustration_of(outcome)
    assert set(found.absent) == {"return_levels"}
    assert found.maps is not None
    assert found.series is not None
    assert found.series.steps == 48
    (page,) = pages_of(outcome).values()
    assert page.count("<figure") == 11
    assert verify_archive(outcome.store).ok


def test_the_fields_of_the_worst_time_are_those_of_source_and_archive(
    with_figures: WithFigures, source: Path
) -> None:
    import xarray as xr

    outcome = run_recipe(with_figures())
    fields = illustration_of(outcome).worst
    assert fields is not None
    original = xr.open_dataset(source)["tas"].values
    decoded = xr.open_zarr(outcome.store)["tas"].values
    errors = np.abs(decoded.astype("f8") - original)
    step = int(errors.max(axis=(1, 2)).argmax())
    assert fields.when.startswith(f"step {step} (2001-")
    # The map begins at the date line. Pictures are kept in 16 bits, which are half a thousandth
    # of how far the values reach from their middle: 20 K.
    for shown, values in ((fields.original, original), (fields.decoded, decoded)):
        np.testing.assert_allclose(shown, np.roll(values[step], COLUMNS // 2, 1), atol=0.01)
    assert abs(fields.worst) == pytest.approx(errors.max(), rel=1e-9)


def test_the_level_that_comes_nearest_to_its_limits_is_shown(
    levels: Path, make_recipe: MakeRecipe
) -> None:
    # One level a shard, so that the worst of several columns is chosen.
    extra = "variables: {ta: {bound: 0.02 K}}\nquality: bounds\nreport: {figures: true}\n"
    recipe = make_recipe(levels, extra)
    output = recipe.output.model_copy(
        update={"chunks": {"time": 8, "plev": 1, "lat": 16, "lon": 32}}
    )
    outcome = run_recipe(recipe.model_copy(update={"output": output}))
    found = illustration_of(outcome, "ta")
    assert (found.level, found.title) == (2, "ta at plev 1000 Pa")


def test_verdicts_name_dates_and_degrees(with_figures: WithFigures) -> None:
    variable = variable_of(run_recipe(with_figures()))
    largest = next(v for v in variable.verdicts if v.criterion == "P1")
    assert "(2001-" in largest.place
    assert "°N)" in largest.place or "°S)" in largest.place


def test_tighter_and_looser_bounds_are_tried_on_a_piece(with_figures: WithFigures) -> None:
    trials = variable_of(run_recipe(with_figures())).trials
    assert trials is not None
    assert trials.kept == 3
    errors = [trial.largest_error for trial in trials.trials]
    sizes = [trial.stored_bytes for trial in trials.trials]
    assert errors == sorted(errors)
    assert sizes == sorted(sizes, reverse=True)
    assert errors[3] == pytest.approx(0.01, rel=0.05)
    assert trials.trials[-1].failed


def documents(outcome: RunOutcome) -> dict[str, bytes]:
    archive = open_archive(outcome.store)
    return {n: archive.document(n) for n in archive.documents if n.startswith("figures/")}


def test_an_interrupted_run_gives_the_same_figures(
    with_figures: WithFigures, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = documents(run_recipe(with_figures()))
    store = tmp_path / "again.zarr"
    recipe = with_figures()
    output = recipe.output.model_copy(update={"store": str(store)})
    again = recipe.model_copy(update={"output": output})
    judge = column.judge_column

    def stopped(found: column.ColumnTask) -> column.ColumnResult:
        judge(found)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("climcomp_workflows.run.variable.judge_column", stopped)
        with pytest.raises(KeyboardInterrupt):
            run_recipe(again)
    assert documents(run_recipe(again)) == first


@pytest.mark.slow
def test_workers_draw_what_one_process_draws(with_figures: WithFigures, tmp_path: Path) -> None:
    alone = run_recipe(with_figures())
    recipe = with_figures(cluster="kind: local, workers: 2")
    output = recipe.output.model_copy(update={"store": str(tmp_path / "two.zarr")})
    together = run_recipe(recipe.model_copy(update={"output": output}))
    assert documents(together).keys() == documents(alone).keys()
    assert pages_of(together)["report.html"].count("<figure") == 11


def test_without_figures_nothing_is_kept_and_the_page_says_why(with_figures: WithFigures) -> None:
    recipe = with_figures()
    off = recipe.report.model_copy(update={"figures": False})
    outcome = run_recipe(recipe.model_copy(update={"report": off}))
    assert documents(outcome) == {}
    variable = variable_of(outcome)
    assert (variable.figures, variable.trials) == ("", None)
    (page,) = pages_of(outcome).values()
    assert "the recipe says report: {figures: false}" in page


def test_without_matplotlib_the_data_are_kept_and_the_page_names_the_extra(
    with_figures: WithFigures, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: Any) -> None:
        raise MissingExtraError("no matplotlib")

    monkeypatch.setattr(task, "draw_variable", missing)
    outcome = run_recipe(with_figures())
    assert list(documents(outcome)) == ["figures/tas.npz"]
    (page,) = pages_of(outcome).values()
    assert "pip install &#x27;climcomp[report]&#x27;" in page
    assert "<figure" not in page


@pytest.mark.parametrize(
    ("module", "function"), [(worst, "illustrate"), (task, "fields_at_worst"), (task, "to_bytes")]
)
def test_figures_that_break_keep_no_archive_from_being_published(
    with_figures: WithFigures, monkeypatch: pytest.MonkeyPatch, module: Any, function: str
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise FloatingPointError("a strange grid")

    monkeypatch.setattr(module, function, broken)
    outcome = run_recipe(with_figures())
    why = variable_of(outcome).no_figures
    assert why == "the figures' data could not be made: FloatingPointError: a strange grid"
    assert documents(outcome) == {}
    (page,) = pages_of(outcome).values()
    assert "a strange grid" in page


@pytest.mark.parametrize("lost", [True, False], ids=["gone", "damaged"])
def test_working_data_that_are_lost_keep_no_archive_from_being_published(
    with_figures: WithFigures, monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    finish = VariableRun.illustrated.fget
    assert finish is not None

    def spoilt(run: VariableRun) -> worst.Illustrated | None:
        found = finish(run)
        if found is not None:
            store = open_store(run.run.store)
            store.delete(found.key) if lost else store.put(found.key, b"rubbish")
        return found

    monkeypatch.setattr(VariableRun, "illustrated", property(spoilt))
    outcome = run_recipe(with_figures())
    assert variable_of(outcome).no_figures.startswith("the figures' data were lost: ")


def test_a_lossless_variable_has_no_figures(source: Path, make_recipe: MakeRecipe) -> None:
    recipe = make_recipe(source, "quality: lossless\nreport: {figures: true}\n")
    outcome = run_recipe(recipe)
    assert documents(outcome) == {}
    assert variable_of(outcome).no_figures == ""


def test_working_data_are_gone_after_publication(
    with_figures: WithFigures, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    put = ArchiveStore.put
    monkeypatch.setattr(
        ArchiveStore, "put", lambda s, key, data: (written.append(key), put(s, key, data))[1]
    )
    outcome = run_recipe(with_figures())
    assert any(key.endswith(".figures.npz") for key in written)
    assert not list(open_store(outcome.store).list("climcomp/state/"))
