"""The distribution of errors and their likeness to their neighbours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp_metrics import Place, measure, merge
from climcomp_metrics.base import State
from climcomp_metrics.domain import Domain
from climcomp_metrics.error_shape import LAGS, ErrorShapes, ErrorShapeSums, bin_edges, error_shape
from climcomp_metrics.level import make_level
from climcomp_metrics.part import Part

Array = NDArray[Any]
RNG = np.random.default_rng(8)


def _part(x: Array, y: Array, settings: Any, start: tuple[int, int, int, int]) -> Part:
    domain = Domain(np.ones(settings.shape[2:]))
    return Part(x, y, settings, domain, Place("tas", start, x.shape))  # type: ignore[arg-type]


def _state(x: Array, y: Array, settings: Any) -> State:
    return ErrorShapes().of(_part(x, y, settings, (0, 0, 0, 0)))


def _sums(x: Array, y: Array, settings: Any, state: State | None = None) -> ErrorShapeSums:
    whole = Place("tas", (0, 0, 0, 0), x.shape)  # type: ignore[arg-type]
    domain = Domain(np.ones(x.shape[2:]))
    measured = measure(x, y, settings, domain, whole)
    sums = error_shape(make_level({**measured, **(state or {})}, 0, settings, domain))
    assert sums is not None
    return sums


@pytest.fixture
def pair(make_settings: Callable) -> tuple[Array, Array, Any]:
    """64 steps of white noise with errors that are even between -0.01 and 0.01 sigma."""
    x = RNG.standard_normal((64, 1, 30, 40))
    y = x + RNG.uniform(-0.01, 0.01, x.shape)
    return x, y, make_settings(x, sigma=[1.0])


def test_shares_are_those_of_a_histogram_of_all_errors(pair: tuple) -> None:
    x, y, settings = pair
    sums = _sums(x, y, replace(settings, every={"*": 1}))
    edges = np.linspace(-0.0101, 0.0101, 30)
    expected = np.histogram(y - x, edges)[0] / x.size
    # A bin of the statistic is 2 % of the error wide, the bins here 0.0007: 3 % at the most.
    np.testing.assert_allclose(sums.shares(edges), expected, atol=0.05 * expected.max())
    assert sums.shares(edges).sum() == pytest.approx(1.0)
    assert sums.sampled == ""


def test_errors_of_any_size_find_a_bin_of_two_per_cent() -> None:
    edges = bin_edges()
    positive = edges[edges > 2.0**-18]
    assert (np.diff(edges) > 0).all()
    assert (np.diff(positive) / positive[:-1]).max() < 0.04
    np.testing.assert_array_equal(edges, -edges[::-1])


@pytest.mark.parametrize("size", [1e-9, 3e-6, 0.04, 15.0, 4e7])
def test_an_error_is_counted_on_its_side_of_zero(size: float, make_settings: Callable) -> None:
    x = np.zeros((1, 1, 4, 4))
    y = np.where(np.arange(16).reshape(x.shape) < 3, -size, size)
    sums = _sums(x, y, make_settings(x, sigma=[1.0]))
    half = sums.counts.size // 2
    assert (sums.counts[:half].sum(), sums.counts[half:].sum()) == (3, 13)
    held = np.flatnonzero(sums.counts)
    edges = bin_edges()
    if size < edges[-1]:
        assert edges[held[1]] <= size < edges[held[1] + 1]
        assert edges[held[0]] < -size <= edges[held[0] + 1]


def test_exact_values_are_told_apart(make_settings: Callable) -> None:
    x = np.zeros((1, 1, 10, 10))
    y = x.copy()
    y[0, 0, :3] = 0.5
    sums = _sums(x, y, make_settings(x, sigma=[1.0]))
    assert (sums.exact, sums.count) == (70, 100)


def test_the_reach_holds_all_but_the_share_that_was_asked_for(pair: tuple) -> None:
    x, y, settings = pair
    y[0, 0, 0, 0] += 5.0
    sums = _sums(x, y, replace(settings, every={"*": 1}))
    assert 0.01 <= sums.reach(1e-3) < 0.0105
    assert 4.98 <= sums.reach(0.0) < 5.2


def test_white_errors_have_no_likeness(pair: tuple) -> None:
    x, y, settings = pair
    sums = _sums(x, y, replace(settings, every={"*": 1}))
    for along in ("x", "y"):
        # 77,000 pairs: three standard errors are 0.011.
        found = sums.correlation(along)
        assert found[0] == 1.0
        assert found.size == LAGS
        assert np.abs(found[1:]).max() < 0.011
    # 32 cells of 64 steps: three standard errors are 0.07.
    assert np.abs(sums.correlation("time")[1:]).max() < 0.07


def test_alternating_errors_are_told_by_their_axis(make_settings: Callable) -> None:
    x = np.zeros((40, 1, 20, 24))
    sign = np.where(np.arange(24) % 2, 1.0, -1.0) * np.ones((40, 1, 20, 1))
    sums = _sums(x, x + sign, make_settings(x, sigma=[1.0]))
    np.testing.assert_allclose(sums.correlation("x"), [1, -1, 1, -1, 1, -1, 1, -1, 1], atol=1e-9)
    np.testing.assert_allclose(sums.correlation("y"), np.ones(LAGS), atol=1e-9)
    np.testing.assert_allclose(sums.correlation("time"), np.ones(LAGS), atol=1e-6)


def test_correlations_are_those_of_numpy_beside_missing_values(make_settings: Callable) -> None:
    """Independent: NumPy's corrcoef over the pairs, about each end's own mean."""
    x = RNG.standard_normal((40, 1, 30, 40))
    rough = RNG.standard_normal((40, 1, 30, 42))
    y = x + rough[..., :-2] + rough[..., 1:-1] + rough[..., 2:]
    x[:, :, 5:9, 11:20] = np.nan
    settings = replace(make_settings(x, sigma=[1.0]), every={"*": 1})
    sums = _sums(x, y, settings)
    e = y - x
    for lag in (1, 2, 3):
        a, b = e[..., :-lag].ravel(), e[..., lag:].ravel()
        good = np.isfinite(a) & np.isfinite(b)
        expected = np.corrcoef(a[good], b[good])[0, 1]
        # The statistic takes one mean and one variance for both ends.
        assert sums.correlation("x")[lag] == pytest.approx(expected, abs=0.005)


def test_time_lags_are_those_of_numpy(make_settings: Callable) -> None:
    x = np.zeros((400, 1, 4, 8))
    rough = RNG.standard_normal((401, 1, 4, 8))
    y = x + rough[1:] + 0.5 * rough[:-1]
    sums = _sums(x, y, make_settings(x, sigma=[1.0]))
    expected = np.corrcoef(y[1:].ravel(), y[:-1].ravel())[0, 1]
    assert sums.correlation("time")[1] == pytest.approx(expected, abs=0.005)


def test_long_records_are_sampled_in_runs(make_settings: Callable) -> None:
    x = np.zeros((5000, 1, 6, 7))
    y = np.cumsum(RNG.standard_normal(x.shape), axis=0)
    state = _state(x, y, make_settings(x[:64], sigma=[1.0], shape=x.shape))
    steps = np.asarray(state["error_shape/0/steps"])
    assert steps.shape == (16, 32, 32)
    assert np.isfinite(steps).all()
    np.testing.assert_allclose(np.diff(steps, axis=1).std(), 1.0, rtol=0.05)


@pytest.mark.parametrize("axis", [0, 1])
def test_parts_join_in_any_order_to_the_whole(axis: int, make_settings: Callable) -> None:
    x = RNG.standard_normal((48, 3, 12, 16)).astype(np.float32)
    y = (x + RNG.uniform(-0.1, 0.1, x.shape)).astype(np.float32)
    x[3, 1, 2, 5] = np.nan
    settings = make_settings(x, sigma=[1.0, 2.0, 0.5])
    whole = _state(x, y, settings)
    cuts = [0, 7, 20, 48] if axis == 0 else [0, 1, 2, 3]
    parts = []
    for first, last in pairwise(cuts):
        box = [slice(None)] * 4
        box[axis] = slice(first, last)
        start = [0, 0, 0, 0]
        start[axis] = first
        parts.append(
            ErrorShapes().of(_part(x[tuple(box)], y[tuple(box)], settings, tuple(start)))  # type: ignore[arg-type]
        )
    for order in ([0, 1, 2], [2, 0, 1], [1, 2, 0]):
        joined = parts[order[0]]
        for place in order[1:]:
            joined = ErrorShapes().merge(joined, parts[place])
        assert joined.keys() == whole.keys()
        for key, array in whole.items():
            np.testing.assert_allclose(joined[key], array, rtol=1e-12, atol=1e-12)


def test_columns_join_without_lags_and_with_the_same_counts(make_settings: Callable) -> None:
    x = RNG.standard_normal((40, 1, 12, 16))
    y = x + RNG.uniform(-0.1, 0.1, x.shape)
    settings = make_settings(x, sigma=[1.0])
    whole = _state(x, y, settings)
    halves = [
        ErrorShapes().of(_part(x[..., a:b], y[..., a:b], settings, (0, 0, 0, a)))
        for a, b in ((0, 9), (9, 16))
    ]
    joined = ErrorShapes().merge(*halves)
    assert "error_shape/0/lags" not in joined
    for name in ("counts", "steps"):
        np.testing.assert_array_equal(
            joined[f"error_shape/0/{name}"], whole[f"error_shape/0/{name}"]
        )


def test_the_merged_state_of_all_statistics_keeps_it(
    pair: tuple, whole: Callable, make_settings: Callable
) -> None:
    x, y, settings = pair
    domain = Domain(np.ones(x.shape[2:]))
    at = [Place("tas", (t, 0, 0, 0), (32, 1, 30, 40)) for t in (0, 32)]
    halves = [
        measure(x[t : t + 32], y[t : t + 32], settings, domain, place)
        for t, place in zip((0, 32), at, strict=True)
    ]
    one = error_shape(make_level(merge(halves[1], halves[0]), 0, settings, domain))
    other = error_shape(make_level(measure(x, y, settings, domain, whole(x)), 0, settings, domain))
    assert one is not None
    assert other is not None
    np.testing.assert_allclose(one.correlation("time"), other.correlation("time"), atol=1e-6)


def test_a_grid_without_neighbours_has_lags_along_time_only(make_settings: Callable) -> None:
    x = RNG.standard_normal((40, 1, 1, 50))
    y = x + RNG.uniform(-0.1, 0.1, x.shape)
    sums = _sums(x, y, make_settings(x, sigma=[1.0], horizontal="unstructured"))
    assert sums.correlation("x").size == sums.correlation("y").size == 0
    assert sums.correlation("time").size == LAGS


def test_few_rows_end_the_list_of_lags(make_settings: Callable) -> None:
    x = RNG.standard_normal((4, 1, 5, 30))
    y = x + RNG.uniform(-0.1, 0.1, x.shape)
    sums = _sums(x, y, make_settings(x, sigma=[1.0]))
    assert sums.correlation("y").size == 5
    assert sums.correlation("time").size == 0


def test_a_level_without_sigma_has_no_shape(make_settings: Callable) -> None:
    x = RNG.standard_normal((2, 2, 5, 6))
    settings = make_settings(x, sigma=[1.0, 0.0])
    state = _state(x, x + 0.1, settings)
    assert any(key.startswith("error_shape/0/") for key in state)
    assert not any(key.startswith("error_shape/1/") for key in state)
    assert ErrorShapes().lacks(replace(settings, sigma=(0.0, np.nan)), Domain())


def test_a_field_that_is_all_missing_has_no_shape(make_settings: Callable) -> None:
    x = np.full((40, 1, 5, 6), np.nan)
    state = _state(x, x, make_settings(np.zeros_like(x), sigma=[1.0]))
    assert np.asarray(state["error_shape/0/counts"]).sum() == 0
    assert np.isnan(np.asarray(state["error_shape/0/steps"])).all()
