"""States merge: any split and any order of parts gives what the whole gives."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from climcomp.errors import MetricError
from climcomp_metrics import Place, State, from_bytes, measure, merge, summarise, to_bytes
from climcomp_metrics.domain import Domain

SHAPE = (7, 2, 20, 24)


@pytest.fixture(scope="module")
def pair(weather: Callable) -> tuple[np.ndarray, np.ndarray]:
    x = weather(SHAPE[0], SHAPE[2], SHAPE[3], levels=2)
    y = (x + np.random.default_rng(5).uniform(-0.1, 0.1, x.shape)).astype(np.float32)
    x[2:5, :, 3:9, 4:11] = y[2:5, :, 3:9, 4:11] = np.nan
    return x, y


def part(pair: tuple[np.ndarray, np.ndarray], field: object, box: tuple[slice, ...]) -> State:
    x, y = (np.ascontiguousarray(array[box]) for array in pair)
    start = tuple(s.start for s in box)
    weights = np.linspace(0.5, 1.0, SHAPE[2])[:, None] * np.ones(SHAPE[3])
    return measure(x, y, field, Domain(weights), Place("tas", start, x.shape))  # type: ignore[arg-type]


def assert_same(expected: State, actual: State) -> None:
    assert expected.keys() == actual.keys()
    for key, array in expected.items():
        # Sums of 1e4 float64 terms in another order: 1e-12 of their absolute sum is generous.
        scale = np.abs(array[np.isfinite(array)]).max(initial=0.0)
        np.testing.assert_allclose(actual[key], array, rtol=1e-12, atol=1e-12 * scale, err_msg=key)


def cuts(size: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(1, size - 1), max_size=3, unique=True).map(sorted)


@given(times=cuts(SHAPE[0]), level=st.booleans(), seed=st.integers(0, 2**16))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_parts_in_time_and_level_merge_to_the_whole_in_any_order(
    pair: tuple[np.ndarray, np.ndarray],
    make_settings: Callable,
    times: list[int],
    level: bool,
    seed: int,
) -> None:
    field = make_settings(pair[0])
    edges = [0, *times, SHAPE[0]]
    levels = [0, 1, 2] if level else [0, 2]
    boxes = [
        (slice(a, b), slice(k, m), slice(0, SHAPE[2]), slice(0, SHAPE[3]))
        for a, b in pairwise(edges)
        for k, m in pairwise(levels)
    ]
    np.random.default_rng(seed).shuffle(boxes)
    whole = part(pair, field, tuple(slice(0, n) for n in SHAPE))
    assert_same(whole, reduce(merge, (part(pair, field, box) for box in boxes)))


@given(rows=cuts(SHAPE[2]), columns=cuts(SHAPE[3]), seed=st.integers(0, 2**16))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_horizontal_tiles_merge_in_any_order_and_add_up_to_the_whole_but_for_stencils(
    pair: tuple[np.ndarray, np.ndarray],
    make_settings: Callable,
    rows: list[int],
    columns: list[int],
    seed: int,
) -> None:
    field = make_settings(pair[0])
    ys, xs = [0, *rows, SHAPE[2]], [0, *columns, SHAPE[3]]
    boxes = [
        (slice(0, SHAPE[0]), slice(0, 2), slice(a, b), slice(c, d))
        for a, b in pairwise(ys)
        for c, d in pairwise(xs)
    ]
    states = [part(pair, field, box) for box in boxes]
    forward = reduce(merge, states)
    order = np.random.default_rng(seed).permutation(len(states))
    assert_same(forward, reduce(merge, [states[i] for i in order]))
    whole = part(pair, field, tuple(slice(0, n) for n in SHAPE))
    np.testing.assert_array_equal(forward["slices/keys"], whole["slices/keys"])
    np.testing.assert_array_equal(forward["counts/1"], whole["counts/1"])
    # The first 13 columns are sums over values; the others need neighbours, which cuts take away.
    np.testing.assert_allclose(
        forward["slices/sums"][:, :13], whole["slices/sums"][:, :13], rtol=1e-9, atol=1e-9
    )
    weights = np.linspace(0.5, 1.0, SHAPE[2])[:, None] * np.ones(SHAPE[3])
    expected = {(v.metric, v.level): v.value for v in summarise(whole, field, Domain(weights))}
    actual = {(v.metric, v.level): v.value for v in summarise(forward, field, Domain(weights))}
    for key in (("P2", 0), ("P4", 1), ("P5", 0), ("P9", 1), ("D1", 0), ("D4", 1)):
        assert actual[key] == pytest.approx(expected[key], rel=1e-9), key


def test_merging_changes_neither_state(
    pair: tuple[np.ndarray, np.ndarray], make_settings: Callable
) -> None:
    field = make_settings(pair[0])
    full = (slice(0, 2), slice(0, SHAPE[2]), slice(0, SHAPE[3]))
    first, second = (part(pair, field, (slice(t, t + 3), *full)) for t in (0, 3))
    before = to_bytes(first), to_bytes(second)
    merge(first, second)
    assert before == (to_bytes(first), to_bytes(second))


def test_a_state_comes_back_from_its_bytes(
    pair: tuple[np.ndarray, np.ndarray], make_settings: Callable
) -> None:
    state = part(pair, make_settings(pair[0]), tuple(slice(0, n) for n in SHAPE))
    back = from_bytes(to_bytes(state))
    assert state.keys() == back.keys()
    for key, array in state.items():
        assert back[key].dtype == array.dtype
        np.testing.assert_array_equal(back[key], array)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 not a zip", b"\x00" * 100])
def test_damaged_bytes_are_refused(damage: bytes) -> None:
    with pytest.raises(MetricError, match="damaged"):
        from_bytes(damage)


def test_states_of_different_bins_are_refused(
    pair: tuple[np.ndarray, np.ndarray], make_settings: Callable
) -> None:
    box = tuple(slice(0, n) for n in SHAPE)
    first = part(pair, make_settings(pair[0]), box)
    second = part(pair, make_settings(pair[0], sigma=(3.0, 3.0)), box)
    with pytest.raises(MetricError, match="different settings"):
        merge(first, second)
