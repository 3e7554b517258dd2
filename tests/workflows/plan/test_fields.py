"""What the metrics are told of levels that were not sampled, and of values that must stay."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from climcomp_metrics.bins import make_bins
from climcomp_metrics.field import Axes
from climcomp_workflows.plan.fields import (
    bins_of_all,
    exact_values,
    is_periodic,
    ranges_of_all,
    sigma_of_all,
)
from climcomp_workflows.plan.level_bounds import LevelRange
from climcomp_workflows.plan.sample import Sample
from climcomp_workflows.recipe import VariableSettings

from .conftest import described


def sample(levels: tuple[int, ...], fields: np.ndarray | None = None) -> Sample:
    values = np.zeros((1, len(levels), 1, 1), np.float32) if fields is None else fields
    return Sample(values, (0,), levels, slice(0, 1), slice(0, 1), False, False)


def settings(keep_zeros: bool | None = None, exact: tuple[float, ...] = ()) -> VariableSettings:
    return VariableSettings(
        "v", None, None, keep_zeros, "auto", "auto", "auto", None, exact, "lossless", False,
        MappingProxyType({}),
    )  # fmt: skip


def exact(fields: Any, kind: str = "C", **kw: Any) -> tuple[tuple[float, ...], bool]:
    values = np.asarray(fields, np.float32).reshape(1, 1, 1, -1)
    return exact_values(described((1, 1, 1)), settings(**kw), kind, values, False, [])


def test_sigma_between_sampled_levels_follows_its_logarithm() -> None:
    found = sigma_of_all(sample((0, 2, 4)), (1.0, 100.0, 10.0), 5)
    assert found == pytest.approx((1.0, 10.0, 100.0, 31.62278, 10.0))


def test_levels_without_a_sigma_take_that_of_their_neighbours() -> None:
    assert sigma_of_all(sample((0, 1, 3)), (4.0, 0.0, 1.0), 4)[1] == pytest.approx(2.51984)


def test_an_undefined_sigma_is_zero_so_that_json_can_hold_it() -> None:
    assert sigma_of_all(sample((0, 1)), (float("nan"), 2.0), 2) == (0.0, 2.0)


def test_ranges_between_sampled_levels_are_those_of_the_nearest() -> None:
    low, high = LevelRange(0, 1), LevelRange(5, 9)
    assert ranges_of_all(sample((0, 3)), (low, high), 4) == (low, low, high, high)


@pytest.mark.parametrize("kind", ["C", "P"])
def test_bins_are_those_of_all_the_values_of_the_level(kind: Any) -> None:
    values = np.random.default_rng(2).gamma(2, 3, (50, 1, 20, 20)).astype(np.float32)
    (found,) = bins_of_all(sample((0,), values), (2.0,), kind)
    expected = make_bins(values, 2.0, kind)
    assert found.scale == expected.scale
    # The quantiles are taken twice: of all values, and of their twentieths.
    assert found.low == pytest.approx(expected.low, rel=1e-9)
    assert found.width == pytest.approx(expected.width, rel=1e-9)
    assert found.reference == pytest.approx(expected.reference, rel=1e-9)


def test_bins_of_a_level_without_values_do_not_fail() -> None:
    fields = np.full((2, 2, 3, 3), np.nan, np.float32)
    fields[:, 1] = 4
    assert len(bins_of_all(sample((0, 1), fields), (0.0, 1.0), "C")) == 2


def test_rain_keeps_its_zeros() -> None:
    assert exact([0, 1, 2], "P") == ((0.0,), True)


def test_a_field_that_is_not_rain_keeps_zeros_if_they_are_many() -> None:
    assert exact([0] + [5] * 50) == ((0.0,), True)
    assert exact([0] + [5] * 150) == ((), False)


def test_the_recipe_decides_on_zeros() -> None:
    assert exact([0] + [5] * 50, keep_zeros=False) == ((), False)
    assert exact([5, 6], keep_zeros=True) == ((0.0,), True)


def test_a_fraction_keeps_its_top_if_it_is_reached_often() -> None:
    found, _ = exact([1.0] * 5 + [0.5] * 5, "B")
    assert found == (1.0,)


def test_special_values_of_the_recipe_stay() -> None:
    assert exact([1, 2], exact=(-9999.0,)) == ((-9999.0,), False)


def test_rows_are_periodic_only_where_a_shard_holds_all_of_them() -> None:
    axes = Axes(0, (), 1, 2)
    assert is_periodic(True, axes, (9, 10, 20), (9, 10, 20))
    assert not is_periodic(True, axes, (9, 10, 20), (9, 10, 10))
    assert not is_periodic(False, axes, (9, 10, 20), (9, 10, 20))
