"""Awkward sources, from file to archive and back: nothing is lost that was not allowed to be."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
import xarray as xr

from climcomp.archive import is_published, open_archive, open_store
from climcomp.errors import RecipeError, SourceError
from climcomp_metrics.report import Report, VariableReport
from climcomp_workflows.plan.model import Plan, VariablePlan
from climcomp_workflows.recipe import Recipe, parse_recipe
from climcomp_workflows.run import run_recipe
from climcomp_workflows.run.start import RunOutcome
from climcomp_workflows.verify import verify_archive

Faults = Callable[[RunOutcome], list[str]]
Values = np.ndarray[Any, Any]
# Name: (dims, values, attributes); a name with a slash is of a group.
Variables = dict[str, tuple[tuple[str, ...], Any, dict[str, Any]]]

STEPS, ROWS, COLUMNS = 30, 12, 16


def weather(*shape: int, mean: float = 280.0, seed: int = 5) -> Values:
    """Waves and noise in float32, of the shape asked for."""
    rng = np.random.default_rng(seed)
    waves = sum(
        np.sin(2 * np.pi * np.arange(n) / max(2, n)).reshape(-1, *[1] * (len(shape) - 1 - axis))
        for axis, n in enumerate(shape)
    )
    return (mean + 4 * np.asarray(waves) + 0.5 * rng.standard_normal(shape)).astype("f4")


def axes(steps: int = STEPS, rows: int = ROWS, columns: int = COLUMNS) -> Variables:
    """Time, latitude and longitude of a global grid."""
    lat = -90 + (np.arange(rows) + 0.5) * 180 / rows
    time = {"units": "days since 2001-01-01", "calendar": "noleap", "standard_name": "time"}
    return {
        "time": (("time",), np.arange(steps, dtype="f8"), time),
        "lat": (("lat",), lat, {"units": "degrees_north", "standard_name": "latitude"}),
        "lon": (("lon",), np.arange(columns) * 360.0 / columns, {"units": "degrees_east"}),
    }


def write(
    path: Path,
    variables: Variables,
    *,
    format: str = "NETCDF4",
    unlimited: tuple[str, ...] = ("time",),
    **options: Any,
) -> Path:
    """Write variables as they are given: nothing is masked, scaled or decoded on the way."""
    with netCDF4.Dataset(path, "w", format=format) as file:
        file.setncatts({"title": "awkward", "history": "made by a test"})
        for name, (dims, values, attributes) in variables.items():
            folder, _, short = name.rpartition("/")
            group = file.createGroup(folder) if folder else file
            array = np.asarray(values)
            sizes = [0 if dim in unlimited else n for dim, n in zip(dims, array.shape, strict=True)]
            for dim, size in zip(dims, sizes, strict=True):
                known = group.dimensions.get(dim, file.dimensions.get(dim))
                if known is None or (known.size != size and not known.isunlimited()):
                    group.createDimension(dim, size or None)
            rest = dict(attributes)
            kind: Any = str if array.dtype.kind in "OU" else array.dtype
            extra = {} if kind is str or not dims or format != "NETCDF4" else options
            variable = group.createVariable(
                short, kind, dims, fill_value=rest.pop("_FillValue", None), **extra
            )
            variable.set_auto_maskandscale(False)
            variable.set_auto_chartostring(False)
            variable.setncatts(rest)
            if array.size:
                texts = array.astype(object) if array.shape else array.item()
                variable[...] = texts if kind is str else array
    return path


def recipe_of(files: Path | str, extra: str = "", output: str = "") -> Recipe:
    """A recipe of one source, whose archive is beside it."""
    return parse_recipe(
        f"recipe: 1\nname: awkward\ninput: {{files: '{files}'}}\n"
        f"output: {{store: '{Path(files).parent / 'out.zarr'}'{output}}}\n"
        f"cluster: {{kind: inline}}\n{extra}"
    )


def reported(outcome: RunOutcome, name: str) -> VariableReport:
    assert outcome.report is not None
    (found,) = (v for v in outcome.report.variables if v.name == name)
    return found


def planned(outcome: RunOutcome, name: str) -> VariablePlan:
    document = open_archive(outcome.store).document("plan.json")
    return Plan.from_dict(json.loads(document)).variable(name)


def stored(outcome: RunOutcome, name: str) -> Values:
    return open_archive(outcome.store).read(name)


FIELD = ("time", "lat", "lon")
KELVIN = {"units": "K", "standard_name": "air_temperature"}


# Formats and groups


@pytest.mark.parametrize(
    "format", ["NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"]
)
def test_every_netcdf3_comes_back(tmp_path: Path, faults: Faults, format: str) -> None:
    dates = np.array([list(f"2001-01-{day + 1:02d}") for day in range(STEPS)], dtype="S1")
    variables: Variables = {
        **axes(),
        "tas": (FIELD, weather(STEPS, ROWS, COLUMNS), {**KELVIN, "_FillValue": np.float32(1e20)}),
        "date": (("time", "width"), dates, {}),
        "count": (("lat",), np.arange(ROWS, dtype="i2"), {"units": "1"}),
        "flag": (
            ("lat", "lon"),
            np.full((ROWS, COLUMNS), -1, "i1"),
            {"flag_values": np.int8([-1])},
        ),
        "p0": ((), np.float64(1e5), {"units": "Pa"}),
    }
    outcome = run_recipe(recipe_of(write(tmp_path / "a.nc", variables, format=format)))
    assert faults(outcome) == []
    assert reported(outcome, "tas").how == "lossy"


def test_groups_with_inherited_and_own_dimensions_come_back(tmp_path: Path, faults: Faults) -> None:
    variables: Variables = {
        **axes(),
        "tas": (FIELD, weather(STEPS, ROWS, COLUMNS), KELVIN),
        "forecast/tas": (FIELD, weather(STEPS, ROWS, COLUMNS, seed=6), KELVIN),
        "forecast/short/lat": (("lat",), np.linspace(60, -60, 6), {"units": "degrees_north"}),
        "forecast/short/lon": (("lon",), np.arange(8) * 45.0, {"units": "degrees_east"}),
        "forecast/short/ps": (("lat", "lon"), weather(6, 8, mean=1e5), {"units": "Pa"}),
    }
    outcome = run_recipe(recipe_of(write(tmp_path / "a.nc", variables)))
    assert faults(outcome) == []
    assert {reported(outcome, name).how for name in ("tas", "forecast/tas")} == {"lossy"}


@pytest.mark.parametrize("format", [2, 3])
def test_zarr_of_both_formats_comes_back(tmp_path: Path, faults: Faults, format: int) -> None:
    values = weather(STEPS, ROWS, COLUMNS)
    values[:, 3:5, 2:9] = np.nan
    variables: Variables = {
        **axes(),
        "tas": (FIELD, np.where(np.isnan(values), np.float32(1e20), values),
                {**KELVIN, "_FillValue": np.float32(1e20)}),
        "packed": (FIELD, np.arange(STEPS * ROWS * COLUMNS).reshape(values.shape).astype("i2"),
                   {"units": "K", "scale_factor": 0.01, "add_offset": 270.0,
                    "_FillValue": np.int16(-32768)}),
        "name": (("lat",), np.array([f"row {i} é" for i in range(ROWS)], dtype=object), {}),
        "number": (("lat",), np.arange(ROWS, dtype="i8") + 2**60, {"units": "1"}),
    }  # fmt: skip
    path = write(tmp_path / "a.nc", variables)
    store = tmp_path / f"a{format}.zarr"
    with warnings.catch_warnings(), xr.open_dataset(path, chunks=None) as dataset:
        warnings.simplefilter("ignore")  # xarray's about strings in Zarr format 3
        dataset.to_zarr(store, zarr_format=format, consolidated=format == 2)  # type: ignore[call-overload]
    outcome = run_recipe(recipe_of(store))
    assert faults(outcome) == []
    assert reported(outcome, "tas").how == "lossy"
    assert reported(outcome, "packed").how in ("lossless", "carried")


# Many files


def test_files_with_a_gap_are_joined_and_the_gap_is_in_the_report(
    tmp_path: Path, faults: Faults
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    whole = weather(STEPS, ROWS, COLUMNS)
    for number, (start, stop) in enumerate(((20, 30), (0, 8), (8, 14))):
        part = axes(stop - start)
        part["time"] = (("time",), np.arange(start, stop) + 0.5, part["time"][2])
        part["tas"] = (FIELD, whole[start:stop], KELVIN)
        write(folder / f"{number}.nc", part)
    outcome = run_recipe(recipe_of(f"{folder}/*.nc"))
    assert faults(outcome) == []
    assert outcome.report is not None
    (gap,) = (text for text in outcome.report.warnings if "gap in time" in text)
    assert "2.nc" in gap
    assert "0.nc" in gap
    kept = np.r_[0:14, 20:30]
    np.testing.assert_array_equal(stored(outcome, "time"), kept + 0.5)
    assert reported(outcome, "tas").how == "lossy"
    bound = planned(outcome, "tas").ladder[0].bounds
    assert bound is not None
    assert np.abs(stored(outcome, "tas").astype("f8") - whole[kept]).max() <= bound[0].value
    archive = open_archive(outcome.store)
    assert archive.unlimited[""] == ("time",)
    with xr.open_zarr(outcome.store, chunks=None) as found:
        assert found.sizes["time"] == kept.size


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tas": {"units": "degC"}}, "units of 'tas' differs"),
        ({"time": {"calendar": "360_day"}}, "calendar of 'time' differs"),
        ({"rows": 10}, "the dimension 'lat' differs"),
        ({"start": 5}, "overlap in 'time'"),
    ],
)
def test_files_that_disagree_are_refused_before_anything_is_written(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number, (start, more) in enumerate(((0, {}), (change.get("start", STEPS), change))):
        part = axes(rows=more.get("rows", ROWS))
        part["time"] = (
            ("time",), np.arange(STEPS) + float(start), {**part["time"][2], **more.get("time", {})},
        )  # fmt: skip
        values = weather(STEPS, more.get("rows", ROWS), COLUMNS)
        part["tas"] = (FIELD, values, {**KELVIN, **more.get("tas", {})})
        write(folder / f"{number}.nc", part)
    with pytest.raises(SourceError, match=message) as error:
        run_recipe(recipe_of(f"{folder}/*.nc"))
    assert "0.nc" in str(error.value)
    assert "1.nc" in str(error.value)
    assert not is_published(open_store(folder / "out.zarr"))


# Packing, fills and special values


def packed(scale: Any, offset: Any) -> Variables:
    values = weather(STEPS, ROWS, COLUMNS)
    numbers = np.round((values.astype("f8") - float(offset)) / float(scale)).astype("i2")
    numbers[:, :3, :5] = -32767
    attributes = {
        **KELVIN,
        "scale_factor": scale,
        "add_offset": offset,
        "valid_max": np.int16(9999),
    }
    return {**axes(), "tas": (FIELD, numbers, {**attributes, "_FillValue": np.int16(-32767)})}


@pytest.mark.parametrize("number", [np.float32, np.float64])
def test_packed_integers_stay_packed_where_the_recipe_gives_no_bound_to_keep(
    tmp_path: Path, faults: Faults, number: type[np.floating[Any]]
) -> None:
    path = write(tmp_path / "a.nc", packed(number(0.002), number(280)), zlib=True)
    outcome = run_recipe(recipe_of(path, "quality: bounds\n"))
    assert faults(outcome) == []
    assert reported(outcome, "tas").how in ("lossless", "carried")
    assert stored(outcome, "tas").dtype == np.int16


@pytest.mark.parametrize("number", [np.float32, np.float64])
def test_packed_integers_are_smaller_within_a_bound_of_the_recipe(
    tmp_path: Path, faults: Faults, number: type[np.floating[Any]]
) -> None:
    path = write(tmp_path / "a.nc", packed(number(0.002), number(280)))
    exact = run_recipe(recipe_of(path, "quality: lossless\n"))
    size = reported(exact, "tas").stored_bytes
    (tmp_path / "out.zarr").rename(tmp_path / "exact.zarr")
    outcome = run_recipe(recipe_of(path, "quality: bounds\nvariables: {tas: {bound: 0.1 K}}\n"))
    assert faults(outcome) == []
    found = reported(outcome, "tas")
    assert found.how == "lossy"
    assert found.stored_bytes < size
    with xr.open_zarr(outcome.store) as archive, xr.open_dataset(path) as original:
        error = np.abs(archive.tas.values.astype("f8") - original.tas.values.astype("f8"))
        assert np.nanmax(error) <= 0.1
        assert int(np.isnan(archive.tas.values).sum()) == STEPS * 3 * 5


def test_two_different_fills_and_one_in_a_wider_type_mark_the_same_cells(
    tmp_path: Path, faults: Faults
) -> None:
    values = weather(STEPS, ROWS, COLUMNS)
    values[:, 2, 3:9], values[:, 5, 1] = 1e20, -999.0
    wide = values.copy()
    attributes = {**KELVIN, "_FillValue": np.float32(1e20), "missing_value": np.float32(-999)}
    variables: Variables = {
        **axes(),
        "tas": (FIELD, values, attributes),
        "ta2": (FIELD, wide, {**KELVIN, "_FillValue": np.float32(1e20), "missing_value": 1e20}),
        "only": (FIELD, values, {**KELVIN, "missing_value": np.float32(1e20)}),
    }
    outcome = run_recipe(recipe_of(write(tmp_path / "a.nc", variables)))
    assert faults(outcome) == []
    for name in ("tas", "ta2", "only"):
        assert reported(outcome, name).how == "lossy"
        # Not only masks: which of the fills stood where is kept.
        actual = stored(outcome, name)
        np.testing.assert_array_equal(actual[:, 2, 3:9], np.float32(1e20))
    np.testing.assert_array_equal(stored(outcome, "tas")[:, 5, 1], np.float32(-999))


def test_undeclared_huge_values_among_data_harm_nobody(tmp_path: Path, faults: Faults) -> None:
    values = weather(STEPS, ROWS, COLUMNS)
    values[::7, 4, 4:8] = 1e20
    path = write(tmp_path / "a.nc", {**axes(), "tas": (FIELD, values, KELVIN)})
    outcome = run_recipe(recipe_of(path, "variables: {tas: {bound: 0.05 K, exact: [1.0e+20]}}\n"))
    assert faults(outcome) == []
    error = np.abs(stored(outcome, "tas").astype("f8") - values)
    assert error.max() <= 0.05
    np.testing.assert_array_equal(stored(outcome, "tas")[::7, 4, 4:8], np.float32(1e20))
    # Nobody said that they are no values: a bound of the table must hold on them as well.
    plain = tmp_path / "plain"
    plain.mkdir()
    path = write(plain / "a.nc", {**axes(), "tas": (FIELD, values, KELVIN)})
    outcome = run_recipe(recipe_of(path))
    assert faults(outcome) == []


def test_infinities_come_back_in_lossy_variables(tmp_path: Path, faults: Faults) -> None:
    values = weather(STEPS, ROWS, COLUMNS)
    values[3, 4, 5], values[6, 7, 8], values[9, 1, 2] = np.inf, -np.inf, np.nan
    path = write(tmp_path / "a.nc", {**axes(), "tas": (FIELD, values, KELVIN)})
    outcome = run_recipe(recipe_of(path, "quality: bounds\nvariables: {tas: {bound: 0.05 K}}\n"))
    assert faults(outcome) == []
    assert reported(outcome, "tas").how == "lossy"
    actual = stored(outcome, "tas")
    assert actual[3, 4, 5] == np.inf
    assert actual[6, 7, 8] == -np.inf
    assert np.isnan(actual[9, 1, 2])


@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_lossless_means_the_bits(tmp_path: Path, faults: Faults, kind: str) -> None:
    values = weather(STEPS, ROWS, COLUMNS).astype(kind)
    values[0, 0, :3] = -0.0, np.inf, -np.inf
    whole = values.view(f"u{values.itemsize}")
    quiet = whole.dtype.type(np.array(np.nan, kind).view(whole.dtype))
    whole[1, 1, :4] = quiet + 1, quiet + 77, quiet | (1 << (8 * values.itemsize - 1)), quiet
    path = write(tmp_path / "a.nc", {**axes(), "tas": (FIELD, values, KELVIN)})
    outcome = run_recipe(recipe_of(path, "quality: lossless\n"))
    assert faults(outcome) == []
    assert stored(outcome, "tas").tobytes() == values.tobytes()


# Shapes and types


def test_odd_types_and_shapes_are_carried_over(tmp_path: Path, faults: Faults) -> None:
    rng = np.random.default_rng(2)
    variables: Variables = {
        **axes(),
        "tas": (FIELD, weather(STEPS, ROWS, COLUMNS), KELVIN),
        "nobody": (("empty", "lat", "lon"), np.empty((0, ROWS, COLUMNS), "f4"), KELVIN),
        "scalar": ((), np.float32(2.5), {"units": "m"}),
        "integer": ((), np.int32(-7), {}),
        "words": (("lat",), np.array([""] + ["x" * i for i in range(1, ROWS)], dtype=object), {}),
        "letters": (("lat", "width"), np.array([list("ab\0d")] * ROWS, dtype="S1"), {}),
        "long": (("lat",), rng.integers(-(2**62), 2**62, ROWS), {}),
        "byte": (("lat", "lon"), rng.integers(0, 256, (ROWS, COLUMNS)).astype("u1"), {}),
        "wide": (("lat",), rng.integers(0, 2**63, ROWS).astype("u8") * 2 + 1, {}),
        "yes": (("lat",), (np.arange(ROWS) % 2).astype("i1"), {"dtype": "bool"}),
        "short": (FIELD, rng.integers(0, 9, (STEPS, ROWS, COLUMNS)).astype("u2"), {"units": "1"}),
    }
    path = write(tmp_path / "a.nc", variables, unlimited=("time", "empty"))
    outcome = run_recipe(recipe_of(path))
    assert faults(outcome) == []
    assert stored(outcome, "nobody").shape == (0, ROWS, COLUMNS)
    assert open_archive(outcome.store).unlimited[""] == ("time", "empty")


def test_a_text_without_dimensions_is_carried_over(tmp_path: Path, faults: Faults) -> None:
    variables: Variables = {
        **axes(),
        "tas": (FIELD, weather(STEPS, ROWS, COLUMNS), KELVIN),
        "word": ((), np.array("été", dtype=object), {"long_name": "season"}),
    }
    outcome = run_recipe(recipe_of(write(tmp_path / "a.nc", variables)))
    assert faults(outcome) == []
    assert stored(outcome, "word").item() == "été"


def test_booleans_of_hdf5_are_carried_over(tmp_path: Path, faults: Faults) -> None:
    mask = np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS) % 3 == 0
    store = tmp_path / "a.zarr"
    dataset = xr.Dataset(
        {
            "tas": (FIELD, weather(STEPS, ROWS, COLUMNS), KELVIN),
            "mask": (("lat", "lon"), mask),
        }
    )
    dataset.to_zarr(store, zarr_format=3, consolidated=False)
    outcome = run_recipe(recipe_of(store))
    assert faults(outcome) == []
    assert stored(outcome, "mask").dtype == np.bool_


def shapes() -> dict[str, Variables]:
    """Fields in unusual orders and sizes, each with its coordinates."""
    level = (("lev",), np.array([850.0, 500.0, 100.0]), {"units": "hPa", "positive": "down"})
    descending = axes()
    descending["lat"] = (("lat",), descending["lat"][1][::-1].copy(), descending["lat"][2])
    flat = {"lev": level, **{key: axes()[key] for key in ("lat", "lon")}}
    members = {
        **axes(8),
        "lev": level,
        "member": (("member",), np.arange(4, dtype="i4"), {"standard_name": "realization"}),
    }
    point: Variables = {"time": axes(400)["time"], "lat": ((), np.float64(50), axes()["lat"][2])}
    return {
        "descending": {**descending, "tas": (FIELD, weather(STEPS, ROWS, COLUMNS), KELVIN)},
        "level-lon-lat": {**flat, "ta": (("lev", "lon", "lat"), weather(3, COLUMNS, ROWS), KELVIN)},
        "five": {**members, "ta": (("time", "member", "lev", "lat", "lon"),
                                   weather(8, 4, 3, ROWS, COLUMNS), KELVIN)},
        "last-time": {**axes(), "tas": (("lat", "lon", "time"),
                                        weather(ROWS, COLUMNS, STEPS), KELVIN)},
        "series": {**point, "tas": (("time",), weather(400), KELVIN)},
        "one-step": {**axes(1), "tas": (FIELD, weather(1, ROWS, COLUMNS), KELVIN)},
        "float64": {**axes(), "tas": (FIELD, weather(STEPS, ROWS, COLUMNS).astype("f8"), KELVIN)},
        "lone-column": {**axes(), "tas": (("time", "lat"), weather(STEPS, ROWS), KELVIN)},
    }  # fmt: skip


@pytest.mark.parametrize("shape", sorted(shapes()))
def test_an_unusual_shape_is_compressed_within_its_bound(
    tmp_path: Path, faults: Faults, shape: str
) -> None:
    variables = shapes()[shape]
    unlimited = ("time",) if shape != "last-time" else ()
    path = write(tmp_path / "a.nc", variables, unlimited=unlimited)
    outcome = run_recipe(recipe_of(path, "quality: bounds\n"))
    assert faults(outcome) == []
    assert reported(outcome, [*variables][-1]).how == "lossy"


@pytest.mark.parametrize("shape", sorted(shapes()))
def test_an_unusual_shape_in_many_shards_passes_every_test_of_climate(
    tmp_path: Path, faults: Faults, shape: str
) -> None:
    variables = shapes()[shape]
    unlimited = ("time",) if shape != "last-time" else ()
    path = write(tmp_path / "a.nc", variables, unlimited=unlimited)
    outcome = run_recipe(recipe_of(path, output=", shard_size: 4096 B"))
    assert faults(outcome) == []


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (np.float32([[[281.5]]]), "do not vary"),
        (np.full((STEPS, ROWS, COLUMNS), 273.15, "f4"), "do not vary"),
        (np.full((STEPS, ROWS, COLUMNS), np.nan, "f4"), "missing"),
        (np.full((STEPS, ROWS, COLUMNS), np.inf, "f4"), "missing"),
    ],
)
def test_fields_without_variation_keep_every_bit(
    tmp_path: Path, faults: Faults, values: Values, why: str
) -> None:
    variables: Variables = {**axes(*values.shape), "tas": (FIELD, values, KELVIN)}
    outcome = run_recipe(recipe_of(write(tmp_path / "a.nc", variables)))
    assert faults(outcome) == []
    found = reported(outcome, "tas")
    assert found.how in ("lossless", "carried")
    assert any(why in note for note in found.notes)


def oddities() -> dict[str, Variables]:
    """What real files have been seen to hold, one oddity each."""
    field, numbers = weather(STEPS, ROWS, COLUMNS), np.arange(STEPS * ROWS * COLUMNS)
    cells = numbers.reshape(field.shape)

    def tas(values: Values = field, **more: Any) -> Variables:
        return {"tas": (FIELD, values, {**KELVIN, **more})}

    def time(values: Any, **more: Any) -> Variables:
        return {"time": (("time",), values, {"units": "days since 2001-01-01", **more})}

    steps = np.arange(STEPS)
    pole = {"grid_mapping_name": "rotated_latitude_longitude",
            "grid_north_pole_latitude": 39.25, "grid_north_pole_longitude": -162.0}  # fmt: skip
    rotated: Variables = {
        "time": axes()["time"],
        "rlat": (("rlat",), np.linspace(-20, 20, ROWS), {"standard_name": "grid_latitude"}),
        "rlon": (("rlon",), np.linspace(-20, 20, COLUMNS), {"standard_name": "grid_longitude"}),
        "pole": ((), np.int32(0), pole),
        "tas": (("time", "rlat", "rlon"), field, {**KELVIN, "grid_mapping": "pole"}),
    }
    unsigned = {"_Unsigned": "true", "scale_factor": 0.1, "_FillValue": np.int8(-1), "units": "K"}
    return {
        "nothing": {},
        "only-coordinates": axes(),
        "no-steps": {**axes(0), "tas": (FIELD, field[:0], KELVIN)},
        "no-coordinates": {"tas": (("a", "b", "c"), field, {})},
        "names": {**axes(), "air temperature é": (FIELD, field, KELVIN),
                  "c": (FIELD, field, KELVIN), "a.b-c+d": (("lat",), np.arange(ROWS), {})},
        "packed-time": {**axes(), **time(steps.astype("i2"), scale_factor=0.5, add_offset=1.0),
                        **tas()},
        "time-with-fill": {**axes(), **time(steps * 1.0, _FillValue=1e36), **tas()},
        "unsigned": {**axes(), **tas(), "u": (FIELD, cells.astype("i1"), unsigned)},
        "days": {**axes(), "cdd": (FIELD, np.abs(field - 260), {"units": "days"})},
        "tiny": {**axes(), "x": (FIELD, (field * 1e-41).astype("f4"), {"units": "1"})},
        "nearly-empty": {**axes(), **tas(np.where(cells % 997, np.float32(np.nan), field))},
        "nearly-zero": {**axes(), **tas((cells == 77).astype("f4"))},
        "two-missing-values": {**axes(), **tas(missing_value=np.float32([-999, 1e20]))},
        "missing-value-of-text": {**axes(), **tas(missing_value="none")},
        "dangling-names": {**axes(), **tas(coordinates="nowhere lat lon", grid_mapping="crs",
                                           cell_measures="area: areacella")},
        "attributes": {**axes(), **tas(comment="", vector=np.float64([1, np.nan, 3]),
                                       words=["a", "b"], one=np.float32([7]))},
        "rotated": rotated,
    }  # fmt: skip


@pytest.mark.parametrize("oddity", sorted(oddities()))
def test_an_oddity_of_real_files_comes_back(tmp_path: Path, faults: Faults, oddity: str) -> None:
    variables = oddities()[oddity]
    unlimited = ("time",) if "time" in variables else ()
    outcome = run_recipe(recipe_of(write(tmp_path / "a.nc", variables, unlimited=unlimited)))
    assert faults(outcome) == []
    assert open_archive(outcome.store).unlimited.get("", ()) == unlimited


# Classes


def rain(negative: float) -> Values:
    rng = np.random.default_rng(8)
    values = (rng.gamma(0.3, 2e-5, (60, ROWS, COLUMNS)) * rng.integers(0, 2, (60, 1, 1))).astype(
        "f4"
    )
    values[values < 1e-9] = 0
    values[:, 2, ::5] = negative
    return values


def test_round_off_below_zero_is_no_new_negative_rain(tmp_path: Path, faults: Faults) -> None:
    attributes = {"units": "kg m-2 s-1", "standard_name": "precipitation_flux"}
    values = rain(-1e-20)
    path = write(tmp_path / "a.nc", {**axes(60), "pr": (FIELD, values, attributes)})
    outcome = run_recipe(recipe_of(path, "quality: bounds\n"))
    assert faults(outcome) == []
    found = reported(outcome, "pr")
    assert found.kind == "P"
    assert found.how == "lossy"
    (new_negative,) = (v for v in found.verdicts if v.criterion == "F2")
    assert new_negative.outcome in ("pass", "n/a")
    actual = stored(outcome, "pr")
    np.testing.assert_array_equal(actual == 0, values == 0)
    assert (actual[values >= 0] >= 0).all()
    assert (np.abs(actual.astype("f8") - values) <= 0.01 * np.abs(values.astype("f8"))).all()


def test_a_fraction_keeps_its_ends_exactly(tmp_path: Path, faults: Faults) -> None:
    rng = np.random.default_rng(4)
    values = np.clip(weather(60, ROWS, COLUMNS, mean=0) / 8 + 0.5, 0, 1).astype("f4")
    values[rng.random(values.shape) < 0.1] = 1
    values[rng.random(values.shape) < 0.1] = 0
    attributes = {"units": "1", "standard_name": "cloud_area_fraction"}
    path = write(tmp_path / "a.nc", {**axes(60), "clt": (FIELD, values, attributes)})
    outcome = run_recipe(recipe_of(path, "quality: bounds\n"))
    assert faults(outcome) == []
    found = reported(outcome, "clt")
    assert (found.kind, found.how) == ("B", "lossy")
    actual = stored(outcome, "clt")
    for end in (0, 1):
        np.testing.assert_array_equal(actual[values == end], np.float32(end))
    assert actual.min() >= 0
    assert actual.max() <= 1


# Time


@pytest.mark.parametrize(
    ("units", "calendar"),
    [
        ("hour since 0000-01-01 00:00:00", "standard"),
        ("days since 0", "noleap"),
        ("months since 1979-01-01", "gregorian"),
        ("days since 2001-01-01", "none"),
        ("day as %Y%m%d.%f", "proleptic_gregorian"),
        ("years since 1850", "365_day"),
    ],
)
def test_a_calendar_that_cannot_be_decoded_is_carried_over(
    tmp_path: Path, faults: Faults, units: str, calendar: str
) -> None:
    variables = axes()
    variables["time"] = (
        ("time",), np.arange(STEPS) + 20010101.0, {"units": units, "calendar": calendar},
    )  # fmt: skip
    variables["tas"] = (FIELD, weather(STEPS, ROWS, COLUMNS), KELVIN)
    outcome = run_recipe(recipe_of(write(tmp_path / "a.nc", variables)))
    assert faults(outcome) == []
    assert reported(outcome, "tas").how == "lossy"
    assert open_archive(outcome.store).specs["time"].attributes["units"] == units


# Layout


def test_shards_follow_a_source_that_is_chunked_in_time(tmp_path: Path, faults: Faults) -> None:
    steps, rows, columns = 256, 48, 64
    variables: Variables = {
        **axes(steps, rows, columns),
        "tas": (FIELD, weather(steps, rows, columns), KELVIN),
    }
    path = tmp_path / "a.nc"
    with netCDF4.Dataset(write(path, axes(steps, rows, columns)), "a") as file:
        data = file.createVariable("tas", "f4", FIELD, chunksizes=(steps, 6, 8), zlib=True)
        data.setncatts(KELVIN)
        data[:] = variables["tas"][1]
    # A shard of whole fields would hold 16 of 256 steps, and read every chunk 16 times.
    outcome = run_recipe(recipe_of(path, output=f", shard_size: {16 * rows * columns * 4} B"))
    assert faults(outcome) == []
    found = planned(outcome, "tas")
    assert found.amplification <= 2
    assert found.spec.written[0] == steps
    assert any("shards follow the source's chunks" in note for note in found.notes)


def test_explicit_chunks_are_the_chunks(tmp_path: Path, faults: Faults) -> None:
    variables: Variables = {**axes(), "tas": (FIELD, weather(STEPS, ROWS, COLUMNS), KELVIN)}
    path = write(tmp_path / "a.nc", variables)
    outcome = run_recipe(recipe_of(path, output=", chunks: {time: 7, lat: 5, lon: 16}"))
    assert faults(outcome) == []
    assert planned(outcome, "tas").spec.chunk == (7, 5, 16)


@pytest.mark.parametrize("access", ["maps", "series", "balanced"])
def test_every_way_of_access_gives_a_sound_archive(
    tmp_path: Path, faults: Faults, access: str
) -> None:
    steps, rows, columns = 200, 64, 128
    variables: Variables = {
        **axes(steps, rows, columns),
        "tas": (FIELD, weather(steps, rows, columns), KELVIN),
    }
    path = write(tmp_path / "a.nc", variables)
    outcome = run_recipe(recipe_of(path, output=f", access: {access}, shard_size: 4 MiB"))
    assert faults(outcome) == []
    chunk = planned(outcome, "tas").spec.chunk
    assert chunk[1:] == (rows, columns) if access == "maps" else chunk[0] >= 1


def test_source_chunks_that_no_shard_can_follow_are_refused_with_advice(tmp_path: Path) -> None:
    steps, rows, columns = 4000, 40, 50
    variables: Variables = axes(steps, rows, columns)
    path = write(tmp_path / "a.nc", variables)
    with netCDF4.Dataset(path, "a") as file:
        data = file.createVariable("tas", "f4", FIELD, chunksizes=(4000, 1, 1))
        data.setncatts(KELVIN)
        data[0, 0, 0] = 1
    # Not refused: whole fields of all times fit into one shard of 32 MB.
    outcome = run_recipe(recipe_of(path, "quality: lossless\n"))
    assert planned(outcome, "tas").amplification == 1


# Portable


PLAIN_READER = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0].startswith(("climcomp", "xarray")):
            raise ImportError(f"{name} is not installed here")
sys.meta_path.insert(0, Blocked())
import warnings; warnings.simplefilter("error")
import numpy as np, zarr
group = zarr.open_group(sys.argv[1], mode="r")
np.save(sys.argv[2], group["tas"][...])
for name, array in group.arrays():
    array[...]
assert not any(name.startswith("climcomp") for name in sys.modules)
"""


