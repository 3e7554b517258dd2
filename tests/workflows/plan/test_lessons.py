"""What one run learned serves the next plan, and only that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from climcomp.bounds import ErrorBound
from climcomp.errors import RecipeError
from climcomp_workflows.plan.ladder import LevelBounds
from climcomp_workflows.plan.lessons import Lesson, learned, read_lessons
from climcomp_workflows.plan.make import make_plan
from climcomp_workflows.plan.search.steps import PER_DECADE, at_step
from climcomp_workflows.recipe import Recipe, parse_recipe
from climcomp_workflows.run import run_recipe

from .conftest import Data, waves

K = {"units": "K", "standard_name": "air_temperature"}


def bounds(*values: float, kind: str = "absolute") -> tuple[ErrorBound, ...]:
    return tuple(ErrorBound(kind, v) for v in values)  # type: ignore[arg-type]


LOOSEST = LevelBounds(bounds(1.0, 1.0), "text", "source")


def test_a_search_begins_with_what_passed() -> None:
    loosest, begin, note = learned(LOOSEST, 27, Lesson(bounds(0.5, 0.1), None))
    assert loosest == LOOSEST
    assert begin == PER_DECADE
    assert "passed" in note


def test_what_failed_is_out_of_reach() -> None:
    loosest, begin, note = learned(LOOSEST, 27, Lesson(None, bounds(0.5)))
    assert all(bound.value < 0.5 for bound in loosest.bounds)
    assert at_step(loosest.bounds[0], begin).value == pytest.approx(0.1, rel=0.01)
    assert "failed" in note


def test_with_both_the_search_goes_on_between_them() -> None:
    loosest, begin, _ = learned(LOOSEST, 27, Lesson(bounds(0.1), bounds(0.5)))
    assert 0.1 <= loosest.bounds[0].value < 0.5
    assert at_step(loosest.bounds[0], begin).value == pytest.approx(0.1, rel=0.1)


@pytest.mark.parametrize(
    "lesson",
    [
        Lesson(bounds(0.1, 0.1, 0.1), None),
        Lesson(None, bounds(0.1, kind="pointwise_relative")),
    ],
)
def test_a_lesson_of_other_levels_or_kinds_teaches_nothing(lesson: Lesson) -> None:
    loosest, begin, note = learned(LOOSEST, 27, lesson)
    assert (loosest, begin) == (LOOSEST, 27)
    assert note.startswith("learned nothing")


@pytest.mark.parametrize("lesson", [None, Lesson(None, None)])
def test_without_a_lesson_all_stays(lesson: Lesson | None) -> None:
    assert learned(LOOSEST, 27, lesson) == (LOOSEST, 27, "")


def recipe_of(path: Path, folder: Path, more: str = "") -> Recipe:
    return parse_recipe(
        f"recipe: 1\nname: test\ninput: {{files: '{path}'}}\noutput: {{store: '{folder}/a.zarr'}}\n"
        f"report: {{figures: false}}\ncluster: {{kind: inline}}\n{more}"
    )


def test_a_plan_begins_where_an_archive_ended(write: Callable[..., Path], tmp_path: Path) -> None:
    path = write(tas=Data(waves((12, 60, 100), noise=0.5), attributes=K))
    sz3 = "variables: {tas: {codecs: [sz3]}}\n"
    first = run_recipe(recipe_of(path, tmp_path, sz3))
    kept, _ = make_plan(recipe_of(path, tmp_path, sz3))
    again = recipe_of(path, tmp_path, f"{sz3}search: {{learn_from: '{first.store}'}}\n")
    lesson = read_lessons(again)["tas"]
    assert lesson.passed == kept.variable("tas").ladder[0].bounds
    plan, _ = make_plan(again)
    found = plan.variable("tas")
    assert any(note.startswith("learned from an earlier archive") for note in found.notes)
    assert found.ladder[0].bounds is not None
    assert found.ladder[0].bounds[0].value >= 0.9 * lesson.passed[0].value


@pytest.mark.parametrize("what", ["nothing", "a folder", "a file"])
def test_an_archive_that_is_none_is_an_error_of_the_recipe(what: str, tmp_path: Path) -> None:
    store = tmp_path / "old.zarr"
    if what == "a folder":
        store.mkdir()
    elif what == "a file":
        store.write_text("no archive")
    recipe = recipe_of(tmp_path / "x.nc", tmp_path, f"search: {{learn_from: '{store}'}}\n")
    with pytest.raises(RecipeError, match=r"line 7, search\.learn_from: .*old\.zarr"):
        read_lessons(recipe)
