"""Which dimension counts members."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from climcomp.source import open_source
from climcomp_workflows.plan.members import ensemble_of


def subject(dims: dict[str, int], coordinates: dict[str, str | None]) -> tuple:
    """A variable of these level dimensions, and a source of coordinates with standard names."""
    variable = SimpleNamespace(
        group="",
        dims=("time", *dims, "lat", "lon"),
        shape=(3, *dims.values(), 4, 5),
        roles=SimpleNamespace(level=tuple(dims)),
    )
    source = SimpleNamespace(
        variables={
            name: SimpleNamespace(attributes={"standard_name": text} if text else {})
            for name, text in coordinates.items()
        }
    )
    return variable, source


@pytest.mark.parametrize(
    "name", ["member", "ensemble", "realization", "number", "ens", "lens", "member_id", "Member"]
)
def test_members_are_known_by_the_name_of_their_dimension(name: str) -> None:
    assert ensemble_of(*subject({name: 20}, {})) == (20, 1)
    assert ensemble_of(*subject({name: 20}, {name: None})) == (20, 1)


def test_members_are_known_by_their_standard_name() -> None:
    assert ensemble_of(*subject({"e": 20}, {"e": "realization"})) == (20, 1)


def test_a_standard_name_overrules_the_name() -> None:
    assert ensemble_of(*subject({"number": 20}, {"number": "model_level_number"})) is None


def test_levels_behind_members_lie_between_them() -> None:
    assert ensemble_of(*subject({"member": 20, "plev": 7}, {})) == (20, 7)
    assert ensemble_of(*subject({"plev": 7, "member": 20}, {})) == (20, 1)


def test_levels_alone_are_no_ensemble() -> None:
    assert ensemble_of(*subject({"plev": 7}, {"plev": "air_pressure"})) is None
    assert ensemble_of(*subject({}, {})) is None
    assert ensemble_of(*subject({"member": 1}, {})) is None


def test_members_of_a_file_are_found(tmp_path: Path) -> None:
    made = xr.Dataset(
        {"tas": (("time", "number", "plev", "lat", "lon"), np.zeros((2, 12, 3, 4, 5), np.float32))},
        coords={
            "time": ("time", [0.0, 1.0], {"units": "days since 2000-01-01"}),
            "plev": ("plev", [1e5, 8e4, 5e4], {"units": "Pa", "standard_name": "air_pressure"}),
            "lat": ("lat", np.linspace(-60, 60, 4), {"units": "degrees_north"}),
            "lon": ("lon", np.arange(5) * 72.0, {"units": "degrees_east"}),
        },
    )
    made.to_netcdf(tmp_path / "members.nc")
    source = open_source([tmp_path / "members.nc"])
    assert ensemble_of(source.variables["tas"], source) == (12, 3)
