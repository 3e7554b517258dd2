"""The fields that are damaged and compressed: real ones, and generated ones of every class."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import h5py
import netCDF4
import numpy as np
from numpy.typing import NDArray

from climcomp_metrics import Axes, FieldSettings, make_bins
from climcomp_metrics.clock import Clock
from climcomp_metrics.domain import Domain
from climcomp_metrics.sigma import estimate_sigma

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Subject:
    """A field (time, level, y, x) with all that the suite knows of it.

    `suite` is the class under which it counts: that of the values, or M where it is masked.
    """

    name: str
    suite: Literal["C", "P", "B", "M"]
    values: Array
    settings: FieldSettings
    domain: Domain

    @property
    def sigma(self) -> NDArray[np.float64]:
        """(1, level, 1, 1) the standard deviation of each level."""
        return np.array(self.settings.sigma)[None, :, None, None]


def make_subject(
    name: str,
    values: Array,
    lat: NDArray[np.float64] | None,
    lon: NDArray[np.float64] | None,
    *,
    kind: Literal["C", "P", "B"] = "C",
    unit: str = "K",
    clock: Clock | None = None,
    grid: Any = "latlon",
    periodic: bool = True,
    valid_range: tuple[float, float] | None = None,
) -> Subject:
    """A subject whose settings are found as a plan finds them."""
    rows, columns = values.shape[2:]
    weights = np.ones((rows, columns))
    if lat is not None:
        weights = np.cos(np.radians(lat if lat.ndim == 2 else lat[:, None])) * weights
    masked = bool(np.isnan(values).any())
    months = None if clock is None else clock.month
    sigma, method = estimate_sigma(values, months, weights, lat)
    shape = values.shape
    chunk = (min(16, shape[0]), 1, min(48, rows), min(96, columns))
    settings = FieldSettings(
        variable=name,
        unit=unit,
        kind=kind,
        masked=masked,
        axes=Axes(0, (1,), 2, 3),
        shape=shape,  # type: ignore[arg-type]
        sigma=sigma,
        sigma_method=method,
        bins=tuple(make_bins(values[:, k], s, kind) for k, s in enumerate(sigma)),
        valid_range=valid_range,
        exact=(),
        zeros_exact=kind == "P",
        periodic_x=periodic,
        has_area=None,
        horizontal=None,
        chunk=chunk,
        shard=shape,  # type: ignore[arg-type]
    )
    domain = Domain(weights, grid, lat, lon, clock)
    return Subject(name, "M" if masked else kind, values, settings, domain)


def daily(steps: int) -> Clock:
    """A noleap calendar from 1 January 2001."""
    months = np.repeat(np.arange(1, 13), [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    first = np.concatenate([[0], np.flatnonzero(np.diff(months)) + 1])
    day = np.arange(365) - first[months - 1] + 1
    at = np.arange(steps)
    return Clock(
        2001 + at // 365, months[at % 365], day[at % 365], at % 365 + 1, at * 86400.0, "noleap"
    )


def regular(rows: int, columns: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Latitudes from south to north and longitudes from 0, without the poles."""
    lat = -90.0 + (np.arange(rows) + 0.5) * 180.0 / rows
    return lat, np.arange(columns) * 360.0 / columns


def weather(steps: int, rows: int, columns: int, seed: int, memory: float = 0.7) -> Array:
    """Noise with a red spectrum in space and an AR(1) memory in time; mean 0, SD 1 (t, y, x)."""
    rng = np.random.default_rng(seed)
    ky = np.fft.fftfreq(rows)[:, None] * rows
    kx = np.fft.rfftfreq(columns)[None, :] * columns
    amplitude = (4.0 + ky**2 + kx**2) ** -1.1
    amplitude[0, 0] = 0.0
    found = np.empty((steps, rows, columns), np.float32)
    state = np.zeros((rows, columns))
    for step in range(-20, steps):
        phase = rng.standard_normal(amplitude.shape) + 1j * rng.standard_normal(amplitude.shape)
        fresh = np.fft.irfft2(amplitude * phase, s=(rows, columns))
        state = memory * state + np.sqrt(1 - memory**2) * fresh
        if step >= 0:
            found[step] = state
    return found / np.float32(found.std())


