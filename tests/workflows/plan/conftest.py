"""Small files of any shape, and the plan that a recipe makes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp.source import Roles, SourceVariable
from climcomp_metrics.base import Limits
from climcomp_metrics.bins import make_bins
from climcomp_metrics.domain import Domain
from climcomp_metrics.field import Axes, FieldSettings
from climcomp_workflows.plan.make import make_plan
from climcomp_workflows.plan.model import Plan
from climcomp_workflows.plan.sample import Sample
from climcomp_workflows.plan.trial import SampleGate
from climcomp_workflows.recipe import parse_recipe

UNITS = {"time": "days since 2001-01-01", "lat": "degrees_north", "lon": "degrees_east"}
CENTRES: dict[str, Callable[[int], NDArray[Any]]] = {
    "time": lambda n: np.arange(n) * 30.0,
    "lat": lambda n: -90 + (np.arange(n) + 0.5) * 180 / n,
    "lon": lambda n: np.arange(n) * 360 / n,
    "lev": lambda n: 1000.0 - np.arange(n),
}


@dataclass(frozen=True)
class Data:
    """One variable of a file: its values by dimension, and what else the file says of it."""

    values: NDArray[Any]
    dims: tuple[str, ...] = ("time", "lat", "lon")
    attributes: dict[str, Any] = field(default_factory=dict)
    fill: Any = None
    chunks: tuple[int, ...] | None = None


def waves(shape: tuple[int, ...], seed: int = 1, noise: float = 0.2) -> NDArray[np.float32]:
    """A smooth field with weather on it; the last two dimensions are lat and lon."""
    rng = np.random.default_rng(seed)
    lat = np.linspace(-1.5, 1.5, shape[-2])[:, None]
    lon = np.linspace(0, 2 * np.pi, shape[-1], endpoint=False)[None, :]
    field_ = 280 - 30 * np.sin(lat) ** 2 + 5 * np.sin(3 * lon) * np.cos(lat)
    return (field_ + noise * rng.standard_normal(shape)).astype(np.float32)


def gate(
    fields: NDArray[Any], levels: tuple[int, ...] = (0,), whole: bool = True, **changes: Any
) -> SampleGate:
    """The gate on fields (times, levels, y, x) in K, sampled at these levels of a variable."""
    times, sampled, rows, columns = fields.shape
    every = max(levels) + 1
    of = [min(range(sampled), key=lambda p: abs(levels[p] - level)) for level in range(every)]
    sigma = tuple(float(np.nanstd(fields[:, p])) for p in of)
    settings = FieldSettings(
        variable="ta", unit="K", kind="C", masked=False, axes=Axes(0, (1,), 2, 3),
        shape=(times, every, rows, columns), sigma=sigma, sigma_method="", exact=(),
        bins=tuple(make_bins(fields[:, p], s, "C") for p, s in zip(of, sigma, strict=True)),
        valid_range=None, zeros_exact=False, periodic_x=True, has_area=None, horizontal=None,
        chunk=(times, 1, rows, columns), shard=(times, 1, rows, columns),
    )  # fmt: skip
    sample = Sample(
        fields, tuple(range(times)), levels, slice(0, rows), slice(0, columns), whole, False
    )
    domain = Domain(np.ones((rows, columns)))
    made = SampleGate(sample, settings, (), domain, Limits(), "all", frozenset())
    return replace(made, **changes)


@pytest.fixture
def gate_of() -> Callable[[int], SampleGate]:
    """The gate on small fields of so many levels."""
    return lambda levels: gate(waves((2, levels, 6, 8)), tuple(range(levels)))


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a NetCDF-4 file with the coordinates of its dimensions."""

    def make(name: str = "data.nc", **variables: Data | NDArray[Any]) -> Path:
        path = tmp_path / name
        with netCDF4.Dataset(path, "w") as file:
            for key, given in variables.items():
                data = given if isinstance(given, Data) else Data(given)
                for dim, size in zip(data.dims, data.values.shape, strict=True):
                    if dim not in file.dimensions:
                        file.createDimension(dim, None if dim == "time" else size)
                    if dim in CENTRES and dim not in file.variables and dim not in variables:
                        axis = file.createVariable(dim, "f8", (dim,))
                        axis.units = UNITS.get(dim, "hPa")
                        axis[:] = CENTRES[dim](size)
                made = file.createVariable(
                    key, data.values.dtype, data.dims, fill_value=data.fill, zlib=True,
                    chunksizes=data.chunks,
                )  # fmt: skip
                made.set_auto_maskandscale(False)
                made.setncatts(data.attributes)
                made[...] = data.values
        return path

    return make


@pytest.fixture
def plan_of(write: Callable[..., Path]) -> Callable[..., Plan]:
    """The plan of a file with these variables; more of the recipe as YAML text."""

    def make(extra: str = "", **variables: Data | NDArray[Any]) -> Plan:
        return recipe_plan(write(**variables), extra)

    return make


def recipe_plan(files: Path, extra: str = "") -> Plan:
    """The plan of a recipe over files."""
    output = "" if extra.startswith("output:") else "output: {store: out.zarr}\n"
    text = f"recipe: 1\nname: test\ninput: {{files: '{files}'}}\n{output}"
    plan, _ = make_plan(parse_recipe(text + extra))
    return plan


def described(
    shape: tuple[int, ...],
    chunks: tuple[int, ...] | None = None,
    dims: tuple[str, ...] = ("time", "lat", "lon"),
    dtype: str = "f4",
) -> SourceVariable:
    """A variable that no file holds."""
    level = tuple(dim for dim in dims if dim not in ("time", "lat", "lon"))
    roles = Roles("data", "", "time" if "time" in dims else None, level, "lat", "lon")
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    return SourceVariable(
        "tas", dims, shape, np.dtype(dtype), {}, chunks, size, None, (), roles
    )  # fmt: skip
