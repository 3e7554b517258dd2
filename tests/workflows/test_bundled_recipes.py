"""The recipes that come with climcomp, each run on small data shaped like the product it is for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
import xarray as xr

from climcomp.archive import open_archive
from climcomp_metrics.report import Report, VariableReport
from climcomp_workflows.plan.model import Plan
from climcomp_workflows.recipe import Recipe, bundled_recipes, parse_recipe
from climcomp_workflows.run import run_recipe
from climcomp_workflows.run.start import RunOutcome

Faults = Callable[[RunOutcome], list[str]]
Values = np.ndarray[Any, Any]

ROWS, COLUMNS = 24, 36
FILL = np.float32(1e20)


def edited(name: str, tmp_path: Path, files: str) -> Recipe:
    """A bundled recipe with another source, store and, to be quick, no worker processes."""
    text = bundled_recipes()[name].read_text(encoding="utf-8")
    text, sources = re.subn(r'^( +(?:files|\w+): )"[^"]+\.nc"', rf'\1"{files}"', text, flags=re.M)
    text, stores = re.subn(r"^  store: \S+", f"  store: {tmp_path}/out.zarr", text, flags=re.M)
    text, clusters = re.subn(r"^cluster: .*$", "cluster: {kind: inline}", text, flags=re.M)
    assert (sources, stores, clusters) == (1, 1, 1)
    return parse_recipe(text, tmp_path / f"{name}.yaml")


def waves(seed: int, *shape: int) -> Values:
    """Smooth fields with noise: waves in all dimensions, of about unit size, float64."""
    rng = np.random.default_rng(seed)
    field = 0.3 * rng.standard_normal(shape)
    for axis, n in enumerate(shape):
        phase = 2 * np.pi * np.arange(n) / n + rng.uniform(0, 6)
        field += np.sin((1 + axis) * phase).reshape(-1, *[1] * (len(shape) - 1 - axis))
    return field


def showers(seed: int, *shape: int, scale: float) -> Values:
    """Values that are zero half the time and span powers of ten otherwise."""
    rng = np.random.default_rng(seed)
    return np.where(waves(seed, *shape) > 0.3, np.exp(2 * rng.standard_normal(shape)) * scale, 0)


def share(seed: int, *shape: int) -> Values:
    """Fractions, many of them exactly 0 or 1."""
    return np.clip(0.5 + 0.6 * waves(seed, *shape), 0, 1)


class File:
    """A NetCDF file under way, with shorthand for what products have in common."""

    def __init__(self, path: Path, format: str = "NETCDF4", **attributes: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.file = netCDF4.Dataset(path, "w", format=format)
        self.file.setncatts({"Conventions": "CF-1.7", **attributes})

    def __enter__(self) -> File:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def dimensions(self, **sizes: int | None) -> None:
        for name, size in sizes.items():
            self.file.createDimension(name, size)

    def add(
        self,
        name: str,
        dims: str,
        values: Any,
        *,
        fill: Any = None,
        kind: Any = None,
        **attributes: Any,
    ) -> None:
        """A variable of dims written as "time lat lon", stored as it is given."""
        array = np.asarray(values)
        variable = self.file.createVariable(
            name, kind or array.dtype, tuple(dims.split()), fill_value=fill,
            **({"zlib": True} if array.size > 999 else {}),
        )  # fmt: skip
        variable.set_auto_maskandscale(False)
        variable.set_auto_chartostring(False)
        variable.setncatts(attributes)
        variable[...] = array

    def grid(self, lat: Values, lon: Values, names: tuple[str, str], bounds: bool) -> None:
        """Regular latitudes and longitudes, with bounds where the product has them."""
        for name, values, unit, step in (
            (names[0], lat, "degrees_north", 180 / lat.size),
            (names[1], lon, "degrees_east", 360 / lon.size),
        ):
            more = {"bounds": f"{name}_bnds"} if bounds else {}
            long_name = "latitude" if unit == "degrees_north" else "longitude"
            self.add(name, name, values, units=unit, standard_name=long_name, **more)
            if bounds:
                sides = np.stack([values - step / 2, values + step / 2], 1)
                if unit == "degrees_north":
                    sides = sides.clip(-90, 90)
                self.add(f"{name}_bnds", f"{name} bnds", sides)

    def times(self, start: float, steps: int, step: float = 1.0, **attributes: str) -> None:
        """A CF time axis with bounds."""
        edges = start + step * np.arange(steps + 1.0)
        self.add("time", "time", (edges[1:] + edges[:-1]) / 2, bounds="time_bnds",
                 standard_name="time", axis="T", **attributes)  # fmt: skip
        self.add("time_bnds", "time bnds", np.stack([edges[:-1], edges[1:]], 1))


def descending() -> Values:
    return 90 - 180 / (ROWS - 1) * np.arange(ROWS)


def ascending() -> Values:
    return -90 + (np.arange(ROWS) + 0.5) * 180 / ROWS


def longitudes() -> Values:
    return np.arange(COLUMNS) * 360.0 / COLUMNS


def found(outcome: RunOutcome) -> dict[str, VariableReport]:
    """Reports of the data variables, checked to be those of the archive."""
    document = json.loads(open_archive(outcome.store).document("report.json"))
    report = Report.from_dict(document)
    assert report == outcome.report
    return {v.name: v for v in report.variables if v.how != "carried"}


def choices(outcome: RunOutcome) -> dict[str, str]:
    """Whose choice the bound of each lossy variable was."""
    plan = Plan.from_dict(json.loads(open_archive(outcome.store).document("plan.json")))
    return {v.name: v.bound_source for v in plan.variables if v.ladder[0].bounds is not None}


def assert_bounds_of_recipe(outcome: RunOutcome, names: set[str]) -> None:
    """These variables were tried with the bound that the recipe gives them."""
    of_recipe = {name for name, source in choices(outcome).items() if "recipe line" in source}
    assert names - of_recipe == set()


def steps_of(variable: str, values: Values) -> dict[str, Any]:
    """GRIB attributes as the Climate Data Store's converter writes them."""
    return {
        "GRIB_shortName": variable, "GRIB_dataType": "an", "GRIB_totalNumber": np.int64(0),
        "GRIB_gridType": "regular_ll", "GRIB_missingValue": 3.4028234663852886e38,
        "coordinates": "number valid_time latitude longitude expver",
    }  # fmt: skip


