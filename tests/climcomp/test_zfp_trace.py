"""The trace of zfp: seen where it was, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs import get_codec
from climcomp.rounding import round_to_keepbits, round_to_quantum
from climcomp.zfp_trace import has_zfp_blocks


def field(seed: int = 1, dtype: str = "f4") -> NDArray[Any]:
    """Smooth with noise on it, in kelvin."""
    rng = np.random.default_rng(seed)
    smooth = rng.normal(size=(2, 96, 144)).cumsum(1).cumsum(2)
    return np.asarray(smooth + 250 + rng.normal(size=smooth.shape), dtype)


def through_zfp(values: NDArray[Any], tolerance: float) -> NDArray[Any]:
    codec = get_codec("zfp")
    payload = codec.encode(values, ErrorBound("absolute", tolerance))
    return codec.decode(payload, values.shape, values.dtype)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("tolerance", [10.0, 0.3, 0.01])
def test_what_zfp_decoded_is_told(dtype: str, tolerance: float) -> None:
    assert has_zfp_blocks(through_zfp(field(dtype=dtype), tolerance))


def test_single_fields_are_told_too() -> None:
    values = field()
    assert has_zfp_blocks(np.stack([through_zfp(one, 0.1) for one in values]))
    assert has_zfp_blocks(through_zfp(values[0], 0.1))


@pytest.mark.parametrize("seed", range(8))
def test_other_fields_are_not(seed: int) -> None:
    values = field(seed)
    noise = np.random.default_rng(seed).normal(size=(2, 96, 144)).astype("f4")
    packed = (np.round(values * 300) * 0.0033 + 11.7).astype("f4")
    others = [values, noise, packed, round_to_quantum(values, 0.05), round_to_keepbits(values, 9)]
    assert [has_zfp_blocks(one) for one in others] == [False] * 5


@pytest.mark.parametrize("times", [2, 4, 8])
def test_a_coarse_grid_spread_over_a_fine_one_is_not(times: int) -> None:
    coarse = round_to_quantum(field(), 0.05)
    assert not has_zfp_blocks(coarse.repeat(times, 1).repeat(times, 2))


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((96, 144), "f4"),
        np.full((96, 144), np.nan, "f4"),
        np.ones((3, 4), "f4"),
        np.zeros((0, 5), "f4"),
        np.arange(5000.0)[None],
    ],
)
def test_fields_that_tell_nothing_are_not(values: NDArray[Any]) -> None:
    assert not has_zfp_blocks(values)


@pytest.mark.parametrize(
    ("file", "name", "expected"),
    [
        ("lossy_zfp1e-7_cam_fv_PRECT_60day.nc", "PRECT", True),
        ("cam_fv_PRECT_60day.nc", "PRECT", False),
        ("lossy_fpzip_cam_fv_T_3mon.nc", "T", False),
        ("cam_fv_T_3mon.nc", "T", False),
        ("arome_wind10m_67h.nc", "x_wind_10m", False),
        ("era5_t_0p25_packed_origin.nc", "temperature", False),
        ("wrfout_d01_20220501.nc4", "T", False),
        ("cmip6_siconc_CanESM5_12mon.nc", "siconc", False),
    ],
)
def test_real_fields(shared_data: Path, file: str, name: str, expected: bool) -> None:
    with netCDF4.Dataset(shared_data / file) as dataset:
        values = np.ma.filled(dataset[name][:8], np.nan)
    assert has_zfp_blocks(values) is expected
