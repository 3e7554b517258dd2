"""Claims about attributes: JSON in between, xarray's and NetCDF's values at both ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
import xarray as xr

from climcomp.archive import (
    ArraySpec,
    fill_value_of,
    open_archive,
    open_store,
    publish,
    write_whole,
)
from climcomp.archive.attributes import CodedAttributes, decode_attributes, encode_attributes
from climcomp.errors import UsageError

VALUES: dict[str, Any] = {
    "text": "air temperature, é",
    "empty": "",
    "newline": "a\nb\0c",
    "float32": np.float32(0.1),
    "float64": np.float64(0.1),
    "nan": np.float32(np.nan),
    "inf": np.float64(-np.inf),
    "int8": np.int8(-1),
    "uint8": np.uint8(255),
    "int16": np.int16(-32768),
    "int64": np.int64(2**63 - 1),
    "uint64": np.uint64(2**64 - 1),
    "range": np.array([0.1, 1e20, np.nan], "f4"),
    "flags": np.array([0, 1, 2], "i1"),
    "one": np.array([3], "i2"),
    "none": np.array([], "i4"),
    "texts": ["a", "", "ü"],
    "missing_value": np.float32(1e20),
    "_FillValue": np.float32(1e20),
    "python int": 5,
    "python float": 0.5,
    "truth": np.bool_(True),
}


def through_json(coded: CodedAttributes) -> CodedAttributes:
    return CodedAttributes(
        *(json.loads(json.dumps(part)) for part in (coded.values, coded.types, coded.hidden))
    )


def same(expected: Any, found: Any) -> bool:
    if isinstance(expected, np.ndarray):
        return (
            isinstance(found, np.ndarray)
            and expected.dtype == found.dtype
            and np.array_equal(expected, found, equal_nan=expected.dtype.kind == "f")
        )
    if isinstance(expected, np.generic):
        return type(expected) is type(found) and expected.tobytes() == found.tobytes()
    return bool(expected == found)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "S1", "object", None])
def test_attributes_come_back_with_their_types(dtype: str | None) -> None:
    kind = None if dtype is None else np.dtype(dtype)
    values = dict(VALUES)
    if kind is not None and kind.kind in "iSO":
        values["_FillValue"] = {"i": np.int16(-9), "S": b"-", "O": "-"}[kind.kind]
    found = decode_attributes(through_json(encode_attributes(values, kind)), kind)
    assert set(found) == set(values)
    for name, expected in values.items():
        assert same(expected, found[name]), name


def test_byte_texts_come_back_as_bytes() -> None:
    values = {"one": b"caf\xe9", "many": np.array([b"a", b"\xff"]), "numpy": np.bytes_(b"x")}
    found = decode_attributes(through_json(encode_attributes(values)))
    assert found["one"] == b"caf\xe9"
    assert found["numpy"] == b"x"
    assert found["many"].tolist() == [b"a", b"\xff"]


@pytest.mark.parametrize("value", [{"a": 1}, 1 + 2j, object(), np.array([object()])])
def test_what_no_netcdf_attribute_is_gets_refused(value: Any) -> None:
    with pytest.raises(UsageError, match="'odd'"):
        encode_attributes({"odd": value})


@pytest.mark.parametrize(("value", "dtype"), [("x", "f4"), (np.array([]), "f4")])
def test_a_fill_value_that_is_no_value_of_the_type_is_refused(value: Any, dtype: str) -> None:
    with pytest.raises(UsageError, match="_FillValue"):
        encode_attributes({"_FillValue": value}, np.dtype(dtype))


def write_netcdf(path: Path) -> None:
    """Every kind of variable and attribute that NetCDF-4 has."""
    with netCDF4.Dataset(path, "w") as file:
        file.setncatts({name: VALUES[name] for name in ("text", "empty", "float32", "range")})
        file.setncattr_string("texts", VALUES["texts"])
        file.createDimension("time", None)
        file.createDimension("x", 3)
        file.createDimension("length", 4)
        time = file.createVariable("time", "f8", ("time",))
        time.units, time.calendar = "days since 2000-01-01", "360_day"
        time[:] = [0.5, 30.5]
        file.createVariable("x", "f4", ("x",))[:] = [10, 20, 30]
        for dtype in ("f4", "f8", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"):
            kind = np.dtype(dtype)
            fill = kind.type(1e20 if kind.kind == "f" else 7)
            variable = file.createVariable(f"v_{dtype}", dtype, ("time", "x"), fill_value=fill)
            variable.set_auto_maskandscale(False)
            for name in ("text", "empty", "nan", "inf", "int8", "int64", "range", "one", "none"):
                variable.setncattr(name, VALUES[name])
            variable.missing_value = fill
            variable[:] = np.array([[1, 2, fill], [fill, 5, 6]]).astype(dtype)
        for dtype in ("f4", "f8"):
            variable = file.createVariable(f"nan_{dtype}", dtype, ("x",), fill_value=np.nan)
            variable[:] = [1, np.nan, np.inf]
        packed = file.createVariable("packed", "i2", ("x",), fill_value=-999)
        packed.set_auto_maskandscale(False)
        packed.scale_factor, packed.add_offset = 0.01, 273.15
        packed[:] = [1, -999, 300]
        unsigned = file.createVariable("unsigned", "i1", ("x",), fill_value=-1)
        unsigned.set_auto_maskandscale(False)
        unsigned.setncattr("_Unsigned", "true")
        unsigned[:] = [1, -1, -100]
        letters = file.createVariable("letters", "S1", ("x", "length"), fill_value=b"-")
        letters[:] = np.array([list("abcd"), list("ab--"), list("----")], "S1")
        file.createVariable("texts", str, ("x",))[:] = np.array(["a", "", "日本"], object)
        file.createVariable("scalar", "f4", ())[...] = 7
        file.createVariable("crs", "i4", ()).grid_mapping_name = "latitude_longitude"


def archive_of(path: Path, target: Path) -> None:
    """Carry a NetCDF file's variables and attributes over as the pipeline does."""
    store = open_store(target)
    specs, entries = [], []
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        file.set_auto_chartostring(False)
        for name, variable in file.variables.items():
            values = np.asarray(variable[...])
            spec = ArraySpec(
                path=name,
                shape=variable.shape,
                dims=variable.dimensions,
                dtype="str"
                if variable.dtype is str
                else variable.dtype.name.replace("bytes8", "S1"),
                chunk=tuple(max(1, size) for size in variable.shape),
                attributes={key: variable.getncattr(key) for key in variable.ncattrs()},
            )
            specs.append(spec)
            entries += write_whole(store, spec, values)
        attributes = {key: file.getncattr(key) for key in file.ncattrs()}
        unlimited = [name for name, dim in file.dimensions.items() if dim.isunlimited()]
    publish(store, specs, {"": attributes}, {}, entries, unlimited={"": unlimited})


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("attributes")
    write_netcdf(folder / "source.nc")
    archive_of(folder / "source.nc", folder / "archive.zarr")
    return folder / "source.nc", folder / "archive.zarr"