SURFACE = {
    "t2m": (280, 8, "K", "unknown"), "d2m": (274, 8, "K", "unknown"),
    "sst": (285, 6, "K", "sea_surface_temperature"), "u10": (0, 5, "m s**-1", "unknown"),
    "v100": (0, 7, "m s**-1", "unknown"),
    "msl": (101000, 900, "Pa", "air_pressure_at_mean_sea_level"),
    "ssrd": (6e5, 2e5, "J m**-2", "surface_downwelling_shortwave_flux_in_air"),
    "blh": (600, 150, "m", "unknown"),
}  # fmt: skip


def era5_surface(folder: Path) -> None:
    """Two days of hourly fields in two files, as the Climate Data Store gives them since 2024."""
    shape = (24, ROWS, COLUMNS)
    for day in range(2):
        with File(folder / f"era5_{day}.nc", GRIB_centre="ecmf", institution="ECMWF") as file:
            file.dimensions(valid_time=24, latitude=ROWS, longitude=COLUMNS)
            file.add("number", "", np.int64(0), units="1", standard_name="realization")
            hours = (1704067200 + 3600 * (24 * day + np.arange(24))).astype("i8")
            file.add(
                "valid_time",
                "valid_time",
                hours,
                units="seconds since 1970-01-01",
                calendar="proleptic_gregorian",
                standard_name="time",
                long_name="time",
            )
            file.grid(descending(), longitudes(), ("latitude", "longitude"), bounds=False)
            file.add("expver", "valid_time", np.array(["0001"] * 24, dtype=object), kind=str)
            dims = "valid_time latitude longitude"
            for seed, (name, (mean, size, unit, standard)) in enumerate(SURFACE.items()):
                values = (mean + size * waves(10 * day + seed, *shape)).astype("f4")
                if name == "sst":
                    values[:, 5:9, 4:17] = np.nan
                file.add(
                    name,
                    dims,
                    values,
                    fill=np.float32(np.nan),
                    units=unit,
                    standard_name=standard,
                    **steps_of(name, values),
                )
            rain = showers(90 + day, *shape, scale=1e-4).astype("f4")
            file.add("tp", dims, rain, fill=np.float32(np.nan), units="m", **steps_of("tp", rain))
            for name in ("tcc", "siconc"):
                values = share(70 + day, *shape).astype("f4")
                file.add(name, dims, values, fill=np.float32(np.nan), units="(0 - 1)",
                         standard_name="cloud_area_fraction" if name == "tcc" else "unknown",
                         **steps_of(name, values))  # fmt: skip


