"""Metrics of sampled maps: any split and any order of parts gives the value of the whole."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from climcomp_metrics import FieldSettings, Place, State, measure, merge, summarise
from climcomp_metrics.domain import Domain

SHAPE = (9, 2, 24, 30)
METRICS = {"C": ("T1", "P6", "D2", "D3", "D6"), "P": ("E8", "D2", "D3", "D6")}


@pytest.fixture(scope="module", params=["C", "P"])
def case(
    request: pytest.FixtureRequest, weather: Callable, make_settings: Callable
) -> tuple[np.ndarray, np.ndarray, FieldSettings]:
    x = weather(SHAPE[0], SHAPE[2], SHAPE[3], levels=2)
    if request.param == "P":
        x = np.where(x > 283, np.exp((x - 280.0) / 5.0), 0.0).astype(np.float32)
    y = x * (1 + np.random.default_rng(5).uniform(-0.01, 0.01, x.shape).astype(np.float32))
    x[2:5, :, 3:9, 4:11] = np.nan
    every = {"dssim": 2, "fractions": 3, "distinct": 2}
    unit = "K" if request.param == "C" else "mm/day"
    made = make_settings(x, kind=request.param, unit=unit, every=every, periodic_x=True)
    return x, y, made


def part(case: tuple, box: tuple[slice, ...]) -> State:
    x, y = (np.ascontiguousarray(array[box]) for array in case[:2])
    place = Place("tas", tuple(s.start for s in box), x.shape)  # type: ignore[arg-type]
    return measure(x, y, case[2], Domain(np.ones(SHAPE[2:])), place)


def values(case: tuple, state: State) -> dict[tuple[str, int | None], object]:
    wanted = METRICS[case[2].kind]
    found = summarise(state, case[2], Domain(np.ones(SHAPE[2:])))
    return {
        (v.metric, v.level): (v.value, v.time, v.place, dict(v.detail))
        for v in found
        if v.metric in wanted
    }


@given(
    times=st.lists(st.integers(1, SHAPE[0] - 1), max_size=4, unique=True).map(sorted),
    level=st.booleans(),
    seed=st.integers(0, 2**16),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whole_fields_merge_to_the_whole_in_any_order(
    case: tuple, times: list[int], level: bool, seed: int
) -> None:
    full = (slice(0, SHAPE[2]), slice(0, SHAPE[3]))
    boxes = [
        (slice(a, b), slice(k, m), *full)
        for a, b in pairwise([0, *times, SHAPE[0]])
        for k, m in pairwise([0, 1, 2] if level else [0, 2])
    ]
    np.random.default_rng(seed).shuffle(boxes)
    whole = values(case, part(case, tuple(slice(0, n) for n in SHAPE)))
    merged = values(case, reduce(merge, (part(case, box) for box in boxes)))
    assert len(whole) == 2 * len(METRICS[case[2].kind])
    for key, (value, time, place, detail) in whole.items():  # type: ignore[misc]
        # Sums of counts and of float64 in another order.
        assert merged[key][0] == pytest.approx(value, rel=1e-12), key  # type: ignore[index]
        assert merged[key][1:3] == (time, place), key  # type: ignore[index]
        assert merged[key][3] == pytest.approx(detail, rel=1e-9), key  # type: ignore[index]


def test_maps_cut_along_x_keep_what_needs_no_neighbours(case: tuple) -> None:
    full = (slice(0, SHAPE[0]), slice(0, 2), slice(0, SHAPE[2]))
    boxes = [(*full, slice(a, b)) for a, b in ((17, 30), (0, 8), (8, 17))]
    whole = values(case, part(case, tuple(slice(0, n) for n in SHAPE)))
    merged = values(case, reduce(merge, (part(case, box) for box in boxes)))
    for key in ((metric, level) for metric in ("P6", "D2", "D3", "D6") for level in (0, 1)):
        if key in whole:
            assert merged[key][0] == pytest.approx(whole[key][0], rel=1e-12), key  # type: ignore[index]
    for level in (0, 1):
        windows = merged["T1" if case[2].kind == "C" else "E8", level]
        assert windows[0] is None  # type: ignore[index]
