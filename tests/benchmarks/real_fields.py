"""Blocks of real files, the bounds of benchmarks, and what classical codecs make of them."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs import Codec, get_codec
from climcomp.errors import BoundError, CodecError
from climcomp.frame import BlockEncoding, encode_block

FOLDER = Path(os.environ.get("CLIMCOMP_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
BOUNDS = (3e-3, 1e-2, 3e-2)


@dataclass(frozen=True)
class Case:
    """A variable, the part of it that is one block, and what is known of it."""

    file: str
    variable: str
    first: tuple[int | slice, ...] = ()
    is_full: bool = True
    is_seen: bool = False

    @property
    def label(self) -> str:
        """What the table calls it."""
        return f"{self.file.split('.')[0].split('/')[-1][:18]} {self.variable.split('/')[-1][:12]}"


CASES = (
    Case("cam_fv_T_3mon.nc", "T", (0,)),
    Case("cam_fv_T_3mon.nc", "T", (0, slice(25, 26))),
    Case("cam_fv_PRECT_60day.nc", "PRECT", (slice(16),)),
    Case("pop_SST_60day.nc", "SST", (slice(12),)),
    Case("cmip6_tos_BCC-CSM2-HR_025.nc", "tos"),
    Case("era5_t_0p25_packed_origin.nc", "temperature", (0,), is_full=False),
    Case("eraint_uvz_packed.nc", "u", is_full=False),
    Case("eraint_uvz_packed.nc", "z", is_full=False),
    Case("hadcm_A1B_north_america_360day.nc", "air_temperature"),
    Case("era5_tl31_37lev.nc", "temperature"),
    Case("era5_tl31_37lev.nc", "u_component_of_wind"),
    Case("era5_tl31_37lev.nc", "specific_humidity"),
    Case("ncl_groups_uvt.nc", "grp1/U", (0,)),
    Case("ncl_groups_uvt.nc", "grp1/T", (0,)),
    Case("gfdl_idealized_sphum_monthly.nc", "sphum"),
    Case("gfdl_idealized_precip_monthly.nc", "condensation_rain"),
    Case("wrfout_d01_20220501.nc4", "T", (0,)),
    Case("wrfout_d01_20220501.nc4", "U", (0,)),
    Case("wrfout_d01_20220501.nc4", "QVAPOR", (0,)),
    Case("wrfout_d01_20220501.nc4", "P", (0,)),
    Case("arome_wind10m_67h.nc", "x_wind_10m", is_full=False),
    Case("coads_climatology_nc3.cdf", "AIRT", is_full=False),
    Case("coads_climatology_nc3.cdf", "SLP", is_full=False),
    Case("um_hybrid_height.nc", "air_potential_temperature", is_full=False),
    Case("orca2_votemper.nc", "votemper"),
    Case("cmip6_siconc_CanESM5_12mon.nc", "siconc"),
    Case("hadgem2_pr_360day_na10k.nc", "pr", (slice(200),)),
    Case("ostia_monthly.nc", "surface_temperature", is_full=False, is_seen=True),
    Case("NEMO/nemo_1m_20150101-20150201_grid-T.nc", "tos", is_seen=True),
)


def values_of(case: Case) -> NDArray[Any]:
    """Its values as float32, NaN where they are missing; skips where the file is not there."""
    path = FOLDER / case.file
    if not path.exists():
        samples = pytest.importorskip("iris_sample_data")
        path = Path(samples.__file__).parent / "sample_data" / case.file
    if not path.exists():
        pytest.skip(f"{case.file} is not there: CLIMCOMP_TEST_DATA names its folder")
    with warnings.catch_warnings(), netCDF4.Dataset(path) as data:
        # What netCDF4 says of limits of ranges that do not fit their type is nothing to us.
        warnings.simplefilter("ignore")
        variable = data[case.variable] if "/" in case.variable else data.variables[case.variable]
        values = np.ma.filled(variable[:].astype(np.float32), np.nan)
    return np.ascontiguousarray(values[case.first] if case.first else values)


def payload_of(values: NDArray[Any], codec: Codec, bound: ErrorBound) -> bytes | None:
    """A whole payload with its head and mask; None where the codec refuses the block."""
    try:
        return encode_block(values, BlockEncoding(codec, bound))
    except (BoundError, CodecError):
        return None


def classical_sizes(values: NDArray[Any], bound: ErrorBound) -> dict[str, int]:
    """Bytes of the smallest payload of each classical codec, at its best settings."""
    every: dict[str, list[Codec]] = {
        "sz3": [get_codec("sz3", order=order) for order in permutations(range(values.ndim))],
        "sperr": [get_codec("sperr")],
        "zfp": [get_codec("zfp")],
        "rounding": [get_codec("rounding")],
    }
    found = {}
    for name, codecs in every.items():
        payloads = (payload_of(values, codec, bound) for codec in codecs)
        if sizes := [len(payload) for payload in payloads if payload is not None]:
            found[name] = min(sizes)
    return found
