"""Bins: edges, indices, what the kernels make of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from climcomp.errors import MetricError
from climcomp_metrics import Bins, make_bins, measure
from climcomp_metrics.bins import MOST_BINS
from climcomp_metrics.domain import Domain


def test_linear_bins_are_a_thousandth_of_sigma_and_reach_beyond_the_sample() -> None:
    x = np.linspace(-4.0, 4.0, 1001)
    bins = make_bins(x, 1.0, "C")
    edges = bins.edges()
    assert bins.width == pytest.approx(1e-3)
    assert edges[0] == pytest.approx(-8.0)
    assert edges[-1] >= 8.0
    np.testing.assert_allclose(np.diff(edges), 1e-3, rtol=1e-6)


def test_too_wide_a_range_widens_the_bins() -> None:
    bins = make_bins(np.array([0.0, 1e6]), 1.0, "C")
    assert bins.count <= MOST_BINS
    assert bins.edges()[-1] >= 1e6


@pytest.mark.parametrize("kind", ["C", "P"])
def test_every_value_lies_between_the_edges_of_its_bin(kind: str) -> None:
    rng = np.random.default_rng(1)
    x = rng.standard_normal(5000) ** 3
    bins = make_bins(x, float(x.std()), kind)  # type: ignore[arg-type]
    index = bins.index(x)
    edges = bins.edges()
    # An edge is rounded to float64, so that a value may lie one rounding beyond it.
    slack = 1e-9 * np.abs(x) + 1e-12
    assert (x >= edges[index - 1] - slack).all()
    assert (x <= edges[index] + slack).all()
    assert (np.diff(edges) > 0).all()


def test_asinh_bins_are_narrow_at_zero_and_relative_in_the_tail() -> None:
    rain = np.random.default_rng(2).exponential(1.0, 10000) ** 2
    sigma = float(rain.std())
    bins = make_bins(rain, sigma, "P")
    edges, widths = bins.edges()[1:], np.diff(bins.edges())
    assert bins.scale == "asinh"
    near = np.argmin(np.abs(edges))
    assert widths[near] == pytest.approx(sigma / 1024, rel=1e-6)
    far = edges > 4.0 * sigma
    assert (widths[far] <= (edges[far] + 4.0 * sigma) / 4096).all()
    assert edges[-1] >= 7.9 * rain.max()


def test_a_positive_variable_far_from_zero_gets_linear_bins() -> None:
    co2 = 400.0 + np.random.default_rng(3).standard_normal(1000)
    assert make_bins(co2, 1.0, "P").scale == "linear"


@pytest.mark.parametrize(
    "sample",
    [np.array([]), np.array([np.nan, np.inf]), np.full(10, 3.0)],
    ids=["empty", "missing", "constant"],
)
def test_a_sample_without_variation_gives_one_bin(sample: np.ndarray) -> None:
    assert make_bins(sample, 0.0, "C").count == 3


def test_a_fill_value_of_1e308_in_the_sample_is_refused() -> None:
    with pytest.raises(MetricError, match="declare missing values"):
        make_bins(np.array([-1.7e308, 0.0, 1.7e308]), 1.0, "C")


@pytest.mark.parametrize("kind", ["C", "P"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_compiled_pass_counts_as_the_bins_say(
    kind: str, dtype: type, make_settings: Callable, whole: Callable
) -> None:
    x = (np.random.default_rng(4).standard_normal((3, 1, 30, 40)) ** 3).astype(dtype)
    y = (x * 1.01).astype(dtype)
    settings = make_settings(x, kind=kind, sigma=(1.0,))
    bins = settings.bins[0]
    counts = measure(x, y, settings, Domain(), whole(x))["counts/0"]
    for row, values in ((0, x), (1, y)):
        expected = np.bincount(bins.index(values).ravel(), minlength=bins.count)
        # Compiled sums may round a position otherwise, so that a value on an edge changes sides.
        assert np.abs(np.cumsum(expected) - np.cumsum(counts[row])).max() <= 1
    smaller = bins.index(np.minimum(x, y)).ravel()
    expected = np.bincount(smaller[smaller >= bins.tail_high], minlength=bins.count)
    np.testing.assert_allclose(counts[2], expected, atol=1)


def test_bins_come_back_from_json() -> None:
    bins = make_bins(np.arange(100.0), 20.0, "C")
    assert Bins.from_dict(bins.to_dict()) == bins