def test_era5_single_levels_of_the_new_data_store(tmp_path: Path, faults: Faults) -> None:
    era5_surface(tmp_path / "in")
    outcome = run_recipe(edited("era5-single-levels", tmp_path, f"{tmp_path}/in/*.nc"))
    assert faults(outcome) == []
    assert_bounds_of_recipe(outcome, {"t2m", "d2m", "sst", "u10", "v100", "msl", "tp", "ssrd"})
    reports = found(outcome)
    assert reports["t2m"].how == reports["msl"].how == reports["tp"].how == "lossy"
    with xr.open_zarr(outcome.store) as archive:
        assert archive.sizes["valid_time"] == 48
        assert archive.expver.values.tolist() == ["0001"] * 48
        assert archive.latitude.values.tolist() == descending().tolist()


def test_era5_single_levels_packed_as_they_were_before(tmp_path: Path, faults: Faults) -> None:
    values = 280 + 8 * waves(1, 48, ROWS, COLUMNS)
    scale, offset = float(np.ptp(values)) / 65000, float(values.mean())
    path = tmp_path / "in" / "old.nc"
    with File(path, "NETCDF3_64BIT_OFFSET", history="grib_to_netcdf") as file:
        file.dimensions(longitude=COLUMNS, latitude=ROWS, time=None)
        file.grid(descending().astype("f4"), longitudes().astype("f4"), ("latitude", "longitude"),
                  bounds=False)  # fmt: skip
        file.add("time", "time", (999999 + np.arange(48)).astype("i4"), long_name="time",
                 units="hours since 1900-01-01 00:00:00.0", calendar="gregorian")  # fmt: skip
        for name, unit in (("t2m", "K"), ("stl1", "K")):
            numbers = np.round((values - offset) / scale).astype("i2")
            file.add(
                name,
                "time latitude longitude",
                numbers,
                fill=np.int16(-32767),
                units=unit,
                missing_value=np.int16(-32767),
                scale_factor=scale,
                add_offset=offset,
            )
    outcome = run_recipe(edited("era5-single-levels", tmp_path, str(path)))
    assert faults(outcome) == []
    archive = open_archive(outcome.store)
    assert archive.unlimited[""] == ("time",)
    for name in ("t2m", "stl1"):  # integers, or the values that they stand for
        assert archive.specs[name].dtype in ("int16", "float32", "float64")
    if archive.specs["t2m"].dtype != "int16":
        assert_bounds_of_recipe(outcome, {"t2m"})


def test_era5_pressure_levels(tmp_path: Path, faults: Faults) -> None:
    levels = np.array([1000.0, 500.0, 50.0])
    shape = (12, levels.size, ROWS, COLUMNS)
    heights = np.array([1e3, 5.5e4, 2e5])[None, :, None, None]
    fields = {
        "t": (250 + 8 * waves(1, *shape), "K", "air_temperature"),
        "u": (10 * waves(2, *shape), "m s**-1", "eastward_wind"),
        "z": (heights + 2000 * waves(3, *shape), "m**2 s**-2", "geopotential"),
        "q": (np.exp(waves(4, *shape) - heights / 2e4) * 5e-3, "kg kg**-1", "specific_humidity"),
        "clwc": (showers(5, *shape, scale=1e-6), "kg kg**-1", "unknown"),
        "cc": (share(6, *shape), "(0 - 1)", "unknown"),
        "w": (0.2 * waves(7, *shape), "Pa s**-1", "lagrangian_tendency_of_air_pressure"),
    }
    for half in range(2):
        with File(tmp_path / "in" / f"pl_{half}.nc") as file:
            file.dimensions(valid_time=6, pressure_level=3, latitude=ROWS, longitude=COLUMNS)
            when = (1704067200 + 21600 * (6 * half + np.arange(6))).astype("i8")
            file.add("valid_time", "valid_time", when, units="seconds since 1970-01-01",
                     calendar="proleptic_gregorian", standard_name="time")  # fmt: skip
            file.add("pressure_level", "pressure_level", levels, units="hPa", positive="down",
                     stored_direction="decreasing", standard_name="air_pressure")  # fmt: skip
            file.grid(descending(), longitudes(), ("latitude", "longitude"), bounds=False)
            for name, (values, unit, standard) in fields.items():
                part = values[6 * half : 6 * half + 6].astype("f4")
                file.add(name, "valid_time pressure_level latitude longitude", part,
                         fill=np.float32(np.nan), units=unit, standard_name=standard)  # fmt: skip
    outcome = run_recipe(edited("era5-pressure-levels", tmp_path, f"{tmp_path}/in/*.nc"))
    assert faults(outcome) == []
    assert_bounds_of_recipe(outcome, {"t", "u", "z", "q"})
    reports = found(outcome)
    assert reports["t"].how == reports["u"].how == reports["z"].how == "lossy"
    assert reports["w"].bound is None or "sigma" in reports["w"].bound.text


