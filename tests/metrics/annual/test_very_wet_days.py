"""Rain of days above the 95th percentile of wet days (E6-R95pTOT)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

YEAR = 365


def test_damping_the_top_alone_shows_in_full(rain: Callable, showers: Callable) -> None:
    x = showers(4 * YEAR, 4, 5).astype(np.float64)
    top = np.quantile(x[x >= 1.0], 0.9)
    value = rain(x, np.where(x > top, top + 0.9 * (x - top), x)).value("E6-R95pTOT")
    # By how much the days above each cell's 95th percentile lose, as computed here.
    lost = total = 0.0
    for cell in x.reshape(-1, 20).T:
        edge = np.quantile(cell[cell >= 1.0], 0.95)
        total += cell[cell > edge].sum()
        after = np.where(cell > top, top + 0.9 * (cell - top), cell)
        lost += cell[cell > edge].sum() - after[after > edge].sum()
    assert value.detail["signed"] == pytest.approx(-lost / total, abs=0.02)
    assert lost / total > 0.1


def test_noise_moves_it_by_no_more_than_chance(rain: Callable, showers: Callable) -> None:
    x = showers(6 * YEAR, 6, 6).astype(np.float64)
    y = x * np.random.default_rng(3).uniform(0.99, 1.01, x.shape)
    value = rain(x, y).value("E6-R95pTOT")
    assert value.value < 3 * value.error
    assert value.error < 0.005


@pytest.mark.parametrize("dry_first", [True, False])
def test_a_part_without_rain_leaves_the_sums_of_others_alone(
    dry_first: bool, rain: Callable, showers: Callable
) -> None:
    x = showers(2 * YEAR, 3, 4).astype(np.float64)
    x[:30] = 0.0
    case = rain(x, x * np.random.default_rng(3).uniform(0.8, 1.2, x.shape))
    full = (slice(0, 1), slice(0, 3), slice(0, 4))
    boxes = [(slice(0, 30), *full), (slice(30, 2 * YEAR), *full)]
    merged = case.state(boxes if dry_first else boxes[::-1])
    assert merged["very_wet_days/0/sums"].dtype == np.float64
    np.testing.assert_array_equal(
        merged["very_wet_days/0/sums"], case.state()["very_wet_days/0/sums"]
    )


def test_rain_in_whole_millimetres_does_not_stand_on_the_thresholds(rain: Callable) -> None:
    random = np.random.default_rng(3)
    # 5.5 % of the days have 16 mm or more, so that an edge at 16 mm would be one of the two.
    x = random.geometric(0.176, (2 * YEAR, 1, 5, 5)).astype(np.float64)
    y = x + random.uniform(-0.02, 0.02, x.shape)
    assert rain(x, y).value("E6-R95pTOT").value < 0.002


def test_light_rain_does_not_matter(rain: Callable, showers: Callable) -> None:
    x = showers(2 * YEAR, 4, 5).astype(np.float64)
    assert rain(x, np.where(x < 5.0, 0.5 * x, x)).value("E6-R95pTOT").value == 0.0


def test_units_do_not_matter(rain: Callable, showers: Callable) -> None:
    x = showers(2 * YEAR, 4, 5).astype(np.float64)
    y = x * np.random.default_rng(3).uniform(0.9, 1.1, x.shape)
    plain = rain(x, y).value("E6-R95pTOT").value
    rate = rain(x / 86400, y / 86400, unit="kg m-2 s-1", sigma=(1e-5,)).value("E6-R95pTOT").value
    assert rate == pytest.approx(plain, rel=1e-3)


def test_deserts_have_no_percentile_and_stay_out(rain: Callable, showers: Callable) -> None:
    x = showers(2 * YEAR, 4, 5).astype(np.float64)
    x[:, :, :, 4] = 0.0
    x[:19, :, :, 4] = np.linspace(2.0, 40.0, 19)[:, None, None]
    y = 1.0 * x
    y[:, :, :, 4] *= 2.0
    value = rain(x, y).value("E6-R95pTOT")
    assert value.value == 0.0
    assert value.detail["cells"] == 16
