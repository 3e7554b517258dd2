"""Parts of a record, cut anywhere and merged in any order, give the values of the whole."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from climcomp_metrics.state import from_bytes, merge, to_bytes

RAIN = ("E6-Rx1day", "E6-Rx5day", "E6-R95pTOT", "E6-CDD", "E6-CWD", "D5")
WARMTH = ("E6-TXx", "E6-TNn", "E6-TX90p")
DAYS, ROWS, COLUMNS = 800, 3, 5

SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@pytest.fixture(scope="module")
def wet(rain: Callable, showers: Callable, dates: Callable) -> Any:
    """Two levels of rain from November to January with missing values and a gap of two days."""
    x = showers(DAYS, ROWS, COLUMNS, levels=2)
    y = x * (1 + np.random.default_rng(5).uniform(-0.2, 0.2, x.shape).astype(np.float32))
    x[300:320, 0, 1, 2] = y[410:, 1, 2, 4] = np.nan
    clock = dates(0, "1981-11-20", at=[*range(700), *range(702, DAYS + 2)])
    return rain(x, y, clock)


@pytest.fixture(scope="module")
def warm(record: Callable, warmth: Callable, dates: Callable) -> Any:
    x = warmth(DAYS, ROWS, COLUMNS)
    y = x + np.random.default_rng(5).uniform(-0.2, 0.2, x.shape).astype(np.float32)
    x[300:320, 0, 1, 2] = np.nan
    return record(x, y, dates(DAYS, "1981-11-20", "standard"))


def told(case: Any, metrics: tuple[str, ...], state: Any) -> dict[str, Any]:
    levels = range(case.x.shape[1])
    values = {(m, k): case.value(m, state, k) for m in metrics for k in levels}
    return {f"{m} {k}": (v.value, dict(v.detail), v.error) for (m, k), v in values.items()}


def assert_the_same(first: dict[str, Any], second: dict[str, Any]) -> None:
    for key, (value, detail, error) in first.items():
        assert value is not None, key
        # Sums of amounts and of areas in float64 come in another order; the rest is exact.
        assert second[key][0] == pytest.approx(value, rel=1e-11, abs=1e-15), key
        assert second[key][1] == pytest.approx(detail, rel=1e-11, abs=1e-15), key
        assert second[key][2] == pytest.approx(error, rel=1e-9, abs=1e-15), key


def boxes_of(times: list[int], columns: list[int], levels: list[int]) -> list[Any]:
    return [
        (slice(a, b), slice(k, m), slice(0, ROWS), slice(i, n))
        for a, b in pairwise([0, *sorted(set(times)), DAYS])
        for i, n in pairwise([0, *sorted(set(columns)), COLUMNS])
        for k, m in pairwise(levels)
    ]


@example(times=[1], columns=[1], apart=False, seed=1)  # a part without any rain
@given(
    times=st.lists(st.integers(1, DAYS - 1), max_size=4),
    columns=st.lists(st.integers(1, COLUMNS - 1), max_size=1),
    apart=st.booleans(),
    seed=st.integers(0, 2**16),
)
@settings(max_examples=12, suppress_health_check=SLOW)
def test_rain_merges_in_any_order_and_any_split(
    wet: Any, times: list[int], columns: list[int], apart: bool, seed: int
) -> None:
    boxes = boxes_of(times, columns, [0, 1, 2] if apart else [0, 2])
    np.random.default_rng(seed).shuffle(boxes)
    assert_the_same(told(wet, RAIN, wet.state()), told(wet, RAIN, wet.state(boxes)))


@given(
    times=st.lists(st.integers(1, DAYS - 1), max_size=4),
    columns=st.lists(st.integers(1, COLUMNS - 1), max_size=1),
    seed=st.integers(0, 2**16),
)
@settings(max_examples=12, suppress_health_check=SLOW)
def test_warmth_merges_in_any_order_and_any_split(
    warm: Any, times: list[int], columns: list[int], seed: int
) -> None:
    boxes = boxes_of(times, columns, [0, 1])
    np.random.default_rng(seed).shuffle(boxes)
    assert_the_same(told(warm, WARMTH, warm.state()), told(warm, WARMTH, warm.state(boxes)))


def test_parts_of_one_or_two_days_merge_to_the_whole(wet: Any) -> None:
    boxes = boxes_of([400, 401, 402, 404, 405, 406, 407, 699, 700, 701], [], [0, 2])
    np.random.default_rng(3).shuffle(boxes)
    assert_the_same(told(wet, RAIN, wet.state()), told(wet, RAIN, wet.state(boxes)))


def test_parts_whose_columns_are_cut_elsewhere_in_time_merge_to_the_whole(wet: Any) -> None:
    early = boxes_of([], [2], [0, 2])
    late = boxes_of([], [3, 4], [0, 2])
    boxes = [(slice(0, 405), *box[1:]) for box in early]
    boxes += [(slice(405, 640), *box[1:]) for box in late]
    boxes += [(slice(640, DAYS), *box[1:]) for box in boxes_of([], [], [0, 2])]
    np.random.default_rng(4).shuffle(boxes)
    assert_the_same(told(wet, RAIN, wet.state()), told(wet, RAIN, wet.state(boxes)))


def test_states_merge_through_their_bytes(wet: Any) -> None:
    first, second, third = (wet.part(box) for box in boxes_of([250, 510], [], [0, 2]))
    left = from_bytes(to_bytes(merge(third, first)))
    merged = merge(left, from_bytes(to_bytes(second)))
    assert_the_same(told(wet, RAIN, wet.state()), told(wet, RAIN, merged))


def test_merging_changes_neither_state(wet: Any) -> None:
    first, second = (wet.part(box) for box in boxes_of([403], [], [0, 2]))
    before = to_bytes(first), to_bytes(second)
    merge(first, second)
    merge(second, first)
    assert (to_bytes(first), to_bytes(second)) == before


def test_edges_between_parts_go_once_they_touch(wet: Any) -> None:
    parts = [wet.part(box) for box in boxes_of([200, 400, 600], [], [0, 2])]

    def stretches(state: Any) -> int:
        return sum(key.startswith("spells/0/edges/") and key.endswith("/told") for key in state)

    apart = merge(parts[0], parts[2])
    assert stretches(apart) == 2
    assert stretches(merge(apart, parts[1])) == 1