def cmip6_file(path: Path, start: int, steps: int, step: float, fields: dict[str, Any]) -> None:
    """A file as CMIP6's data request wants it, with the variables given."""
    attributes = {"mip_era": "CMIP6", "source_id": "TEST-1", "variant_label": "r1i1p1f1",
                  "tracking_id": f"hdl:21.14100/{path.name}"}  # fmt: skip
    with File(path, "NETCDF4_CLASSIC", **attributes) as file:
        file.dimensions(time=None, lat=ROWS, lon=COLUMNS, bnds=2)
        file.times(start, steps, step, units="days since 1850-01-01", calendar="noleap")
        file.grid(ascending(), longitudes(), ("lat", "lon"), bounds=True)
        for name, (dims, values, more) in fields.items():
            part = np.asarray(values)
            if dims.startswith("time"):
                part = part[start // round(step) : start // round(step) + steps]
            for dim, size in zip(dims.split(), part.shape, strict=True):
                if dim not in file.file.dimensions:
                    file.dimensions(**{dim: size})
            if dims.startswith("time"):
                part = part.astype("f4")
                more = {"fill": FILL, "missing_value": FILL, "cell_methods": "area: time: mean",
                        "cell_measures": "area: areacella", **more}  # fmt: skip
            file.add(name, dims, part, **more)


HEIGHT = ("", np.float64(2), {"units": "m", "axis": "Z", "positive": "up",
                              "standard_name": "height"})  # fmt: skip


def cmip6_files(
    folder: Path, periods: int, steps: int, step: float, fields: dict[str, Any]
) -> None:
    """Each variable in files of its own, one a period, with the coordinates that it needs."""
    data = [name for name, (dims, _, _) in fields.items() if dims.startswith("time")]
    for name in data:
        dims, _, more = fields[name]
        terms = {"lev", "ap", "b", "ps"} if "lev" in dims.split() else set()
        wanted = {name, *dims.split(), *more.get("coordinates", "").split(), *terms}
        own = {key: fields[key] for key in fields if key in wanted}
        for period in range(periods):
            start = period * steps * round(step)
            cmip6_file(folder / f"{name}_TEST-1_{start:05d}.nc", start, steps, step, own)


def daily_fields() -> dict[str, Any]:
    shape = (60, ROWS, COLUMNS)
    tas = 280 + 10 * waves(1, *shape)
    warm = {"units": "K", "standard_name": "air_temperature", "coordinates": "height"}
    flux = "surface_downwelling_shortwave_flux_in_air"
    return {
        "height": HEIGHT,
        "tas": ("time lat lon", tas, warm),
        "tasmax": ("time lat lon", tas + 4 + waves(2, *shape) ** 2, warm),
        "pr": ("time lat lon", showers(3, *shape, scale=1e-5),
               {"units": "kg m-2 s-1", "standard_name": "precipitation_flux"}),
        "psl": ("time lat lon", 1e5 + 900 * waves(4, *shape),
                {"units": "Pa", "standard_name": "air_pressure_at_mean_sea_level"}),
        "huss": ("time lat lon", 5e-3 * np.exp(waves(5, *shape)),
                 {"units": "1", "standard_name": "specific_humidity"}),
        "clt": ("time lat lon", 100 * share(6, *shape),
                {"units": "%", "standard_name": "cloud_area_fraction"}),
        "rsds": ("time lat lon", 200 + 60 * waves(7, *shape),
                 {"units": "W m-2", "standard_name": flux}),
    }  # fmt: skip


def test_cmip6_daily(tmp_path: Path, faults: Faults) -> None:
    fields = daily_fields()
    cmip6_files(tmp_path / "in", 2, 30, 1, fields)
    assert len(list((tmp_path / "in").iterdir())) == 14
    outcome = run_recipe(edited("cmip6-daily", tmp_path, f"{tmp_path}/in/*.nc"))
    assert faults(outcome) == []
    assert_bounds_of_recipe(outcome, {"tas", "tasmax", "pr", "psl", "huss", "rsds"})
    reports = found(outcome)
    assert reports["tas"].how == reports["psl"].how == reports["pr"].how == "lossy"
    assert outcome.report is not None
    assert any("tracking_id" in text for text in outcome.report.warnings)
    with xr.open_zarr(outcome.store) as archive:
        assert archive.sizes["time"] == 60
        assert archive.time.encoding["calendar"] == "noleap"


def test_cmip6_monthly(tmp_path: Path, faults: Faults) -> None:
    shape, deep = (36, ROWS, COLUMNS), (36, 3, ROWS, COLUMNS)
    levels = np.array([85000.0, 50000.0, 5000.0])
    hybrid = np.array([0.99, 0.5, 0.1])
    lev = {"units": "1", "positive": "down", "formula": "p = ap + b*ps", "axis": "Z",
           "standard_name": "atmosphere_hybrid_sigma_pressure_coordinate",
           "formula_terms": "ap: ap b: b ps: ps"}  # fmt: skip
    fields: dict[str, Any] = {
        "plev": ("plev", levels, {"units": "Pa", "positive": "down", "axis": "Z",
                                  "standard_name": "air_pressure"}),
        "lev": ("lev", hybrid, lev),
        "ap": ("lev", 1e3 * (1 - hybrid), {"units": "Pa"}),
        "b": ("lev", hybrid, {"units": "1"}),
        "height": HEIGHT,
        "ta": ("time plev lat lon", 250 + 9 * waves(1, *deep),
               {"units": "K", "standard_name": "air_temperature"}),
        "cl": ("time lev lat lon", 100 * share(2, *deep),
               {"units": "%", "standard_name": "cloud_area_fraction_in_atmosphere_layer"}),
        "ps": ("time lat lon", 9.8e4 + 900 * waves(3, *shape),
               {"units": "Pa", "standard_name": "surface_air_pressure"}),
        "tas": ("time lat lon", 280 + 10 * waves(4, *shape),
                {"units": "K", "standard_name": "air_temperature", "coordinates": "height"}),
        "hus": ("time plev lat lon", 5e-3 * np.exp(waves(5, *deep)),
                {"units": "1", "standard_name": "specific_humidity"}),
        "rlut": ("time lat lon", 230 + 30 * waves(6, *shape),
                 {"units": "W m-2", "standard_name": "toa_outgoing_longwave_flux"}),
    }  # fmt: skip
    fields["ta"][1][:, 0, 3:6, 4:9] = FILL  # below the ground
    fields["hus"][1][:, 0, 3:6, 4:9] = FILL
    cmip6_files(tmp_path / "in", 2, 18, 30, fields)
    outcome = run_recipe(edited("cmip6-monthly", tmp_path, f"{tmp_path}/in/*.nc"))
    assert faults(outcome) == []
    names = {f"atmosphere/{name}" for name in ("ta", "tas", "hus", "rlut", "cl")}
    assert_bounds_of_recipe(outcome, names)
    reports = found(outcome)
    assert reports["atmosphere/ta"].how == reports["atmosphere/tas"].how == "lossy"
    # ps is a term of the levels' formula: it is kept exactly, whatever a pattern says.
    assert reports.get("atmosphere/ps") is None or reports["atmosphere/ps"].how == "lossless"


@pytest.mark.parametrize("grid", ["lat lon", "ncol"])
def test_cesm_monthly(tmp_path: Path, faults: Faults, grid: str) -> None:
    sizes = (ROWS, COLUMNS) if grid == "lat lon" else (ROWS * COLUMNS,)
    months = 24
    for year in range(2):
        with File(tmp_path / "in" / f"x.cam.h0.{year:04d}.nc", "NETCDF4_CLASSIC") as file:
            file.dimensions(time=None, lev=4, ilev=5, nbnd=2, chars=8)
            if grid == "ncol":
                file.dimensions(ncol=sizes[0])
                row, column = np.divmod(np.arange(sizes[0]), COLUMNS)
                file.add("lat", "ncol", ascending()[row], units="degrees_north")
                file.add("lon", "ncol", longitudes()[column], units="degrees_east")
                file.add("area", "ncol", np.cos(np.radians(ascending()[row])), units="steradian")
            else:
                file.dimensions(lat=ROWS, lon=COLUMNS)
                file.add("lat", "lat", ascending(), units="degrees_north", long_name="latitude")
                file.add("lon", "lon", longitudes(), units="degrees_east", long_name="longitude")
                file.add("gw", "lat", np.cos(np.radians(ascending())))
            terms = "a: hyam b: hybm p0: P0 ps: PS"
            levels = np.array([50.0, 300.0, 700.0, 990.0])
            file.add("lev", "lev", levels, units="level", positive="down", formula_terms=terms,
                     standard_name="atmosphere_hybrid_sigma_pressure_coordinate")  # fmt: skip
            file.add("ilev", "ilev", np.arange(5.0), units="level")
            for name, dim, n in (("hyam", "lev", 4), ("hybm", "lev", 4), ("hyai", "ilev", 5)):
                file.add(name, dim, np.linspace(0, 1, n), long_name="hybrid coefficient")
            file.add("P0", "", np.float64(1e5), units="Pa")
            file.add("ndbase", "", np.int32(0), long_name="base day")
            ends = 365.0 / 12 * (12 * year + np.arange(13))
            file.add("time", "time", ends[1:], units="days since 0001-01-01 00:00:00",
                     calendar="noleap", bounds="time_bnds")  # fmt: skip
            file.add("time_bnds", "time nbnd", np.stack([ends[:-1], ends[1:]], 1))
            file.add("date", "time", np.arange(12, dtype="i4") + 10101, long_name="YYYYMMDD")
            names = np.array([list("01/01/09")] * 12, dtype="S1")
            file.add("date_written", "time chars", names)
            part = slice(12 * year, 12 * year + 12)
            for name, values, unit in (
                ("T", 250 + 9 * waves(1, months, 4, *sizes), "K"),
                ("Q", 3e-3 * np.exp(waves(2, months, 4, *sizes)), "kg/kg"),
                ("PS", 9.8e4 + 900 * waves(3, months, *sizes), "Pa"),
                ("TS", 285 + 9 * waves(4, months, *sizes), "K"),
                ("PRECT", showers(5, months, *sizes, scale=1e-8), "m/s"),
                ("CLDTOT", share(6, months, *sizes), "fraction"),
                ("FLNT", 230 + 30 * waves(7, months, *sizes), "W/m2"),
            ):
                dims = f"time lev {grid}" if values.ndim > len(sizes) + 1 else f"time {grid}"
                single = values.astype("f4")
                if name == "PRECT":
                    single[single == 0] = np.where(single[single == 0].cumsum() == 0, -1e-20, 0)
                file.add(name, dims, single[part], units=unit, cell_methods="time: mean")
    outcome = run_recipe(edited("cesm-monthly", tmp_path, f"{tmp_path}/in/*.nc"))
    assert faults(outcome) == []
    assert_bounds_of_recipe(outcome, {"T", "Q", "TS", "PRECT", "FLNT"})
    reports = found(outcome)
    assert reports["T"].how == reports["TS"].how == "lossy"
    archive = open_archive(outcome.store)
    assert archive.read("date_written").shape == (24, 8)


def test_ocean_daily_on_a_curvilinear_grid(tmp_path: Path, faults: Faults) -> None:
    y, x = np.mgrid[0:ROWS, 0:COLUMNS].astype("f8")
    lat, lon = -60 + 5 * y + np.sin(x / 6), (10 * x + 3 * np.cos(y / 5)) % 360
    land = (waves(3, ROWS, COLUMNS) > 0.5) | (y < 3)
    shape = (40, ROWS, COLUMNS)
    corners = np.stack([lat - 2, lat - 2, lat + 2, lat + 2], 2)
    fields = {
        "tos": (15 + 9 * waves(1, *shape), "degC", "sea_surface_temperature"),
        "sos": (35 + waves(2, *shape), "0.001", "sea_surface_salinity"),
        "zos": (waves(4, *shape), "m", "sea_surface_height_above_geoid"),
        "siconc": (share(5, *shape), "1", "sea_ice_area_fraction"),
        "sithick": (showers(6, *shape, scale=0.5), "m", "sea_ice_thickness"),
    }
    for start in (0, 20):
        with File(tmp_path / "in" / f"ocean_{start}.nc") as file:
            file.dimensions(time=None, j=ROWS, i=COLUMNS, bnds=2, vertices=4)
            file.times(start, 20, units="days since 2000-01-01", calendar="gregorian")
            file.add("i", "i", np.arange(COLUMNS, dtype="i4"), units="1")
            file.add("j", "j", np.arange(ROWS, dtype="i4"), units="1")
            file.add("latitude", "j i", lat, units="degrees_north", standard_name="latitude",
                     bounds="vertices_latitude")  # fmt: skip
            file.add("longitude", "j i", lon, units="degrees_east", standard_name="longitude")
            file.add("vertices_latitude", "j i vertices", corners)
            file.add("areacello", "j i", np.cos(np.radians(lat)) * 1e10, units="m2",
                     standard_name="cell_area")  # fmt: skip
            for name, (values, unit, standard) in fields.items():
                part = values[start : start + 20].astype("f4")
                part[:, land] = FILL if name != "zos" else np.nan
                fill = FILL if name != "zos" else np.float32(np.nan)
                file.add(name, "time j i", part, fill=fill, missing_value=fill, units=unit,
                         standard_name=standard, coordinates="latitude longitude",
                         cell_measures="area: areacello")  # fmt: skip
    outcome = run_recipe(edited("ocean-daily", tmp_path, f"{tmp_path}/in/*.nc"))
    assert faults(outcome) == []
    assert_bounds_of_recipe(outcome, {"tos"})
    reports = found(outcome)
    assert reports["tos"].how == "lossy"
    with xr.open_zarr(outcome.store) as archive:
        for name in fields:
            np.testing.assert_array_equal(
                np.isnan(archive[name].values), np.broadcast_to(land, shape)
            )
        siconc = fields["siconc"][0].astype("f4")
        actual = archive.siconc.values
        np.testing.assert_array_equal(actual[:, ~land] == 0, siconc[:, ~land] == 0)


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, since the quickstart writes where it is run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_quickstart_runs_as_it_is(inside: Path, iris_data: Path, faults: Faults) -> None:
    path = bundled_recipes()["quickstart"]
    recipe = parse_recipe(path.read_text(encoding="utf-8"), path)
    assert recipe.cluster.kind == "inline"
    outcome = run_recipe(recipe)
    assert Path(outcome.store) == inside / "quickstart.zarr"
    assert faults(outcome) == []
    reports = found(outcome)
    # Climate tests may send a variable to a tighter rung, or to the last one: never out.
    assert outcome.report is not None
    everything = {v.name: v for v in outcome.report.variables}
    assert reports["a1b/air_temperature"].bound is not None
    assert reports["a1b/air_temperature"].bound.text == "0.1 K"
    for name in ("a1b/air_temperature", "sst/surface_temperature"):
        assert everything[name].raw_bytes > 2.5 * everything[name].stored_bytes


def test_previews(tmp_path: Path) -> None:
    shape = (24, 48, 72)
    fields = {
        "tas": (285 + 8 * waves(1, *shape), "K", "air_temperature"),
        "psl": (101000 + 900 * waves(2, *shape), "Pa", "air_pressure_at_mean_sea_level"),
        "zg": (5500 + 80 * waves(3, *shape), "m", "geopotential_height"),
    }
    with File(tmp_path / "in" / "model.nc") as file:
        file.dimensions(time=24, lat=48, lon=72, bnds=2)
        file.times(0, 24, units="days since 2000-01-01", calendar="noleap")
        lat, lon = -88.125 + 3.75 * np.arange(48), 5.0 * np.arange(72)
        file.grid(lat, lon, ("lat", "lon"), bounds=True)
        for name, (values, unit, standard) in fields.items():
            file.add(name, "time lat lon", values.astype("f4"), units=unit, standard_name=standard)
    outcome = run_recipe(edited("previews", tmp_path, f"{tmp_path}/in/*.nc"))
    reports = found(outcome)
    assert {name: v.how for name, v in reports.items()} == dict.fromkeys(
        ("preview/tas", "preview/psl", "preview/zg"), "preview"
    )
    ratio = reports["preview/zg"].ratio
    assert ratio is not None
    assert ratio >= 200
    with xr.open_zarr(outcome.store, group="preview") as archive:
        for name, wanted in (("tas", 0.5), ("psl", 50)):
            left = archive[name].values.astype("f8") - fields[name][0].astype("f4")
            assert np.sqrt(np.mean(left**2)) <= wanted
        assert archive.lat_bnds.shape == (48, 2)
