"""The bound of each level: the recipe's, or the table's, in numbers."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from climcomp.bounds import ErrorBound
from climcomp.errors import RecipeError
from climcomp_workflows.bound_text import parse_bound, parse_level_bounds
from climcomp_workflows.classes import DefaultBound
from climcomp_workflows.plan.ladder import LevelBounds
from climcomp_workflows.plan.level_bounds import (
    LevelRange,
    below_spacing,
    default_bounds,
    level_ranges,
    recipe_bounds,
)
from climcomp_workflows.plan.level_values import LevelValues
from climcomp_workflows.recipe import VariableSettings

from .conftest import Data, waves

ORIGIN = "recipe line 7 (tas)"
RANGES = (LevelRange(200.0, 300.0), LevelRange(250.0, 270.0), None)


def settings(bound: str | float | dict[str, object]) -> VariableSettings:
    read = parse_level_bounds(bound) if isinstance(bound, dict) else parse_bound(bound)
    return VariableSettings(
        "tas", read, None, None, "auto", "auto", "auto", None, (), "lossless", False,
        MappingProxyType({"bound": ORIGIN}),
    )  # fmt: skip


def values(bounds: LevelBounds) -> list[float]:
    return [bound.value for bound in bounds.bounds]


def table(absolute: Any = None, relative: Any = None, sigma: Any = None) -> DefaultBound:
    return DefaultBound(absolute, relative, sigma, False, "text")


def test_ranges_are_of_finite_values_and_of_each_level() -> None:
    fields = np.array([[[[1.0, np.nan, 5.0]], [[np.inf, 2.0, 2.0]], [[np.nan] * 3]]], np.float32)
    assert level_ranges(fields) == (LevelRange(1.0, 5.0), LevelRange(2.0, 2.0), None)


def test_an_absolute_bound_holds_on_all_levels_in_the_variables_unit() -> None:
    found, notes = recipe_bounds(settings("0.01 K"), {"units": "degC"}, RANGES)
    assert values(found) == [0.01] * 3
    assert found.source == ORIGIN
    assert found.text == "0.01 K"
    found, _ = recipe_bounds(settings("1 hPa"), {"units": "Pa"}, RANGES)
    assert values(found) == [100.0] * 3
    del notes


def test_a_share_of_each_value_stays_relative() -> None:
    found, _ = recipe_bounds(settings("1 %"), {"units": "kg kg-1"}, RANGES)
    assert found.kind == "pointwise_relative"
    assert values(found) == [0.01] * 3


def test_a_share_of_the_range_is_made_a_number_on_every_level() -> None:
    found, _ = recipe_bounds(settings("1 % of range"), {"units": "K"}, RANGES)
    assert found.kind == "absolute"
    # The level without values has the least of the others.
    assert values(found) == pytest.approx([1.0, 0.2, 0.2])


def test_a_share_of_no_range_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"line 7 .*needs a range of values"):
        recipe_bounds(settings("1 % of range"), {"units": "K"}, (LevelRange(3.0, 3.0), None))


def test_a_bound_in_a_unit_of_another_kind_names_line_and_variable() -> None:
    with pytest.raises(RecipeError, match=r"recipe line 7 \(tas\): bound of tas: .*Pa"):
        recipe_bounds(settings("1 Pa"), {"units": "K"}, RANGES)


def test_a_share_of_sigma_is_of_each_levels_own() -> None:
    found = default_bounds(table(sigma=0.01), (1.0, 5.0, 0.0), RANGES)
    # The last level does not vary: it has the least bound of the others.
    assert values(found) == pytest.approx([0.01, 0.05, 0.01])


def test_of_a_number_and_a_share_of_sigma_the_tighter_counts() -> None:
    found = default_bounds(table(absolute=0.02, sigma=0.01), (1.0, 5.0, np.nan), RANGES)
    assert values(found) == pytest.approx([0.01, 0.02, 0.01])


def test_a_relative_bound_keeps_the_share_of_sigma_on_the_largest_value() -> None:
    found = default_bounds(table(relative=0.01, sigma=0.01), (30.0, 1000.0, 1.0), RANGES)
    assert found.kind == "pointwise_relative"
    # 0.01 * 30 / 300, and 1 % where that is tighter; no range: the table's own.
    assert values(found) == pytest.approx([0.001, 0.01, 0.01])


def of(value: float, kind: Any = "absolute") -> LevelBounds:
    return LevelBounds((ErrorBound(kind, value),), "text", "source")


def test_a_bound_below_the_spacing_of_floats_is_found_with_both_numbers() -> None:
    # Floats between 256 and 512 are 2**-15 = 3.05e-5 apart.
    assert below_spacing(of(4e-5), (LevelRange(-300.0, 200.0),), np.dtype("f4")) is None
    found = below_spacing(of(2e-5), (LevelRange(-300.0, 200.0),), np.dtype("f4"))
    assert found is not None
    assert "2e-05" in found
    assert "3.05e-05" in found
    assert below_spacing(of(2e-5), (LevelRange(-300.0, 200.0),), np.dtype("f8")) is None


def test_a_relative_bound_below_the_precision_of_floats_is_found() -> None:
    assert below_spacing(of(1e-7, "pointwise_relative"), RANGES[:1], np.dtype("f4")) is None
    assert below_spacing(of(1e-8, "pointwise_relative"), RANGES[:1], np.dtype("f4"))


def test_levels_without_values_ask_for_no_spacing() -> None:
    assert below_spacing(of(1e-30), (None,), np.dtype("f4")) is None


LEVELS = LevelValues("plev", (85000.0, 50000.0, 10000.0), "Pa", (0, 1, 2))


def by_level(bounds: dict[str, object], levels: LevelValues | str = LEVELS) -> list[float]:
    found, _ = recipe_bounds(settings(bounds), {"units": "degC"}, RANGES, levels)
    return values(found)


def test_levels_have_bounds_of_their_own() -> None:
    assert by_level({"50000": "0.02 K", "85000": "0.05 K", "1e4": "0.1 K"}) == [0.05, 0.02, 0.1]
    assert by_level({"50000": "0.02 K", "*": "0.1 K"}) == [0.1, 0.02, 0.1]
    found, _ = recipe_bounds(settings({"*": "1 hPa"}), {"units": "Pa"}, RANGES, LEVELS)
    assert values(found) == [100.0] * 3


def test_members_of_one_level_share_its_bound() -> None:
    levels = LevelValues("plev", (850.0, 500.0), "hPa", (0, 1, 0, 1))
    found, _ = recipe_bounds(settings({"850": "0.1", "500": "0.3"}), {}, RANGES * 2, levels)
    assert values(found)[:4] == [0.1, 0.3, 0.1, 0.3]


def test_shares_of_the_range_by_level() -> None:
    bounds: dict[str, object] = {"85000": "0.1 % of range", "*": "1 % of range"}
    assert by_level(bounds) == pytest.approx([0.1, 0.2, 0.2])


@pytest.mark.parametrize(
    ("bounds", "levels", "says"),
    [
        ({"850": "1 K", "*": "2 K"}, LEVELS, r"no level 850 \(plev: 85000, 50000, 10000 Pa\)"),
        ({"85000": "1 K"}, LEVELS, r"levels 50000, 10000 have none; .* \"\*\" for all others"),
        ({"850": "1 K"}, "it has no levels, only (time, lat)", 'no levels.*such as "1 K"'),
    ],
)
def test_levels_that_do_not_fit_are_errors_of_the_recipe(
    bounds: dict[str, object], levels: LevelValues | str, says: str
) -> None:
    with pytest.raises(RecipeError, match=f"recipe line 7 .*bound of tas.*{says}"):
        by_level(bounds, levels)


def test_a_plan_takes_bounds_by_level_from_a_recipe(plan_of: Any) -> None:
    K = {"units": "K", "standard_name": "air_temperature"}
    fields = np.stack([waves((4, 60, 90), seed=s) for s in range(3)], axis=1)
    variables = {
        "ta": Data(fields, ("time", "lev", "lat", "lon"), K),
        "lev": Data(np.array([850.0, 500.0, 100.0]), ("lev",), {"units": "hPa"}),
    }
    recipe = "quality: bounds\nvariables: {ta: {bound: {850: 0.05 K, 500: 0.2 K, 100: 0.1 K}}}\n"
    found = plan_of(recipe, **variables).variable("ta")
    assert found.ladder[0].bounds is not None
    assert [bound.value for bound in found.ladder[0].bounds] == [0.05, 0.2, 0.1]
    assert found.bound_text == "850: 0.05 K, 500: 0.2 K, 100: 0.1 K"


def test_a_variable_without_levels_refuses_bounds_by_level(plan_of: Any) -> None:
    K = {"units": "K", "standard_name": "air_temperature"}
    with pytest.raises(RecipeError, match=r"bound of tas is given by level, but it has no levels"):
        plan_of(
            "variables: {tas: {bound: {850: 1 K}}}\n", tas=Data(waves((4, 60, 90)), attributes=K)
        )
