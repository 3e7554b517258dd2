"""Claims about the sums of a window: what a relation is given, from the source and the archive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from climcomp.archive import ArraySpec
from climcomp.blocks import Region
from climcomp.errors import MetricError
from climcomp.source import Source, open_source, read_decoded
from climcomp_metrics.base import State
from climcomp_metrics.criteria import make_limits
from climcomp_metrics.domain import Domain
from climcomp_metrics.together import relations
from climcomp_metrics.together.model import Group
from climcomp_workflows.domain import read_domain
from climcomp_workflows.plan.model import Plan, VariablePlan
from climcomp_workflows.together import bundle, measure
from climcomp_workflows.together.bundle import Bundle, bundles
from climcomp_workflows.together.judge import Sums, judge_sums
from climcomp_workflows.together.measure import sums_of
from climcomp_workflows.together.task import InOrder, WindowSums, sums_of_group, window_tasks
from tests.workflows.together import fake
from tests.workflows.together.conftest import SIZES, Var, plan_of

pytestmark = pytest.mark.usefixtures("related")
Write = Callable[..., Path]
DEEP = ("time", "plev", "lat", "lon")
# A shard of a few steps, so that a window takes parts of several.
SMALL = f"output: {{store: out.zarr, shard_size: {5 * 16 * 24 * 4} B}}\n"


@dataclass
class World:
    """An opened source with its plan, and an archive that changes every value by `change`."""

    plan: Plan
    opened: Source
    change: float = 0.25
    read: list[str] = field(default_factory=list)

    def source(self, variable: VariablePlan) -> Source:
        return self.opened

    def domain(self, variable: VariablePlan) -> Domain:
        return read_domain(self.opened, variable.source_name)

    def stored(self, spec: ArraySpec, region: Region) -> np.ndarray:
        self.read.append(spec.path)
        plan = self.plan.variable(spec.path)
        if plan.decoded:
            return read_decoded(self.opened, plan.source_name, region) + np.float32(self.change)
        return self.opened.read(plan.source_name, region) + np.float32(self.change)

    @property
    def bundle(self) -> Bundle:
        (found,) = bundles(self.plan.together, self.plan, {"": self.opened})
        return found

    def sums(self, steps: range, exact: tuple[str, ...] = ()) -> State:
        return sums_of(self.bundle, steps, self, self.stored, exact)[0]

    def windows(self, exact: tuple[str, ...] = ()) -> list[range]:
        tasks = window_tasks("key", self.bundle, exact)
        return [task.steps for _, task in tasks]


@pytest.fixture
def world(write: Write) -> Iterator[Callable[..., World]]:
    worlds = []

    def make(
        variables: dict[str, Var], extra: str = "", sizes: dict[str, int] | None = None
    ) -> World:
        path = write(variables, sizes)
        made = World(plan_of(path, extra), open_source([str(path)]))
        worlds.append(made)
        return made

    yield make
    for one in worlds:
        one.opened.close()


def test_a_relation_is_given_both_sides_of_every_member_as_their_user_reads_them(
    world: Callable[..., World],
) -> None:
    made = world({"a": Var(dims=DEEP), "b": Var(seed=2)})
    made.sums(range(0, 12, 3))
    (part,) = fake.PARTS
    assert (part.start, part.every, part.steps) == (0, 3, 12)
    for role, levels in (("a", 3), ("b", 1)):
        expected = made.opened.read(role)[::3].reshape(4, levels, 16, 24)
        np.testing.assert_array_equal(part.original[role], expected)
        np.testing.assert_array_equal(part.decoded[role], expected + np.float32(0.25))
        assert part.original[role].dtype == part.decoded[role].dtype == np.float64
        assert part.units[role] == "K"
    assert part.level_values is not None
    np.testing.assert_array_equal(part.level_values, [1e5, 9e4, 8e4])
    assert (part.level_unit, part.level_standard_name) == ("Pa", "air_pressure")
    assert part.domain.grid == "latlon"
    assert part.domain.clock is not None
    assert part.domain.clock.steps == 12


def test_an_exact_member_is_not_decoded(world: Callable[..., World]) -> None:
    made = world({"a": Var(), "b": Var(seed=2)})
    made.sums(range(0, 12, 3), exact=("b",))
    assert set(made.read) == {"a"}
    (part,) = fake.PARTS
    assert part.decoded["b"] is part.original["b"]


def test_fills_are_missing_on_both_sides_and_packed_values_are_unpacked(
    world: Callable[..., World],
) -> None:
    values = np.full((12, 16, 24), 50, "i2")
    values[:, 3, 4] = -1
    packed = Var(
        dtype="i2", values=values, attributes={"scale_factor": 0.5, "missing_value": np.int16(-1)}
    )
    made = world({"a": Var(), "b": packed})
    made.sums(range(0, 3, 3), exact=("b",))
    part = fake.PARTS[0]
    assert np.isnan(part.original["b"][0, 0, 3, 4])
    assert part.original["b"][0, 0, 0, 0] == 25.0


def test_flags_of_the_recipe_are_missing_on_both_sides(world: Callable[..., World]) -> None:
    values = np.random.default_rng(3).normal(280, 5, (12, 16, 24)).astype("f4")
    values[:, 5, 6] = -77.0
    made = world({"a": Var(values=values), "b": Var(seed=2)}, "variables: {a: {exact: [-77]}}\n")
    made.sums(range(0, 3, 3))
    part = fake.PARTS[0]
    assert np.isnan(part.original["a"][0, 0, 5, 6])
    assert np.isnan(part.decoded["a"][0, 0, 5, 6])
    assert np.isfinite(part.decoded["a"]).sum() == 16 * 24 - 1


def test_bounds_are_those_that_the_plan_promises(world: Callable[..., World]) -> None:
    made = world(
        {"a": Var(), "b": Var(seed=2)},
        "quality: bounds\nvariables: {a: {bound: 0.5 K}, b: {bound: 1 %}}\n",
    )
    made.sums(range(0, 3, 3))
    assert fake.PARTS[0].bounds == {"a": 0.5}  # of b nobody knows an absolute one


def test_variables_without_time_are_measured_once(world: Callable[..., World]) -> None:
    made = world({"a": Var(dims=("lat", "lon")), "b": Var(dims=("lat", "lon"), seed=2)})
    assert [list(steps) for steps in made.windows()] == [[0]]
    made.sums(range(1))
    (part,) = fake.PARTS
    assert part.original["a"].shape == (1, 1, 16, 24)
    assert part.steps == 1


@pytest.mark.parametrize("part_bytes", [1, 40_000, 1 << 30])
def test_pieces_of_a_window_and_windows_give_what_the_whole_record_gives(
    world: Callable[..., World], monkeypatch: pytest.MonkeyPatch, part_bytes: int
) -> None:
    made = world({"a": Var(dims=DEEP), "b": Var(seed=2)}, SMALL, {"time": 40})
    expected = made.sums(range(0, 40, fake.STRIDE))
    monkeypatch.setattr(measure, "PART_BYTES", part_bytes)
    done = [
        WindowSums(number, made.bundle, (made.sums(steps),))
        for number, steps in enumerate([range(0, 15, 3), range(15, 24, 3), range(24, 40, 3)])
    ]
    merged = InOrder(made.bundle)
    for window in (done[2], done[0], done[1]):
        merged.take(window)
    for key, values in expected.items():
        np.testing.assert_array_equal(merged.states[0][key], values)


def test_a_recipe_that_wants_all_has_every_step_measured(world: Callable[..., World]) -> None:
    made = world({"a": Var(), "b": Var(seed=2)}, "checks: {full: true}\n")
    assert [list(steps) for steps in made.windows()] == [list(range(12))]
    made.sums(made.windows()[0])
    assert fake.PARTS[0].every == 1


def test_groups_of_the_same_members_are_read_once(world: Callable[..., World]) -> None:
    made = world({"a": Var(), "b": Var(seed=2)})
    (group,) = made.plan.together
    narrow = replace(group, group=Group(fake.NAME, {"b": "a", "a": "a"}))
    made.plan = replace(made.plan, together=(narrow, group))
    assert made.bundle.groups == (group, narrow)
    first, second = sums_of(made.bundle, range(0, 12, 3), made, made.stored, ())
    assert sorted(made.read) == ["a", "b"]
    assert np.all(first["before"] > 1)
    assert np.all(second["before"] == 0)


def test_a_group_with_a_member_more_is_read_apart(world: Callable[..., World]) -> None:
    made = world({"a": Var(), "a2": Var(seed=3), "b": Var(seed=2)})
    found = bundles(made.plan.together, made.plan, {"": made.opened})
    assert [set(bundle.names) for bundle in found] == [{"a", "b"}, {"a2", "b"}]


@pytest.fixture
def by_level(monkeypatch: pytest.MonkeyPatch) -> None:
    """A relation that takes each level by itself instead of the usual one."""
    monkeypatch.delitem(relations.RELATIONS, fake.NAME)
    name = "tests.workflows.together.fake:LevelByLevel"
    monkeypatch.setitem(relations.RELATIONS, fake.LevelByLevel.name, name)


@pytest.mark.parametrize("dims", [DEEP, ("plev", "lat", "time", "lon")])
def test_levels_measured_apart_give_the_verdict_of_all_of_them(
    world: Callable[..., World], by_level: None, monkeypatch: pytest.MonkeyPatch, dims: Any
) -> None:
    made = world({"a": Var(dims=dims), "b": Var(seed=2)}, SMALL, {"plev": 5})
    group = made.plan.together[0]
    whole: Sums = [(None, sums_of(made.bundle, range(0, 12, 3), made, made.stored, ())[0])]
    (expected,) = judge_sums(group, whole, make_limits({}))
    monkeypatch.setattr(bundle, "WINDOW_BYTES", 1)
    fake.PARTS.clear()
    apart = bundles(made.plan.together, made.plan, {"": made.opened})
    assert len(apart) == 5
    merged = []
    for one in apart:
        merged.append(InOrder(one))
        for _, task in window_tasks("key", one, ()):
            states = sums_of(one, task.steps, made, made.stored, ())
            merged[-1].take(WindowSums(task.number, one, states))
    (found,) = judge_sums(group, sums_of_group(group, merged), make_limits({}))
    assert found == expected
    assert "level" in found.place
    levels = {part.level_values.tolist()[0] for part in fake.PARTS if part.level_values is not None}
    assert levels == {1e5, 9e4, 8e4, 7e4, 6e4}
    assert {part.original["b"].shape[1] for part in fake.PARTS} == {1}


def test_a_relation_that_needs_all_levels_gets_all_however_large(
    world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "WINDOW_BYTES", 1)
    made = world({"a": Var(dims=DEEP), "b": Var(seed=2)})
    assert made.bundle.levels is None
    assert [len(steps) for steps in made.windows()] == [1] * 4


def test_sums_too_large_to_travel_are_refused(
    world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = world({"a": Var(), "b": Var(seed=2)})
    monkeypatch.setattr(measure, "STATE_BYTES", 10)
    with pytest.raises(MetricError, match=r"difference of b and a.*10 are allowed"):
        made.sums(range(0, 12, 3))


def test_a_member_with_areas_gives_the_domain(world: Callable[..., World]) -> None:
    made = world({"a": Var(), "b": Var(seed=2)})
    named = made.plan.variable("a")
    spec = replace(named.spec, attributes={**named.spec.attributes, "cell_measures": "area: x"})
    asked: list[str] = []
    domain = made.domain

    def seen(variable: VariablePlan) -> Domain:
        asked.append(variable.name)
        return domain(variable)

    variables = tuple(replace(v, spec=spec) if v is named else v for v in made.plan.variables)
    made.plan = replace(made.plan, variables=variables)
    made.domain = seen  # type: ignore[method-assign]
    made.sums(range(0, 12, 3))
    assert asked == ["a"]


def test_levels_folded_from_two_dimensions_have_no_coordinate(
    world: Callable[..., World],
) -> None:
    dims: Any = ("time", "height", "plev", "lat", "lon")
    made = world({"a": Var(dims=dims), "b": Var(seed=2)})
    made.sums(range(0, 3, 3))
    assert fake.PARTS[0].level_values is None
    assert fake.PARTS[0].original["a"].shape[1] == SIZES["height"] * SIZES["plev"]
