"""From a recipe to a plan: all problems at once, and everything of the source is in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest

from climcomp.errors import RecipeError, SourceError
from climcomp.source import Source
from climcomp_workflows.plan import places
from climcomp_workflows.plan.make import make_plan
from climcomp_workflows.plan.model import Plan
from climcomp_workflows.recipe import parse_recipe

from .conftest import Data, recipe_plan, waves

PlanOf = Callable[..., Plan]
TAS = Data(waves((4, 12, 16)), attributes={"units": "K", "standard_name": "air_temperature"})
PSL = Data(
    100 * waves((4, 12, 16), seed=2), attributes={"units": "Pa", "long_name": "sea level pressure"}
)


def test_all_problems_of_all_variables_come_at_once(plan_of: PlanOf) -> None:
    recipe = (
        "variables:\n"
        "  tas: {bound: 1 Pa}\n"
        "  psl: {bound: 1 K}\n"
        "  lat: {bound: 1 %}\n"
        "  tos: {bound: 1 K}\n"
    )
    with pytest.raises(RecipeError) as caught:
        plan_of(recipe, tas=TAS, psl=PSL)
    assert len(caught.value.problems) == 4
    for words in ("line 6", "line 7", "line 8", "line 9", "tos", "always stored exactly"):
        assert words in str(caught.value)


def test_problems_are_found_before_a_value_of_the_data_is_read(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    original = Source.read

    def noting(self: Source, name: str, region: Any = None) -> Any:
        read.append(name)
        return original(self, name, region)

    monkeypatch.setattr(Source, "read", noting)
    with pytest.raises(RecipeError):
        plan_of("variables: {psl: {bound: 1 K}}\n", tas=TAS, psl=PSL)
    assert not {"tas", "psl"} & set(read)


def test_problems_that_only_values_show_come_at_once_too(plan_of: PlanOf) -> None:
    recipe = "variables: {tas: {bound: 1e-9 K}, psl: {bound: 1e-9 Pa}}\n"
    with pytest.raises(RecipeError) as caught:
        plan_of(recipe, tas=TAS, psl=PSL)
    assert [p.split(":")[0] for p in caught.value.problems] == [
        "recipe line 5 (tas)",
        "recipe line 5 (psl)",
    ]


def test_skipped_variables_are_left_out_and_named(plan_of: PlanOf) -> None:
    plan = plan_of("variables: {psl: {skip: true}}\n", tas=TAS, psl=PSL)
    assert plan.skipped == {"psl": "the recipe says skip: true"}
    assert "psl" not in [v.name for v in plan.variables]


def test_patterns_without_a_match_are_a_warning(plan_of: PlanOf) -> None:
    plan = plan_of("variables: {'hus*': {bound: 1 %}}\n", tas=TAS)
    assert any("hus*" in text for text in plan.warnings)


def test_variables_that_cannot_be_read_are_skipped_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "odd.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("x", 3)
        kind = file.createVLType(np.int32, "ragged")
        file.createVariable("lists", kind, ("x",))
        file.createVariable("a", "f4", ("x",))[:] = [1, 2, 3]
    plan = recipe_plan(path)
    assert "lists" in plan.skipped
    assert plan.skipped["lists"]
    assert [v.name for v in plan.variables] == ["a"]


def test_groups_keep_attributes_and_unlimited_dimensions(tmp_path: Path) -> None:
    path = tmp_path / "groups.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.title = "root"
        group = file.createGroup("grp1")
        group.comment = "inside"
        group.createDimension("time", None)
        group.createVariable("series", "f4", ("time",))[:] = np.arange(5)
    plan = recipe_plan(path)
    assert plan.groups[""]["title"] == "root"
    assert plan.groups["grp1"]["comment"] == "inside"
    assert plan.unlimited == {"grp1": ("time",)}
    assert plan.variable("grp1/series").spec.dims == ("time",)


def test_sources_become_groups_of_the_archive(write: Callable[..., Path]) -> None:
    one, two = write("one.nc", tas=TAS), write("two.nc", psl=PSL)
    recipe = parse_recipe(
        f"recipe: 1\nname: test\ninput: {{files: {{a: '{one}', b: '{two}'}}}}\n"
        "output: {store: out.zarr}\n"
    )
    plan, _ = make_plan(recipe)
    assert set(plan.datasets) == {"a", "b"}
    assert plan.variable("a/tas").dataset == "a"
    assert plan.variable("b/psl").source_name == "psl"
    assert plan.unlimited == {"a": ("time",), "b": ("time",)}


def test_every_variable_is_in_the_plan_and_is_said_once(write: Callable[..., Path]) -> None:
    said: list[str] = []
    recipe = parse_recipe(
        f"recipe: 1\nname: test\ninput: {{files: '{write(tas=TAS, psl=PSL)}'}}\n"
        "output: {store: out.zarr}\n"
    )
    plan, costs = make_plan(recipe, say=said.append)
    assert said == [v.name for v in plan.variables]
    assert {cost.variable for cost in costs} == {"tas", "psl"}
    assert all(cost.seconds > 0 and cost.sampled_bytes > 0 for cost in costs)


def test_many_files_without_combining_are_refused(write: Callable[..., Path]) -> None:
    write("data1.nc", tas=TAS)
    folder = write("data2.nc", tas=TAS).parent
    recipe = parse_recipe(
        f"recipe: 1\nname: test\ninput: {{files: '{folder}/data*.nc', combine: none}}\n"
        "output: {store: out.zarr}\n"
    )
    with pytest.raises(SourceError):
        make_plan(recipe)


def test_a_grid_is_read_once_for_variables_that_share_it(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    original = places.read_geometry

    def noting(source: Source, name: str) -> Any:
        read.append(name)
        return original(source, name)

    monkeypatch.setattr(places, "read_geometry", noting)
    plan_of(tas=TAS, psl=PSL)
    assert len(read) == 1


def test_variables_of_other_grids_have_their_own(plan_of: PlanOf) -> None:
    zonal = Data(waves((4, 12, 16))[:, :, 0].copy(), ("time", "lat"), {"units": "K"})
    plan = plan_of("variables: {zonal: {bound: 0.01 K}}\n", tas=TAS, zonal=zonal)
    settings = plan.variable("tas").settings
    assert settings is not None
    assert settings.has_area is None
    assert settings.shape == (4, 1, 12, 16)
