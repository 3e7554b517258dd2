"""Claims about which variables are judged together: those of one grid, time axis and level axis."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from climcomp.errors import MetricError
from climcomp.source import open_source
from climcomp_metrics.together.model import Group
from climcomp_workflows.plan.model import Plan
from climcomp_workflows.plan.subject import Dataset
from climcomp_workflows.together.members import groups_of, unmet
from climcomp_workflows.together.model import GroupPlan
from tests.workflows.together.conftest import Var, plan_of

pytestmark = pytest.mark.usefixtures("related")
Write = Callable[..., Path]


def members(plan: Plan) -> list[dict[str, str]]:
    return [dict(group.group.members) for group in plan.together]


def test_two_variables_of_one_grid_are_a_group(write: Write) -> None:
    plan = plan_of(write({"a": Var(), "b": Var(seed=2)}))
    assert members(plan) == [{"b": "b", "a": "a"}]
    assert plan.together[0].criteria == ("X1", "X2")


def test_a_group_comes_back_from_the_plans_json_with_its_roles_in_order(write: Write) -> None:
    plan = plan_of(write({"a": Var(), "b": Var(seed=2)}))
    back = Plan.from_dict(json.loads(plan.to_json()))
    assert back.together == plan.together
    assert list(back.together[0].group.members) == ["b", "a"]
    assert back.digest() == plan.digest()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Var(), Var(dims=("time", "lat2", "lon"))),
        (Var(), Var(dims=("time", "lat", "lon2"))),
        (Var(), Var(dims=("lat", "lon"))),
        (Var(dims=("time", "plev", "lat", "lon")), Var(dims=("time", "height", "lat", "lon"))),
    ],
    ids=["another lat", "another lon", "without time", "another level axis"],
)
def test_variables_on_other_axes_of_the_same_sizes_are_no_group(
    write: Write, first: Var, second: Var
) -> None:
    assert members(plan_of(write({"a": first, "b": second}))) == []


def test_a_field_without_levels_goes_with_one_that_has_levels(write: Write) -> None:
    deep = Var(dims=("time", "plev", "lat", "lon"))
    assert members(plan_of(write({"a": Var(), "b": deep}))) == [{"b": "b", "a": "a"}]


def test_variables_of_different_latitudes_on_the_same_dimensions_are_no_group(
    write: Write,
) -> None:
    path = write({"z": Var()})
    with netCDF4.Dataset(path, "a") as file:
        file.createDimension("y", 16)
        file.createDimension("x", 24)
        for grid, shift in (("t", 0.0), ("u", 0.5)):
            for name, units, axis, size in (
                ("lat", "degrees_north", 0, 16),
                ("lon", "degrees_east", 1, 24),
            ):
                made = file.createVariable(f"nav_{name}_{grid}", "f8", ("y", "x"))
                made.units = units
                line = np.arange(size) + shift * axis
                made[:] = np.broadcast_to(line[:, None] if axis == 0 else line, (16, 24))
        for name, grid in (("a", "t"), ("b", "u"), ("b_too", "t")):
            data = file.createVariable(name, "f4", ("time", "y", "x"))
            data.units, data.coordinates = "K", f"nav_lat_{grid} nav_lon_{grid}"
            data[:] = np.random.default_rng(1).standard_normal((12, 16, 24))
    assert members(plan_of(path)) == [{"b": "b_too", "a": "a"}]


@pytest.mark.parametrize("axes", [True, False], ids=["with coordinates", "without"])
def test_dimensions_of_the_same_name_in_two_groups_of_a_file_are_not_the_same(
    tmp_path: Path, axes: bool
) -> None:
    path = tmp_path / "groups.nc"
    with netCDF4.Dataset(path, "w") as file:
        for name, variables in (("one", ("a",)), ("two", ("b", "a2"))):
            group = file.createGroup(name)
            for dim, units, size in (
                ("time", "days since 2001-01-01", 12),
                ("lat", "degrees_north", 16),
                ("lon", "degrees_east", 24),
            ):
                group.createDimension(dim, size)
                if not axes:
                    continue
                axis = group.createVariable(dim, "f8", (dim,))
                axis.units = units
                axis[:] = np.arange(size)
            for variable in variables:
                data = group.createVariable(variable, "f4", ("time", "lat", "lon"))
                data.units = "K"
                data[:] = np.random.default_rng(1).standard_normal((12, 16, 24))
    assert members(plan_of(path)) == [{"b": "two/b", "a": "two/a2"}]


def test_a_lossless_and_a_carried_partner_take_part(write: Write) -> None:
    packed = Var(dtype="i2", attributes={"scale_factor": 0.1}, values=np.ones((12, 16, 24), "i2"))
    plan = plan_of(write({"a": Var(), "b": packed}))
    assert plan.variable("b").how == "carried"
    assert members(plan) == [{"b": "b", "a": "a"}]


def test_variables_that_all_keep_every_bit_are_no_group(write: Write) -> None:
    plan = plan_of(write({"a": Var(), "b": Var(seed=2)}), "quality: lossless\n")
    assert plan.together == ()


def test_criteria_that_are_off_are_left_out_and_so_is_a_group_without_any(write: Write) -> None:
    path = write({"a": Var(), "b": Var(seed=2)})
    variables = plan_of(path).variables
    with open_source([str(path)]) as source:
        dataset = Dataset("", source)
        (group,) = groups_of([dataset], variables, {"X1"})
        assert group.criteria == ("X2",)
        assert groups_of([dataset], variables, {"X1", "X2"}) == ()


def test_an_unknown_relation_of_a_stored_plan_is_named() -> None:
    group = GroupPlan("", Group("budget of Mars", {"a": "a"}), ("X1",))
    with pytest.raises(MetricError, match=r"budget of Mars.*knows difference"):
        _ = group.relation


def test_a_required_criterion_that_no_group_has_is_said() -> None:
    group = GroupPlan("", Group("difference", {"a": "a"}), ("X1",))
    found = unmet(["S1", "X1", "X2"], [group], {"X1", "X2"})
    assert len(found) == 1
    assert found[0].startswith("checks.require names X2")