def equal(expected: Any, found: Any) -> bool:
    """Numerically equal; JSON has no types."""
    expected, found = np.asarray(expected), np.asarray(found)
    if expected.dtype.kind in "fiu":
        return np.array_equal(expected, found, equal_nan=True)
    return bool(expected.tolist() == found.tolist())


@pytest.mark.parametrize("decode", [True, False])
def test_xarray_sees_the_source_in_the_archive(pair: tuple[Path, Path], decode: bool) -> None:
    options: dict[str, Any] = {"decode_cf": decode, "chunks": None}
    with (
        xr.open_dataset(pair[0], engine="netcdf4", **options) as source,
        xr.open_zarr(pair[1], **options) as archive,
    ):
        assert set(source.variables) == set(archive.variables)
        assert set(source.coords) == set(archive.coords)
        assert set(source.attrs) == set(archive.attrs)
        for name in source.attrs:
            assert equal(source.attrs[name], archive.attrs[name]), name
        for name, expected in source.variables.items():
            found = archive.variables[name]
            assert expected.dims == found.dims, name
            assert expected.dtype == found.dtype or found.dtype.kind in "TOS", name
            np.testing.assert_array_equal(expected.values, found.values.astype(expected.dtype))
            # The one attribute that xarray cannot read back for characters; it masks nothing.
            hidden = {"_FillValue"} if name == "letters" else set()
            assert set(expected.attrs) - hidden == set(found.attrs), name
            for key in set(expected.attrs) - hidden:
                assert equal(expected.attrs[key], found.attrs[key]), (name, key)
            for key in {"_FillValue", "missing_value", "scale_factor", "units", "calendar"}:
                if key not in hidden:
                    assert equal(expected.encoding.get(key), found.encoding.get(key)), (name, key)


def test_the_archive_gives_the_types_that_json_lost(pair: tuple[Path, Path]) -> None:
    archive = open_archive(pair[1])
    with netCDF4.Dataset(pair[0]) as file:
        assert archive.unlimited == {"": ("time",)}
        for name in file.ncattrs():
            assert same(file.getncattr(name), archive.groups[""][name]), name
        for name, variable in file.variables.items():
            found = archive.specs[name].attributes
            assert list(found) == variable.ncattrs() or set(found) == set(variable.ncattrs())
            for key in variable.ncattrs():
                assert same(variable.getncattr(key), found[key]), (name, key)


@pytest.mark.parametrize("value", [np.nan, np.float32(1e20), 0.5, 70000])
def test_a_fill_that_is_no_integer_is_kept_from_readers_of_integers(value: float) -> None:
    coded = encode_attributes({"_FillValue": value}, np.dtype("i2"))
    assert "_FillValue" not in coded.values
    restored = decode_attributes(coded, np.dtype("i2"))["_FillValue"]
    np.testing.assert_equal(restored, value)


@pytest.mark.parametrize("fill", [np.nan, 1e20, -1e20, 0.5, np.float32(np.inf)])
def test_a_fill_that_no_integer_can_be_is_kept_out_of_sight(fill: float) -> None:
    coded = encode_attributes({"_FillValue": fill}, np.dtype("i2"))
    assert "_FillValue" not in coded.values
    back = decode_attributes(coded, np.dtype("i2"))
    np.testing.assert_array_equal(back["_FillValue"], fill)
    spec = ArraySpec(
        path="v",
        shape=(2,),
        dims=("x",),
        dtype="int16",
        chunk=(2,),
        attributes={"_FillValue": fill},
    )
    assert fill_value_of(spec) == 0
