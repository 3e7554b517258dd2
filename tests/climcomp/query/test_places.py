"""Claims about how places are given: names, calendars, orders, and what is refused and why."""

from __future__ import annotations

import datetime as dt
from typing import Any

import cftime
import numpy as np
import pytest

from climcomp.errors import UsageError
from climcomp.query import evaluate_at

from .conftest import (
    COLUMNS,
    DAYS,
    LATS,
    LONS,
    ROWS,
    STEPS,
    coordinates,
    encoder,
    grid_of_waves,
)

AT = {"lat": 20, "lon": 30}


def time_of(**attributes: str) -> Any:
    return ("time",), DAYS, {"units": "days since 2000-01-01", **attributes}


@pytest.mark.parametrize(
    ("calendar", "moment", "position"),
    [
        ("360_day", "2000-01-04T18:00", 3.25),
        ("360_day", "2000-01-04 18", 3.25),
        ("noleap", "2000-01-04T18:00:00Z", 3.25),
        ("standard", dt.datetime(2000, 1, 4, 18), 3.25),
        ("standard", dt.datetime(2000, 1, 4, 19, tzinfo=dt.timezone(dt.timedelta(hours=1))), 3.25),
        ("standard", dt.date(2000, 1, 4), 2.5),
        ("standard", np.datetime64("2000-01-04T18:00"), 3.25),
        ("360_day", cftime.datetime(2000, 1, 4, 18, calendar="360_day"), 3.25),
        ("julian", "2000-01-04T12:00:00.3", 3.0),
    ],
)
def test_dates_are_read_in_the_calendar_of_the_file(
    make_waves: Any, calendar: str, moment: Any, position: float
) -> None:
    archive = make_waves(time=time_of(calendar=calendar))
    found = evaluate_at(archive, "tas", {**AT, "time": moment})
    assert found.indices[0, 0] == pytest.approx(position, abs=1e-12)


def test_days_that_a_calendar_has_or_has_not(make_waves: Any) -> None:
    units = "days since 2001-02-28"
    long = make_waves(time=time_of(units=units, calendar="360_day"))
    assert evaluate_at(long, "tas", {**AT, "time": "2001-03-01"}).indices[0, 0] == 2.5
    assert evaluate_at(long, "tas", {**AT, "time": "2001-02-30"}).indices[0, 0] == 1.5


def test_a_day_that_the_calendar_has_not_is_refused(make_waves: Any) -> None:
    archive = make_waves(time=time_of(units="days since 2001-02-28", calendar="noleap"))
    with pytest.raises(UsageError, match=r"2004-02-29 is no date of the calendar 'noleap'"):
        evaluate_at(archive, "tas", {**AT, "time": "2004-02-29"})
    assert evaluate_at(archive, "tas", {**AT, "time": "2001-03-01"}).indices[0, 0] == 0.5


@pytest.mark.parametrize("moment", ["2000-01", "yesterday", "", "2000-01-04T", 3.5, None, np.nan])
def test_what_is_no_date_is_refused(make_waves: Any, moment: Any) -> None:
    with pytest.raises(UsageError, match=r"time: found .*, wanted a date with its day"):
        evaluate_at(make_waves(), "tas", {**AT, "time": moment})


@pytest.mark.parametrize("names", [("lat", "lon"), ("latitude", "longitude"), ("LAT", "Longitude")])
def test_coordinates_are_known_by_their_roles(make_archive: Any, names: tuple[str, str]) -> None:
    content = coordinates()
    content["g0_lat_1"] = ("g0_lat_1",), LATS, {"units": "degrees_north"}
    content["x"] = ("x",), LONS, {"units": "degrees_east"}
    content["t"] = ("t",), *content["time"][1:]
    content["tas"] = ("t", "g0_lat_1", "x"), grid_of_waves(), {"units": "K"}
    for name in ("lat", "lon", "time"):
        del content[name]
    archive = make_archive(content, {"tas": ((4, ROWS, COLUMNS), None, encoder())})
    at = {names[0]: LATS[3], names[1]: 30, "time": "2000-01-01T12"}
    np.testing.assert_array_equal(evaluate_at(archive, "tas", at).indices, [[0, 3, 3]])
    own = {"g0_lat_1": LATS[3], "x": 30, "t": "2000-01-01T12"}
    np.testing.assert_array_equal(evaluate_at(archive, "tas", own).indices, [[0, 3, 3]])


def test_single_precision_is_no_step_aside(make_waves: Any) -> None:
    lats = np.linspace(86.1, -86.1, ROWS).astype(np.float32)
    lat = ("lat",), lats.astype(np.float64), {"units": "degrees_north"}
    archive = make_waves(lat=lat)
    at = {"lat": [86.1, -86.1, 86.1], "lon": [350, -10.00001, 359.99999], "time": "2000-01-01T12"}
    expected = [[0, 0, 35], [0, ROWS - 1, 35], [0, 0, 0]]
    np.testing.assert_array_equal(evaluate_at(archive, "tas", at).indices, expected)