def _season(lat: NDArray[np.float64], clock: Clock) -> Array:
    """-1 to 1: the annual cycle of each latitude, opposite in the two hemispheres (t, y, 1)."""
    turn = np.cos(2 * np.pi * (clock.day_of_year - 200) / 365)
    return (np.sin(np.radians(lat))[None, :, None] * turn[:, None, None]).astype(np.float32)


def temperature() -> Subject:
    """Two years of daily temperature: class C."""
    steps, rows, columns = 730, 32, 64
    lat, lon = regular(rows, columns)
    clock = daily(steps)
    mean = 288.0 - 40.0 * np.sin(np.radians(lat))[None, :, None] ** 2
    field = mean + 12.0 * _season(lat, clock) + 4.0 * weather(steps, rows, columns, 1)
    return make_subject(
        "generated temperature", field[:, None].astype(np.float32), lat, lon, clock=clock
    )


def wind() -> Subject:
    """90 days of wind on two levels and a finer grid: class C, of both signs."""
    steps, rows, columns = 90, 64, 128
    lat, lon = regular(rows, columns)
    jet = 20.0 * np.cos(np.radians(2 * (np.abs(lat) - 45.0)))[None, :, None]
    levels = [
        size * (jet * share + 9.0 * weather(steps, rows, columns, seed))
        for size, share, seed in ((0.4, 0.3, 2), (1.0, 1.0, 3))
    ]
    field = np.stack(levels, axis=1).astype(np.float32)
    return make_subject("generated wind", field, lat, lon, unit="m s-1", clock=daily(steps))


def rain() -> Subject:
    """Two years of daily rain, zero on most days and places: class P."""
    steps, rows, columns = 730, 32, 64
    lat, lon = regular(rows, columns)
    wet = weather(steps, rows, columns, 4, 0.5) - np.float32(0.4)
    # 1 mm/day is 1.157e-5 kg m-2 s-1; the heaviest values here are near 150 mm/day.
    amount = np.expm1(1.6 * np.maximum(wet, 0.0)) * 1.157e-5 * 1.5
    return make_subject(
        "generated rain", amount[:, None].astype(np.float32), lat, lon,
        kind="P", unit="kg m-2 s-1", clock=daily(steps),
    )  # fmt: skip


def humidity() -> Subject:
    """120 steps of a tracer that is nowhere zero and spans decades: class P."""
    steps, rows, columns = 120, 64, 128
    lat, lon = regular(rows, columns)
    log = (
        -4.5 + 2.0 * np.cos(np.radians(lat))[None, :, None] + 0.5 * weather(steps, rows, columns, 5)
    )
    return make_subject(
        "generated humidity", np.exp(log)[:, None].astype(np.float32) * np.float32(0.1), lat, lon,
        kind="P", unit="kg kg-1", clock=daily(steps),
    )  # fmt: skip


def cloud() -> Subject:
    """A year of cloud cover with clear and overcast places: class B."""
    steps, rows, columns = 365, 48, 96
    lat, lon = regular(rows, columns)
    field = np.clip(0.5 + 0.45 * weather(steps, rows, columns, 6, 0.4), 0.0, 1.0)
    return make_subject(
        "generated cloud", field[:, None].astype(np.float32), lat, lon,
        kind="B", unit="1", clock=daily(steps),
    )  # fmt: skip


def ice() -> Subject:
    """120 days of sea-ice cover in per cent with land missing: class B, masked."""
    steps, rows, columns = 120, 48, 96
    lat, lon = regular(rows, columns)
    start = np.where(lat > 0, 66.0, 58.0)  # ice reaches further from the south pole
    edge = (np.abs(lat) - start)[None, :, None] / 8.0
    field = np.clip(50.0 + 50.0 * (edge + 0.6 * weather(steps, rows, columns, 7, 0.9)), 0.0, 100.0)
    land = weather(1, rows, columns, 8)[0] > 0.8
    field[:, land] = np.nan
    return make_subject(
        "generated sea ice", field[:, None].astype(np.float32), lat, lon,
        kind="B", unit="%", clock=daily(steps),
    )  # fmt: skip


