"""Everything that a person can write wrongly about a metric of their own, with its line and key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from climcomp.errors import RecipeError
from climcomp_workflows.recipe import Recipe, parse_recipe, settings_for

HEAD = "recipe: 1\nname: test\ninput: {files: a.nc}\noutput: {store: a.zarr}\nchecks:\n  metrics:\n"
CODE = """
def front(original, decoded, grid):
    return 0.0

def bias(original, decoded, grid):
    return 0.0

def other(original, decoded, grid):
    return 0.0

class Sums:
    def of(self, original, decoded, grid):
        return {"n": 1}
    def value(self, sums):
        return 0.0

number = 3
"""
Parse = Callable[..., Recipe]


@pytest.fixture
def parse(tmp_path: Path) -> Parse:
    """A recipe in a folder with `mine.py`, from the entries of `checks.metrics`."""
    (tmp_path / "mine.py").write_text(CODE, "utf-8")
    (tmp_path / "broken.py").write_text("import math\n\ndef front(:\n", "utf-8")
    (tmp_path / "failing.py").write_text("raise KeyError('x')\n", "utf-8")
    (tmp_path / "empty.py").write_text("\n", "utf-8")
    (tmp_path / "folder.py").mkdir()

    def make(*entries: str, more: str = "") -> Recipe:
        lines = "".join(f"    - {entry}\n" for entry in entries)
        return parse_recipe(HEAD + lines + more, tmp_path / "recipe.yaml")

    return make


def problems_of(parse: Parse, *entries: str, more: str = "") -> tuple[str, ...]:
    with pytest.raises(RecipeError) as error:
        parse(*entries, more=more)
    return error.value.problems


def test_an_entry_becomes_a_metric_with_its_code(parse: Parse) -> None:
    recipe = parse(
        '{file: mine.py, name: front, unit: K, warn: 0.01, fail: 0.02, variables: [tas, "ta*"], '
        "every: 8}",
        "{file: ./mine.py, name: Sums, better: higher, warn: 0.9, fail: 0.5}",
    )
    front, sums = (entry.metric for entry in recipe.own_metrics)
    assert (front.id, front.unit, front.warn, front.fail) == ("X-front", "K", 0.01, 0.02)
    assert (front.every, front.over, front.least, front.file) == (8, "worst", False, "mine.py")
    assert (front.code, front.sha256) == (CODE, sums.sha256)
    assert sums.least
    assert recipe.own_metrics[0].variables == ("tas", "ta*")
    assert [own.id for own in settings_for(recipe, "tas").own_metrics] == ["X-front", "X-Sums"]
    assert [own.id for own in settings_for(recipe, "grp/tasmax").own_metrics] == [
        "X-front", "X-Sums",
    ]  # fmt: skip
    assert [own.id for own in settings_for(recipe, "pr").own_metrics] == ["X-Sums"]


@pytest.mark.parametrize(
    ("entry", "key", "said"),
    [
        ("{file: absent.py, name: front}", ".file", "is not there, wanted a file of Python"),
        ("{file: min.py, name: front}", ".file", "did you mean mine.py"),
        ("{file: folder.py, name: front}", ".file", "is a folder"),
        ("{file: empty.py, name: front}", ".file", "is empty"),
        ("{file: broken.py, name: front}", ".file", "broken.py, line 3 is no valid Python"),
        ("{file: failing.py, name: front}", ".file", "KeyError: 'x' (failing.py line 1): mend"),
        ("{file: http://a.b/c.py, name: front}", ".file", "files beside the recipe only"),
        ("{file: 3, name: front}", ".file", "wanted a file such as my_metrics.py"),
        ("{file: mine.py, name: frnt}", ".name", "it defines front, bias, other, Sums; did you"),
        ("{file: mine.py, name: number}", ".name", "is int, wanted a function"),
        ("{file: mine.py, name: a-b}", ".name", "wanted the name of a function or class"),
        ("{file: mine.py, name: bias}", ".name", "would be taken for P2 bias of climcomp"),
        ("{file: mine.py, name: tile_means}", ".name", "would be taken for C2 tile means of"),
        ("{file: mine.py, name: p2}", ".name", "would be taken for P2 bias of climcomp"),
        ("{file: mine.py, name: Sums, over: mean}", ".over", "is a class, whose value() decides"),
        ("{file: mine.py, name: front, over: median}", ".over", "wanted worst or mean"),
        ("{file: mine.py, name: front, warn: -1}", ".warn", "wanted a number, 0 or more"),
        ("{file: mine.py, name: front, fail: much}", ".fail", "wanted a number, 0 or more"),
        ("{file: mine.py, name: front, warn: 2, fail: 1}", "", "or write better: higher if large"),
        (
            "{file: mine.py, name: front, warn: 1, fail: 2, better: higher}", "",
            "large values are good (better: higher): exchange",
        ),
        ("{file: mine.py, name: front, better: more}", ".better", "wanted lower or higher"),
        ("{file: mine.py, name: front, every: 0}", ".every", "wanted a whole number"),
        ("{file: mine.py, name: front, variables: []}", ".variables", "wanted variables such as"),
        ("{file: mine.py, name: front, variables: [3]}", ".variables", "found 3 among them"),
        ("{file: mine.py, name: front, unit: 3}", ".unit", "put it in quotes"),
        ("{file: mine.py, name: front, limit: 3}", ".limit", "no such key"),
        ("{file: mine.py}", ".name", "is missing; write 'name: front_strength'"),
        ("{name: front}", ".file", "is missing; write 'file: my_metrics.py'"),
        ("front", "", "wanted a mapping (key: value)"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_entry_is_said_with_its_line_and_key(
    parse: Parse, entry: str, key: str, said: str
) -> None:
    (problem,) = problems_of(parse, "{file: mine.py, name: other}", entry)
    assert problem.startswith(f"line 8, checks.metrics[2]{key}: ")
    assert said in problem


def test_all_wrong_entries_are_told_at_once(parse: Parse) -> None:
    found = problems_of(parse, "{file: absent.py, name: a}", "{file: mine.py, name: b}")
    assert [text.partition(":")[0] for text in found] == [
        "line 7, checks.metrics[1].file", "line 8, checks.metrics[2].name",
    ]  # fmt: skip


def test_one_name_stands_once(parse: Parse) -> None:
    entry = "{file: mine.py, name: front}"
    (problem,) = problems_of(parse, entry, entry)
    assert problem.startswith("line 8, checks.metrics[2].name: 'front' stands on line 7 already")


def test_a_list_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(
        RecipeError, match=r"wanted a list of entries such as '- \{file: my_metrics"
    ):
        parse_recipe(HEAD.rstrip() + " {file: mine.py, name: front}\n", tmp_path / "recipe.yaml")


def test_its_criterion_can_be_required_and_nothing_else_beside_it(parse: Parse) -> None:
    entry = "{file: mine.py, name: front}"
    assert parse(entry, more="  require: [X-front]\n").checks.require == ("X-front",)
    (problem,) = problems_of(parse, entry, more="  require: [X-frnt]\n")
    assert "no metric of this recipe; did you mean 'X-front'?" in problem


def test_full_leaves_nothing_to_sample(parse: Parse) -> None:
    (problem,) = problems_of(parse, "{file: mine.py, name: front, every: 4}", more="  full: true\n")
    assert "full takes every time step, so every of front would do nothing" in problem


def test_a_recipe_without_a_file_starts_at_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.py").write_text(CODE, "utf-8")
    monkeypatch.chdir(tmp_path)
    recipe = parse_recipe(HEAD + "    - {file: mine.py, name: front}\n")
    assert recipe.own_metrics[0].metric.code == CODE