def test_radians_are_asked_in_degrees(make_waves: Any) -> None:
    lat = ("lat",), np.radians(LATS), {"units": "radians", "standard_name": "latitude"}
    lon = ("lon",), np.radians(LONS), {"units": "radians", "standard_name": "longitude"}
    at = {"lat": LATS[2], "lon": -10, "time": "2000-01-01T12"}
    found = evaluate_at(make_waves(lat=lat, lon=lon), "tas", at)
    np.testing.assert_array_equal(found.indices, [[0, 2, 35]])


def levels(values: Any, attributes: dict[str, Any], dim: str = "lev") -> Any:
    """An archive's content with three levels."""
    content = coordinates()
    content["time"] = ("time",), DAYS[:2], content["time"][2]
    shifted = grid_of_waves()[:2, None] + np.arange(3, dtype=np.float32)[:, None, None]
    content["tas"] = ("time", dim, "lat", "lon"), shifted, {"units": "K"}
    if values is not None:
        content[dim] = (dim,), values, attributes
    return content, {"tas": ((2, 3, ROWS, COLUMNS), None, encoder())}


@pytest.mark.parametrize(
    ("values", "attributes", "asked", "position"),
    [
        (np.array([1000, 850, 500], "i4"), {"units": "millibars"}, 675, 1.5),
        (np.array([0.5, 5.022, 20], "f4"), {"units": "m", "positive": "down"}, 5.022, 1.0),
        (np.array([1.0, 2, 3]), {"standard_name": "air_pressure"}, 2.25, 1.25),
        (np.array([1, 2, 3], "i4"), {"axis": "Z"}, 1.5, 0.5),
    ],
)
@pytest.mark.parametrize("name", ["level", "lev"])
def test_levels_are_numbers_and_may_lie_between(
    make_archive: Any, values: Any, attributes: Any, asked: float, position: float, name: str
) -> None:
    archive = make_archive(*levels(values, attributes))
    found = evaluate_at(archive, "tas", {**AT, "time": "2000-01-02", name: asked})
    assert found.indices[0, 1] == pytest.approx(position, abs=1e-12)


@pytest.mark.parametrize(
    ("values", "attributes", "says"),
    [
        (np.array(["a", "b", "c"], object), {}, "its coordinate has texts"),
        (None, {}, "it has no coordinate"),
        (np.array([1.0, 5, 3]), {"units": "m"}, r"neither rise nor fall throughout: 5 m is "
                                               "followed by 3 m"),
        (np.array([1.0, 1, 3]), {"units": "m"}, "neither rise nor fall"),
        (np.array([1.0, np.nan, 3]), {"units": "m"}, "some of its values are missing"),
    ],
)  # fmt: skip
def test_what_has_no_order_is_asked_by_position(
    make_archive: Any, values: Any, attributes: Any, says: str
) -> None:
    archive = make_archive(*levels(values, attributes, "layer"))
    at = {**AT, "time": "2000-01-02"}
    with pytest.raises(UsageError, match=rf"{says}.*Give its position, 0 to 2: --index layer=I"):
        evaluate_at(archive, "tas", {**at, "layer": 2})
    assert evaluate_at(archive, "tas", at, {"layer": 1.5}).indices[0, 1] == 1.5
    assert evaluate_at(archive, "tas", at, {"level": 1}).indices[0, 1] == 1


@pytest.mark.parametrize("letters", ["member", "realization"])
def test_members_with_floats_are_exact_too(make_archive: Any, letters: str) -> None:
    archive = make_archive(*levels(np.array([1.0, 2, 3]), {}, letters))
    with pytest.raises(UsageError, match=rf"no {letters} 1\.5; there are 1, 2, 3"):
        evaluate_at(archive, "tas", {**AT, "time": "2000-01-02", letters: 1.5})


def test_a_month_of_a_climatology_may_lie_between(make_waves: Any) -> None:
    time = ("time",), np.arange(1, 11, dtype="i4"), {}
    archive = make_waves(time=time)
    assert evaluate_at(archive, "tas", {**AT, "time": 4.5}).indices[0, 0] == 3.5


def test_a_dimension_of_length_1_may_be_left_out_but_not_be_wrong(make_archive: Any) -> None:
    content = coordinates()
    content["time"] = ("time",), DAYS[:1], content["time"][2]
    content["tas"] = ("time", "lat", "lon"), grid_of_waves()[:1], {"units": "K"}
    archive = make_archive(content, {"tas": ((1, ROWS, COLUMNS), None, encoder())})
    found = evaluate_at(archive, "tas", AT)
    same = evaluate_at(archive, "tas", {**AT, "time": "2000-01-01T12:00"})
    assert found.values[0] == same.values[0]
    with pytest.raises(UsageError, match=r"2000-01-02 is outside of time \(2000-01-01T12"):
        evaluate_at(archive, "tas", {**AT, "time": "2000-01-02"})


