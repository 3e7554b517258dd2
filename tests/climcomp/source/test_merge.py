"""Files of other variables on the same axes stand side by side, or an error says why not."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest

from climcomp.errors import SourceError
from climcomp.source import open_source


def write(
    path: Path,
    name: str,
    start: int = 0,
    steps: int = 3,
    change: Callable[[Any], None] | None = None,
) -> None:
    """A file with one variable, as CMIP has them, with its time, grid and height."""
    with netCDF4.Dataset(path, "w") as file:
        file.variable_id = name
        for dim, size in (("time", None), ("lat", 4), ("lon", 8)):
            file.createDimension(dim, size)
        time = file.createVariable("time", "f8", ("time",))
        time.setncatts({"units": "days since 2000-01-01", "calendar": "noleap"})
        time[:] = start + np.arange(steps)
        for axis, unit, values in (
            ("lat", "degrees_north", np.linspace(-60, 60, 4)),
            ("lon", "degrees_east", np.arange(8) * 45.0),
        ):
            variable = file.createVariable(axis, "f8", (axis,))
            variable.units = unit
            variable[:] = values
        height = file.createVariable("height", "f8", ())
        height.units = "m"
        height[...] = 2.0
        field = file.createVariable(name, "f4", ("time", "lat", "lon"))
        field.units = "1"
        number = sum(map(ord, name))
        field[:] = number + np.arange(start * 32, (start + steps) * 32).reshape(steps, 4, 8)
        if change is not None:
            change(file)


def static(path: Path) -> None:
    """A file of a field without time."""
    with netCDF4.Dataset(path, "w") as file:
        for dim, size in (("lat", 4), ("lon", 8)):
            file.createDimension(dim, size)
        for axis, unit, values in (
            ("lat", "degrees_north", np.linspace(-60, 60, 4)),
            ("lon", "degrees_east", np.arange(8) * 45.0),
        ):
            variable = file.createVariable(axis, "f8", (axis,))
            variable.units = unit
            variable[:] = values
        area = file.createVariable("areacella", "f4", ("lat", "lon"))
        area.setncatts({"standard_name": "cell_area", "units": "m2"})
        area[:] = 7


def _comment(text: str) -> Callable[[Any], None]:
    return lambda file: file["time"].setncattr("comment", text)


def test_variables_in_files_of_their_own_are_one_source(tmp_path: Path) -> None:
    static(tmp_path / "areacella.nc")
    for name in ("tas", "pr"):
        for start in (3, 0):
            write(tmp_path / f"{name}_{start}.nc", name, start, change=_comment(name))
    source = open_source(str(tmp_path / "*.nc"))
    assert set(source.variables) == {"time", "lat", "lon", "height", "tas", "pr", "areacella"}
    assert source.read("time").tolist() == [0, 1, 2, 3, 4, 5]
    for name in ("tas", "pr"):
        expected = sum(map(ord, name)) + np.arange(6 * 32, dtype="f4").reshape(6, 4, 8)
        np.testing.assert_array_equal(source.read(name), expected)
        assert source.variables[name].roles.part == "data"
    assert source.read("areacella").tolist() == np.full((4, 8), 7).tolist()
    assert source.variables["areacella"].roles.part == "cell_measure"
    assert source.dimensions[""] == {"lat": 4, "lon": 8, "time": 6}
    assert source.unlimited[""] == ("time",)
    assert len(source.identity()) == 5
    (warning,) = source.warnings
    assert "(comment of time, variable_id)" in warning
    again = open_source(source.spec)
    assert again == pickle.loads(pickle.dumps(source)) == source
    source.check_region("pr", (slice(2, 4), slice(0, 4), slice(0, 8)))


def _set(name: str, value: float) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        file[name][...] = value

    return change


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"change": _set("height", 10.0)}, "both have 'height', with other values"),
        ({"change": _set("lat", 1.0)}, "both have 'lat', with other values"),
        ({"steps": 2}, r"both have 'time', as float64\(time: 3\) and as float64\(time: 2\)"),
        ({"start": 1}, "both have 'time', with other values"),
        (
            {"change": lambda file: file["time"].setncattr("calendar", "360_day")},
            "both have 'time', whose calendar is 'noleap' and '360_day'",
        ),
    ],
)
def test_files_that_do_not_stand_side_by_side_are_named(
    tmp_path: Path, more: dict[str, Any], message: str
) -> None:
    write(tmp_path / "a.nc", "tas")
    write(tmp_path / "b.nc", "uas", **more)
    with pytest.raises(SourceError, match=message) as caught:
        open_source(str(tmp_path / "*.nc"))
    text = str(caught.value)
    assert "only the first has tas; only the second has uas" in text
    assert str(tmp_path / "a.nc") in text
    assert str(tmp_path / "b.nc") in text
    assert "make a group of each kind" in text


def test_large_variables_of_both_kinds_are_compared_on_demand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("climcomp.source.merge.COMPARED_BYTES", 64)

    def with_pressure(value: float) -> Callable[[Any], None]:
        def change(file: Any) -> None:
            file.createVariable("ps", "f4", ("time", "lat", "lon"))[:] = 1
            file["ps"].units = "1"
            file["ps"][-1, -1, -1] = value

        return change

    for start in (0, 3):
        write(tmp_path / f"cl_{start}.nc", "cl", start, change=with_pressure(1))
        write(tmp_path / f"ps_{start}.nc", "ps", start, change=_set("ps", 1))
    source = open_source(str(tmp_path / "*.nc"))
    assert [name for name, _ in source.shared] == ["ps"]
    source.check_static()
    source.close()
    write(tmp_path / "cl_3.nc", "cl", 3, change=with_pressure(2))
    with pytest.raises(
        SourceError, match=r"'ps' is in files of different variables.*values differ"
    ):
        open_source(str(tmp_path / "*.nc")).check_static()


def test_a_period_that_one_variable_lacks_is_refused(tmp_path: Path) -> None:
    for start in (0, 3):
        write(tmp_path / f"tas_{start}.nc", "tas", start)
    write(tmp_path / "pr_0.nc", "pr")
    with pytest.raises(SourceError, match="both have 'time'"):
        open_source(str(tmp_path / "*.nc"))
