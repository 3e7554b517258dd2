"""What the shipped network is trained on: generated fields, and a few that anyone can download.

From the package iris-sample-data (Met Office sample data, Open Government Licence): NEMO sea
surface temperature, OSTIA sea surface temperature, brightness temperatures seen by a satellite,
electron density. No field of the benchmark's unseen part is among them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs.neural.grid import ALPHAS
from climcomp.errors import MissingExtraError
from climcomp.fill import fill_missing
from climcomp_workflows.neural.generated import random_fields, turbulence

# The bound over the standard deviation: log-uniform.
BOUNDS = (2e-4, 0.2)
ALPHA_SHARES = (0.2, 0.5, 0.15, 0.15)
TURBULENT, DOWNLOADED = 0.2, 0.05
SAMPLED = (
    ("NEMO/nemo_1m_20150101-20150201_grid-T.nc", "tos"),
    ("NEMO/nemo_1m_20150201-20150301_grid-T.nc", "tos"),
    ("ostia_monthly.nc", "surface_temperature"),
    ("toa_brightness_stereographic.nc", "data"),
    ("space_weather.nc", "Ne"),
)


@dataclass(frozen=True, slots=True)
class Lesson:
    """A block (steps, rows, columns) and how it is coded."""

    block: NDArray[np.floating]
    bound: ErrorBound
    hierarchical: bool
    alpha: float
    wraps: bool
    with_taps: bool


def lesson_of(number: int, seed: int) -> Lesson:
    """One of the blocks of a seed; the same for the same numbers.

    Raises
    ------
    MissingExtraError
        If the package of downloaded fields is not installed.
    """
    rng = np.random.default_rng([seed, number])
    kind = rng.random()
    if kind < DOWNLOADED:
        real = _downloaded()
        block, wraps = real[int(rng.integers(len(real)))], False
    else:
        make, wraps = turbulence if kind < DOWNLOADED + TURBULENT else random_fields, True
        block = make(rng)
        while not (np.isfinite(block).all() and block.std(dtype=np.float64) > 0):
            block = make(rng)  # a flow that became unstable, or an exponential that overflowed
    size = float(np.std(block, dtype=np.float64))
    low, high = np.log(BOUNDS)
    bound = ErrorBound("absolute", float(np.exp(rng.uniform(low, high)) * size))
    return Lesson(
        block,
        bound,
        bool(rng.random() < 0.4),
        float(rng.choice(ALPHAS, p=ALPHA_SHARES)),
        wraps,
        bool(rng.random() < 0.6),
    )


@cache
def _downloaded() -> tuple[NDArray[np.floating], ...]:
    try:
        import iris_sample_data
    except ImportError as error:
        raise MissingExtraError(
            "training wants the package iris-sample-data: pip install 'climcomp[dev]'"
        ) from error
    import xarray as xr

    folder = Path(iris_sample_data.__file__).parent / "sample_data"
    found = []
    for file, name in SAMPLED:
        with xr.open_dataset(folder / file, decode_times=False) as data:
            values = data[name].values
        rows, columns = values.shape[-2:]
        values = np.ascontiguousarray(values.reshape(-1, rows, columns))
        found.append(fill_missing(values, ~np.isfinite(values)))
    return tuple(found)