@pytest.mark.parametrize("bound", ["0.05 K", "0.01 % relative"])
def test_portable_variables_open_where_climcomp_is_not_installed(
    tmp_path: Path, faults: Faults, bound: str
) -> None:
    values = weather(STEPS, ROWS, COLUMNS)
    values[:, 3, 4:9] = np.nan
    path = write(tmp_path / "a.nc", {**axes(), "tas": (FIELD, values, KELVIN)})
    outcome = run_recipe(
        recipe_of(
            path, f"quality: bounds\nvariables: {{tas: {{bound: {bound}, portable: true}}}}\n"
        )
    )
    assert faults(outcome) == []
    assert reported(outcome, "tas").how == "lossy"
    assert set(reported(outcome, "tas").codecs) == {"rounding"}
    assert open_archive(outcome.store).specs["tas"].codec == "standard"
    read = tmp_path / "tas.npy"
    subprocess.run([sys.executable, "-c", PLAIN_READER, outcome.store, str(read)], check=True)
    np.testing.assert_array_equal(np.load(read), stored(outcome, "tas"))


def test_a_reader_without_climcomp_is_told_what_is_missing(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.nc", {**axes(), "tas": (FIELD, weather(STEPS, ROWS, COLUMNS), KELVIN)}
    )
    extra = "quality: bounds\nvariables: {tas: {bound: 0.05 K, portable: false}}\n"
    outcome = run_recipe(recipe_of(path, extra))
    done = subprocess.run(
        [sys.executable, "-c", PLAIN_READER, outcome.store, str(tmp_path / "x.npy")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "climcomp" in done.stderr


# What a recipe may not ask


def test_a_bound_on_a_coordinate_is_refused(tmp_path: Path) -> None:
    variables: Variables = {**axes(), "tas": (FIELD, weather(STEPS, ROWS, COLUMNS), KELVIN)}
    path = write(tmp_path / "a.nc", variables)
    with pytest.raises(RecipeError, match=r"lat is always stored exactly"):
        run_recipe(recipe_of(path, "variables: {lat: {bound: 0.1 degrees_north}}\n"))


def test_a_report_says_the_same_after_it_was_stored(tmp_path: Path) -> None:
    variables: Variables = {**axes(), "tas": (FIELD, weather(STEPS, ROWS, COLUMNS), KELVIN)}
    outcome = run_recipe(recipe_of(write(tmp_path / "a.nc", variables)))
    document = json.loads(open_archive(outcome.store).document("report.json"))
    assert Report.from_dict(document) == outcome.report
    assert verify_archive(outcome.store, source=True).ok


# The judge itself


def _rename(node: dict[str, Any]) -> None:
    node["dimension_names"][1] = "latitude"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda node: node["attributes"].update(units="degC"), "attribute units was 'K'"),
        (lambda node: node["attributes"].pop("_FillValue"), "encoding _FillValue was"),
        (lambda node: node["attributes"].pop("standard_name"), "attributes ['standard_name']"),
        (lambda node: node["attributes"].pop("lossy_compression"), "lossy_compression is absent"),
        (_rename, "became"),
    ],
)
def test_the_process_that_reads_archives_sees_what_was_changed(
    tmp_path: Path, stranger: Any, change: Callable[[dict[str, Any]], object], said: str
) -> None:
    field = (FIELD, weather(STEPS, ROWS, COLUMNS), {**KELVIN, "_FillValue": np.float32(1e20)})
    path = write(tmp_path / "a.nc", {**axes(), "tas": field})
    outcome = run_recipe(recipe_of(path, "quality: bounds\nvariables: {tas: {bound: 0.05 K}}\n"))
    lossy = {"bounds": [0.05], "relative": False, "levels": [], "zeros_exact": False}
    place = {"group": "", "source": [str(path)], "source_group": "", "engine": "netcdf4"}
    request: dict[str, Any] = {"archive": outcome.store, "groups": [place]}
    request["lossy"] = {"tas": {**lossy, "decoded": False, "lost": True}}
    assert stranger.ask(request) == []
    request["lossy"]["tas"]["bounds"] = [1e-4]
    assert any("beyond the bound" in text for text in stranger.ask(request))
    request["lossy"]["tas"]["bounds"] = [0.05]
    root = Path(outcome.store) / "zarr.json"
    document = json.loads(root.read_text())
    change(document["consolidated_metadata"]["metadata"]["tas"])
    root.write_text(json.dumps(document))
    assert any(said in text for text in stranger.ask(request))
