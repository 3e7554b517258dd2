"""P10 against errors of known correlation, and against NumPy's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from climcomp_metrics.domain import Domain
from climcomp_metrics.temporal.whiteness import Whiteness

SHAPE = (40, 1, 70, 30)


@pytest.fixture(scope="module")
def x() -> np.ndarray:
    return 280.0 + np.random.default_rng(1).standard_normal(SHAPE)


def correlation(a: np.ndarray, b: np.ndarray, e: np.ndarray) -> float:
    mean = np.nanmean(e)
    return float(np.nanmean((a - mean) * (b - mean)) / np.nanvar(e))


def smooth(seed: int, axis: int, r: float) -> np.ndarray:
    """AR(1) noise along an axis."""
    e = np.moveaxis(np.random.default_rng(seed).standard_normal(SHAPE), axis, 0)
    for i in range(1, len(e)):
        e[i] = r * e[i - 1] + np.sqrt(1.0 - r * r) * e[i]
    return 0.01 * np.moveaxis(e, 0, axis)


@pytest.mark.parametrize(("axis", "name"), [(0, "along time"), (2, "along y"), (3, "along x")])
def test_errors_that_know_their_neighbour_show_along_that_dimension(
    x: np.ndarray, temporal: Callable, axis: int, name: str
) -> None:
    value = temporal(x, x + smooth(2, axis, 0.5), None)["P10"]
    # 10,000 pairs at least, of which half are worth one: 0.01 of chance, four times.
    assert value.value == pytest.approx(0.5, abs=0.05)
    assert value.place == name
    others = [r for other, r in value.detail.items() if other != name]
    assert np.abs(others).max() < 0.05


def test_white_errors_have_no_correlation(x: np.ndarray, temporal: Callable) -> None:
    value = temporal(x, x + smooth(3, 0, 0.0), None)["P10"]
    assert value.value < 4.0 * value.error
    assert set(value.detail) == {"along time", "along y", "along x"}


def test_a_chessboard_of_errors_has_minus_one(x: np.ndarray, temporal: Callable) -> None:
    t, _, y, _ = np.indices(SHAPE)
    value = temporal(x, x + 0.01 * (-1.0) ** (t + y), None)["P10"]
    assert value.value == pytest.approx(1.0, rel=1e-6)
    assert value.detail["along time"] == pytest.approx(-1.0, rel=1e-6)
    assert value.detail["along y"] == pytest.approx(-1.0, rel=1e-6)
    assert value.detail["along x"] == pytest.approx(1.0, rel=1e-6)


def test_correlations_are_those_of_all_pairs_that_are_valid(
    x: np.ndarray, temporal: Callable
) -> None:
    y = x + smooth(4, 2, 0.4) + smooth(5, 0, 0.6) + 0.02
    a = x.copy()
    a[np.random.default_rng(6).uniform(size=SHAPE) < 0.1] = np.nan
    e = (y - a)[:, 0]
    value = temporal(a, np.where(np.isnan(a), np.nan, y), None, every={"*": 1})["P10"]
    expected = {
        "along y": correlation(e[:, 1:], e[:, :-1], e),
        "along x": correlation(e[:, :, 1:], e[:, :, :-1], e),
    }
    for name, r in expected.items():
        assert value.detail[name] == pytest.approx(r, rel=1e-9), name
    # Along time 1,024 of the 2,100 cells are seen.
    r = correlation(e[1:], e[:-1], e)
    assert value.detail["along time"] == pytest.approx(r, abs=0.02)
    assert value.sampled == ""


def test_all_cells_of_a_small_grid_are_seen_along_time(x: np.ndarray, temporal: Callable) -> None:
    a, y = x[:, :, :20], (x + smooth(7, 0, 0.6))[:, :, :20]
    e = (y - a)[:, 0]
    value = temporal(a, y, None)["P10"]
    expected = correlation(e[1:], e[:-1], e)
    assert value.detail["along time"] == pytest.approx(expected, rel=1e-9)


def test_a_single_step_has_its_rows_and_columns(x: np.ndarray, temporal: Callable) -> None:
    value = temporal(x[:1], (x + smooth(8, 3, 0.7))[:1], None)["P10"]
    assert set(value.detail) == {"along x", "along y"}


def test_one_step_without_rows_and_columns_has_no_neighbours(
    x: np.ndarray, temporal: Callable
) -> None:
    row = x[:1].reshape(1, 1, 1, -1)
    value = temporal(row, row + 0.1, None, horizontal="unstructured")["P10"]
    assert value.reason == "one time step, and no horizontal neighbours: unstructured"


def test_errors_that_are_all_alike_have_no_correlation(x: np.ndarray, temporal: Callable) -> None:
    a = np.round(x)
    reason = temporal(a, a + 0.5, None)["P10"].reason
    assert reason == "no direction has 100 neighbouring errors that differ"


def test_a_variable_with_time_or_rows_has_whiteness(x: np.ndarray, make_settings: Callable) -> None:
    settings = make_settings(x, horizontal="unstructured")
    assert Whiteness().lacks(settings, Domain()) == ""
    assert Whiteness().lacks(make_settings(x[:1]), Domain()) == ""
