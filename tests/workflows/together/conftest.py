"""Files of several variables, their plans, and a relation that ties those named a... to b..."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp_metrics.together import relations
from climcomp_workflows.plan.make import make_plan
from climcomp_workflows.plan.model import Plan
from climcomp_workflows.recipe import parse_recipe
from tests.workflows.together import fake

AXES: dict[str, tuple[str, Callable[[int], NDArray[Any]]]] = {
    "time": ("days since 2001-01-01", lambda n: np.arange(n) + 0.5),
    "plev": ("Pa", lambda n: 1e5 - 1e4 * np.arange(n)),
    "height": ("m", lambda n: 100.0 * np.arange(n)),
    "lat": ("degrees_north", lambda n: -90 + (np.arange(n) + 0.5) * 180 / n),
    "lon": ("degrees_east", lambda n: np.arange(n) * 360 / n),
    "lat2": ("degrees_north", lambda n: -90 + (np.arange(n) + 0.5) * 180 / n),
    "lon2": ("degrees_east", lambda n: np.arange(n) * 360 / n),
}
SIZES = {"time": 12, "plev": 3, "height": 3, "lat": 16, "lon": 24, "lat2": 16, "lon2": 24}


@dataclass(frozen=True)
class Var:
    """A variable of a test file; its values are weather unless they are given."""

    dims: tuple[str, ...] = ("time", "lat", "lon")
    dtype: str = "f4"
    values: NDArray[Any] | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    seed: int = 1


def weather(shape: tuple[int, ...], seed: int) -> NDArray[np.float64]:
    """Smooth along the last dimension, with noise."""
    rng = np.random.default_rng(seed)
    wave = np.sin(2 * np.pi * np.arange(shape[-1]) / shape[-1] + seed)
    return 10 * wave + rng.standard_normal(shape) + 280


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a NetCDF-4 file with a coordinate for each dimension; `sizes` changes theirs."""

    def make(
        variables: dict[str, Var], sizes: dict[str, int] | None = None, name: str = "source.nc"
    ) -> Path:
        lengths = SIZES | (sizes or {})
        path = tmp_path / name
        with netCDF4.Dataset(path, "w") as file:
            for dim in dict.fromkeys(dim for v in variables.values() for dim in v.dims):
                file.createDimension(dim, lengths[dim])
                axis = file.createVariable(dim, "f8", (dim,))
                axis.units = AXES[dim][0]
                if dim == "plev":
                    axis.standard_name = "air_pressure"
                axis[:] = AXES[dim][1](lengths[dim])
            for key, var in variables.items():
                data = file.createVariable(key, var.dtype, var.dims)
                data.set_auto_maskandscale(False)
                data.setncatts({"units": "K", **var.attributes})
                shape = tuple(lengths[dim] for dim in var.dims)
                data[:] = weather(shape, var.seed) if var.values is None else var.values
        return path

    return make


@pytest.fixture
def related() -> Iterator[None]:
    """The table of relations with the one of the tests, and no other."""
    kept = dict(relations.RELATIONS)
    relations.RELATIONS.clear()
    relations.RELATIONS[fake.NAME] = "tests.workflows.together.fake:Difference"
    fake.PARTS.clear()
    relations.find_relation.cache_clear()
    yield
    relations.RELATIONS.clear()
    relations.RELATIONS.update(kept)
    relations.find_relation.cache_clear()


def plan_of(path: Path, extra: str = "") -> Plan:
    """The plan of a recipe over a file."""
    output = "" if extra.startswith("output:") else "output: {store: out.zarr}\n"
    text = f"recipe: 1\nname: test\ninput: {{files: '{path}'}}\n{output}"
    plan, _ = make_plan(parse_recipe(text + extra))
    return plan
