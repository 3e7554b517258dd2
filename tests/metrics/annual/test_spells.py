"""Runs and five-day sums against a plain count of every window and every run."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby, pairwise

import numpy as np
import pytest

from climcomp_metrics.annual.spells import AnnualSpells, whole_table

YEAR = 365


def spells_table(case: object, boxes: list | None = None) -> dict[str, np.ndarray]:
    state = case.state(boxes)  # type: ignore[attr-defined]
    stem = "spells/0/"
    mine = {k.removeprefix(stem): v for k, v in state.items() if k.startswith(stem)}
    return whole_table(mine)  # type: ignore[return-value]


def longest(flags: np.ndarray) -> int:
    return max((len(list(run)) for flag, run in groupby(flags.tolist()) if flag), default=0)


def halves(days: int, *cuts: int) -> list:
    ends = [0, *cuts, days]
    one = slice(0, 1)
    return [(slice(a, b), one, one, one) for a, b in pairwise(ends)]


def series(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, np.float32).reshape(-1, 1, 1, 1)


def test_runs_and_sums_are_those_of_a_plain_count(rain: Callable, showers: Callable) -> None:
    x = showers(3 * YEAR, 2, 2)
    table = spells_table(rain(x, x))
    sums = np.convolve(x[:, 0, 1, 0].astype(np.float64), np.ones(5))[: len(x)]
    for year in range(3):
        days = slice(year * YEAR, (year + 1) * YEAR)
        wet = x[days, 0, 1, 0] >= 1.0
        assert table["runs"][:, 0, year, 2].tolist() == [longest(~wet), longest(wet)]
        expected = sums[max(4, days.start) : days.stop].max()
        assert table["sums"][0, year, 2] == pytest.approx(expected, rel=1e-6)


def test_a_day_of_one_millimetre_is_wet_in_every_unit(rain: Callable) -> None:
    drizzle = np.full(YEAR, 1.0) / 86400.0
    case = rain(series(drizzle), series(drizzle), unit="kg m-2 s-1")
    assert spells_table(case)["runs"][:, 0, 0, 0].tolist() == [0, YEAR]


def test_a_run_ends_with_its_year(rain: Callable) -> None:
    dry = np.full(2 * YEAR, 5.0)
    dry[YEAR - 10 : YEAR + 7] = 0.0
    for boxes in (None, halves(2 * YEAR, YEAR), halves(2 * YEAR, YEAR - 3, YEAR + 2)):
        table = spells_table(rain(series(dry), series(dry)), boxes)
        assert table["runs"][0, 0, :, 0].tolist() == [10, 7]


@pytest.mark.parametrize("cut", [98, 100, 103, 107, 110])
def test_a_run_goes_on_where_the_record_was_cut(cut: int, rain: Callable) -> None:
    values = np.full(YEAR, 5.0)
    values[100:108] = 0.0
    table = spells_table(rain(series(values), series(values)), halves(YEAR, cut))
    assert table["runs"][:, 0, 0, 0].tolist() == [8, YEAR - 108]


@pytest.mark.parametrize("cuts", [(101,), (102, 103), (101, 102, 103, 104), (104, 200)])
@pytest.mark.parametrize("backwards", [False, True])
def test_a_sum_reaches_over_cuts(cuts: tuple[int, ...], backwards: bool, rain: Callable) -> None:
    values = np.zeros(YEAR)
    values[100:105] = [1.0, 2.0, 4.0, 8.0, 16.0]
    boxes = halves(YEAR, *cuts)
    table = spells_table(rain(series(values), series(values)), boxes[::-1] if backwards else boxes)
    assert table["sums"][0, 0, 0] == 31.0


def test_a_sum_belongs_to_the_year_of_its_last_day(rain: Callable) -> None:
    values = np.zeros(2 * YEAR)
    values[YEAR - 4 : YEAR + 1] = 10.0
    for boxes in (None, halves(2 * YEAR, YEAR), halves(2 * YEAR, YEAR + 1)):
        table = spells_table(rain(series(values), series(values)), boxes)
        assert table["sums"][0, :, 0].tolist() == [40.0, 50.0]


@pytest.mark.parametrize(
    "cuts", [(), (50,), (48,), (49, 51), (47, 53), (51,), (50, 52), (48, 50), (48, 50, 52)]
)
@pytest.mark.parametrize("backwards", [False, True])
def test_nothing_reaches_over_a_gap_in_the_record(
    cuts: tuple[int, ...], backwards: bool, rain: Callable, dates: Callable
) -> None:
    clock = dates(0, at=[*range(50), *range(60, YEAR), *range(YEAR, 2 * YEAR)])
    values = np.zeros(clock.steps)
    values[47:53] = 10.0
    case = rain(series(values), series(values), clock)
    boxes = halves(clock.steps, *cuts)
    table = spells_table(case, boxes[::-1] if backwards else boxes)
    assert table["sums"][0, 0, 0] == 30.0
    assert table["runs"][1, 0, 0, 0] == 3


def test_a_missing_day_is_neither_dry_nor_wet_nor_summed(rain: Callable) -> None:
    values = np.full(YEAR, 10.0)
    values[200] = np.nan
    for boxes in (None, halves(YEAR, 200), halves(YEAR, 201), halves(YEAR, 198, 203)):
        table = spells_table(rain(series(values), series(np.zeros(YEAR))), boxes)
        assert table["runs"][:, :, 0, 0].tolist() == [[0, 200], [200, 0]]
        assert table["sums"][:, 0, 0].tolist() == [50.0, 0.0]
        assert table["count"][0, 0] == YEAR - 1


def test_rain_that_is_not_daily_has_no_spells(rain: Callable, dates: Callable) -> None:
    values = series(np.zeros(8))
    hourly = rain(values, values, dates(8, hours=1.0))
    reason = AnnualSpells().lacks(hourly.settings, hourly.domain)
    assert reason == "daily values are needed, its steps are 1 h apart"