def ocean() -> Subject:
    """A year of daily sea surface temperature with land missing: class M."""
    steps, rows, columns = 365, 48, 96
    lat, lon = regular(rows, columns)
    clock = daily(steps)
    mean = 300.0 - 30.0 * np.sin(np.radians(lat))[None, :, None] ** 2
    field = mean + 4.0 * _season(lat, clock) + 0.8 * weather(steps, rows, columns, 9, 0.95)
    field[:, weather(1, rows, columns, 10)[0] > 0.6] = np.nan
    return make_subject(
        "generated sea surface", field[:, None].astype(np.float32), lat, lon, clock=clock
    )


GENERATED: tuple[Callable[[], Subject], ...] = (
    temperature, wind, rain, humidity, cloud, ice, ocean,
)  # fmt: skip


def real_samples(folder: Path) -> Iterator[Subject]:
    """HadCM3 air temperature over North America (240 years) and OSTIA's masked surface (54 months).

    From the package iris-sample-data, UK Open Government Licence.
    """
    with h5py.File(folder / "A1B_north_america.nc") as file:
        values = np.asarray(file["air_temperature"][...], np.float32)
        lat, lon = (np.asarray(file[name][...], np.float64) for name in ("latitude", "longitude"))
    years = np.arange(len(values))
    ones = np.ones_like(years)
    clock = Clock(1860 + years, 6 * ones, ones, 151 * ones, years * 360 * 86400.0, "360_day")
    yield make_subject("HadCM3 temperature", values[:, None], lat, lon, clock=clock, periodic=False)
    with netCDF4.Dataset(folder / "ostia_monthly.nc") as file:
        masked = file["surface_temperature"][...]
        lat, lon = (np.asarray(file[name][...], np.float64) for name in ("latitude", "longitude"))
    months = np.arange(len(masked)) + 3  # from April 2006
    ones = np.ones_like(months)
    clock = Clock(
        2006 + months // 12, months % 12 + 1, ones, 30 * (months % 12) + 1,
        months * 30.4375 * 86400.0, "standard",
    )  # fmt: skip
    values = np.ma.filled(masked.astype(np.float32), np.nan)[:, None]
    yield make_subject("OSTIA sea surface", values, lat, lon, clock=clock)


def real_models(folder: Path) -> Iterator[Subject]:
    """CESM temperature and rain, POP sea surface and CanESM5 sea ice, from the shared test data."""
    with netCDF4.Dataset(folder / "cam_fv_T_3mon.nc") as file:
        lat, lon = (np.asarray(file[name][...], np.float64) for name in ("lat", "lon"))
        values = np.asarray(file["T"][:, ::10], np.float32)
    yield make_subject("CESM temperature", values, lat, lon)
    with netCDF4.Dataset(folder / "cam_fv_PRECT_60day.nc") as file:
        rain_rate = np.asarray(file["PRECT"][...], np.float32)
    rain_rate = np.maximum(rain_rate, np.float32(0.0))
    yield make_subject(
        "CESM rain", rain_rate[:, None], lat, lon, kind="P", unit="m/s", clock=daily(60)
    )
    with netCDF4.Dataset(folder / "pop_SST_60day.nc") as file:
        surface = np.ma.filled(file["SST"][...].astype(np.float32), np.nan)
        lat2, lon2 = (
            np.ma.filled(file[name][...].astype(np.float64), np.nan) for name in ("TLAT", "TLONG")
        )
    lat2 = np.where(np.isfinite(lat2), lat2, 0.0)
    yield make_subject(
        "POP sea surface", surface[:, None], lat2, lon2, unit="degC", grid="curvilinear",
        clock=daily(60),
    )  # fmt: skip
    with netCDF4.Dataset(folder / "cmip6_siconc_CanESM5_12mon.nc") as file:
        cover = np.ma.filled(file["siconc"][...].astype(np.float32), np.nan)
        lat2 = np.asarray(file["latitude"][...], np.float64)
        lon2 = np.asarray(file["longitude"][...], np.float64)
    yield make_subject(
        "CanESM5 sea ice", cover[:, None], lat2, lon2, kind="B", unit="%", grid="curvilinear"
    )


def finer_samples(subject: Subject) -> Subject:
    """The same subject with every slice of every sampled statistic measured."""
    return replace(subject, settings=replace(subject.settings, every={"*": 1}))
