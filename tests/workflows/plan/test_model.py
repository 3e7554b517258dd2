"""The plan as JSON: everything comes back, and the same plan is the same bytes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from climcomp.bounds import ErrorBound
from climcomp_workflows.plan.model import Plan, Rung

from .conftest import Data, recipe_plan, waves

ATTRIBUTES: dict[str, Any] = {
    "text": "words with ü",
    "empty": "",
    "f4": np.float32(0.1),
    "f8": np.float64(0.1),
    "i2": np.int16(-3),
    "u1": np.uint8(200),
    "i8": np.int64(1 << 40),
    "many": np.array([1.5, 2.5], np.float32),
    "nan": np.float32("nan"),
    "inf": np.float64("inf"),
    "units": "K",
}


def through_json(plan: Plan) -> Plan:
    return Plan.from_dict(json.loads(plan.to_json()))


def same(a: Any, b: Any) -> bool:
    x, y = np.asarray(a), np.asarray(b)
    return x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes()


@pytest.fixture
def many_kinds(write: Callable[..., Path]) -> Path:
    return write(
        tas=Data(waves((4, 12, 16)), attributes=ATTRIBUTES, fill=np.float32(1e20)),
        flag=Data(np.arange(4, dtype=np.int8), ("time",)),
        packed=Data(
            np.arange(768, dtype=np.int16).reshape(4, 12, 16),
            attributes={"scale_factor": np.float32(0.1), "add_offset": np.float32(5)},
            fill=np.int16(-1),
        ),
    )


def test_a_plan_comes_back_from_json_to_the_last_byte(many_kinds: Path) -> None:
    plan = recipe_plan(many_kinds)
    back = through_json(plan)
    assert back.to_json() == plan.to_json()
    assert back.digest() == plan.digest()


def test_attributes_come_back_with_their_types(many_kinds: Path) -> None:
    plan = recipe_plan(many_kinds)
    before, after = plan.variable("tas").spec, through_json(plan).variable("tas").spec
    assert set(after.attributes) == {*ATTRIBUTES, "_FillValue"}
    for name, value in before.attributes.items():
        if name != "_FillValue":  # the fill is kept as a number, of the variable's own type
            assert same(value, after.attributes[name]), name
    assert np.float32(after.attributes["_FillValue"]) == np.float32(1e20)


def test_every_variable_comes_back_equal(many_kinds: Path) -> None:
    plan = recipe_plan(many_kinds)
    for before, after in zip(plan.variables, through_json(plan).variables, strict=True):
        assert after.to_dict() == before.to_dict() or before.name == "tas"  # NaN is not NaN
        assert after.ladder == before.ladder
        assert after.settings == before.settings
        assert after.estimates == before.estimates
        assert after.spec.numpy_dtype == before.spec.numpy_dtype


def test_open_ends_of_a_valid_range_come_back(plan_of: Callable[..., Plan]) -> None:
    plan = plan_of("variables: {tas: {valid_range: [-.inf, 400]}}\n", tas=waves((4, 12, 16)))
    settings = through_json(plan).variable("tas").settings
    assert settings is not None
    assert settings.valid_range == (float("-inf"), 400.0)


def test_bytes_of_an_attribute_come_back(plan_of: Callable[..., Plan]) -> None:
    from dataclasses import replace

    plan = plan_of(tas=waves((4, 12, 16)))
    variable = plan.variable("tas")
    spec = replace(variable.spec, attributes={"raw": b"\xffab", "none": None, "list": ["a", "b"]})
    changed = replace(plan, variables=(replace(variable, spec=spec),))
    assert through_json(changed).variable("tas").spec.attributes == spec.attributes


def test_the_same_recipe_and_source_make_the_same_plan_twice(many_kinds: Path) -> None:
    assert recipe_plan(many_kinds).to_json() == recipe_plan(many_kinds).to_json()


def test_two_processes_make_the_same_plan(many_kinds: Path) -> None:
    text = (
        "import sys; from climcomp_workflows.recipe import parse_recipe; "
        "from climcomp_workflows.plan.make import make_plan; "
        "plan, _ = make_plan(parse_recipe(sys.argv[1])); print(plan.digest())"
    )
    recipe = recipe_plan(many_kinds).recipe_text
    digests = {
        subprocess.run(
            [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}; {text}", recipe],
            check=True, capture_output=True, encoding="utf-8",
            env={"PYTHONHASHSEED": seed, "PATH": ""},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert digests == {recipe_plan(many_kinds).digest() + "\n"}


def test_a_rung_comes_back_with_tuples_in_its_settings() -> None:
    bounds = (ErrorBound("absolute", 0.1), ErrorBound("absolute", 0.2))
    rung = Rung("sz3", (("order", (1, 0)), ("race", "full")), bounds, (7, 8), "text")
    assert Rung.from_dict(json.loads(json.dumps(rung.to_dict()))) == rung
    assert not rung.lossless


def test_an_unknown_variable_is_a_key_error(plan_of: Callable[..., Plan]) -> None:
    with pytest.raises(KeyError, match="nope"):
        plan_of(tas=waves((4, 12, 16))).variable("nope")
