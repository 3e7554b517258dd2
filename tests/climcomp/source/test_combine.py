"""Many files are one source along time, or an error says which two do not fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest

from climcomp.errors import SourceError
from climcomp.source import open_source
from climcomp.source.agreement import COMPARED_BYTES

MakeFile = Callable[..., Path]


@pytest.mark.parametrize("format", ["NETCDF3_CLASSIC", "NETCDF4"])
def test_files_are_joined_in_the_order_of_time_not_of_names(
    make_file: MakeFile, tmp_path: Path, format: str
) -> None:
    make_file("z.nc", start=0, format=format)
    make_file("m.nc", start=3, steps=2, format=format)
    make_file("a.nc", start=5, format=format)
    source = open_source(str(tmp_path / "*.nc"))
    assert [Path(name).name for name in source.spec.files] == ["z.nc", "m.nc", "a.nc"]
    assert source.variables["tas"].shape == (8, 4, 8)
    assert source.dimensions[""]["time"] == 8
    assert source.read("time").tolist() == list(range(8))
    assert source.read("orog").shape == (4, 8)
    assert source.warnings == ()
    parts = [open_source(path).read("tas") for path in source.spec.files]
    expected = np.concatenate(parts)
    for region in ((slice(2, 6),), (slice(0, 8, 3), slice(1, 3)), (slice(4, 5), slice(0, 0))):
        np.testing.assert_array_equal(source.read("tas", region), expected[region])


def test_stored_bytes_add_up(make_file: MakeFile, tmp_path: Path) -> None:
    files = [make_file("a.nc"), make_file("b.nc", start=3)]
    alone = sum(open_source(path).variables["tas"].storage_bytes for path in files)
    assert open_source(files).variables["tas"].storage_bytes == alone


def test_files_whose_axis_has_no_dates_are_joined_by_the_dates_beside_it(tmp_path: Path) -> None:
    """NEMO's layout: every file numbers its step 0, and has the date in `time_centered`."""
    for name, start in (("b.nc", 30.0), ("a.nc", 0.0)):
        with netCDF4.Dataset(tmp_path / name, "w") as file:
            file.createDimension("time_counter", 2)
            file.createDimension("x", 3)
            file.createVariable("time_counter", "f8", ("time_counter",))[:] = [0, 1]
            file["time_counter"].axis = "T"
            file.createVariable("time_centered", "f8", ("time_counter",))[:] = [start, start + 15]
            file["time_centered"].setncatts(
                {"standard_name": "time", "units": "days since 1900-01-01", "calendar": "360_day"}
            )
            file.createVariable("tos", "f4", ("time_counter", "x"))[:] = start
    source = open_source(str(tmp_path / "*.nc"))
    assert source.variables["tos"].roles.time_coordinate == "time_centered"
    assert source.read("time_centered").tolist() == [0.0, 15.0, 30.0, 45.0]
    assert source.read("time_counter").tolist() == [0.0, 1.0, 0.0, 1.0]
    assert source.read("tos")[:, 0].tolist() == [0.0, 0.0, 30.0, 30.0]


def test_an_overlap_names_both_files(make_file: MakeFile, tmp_path: Path) -> None:
    make_file("a.nc")
    make_file("b.nc", start=2)
    with pytest.raises(
        SourceError, match=r"overlap in 'time': .*a\.nc ends at 2\.0 and .*b\.nc begins at 2\.0"
    ):
        open_source(str(tmp_path / "*.nc"))


def test_a_gap_is_a_warning_that_says_where(make_file: MakeFile, tmp_path: Path) -> None:
    make_file("a.nc")
    make_file("b.nc", start=5)
    (warning,) = open_source(str(tmp_path / "*.nc")).warnings
    assert "gap in time of about 2 steps after 2000-01-03" in warning
    assert "the next is 2000-01-06" in warning
    assert "a.nc" in warning
    assert "b.nc" in warning


def test_a_gap_is_found_where_the_calendar_cannot_be_decoded(
    make_file: MakeFile, tmp_path: Path
) -> None:
    units = "hour since 0000-01-01 00:00:00"
    make_file("a.nc", units=units)
    make_file("b.nc", start=9, units=units)
    (warning,) = open_source(str(tmp_path / "*.nc")).warnings
    assert "after 2.0 hour since 0000-01-01 00:00:00" in warning


@pytest.mark.parametrize("days", [[31, 28, 31, 30, 31, 30, 31], [31, 28, 30, 31, 28, 30, 28, 28]])
def test_monthly_steps_are_no_gaps(make_file: MakeFile, days: list[int]) -> None:
    def change(file: Any) -> None:
        file["time"][:] = np.cumsum([0, *days])

    assert open_source(make_file(steps=len(days) + 1, change=change)).warnings == ()


