"""Sums along time merge in any order and any split to the same values."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from climcomp_metrics import from_bytes, summarise, to_bytes
from climcomp_metrics.domain import Domain
from climcomp_metrics.level import make_level
from climcomp_metrics.statistics import find_statistic
from climcomp_metrics.temporal.cells import read_cells

STEPS, ROWS, COLUMNS = 144, 5, 6
CELLWISE = ("M1", "M2", "M3", "M3-phase", "M4", "M5", "M6", "M7")


@pytest.fixture(scope="module")
def record(dates_of: Callable, climate: Callable) -> tuple[np.ndarray, np.ndarray, Any]:
    """Twelve years of months, with a gap of two of them, and missing values of all kinds."""
    dates = dates_of(STEPS, 30, skip=(40, 41))
    x = climate(dates, ROWS, COLUMNS)
    rng = np.random.default_rng(2)
    y = x + rng.uniform(-0.1, 0.1, x.shape) + 0.01 * (x - 280.0)
    holes = rng.uniform(size=x.shape) < 0.02
    holes[:, 0, 1, 2] = holes[:80, 0, 3, 3] = holes[120:, 0, 0, 0] = True
    x[holes] = y[holes] = np.nan
    return x.astype(np.float32), y.astype(np.float32), dates


def boxes_of(times: list[int], column: int) -> list[tuple[slice, ...]]:
    every = [0, *times, STEPS]
    edges = [0, column, COLUMNS] if column else [0, COLUMNS]
    return [
        (slice(a, b), slice(0, 1), slice(0, ROWS), slice(c, d))
        for a, b in pairwise(every)
        for c, d in pairwise(edges)
    ]


def assert_same(expected: dict, actual: dict, names: tuple[str, ...]) -> None:
    for name in names:
        assert expected[name].value is not None, (name, expected[name].reason)
        # Sums of float64 in another order: 1e-9 of the value is generous.
        assert actual[name].value == pytest.approx(expected[name].value, rel=1e-9), name
        assert actual[name].error == pytest.approx(expected[name].error, rel=1e-6, abs=1e-12), name
        for detail, number in expected[name].detail.items():
            assert actual[name].detail[detail] == pytest.approx(number, rel=1e-8, abs=1e-12), detail


@given(
    times=st.lists(st.integers(1, STEPS - 1), max_size=12, unique=True).map(sorted),
    column=st.integers(0, COLUMNS - 1),
    seed=st.integers(0, 2**16),
)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_split_and_order_gives_the_same_values(
    record: tuple, temporal: Callable, times: list[int], column: int, seed: int
) -> None:
    x, y, dates = record
    boxes = boxes_of(times, column)
    np.random.default_rng(seed).shuffle(boxes)  # type: ignore[arg-type]
    expected, actual = temporal(x, y, dates), temporal(x, y, dates, boxes)
    # A cut of the grid takes pairs across it from P10, and from it alone.
    assert_same(expected, actual, CELLWISE if column else (*CELLWISE, "P10"))


@pytest.mark.parametrize("seed", [1, 2])
def test_single_steps_of_a_daily_record_merge_to_the_whole(
    dates_of: Callable, climate: Callable, temporal: Callable, seed: int
) -> None:
    dates = dates_of(400, calendar="360_day", skip=(100, 101, 102))
    x = climate(dates, 2, 3)
    y = x + np.random.default_rng(seed).uniform(-0.1, 0.1, x.shape)
    order = np.random.default_rng(seed).permutation(400)
    boxes = [(slice(t, t + 1), slice(0, 1), slice(0, 2), slice(0, 3)) for t in order]
    names = ("M1", "M2", "M3", "M3-phase", "M5", "M6", "M7", "P10")
    assert_same(temporal(x, y, dates), temporal(x, y, dates, boxes), names)


def test_a_merged_state_is_as_small_as_one_of_a_short_record(
    dates_of: Callable, climate: Callable, state_of: Callable
) -> None:
    sizes = []
    for steps in (48, 480):
        dates = dates_of(steps, 30)
        x = climate(dates)
        boxes = [tuple(slice(0, n) for n in x.shape)]
        boxes = [(slice(t, t + 8), *boxes[0][1:]) for t in range(0, steps, 8)]
        state = state_of(x, x + 0.1, dates, boxes)
        mine = {key: a for key, a in state.items() if key.startswith(("season/", "whiteness/"))}
        assert not mine["season/0/0-5/0-6/years"].size
        sizes.append(sum(array.nbytes for array in mine.values()))
    assert sizes[0] == sizes[1]


def test_merging_changes_neither_state(record: tuple, state_of: Callable) -> None:
    x, y, dates = record
    boxes = boxes_of([50], 0)
    first, second = (state_of(x, y, dates, [box]) for box in boxes)
    before = to_bytes(first), to_bytes(second)
    season = find_statistic("season")
    mine, theirs = (
        {key: a for key, a in state.items() if key.startswith("season/")}
        for state in (first, second)
    )
    season.merge(mine, theirs)
    assert before == (to_bytes(first), to_bytes(second))


def test_a_state_that_was_stored_gives_the_same_values(
    record: tuple, state_of: Callable, settings_of: Callable, clock_of: Callable
) -> None:
    x, y, dates = record
    field = settings_of(x, dates)
    domain = Domain(np.ones((ROWS, COLUMNS)), clock=clock_of(dates))
    state = state_of(x, y, dates, settings=field)
    expected = summarise(state, field, domain)
    assert summarise(from_bytes(to_bytes(state)), field, domain) == expected


def test_no_more_than_4096_cells_are_kept_and_the_report_says_so(
    dates_of: Callable, climate: Callable, temporal: Callable
) -> None:
    dates = dates_of(40)
    x = climate(dates, 80, 100).astype(np.float32)
    values = temporal(x, x + np.float32(0.1), dates)
    assert values["M6"].sampled == "4096 of 8000 cells, each for as much area"
    assert values["M6"].detail["cells"] == 4096
    assert values["M7"].sampled == ""


def test_every_level_has_its_own_sums(
    dates_of: Callable, climate: Callable, temporal: Callable
) -> None:
    dates = dates_of(60)
    x = np.concatenate([climate(dates, seed=1), 50.0 * climate(dates, seed=2)], axis=1)
    y = x + np.random.default_rng(1).uniform(-0.1, 0.1, x.shape)
    last = temporal(x, y, dates)
    alone = temporal(x[:, 1:], y[:, 1:], dates)
    assert_same(alone, last, ("M1", "M2", "M6", "M7"))


def test_infinities_are_missing(dates_of: Callable, climate: Callable, temporal: Callable) -> None:
    dates = dates_of(60)
    x = climate(dates)
    y = x + np.random.default_rng(1).uniform(-0.1, 0.1, x.shape)
    missing = [array.copy() for array in (x, y)]
    infinite = [array.copy() for array in (x, y)]
    missing[0][7:9, 0, 1, 1] = np.nan
    infinite[0][7:9, 0, 1, 1] = np.inf
    sigma = {"sigma": (2.0,)}
    expected = temporal(missing[0], missing[1], dates, **sigma)
    actual = temporal(infinite[0], infinite[1], dates, **sigma)
    assert_same(expected, actual, ("M1", "M2", "M6", "M7", "P10"))


def test_cells_with_fewer_than_30_valid_steps_are_left_out(
    dates_of: Callable, climate: Callable, state_of: Callable, settings_of: Callable,
    clock_of: Callable,
) -> None:  # fmt: skip
    dates = dates_of(60)
    x = climate(dates)
    x[29:, 0, 0, :4] = np.nan
    field = settings_of(x, dates)
    domain = Domain(np.ones(x.shape[2:]), clock=clock_of(dates))
    level = make_level(state_of(x, x, dates, settings=field), 0, field, domain)
    assert read_cells(level).size == 26


@pytest.mark.parametrize(
    ("steps", "dated", "why"),
    [
        (29, True, "30 time steps are needed, not 29"),
        (40, False, "the dates of the time steps are not known"),
    ],
)
def test_a_record_that_is_short_or_has_no_dates_says_so(
    dates_of: Callable, climate: Callable, temporal: Callable, steps: int, dated: bool, why: str
) -> None:
    dates = dates_of(steps)
    x = climate(dates)
    values = temporal(x, x + 0.1, dates if dated else None)
    for name in ("M1", "M2", "M3", "M3-phase", "M4", "M6"):
        assert values[name].value is None
        assert values[name].reason == why
    assert (values["M5"].value is None) == (values["M7"].value is None) == dated


@pytest.mark.parametrize("name", [*CELLWISE, "P10"])
def test_exact_values_have_no_change_at_all(record: tuple, temporal: Callable, name: str) -> None:
    x, _, dates = record
    assert temporal(x, x.copy(), dates)[name].value == 0.0


def test_all_missing_is_no_value(dates_of: Callable, temporal: Callable) -> None:
    dates = dates_of(40)
    x = np.full((40, 1, 3, 4), np.nan, np.float32)
    values = temporal(x, x, dates, sigma=(float("nan"),))
    for name in (*CELLWISE, "P10"):
        assert values[name].reason == "no value is valid"


def test_the_order_of_latitudes_changes_nothing(record: tuple, temporal: Callable) -> None:
    x, y, dates = record
    assert_same(temporal(x, y, dates), temporal(x[:, :, ::-1], y[:, :, ::-1], dates), CELLWISE)


def test_an_unstructured_grid_is_one_row_of_cells(record: tuple, temporal: Callable) -> None:
    x, y, dates = record
    row = (STEPS, 1, 1, ROWS * COLUMNS)
    sigma = {"sigma": (3.0,)}
    expected = temporal(x, y, dates, **sigma)
    actual = temporal(x.reshape(row), y.reshape(row), dates, horizontal="unstructured", **sigma)
    assert_same(expected, actual, CELLWISE)
    assert set(actual["P10"].detail) == {"along time"}
