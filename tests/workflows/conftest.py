"""Small sources and recipes for the tests of whole runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import netCDF4
import numpy as np
import pytest
from climcomp_workflows.recipe import Recipe, parse_recipe

STEPS, ROWS, COLUMNS = 48, 24, 36


def smooth_field(steps: int, rows: int, columns: int, seed: int = 3) -> np.ndarray:
    """(time, lat, lon) float32 with waves, a gradient and noise of the size of weather."""
    rng = np.random.default_rng(seed)
    time = np.arange(steps)[:, None, None]
    lat = np.linspace(-np.pi / 2, np.pi / 2, rows)[None, :, None]
    lon = np.linspace(0, 2 * np.pi, columns, endpoint=False)[None, None, :]
    field = 285 - 30 * np.sin(lat) ** 2 + 5 * np.sin(2 * lon + 0.3 * time) * np.cos(lat)
    return (field + 0.5 * rng.standard_normal((steps, rows, columns))).astype(np.float32)


@pytest.fixture
def write_source(tmp_path: Path) -> Callable[..., Path]:
    """Writes a NetCDF-4 file with coordinates, bounds and the variables given by keyword."""

    def write(name: str = "source.nc", **variables: np.ndarray) -> Path:
        path = tmp_path / name
        steps, rows, columns = next(iter(variables.values())).shape
        with netCDF4.Dataset(path, "w") as file:
            file.title = "a small model"
            for dim, size in (("time", None), ("lat", rows), ("lon", columns), ("bnds", 2)):
                file.createDimension(dim, size)
            time = file.createVariable("time", "f8", ("time",))
            time.units, time.calendar, time.axis = "days since 2001-01-01", "noleap", "T"
            time.bounds = "time_bnds"
            time[:] = np.arange(steps) + 0.5
            file.createVariable("time_bnds", "f8", ("time", "bnds"))[:] = np.stack(
                [np.arange(steps), np.arange(steps) + 1.0], 1
            )
            lat = file.createVariable("lat", "f8", ("lat",))
            lat.units, lat.standard_name = "degrees_north", "latitude"
            lat[:] = -90 + (np.arange(rows) + 0.5) * 180 / rows
            lon = file.createVariable("lon", "f8", ("lon",))
            lon.units, lon.standard_name = "degrees_east", "longitude"
            lon[:] = np.arange(columns) * 360 / columns
            for key, values in variables.items():
                data = file.createVariable(
                    key, values.dtype, ("time", "lat", "lon"), fill_value=values.dtype.type(1e20),
                    chunksizes=(1, rows, columns), zlib=True,
                )  # fmt: skip
                data.units, data.standard_name = "K", "air_temperature"
                data[:] = np.where(np.isnan(values), values.dtype.type(1e20), values)
        return path

    return write


@pytest.fixture
def source(write_source: Callable[..., Path]) -> Path:
    """One file with `tas`, 48 daily fields of 24 x 36."""
    return write_source(tas=smooth_field(STEPS, ROWS, COLUMNS))


@pytest.fixture
def make_recipe(tmp_path: Path) -> Callable[..., Recipe]:
    """A recipe over files, run in this process, with shards of a few steps; more YAML as text."""

    def make(files: Path | str, extra: str = "", *, cluster: str = "kind: inline") -> Recipe:
        # Shards of 8 steps of 24 x 36 floats, so that a run has several.
        return parse_recipe(
            f"recipe: 1\nname: test\ninput: {{files: '{files}'}}\n"
            f"output: {{store: '{tmp_path / 'out.zarr'}', shard_size: {8 * ROWS * COLUMNS * 4} B}}\n"
            f"cluster: {{{cluster}}}\n{extra}"
        )

    return make
