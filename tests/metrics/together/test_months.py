"""Monthly area means: which month is the worst, and what chance does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from climcomp_metrics.base import Value
from climcomp_metrics.clock import Clock
from climcomp_metrics.domain import Domain
from climcomp_metrics.together.judging import judge_group
from climcomp_metrics.together.model import Group, GroupPart
from climcomp_metrics.together.months import (
    Monthly,
    area_means,
    month_in_words,
    month_numbers,
    worst_month,
)

MakePart = Callable[..., GroupPart]
ValuesOf = Callable[..., dict[str, Value]]


def months(change: list[float], error: list[float]) -> Monthly:
    count = np.arange(len(change))
    return Monthly(0 * count, count, np.array(change)[:, None], np.array(error))


def test_months_have_numbers_and_words(
    make_part: MakePart, small: Domain, make_months: Callable[..., Clock]
) -> None:
    clock = make_months((1850, 12), (1851, 1), (1851, 2), (1851, 3))
    fields = {"any": np.zeros((2, 1, 9, 18))}
    domain = replace(small, clock=clock)
    part = make_part(fields, fields, {}, domain, start=0, every=2, steps=4)

    assert [month_in_words(month) for month in month_numbers(part)] == ["1850-12", "1851-02"]


def test_without_dates_there_is_one_month_without_a_name(
    make_part: MakePart, small: Domain
) -> None:
    fields = {"any": np.zeros((3, 1, 9, 18))}

    numbers = month_numbers(make_part(fields, fields, {}, small))

    assert set(numbers.tolist()) == {-1}
    assert month_in_words(-1) == ""


def test_means_are_weighted_and_know_their_variance() -> None:
    weights = np.array([[1.0, 1.0, 2.0]])
    change = np.array([[0.0, 4.0, 1.0]])

    variance, mean, other = area_means([change, 10 * change], weights) or ()

    assert (mean, other) == (1.5, 15.0)
    # (1 * 1.5^2 + 1 * 2.5^2 + 4 * 0.5^2) / 4^2
    assert variance == pytest.approx((2.25 + 6.25 + 1.0) / 16.0)


def test_no_area_has_no_mean() -> None:
    assert area_means([np.ones((1, 2))], np.zeros((1, 2))) is None
    assert area_means([np.full((1, 2), np.nan)], np.ones((1, 2))) is None


def test_the_month_furthest_beyond_chance_is_the_worst() -> None:
    found = worst_month(months([0.5, -0.4, 0.1], [0.2, 0.01, 0.0]), np.ones(3))

    assert found is not None
    assert (found.row, found.value) == (1, pytest.approx(0.4))


def test_two_errors_are_two_standard_errors_of_a_single_month() -> None:
    found = worst_month(months([0.5], [0.2]), np.full(1, 10.0))

    assert found is not None
    assert found.value == pytest.approx(5.0)
    assert 2 * found.error == pytest.approx(2 * 0.2 * 10.0)


def test_of_many_months_chance_makes_a_larger_one() -> None:
    found = worst_month(months([0.5] * 1000, [0.1] * 1000), np.ones(1000))

    assert found is not None
    # The largest of 1000 normal numbers is 3.24 on average and hardly ever above sqrt(2 ln 2000).
    assert 2 * found.error == pytest.approx(0.1 * np.sqrt(2 * np.log(2000)))


def test_a_month_divided_by_nothing_does_not_hide_behind_an_exact_one() -> None:
    change = months([0.0, 0.1], [0.0, 0.0])

    assert worst_month(change, np.array([1.0, np.nan])) is None
    assert worst_month(months([0.0, 0.0], [0.0, 0.0]), np.full(2, np.nan)) is not None


@pytest.mark.parametrize(("bias", "expected"), [(0.0, "warn"), (0.2, "fail")])
def test_noise_on_few_cells_does_not_fail_and_a_bias_does(
    make_part: MakePart, values_of: ValuesOf, small: Domain, bias: float, expected: str
) -> None:
    # 1 Pa of noise on 162 cells moves the mean by 0.05 Pa and more, five times the limit.
    before = np.full((1, 1, 9, 18), 1e5)
    noise = np.random.default_rng(1).uniform(-1.0, 1.0, before.shape) + bias
    part = make_part(
        {"surface_pressure": before}, {"surface_pressure": before + noise},
        {"surface_pressure": "Pa"}, small,
    )  # fmt: skip
    found = values_of("air mass", part)

    verdict = judge_group(list(found.values()), Group("air mass", {"surface_pressure": "ps"}))[0]

    assert verdict.outcome == expected
