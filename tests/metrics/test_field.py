"""Canonical order, settings through JSON, and imports that cost nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from climcomp.errors import MetricError
from climcomp_metrics import Axes, FieldSettings, canonical
from climcomp_metrics.field import no_neighbours


def test_any_order_of_dimensions_becomes_time_level_y_x() -> None:
    x = np.arange(2 * 3 * 4 * 5 * 6).reshape(2, 3, 4, 5, 6)  # lon, level, member, time, lat
    axes = Axes(time=3, level=(1, 2), y=4, x=0)
    made = canonical(x, axes)
    assert made.shape == axes.shape(x.shape) == (5, 12, 6, 2)
    assert made[4, 2 * 4 + 3, 5, 1] == x[1, 2, 3, 4, 5]
    assert made.flags.c_contiguous


def test_canonical_order_is_not_copied() -> None:
    x = np.zeros((2, 3, 4))
    assert np.shares_memory(canonical(x, Axes(0, (), 1, 2)), x)


def test_cells_become_x() -> None:
    assert canonical(np.zeros((7, 3, 50)), Axes(0, (1,), None, None, 2)).shape == (7, 3, 1, 50)


def test_a_scalar_is_one_value() -> None:
    assert canonical(np.array(3.0), Axes(None, (), None, None)).shape == (1, 1, 1, 1)


@pytest.mark.parametrize(
    "axes", [(0, (0,), None, None), (1, (), 2, None), (0, (), 1, 2, 3)], ids=str
)
def test_axes_that_cannot_be_are_refused(axes: tuple) -> None:
    with pytest.raises(MetricError):
        Axes(*axes)


def test_settings_come_back_from_json(make_settings: Callable) -> None:
    x = np.random.default_rng(1).standard_normal((4, 2, 3, 5))
    settings = make_settings(x, kind="P", valid_range=(0.0, float("inf")), exact=(-1.0,))
    stored = json.loads(json.dumps(settings.to_dict(), allow_nan=False))
    assert FieldSettings.from_dict(stored) == settings


def test_every_level_needs_its_sigma(make_settings: Callable) -> None:
    with pytest.raises(MetricError, match="2 levels"):
        make_settings(np.ones((1, 2, 1, 1)), sigma=(1.0,))


def test_importing_the_room_imports_no_compiler() -> None:
    code = (
        "import sys, climcomp_metrics, climcomp_metrics.sphere, climcomp_metrics.sigma;"
        "sys.exit('numba' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, check=False
    )
    assert done.returncode == 0


def test_neighbours_need_a_structured_grid_of_three_cells_each_way() -> None:
    assert no_neighbours(Axes(0, (), 1, 2), (5, 3, 3)) is None
    assert "unstructured" in str(no_neighbours(Axes(0, (), None, None, 1), (5, 900)))
    assert "no two horizontal" in str(no_neighbours(Axes(0, (), 1, None), (5, 9)))
    assert "2 x 9" in str(no_neighbours(Axes(0, (), 1, 2), (5, 2, 9)))
