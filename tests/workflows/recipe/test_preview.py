"""What a recipe may say of previews, and what it may not."""

from __future__ import annotations

import pytest

from climcomp.errors import RecipeError
from climcomp_workflows.recipe import parse_recipe, recipe_digest, settings_for
from climcomp_workflows.recipe.preview import USUAL

HEAD = "recipe: 1\nname: test\ninput: {files: a.nc}\noutput: {store: a.zarr}\n"


def test_variables_without_a_bound_become_previews() -> None:
    recipe = parse_recipe(
        HEAD + "quality: preview\nvariables:\n  pr: {bound: 1 %}\n  ta: {preview: {rmse: 0.3 K}}\n"
        "  z: {bound: 1 m, preview: {ratio: 2000, enforce: true}}\n"
    )
    assert settings_for(recipe, "tas").preview == USUAL
    assert settings_for(recipe, "pr").preview is None
    assert settings_for(recipe, "ta").preview.text == "RMSE 0.3 K"  # type: ignore[union-attr]
    both = settings_for(recipe, "z")
    assert both.bound is not None
    assert both.preview is not None
    assert (both.preview.text, both.preview.enforce) == ("ratio 2000", True)


def test_the_usual_target_is_the_recipes_own() -> None:
    recipe = parse_recipe(HEAD + "quality: preview\ndefaults: {preview: {ratio: 100}}\n")
    found = settings_for(recipe, "tas")
    assert found.preview is not None
    assert found.preview.text == "ratio 100"
    assert found.origins["preview"] == "recipe line 6 (defaults)"


def test_a_null_takes_a_preview_back() -> None:
    text = "quality: preview\nvariables:\n  't*': {preview: {ratio: 9}}\n  tos: {preview: null}\n"
    recipe = parse_recipe(HEAD + text)
    assert settings_for(recipe, "tas").preview != USUAL
    assert settings_for(recipe, "tos").preview == USUAL


def test_no_other_quality_makes_previews() -> None:
    assert settings_for(parse_recipe(HEAD), "tas").preview is None


def test_the_target_is_part_of_the_digest() -> None:
    texts = ("{ratio: 500}", "{ratio: 100}", "{rmse: 1 K}", "{ratio: 100, enforce: true}")
    recipes = [parse_recipe(f"{HEAD}quality: preview\ndefaults: {{preview: {t}}}\n") for t in texts]
    assert len({recipe_digest(recipe) for recipe in recipes}) == len(texts)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("preview: 500", "wanted {ratio: 500}"),
        ("preview: {}", "found neither"),
        ("preview: {ratio: 5, rmse: 1 K}", "found both"),
        ("preview: {ratoi: 5}", "did you mean 'ratio'?"),
        ("preview: {ratio: much}", "wanted a number from 4 to 1e+06"),
        ("preview: {ratio: 0}", "wanted a number from 4"),
        ("preview: {ratio: 500, enforce: maybe}", "wanted true or false"),
        ("preview: {rmse: small}", "wanted a number and a unit"),
        ("preview: {rmse: [1]}", "wanted"),
        ("preview: {rmse: 1 %}", "wanted an error with a unit"),
        ("preview: {ratio: 9}, class: lossless", "the preview (ratio 9) would do nothing"),
        ("preview: {ratio: 9}, codecs: [lossless]", "the preview (ratio 9) would do nothing"),
        ("preview: {ratio: 9}, codecs: [sz3]", "coded by inr alone"),
        ("preview: {ratio: 9}, portable: true", "do not know previews"),
    ],
)
def test_what_cannot_be_a_preview_says_why(text: str, says: str) -> None:
    with pytest.raises(RecipeError) as error:
        parse_recipe(f"{HEAD}quality: preview\nvariables:\n  tas: {{{text}}}\n")
    assert says in str(error.value)
    assert "line 7" in str(error.value)


@pytest.mark.parametrize(
    "text",
    ["variables: {tas: {preview: {ratio: 500}}}", "defaults: {preview: {ratio: 9}}"],
)
@pytest.mark.parametrize("quality", ["climate", "lossless", "{information: 0.99}"])
def test_previews_are_for_their_own_quality(text: str, quality: str) -> None:
    with pytest.raises(RecipeError, match="names a preview, which has no bound"):
        parse_recipe(f"{HEAD}quality: {quality}\n{text}\n")
