"""The recipes that come with climcomp, and the files that recipes name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from climcomp.errors import RecipeError, SourceError
from climcomp_workflows.recipe import bundled as bundled_module
from climcomp_workflows.recipe import (
    bundled_recipes,
    load_recipe,
    parse_recipe,
    recipe_digest,
    settings_for,
    source_files,
)

NAMES = {
    "quickstart", "era5-single-levels", "era5-pressure-levels", "cmip6-daily", "cmip6-monthly",
    "cesm-monthly", "ocean-daily", "previews",
}  # fmt: skip


def test_these_recipes_come_with_climcomp() -> None:
    assert set(bundled_recipes()) == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_bundled_recipe_loads_and_explains_itself(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe_digest(recipe)
    comments = [line for line in recipe.text.splitlines() if line.lstrip().startswith("#")]
    assert len(comments) >= 8


@pytest.mark.parametrize(
    ("recipe", "variable", "bound"),
    [
        ("era5-single-levels", "t2m", "0.01 K"),
        ("era5-single-levels", "tp", "1 % relative"),
        ("era5-pressure-levels", "clwc", "1 % relative"),
        ("cmip6-daily", "tasmax", "0.01 K"),
        ("cmip6-monthly", "atmosphere/clt", "0.5 % absolute"),
        ("cmip6-monthly", "atmosphere/clw", "1 % relative"),
        ("cmip6-monthly", "atmosphere/tauu", None),
        ("cesm-monthly", "PRECT", "1 % relative"),
        ("cesm-monthly", "CLDLOW", "0.005"),
        ("ocean-daily", "tos", "0.01 K"),
        ("quickstart", "a1b/air_temperature", "0.1 K"),
        ("quickstart", "sst/surface_temperature", "0.05 K"),
    ],
)
def test_a_bundled_recipe_bounds_what_it_is_for(
    recipe: str, variable: str, bound: str | None
) -> None:
    found = settings_for(load_recipe(recipe), variable).bound
    assert (found.text if found else None) == bound


@pytest.mark.parametrize("name", ["quickstart", "quickstart.yaml", "recipes/quickstart.yaml"])
def test_a_bundled_recipe_is_found_by_name_from_anywhere(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_recipe(name).name == "quickstart"


def test_a_file_here_goes_before_a_bundled_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = "recipe: 1\nname: mine\ninput: {files: a}\noutput: {store: a}\n"
    Path("quickstart.yaml").write_text(text, encoding="utf-8")
    assert load_recipe("quickstart.yaml").name == "mine"


def test_an_unknown_name_lists_the_nearest() -> None:
    with pytest.raises(RecipeError, match="Did you mean quickstart") as error:
        load_recipe("quikstart")
    assert "cmip6-daily" in str(error.value)


def test_a_missing_path_is_no_bundled_recipe(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="is no file"):
        load_recipe(tmp_path / "quickstart.yaml")


def test_a_folder_is_no_recipe(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="is a folder"):
        load_recipe(tmp_path)


def test_a_wheel_has_its_recipes_under_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    share = tmp_path / "share" / "climcomp" / "recipes"
    share.mkdir(parents=True)
    (share / "only.yaml").write_text("recipe: 1\n", encoding="utf-8")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    installed = tmp_path / "lib" / "climcomp_workflows" / "recipe" / "bundled.py"
    monkeypatch.setattr(bundled_module, "__file__", str(installed))
    assert bundled_recipes() == {"only": share / "only.yaml"}


HEAD = "recipe: 1\nname: test\noutput: {store: a.zarr}\n"


def test_files_are_relative_to_the_recipe(tmp_path: Path) -> None:
    recipe = parse_recipe(
        HEAD + f"input: {{files: ['d/*.nc', {tmp_path}/x.nc, 's3://bucket/y.zarr']}}\n",
        tmp_path / "r.yaml",
    )
    assert source_files(recipe) == {
        "": (str(tmp_path / "d/*.nc"), str(tmp_path / "x.nc"), "s3://bucket/y.zarr")
    }


def test_a_file_in_a_package_is_found() -> None:
    recipe = parse_recipe(HEAD + "input: {files: {g: 'package:climcomp_workflows/units.py'}}\n")
    (path,) = source_files(recipe)["g"]
    assert Path(path).name == "units.py"
    assert Path(path).is_file()


def test_the_quickstart_data_are_found(iris_data: Path) -> None:
    files = source_files(load_recipe("quickstart"))
    assert files["a1b"] == (str(iris_data / "A1B_north_america.nc"),)
    assert Path(files["sst"][0]).is_file()


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("package:no_such_package/a.nc", "pip install 'no-such-package'"),
        ("package:climcomp_workflows/no.nc", "has no no.nc"),
        ("package:climcomp_workflows", "package:NAME/folder/file.nc"),
        ("package:climcomp_workflows/../x", "package:NAME/folder/file.nc"),
        ("package:a.b/x", "package:NAME/folder/file.nc"),
    ],
)
def test_a_package_that_is_not_there_says_what_to_install(file: str, says: str) -> None:
    with pytest.raises(SourceError, match=says):
        source_files(parse_recipe(HEAD + f"input: {{files: '{file}'}}\n"))


def test_the_samples_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("climcomp_workflows.recipe.files.find_spec", lambda name: None)
    with pytest.raises(SourceError, match=r"pip install 'climcomp\[samples\]'"):
        source_files(load_recipe("quickstart"))
