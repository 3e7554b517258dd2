"""Structural similarity against a window-by-window computation, SciPy and closed forms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import correlate1d

from climcomp_metrics import Value, make_bins
from climcomp_metrics.kernels.jit import read_only
from climcomp_metrics.kernels.local_similarity import local_similarity, taps
from climcomp_metrics.similarity.dssim import StructuralSimilarity, sampled_range

SMALL = 1e-8


def window() -> np.ndarray:
    line = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    return np.outer(line, line)


def one_by_one(x: np.ndarray, y: np.ndarray, wrap: bool) -> float:
    """The mean index of maps scaled already, each window as Baker 2022 describes it."""
    rows, columns = x.shape
    valid = np.isfinite(x) & np.isfinite(y)
    found = []
    for j, i in zip(*np.nonzero(valid), strict=True):
        inside = [(a, b) for a in range(-5, 6) for b in range(-5, 6) if 0 <= j + a < rows]
        if not wrap:
            inside = [(a, b) for a, b in inside if 0 <= i + b < columns]
        inside = [(a, b) for a, b in inside if valid[j + a, (i + b) % columns]]
        w = np.array([window()[a + 5, b + 5] for a, b in inside])
        p = np.array([x[j + a, (i + b) % columns] for a, b in inside])
        q = np.array([y[j + a, (i + b) % columns] for a, b in inside])
        mp, mq = np.average(p, weights=w), np.average(q, weights=w)
        vp, vq = np.average((p - mp) ** 2, weights=w), np.average((q - mq) ** 2, weights=w)
        c = np.average((p - mp) * (q - mq), weights=w)
        found.append(
            (2 * mp * mq + SMALL) / (mp**2 + mq**2 + SMALL) * (2 * c + SMALL) / (vp + vq + SMALL)
        )
    return float(np.mean(found))


def scipy_index(x: np.ndarray, y: np.ndarray, mode: str) -> float:
    line = window()[5] / window()[5].sum()
    valid = np.isfinite(x) & np.isfinite(y)
    a, b = np.where(valid, x, 0.0), np.where(valid, y, 0.0)

    def mean(field: np.ndarray) -> np.ndarray:
        return correlate1d(correlate1d(field, line, 0, mode="constant"), line, 1, mode=mode)

    w = np.where(valid, mean(valid.astype(float)), 1.0)
    ma, mb = mean(a) / w, mean(b) / w
    both, product = (mean(a * a) + mean(b * b)) / w - ma**2 - mb**2, mean(a * b) / w - ma * mb
    index = (2 * ma * mb + SMALL) * (2 * product + SMALL)
    index /= (ma**2 + mb**2 + SMALL) * (both + SMALL)
    return float(index[valid].mean())


def scaled(field: np.ndarray, settings: object, level: int = 0) -> np.ndarray:
    low, high = sampled_range(settings.bins[level], settings.sigma[level])  # type: ignore[attr-defined]
    return (field.astype(np.float64) - low) / (high - low)


@pytest.fixture(scope="module")
def pair(weather: Callable) -> tuple[np.ndarray, np.ndarray]:
    x = weather(3, 15, 18)
    y = (x + np.random.default_rng(2).uniform(-2.0, 2.0, x.shape)).astype(np.float32)
    x[:, :, 3:6, 5:12] = np.nan
    y[1, 0, 9, 9] = np.nan
    return x, y


@pytest.mark.parametrize("wrap", [False, True])
def test_the_worst_map_is_that_of_a_computation_window_by_window(
    wrap: bool,
    pair: tuple[np.ndarray, np.ndarray],
    make_settings: Callable,
    values_of: Callable[..., dict[str, Value]],
) -> None:
    x, y = pair
    settings = make_settings(x, periodic_x=wrap)
    index = [
        one_by_one(scaled(x[t, 0], settings), scaled(y[t, 0], settings), wrap) for t in range(3)
    ]
    value = values_of(x, y, settings)["T1"]
    # Both sum float64: variances of 1e-4 lose 1e-12 of themselves beside squares of 1.
    assert value.value == pytest.approx(min(index), abs=1e-10)
    assert value.time == int(np.argmin(index))
    assert value.detail["mean"] == pytest.approx(np.mean(index), abs=1e-10)


@pytest.mark.parametrize(("wrap", "mode"), [(False, "constant"), (True, "wrap")])
def test_larger_maps_agree_with_scipy(
    wrap: bool, mode: str, weather: Callable, make_settings: Callable, values_of: Callable
) -> None:
    x = weather(1, 90, 133)
    y = (x + np.random.default_rng(3).normal(0, 0.3, x.shape)).astype(np.float32)
    x[0, 0, 70:, :40] = np.nan
    settings = make_settings(x, periodic_x=wrap)
    expected = scipy_index(scaled(x[0, 0], settings), scaled(y[0, 0], settings), mode)
    assert values_of(x, y, settings)["T1"].value == pytest.approx(expected, abs=1e-9)


def checkerboard() -> np.ndarray:
    field = np.indices((24, 30)).sum(axis=0) % 2 * 0.2 + 0.4
    return np.stack([field, np.linspace(0, 1, 720).reshape(24, 30)])[:, None]


def test_an_inverted_map_has_the_index_minus_one(
    make_settings: Callable, values_of: Callable
) -> None:
    x = checkerboard()
    y = x.copy()
    y[0] = 1.0 - x[0]
    # Means of 0.5 in both, equal variances of 0.01 and their covariance negated.
    value = values_of(x, y, make_settings(x, sigma=(0.1,)))["T1"]
    assert value.value == pytest.approx(-1.0, abs=1e-4)
    assert value.time == 0


def test_an_offset_shows_in_the_means_alone(make_settings: Callable, values_of: Callable) -> None:
    x = checkerboard()
    y = x.copy()
    y[0] += 0.1
    expected = 2 * 0.5 * 0.6 / (0.5**2 + 0.6**2)
    # Windows hold as many black as white cells to a few of 1e-4, fewer at the edges.
    value = values_of(x, y, make_settings(x, sigma=(0.1,), periodic_x=True))["T1"]
    assert value.value == pytest.approx(expected, abs=1e-3)


def test_equal_maps_have_the_index_one(weather: Callable, values_of: Callable) -> None:
    x = weather(4, 20, 20)
    y = x.copy()
    y[3, 0, 0, 0] += 1.0
    assert values_of(x, x)["T1"].value == 1.0
    value = values_of(x, y)["T1"]
    assert value.time == 3
    assert value.value < 1.0 < value.value + 0.1


def test_a_descending_grid_gives_the_same(
    pair: tuple[np.ndarray, np.ndarray], values_of: Callable
) -> None:
    x, y = pair
    flipped = [np.ascontiguousarray(field[:, :, ::-1]) for field in (x, y)]
    expected = values_of(x, y)["T1"].value
    assert values_of(*flipped)["T1"].value == pytest.approx(expected, abs=1e-12)


def test_the_range_is_that_of_the_level_over_all_times(
    weather: Callable, make_settings: Callable, values_of: Callable
) -> None:
    x = weather(2, 20, 20)
    calm = x.copy()
    calm[0] = 280.0 + 0.01 * (x[0] - 280.0)
    y = calm + np.random.default_rng(1).uniform(-1e-3, 1e-3, x.shape).astype(np.float32)
    settings = make_settings(calm)
    expected = scipy_index(scaled(calm[0, 0], settings), scaled(y[0, 0], settings), "constant")
    value = values_of(calm, y, settings)["T1"]
    assert value.time == 0
    assert value.value == pytest.approx(expected, abs=1e-7)


def test_a_leaked_fill_value_costs_its_windows_and_no_more(
    weather: Callable, make_settings: Callable, values_of: Callable
) -> None:
    x = weather(1, 40, 40)
    y = x.copy()
    y[0, 0, 20, 20] = 1e20
    value = values_of(x, y, make_settings(x))["T1"]
    # 11 x 11 windows hold the fill and have an index of about 0.
    assert value.value == pytest.approx(1.0 - 121 / 1600, abs=1e-3)


def test_the_largest_numbers_leave_a_number() -> None:
    x = np.random.default_rng(1).random((20, 30))
    x[10, 10] = 1e300
    total, count = local_similarity(
        read_only(x), read_only(x.copy()), 0.0, 1.0, False, taps(), SMALL
    )
    # Beside 1e30, their stand-in, other values vanish; equal maps stay equal.
    assert total / count == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("least", "most", "sigma"), [(-3.0, 5.0, 1.0), (250.0, 251.0, 2.0), (0.0, 1e6, 1.0)]
)
def test_the_range_of_the_sample_comes_back_from_the_bins(
    least: float, most: float, sigma: float
) -> None:
    bins = make_bins(np.linspace(least, most, 1001), sigma, "C")
    low, high = sampled_range(bins, sigma)  # type: ignore[misc]
    assert low == pytest.approx(least, abs=2 * bins.width)
    assert high == pytest.approx(most, abs=2 * bins.width)


def test_a_sample_without_variation_has_no_range() -> None:
    assert sampled_range(make_bins(np.full(100, 3.0), 0.0, "C"), 0.0) is None
    assert sampled_range(make_bins(np.full(100, 3.0), 1.0, "C"), 1.0) is None


def test_every_64th_map_of_a_long_record_is_taken(
    weather: Callable, values_of: Callable, make_settings: Callable
) -> None:
    x = np.concatenate([weather(64, 11, 11, seed=k) for k in range(4)])
    y = x + np.random.default_rng(1).uniform(-0.1, 0.1, x.shape).astype(np.float32)
    value = values_of(x, y)["T1"]
    # 256 maps: at least 32 are taken.
    assert value.sampled == "one in 8 time steps of each level"
    assert value.detail["maps"] == 32
    every = values_of(x, y, make_settings(x, every={"dssim": 1}))["T1"]
    assert every.sampled == ""
    assert every.detail["maps"] == 256


def test_constant_maps_are_left_out(weather: Callable, values_of: Callable) -> None:
    x = weather(5, 20, 20)
    x[2] = 280.0
    y = x + np.random.default_rng(1).uniform(-0.01, 0.01, x.shape).astype(np.float32)
    value = values_of(x, y)["T1"]
    assert value.detail["maps"] == 4
    assert value.value > 0.99


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"horizontal": "an unstructured grid"}, "no horizontal neighbours: an unstructured grid"),
        ({"shard": (5, 1, 20, 10)}, "cut into several shards"),
        ({"sigma": (0.0,)}, "standard deviation is zero"),
    ],
)
def test_what_it_cannot_have_is_said(
    changes: dict, reason: str, weather: Callable, values_of: Callable
) -> None:
    x = weather(5, 20, 20)
    value = values_of(x, x + np.float32(0.1), **changes)["T1"]
    assert value.value is None
    assert reason in value.reason


def test_a_small_grid_has_no_window(weather: Callable, values_of: Callable) -> None:
    x = weather(5, 10, 40)
    assert "11 x 11 cells does not fit" in values_of(x, x + np.float32(0.1))["T1"].reason


def test_all_missing_has_its_reason(weather: Callable, values_of: Callable) -> None:
    x = weather(3, 20, 20)
    assert values_of(x, np.full_like(x, np.nan))["T1"].reason == "no value is valid"


def test_other_classes_have_no_index(weather: Callable, make_settings: Callable) -> None:
    settings = replace(make_settings(weather(2, 20, 20)), kind="P")
    assert "continuous" in StructuralSimilarity().lacks(settings, None)  # type: ignore[arg-type]
