"""Small files with the awkwardness of real ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest

MakeFile = Callable[..., Path]


@pytest.fixture
def make_file(tmp_path: Path) -> MakeFile:
    """Write a daily field of 3 steps on a 4 x 8 globe; keyword arguments change it."""

    def make(
        name: str = "a.nc",
        *,
        start: float = 0.0,
        steps: int = 3,
        format: str = "NETCDF4",
        units: str = "days since 2000-01-01",
        calendar: str = "standard",
        lat: tuple[float, ...] = (-67.5, -22.5, 22.5, 67.5),
        unlimited: bool = True,
        field: dict[str, Any] | None = None,
        change: Callable[[Any], None] | None = None,
    ) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with netCDF4.Dataset(path, "w", format=format) as file:
            file.set_auto_mask(False)
            file.title = "a test"
            file.createDimension("time", None if unlimited else steps)
            file.createDimension("lat", len(lat))
            file.createDimension("lon", 8)
            time = file.createVariable("time", "f8", ("time",))
            time.setncatts({"units": units, "calendar": calendar, "standard_name": "time"})
            time[:] = start + np.arange(steps)
            axis = file.createVariable("lat", "f8", ("lat",))
            axis.units = "degrees_north"
            axis[:] = lat
            axis = file.createVariable("lon", "f8", ("lon",))
            axis.units = "degrees_east"
            axis[:] = np.arange(8) * 45.0
            tas = file.createVariable("tas", "f4", ("time", "lat", "lon"), fill_value=1e20)
            tas.setncatts({"units": "K", **(field or {})})
            values = np.arange(steps * len(lat) * 8, dtype="f4").reshape(steps, len(lat), 8)
            tas[:] = values + np.float32(1000 * start)
            orography = file.createVariable("orog", "f4", ("lat", "lon"))
            orography.units = "m"
            orography[:] = 7.0
            if change is not None:
                change(file)
        return path

    return make
