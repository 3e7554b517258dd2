"""Every variable has its part, and every dimension its role, for a reason that can be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from climcomp.errors import SourceError
from climcomp.source import Roles, Source, open_source
from climcomp.source.model import StoredVariable
from climcomp.source.roles import find_roles

LENGTHS = {"time": 5, "lat": 4, "lon": 8, "bnds": 2, "plev": 3, "y": 4, "x": 8, "strlen": 19}


def _variables(*given: tuple[str, str, str, dict[str, Any]]) -> dict[str, StoredVariable]:
    """Variables from (name, dims, dtype, attributes)."""
    made = {}
    for name, dims, dtype, attributes in given:
        names = tuple(dims.split())
        shape = tuple(LENGTHS.get(dim, 6) for dim in names)
        made[name] = StoredVariable(name, names, shape, np.dtype(dtype), attributes, None, 0)
    return made


AXES = (
    ("time", "time", "f8", {"units": "days since 2000-01-01"}),
    ("lat", "lat", "f8", {"units": "degrees_north", "bounds": "lat_bnds"}),
    ("lon", "lon", "f8", {"units": "degrees_east"}),
    ("lat_bnds", "lat bnds", "f8", {}),
)


def _roles(
    *given: tuple[str, str, str, dict[str, Any]], attributes: Mapping[str, Any] | None = None
) -> dict[str, Roles]:
    return find_roles(_variables(*AXES, *given), dict(attributes or {}))


def test_cf_attributes_decide_first() -> None:
    roles = _roles(
        ("tas", "time lat lon", "f4", {
            "coordinates": "height label",
            "grid_mapping": "crs",
            "cell_measures": "area: areacella",
            "ancillary_variables": "tas_error",
        }),
        ("height", "", "f8", {}),
        ("label", "strlen", "S1", {}),
        ("crs", "", "i4", {}),
        ("areacella", "lat lon", "f4", {}),
        ("tas_error", "time lat lon", "f4", {}),
        ("lev", "lev", "f8", {"formula_terms": "a: hyam b: hybm ps: PS"}),
        ("hyam", "lev", "f8", {}),
        ("hybm", "lev", "f8", {}),
        ("PS", "time lat lon", "f4", {}),
    )  # fmt: skip
    expected = {
        "tas": "data", "height": "coordinate", "label": "text", "crs": "grid_mapping",
        "areacella": "cell_measure", "tas_error": "ancillary", "lev": "coordinate",
        "hyam": "formula_terms", "hybm": "formula_terms", "PS": "formula_terms",
        "lat_bnds": "bounds", "time": "coordinate", "lat": "coordinate", "lon": "coordinate",
    }  # fmt: skip
    assert {name: role.part for name, role in roles.items()} == expected
    assert roles["PS"].reason == "named by formula_terms of lev"


def test_bounds_that_are_also_listed_as_coordinates_stay_bounds() -> None:
    for order in ("lat_bnds height", "height lat_bnds"):
        roles = _roles(
            ("aa", "time lat lon", "f4", {"coordinates": order}),
            ("height", "", "f8", {"bounds": "edges_of_it"}),
            ("edges_of_it", "bnds", "f8", {}),
            ("zz", "time lat lon", "f4", {"coordinates": f"{order} edges_of_it"}),
        )
        assert roles["lat_bnds"].part == roles["edges_of_it"].part == "bounds"


def test_dims_of_a_field_may_stand_in_any_order() -> None:
    roles = _roles(("ta", "plev lon time member lat", "f4", {}))["ta"]
    assert (roles.time, roles.y, roles.x, roles.cell) == ("time", "lat", "lon", None)
    assert roles.level == ("plev", "member")
    assert (roles.lat, roles.lon, roles.time_coordinate) == ("lat", "lon", "time")


def test_without_time_beside_fields_with_time_is_static() -> None:
    roles = _roles(("tas", "time lat lon", "f4", {}), ("roughness", "lat lon", "f4", {}))
    assert roles["roughness"].part == "static"
    assert "no time dimension" in roles["roughness"].reason


def test_fields_of_a_snapshot_are_data() -> None:
    roles = _roles(("hus", "plev lat lon", "f4", {}), ("e", "lat lon", "f4", {}))
    assert roles["hus"].part == roles["e"].part == "data"
    assert "no field here has a time axis" in roles["hus"].reason


def test_orography_of_a_snapshot_is_static() -> None:
    roles = _roles(
        ("hus", "plev lat lon", "f4", {}),
        ("orog", "lat lon", "f4", {}),
        ("height", "lat lon", "f4", {"standard_name": "surface_altitude"}),
    )
    assert roles["orog"].part == roles["height"].part == "static"


@pytest.mark.parametrize("name", ["hus", "e", "f", "var", "area", "mask", "con"])
def test_a_field_with_time_is_never_geometry_by_its_name(name: str) -> None:
    assert _roles((name, "time lat lon", "f4", {}))[name].part == "data"


def test_wrf_geometry_is_static_although_it_has_time() -> None:
    wrf = {"stagger": "", "coordinates": "XLONG XLAT"}
    roles = find_roles(
        _variables(
            ("XLAT", "Time south_north west_east", "f4", {"units": "degree_north", **wrf}),
            ("XLONG", "Time south_north west_east", "f4", {"units": "degree_east", **wrf}),
            ("HGT", "Time south_north west_east", "f4", wrf),
            ("T2", "Time south_north west_east", "f4", wrf),
            ("ZNU", "Time bottom_top", "f4", {"stagger": ""}),
            ("Times", "Time DateStrLen", "S1", {}),
        ),
        {},
    )
    parts = {name: role.part for name, role in roles.items()}
    assert parts == {
        "XLAT": "coordinate", "XLONG": "coordinate", "HGT": "static", "T2": "data",
        "ZNU": "static", "Times": "text",
    }  # fmt: skip
    assert roles["T2"].time_coordinate == "Times"
    assert (roles["T2"].y, roles["T2"].x) == ("south_north", "west_east")


def test_a_series_at_a_point_is_data_where_there_are_no_fields() -> None:
    series = ("tas", "time", "f4", {})
    point = (("lat", "", "f8", {"units": "degrees_north"}), ("time", "time", "f8", {}))
    roles = find_roles(_variables(*point, series), {})
    assert roles["tas"].part == "data"
    assert _roles(series, ("pr", "time lat lon", "f4", {}))["tas"].part == "static"


def test_stations_are_cells() -> None:
    roles = find_roles(
        _variables(
            AXES[0],
            ("lat", "station", "f8", {"standard_name": "latitude"}),
            ("lon", "station", "f8", {"standard_name": "longitude"}),
            ("tas", "station time", "f4", {"coordinates": "lat lon"}),
        ),
        {},
    )["tas"]
    assert (roles.cell, roles.y, roles.x, roles.time) == ("station", None, None, "time")


@pytest.mark.parametrize("dim", ["ncol", "ncells", "nCells", "nod2", "nMesh2d_half_levels_face"])
def test_unstructured_dims_are_known_by_name(dim: str) -> None:
    roles = find_roles(_variables(AXES[0], ("ta", f"time lev {dim}", "f4", {})), {})["ta"]
    assert (roles.cell, roles.level) == (dim, ("lev",))


def test_planes_of_coordinates_name_the_dims() -> None:
    roles = find_roles(
        _variables(
            ("TLAT", "nlat nlon", "f8", {"units": "degrees_north"}),
            ("TLONG", "nlat nlon", "f8", {"units": "degrees_east"}),
            ("ULAT", "nlat nlon", "f8", {"units": "degrees_north"}),
            ("ULONG", "nlat nlon", "f8", {"units": "degrees_east"}),
            ("UVEL", "time nlat nlon", "f4", {"coordinates": "ULONG ULAT time"}),
            ("SST", "dim0 dim1", "f4", {"coordinates": "TLONG TLAT"}),
        ),
        {},
    )
    assert (roles["UVEL"].lat, roles["UVEL"].lon) == ("ULAT", "ULONG")
    assert (roles["UVEL"].y, roles["UVEL"].x) == ("nlat", "nlon")
    assert roles["SST"].lat is None  # its dimensions are others


def test_coordinates_are_looked_for_in_parent_groups() -> None:
    roles = find_roles(
        _variables(*AXES, ("run/tas", "time lat lon", "f4", {}), ("run/sub/lat", "lat", "f8", {})),
        {},
    )["run/tas"]
    assert (roles.lat, roles.time_coordinate) == ("lat", "time")


def test_dates_without_units_are_kept_exactly() -> None:
    roles = _roles(
        ("pr", "time lat lon", "f4", {}),
        ("time_vectors", "time three lon lat", "f8", {}),
        ("date", "time", "i4", {}),
    )
    assert roles["time_vectors"].part == "ancillary"
    assert roles["date"].part == "ancillary"


def test_an_extended_grid_mapping_names_only_the_mappings() -> None:
    roles = _roles(
        ("tas", "time lat lon", "f4", {"grid_mapping": "crs: lat lon other: time"}),
        ("crs", "", "i4", {}),
        ("other", "", "i4", {}),
    )
    assert roles["crs"].part == roles["other"].part == "grid_mapping"
    assert roles["lat"].part == "coordinate"


def test_every_part_has_a_reason() -> None:
    for role in _roles(("tas", "time lat lon", "f4", {}), ("n", "", "i4", {})).values():
        assert role.reason


# Checked by eye: the data of each real file, and how many variables have which other part.
DATA = {
    "arome_wind10m_67h.nc": "x_wind_10m y_wind_10m",
    "cam_fv_PRECT_60day.nc": "PRECT",
    "cam_fv_T_3mon.nc": "T",
    "cam_se_TS_12mon.nc": "TS",
    "cmip6_cl_CESM2_hybrid.nc": "cl",
    "cmip6_o3_GFDL-ESM4_plev.nc": "o3",
    "cmip6_pr_MPI-ESM1-2-HR_day.nc": "pr",
    "cmip6_siconc_CanESM5_12mon.nc": "siconc",
    "cmip6_tos_BCC-CSM2-HR_025.nc": "tos",
    "coads_climatology_nc3.cdf": "SST AIRT SPEH WSPD UWND VWND SLP",
    "cordex_psl_WRF_EUR11_day.nc": "psl",
    "era5_t_0p25_packed_origin.nc": "temperature",
    "era5_tl31_37lev.nc": "sea_surface_temperature sea_ice_cover u_component_of_wind "
    "v_component_of_wind geopotential temperature specific_humidity "
    "specific_cloud_ice_water_content specific_cloud_liquid_water_content",
    "eraint_uvz_packed.nc": "z u v",
    "fesom_pi_mesh_diag.nc": "",
    "fesom_pi_temp_1948.nc": "temp",
    "fesom_pi_u_1948.nc": "u",
    "gfdl_idealized_precip_monthly.nc": "condensation_rain convection_rain",
    "gfdl_idealized_sphum_monthly.nc": "ps sphum",
    "gldas_noah_land.nc4": "SoilMoi0_10cm_inst SoilMoi10_40cm_inst",
    "hadcm_A1B_north_america_360day.nc": "air_temperature",
    "hadgem2_pr_360day_na10k.nc": "pr",
    "icon_r2b4_ta_aps.nc": "aps ta",
    "lossy_fpzip_cam_fv_T_3mon.nc": "T",
    "lossy_zfp1e-7_cam_fv_PRECT_60day.nc": "PRECT",
    "mpas_atm_ps.nc": "surface_pressure",
    "ncl_groups_uvt.nc": "T U V grp1/T grp1/U grp1/V",
    "orca2_votemper.nc": "votemper",
    "pop_SST_60day.nc": "SST",
    "um_hybrid_height.nc": "air_potential_temperature",
}


def _data(source: Source) -> set[str]:
    return {name for name, v in source.variables.items() if v.roles.part == "data"}


@pytest.mark.parametrize("file", DATA)
def test_the_data_of_a_real_file_are_recognised(shared_data: Path, file: str) -> None:
    assert _data(open_source(shared_data / file)) == set(DATA[file].split())


def test_all_fields_of_stations_and_of_a_mesh_are_data(shared_data: Path) -> None:
    assert len(_data(open_source(shared_data / "era5_city_stations.nc"))) == 24
    assert len(_data(open_source(shared_data / "lfric_c48_surface_mean.nc"))) == 18


def test_the_fields_of_wrf_are_data_and_its_geometry_is_not(shared_data: Path) -> None:
    source = open_source(shared_data / "wrfout_d01_20220501.nc4")
    data = _data(source)
    assert {"T2", "U", "V", "W", "PH", "QVAPOR", "RAINNC", "TSLB"} <= data
    assert not data & {"HGT", "MAPFAC_M", "LU_INDEX", "SINALPHA", "ZNU", "XLAT", "XTIME", "Times"}
    assert not any("static" in source.variables[name].roles.reason for name in data)
    parts = Counter(v.roles.part for v in source.variables.values())
    assert parts["text"] == 1
    assert parts["coordinate"] == 8


def test_the_static_fields_of_pop_are_not_data(shared_data: Path) -> None:
    source = open_source(shared_data / "pop_SST_60day.nc")
    parts = {name: v.roles.part for name, v in source.variables.items()}
    for name in ("DXT", "HT", "KMT", "ANGLE", "REGION_MASK", "dz"):
        assert parts[name] == "static"
    assert parts["TAREA"] == "cell_measure"
    assert parts["TLAT"] == "coordinate"
    assert parts["radius"] == "scalar"


def test_only_floats_and_packed_integers_are_data_in_the_real_files(shared_data: Path) -> None:
    for path in sorted(shared_data.iterdir()):
        try:
            source = open_source(path)
        except SourceError:
            continue
        for name in _data(source):
            variable = source.variables[name]
            assert variable.dtype.kind == "f" or variable.packing is not None, (path, name)


def test_the_grib_file_is_refused_by_name(shared_data: Path) -> None:
    with pytest.raises(SourceError, match="it is GRIB"):
        open_source(shared_data / "era5_levels_members.grib")
