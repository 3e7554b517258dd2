"""Claims about `climcomp init`: its recipe loads, plans, and says what it found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from climcomp.errors import SourceError
from climcomp_workflows.cli import main
from climcomp_workflows.init_recipe import init_recipe
from climcomp_workflows.plan.make import make_plan
from climcomp_workflows.recipe import load_recipe

Write = Callable[..., Path]


def write(path: Path, first: float = 0, **more: tuple[str, str, np.ndarray]) -> Path:
    """A file with temperature, and with variables given as (units, standard_name, values)."""
    rng = np.random.default_rng(5)
    waves = np.sin(np.linspace(0, 6, 24))[None, None, :] * 5 + rng.normal(0, 1, (6, 12, 24))
    fields = {"tas": ("K", "air_temperature", 285 + waves), **more}
    with netCDF4.Dataset(path, "w") as file:
        for dim, size in (("time", None), ("lat", 12), ("lon", 24)):
            file.createDimension(dim, size)
        time = file.createVariable("time", "f8", ("time",))
        time.units = "days since 2001-01-01"
        time[:] = first + np.arange(6)
        for dim, units, step in (("lat", "degrees_north", 10.0), ("lon", "degrees_east", 15.0)):
            axis = file.createVariable(dim, "f8", (dim,))
            axis.units = units
            axis[:] = np.arange(len(file.dimensions[dim])) * step
        for name, (units, standard, values) in fields.items():
            variable = file.createVariable(name, "f4", ("time", "lat", "lon"))
            variable.units, variable.standard_name = units, standard
            variable[:] = values
    return path


def rain() -> tuple[str, str, np.ndarray]:
    values = np.random.default_rng(1).gamma(0.3, 1e-4, (6, 12, 24))
    return "kg m-2 s-1", "precipitation_flux", np.where(values < 1e-5, 0, values)


def test_its_recipe_loads_and_plans_with_the_same_decisions(tmp_path: Path) -> None:
    write(tmp_path / "model.nc", pr=rain())
    assert main(["init", str(tmp_path / "model.nc"), "-o", str(tmp_path / "r.yaml")]) == 0
    text = (tmp_path / "r.yaml").read_text()
    recipe = load_recipe(tmp_path / "r.yaml")
    assert recipe.name == "model"
    assert recipe.input.files == {"": ("model.nc",)}
    assert recipe.variables["pr"].variable_class == "positive"
    bound = recipe.variables["tas"].bound
    assert bound is not None
    assert bound.text == "0.01 K"
    plan, _ = make_plan(recipe)
    by_name = {variable.name: variable for variable in plan.variables}
    assert (by_name["tas"].kind, by_name["tas"].how) == ("C", "lossy")
    assert (by_name["pr"].kind, by_name["pr"].how) == ("P", "lossy")
    assert "#   lat: coordinate" in text
    assert "precipitation" in text


def test_without_a_file_it_prints_the_recipe_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "model.nc")
    monkeypatch.chdir(tmp_path)
    assert main(["init", "model.nc", "--store", "elsewhere.zarr"]) == 0
    text = capsys.readouterr().out
    (tmp_path / "r.yaml").write_text(text)
    assert load_recipe("r.yaml").output.store == "elsewhere.zarr"


def test_many_files_become_a_pattern_only_if_it_means_just_them(tmp_path: Path) -> None:
    files = [write(tmp_path / f"tas_{n:02d}.nc", first=6 * n) for n in range(8)]
    text = init_recipe([str(file) for file in files], folder=tmp_path)
    assert 'files: "tas_0*.nc"' in text
    text = init_recipe([str(file) for file in files[:7]], folder=tmp_path)
    assert text.count(".nc") >= 7
    assert "*.nc" not in text


def test_a_recipe_elsewhere_has_paths_from_its_own_folder(tmp_path: Path) -> None:
    write(tmp_path / "model.nc")
    (tmp_path / "recipes").mkdir()
    out = tmp_path / "recipes" / "r.yaml"
    assert main(["init", str(tmp_path / "model.nc"), "-o", str(out), "--quiet"]) == 0
    assert load_recipe(out).input.files == {"": ("../model.nc",)}
    make_plan(load_recipe(out))


def test_awkward_names_and_units_make_no_wrong_yaml(tmp_path: Path) -> None:
    field = np.random.default_rng(2).normal(0, 1, (6, 12, 24)).cumsum(2)
    awkward = {
        "no": ("furlongs per fortnight", "", field),
        "a: b#c": ("%", "relative_humidity", 50 + field % 40),
        "1st*": ("", "", field),
    }
    write(tmp_path / "x.nc", **awkward)
    assert main(["init", str(tmp_path / "x.nc"), "-o", str(tmp_path / "r.yaml")]) == 0
    recipe = load_recipe(tmp_path / "r.yaml")
    assert set(recipe.variables) == {"tas", *awkward}
    make_plan(recipe)


def test_an_existing_recipe_is_kept_before_anything_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "r.yaml"
    out.write_text("mine")
    assert main(["init", "nothing.nc", "-o", str(out)]) == 2
    assert out.read_text() == "mine"
    assert "--overwrite" in capsys.readouterr().err


def test_no_files_is_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(tmp_path / "*.nc"), "--quiet"]) == 3
    assert "no file matches" in capsys.readouterr().err
    with pytest.raises(SourceError):
        init_recipe([str(tmp_path / "*.nc")], folder=tmp_path)


@pytest.mark.parametrize(
    "name",
    ["coads_climatology_nc3.cdf", "ncl_groups_uvt.nc", "cmip6_pr_MPI-ESM1-2-HR_day.nc",
     "eraint_uvz_packed.nc"],
)  # fmt: skip
def test_real_files_give_recipes_that_plan(shared_data: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / "r.yaml"
    assert main(["init", str(shared_data / name), "-o", str(out), "--quiet"]) == 0
    make_plan(load_recipe(out))