def test_another_reference_date_is_refused(make_file: MakeFile, tmp_path: Path) -> None:
    make_file("a.nc", units="days since 2000-01-01")
    make_file("b.nc", units="days since 2000-01-04")
    with pytest.raises(SourceError, match=r"units of 'time' differs.*one reference date.*a\.nc"):
        open_source(str(tmp_path / "*.nc"))


def test_the_same_reference_date_in_other_words_is_joined(
    make_file: MakeFile, tmp_path: Path
) -> None:
    make_file("a.nc", units="days since 2000-01-01")
    make_file("b.nc", start=3, units="days since 2000-1-1 00:00:00")
    source = open_source(str(tmp_path / "*.nc"))
    assert source.read("time").tolist() == [0, 1, 2, 3, 4, 5]
    assert any("same time units in two ways" in text for text in source.warnings)


def _set(name: str, attribute: str, value: object) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        file[name].setncattr(attribute, value)

    return change


def _fill(name: str, value: float) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        file[name][...] = value

    return change


def _more(file: Any) -> None:
    file.createVariable("pr", "f4", ("time",))[:] = 1


def _double(file: Any) -> None:
    file.renameVariable("tas", "old")
    file.createVariable("tas", "f8", ("time", "lat", "lon"))[:] = 1
    file.renameVariable("old", "orog2")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"calendar": "noleap"}, "calendar of 'time' differs: 'standard' against 'noleap'"),
        ({"lat": (-60.0, -20.0, 20.0, 60.0)}, "'lat' has no dimension 'time'.*values differ"),
        ({"lat": (-60.0, 0.0, 60.0)}, "the dimension 'lat' differs: 4 against 3"),
        ({"change": _set("tas", "units", "degC")}, "units of 'tas' differs: 'K' against 'degC'"),
        ({"change": _set("tas", "scale_factor", 2.0)}, "scale_factor of 'tas'.*unpack them"),
        ({"change": _set("tas", "missing_value", np.float32(3))}, "missing_value of 'tas'"),
        ({"change": _fill("orog", 8.0)}, "'orog' has no dimension 'time'.*values differ"),
        ({"change": _more}, "the variables differ: only the second has pr"),
        ({"change": _double}, "the variables differ: only the second has orog2"),
    ],
)
def test_files_that_disagree_are_named(
    make_file: MakeFile, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    make_file("a.nc")
    make_file("b.nc", start=3, **change)
    with pytest.raises(SourceError, match=message) as caught:
        open_source(str(tmp_path / "*.nc"))
    assert str(tmp_path / "a.nc") in str(caught.value)
    assert str(tmp_path / "b.nc") in str(caught.value)


def test_a_different_type_is_refused(make_file: MakeFile, tmp_path: Path) -> None:
    def add(type: str) -> Callable[[Any], None]:
        def change(file: Any) -> None:
            file.createVariable("pr", type, ("time",))[:] = 1

        return change

    make_file("a.nc", change=add("f4"))
    make_file("b.nc", start=3, change=add("f8"))
    with pytest.raises(SourceError, match="dtype of 'pr' differ: float32 against float64"):
        open_source(str(tmp_path / "*.nc"))


def test_harmless_differences_are_warnings(make_file: MakeFile, tmp_path: Path) -> None:
    def change(file: Any) -> None:
        file.history = "made on another day"
        file["tas"].comment = "other"

    make_file("a.nc")
    make_file("b.nc", start=3, change=change)
    source = open_source(str(tmp_path / "*.nc"))
    assert any("global attributes differ" in t and "history" in t for t in source.warnings)
    assert any("comment of tas" in t for t in source.warnings)
    assert "history" not in source.attributes


def test_large_static_fields_are_compared_on_demand(make_file: MakeFile, tmp_path: Path) -> None:
    side = int((COMPARED_BYTES / 8) ** 0.5) + 2

    def add(last: float) -> Callable[[Any], None]:
        def change(file: Any) -> None:
            file.createDimension("y", side)
            file.createDimension("x", side)
            big = file.createVariable("big", "f8", ("y", "x"))
            big[:] = 0
            big[-1, -1] = last

        return change

    make_file("a.nc", change=add(0))
    make_file("b.nc", start=3, change=add(0))
    source = open_source(str(tmp_path / "*.nc"))
    assert source.uncompared == ("big",)
    source.check_static()
    make_file("c.nc", start=6, change=add(1))
    source = open_source(str(tmp_path / "*.nc"))
    with pytest.raises(SourceError, match=r"'big' has no dimension.*a\.nc and .*c\.nc"):
        source.check_static()


def test_unreadable_files_are_all_named_and_the_readable_counted(
    make_file: MakeFile, tmp_path: Path
) -> None:
    make_file("a.nc")
    (tmp_path / "b.nc").write_bytes(b"")
    make_file("c.nc", start=3)
    whole = make_file("d.nc", start=6).read_bytes()
    (tmp_path / "d.nc").write_bytes(whole[:-100])
    with pytest.raises(SourceError) as caught:
        open_source(str(tmp_path / "*.nc"))
    text = str(caught.value)
    assert "2 of 4 files cannot be read" in text
    assert "b.nc: the file has zero bytes" in text
    assert "d.nc: the NetCDF-4 (HDF5) file is truncated" in text
    assert "The other 2 can be read: a.nc, c.nc." in text


def test_files_without_time_say_what_to_do(make_file: MakeFile, tmp_path: Path) -> None:
    def drop(file: Any) -> None:
        file.renameDimension("time", "step")
        file.renameVariable("time", "step")
        file["step"].setncatts({"units": "1", "standard_name": "step"})

    for name in ("a.nc", "b.nc"):
        make_file(name, change=drop, unlimited=False)
    with pytest.raises(SourceError, match=r"no dimension is a time axis \(there are step, lat"):
        open_source(str(tmp_path / "*.nc"))
    with pytest.raises(SourceError, match="there is no dimension 'stop' to combine along"):
        open_source(str(tmp_path / "*.nc"), combine="stop")


def test_files_of_one_scalar_time_each_say_what_to_do(make_file: MakeFile, tmp_path: Path) -> None:
    def change(file: Any) -> None:
        file.renameDimension("time", "step")
        file.renameVariable("time", "offset")
        file["offset"].setncatts({"units": "1", "standard_name": "offset"})
        file.createVariable("time", "f8", ())[...] = 3
        file["time"].units = "days since 2000-01-01"

    for name in ("a.nc", "b.nc"):
        make_file(name, change=change, unlimited=False)
    with pytest.raises(SourceError, match=r"a single number without a dimension: .*ncecat"):
        open_source(str(tmp_path / "*.nc"))


def test_a_real_file_cut_in_three_is_itself_again(iris_data: Path, tmp_path: Path) -> None:
    whole = iris_data / "A1B_north_america.nc"
    for start in (160, 0, 80):
        _cut(whole, tmp_path / f"part{start}.nc", slice(start, start + 80))
    expected, actual = open_source(whole), open_source(str(tmp_path / "*.nc"))
    assert actual.warnings == expected.warnings == ()
    assert actual.variables.keys() == expected.variables.keys()
    for name, variable in expected.variables.items():
        assert actual.read(name).tobytes() == expected.read(name).tobytes()
        assert actual.variables[name].shape == variable.shape
        assert actual.variables[name].roles == variable.roles


def _cut(whole: Path, path: Path, steps: slice) -> None:
    with netCDF4.Dataset(whole) as source, netCDF4.Dataset(path, "w") as part:
        source.set_auto_maskandscale(False)
        part.set_auto_maskandscale(False)
        part.setncatts(source.__dict__)
        for name, dim in source.dimensions.items():
            part.createDimension(name, None if dim.isunlimited() else len(dim))
        for name, variable in source.variables.items():
            attributes = dict(variable.__dict__)
            fill = attributes.pop("_FillValue", None)
            copy = part.createVariable(name, variable.dtype, variable.dimensions, fill_value=fill)
            copy.setncatts(attributes)
            copy[...] = variable[steps] if "time" in variable.dimensions else variable[...]


def test_a_given_dimension_without_coordinate_is_joined_by_name(
    make_file: MakeFile, tmp_path: Path
) -> None:
    def change(file: Any) -> None:
        file.renameVariable("time", "clock")
        file["clock"].setncatts({"units": "1", "standard_name": "clock"})

    make_file("b.nc", change=change)
    make_file("a.nc", change=change)
    source = open_source(str(tmp_path / "*.nc"), combine="time")
    assert [Path(name).name for name in source.spec.files] == ["a.nc", "b.nc"]
    assert any("order of their names" in text for text in source.warnings)


def test_an_empty_file_among_others_is_told(make_file: MakeFile, tmp_path: Path) -> None:
    make_file("a.nc", steps=0)
    make_file("b.nc")
    make_file("c.nc", start=3)
    source = open_source(str(tmp_path / "*.nc"))
    assert source.variables["tas"].shape == (6, 4, 8)
    assert source.read("time").tolist() == list(range(6))
    assert any("a.nc holds no step" in text for text in source.warnings)


def test_wrf_files_are_ordered_by_their_text_times(tmp_path: Path, make_file: MakeFile) -> None:
    def change(when: bytes) -> Callable[[Any], None]:
        def inner(file: Any) -> None:
            file.createDimension("n", 19)
            file.renameVariable("time", "clock")
            file["clock"].setncatts({"units": "1", "standard_name": "clock"})
            file.createVariable("Times", "S1", ("time", "n"))[0] = np.frombuffer(when, "S1")

        return inner

    make_file("b.nc", steps=1, change=change(b"2022-05-01_00:00:00"))
    make_file("a.nc", steps=1, change=change(b"2022-05-02_00:00:00"))
    source = open_source(str(tmp_path / "*.nc"))
    assert [Path(name).name for name in source.spec.files] == ["b.nc", "a.nc"]
