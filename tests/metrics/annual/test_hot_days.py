"""Days hotter than the 90th percentile of their month (E6-TX90p)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from climcomp_metrics.annual.hot_days import FEWEST_DAYS, MonthlyCounts
from climcomp_metrics.annual.widening_bins import BINS

YEAR = 365


def test_about_a_tenth_of_the_days_are_hot(record: Callable, warmth: Callable) -> None:
    x = warmth(5 * YEAR, 4, 5)
    value = record(x, x + np.float32(1e-4)).value("E6-TX90p")
    assert value.detail["of the original (%)"] == pytest.approx(10.0, abs=1.0)


def test_hot_days_are_spread_over_all_months(record: Callable, warmth: Callable) -> None:
    x = warmth(5 * YEAR, 4, 5)
    y = x.copy()
    y[np.arange(5 * YEAR) % YEAR < 31] -= 6.0  # hardly a hot day is left in January
    value = record(x, y).value("E6-TX90p")
    assert value.detail["signed"] == pytest.approx(-10.0 * 31 / YEAR, abs=0.15)


def test_a_shift_moves_as_many_days_as_the_normal_density_says(record: Callable) -> None:
    random = np.random.default_rng(8)
    x = 280.0 + random.standard_normal((16 * YEAR, 1, 6, 6))
    value = record(x, x + 0.1).value("E6-TX90p")
    # The share above 1.2816 - 0.1, less 10 %. Chance leaves 0.03, and thresholds found in the same
    # days lie where these are a little denser: 4 % in 500 days of a month.
    assert value.detail["signed"] == pytest.approx(1.868, rel=0.08)


def test_rounded_values_do_not_stand_on_the_thresholds(record: Callable) -> None:
    random = np.random.default_rng(8)
    x = np.round(8.0 * (280.0 + 2.0 * random.standard_normal((6 * YEAR, 1, 8, 8)))) / 8.0
    y = x + random.uniform(-0.02, 0.02, x.shape)
    value = record(x, y, sigma=(2.0,)).value("E6-TX90p")
    assert value.value < 0.1


def test_clipped_values_that_tie_have_no_threshold(record: Callable, warmth: Callable) -> None:
    x = np.minimum(warmth(2 * YEAR, 4, 4), 270.0).astype(np.float32)
    value = record(x, x + np.float32(0.5)).value("E6-TX90p")
    assert value.value is None
    assert value.reason.startswith("10 months of a cell with a threshold are needed, there are ")


def test_months_with_few_valid_days_stay_out(record: Callable, warmth: Callable) -> None:
    x = warmth(YEAR, 3, 4)
    y = x + np.float32(5.0)
    y[31:] = x[31:]
    x[: 31 - FEWEST_DAYS + 1] = np.nan
    assert record(x, y).value("E6-TX90p").value == 0.0


def test_shares_are_of_area(record: Callable, warmth: Callable) -> None:
    x = warmth(4 * YEAR, 2, 6)
    y = x.copy()
    y[:, :, 0] -= 6.0
    found = [
        record(x, y, weights=np.repeat([[w], [1.0]], 6, axis=1)).value("E6-TX90p").detail["signed"]
        for w in (1.0, 3.0)
    ]
    assert found[1] == pytest.approx(1.5 * found[0], rel=0.02)
    assert found[0] < -4.0


def test_a_cell_without_values_stays_out(record: Callable, warmth: Callable) -> None:
    x = warmth(2 * YEAR, 3, 4)
    y = x + np.float32(0.3)
    all_cells = record(x, y).value("E6-TX90p")
    wider = np.full((2 * YEAR, 1, 3, 5), np.nan, np.float32)
    wider[..., :4] = x
    with_a_gap = wider.copy()
    with_a_gap[..., :4] = y
    value = record(wider, with_a_gap).value("E6-TX90p")
    assert value.value == pytest.approx(all_cells.value, rel=1e-12)


def test_the_error_by_chance_is_that_of_repeated_noise(record: Callable, warmth: Callable) -> None:
    x = warmth(2 * YEAR, 6, 6)
    values = [
        record(x, x + np.random.default_rng(seed).normal(0, 0.3, x.shape).astype(np.float32))
        for seed in range(100, 112)
    ]
    found = [case.value("E6-TX90p") for case in values]
    spread = np.std([value.detail["signed"] for value in found], ddof=1)
    assert np.mean([value.error for value in found]) == pytest.approx(spread, rel=0.6)


def test_a_state_does_not_grow_with_the_record(record: Callable, warmth: Callable) -> None:
    sizes = []
    for years in (2, 6):
        x = warmth(years * YEAR, 5, 5)
        state = record(x, x).state()
        sizes.append(sum(v.nbytes for k, v in state.items() if k.startswith("hot_days/")))
    assert sizes[0] == sizes[1]
    assert sizes[0] == 12 * 25 * (2 * BINS * 2 + 2 * 4 + 2)


def test_records_of_millennia_are_refused_before_counts_overflow(
    record: Callable, dates: Callable
) -> None:
    x = np.zeros((1, 1, 1, 1))
    case = record(x, x, dates(800_000, "0001-01-01", "360_day"), sigma=(1.0,))
    reason = MonthlyCounts().lacks(case.settings, case.domain)
    assert reason == "a month has more than 65535 days"
