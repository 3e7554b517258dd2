"""Variables that keep every bit: which ones, and what their arrays are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from climcomp.errors import RecipeError
from climcomp_workflows.plan import lossy
from climcomp_workflows.plan.model import Plan

from .conftest import Data, waves

PlanOf = Callable[..., Plan]
TAS = waves((4, 12, 16))


def test_coordinates_ignore_a_bound_for_all(plan_of: PlanOf) -> None:
    plan = plan_of("variables: {'*': {bound: 1 %}}\n", tas=TAS)
    assert plan.variable("tas").how == "lossy"
    for name in ("lat", "lon", "time"):
        assert plan.variable(name).how == "carried"


def test_a_bound_for_a_coordinate_by_its_name_is_refused(plan_of: PlanOf) -> None:
    with pytest.raises(RecipeError, match=r"line 5 \(lat\): lat is always stored exactly"):
        plan_of("variables: {lat: {bound: 0.1 degree}}\n", tas=TAS)


def test_integers_are_carried_over(plan_of: PlanOf) -> None:
    plan = plan_of(tas=TAS, count=Data(np.arange(768, dtype=np.int32).reshape(4, 12, 16)))
    assert plan.variable("count").reason == "integers"
    assert plan.variable("count").spec.dtype == "int32"


def test_a_bound_for_integers_by_name_is_refused(plan_of: PlanOf) -> None:
    with pytest.raises(RecipeError, match=r"always stored exactly \(integers\)"):
        plan_of(
            "variables: {count: {bound: 1 %}}\n",
            count=Data(np.arange(768, dtype=np.int32).reshape(4, 12, 16)),
        )


PACKED = Data(
    (100 * (waves((8, 60, 90)) - 250)).astype(np.int16),
    attributes={"scale_factor": np.float32(0.01), "add_offset": np.float32(250), "units": "K"},
    fill=np.int16(-32768),
)


@pytest.mark.parametrize("quality", ["bounds", "{information: 0.99}"])
def test_packed_integers_stay_packed_where_only_the_recipes_bounds_count(
    quality: str, plan_of: PlanOf
) -> None:
    t2m = plan_of(f"quality: {quality}\n", t2m=PACKED).variable("t2m")
    assert not t2m.decoded
    assert t2m.spec.dtype == "int16"
    assert t2m.spec.attributes["scale_factor"] == np.float32(0.01)
    assert "stay packed" in t2m.reason


def test_packed_integers_become_their_values_where_these_are_smaller_and_pass(
    plan_of: PlanOf,
) -> None:
    fine = waves((8, 60, 90), noise=0.0) + 0.2 * waves((8, 60, 90), seed=3, noise=0.001)
    packed = Data(
        ((fine - 330) / 0.002).astype(np.int16),
        attributes={"scale_factor": 0.002, "add_offset": 330.0, "units": "K"},
        fill=np.int16(-32768),
    )
    t2m = plan_of(t2m=packed).variable("t2m")
    assert t2m.decoded
    assert t2m.how == "lossy"
    assert t2m.estimated_bytes < t2m.source_bytes


def test_packed_integers_stay_packed_where_values_would_save_next_to_nothing(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lossy, "WORTH_LOSING", 1e-3)
    recipe = "quality: bounds\nvariables: {t2m: {bound: 0.5 K}}\n"
    t2m = plan_of(recipe, t2m=PACKED).variable("t2m")
    assert not t2m.decoded
    assert t2m.spec.dtype == "int16"
    assert t2m.reason == "its packed integers take hardly more than values within the bound"


def test_values_of_packed_integers_on_a_coarser_lattice_are_stored_exactly(
    plan_of: PlanOf,
) -> None:
    # As GRIB packs: every field with a step of its own, and the integers of NetCDF in between.
    fields = waves((6, 120, 180), noise=0.3).astype(np.float64)
    steps = 2.0 ** np.arange(-5, -2).repeat(2)[:, None, None]
    coarse = np.round(fields / steps) * steps
    scale = (coarse.max() - coarse.min()) / 60000
    packed = Data(
        np.round((coarse - 280) / scale).astype(np.int16),
        attributes={"scale_factor": scale, "add_offset": 280.0, "units": "K"},
        fill=np.int16(-32768),
    )
    t2m = plan_of(t2m=packed).variable("t2m")
    assert t2m.decoded
    assert t2m.ladder[t2m.start].lossless
    assert t2m.estimated_bytes < t2m.source_bytes / 1.5
    assert t2m.bound_source == "unpacked values take hardly more exactly than within the bound"


def test_packed_integers_with_a_bound_become_their_values(plan_of: PlanOf) -> None:
    recipe = "quality: bounds\nvariables: {t2m: {bound: 0.5 K}}\n"
    t2m = plan_of(recipe, t2m=PACKED).variable("t2m")
    assert t2m.how == "lossy"
    assert t2m.decoded
    assert t2m.spec.dtype == "float32"
    assert "scale_factor" not in t2m.spec.attributes
    assert np.isnan(t2m.spec.attributes["_FillValue"])
    assert t2m.spec.attributes["units"] == "K"


def test_packed_integers_smaller_than_their_values_within_the_bound_stay_packed(
    plan_of: PlanOf,
) -> None:
    t2m = plan_of("variables: {t2m: {bound: 0.0001 K}}\n", t2m=PACKED).variable("t2m")
    assert not t2m.decoded
    assert t2m.how != "lossy"
    assert "its packed integers are smaller" in t2m.reason or "nothing lossy" in t2m.reason


OROG = Data(waves((40, 60)), ("lat", "lon"), {"standard_name": "surface_altitude", "units": "m"})


def test_static_geometry_ignores_a_bound_for_all(plan_of: PlanOf) -> None:
    assert plan_of("variables: {'*': {bound: 1 m}}\n", orog=OROG).variable("orog").kind == "L"


def test_a_bound_for_static_geometry_by_name_needs_a_class(plan_of: PlanOf) -> None:
    with pytest.raises(RecipeError, match=r"orog is stored exactly .* class: continuous"):
        plan_of("variables: {orog: {bound: 1 m}}\n", orog=OROG)
    entry = "variables: {orog: {bound: 1 m, class: continuous}}\n"
    assert plan_of(entry, orog=OROG).variable("orog").how == "lossy"


@pytest.mark.parametrize(
    ("recipe", "reason"),
    [
        ("quality: lossless\n", "the recipe says quality: lossless"),
        ("variables: {tas: {class: lossless}}\n", "line 5 (tas) says class: lossless"),
        ("variables: {tas: {codecs: [lossless]}}\n", "line 5 (tas) says codecs: lossless"),
    ],
)
def test_the_recipe_may_want_every_bit(recipe: str, reason: str, plan_of: PlanOf) -> None:
    tas = plan_of(recipe, tas=TAS).variable("tas")
    assert reason in tas.reason
    assert [rung.text for rung in tas.ladder] == ["lossless"]


def test_small_variables_are_one_object_and_large_ones_have_shards(plan_of: PlanOf) -> None:
    small = plan_of("quality: lossless\n", tas=TAS).variable("tas")
    assert small.how == "carried"
    assert small.spec.written == small.spec.shape
    large = plan_of("quality: lossless\n", tas=waves((40, 200, 300))).variable("tas")
    assert large.how == "lossless"


def test_variables_without_values_are_carried_over(plan_of: PlanOf) -> None:
    plan = plan_of(empty=Data(np.zeros((0, 12, 16), np.float32)))
    assert plan.variable("empty").reason == "it has no values"
    assert all(n >= 1 for n in plan.variable("empty").spec.chunk)