def curved() -> Any:
    content = coordinates()
    lat, lon = np.meshgrid(LATS, LONS, indexing="ij")
    degrees = {"units": "degrees_north"}, {"units": "degrees_east"}
    content["nav_lat"] = ("y", "x"), lat + 0.1 * np.arange(COLUMNS), degrees[0]
    content["nav_lon"] = ("y", "x"), lon, degrees[1]
    content["tas"] = ("time", "y", "x"), grid_of_waves(), {"coordinates": "nav_lat nav_lon"}
    del content["lat"], content["lon"]
    return content


def test_a_curved_grid_is_asked_by_position(make_archive: Any) -> None:
    archive = make_archive(curved(), {"tas": ((4, ROWS, COLUMNS), None, encoder())})
    with pytest.raises(UsageError, match=r"latitude: nav_lat lies on y x x; .*--index y=I --index "
                       r"x=I.*get --box"):  # fmt: skip
        evaluate_at(archive, "tas", {"latitude": 3, "longitude": 5, "time": "2000-01-02"})
    found = evaluate_at(archive, "tas", {"time": "2000-01-02"}, {"y": 3.5, "x": 4})
    assert found.ways == ("network",)


def test_a_plain_grid_that_is_written_in_two_dimensions_is_plain(make_archive: Any) -> None:
    content = curved()
    content["nav_lat"] = ("y", "x"), np.repeat(LATS[:, None], COLUMNS, 1), content["nav_lat"][2]
    archive = make_archive(content, {"tas": ((4, ROWS, COLUMNS), None, encoder())})
    at = {"latitude": LATS[4], "longitude": -10, "time": "2000-01-01T12"}
    np.testing.assert_array_equal(evaluate_at(archive, "tas", at).indices, [[0, 4, 35]])


def test_an_unstructured_grid_is_refused(make_archive: Any) -> None:
    content = coordinates()
    content["lat"] = ("ncol",), np.linspace(-80, 80, 40), {"units": "degrees_north"}
    content["lon"] = ("ncol",), np.linspace(0, 350, 40), {"units": "degrees_east"}
    values = np.cumsum(np.ones((STEPS, 40), np.float32), 1)
    content["tas"] = ("time", "ncol"), values, {"coordinates": "lat lon"}
    archive = make_archive(content, {"tas": ((STEPS, 40), None, encoder())})
    with pytest.raises(UsageError, match=r"asked by lat: it has an unstructured grid, of ncol"):
        evaluate_at(archive, "tas", {**AT, "time": "2000-01-02"})


@pytest.mark.parametrize(
    ("places", "indices", "says"),
    [
        (
            {"lat": 20},
            {},
            r"not given: time \(2000-01-01T12:00:00 to 2000-01-10T12:00:00\), lon",
        ),
        ({**AT, "time": "2000-02-01"}, {}, r"2000-02-01 is outside of time"),
        ({"lat": 89, "lon": 1}, {"time": 0}, r"89 is outside of lat \(86.25 degrees to -86.25"),
        ({"lat": "x", "lon": 1}, {"time": 0}, r"found 'x' along lat .*wanted a finite number"),
        ({"lat": np.inf, "lon": 1}, {"time": 0}, "wanted a finite number"),
        ({**AT, "depth": 1}, {"time": 0}, r"tas has no dimension 'depth'; it has time \("),
        ({**AT, "latitude": 1}, {"time": 0}, "places along lat are given twice"),
        (AT, {"time": 10}, "no position 10 along time; they go from 0 to 9"),
        (AT, {"time": 9.5}, "no position 9.5 along time"),
        (AT, {"time": -1}, "no position -1 along time"),
        ({"lat": 20}, {"time": 0, "lon": 36}, "no position 36 along lon"),
        ({"lat": [1, 2], "lon": [1, 2, 3]}, {"time": 0}, "so many values: lat 2, lon 3, time 1"),
        ({"lat": [], "lon": []}, {"time": 0}, "so many values: lat 0, lon 0, time 1"),
    ],
)
def test_places_that_cannot_be_are_refused(
    make_waves: Any, places: Any, indices: Any, says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        evaluate_at(make_waves(), "tas", places, indices)


def test_the_last_position_of_the_globe_goes_on_to_the_first(make_waves: Any) -> None:
    found = evaluate_at(make_waves(), "tas", {"lat": 20}, {"time": 0, "lon": 35.5})
    assert found.values[0] == evaluate_at(make_waves(), "tas", {"lat": 20, "lon": -5},
                                          {"time": 0}).values[0]  # fmt: skip
