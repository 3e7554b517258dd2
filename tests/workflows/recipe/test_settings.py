"""What all entries of a recipe together say of one variable."""

from __future__ import annotations

import pytest

from climcomp.errors import RecipeError
from climcomp_workflows.recipe import check_names, parse_recipe, settings_for

HEAD = "recipe: 1\nname: test\ninput: {files: a.nc}\noutput: {store: a.zarr}\n"
ENTRIES = """defaults: {rounding: none}
variables:
  "*": {bound: 1 %, portable: true}
  t*: {bound: 3 K, codecs: [sz3]}
  t2*: {bound: 2 K}
  t2m: {class: continuous}
  grp/u: {bound: 5 m s-1}
  u: {bound: 6 m s-1}
  v: {bound: null}
"""


def test_each_key_is_the_closest_entry_s() -> None:
    settings = settings_for(parse_recipe(HEAD + ENTRIES), "t2m")
    assert settings.bound is not None
    assert settings.bound.text == "2 K"
    assert settings.variable_class == "continuous"
    assert settings.codecs == ("sz3",)
    assert settings.portable is True
    assert settings.rounding == "none"
    assert settings.on_fail == "lossless"


def test_every_choice_names_its_line() -> None:
    origins = settings_for(parse_recipe(HEAD + ENTRIES), "t2m").origins
    assert origins["bound"] == "recipe line 9 (t2*)"
    assert origins["variable_class"] == "recipe line 10 (t2m)"
    assert origins["rounding"] == "recipe line 5 (defaults)"
    assert origins["on_fail"] == "default"


@pytest.mark.parametrize(
    ("name", "bound"),
    [
        ("tas", "3 K"), ("q", "1 %"), ("grp/u", "5 m s-1"), ("other/u", "6 m s-1"),
        ("u", "6 m s-1"), ("grp/t2x", "2 K"),
    ],
)  # fmt: skip
def test_the_closest_name_wins(name: str, bound: str) -> None:
    settings = settings_for(parse_recipe(HEAD + ENTRIES), name)
    assert settings.bound is not None
    assert settings.bound.text == bound


def test_a_bound_can_be_taken_back() -> None:
    assert settings_for(parse_recipe(HEAD + ENTRIES), "v").bound is None


def test_capitals_count() -> None:
    settings = settings_for(parse_recipe(HEAD + "variables: {T: {bound: 1 K}}\n"), "t")
    assert settings.bound is None


def test_on_fail_of_checks_is_the_default() -> None:
    recipe = parse_recipe(HEAD + "checks: {on_fail: refuse}\nvariables: {t: {on_fail: lossless}}\n")
    assert (settings_for(recipe, "t").on_fail, settings_for(recipe, "u").on_fail) == (
        "lossless",
        "refuse",
    )


def test_unknown_names_come_all_at_once_with_the_nearest() -> None:
    recipe = parse_recipe(HEAD + "variables:\n  tass: {}\n  hurr: {}\n  pr: {}\n")
    with pytest.raises(RecipeError, match="did you mean tas") as error:
        check_names(recipe, ["tas", "hur", "pr"])
    assert len(error.value.problems) == 2
    assert error.value.problems[0].startswith("line 6, variables.tass")


def test_patterns_and_optional_names_may_be_absent() -> None:
    recipe = parse_recipe(HEAD + 'variables:\n  x*: {}\n  y: {optional: true}\n  "*": {}\n')
    assert check_names(recipe, ["tas"]) == (
        "recipe line 6: no variable matches 'x*'",
        "recipe line 7: no variable matches 'y'",
    )


def test_a_name_that_is_not_optional_after_all_must_be_there() -> None:
    recipe = parse_recipe(
        HEAD + "defaults: {optional: true}\nvariables: {x: {optional: false}, y: {}}\n"
    )
    with pytest.raises(RecipeError) as error:
        check_names(recipe, ["tas"])
    assert len(error.value.problems) == 1
