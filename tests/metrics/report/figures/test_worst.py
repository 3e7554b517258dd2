"""The fields of the worst time."""

from __future__ import annotations

import numpy as np
import pytest

from climcomp.errors import MetricError
from climcomp_metrics.domain import Domain
from climcomp_metrics.report.figures import fields_at_worst

RNG = np.random.default_rng(4)
LAT, LON = np.arange(-89.75, 90, 0.5), np.arange(0.25, 360, 0.5)
DOMAIN = Domain(None, "latlon", LAT, LON)


def test_the_worst_cell_is_in_the_small_picture() -> None:
    x = RNG.standard_normal((360, 720))
    y = x + RNG.uniform(-0.01, 0.01, x.shape)
    y[77, 333] = x[77, 333] - 0.5
    fields = fields_at_worst(x, y, DOMAIN, "step 3")
    assert fields is not None
    assert fields.error.shape == (180, 360)
    assert fields.error.min() == pytest.approx(-0.5)
    assert fields.worst == pytest.approx(-0.5)
    assert fields.value == x[77, 333]
    assert fields.where == "51.2°S, 166.8°E (y 77, x 333)"
    assert (fields.across, fields.up) == pytest.approx((166.5, -51.5), abs=1e-9)


def test_a_pixel_shows_a_cell_and_no_mean() -> None:
    x = RNG.standard_normal((360, 720)).astype(np.float32)
    fields = fields_at_worst(x, x + np.float32(0.25), DOMAIN)
    assert fields is not None
    assert np.isin(fields.original, x).all()
    np.testing.assert_allclose(fields.decoded - fields.original, fields.error, rtol=1e-6)


def test_missing_and_infinite_values_are_no_errors() -> None:
    x = RNG.standard_normal((360, 720))
    y = x + 0.01
    x[0, 0], y[5, 5], x[9, 9], y[9, 9] = np.nan, np.nan, np.inf, np.inf
    fields = fields_at_worst(x, y, DOMAIN)
    assert fields is not None
    assert fields.worst == pytest.approx(0.01)


def test_a_field_without_a_value_has_no_worst_place() -> None:
    nothing = np.full((36, 72), np.nan)
    assert fields_at_worst(nothing, nothing, Domain()) is None


def test_one_cell_has_no_picture() -> None:
    assert fields_at_worst(np.ones((1, 1)), np.ones((1, 1)), Domain()) is None


def test_fields_of_different_shapes_are_refused() -> None:
    with pytest.raises(MetricError, match="one time and level"):
        fields_at_worst(np.ones((3, 4)), np.ones((4, 3)), Domain())


def test_a_cell_of_a_mesh_is_named_by_its_number_and_place() -> None:
    lat, lon = np.linspace(-60, 60, 1000), np.linspace(0, 350, 1000)
    x = np.zeros((1, 1000))
    y = x.copy()
    y[0, 700] = 1.0
    fields = fields_at_worst(x, y, Domain(None, "unstructured", lat, lon))
    assert fields is not None
    assert fields.where == "24.1°N, 114.8°W (cell 700)"
