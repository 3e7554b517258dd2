"""Classes and default bounds of variables by CF, by name and by values."""

from __future__ import annotations

import math
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from climcomp.errors import BoundError
from climcomp_workflows.classes import (
    SampleStats,
    classify,
    default_bound,
    sample_stats,
)


def cf(standard_name: str = "", units: str = "", **others: object) -> dict[str, object]:
    given = {"standard_name": standard_name, "units": units}
    return {**{key: text for key, text in given.items() if text}, **others}


@pytest.mark.parametrize(
    ("name", "attributes", "letter"),
    [
        ("x", cf("air_temperature", "K"), "C"),
        ("x", cf("precipitation_flux", "kg m-2 s-1"), "P"),
        ("x", cf("specific_humidity", "1"), "P"),
        ("x", cf("cloud_area_fraction", "%"), "B"),
        ("x", cf("sea_ice_area_fraction", "1"), "B"),
        ("x", cf("relative_humidity", "%"), "B"),
        ("x", cf("surface_altitude", "m"), "L"),
        ("x", cf("cell_area", "m2"), "L"),
        ("x", cf("land_area_fraction", "%"), "L"),
        ("PRECT", cf(units="m/s"), "P"),
        ("tp", cf(units="m"), "P"),
        ("total_precipitation", cf(units="m"), "P"),
        ("RAINNC", cf(units="mm"), "P"),
        ("QVAPOR", cf(units="kg kg-1"), "P"),
        ("grp1/Q", cf(units="kg/kg"), "P"),
        ("tcc", cf(units="(0 - 1)"), "B"),
        ("CLDTOT", cf(units="fraction"), "B"),
        ("ICEFRAC", cf(units="fraction"), "B"),
        ("votemper", cf(units="degC"), "C"),
        ("HUS", cf(units="centimeters"), "C"),  # a grid width of POP, no humidity
        ("TLAT", cf(units="degrees_north"), "L"),
        ("time_bnds", cf(units="days since 0001-01-01"), "L"),
        ("kind", cf(flag_values=[1, 2], flag_meanings="a b"), "L"),
        ("anything", {}, "C"),
        ("x", cf("tendency_of_air_temperature", "K s-1"), "C"),
        ("x", {"long_name": "Large-scale precipitation rate", "units": "mm/day"}, "P"),
    ],
)
def test_a_variable_has_a_class(name: str, attributes: dict[str, object], letter: str) -> None:
    assert letter == classify(name, attributes).letter


def test_the_recipe_wins_over_names_and_values() -> None:
    chosen = classify(
        "tas", cf("air_temperature", "K"), recipe_class="positive", recipe_range=(1, 2)
    )
    assert (chosen.letter, chosen.valid_range) == ("P", (1, 2))
    assert chosen.word == "positive"


@pytest.mark.parametrize(
    ("values", "letter"),
    [
        (np.r_[np.zeros(50), np.geomspace(1e-3, 10, 50)], "P"),
        (np.r_[np.zeros(5), np.linspace(0, 1, 90), np.ones(5)], "B"),
        (np.r_[np.zeros(5), np.linspace(0, 100, 90), np.full(5, 100.0)], "B"),
        (np.r_[np.zeros(50), np.ones(50)], "L"),
        (np.linspace(-1, 1, 100), "C"),
        (np.r_[np.zeros(50), np.linspace(-1, 10, 50)], "C"),
        (np.linspace(1, 2, 100), "C"),
    ],
)
def test_an_unknown_name_is_judged_by_its_values(values: np.ndarray, letter: str) -> None:
    assert letter == classify("unheard", {}, sample_stats(values)).letter


def test_negative_rain_of_round_off_is_rain() -> None:
    sample = SampleStats(-1e-20, 4e-6, 1e-7, 0.0, 0.4, 0.0)
    chosen = classify("PRECT", cf(units="m/s"), sample)
    assert (chosen.letter, chosen.valid_range) == ("P", (0.0, math.inf))


def test_rain_with_real_undershoots_has_no_floor() -> None:
    sample = SampleStats(-2e-8, 4e-6, 1e-7, 0.0, 0.4, 0.0)
    chosen = classify("PRECT", cf(units="m/s"), sample)
    assert (chosen.letter, chosen.valid_range) == ("P", None)


def test_a_name_that_the_values_contradict_is_continuous() -> None:
    sample = SampleStats(-5.0, 5.0, 0.0, 0.0, 0.0, 0.0)
    chosen = classify("q", cf(units="1"), sample)
    assert chosen.letter == "C"
    assert "-5" in chosen.reason


@pytest.mark.parametrize(
    ("attributes", "sample_maximum", "expected"),
    [
        (cf("cloud_area_fraction", "%"), 99.0, (0.0, 100.0)),
        (cf("cloud_area_fraction", "1"), 1.0, (0.0, 1.0)),
        (cf("cloud_area_fraction"), 100.0, (0.0, 100.0)),
        (cf("cloud_area_fraction", "1"), 1.2, (0.0, math.inf)),
        (cf("relative_humidity", "%"), 99.0, (0.0, math.inf)),
        (cf("cloud_area_fraction", "1", valid_range=[0.1, 0.9]), 0.9, (0.1, 0.9)),
        (cf("cloud_area_fraction", "1", valid_min=np.float32(0)), 0.9, (0.0, math.inf)),
        (cf("cloud_area_fraction", "1", valid_min=0, scale_factor=0.1), 0.9, (0.0, 1.0)),
        (cf("cloud_area_fraction", "1", valid_range="nonsense"), 0.9, (0.0, 1.0)),
        (cf("air_temperature", "K"), 300.0, None),
    ],
)
def test_the_valid_range_is_the_file_s_or_the_class_s(
    attributes: dict[str, object], sample_maximum: float, expected: tuple[float, float] | None
) -> None:
    sample = SampleStats(0.0, sample_maximum, 0.5, 0.5, 0.0, 0.0)
    assert expected == classify("x", attributes, sample).valid_range


