"""Change of the 20-year return level over its standard error (E7)."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from climcomp_metrics.annual.gev import fit_gev, l_moments, return_level
from climcomp_metrics.annual.maxima import AnnualExtremes
from climcomp_metrics.annual.return_level import RESAMPLES, standard_error
from climcomp_metrics.domain import Domain

YEAR = 365


def rare_maxima(years: int, rows: int, columns: int, seed: int = 3) -> np.ndarray:
    """Quiet days, and one of extreme value in each year: (years * 360, 1, rows, columns)."""
    random = np.random.default_rng(seed)
    x = random.uniform(0.0, 1.0, (years, 360, 1, rows, columns))
    x[:, 200] = stats.genextreme.rvs(
        0.1, loc=30.0, scale=3.0, size=(years, 1, rows, columns), random_state=random
    )
    return x.reshape(years * 360, 1, rows, columns)


@pytest.fixture(scope="module")
def long(record: Callable, dates: Callable) -> Callable:
    """A record in years of 360 days, in a unit of no index: long(x, y)."""

    def make(x: np.ndarray, y: np.ndarray, **changes: object) -> object:
        clock = dates(x.shape[0], calendar="360_day")
        return record(x, y, clock, **{"unit": "m s-1", "variable": "sfcWind", **changes})

    return make


def test_a_shift_of_a_standard_error_counts_as_one(long: Callable) -> None:
    x = rare_maxima(25, 3, 4)
    maxima = x.reshape(25, 360, 12).max(axis=1).T
    error = standard_error(maxima).reshape(3, 4)
    value = long(x, np.where(x > 20.0, x + error, x)).value("E7")
    assert value.value == pytest.approx(1.0, rel=1e-6)
    assert value.detail["median signed"] == pytest.approx(1.0, rel=1e-6)
    assert value.detail["cells"] == 12


def test_the_value_is_that_of_the_cell_at_95_per_cent(long: Callable) -> None:
    x = rare_maxima(20, 5, 8)
    maxima = x.reshape(20, 360, 40).max(axis=1).T
    error = standard_error(maxima)
    moved = (np.arange(40.0) / 100.0 * error).reshape(5, 8)
    value = long(x, np.where(x > 20.0, x - moved, x)).value("E7")
    assert value.value == pytest.approx(np.quantile(np.arange(40) / 100.0, 0.95), rel=1e-6)
    assert value.detail["median signed"] < 0


def test_the_standard_error_is_the_spread_of_estimates() -> None:
    random = np.random.default_rng(8)
    drawn = stats.genextreme.rvs(0.0, loc=30, scale=3, size=(600, 40), random_state=random)
    errors = standard_error(drawn)
    levels = return_level(*fit_gev(*l_moments(np.sort(drawn, axis=1))), 20.0)
    # 600 estimates know their spread within 3 %; a bootstrap of 40 years is a little too small.
    assert errors.mean() == pytest.approx(levels.std(), rel=0.15)
    assert RESAMPLES == 100


def test_the_standard_error_is_always_the_same() -> None:
    drawn = np.random.default_rng(8).gumbel(size=(5, 30))
    np.testing.assert_array_equal(standard_error(drawn), standard_error(drawn))


def test_clipping_the_extremes_shows(long: Callable) -> None:
    x = rare_maxima(25, 3, 4)
    assert long(x, np.minimum(x, np.quantile(x, 0.9995))).value("E7").value > 0.25


def test_harmless_noise_passes(long: Callable) -> None:
    x = rare_maxima(25, 3, 4)
    y = x + np.random.default_rng(5).uniform(-0.02, 0.02, x.shape)
    assert long(x, y).value("E7").value < 0.05


def test_years_that_lack_a_day_stay_out(long: Callable) -> None:
    x = rare_maxima(22, 2, 2)
    y = x.copy()
    y[200, 0, 0, 0] += 100.0
    x[10, 0, 0, 0] = np.nan
    value = long(x, y).value("E7")
    assert value.value == 0.0
    assert value.detail["cells"] == 4


def test_cells_with_fewer_than_twenty_years_stay_out(long: Callable) -> None:
    x = rare_maxima(22, 2, 2)
    y = x + 0.5
    x[[10, 400, 800], 0, 0, 0] = np.nan
    assert long(x, y).value("E7").detail["cells"] == 3


def test_nineteen_years_are_too_few(long: Callable, record: Callable, warmth: Callable) -> None:
    x = rare_maxima(19, 2, 2)
    assert long(x, x + 0.1).value("E7").reason == "20 whole years are needed, the record has 19"
    warm = warmth(2 * YEAR, 2, 2)
    value = record(warm, warm + np.float32(0.1)).value("E7")
    assert value.reason == "20 whole years are needed, the record has 2"


def test_maxima_that_never_vary_have_no_error(long: Callable) -> None:
    x = np.minimum(rare_maxima(20, 2, 2), 10.0)
    y = x + 0.1
    reason = long(x, y).value("E7").reason
    assert reason == "no cell has 20 whole years whose maxima vary"


def test_values_that_all_came_back_have_no_change(long: Callable) -> None:
    x = rare_maxima(20, 2, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert long(x, x).value("E7").value == 0.0


def test_no_area_is_needed(long: Callable) -> None:
    x = rare_maxima(20, 2, 2)
    value = long(x, x + 0.1, weights=None, has_area="curvilinear").value("E7")
    assert value.value is not None


def test_bounded_fractions_are_not_asked(
    long: Callable, make_settings: Callable, dates: Callable
) -> None:
    settings = make_settings(np.zeros((1, 1, 2, 2)), kind="B", unit="1")
    clock = dates(360 * 20, calendar="360_day")
    assert "bounded fraction" in AnnualExtremes().lacks(settings, Domain(clock=clock))


def test_parts_in_any_order_give_the_same_level(long: Callable) -> None:
    x = rare_maxima(20, 2, 3)
    y = x + np.random.default_rng(5).uniform(-0.2, 0.2, x.shape)
    case = long(x, y)
    cuts = [0, 77, 360, 2000, 2199, 2200, 5000, 7200]
    full = (slice(0, 1), slice(0, 2))
    boxes = [
        (slice(a, b), *full, slice(i, j)) for a, b in pairwise(cuts) for i, j in ((0, 2), (2, 3))
    ]
    np.random.default_rng(1).shuffle(boxes)
    assert case.value("E7", case.state(boxes)) == case.value("E7")
