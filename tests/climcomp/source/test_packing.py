"""Decoded values have the bits that xarray gives."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
import xarray as xr

from climcomp.errors import SourceError
from climcomp.source import decoded_dtype, open_source, read_decoded
from climcomp.source.packing import fill_values

MakeFile = Callable[..., Path]


def _write(path: Path, type: str, attributes: dict[str, Any], format: str = "NETCDF4") -> Path:
    fill = attributes.pop("_FillValue", None)
    values = np.arange(-3, 9) if type[0] != "u" else np.arange(12)
    with netCDF4.Dataset(path, "w", format=format) as file:
        file.set_auto_maskandscale(False)
        file.createDimension("n", 12)
        variable = file.createVariable("x", type, ("n",), fill_value=fill)
        variable.set_auto_maskandscale(False)
        variable[:] = values.astype(type)
        variable.setncatts(attributes)
    return path


def _theirs(path: Path) -> xr.Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", xr.SerializationWarning)
        return xr.open_dataset(path, decode_times=False, concat_characters=False).load()


F4, F8 = np.float32, np.float64


@pytest.mark.parametrize("type", ["i1", "u1", "i2", "u2", "i4", "i8", "f4", "f8"])
@pytest.mark.parametrize(
    "packing",
    [
        {},
        {"scale_factor": F4(0.1)},
        {"scale_factor": F8(0.1)},
        {"add_offset": F4(273.15)},
        {"add_offset": F8(273.15)},
        {"scale_factor": F4(0.1), "add_offset": F4(273.15)},
        {"scale_factor": F8(0.1), "add_offset": F8(273.15)},
        {"scale_factor": F4(0.1), "add_offset": F8(273.15)},
        {"scale_factor": F4(1), "add_offset": F4(0)},
    ],
)
@pytest.mark.parametrize("fills", ["none", "fill", "missing", "both", "vector"])
def test_decoding_gives_the_bits_of_xarray(
    tmp_path: Path, type: str, packing: dict[str, Any], fills: str
) -> None:
    kind = np.dtype(type).type
    marks: dict[str, Any] = {
        "none": {},
        "fill": {"_FillValue": kind(3)},
        "missing": {"missing_value": kind(4)},
        "both": {"_FillValue": kind(3), "missing_value": kind(4)},
        "vector": {"missing_value": np.array([4, 5], type)},
    }[fills]
    path = _write(tmp_path / "a.nc", type, packing | marks)
    source = open_source(path)
    expected = _theirs(path)["x"].values
    actual = read_decoded(source, "x")
    assert actual.dtype == expected.dtype
    assert actual.tobytes() == expected.tobytes()
    assert decoded_dtype(source.variables["x"]) == expected.dtype


@pytest.mark.parametrize("type", ["i1", "i2"])
@pytest.mark.parametrize("packing", [{}, {"scale_factor": F4(0.5), "add_offset": F4(1)}])
@pytest.mark.parametrize("fill", [None, -1])
def test_unsigned_integers_of_netcdf3_are_decoded_like_xarray(
    tmp_path: Path, type: str, packing: dict[str, Any], fill: int | None
) -> None:
    marks = {} if fill is None else {"_FillValue": np.dtype(type).type(fill)}
    path = _write(
        tmp_path / "a.nc", type, {"_Unsigned": "true", **packing, **marks}, "NETCDF3_CLASSIC"
    )
    expected = _theirs(path)["x"].values
    actual = read_decoded(open_source(path), "x")
    assert actual.dtype == expected.dtype
    assert actual.tobytes() == expected.tobytes()


def test_a_nan_fill_of_floats_changes_no_bits(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "a.nc",
        "f4",
        {"_FillValue": F4(np.nan), "scale_factor": F8(0.1), "add_offset": F8(1)},
    )
    expected = _theirs(path)["x"].values
    actual = read_decoded(open_source(path), "x")
    assert actual.dtype == expected.dtype
    assert actual.tobytes() == expected.tobytes()


def test_a_fill_of_another_type_is_rounded_to_the_stored_type() -> None:
    attributes = {"_FillValue": F4(1e20), "missing_value": F8(1e20)}
    assert fill_values(attributes, np.dtype("f4")) == (F4(1e20),)
    assert fill_values({"missing_value": -32767.0}, np.dtype("i2")) == (np.int16(-32767),)


def test_a_fill_that_the_type_cannot_hold_marks_nothing() -> None:
    for value in (F8(np.nan), F8(1e20), F8(0.5), "missing"):
        assert fill_values({"_FillValue": value}, np.dtype("i2")) == ()


def test_a_double_missing_value_masks_floats(tmp_path: Path) -> None:
    # xarray compares in double precision here and lets 1e20 through as a value.
    path = _write(tmp_path / "a.nc", "f4", {"missing_value": F8(0.1)})
    with netCDF4.Dataset(path, "a") as file:
        file["x"].set_auto_mask(False)
        file["x"][2] = F4(0.1)
    assert np.isnan(read_decoded(open_source(path), "x")[2])


def test_valid_range_masks_nothing(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.nc", "f4", {"valid_range": np.array([0, 1], "f4")})
    assert not np.isnan(read_decoded(open_source(path), "x")).any()


def test_every_real_file_is_decoded_like_xarray(shared_data: Path) -> None:
    compared = 0
    for path in sorted(shared_data.iterdir()):
        try:
            source = open_source(path)
        except SourceError:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for group in ["", *source.groups]:
                _compare(path, group, source)
        compared += 1
        source.close()
    assert compared >= 33


def _compare(path: Path, group: str, source: Any) -> None:
    settings: dict[str, Any] = {"concat_characters": False, "group": group or None}
    with (
        xr.open_dataset(path, decode_times=False, decode_coords=False, **settings) as decoded,
        xr.open_dataset(path, decode_cf=False, group=group or None) as raw,
    ):
        for short in decoded.variables:
            name = f"{group}/{short}" if group else str(short)
            actual, expected = read_decoded(source, name), decoded[short].values
            if actual.dtype.kind == "O":
                assert actual.tolist() == expected.tolist()
                continue
            assert (name, actual.dtype) == (name, expected.dtype)
            assert actual.tobytes() == expected.tobytes()
            assert source.read(name).tobytes() == raw[short].values.tobytes()
            assert source.variables[name].dims == raw[short].dims
            for key, value in raw[short].attrs.items():
                found = source.variables[name].attributes[key]
                assert np.asarray(found).dtype == np.asarray(value).dtype
                assert np.asarray(found).tobytes() == np.asarray(value).tobytes()
