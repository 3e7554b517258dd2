"""Small sources and recipes for the tests of whole runs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest

from climcomp.archive import Archive, open_archive
from climcomp.source import open_source
from climcomp_workflows.plan.model import Plan, VariablePlan
from climcomp_workflows.recipe import Recipe, parse_recipe
from climcomp_workflows.run.start import RunOutcome
from climcomp_workflows.verify import verify_archive

STEPS, ROWS, COLUMNS = 48, 24, 36
SHARD_BYTES = 8 * ROWS * COLUMNS * 4  # 8 steps, so that a run has several shards


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
    """A recipe over files, run in this process, with shards of a few steps; more YAML as text.

    Without figures, which take a second a run, unless `extra` has its own `report`.
    """

    def make(files: Path | str, extra: str = "", *, cluster: str = "kind: inline") -> Recipe:
        return parse_recipe(
            f"recipe: 1\nname: test\ninput: {{files: '{files}'}}\n"
            f"output: {{store: '{tmp_path / 'out.zarr'}', shard_size: {SHARD_BYTES} B}}\n"
            f"cluster: {{{cluster}}}\n{extra}\n"
            + ("" if "report:" in extra else "report: {figures: false}\n")
        )

    return make


class Stranger:
    """A process that reads archives with xarray and knows no climcomp; lives for all tests."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("stranger.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            bufsize=1,
        )

    def ask(self, request: dict[str, Any]) -> list[str]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "the reading process ended: its error is above"
        return list(json.loads(answer))

    def close(self) -> None:
        self.process.communicate(timeout=30)


@pytest.fixture(scope="session")
def stranger() -> Iterator[Stranger]:
    """The process that reads archives as their users do."""
    process = Stranger()
    yield process
    process.close()


def _lossy(variable: VariablePlan, lost: bool) -> dict[str, Any]:
    bounds, settings = variable.ladder[0].bounds, variable.settings
    assert bounds is not None
    assert settings is not None
    return {
        "bounds": [bound.value for bound in bounds],
        "relative": bounds[0].kind == "pointwise_relative",
        "levels": list(settings.axes.level),
        "zeros_exact": settings.zeros_exact,
        "decoded": variable.decoded,
        "lost": lost,
    }


def _places(plan: Plan) -> list[dict[str, Any]]:
    """Each group of a source, and the group of the archive that it became."""
    places = []
    for key, dataset in plan.datasets.items():
        files = dataset.spec.files
        source = open_source(dataset.spec)
        engine = "zarr" if Path(files[0]).is_dir() else "netcdf4"
        for group in {"": None, **source.groups}:
            inside = [part for part in (dataset.spec.group, group) if part]
            places.append(
                {
                    "group": "/".join(part for part in (key, group) if part),
                    "source": list(files),
                    "source_group": "/".join(inside),
                    "engine": engine,
                }
            )
        source.close()
    return places


def _typed(value: Any) -> Any:
    """An attribute with its type, but a byte order and a tuple for a list make no difference."""
    if isinstance(value, str | bytes | None):
        return value
    array = np.asarray(value)
    if array.dtype.kind in "OUT":
        return array.tolist()
    native = array.astype(array.dtype.newbyteorder("="))
    return native.dtype.name, native.reshape(-1).tobytes()


def _carried_problems(archive: Archive, plan: Plan) -> Iterator[str]:
    """What climcomp's own reader does not give back: types of attributes, unlimited dimensions."""
    for key, dataset in plan.datasets.items():
        with open_source(dataset.spec) as source:
            for path, names in source.unlimited.items():
                group = "/".join(part for part in (key, path) if part)
                if names and archive.unlimited.get(group) != names:
                    yield f"unlimited dimensions of {group!r} are {archive.unlimited.get(group)}"
            for variable in (v for v in plan.variables if v.dataset == key):
                if variable.name not in archive.specs or variable.decoded:
                    continue
                found = dict(archive.specs[variable.name].attributes)
                found.pop("lossy_compression", None)
                wanted = source.variables[variable.source_name].attributes
                for name in {*found, *wanted}:
                    a, b = (_typed(attributes.get(name)) for attributes in (wanted, found))
                    if a != b:
                        yield f"{variable.name}: attribute {name} was {a}, is {b} of the archive"


@pytest.fixture
def faults(stranger: Stranger) -> Callable[[RunOutcome], list[str]]:
    """All that is wrong with a fresh archive: nothing, if it keeps every promise.

    It is verified against its source, read by xarray in a process that does not know climcomp,
    and weighed.
    """

    def find(outcome: RunOutcome) -> list[str]:
        assert outcome.report is not None
        receipt = verify_archive(outcome.store, source=True)
        problems = [] if receipt.ok else [receipt.text()]
        archive = open_archive(outcome.store)
        plan = Plan.from_dict(json.loads(archive.document("plan.json")))
        how = {v.name: v.how for v in outcome.report.variables}
        lossy = {
            v.name: _lossy(v, how[v.name] == "lossy") for v in plan.variables if v.how == "lossy"
        }
        problems += stranger.ask(
            {"archive": outcome.store, "groups": _places(plan), "lossy": lossy}
        )
        problems += _carried_problems(archive, plan)
        sizes: dict[str, int] = {}
        for entry in archive.manifest():
            path, _, last = entry.key.rpartition("/")
            if last.split(".")[0] == "c":
                sizes[path] = sizes.get(path, 0) + entry.size_bytes
        for variable in plan.variables:
            stored, allowed = sizes.get(variable.name, 0), variable.source_bytes + 4096
            if stored > allowed:
                problems.append(f"{variable.name} takes {stored} bytes, {allowed} are allowed")
        return problems

    return find
