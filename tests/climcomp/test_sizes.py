"""Payloads of real data are as small as issue 2 promises, with bound and mask checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs import choose_settings
from climcomp.frame import BlockEncoding, decode_block, encode_block


def read(path: Path, name: str) -> NDArray[Any]:
    with netCDF4.Dataset(path) as file:
        values = np.ma.filled(file[name][...].astype(np.float32), np.nan)
        return np.ascontiguousarray(values)


def times_smaller(blocks: list[NDArray[Any]], bound: float) -> float:
    """Bytes of float32 over bytes of payloads, with settings chosen on the first block."""
    wanted = ErrorBound("absolute", bound)
    encoding = BlockEncoding(choose_settings("sz3", blocks[0], wanted), wanted)
    size = 0
    for block in blocks:
        payload = encode_block(block, encoding)
        decoded = decode_block(payload, block.shape, block.dtype)
        np.testing.assert_array_equal(np.isnan(decoded), np.isnan(block))
        assert np.nanmax(np.abs(decoded.astype("f8") - block)) <= bound
        size += len(payload)
    return sum(block.nbytes for block in blocks) / size


def test_hadcm3_temperature_at_a_tenth_of_a_kelvin(iris_data: Path) -> None:
    values = read(iris_data / "A1B_north_america.nc", "air_temperature")
    assert times_smaller([values], 0.1) >= 13.0  # 13.17 seen


def test_ostia_temperature_at_a_twentieth_of_a_kelvin(iris_data: Path) -> None:
    values = read(iris_data / "ostia_monthly.nc", "surface_temperature")
    assert times_smaller([values], 0.05) >= 14.5  # 17.07 seen, mask included


def test_era_interim_wind_at_a_tenth_of_a_metre_per_second(shared_data: Path) -> None:
    with netCDF4.Dataset(shared_data / "eraint_uvz_packed.nc") as file:
        wind = file["u"]
        wind.set_auto_maskandscale(
            False
        )  # its _FillValue does not fit its type; nothing is missing
        values = (wind[...] * wind.scale_factor + wind.add_offset).astype(np.float32)
    maps = list(values.reshape(-1, *values.shape[-2:]))
    assert times_smaller(maps, 0.1) >= 18.8  # 38.5 seen, one map a block
