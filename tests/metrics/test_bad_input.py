"""Bad input: a named n/a or a clear error, and never a pass without a number behind it."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from climcomp.errors import MetricError
from climcomp_metrics import Comparison, compare

Array = np.ndarray
NEED_TIME = {"P3", "P7", "C1", "E5", "M1", "M2", "M5", "M6", "M7"}
NEED_AREA = {"P2", "P3", "C1", "D4"}


@pytest.fixture(scope="module")
def field(weather: Callable[..., Array]) -> xr.DataArray:
    """40 daily fields of 12 x 24 on the globe."""
    values = weather(40, 12, 24)[:, 0]
    lat, lon = np.linspace(-82.5, 82.5, 12), np.arange(24) * 15.0
    time = np.datetime64("2001-01-01") + np.arange(40).astype("m8[D]")
    coords = {"time": time, "lat": lat, "lon": lon}
    return xr.DataArray(values, coords, ("time", "lat", "lon"), "tas", {"units": "K"})


def noisy(field: xr.DataArray, size: float = 1e-3) -> xr.DataArray:
    """The field with white errors of so many K."""
    error = size * np.random.default_rng(7).standard_normal(field.shape)
    return (field + error).astype(field.dtype)


def assert_honest(result: Comparison) -> None:
    """Whatever passes or warns has a number; whatever has none says why."""
    assert result.verdicts
    for verdict in result.verdicts:
        if verdict.outcome in ("pass", "warn"):
            assert verdict.value is not None, verdict
            assert math.isfinite(verdict.value), verdict
        if verdict.outcome == "n/a":
            assert verdict.reason, verdict
    shown = repr(result) + result._repr_html_()
    assert "nan" not in shown.replace("nano", "")


def absent(result: Comparison) -> dict[str, str]:
    return {v.criterion: v.reason for v in result.with_outcome("n/a")}


def test_sound_input_is_judged(field: xr.DataArray) -> None:
    result = compare(field, noisy(field), bound=0.02)
    assert_honest(result)
    assert not (NEED_TIME | NEED_AREA) & absent(result).keys()
    assert result["F1"].outcome == result["P1"].outcome == "pass"


def test_a_constant_field_has_no_sigma_to_measure_by(field: xr.DataArray) -> None:
    constant = xr.full_like(field, 280.0)
    result = compare(constant, noisy(constant))
    assert_honest(result)
    for criterion in ("P2", "D1", "E1", "C2"):
        assert result[criterion].outcome == "n/a"
    assert "standard deviation is zero" in result["P2"].reason


def test_a_constant_field_that_came_back_exactly_is_no_division_by_zero(
    field: xr.DataArray,
) -> None:
    constant = xr.full_like(field, 280.0)
    result = compare(constant, constant.copy())
    assert_honest(result)
    assert result.with_outcome("fail") == ()


def test_a_step_that_is_constant_does_not_spoil_the_others(field: xr.DataArray) -> None:
    original = field.copy()
    original[3] = 280.0
    assert_honest(compare(original, noisy(original)))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_all_missing_is_an_error(field: xr.DataArray, value: float) -> None:
    missing = xr.full_like(field, value)
    with pytest.raises(MetricError, match="all values of tas, the original, are missing"):
        compare(missing, missing)


def test_all_missing_in_the_decoded_field_alone_fails(field: xr.DataArray) -> None:
    result = compare(field, xr.full_like(field, np.nan))
    assert_honest(result)
    assert result["F1"].outcome == "fail"
    assert result["F1"].value == field.size
    assert result["P2"].outcome == "n/a"
    assert not {v.criterion for v in result.with_outcome("pass")} - {"F2", "F3", "F5"}


def test_one_missing_value_that_moved_fails(field: xr.DataArray) -> None:
    decoded = noisy(field)
    decoded[3, 4, 5] = np.nan
    result = compare(field, decoded)
    assert (result["F1"].outcome, result["F1"].value) == ("fail", 1.0)
    assert result["F1"].place == "first at time 3, lat 4, lon 5"


def test_fewer_than_30_steps_have_no_metrics_in_time(field: xr.DataArray) -> None:
    few = field[:29]
    result = compare(few, noisy(few))
    assert_honest(result)
    found = absent(result)
    assert found.keys() >= NEED_TIME
    assert "30 time steps are needed, not 29" in found["P3"]
    assert "spatial standard deviation" in result.sigma_method


def test_a_single_map_has_no_time(field: xr.DataArray) -> None:
    single = field[0]
    result = compare(single, noisy(single))
    assert_honest(result)
    assert absent(result).keys() >= NEED_TIME


def test_one_row_of_latitude_has_no_neighbours_and_no_area_by_rows(field: xr.DataArray) -> None:
    row = field[:, 5:6]
    result = compare(row, noisy(row))
    assert_honest(result)
    found = absent(result)
    assert "1 x 24 cells" in found["T2"]
    assert "no area weights: latitudes are a single one without bounds" in found["P2"]


def test_one_row_without_its_dimension_is_a_line(field: xr.DataArray) -> None:
    line = field[:, 5].drop_vars("lat")
    result = compare(line, noisy(line))
    assert_honest(result)
    assert "no two horizontal dimensions" in absent(result)["T2"]


def test_without_coordinates_there_is_no_area(field: xr.DataArray) -> None:
    bare = field.drop_vars(["lat", "lon"])
    result = compare(bare, noisy(bare))
    assert_honest(result)
    for criterion in ("P2", "C1"):
        assert "no area weights" in absent(result)[criterion]


def test_negative_weights_are_an_error(field: xr.DataArray) -> None:
    weights = np.ones((12, 24))
    weights[2, 3] = -1
    with pytest.raises(MetricError, match="1 of 288 weights are negative"):
        compare(field, noisy(field), weights=weights)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_an_error(field: xr.DataArray, value: float) -> None:
    weights = np.ones((12, 24))
    weights[2, :2] = value
    with pytest.raises(MetricError, match="2 of 288 weights are NaN or infinite"):
        compare(field, noisy(field), weights=weights)


def test_weights_of_nothing_are_an_error(field: xr.DataArray) -> None:
    with pytest.raises(MetricError, match="all weights are 0"):
        compare(field, noisy(field), weights=np.zeros(12))


@pytest.mark.parametrize("shape", [(24, 12), (13,), (40, 12, 24), ()])
def test_weights_of_another_grid_are_an_error(field: xr.DataArray, shape: tuple[int, ...]) -> None:
    with pytest.raises(MetricError, match="the weights have the shape"):
        compare(field, noisy(field), weights=np.ones(shape))


def test_values_in_cells_without_area_are_counted(field: xr.DataArray) -> None:
    weights = np.ones((12, 24))
    weights[0] = 0.0
    result = compare(field, noisy(field), weights=weights)
    assert_honest(result)
    assert "values lie in cells without area" in absent(result)["P2"]


def test_mismatched_shapes_are_an_error_that_shows_both(field: xr.DataArray) -> None:
    with pytest.raises(MetricError) as error:
        compare(field, field[:39])
    assert "(time: 40, lat: 12, lon: 24)" in str(error.value)
    assert "(time: 39, lat: 12, lon: 24)" in str(error.value)
    with pytest.raises(MetricError, match="rename or squeeze one of them"):
        compare(field, field.rename(lat="latitude"))
    with pytest.raises(MetricError, match="nothing to compare"):
        compare(field[:0], field[:0])


def test_rows_in_another_order_are_an_error(field: xr.DataArray) -> None:
    with pytest.raises(MetricError) as error:
        compare(field, field[:, ::-1])
    text = str(error.value)
    assert "the coordinate 'lat' differs at 12 of 12 places, first at (0,): -82.5" in text
    assert "82.5 in the decoded array" in text


def test_other_times_are_an_error(field: xr.DataArray) -> None:
    shifted = field.assign_coords(time=field.time + np.timedelta64(1, "D"))
    with pytest.raises(MetricError, match="'time' differs at 40 of 40 places"):
        compare(field, shifted)


@pytest.mark.parametrize("dtype", ["i2", "i4", "bool", "f2"])
def test_what_is_no_float_is_an_error(field: xr.DataArray, dtype: str) -> None:
    other = field.astype(dtype)
    with pytest.raises(MetricError, match="wanted float32 or float64"):
        compare(other, other)


def test_two_types_are_an_error(field: xr.DataArray) -> None:
    with pytest.raises(MetricError, match="float32 and the decoded array float64"):
        compare(field, field.astype("f8"))


def test_huge_values_overflow_into_a_reason(field: xr.DataArray) -> None:
    huge = (field.astype("f8") - 280.0) * 1e200
    result = compare(huge, huge * 1.001)
    assert_honest(result)
    assert "overflow" in " ".join(absent(result).values())


def test_an_infinite_decoded_value_fails(field: xr.DataArray) -> None:
    decoded = noisy(field)
    decoded[0, 0, 0] = np.inf
    result = compare(field, decoded, bound=0.01)
    assert result["F1"].outcome == "fail"
    assert result["P1"].outcome == "fail"


def test_a_missing_chunk_of_the_decoded_archive_fails(field: xr.DataArray, tmp_path: Path) -> None:
    store = tmp_path / "decoded.zarr"
    encoding: dict[str, Any] = {"tas": {"chunks": (10, 12, 24)}}
    noisy(field).to_dataset(name="tas").to_zarr(
        store, encoding=encoding, zarr_format=3, consolidated=False
    )
    with xr.open_zarr(store, consolidated=False) as whole:
        assert compare(field, whole["tas"])["F1"].outcome == "pass"
    (store / "tas" / "c" / "1" / "0" / "0").unlink()
    with xr.open_zarr(store, consolidated=False) as damaged:
        result = compare(field, damaged["tas"])
    assert_honest(result)
    assert (result["F1"].outcome, result["F1"].value) == ("fail", 10.0 * 12 * 24)
    assert result["F1"].place == "first at time 10, lat 0, lon 0"
