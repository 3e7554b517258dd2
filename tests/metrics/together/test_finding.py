"""Which variables of a dataset are measured together."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from climcomp_metrics.together.model import Member
from climcomp_metrics.together.relations import RELATIONS, find_groups, find_relation

MakeMember = Callable[..., Member]
FLAT = "time lat lon"


def groups(*members: Member) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for group in find_groups(members):
        found.setdefault(group.relation, []).append(dict(group.members))
    return found


def test_every_relation_of_the_table_has_its_name() -> None:
    assert all(find_relation(name).name == name for name in RELATIONS)


def test_cmip_temperatures_of_the_day_are_in_order_by_name(make_member: MakeMember) -> None:
    members = [
        make_member(name, "K", "air_temperature", FLAT) for name in ("tas", "tasmax", "tasmin")
    ]

    assert groups(*members)["order"] == [{"lowest": "tasmin", "mean": "tas", "highest": "tasmax"}]


def test_two_temperatures_are_enough_for_an_order(make_member: MakeMember) -> None:
    members = [make_member("TREFHT", "K", dims=FLAT), make_member("TREFHTMX", "K", dims=FLAT)]

    assert groups(*members)["order"] == [{"mean": "TREFHT", "highest": "TREFHTMX"}]


def test_temperatures_on_other_dimensions_are_no_partners(make_member: MakeMember) -> None:
    members = [
        make_member("tas", "K", "air_temperature", "lat lon"),
        make_member("tasmax", "K", "air_temperature", FLAT),
    ]

    assert groups(*members) == {}


def test_a_group_without_a_lossy_member_is_not_measured(make_member: MakeMember) -> None:
    wind = [make_member(name, "m s-1", lossy=False) for name in ("ua", "va")]

    assert groups(*wind) == {}


def test_winds_of_several_heights_are_paired_by_name(make_member: MakeMember) -> None:
    names = ("u10", "u100", "v100", "v10", "x_wind_10m", "y_wind_10m")
    members = [make_member(name, "m s**-1", dims=FLAT) for name in names]

    assert groups(*members)["wind"] == [
        {"u": "u10", "v": "v10"},
        {"u": "u100", "v": "v100"},
        {"u": "x_wind_10m", "v": "y_wind_10m"},
    ]


def test_winds_with_cf_names_need_no_usual_name(make_member: MakeMember) -> None:
    members = [
        make_member("anything", "m s-1", "northward_wind"),
        make_member("other", "m s-1", "eastward_wind"),
    ]

    assert groups(*members)["wind"] == [{"u": "other", "v": "anything"}]


def test_a_variance_of_the_wind_is_no_wind(make_member: MakeMember) -> None:
    methods = {"attributes": {"cell_methods": "time: variance"}}
    members = [make_member(name, "m s-1", **methods) for name in ("ua", "va")]

    assert groups(*members) == {}


def test_winds_of_different_folders_are_no_pair(make_member: MakeMember) -> None:
    members = [make_member("a/U", "m/s"), make_member("b/V", "m/s")]

    assert groups(*members) == {}


def test_a_name_with_a_unit_of_another_kind_is_something_else(make_member: MakeMember) -> None:
    assert groups(make_member("z", "1"), make_member("t", "s"), make_member("u", "K")) == {}


def test_a_geopotential_without_levels_is_that_of_the_ground(make_member: MakeMember) -> None:
    assert groups(make_member("z", "m2 s-2", "geopotential", FLAT)) == {}
    found = groups(make_member("zg500", "m", "geopotential_height", FLAT))
    assert found == {"geostrophic wind": [{"height": "zg500"}]}


def test_z_is_a_geopotential_or_a_height_by_its_unit(make_member: MakeMember) -> None:
    for unit in ("m2 s-2", "m"):
        assert groups(make_member("z", unit))["geostrophic wind"] == [{"height": "z"}]


@pytest.mark.parametrize(
    ("names", "unit", "relation", "roles"),
    [
        (
            "rsdt rsut rlut",
            "W m-2",
            "TOA budget",
            {"incoming": "rsdt", "reflected": "rsut", "emitted": "rlut"},
        ),
        (
            "FSNT FLNT FSNTOA FLUT",
            "W/m2",
            "TOA budget",
            {"shortwave at the model top": "FSNT", "longwave at the model top": "FLNT"},
        ),
        (
            "tsr ttr",
            "J m**-2",
            "TOA budget",
            {"shortwave downward": "tsr", "longwave downward": "ttr"},
        ),
        (
            "FSNS FLNS LHFLX SHFLX",
            "W/m2",
            "surface budget",
            {
                "net shortwave": "FSNS",
                "net longwave upward": "FLNS",
                "latent heat upward": "LHFLX",
                "sensible heat upward": "SHFLX",
            },
        ),
        ("pr evspsbl", "kg m-2 s-1", "water budget", {"rain": "pr", "evaporation": "evspsbl"}),
        ("tp e", "m", "water budget", {"rain": "tp", "evaporation downward": "e"}),
        (
            "PRECC PRECL QFLX",
            "m/s",
            "water budget",
            {"convective rain": "PRECC", "large-scale rain": "PRECL", "evaporation": "QFLX"},
        ),
    ],
)
def test_budgets_are_found_by_usual_names(
    make_member: MakeMember, names: str, unit: str, relation: str, roles: dict[str, str]
) -> None:
    members = [make_member(name, unit, dims=FLAT) for name in names.split()]

    assert groups(*members) == {relation: [roles]}


def test_a_budget_without_one_of_its_terms_is_none(make_member: MakeMember) -> None:
    members = [make_member(name, "W m-2", dims=FLAT) for name in ("rsdt", "rsut")]

    assert groups(*members) == {}


def test_era5_fluxes_are_downward_whatever_their_cf_name_says(make_member: MakeMember) -> None:
    members = [
        make_member("tsr", "W m-2", "toa_net_upward_shortwave_flux", FLAT),
        make_member("ttr", "W m-2", "toa_outgoing_longwave_flux", FLAT),
    ]

    expected = {"shortwave downward": "tsr", "longwave downward": "ttr"}
    assert groups(*members) == {"TOA budget": [expected]}


def test_dry_mass_takes_the_humidity_above_its_surface(make_member: MakeMember) -> None:
    members = [
        make_member("ps", "Pa", "surface_air_pressure", FLAT),
        make_member("hus", "1", "specific_humidity"),
        make_member("hus_other", "1", "specific_humidity", "time lev cell"),
    ]

    expected = {"surface_pressure": "ps", "humidity": "hus"}
    assert groups(*members)["air mass"] == [expected]


def test_mass_is_measured_without_humidity_too(make_member: MakeMember) -> None:
    found = groups(make_member("ps", "Pa", "surface_air_pressure", "time cell"))

    assert found == {"air mass": [{"surface_pressure": "ps"}]}


def test_temp_in_kelvin_is_air_and_in_celsius_sea(make_member: MakeMember) -> None:
    assert groups(make_member("temp", "K")) == {"enthalpy": [{"temperature": "temp"}]}
    assert groups(make_member("temp", "degC")) == {"ocean heat": [{"temperature": "temp"}]}


def test_a_sea_surface_temperature_has_no_column(make_member: MakeMember) -> None:
    assert groups(make_member("tos", "degC", "sea_surface_temperature", FLAT)) == {}


def test_humidity_is_relative_on_levels_and_near_the_surface(make_member: MakeMember) -> None:
    members = [
        make_member("tas", "K", "air_temperature", FLAT),
        make_member("huss", "1", "specific_humidity", FLAT),
        make_member("ps", "Pa", "surface_air_pressure", FLAT),
        make_member("ta", "K", "air_temperature"),
        make_member("hus", "1", "specific_humidity"),
    ]

    assert groups(*members)["relative humidity"] == [
        {"temperature": "tas", "humidity": "huss", "pressure": "ps"},
        {"temperature": "ta", "humidity": "hus"},
    ]


def test_pressure_on_the_same_levels_is_taken(make_member: MakeMember) -> None:
    members = [make_member("ta", "K"), make_member("hus", "1"), make_member("pfull", "Pa")]

    expected = {"temperature": "ta", "humidity": "hus", "pressure": "pfull"}
    assert groups(*members)["relative humidity"] == [expected]


def test_a_cf_name_with_a_unit_nobody_knows_is_found_to_be_shown(make_member: MakeMember) -> None:
    assert "enthalpy" in groups(make_member("ta", "furlong", "air_temperature"))
    assert groups(make_member("ta", "furlong")) == {}


def test_a_cf_name_with_a_unit_of_another_kind_is_something_else(make_member: MakeMember) -> None:
    assert groups(make_member("ta", "m s-1", "air_temperature")) == {}


def test_winds_that_cannot_be_told_apart_are_no_pairs(make_member: MakeMember) -> None:
    members = [
        make_member("first", "m s-1", "eastward_wind"),
        make_member("second", "m s-1", "eastward_wind"),
        make_member("third", "m s-1", "northward_wind"),
    ]

    assert groups(*members) == {}


def test_humidity_on_another_grid_is_not_above_a_surface(make_member: MakeMember) -> None:
    members = [
        make_member("ps", "Pa", "surface_air_pressure", FLAT),
        make_member("hus", "1", "specific_humidity", "time lev cell"),
    ]

    assert groups(*members)["air mass"] == [{"surface_pressure": "ps"}]