@pytest.mark.parametrize(
    ("name", "attributes", "absolute", "relative", "sigma_share"),
    [
        ("ta", cf("air_temperature", "K"), 0.01, None, None),
        ("tos", cf("sea_surface_temperature", "degC"), 0.01, None, None),
        ("SST", cf(units="Deg C"), 0.01, None, None),
        ("ua", cf("eastward_wind", "m s-1"), 0.01, None, None),
        ("uas", cf("eastward_wind", "m s-1"), 0.05, None, None),
        ("x_wind_10m", cf("x_wind", "m/s"), 0.05, None, None),
        ("u", cf(units="cm/s"), 1.0, None, 0.01),
        ("psl", cf("air_pressure_at_mean_sea_level", "Pa"), 1.0, None, None),
        ("SLP", cf(units="MB"), 0.01, None, None),
        ("zg", cf("geopotential_height", "m"), 0.1, None, None),
        ("z", cf("geopotential", "m**2 s**-2"), 1.0, None, None),
        ("hus", cf("specific_humidity", "1"), None, 0.01, 0.01),
        ("pr", cf("precipitation_flux", "kg m-2 s-1"), None, 0.01, None),
        ("clt", cf("cloud_area_fraction", "%"), 0.5, None, None),
        ("siconc", cf("sea_ice_area_fraction", "1"), 0.005, None, None),
        ("rlut", cf("toa_outgoing_longwave_flux", "W m-2"), 0.1, None, None),
        ("hfls", cf("surface_upward_latent_heat_flux", "W m-2"), None, None, 0.01),
        ("ssrd", cf("surface_downwelling_shortwave_flux_in_air", "J m-2"), None, None, 0.01),
        ("wap", cf("lagrangian_tendency_of_air_pressure", "Pa s-1"), None, None, 0.01),
        ("uo", cf("sea_water_x_velocity", "m s-1"), None, None, 0.01),
        ("tas", cf("air_temperature", "K2", cell_methods="time: variance"), None, None, 0.01),
        ("surface_pressure", {}, None, None, 0.01),  # without a unit, 1 Pa cannot be meant
    ],
)
def test_the_table_of_default_bounds_holds_in_the_variable_s_unit(
    name: str,
    attributes: dict[str, object],
    absolute: float | None,
    relative: float | None,
    sigma_share: float | None,
) -> None:
    letter = classify(name, attributes).letter
    bound = default_bound(name, attributes, letter)
    assert bound is not None
    assert (absolute, relative, sigma_share) == (bound.absolute, bound.relative, bound.sigma_share)


def test_lossless_variables_have_no_bound() -> None:
    assert default_bound("x", cf("cell_area", "m2"), "L") is None


def test_zeros_are_kept_for_positive_variables() -> None:
    rain = default_bound("pr", cf("precipitation_flux", "kg m-2 s-1"), "P")
    unknown = default_bound("unheard", {}, "P")
    cloud = default_bound("clt", cf("cloud_area_fraction", "1"), "B")
    assert rain is not None
    assert unknown is not None
    assert cloud is not None
    assert (rain.keep_zeros, unknown.keep_zeros, cloud.keep_zeros) == (True, True, False)
    assert unknown.relative == 0.01


def test_the_tighter_of_two_bounds_is_both() -> None:
    tracer = default_bound("hus", cf("specific_humidity", "1"), "P")
    assert tracer is not None
    kinds = [bound.kind for bound in tracer.bounds(2e-3)]
    assert kinds == ["absolute", "pointwise_relative"]
    assert tracer.bounds(2e-3)[0].value == pytest.approx(2e-5)
    wind = default_bound("u", cf(units="m/s"), "C")
    assert wind is not None
    assert [bound.value for bound in wind.bounds(0.1)] == pytest.approx([1e-3])


@pytest.mark.parametrize("sigma", [0.0, math.nan, math.inf])
def test_a_share_of_no_sigma_is_no_bound(sigma: float) -> None:
    bound = default_bound("unheard", {}, "C")
    assert bound is not None
    with pytest.raises(BoundError, match="sigma"):
        bound.bounds(sigma)


def test_statistics_ignore_what_is_not_finite() -> None:
    stats = sample_stats(np.array([np.nan, 0.0, 1.0, np.inf, 1.0], dtype=np.float32))
    assert stats is not None
    assert (stats.minimum, stats.maximum, stats.zeros) == (0.0, 1.0, pytest.approx(1 / 3))
    assert stats.at_top == pytest.approx(2 / 3)
    assert sample_stats(np.array([np.nan])) is None


def test_every_variable_of_the_real_files_has_a_class_and_a_bound(shared_data: Path) -> None:
    letters: dict[str, str] = {}
    for file in sorted(shared_data.glob("*.nc*")):
        with netCDF4.Dataset(file) as dataset:
            for name, variable in dataset.variables.items():
                attributes = {key: variable.getncattr(key) for key in variable.ncattrs()}
                letter = classify(name, attributes).letter
                letters[f"{file.name}/{name}"] = letter
                assert (default_bound(name, attributes, letter) is None) == (letter == "L")
    expected = {
        "cam_fv_PRECT_60day.nc/PRECT": "P",
        "cmip6_siconc_CanESM5_12mon.nc/siconc": "B",
        "cmip6_o3_GFDL-ESM4_plev.nc/o3": "P",
        "pop_SST_60day.nc/SST": "C",
        "pop_SST_60day.nc/TLAT": "L",
        "um_hybrid_height.nc/surface_altitude": "L",
    }
    assert expected == {key: letters[key] for key in expected}
