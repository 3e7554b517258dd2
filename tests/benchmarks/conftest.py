"""Generated model output for benchmarks: as large as real jobs when they measure, else tiny."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5netcdf
import numpy as np
import pytest


@pytest.fixture(scope="session")
def measuring(request: pytest.FixtureRequest) -> bool:
    """True under --benchmark-enable; otherwise benchmarks run once, small, as tests."""
    return bool(request.config.getoption("benchmark_enable"))


def _noise(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """A random field whose spectrum falls like that of mesoscale temperature, of unit variance."""
    ky = np.fft.fftfreq(rows)[:, None] * rows
    kx = np.fft.rfftfreq(columns)[None, :] * columns
    amplitude = (4.0 + ky**2 + kx**2) ** -0.85
    phase = rng.standard_normal(amplitude.shape) + 1j * rng.standard_normal(amplitude.shape)
    field = np.fft.irfft2(amplitude * phase, s=(rows, columns))
    return (field / field.std()).astype(np.float32)


@pytest.fixture(scope="session")
def write_t2m() -> Callable[[Path, int, int, int], Path]:
    """Writes (time, lat, lon) float32 temperature like a 6-hourly global analysis, uncompressed."""

    def write(path: Path, steps: int, rows: int, columns: int) -> Path:
        rng = np.random.default_rng(7)
        lat = np.linspace(90, -90, rows)
        lon = np.arange(columns) * 360.0 / columns
        mean = (250 + 45 * np.cos(np.radians(lat)) ** 2)[:, None].astype(np.float32)
        fixed = 3 * _noise(rng, rows, columns)
        state = _noise(rng, rows, columns)
        with h5netcdf.File(path, "w") as file:
            file.dimensions = {"time": steps, "lat": rows, "lon": columns}
            for name, values, attributes in (
                ("time", np.arange(steps) * 6.0, {"units": "hours since 2000-01-01",
                                                  "calendar": "standard", "standard_name": "time"}),
                ("lat", lat, {"units": "degrees_north", "standard_name": "latitude"}),
                ("lon", lon, {"units": "degrees_east", "standard_name": "longitude"}),
            ):  # fmt: skip
                variable = file.create_variable(name, (name,), "f8", data=values)
                for key, value in attributes.items():
                    variable.attrs[key] = value
            data = file.create_variable(
                "t2m", ("time", "lat", "lon"), "f4", chunks=(1, rows, columns)
            )
            data.attrs["units"] = "K"
            data.attrs["standard_name"] = "air_temperature"
            for step in range(steps):
                state = (0.9 * state + 0.436 * _noise(rng, rows, columns)).astype(np.float32)
                data[step] = mean + fixed + 4 * state
        return path

    return write
