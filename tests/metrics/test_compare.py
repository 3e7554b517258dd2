"""Two arrays of a notebook are judged as an archive is: same axes, same numbers, same verdicts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cftime
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from climcomp.bounds import ErrorBound
from climcomp.errors import MetricError, RecipeError
from climcomp_metrics import Verdict, compare, metric, read_own_metric
from climcomp_metrics.arrays import pair as pair_room

Array = np.ndarray


@pytest.fixture(scope="module")
def field(weather: Callable[..., Array]) -> xr.DataArray:
    """40 daily fields of 12 x 24 on the globe."""
    values = weather(40, 12, 24)[:, 0]
    lat, lon = np.linspace(-82.5, 82.5, 12), np.arange(24) * 15.0
    time = np.datetime64("2001-01-01") + np.arange(40).astype("m8[D]")
    coords = {"time": time, "lat": lat, "lon": lon}
    return xr.DataArray(values, coords, ("time", "lat", "lon"), "tas", {"units": "K"})


@pytest.fixture(scope="module")
def decoded(field: xr.DataArray) -> xr.DataArray:
    """The field with white errors of 1 mK."""
    error = 1e-3 * np.random.default_rng(7).standard_normal(field.shape)
    return (field + error).astype(field.dtype)


def values(result: object) -> dict[str, float | None]:
    return {v.criterion: v.value for v in result.verdicts}  # type: ignore[attr-defined]


def test_the_verdicts_are_those_of_the_suite(
    field: xr.DataArray, decoded: xr.DataArray, verdicts_of: Callable[..., dict[str, Verdict]]
) -> None:
    rows = np.abs(np.diff(np.sin(np.deg2rad(np.linspace(-90, 90, 13)))))
    weights = np.repeat(rows[:, None], 24, axis=1)
    given = compare(field, decoded, weights=np.ones((12, 24)))
    plain = verdicts_of(
        field.values[:, None], decoded.values[:, None], sigma=given.sigma, periodic_x=True
    )
    for criterion in ("P2", "P5", "D1", "D4", "E1", "C2", "T2", "T3"):
        assert given[criterion].value == pytest.approx(plain[criterion].value, rel=1e-12)
    # Cells between the midpoints of the latitudes, closed at the poles.
    assert values(compare(field, decoded))["P2"] == pytest.approx(
        values(compare(field, decoded, weights=weights))["P2"], rel=1e-9
    )


def test_sigma_is_measured_against_means_by_month_where_there_are_enough(
    field: xr.DataArray, decoded: xr.DataArray
) -> None:
    result = compare(field, decoded)
    assert result.sigma_method == (
        "standard deviation in time about means by calendar month, area-weighted over cells"
    )
    two_months = (
        field.values[:31].var(axis=0, ddof=1) * 30 + field.values[31:].var(axis=0, ddof=1) * 8
    )
    rows = np.abs(np.diff(np.sin(np.deg2rad(np.linspace(-90, 90, 13)))))
    expected = np.sqrt(np.average((two_months / 38).mean(axis=1), weights=rows))
    assert result.sigma[0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    "names",
    [
        ("time", "latitude", "longitude"),
        ("valid_time", "XLAT", "nav_lon"),
        ("t", "Lats", "LONS"),
    ],
)
def test_axes_are_recognised_by_name(
    field: xr.DataArray, decoded: xr.DataArray, names: tuple[str, str, str]
) -> None:
    other = dict(zip(("time", "lat", "lon"), names, strict=True))
    result = compare(field.rename(other), decoded.rename(other))
    assert result["P3"].outcome == "pass"
    assert result["T2"].outcome == "pass"


def test_y_and_x_are_neighbours_without_being_places(
    field: xr.DataArray, decoded: xr.DataArray
) -> None:
    other = {"time": "t", "lat": "nlat", "lon": "nlon"}
    result = compare(field.rename(other), decoded.rename(other))
    assert result["T2"].outcome == "pass"
    assert "no latitudes and longitudes" in result["P3"].reason


def test_axes_are_recognised_by_attributes(field: xr.DataArray, decoded: xr.DataArray) -> None:
    def renamed(array: xr.DataArray) -> xr.DataArray:
        array = array.rename(time="a", lat="b", lon="c")
        array["b"].attrs["units"] = "degrees_north"
        array["c"].attrs["standard_name"] = "longitude"
        return array

    assert values(compare(renamed(field), renamed(decoded)))["C1"] == pytest.approx(
        values(compare(field, decoded))["C1"]
    )


def test_the_order_of_dimensions_makes_no_difference(
    field: xr.DataArray, decoded: xr.DataArray
) -> None:
    expected = values(compare(field, decoded))
    turned = values(compare(field.transpose("lon", "time", "lat"), decoded))
    assert turned.keys() == expected.keys()
    for criterion, value in expected.items():
        assert turned[criterion] == (value if value is None else pytest.approx(value, rel=1e-12))


def test_numpy_arrays_with_names_are_the_same(field: xr.DataArray, decoded: xr.DataArray) -> None:
    coords = {name: field[name].values for name in ("time", "lat", "lon")}
    result = compare(
        field.values, decoded.values, dims=("time", "lat", "lon"), coords=coords, unit="K"
    )
    assert values(result) == values(compare(field, decoded))
    assert result.name == "data"


def test_numpy_arrays_without_names_are_an_error(field: xr.DataArray) -> None:
    with pytest.raises(MetricError, match="without names"):
        compare(field.values, field.values)
    with pytest.raises(MetricError, match="dims names 2 dimensions"):
        compare(field.values, field.values, dims=("time", "lat"))
    with pytest.raises(MetricError, match="the coordinate 'lat' has the shape"):
        compare(field.values, field.values, dims=("time", "lat", "lon"), coords={"lat": [1.0]})
    with pytest.raises(MetricError, match="found a Dataset, wanted one of its variables"):
        compare(field.to_dataset(name="tas"), field)  # type: ignore[arg-type]


def test_blocks_of_time_steps_give_what_the_whole_gives(
    field: xr.DataArray, decoded: xr.DataArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = compare(field, decoded, bound=0.1)
    monkeypatch.setattr(pair_room, "BLOCK_BYTES", 7 * 12 * 24 * 4)
    lazy = compare(field.chunk(time=5), decoded.chunk(time=9), bound=0.1)
    for one, other in zip(expected.verdicts, lazy.verdicts, strict=True):
        assert one.outcome == other.outcome
        assert one.place == other.place
        if one.value is not None:
            assert other.value == pytest.approx(one.value, rel=1e-9, abs=1e-15)


def test_levels_and_members_are_levels(field: xr.DataArray, decoded: xr.DataArray) -> None:
    two, other = (
        xr.concat([array, array + np.float32(50)], "plev").assign_coords(plev=[1e5, 5e4])
        for array in (field, decoded)
    )
    result = compare(two, other)
    assert len(result.sigma) == 2
    assert "level" in result["D1"].place
    assert result["P1"].place.count("plev") == 1


def test_a_bound_is_judged_and_without_one_the_error_is_shown(
    field: xr.DataArray, decoded: xr.DataArray
) -> None:
    error = np.abs(decoded.astype("f8") - field).max().item()
    shown = compare(field, decoded)["P1"]
    assert (shown.outcome, shown.fail) == ("report", None)
    assert shown.value == pytest.approx(error, rel=1e-12)
    assert compare(field, decoded, bound=1.01 * error)["P1"].outcome == "pass"
    broken = compare(field, decoded, bound=0.99 * error)["P1"]
    assert (broken.outcome, broken.source) == ("fail", "the caller")
    relative = compare(field, decoded, bound=ErrorBound("pointwise_relative", 1e-3))["P1"]
    assert (relative.outcome, relative.unit) == ("pass", "of the value")


def test_limits_are_the_callers(field: xr.DataArray, decoded: xr.DataArray) -> None:
    found = compare(field, decoded, limits={"C2.fail": 1e-9})["C2"]
    assert (found.outcome, found.fail, found.source) == ("fail", 1e-9, "the caller")
    with pytest.raises(RecipeError, match=r"the nearest is 'C2\.fail'"):
        compare(field, decoded, limits={"C2.fial": 1.0})


@pytest.mark.parametrize(
    ("make", "unit", "expected"),
    [
        (lambda f: f, "K", "C"),
        (lambda f: np.maximum(f - 285, 0) ** 2, "kg m-2 s-1", "P"),
        (lambda f: np.maximum(f - 290, 0) ** 3, "", "P"),
        (lambda f: f * 0 + abs(f - 280), "kg kg-1", "P"),
        (lambda f: np.clip((f - 280) / 10, 0, 1), "1", "B"),
        (lambda f: np.clip((f - 280) * 10, 0, 100), "%", "B"),
        (lambda f: np.clip((f - 280) * 10, 0, 100.001), "%", "B"),
        (lambda f: np.clip((f - 230) * 1.6, 0, 103), "%", "C"),
        (lambda f: f - 280, "kg m-2 s-1", "C"),
    ],
)
def test_the_class_comes_from_unit_and_values(
    field: xr.DataArray, make: Callable[[xr.DataArray], xr.DataArray], unit: str, expected: str
) -> None:
    made = make(field).astype("f4").assign_attrs(units=unit)
    result = compare(made, made)
    assert result.kind == expected
    assert compare(made, made, kind="C").why_kind == "as told"


def test_negative_rain_fails_by_the_class_that_was_told(field: xr.DataArray) -> None:
    rain = np.maximum(field - 285, 0)
    wet = rain.where(rain > 0, np.float32(-1e-6))
    assert compare(rain, wet, kind="P")["F2"].outcome == "fail"
    told = compare(field, field - 400, valid_range=(0, 400))["F2"]
    assert told.outcome == "fail"
    declared = field.assign_attrs(valid_range=np.array([0.0, 400.0], "f4"))
    assert compare(declared, field - 400)["F2"].outcome == "fail"


def test_fill_values_that_were_not_masked_are_masked(
    field: xr.DataArray, decoded: xr.DataArray
) -> None:
    def filled(array: xr.DataArray) -> xr.DataArray:
        array = array.copy()
        array[:, 0] = 1e20
        return array.assign_attrs(_FillValue=np.float32(1e20))

    masked = [array.where(array.lat > -80) for array in (field, decoded)]
    assert values(compare(filled(field), filled(decoded))) == values(compare(*masked))


@pytest.mark.parametrize("calendar", ["noleap", "360_day"])
def test_calendars_are_understood(
    field: xr.DataArray, decoded: xr.DataArray, calendar: str
) -> None:
    dates = xr.date_range("2000-01-01", periods=40, calendar=calendar, use_cftime=True)
    assert isinstance(dates[0], cftime.datetime)
    result = compare(field.assign_coords(time=dates), decoded.assign_coords(time=dates))
    assert "all 12 calendar months are needed, the record has 2" in result["M3"].reason


def test_coordinates_in_single_precision_are_the_same(
    field: xr.DataArray, decoded: xr.DataArray
) -> None:
    single = decoded.assign_coords(lat=(decoded.lat + 1e-7).astype("f4"))
    assert compare(field, single)["F1"].outcome == "pass"


def test_an_unstructured_grid_is_recognised_and_weighed(
    field: xr.DataArray, decoded: xr.DataArray
) -> None:
    def cells(array: xr.DataArray) -> xr.DataArray:
        return array.stack(ncells=("lat", "lon")).reset_index("ncells")

    weights = np.cos(np.deg2rad(cells(field)["lat"].values))
    result = compare(cells(field), cells(decoded), weights=weights)
    rows = compare(field, decoded, weights=np.cos(np.deg2rad(field.lat)))
    assert result["P2"].value == pytest.approx(rows["P2"].value, rel=1e-9)
    assert "unstructured" in result["T2"].reason


def test_a_metric_of_ones_own_is_tried_in_a_notebook(
    field: xr.DataArray, decoded: xr.DataArray, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(
        "def bias(original, decoded, grid):\n    return grid.mean(decoded - original)\n"
    )
    own = read_own_metric(tmp_path / "mine.py", "bias", unit="K", fail=1.0, over="mean")
    found = compare(field, decoded, own=[own])["X-bias"]
    weights = np.abs(np.diff(np.sin(np.deg2rad(np.linspace(-90, 90, 13)))))
    error = (decoded.astype("f8") - field).mean(("time", "lon"))
    assert found.value == pytest.approx(abs(np.average(error, weights=weights)), rel=1e-6)
    assert found.outcome == "pass"


def test_one_metric_alone_is_the_same_verdict(field: xr.DataArray, decoded: xr.DataArray) -> None:
    assert metric("C2", field, decoded) == compare(field, decoded)["C2"]
    with pytest.raises(MetricError, match="'C22' is no criterion for tas"):
        metric("C22", field, decoded)
    with pytest.raises(KeyError):
        compare(field, decoded)["C22"]


def test_full_takes_no_samples(field: xr.DataArray, decoded: xr.DataArray) -> None:
    many, other = (xr.concat([a] * 8, "time").drop_vars("time") for a in (field, decoded))
    assert any(v.sampled for v in compare(many, other).verdicts)
    assert not any(v.sampled for v in compare(many, other, full=True).verdicts)


def test_the_result_is_a_table_for_people_and_for_pandas(
    field: xr.DataArray, decoded: xr.DataArray
) -> None:
    result = compare(field.assign_attrs(units="K<script>"), decoded, limits={"C2.fail": 1e-9})
    assert result.outcome == "fail"
    lines = repr(result).splitlines()
    assert lines[0].startswith("tas [K<script>] (time 40, lat 12, lon 24), class C (")
    assert lines[1].startswith("  fail   ")
    assert len(lines) == 1 + len(result.verdicts)
    page = result._repr_html_()
    assert "<script>" not in page
    assert page.count("<tr>") == 1 + len(result.verdicts)
    table = pd.DataFrame(result.to_dict()).set_index("criterion")
    assert table.loc["C2", "outcome"] == "fail"
    assert table.loc["C2", "value"] == result["C2"].value
