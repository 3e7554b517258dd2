"""Runs with figures, on small sources."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from climcomp_workflows.plan.make import make_plan
from climcomp_workflows.plan.model import VariablePlan
from climcomp_workflows.recipe import Recipe

FIGURES = "variables: {tas: {bound: 0.01 K}}\nquality: bounds\nreport: {figures: true}\n"


@pytest.fixture
def with_figures(source: Path, make_recipe: Callable[..., Recipe]) -> Callable[..., Recipe]:
    """A recipe for `tas` with figures; more YAML as text, another cluster by keyword."""

    def make(extra: str = "", **options: str) -> Recipe:
        return make_recipe(source, FIGURES + extra, **options)

    return make


@pytest.fixture
def levels(tmp_path: Path) -> Path:
    """A file of `ta` on three pressure levels at six-hourly steps, the middle one the roughest."""
    rng = np.random.default_rng(5)
    path = tmp_path / "levels.nc"
    with netCDF4.Dataset(path, "w") as file:
        for dim, size in (("time", None), ("plev", 3), ("lat", 16), ("lon", 32)):
            file.createDimension(dim, size)
        time = file.createVariable("time", "f8", ("time",))
        time.units, time.calendar, time.axis = "days since 1850-01-01", "360_day", "T"
        time[:] = np.arange(32) / 4
        plev = file.createVariable("plev", "f8", ("plev",))
        plev.units, plev.standard_name, plev.positive = "Pa", "air_pressure", "down"
        plev[:] = (85000, 50000, 1000)
        lat = file.createVariable("lat", "f8", ("lat",))
        lat.units, lat[:] = "degrees_north", np.linspace(84, -84, 16)
        lon = file.createVariable("lon", "f8", ("lon",))
        lon.units, lon[:] = "degrees_east", np.arange(32) * 11.25
        ta = file.createVariable("ta", "f4", ("time", "plev", "lat", "lon"))
        ta.units, ta.standard_name = "K", "air_temperature"
        smooth = (
            10 * np.sin(np.linspace(0, 6.28, 32))[None, :] * np.cos(np.linspace(-1, 1, 16))[:, None]
        )
        size = np.array([1.0, 3.0, 0.5])[None, :, None, None]
        ta[:] = 250 + size * (smooth + rng.standard_normal((32, 3, 16, 32)))
    return path


@pytest.fixture
def plan(levels: Path, make_recipe: Callable[..., Recipe]) -> VariablePlan:
    """Of `ta` (time 32, plev 3, lat 16, lon 32), 0.02 K on each level."""
    recipe = make_recipe(levels, "variables: {ta: {bound: 0.02 K}}\nquality: bounds\n")
    made, _ = make_plan(recipe)
    return made.variable("ta")
