"""What the states of long records weigh: by years and sampled cells, never by days."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from climcomp_metrics import Place, State
from climcomp_metrics.annual.hot_days import MonthlyCounts
from climcomp_metrics.annual.maxima import AnnualExtremes
from climcomp_metrics.annual.spells import AnnualSpells
from climcomp_metrics.annual.very_wet_days import WetDayAmounts
from climcomp_metrics.annual.wet_days import WetDays
from climcomp_metrics.base import Statistic
from climcomp_metrics.part import Part

YEARS, DAYS = 4, 360
ROWS, COLUMNS = 60, 100  # more cells than are sampled
CELLS = 4096


def merged(statistic: Statistic, case: Any, days: int) -> State:
    """Of a record of four years, measured `days` at a time; all years have the same values."""
    state: State = {}
    for start in range(0, YEARS * DAYS, days):
        size = min(days, YEARS * DAYS - start)
        at = np.arange(start, start + size) % len(case.x)
        place = Place("x", (start, 0, 0, 0), (size, 1, ROWS, COLUMNS))
        part = Part(case.x[at], case.y[at], case.settings, case.domain, place)
        found = statistic.of(part)
        state = statistic.merge(state, found) if state else found
    return state


def weight_of(state: State) -> int:
    return sum(array.nbytes for array in state.values())


@pytest.fixture(scope="module")
def wet(rain: Callable, showers: Callable, dates: Callable) -> Any:
    x = showers(40, ROWS, COLUMNS)
    clock = dates(YEARS * DAYS, calendar="360_day")
    return rain(x, x * np.float32(1.01), clock, shape=(YEARS * DAYS, 1, ROWS, COLUMNS))


@pytest.fixture(scope="module")
def warm(record: Callable, warmth: Callable, dates: Callable) -> Any:
    x = warmth(40, ROWS, COLUMNS)
    clock = dates(YEARS * DAYS, calendar="360_day")
    return record(x, x + np.float32(0.1), clock, shape=(YEARS * DAYS, 1, ROWS, COLUMNS))


@pytest.mark.parametrize("days", [30, 300])
def test_states_of_rain_weigh_what_is_said(days: int, wet: Any) -> None:
    # Of 30 years: 1.5, 2.2 + 0.4, 2.6 MB and 96 bytes.
    labels = 8 * YEARS + 2 * CELLS
    expected = {
        AnnualExtremes: YEARS * CELLS * (4 + 8) + labels,
        AnnualSpells: YEARS * CELLS * (2 + 8 + 8) + labels + CELLS * (64 + 16 + 2) + 8 * 8,
        WetDayAmounts: 1024 * (128 * (4 + 16) + 2),
        WetDays: 96,
    }
    for statistic, size in expected.items():
        assert weight_of(merged(statistic(), wet, days)) == size, statistic.name


@pytest.mark.parametrize("days", [30, 300])
def test_states_of_warmth_weigh_what_is_said(days: int, warm: Any) -> None:
    # Of 30 years: 2.5 and 3.3 MB.
    expected = {
        AnnualExtremes: YEARS * CELLS * (4 + 16) + 8 * YEARS + 2 * CELLS,
        MonthlyCounts: 12 * 1024 * (2 * 64 * 2 + 2 * 4 + 2),
    }
    for statistic, size in expected.items():
        assert weight_of(merged(statistic(), warm, days)) == size, statistic.name


def test_scattered_parts_keep_an_edge_each(wet: Any) -> None:
    statistic = AnnualSpells()
    state: State = {}
    for start in range(0, YEARS * DAYS, 120):
        place = Place("x", (start, 0, 0, 0), (40, 1, ROWS, COLUMNS))
        part = Part(wet.x, wet.y, wet.settings, wet.domain, place)
        found = statistic.of(part)
        state = statistic.merge(state, found) if state else found
    edges = {key: array for key, array in state.items() if "/edges/" in key}
    assert weight_of(edges) == 12 * (CELLS * (64 + 16 + 2) + 8 * 8)
