"""Traps seen in other tools: METRICS, "Traps seen in other tools: keep each as a test"."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from climcomp.bounds import ErrorBound
from climcomp_metrics import check_shard, shard_verdicts


@pytest.fixture(scope="module")
def x(weather: Callable) -> np.ndarray:
    return weather(40, 64, 96)


def outcome(check: object, name: str, field: object) -> str:
    return next(v.outcome for v in shard_verdicts(check, field) if v.criterion == name)  # type: ignore[arg-type]


def test_a_large_negative_difference_is_not_missed(
    x: np.ndarray, make_settings: Callable, whole: Callable, values_of: Callable
) -> None:
    y = x.copy()
    y[5, 0, 6, 7] -= 50.0
    assert abs((y - x).max()) == 0.0
    field = make_settings(x)
    check = check_shard(x, y, field, whole(x), [ErrorBound("absolute", 0.1)])
    assert outcome(check, "P1", field) == "fail"
    assert check.worst == pytest.approx(50.0)
    assert values_of(x, y)["P5"].detail["largest over range"] > 0.1


def test_relative_errors_of_westerly_and_easterly_winds_count_alike(
    make_settings: Callable, whole: Callable
) -> None:
    wind = np.array([10.0, -10.0]).reshape(1, 1, 1, 2)
    bound = [ErrorBound("pointwise_relative", 0.01)]
    field = make_settings(wind, sigma=(10.0,))
    for sign in (1.0, -1.0):
        check = check_shard(wind, wind * (1.0 + 0.02 * sign), field, whole(wind), bound)
        assert (check.over, check.worst) == (2, pytest.approx(0.02))


def test_missing_values_are_not_scored_as_numbers(
    x: np.ndarray, values_of: Callable, make_settings: Callable
) -> None:
    sea = np.arange(96) >= 48
    y = (x + np.random.default_rng(1).normal(0.0, 0.05, x.shape)).astype(np.float32)
    field = make_settings(x)
    masked_x, masked_y = (np.where(sea, array, np.float32(np.nan)) for array in (x, y))
    masked = values_of(masked_x, masked_y, field)
    a, b = (array[..., 48:].astype(np.float64) for array in (x, y))
    error = (b - a).ravel()
    assert masked["D4"].value == pytest.approx(abs(b.std() / a.std() - 1.0), rel=1e-6)
    assert masked["P9"].value == pytest.approx(abs(np.corrcoef(error, a.ravel())[0, 1]), rel=1e-8)
    assert masked["P2"].value == pytest.approx(abs(error.mean()) / field.sigma[0], rel=1e-8)


def test_weights_survive_the_reduction_over_time(x: np.ndarray, values_of: Callable) -> None:
    # An error at the poles alone: without weights it counts eight times as much.
    polar = np.abs(np.linspace(-1.0, 1.0, 64)) > 0.95
    y = np.where(polar[:, None], x + np.float32(1.0), x)
    weights = np.cos(np.pi / 2 * np.linspace(-1.0, 1.0, 64))[:, None] * np.ones(96)
    share = weights[polar].sum() / weights.sum()
    values = values_of(x, y, sigma=(10.0,), weights=weights)
    assert values["P2"].value == pytest.approx(share / 10.0, rel=1e-4)
    unweighted = values_of(x, y, sigma=(10.0,))
    assert unweighted["P2"].value == pytest.approx(polar.mean() / 10.0, rel=1e-4)


def test_an_absolute_bound_and_a_clamp_add_water(
    x: np.ndarray, verdicts_of: Callable, make_settings: Callable, whole: Callable
) -> None:
    rain = np.maximum((x - 284.0) / 4.0, 0.0)
    noise = np.random.default_rng(2).uniform(-0.1, 0.1, x.shape)
    y = np.maximum(rain + noise, 0.0).astype(np.float32)
    verdicts = verdicts_of(rain, y, kind="P")
    assert verdicts["C3"].outcome == "fail"
    assert verdicts["C3"].detail["signed"] > 0.01
    field = make_settings(rain, kind="P")
    check = check_shard(rain, y, field, whole(rain), [ErrorBound("absolute", 0.1001)])
    assert (outcome(check, "P1", field), outcome(check, "F3", field)) == ("pass", "fail")


def test_a_last_slice_that_is_3_k_off_is_not_hidden_by_a_good_first_one(
    x: np.ndarray, verdicts_of: Callable
) -> None:
    y = (x + np.random.default_rng(3).normal(0.0, 0.01, x.shape)).astype(np.float32)
    y[-1] += 3.0
    verdicts = verdicts_of(x, y)
    for name in ("C1", "P7"):
        assert (verdicts[name].outcome, verdicts[name].place) == ("fail", "time 39")


def test_pearson_alone_sees_neither_a_bias_nor_a_clipped_tail(
    x: np.ndarray, verdicts_of: Callable
) -> None:
    biased = (x + np.float32(1.0)).astype(np.float32)
    verdicts = verdicts_of(x, biased)
    assert verdicts["P4"].value < 1e-11
    assert verdicts["P2"].outcome == "fail"
    clipped = np.minimum(x, np.quantile(x, 0.9999).astype(np.float32))
    verdicts = verdicts_of(x, clipped)
    assert verdicts["P4"].outcome in ("report", "warn")
    assert verdicts["E3"].outcome == "fail"
