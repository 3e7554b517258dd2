"""The geometry of a grid is what the file says, in degrees and in the order of the data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest

from climcomp.source import Geometry, open_source, read_geometry
from climcomp.source.gaussian import gaussian_latitudes, is_gaussian
from climcomp.source.grid import spans_globe
from climcomp.source.rotated import unrotate

MakeFile = Callable[..., Path]
Create = Callable[[Any], None]


def _geometry(path: Path, create: Create, name: str = "tas") -> Geometry:
    with netCDF4.Dataset(path, "w") as file:
        create(file)
    return read_geometry(open_source(path), name)


def _put(
    file: Any, name: str, dims: tuple[str, ...], values: Any, type: str = "f8", **attributes: Any
) -> None:
    array = np.asarray(values)
    for dim, length in zip(dims, array.shape, strict=True):
        if dim not in file.dimensions:
            file.createDimension(dim, length)
    variable = file.createVariable(name, type, dims)
    variable[...] = array
    variable.setncatts(attributes)


def test_a_regular_grid_is_latlon_and_periodic(make_file: MakeFile) -> None:
    geometry = read_geometry(open_source(make_file()), "tas")
    assert geometry.kind == "latlon"
    assert geometry.periodic_x
    assert geometry.lat is not None
    assert geometry.lat.tolist() == [-67.5, -22.5, 22.5, 67.5]
    assert geometry.reason == ""


def test_a_descending_grid_from_minus_180_keeps_its_order(tmp_path: Path) -> None:
    def create(file: Any) -> None:
        _put(file, "lat", ("lat",), [60.0, 0, -60], units="degrees_N")
        _put(file, "lon", ("lon",), [-180.0, -90, 0, 90], units="degreeE")
        _put(file, "lat_bnds", ("lat", "b"), [[90.0, 30], [30, -30], [-30, -90]])
        file["lat"].bounds = "lat_bnds"
        _put(file, "tas", ("lon", "lat"), np.zeros((4, 3)), "f4")

    geometry = _geometry(tmp_path / "a.nc", create)
    assert geometry.lat is not None
    assert geometry.lat.tolist() == [60, 0, -60]
    assert geometry.periodic_x
    assert geometry.lat_bounds is None  # of one axis alone they are no cells


@pytest.mark.parametrize("rows", [32, 64, 160])
def test_gaussian_latitudes_are_the_roots_of_legendre(rows: int) -> None:
    roots, _ = np.polynomial.legendre.leggauss(rows)
    expected = np.degrees(np.arcsin(roots))
    np.testing.assert_allclose(gaussian_latitudes(rows), expected, atol=1e-9)
    assert is_gaussian(gaussian_latitudes(rows).astype("f4").astype("f8"))
    assert is_gaussian(gaussian_latitudes(rows)[::-1])
    assert not is_gaussian(np.linspace(-90 + 90 / rows, 90 - 90 / rows, rows))
    assert not is_gaussian(gaussian_latitudes(rows)[: rows // 2])
    assert not is_gaussian(gaussian_latitudes(rows) + 0.05 * 180 / rows)


@pytest.mark.parametrize(
    ("lon", "expected"),
    [
        (np.arange(0, 360, 0.25, dtype="f4"), True),
        (np.arange(-180, 180, 1.25), True),
        (np.arange(359, -1, -1.0), True),
        (np.linspace(0, 360, 361), False),  # the last repeats the first
        (np.arange(0, 180, 1.0), False),
        (np.array([0.0, 90, 170, 270]), False),
        (np.array([0.0, 90, np.nan, 270]), False),
    ],
)
def test_only_an_even_and_closed_circle_is_periodic(lon: Any, expected: bool) -> None:
    assert spans_globe(lon.astype("f8")) == expected


def test_curvilinear_coordinates_follow_the_data(tmp_path: Path) -> None:
    lat = np.arange(6.0).reshape(2, 3) + np.array([0, 1, 5])
    corners = np.stack([lat - 1, lat - 1, lat + 1, lat + 1], axis=-1)

    def create(file: Any) -> None:
        _put(file, "nav_lat", ("j", "i"), lat, standard_name="latitude", units="degrees")
        _put(file, "nav_lon", ("j", "i"), lat * 2, standard_name="longitude", units="degrees")
        _put(file, "lat_v", ("j", "i", "n"), corners)
        _put(file, "lon_v", ("j", "i", "n"), corners)
        file["nav_lat"].bounds = "lat_v"
        file["nav_lon"].bounds = "lon_v"
        _put(file, "areacello", ("j", "i"), np.full((2, 3), 5.0), units="km2")
        _put(file, "tas", ("i", "j"), np.zeros((3, 2)), "f4", coordinates="nav_lat nav_lon")
        file["tas"].cell_measures = "area: areacello"

    geometry = _geometry(tmp_path / "a.nc", create)
    assert geometry.kind == "curvilinear"
    assert geometry.lat is not None
    np.testing.assert_array_equal(geometry.lat, lat)
    assert geometry.lat_bounds is not None
    assert geometry.lat_bounds.shape == (2, 3, 4)
    assert geometry.area_m2 is not None
    assert geometry.area_m2[0, 0] == 5e6


def test_coordinates_of_another_order_are_turned(tmp_path: Path) -> None:
    lat = np.arange(6.0).reshape(3, 2) ** 2

    def create(file: Any) -> None:
        _put(file, "lat", ("x", "y"), lat, units="degrees_north")
        _put(file, "lon", ("x", "y"), lat, units="degrees_east")
        _put(file, "areas", ("x", "y"), lat, units="m2")
        _put(file, "tas", ("y", "x"), np.zeros((2, 3)), "f4", coordinates="lat lon")
        file["tas"].cell_measures = "area: areas"

    geometry = _geometry(tmp_path / "a.nc", create)
    assert geometry.lat is not None
    assert geometry.area_m2 is not None
    np.testing.assert_array_equal(geometry.lat, lat.T)
    np.testing.assert_array_equal(geometry.area_m2, lat.T)


def test_plain_axes_written_as_planes_are_latlon(tmp_path: Path) -> None:
    lat, lon = np.meshgrid([-45.0, 45.0], np.arange(0, 360, 45.0), indexing="ij")

    def create(file: Any) -> None:
        _put(file, "lat", ("y", "x"), lat, units="degrees_north")
        _put(file, "lon", ("y", "x"), lon, units="degrees_east")
        _put(file, "tas", ("y", "x"), np.zeros((2, 8)), "f4", coordinates="lat lon")

    geometry = _geometry(tmp_path / "a.nc", create)
    assert (geometry.kind, geometry.periodic_x) == ("latlon", True)
    assert geometry.lon is not None
    assert geometry.lon.shape == (8,)


def test_a_rotated_pole_gives_known_places() -> None:
    # The pole of Europe's CORDEX domains: the origin of the rotated grid is 50.75 N, 18 E.
    mapping = {"grid_north_pole_latitude": 39.25, "grid_north_pole_longitude": -162.0}
    lat, lon = unrotate(np.array([0.0, 90.0]), np.array([0.0, 0.0]), mapping)
    np.testing.assert_allclose(lat, [50.75, 39.25], atol=1e-10)
    assert lon[0] == pytest.approx(18.0, abs=1e-10)


def test_a_rotated_pole_gives_the_places_of_a_real_file(shared_data: Path) -> None:
    source = open_source(shared_data / "cordex_psl_WRF_EUR11_day.nc")
    mapping = {"grid_north_pole_latitude": 39.25, "grid_north_pole_longitude": -162.0}
    lat, lon = unrotate(source.read("rlat")[:, None], source.read("rlon")[None, :], mapping)
    # The file was written from coordinates in single precision, which is 1.5e-5 at 350.
    np.testing.assert_allclose(lat, source.read("lat"), atol=2e-5)
    np.testing.assert_allclose((lon - source.read("lon") + 180) % 360 - 180, 0, atol=2e-5)


def test_a_rotated_grid_without_planes_is_computed(tmp_path: Path) -> None:
    def create(file: Any) -> None:
        _put(file, "rlat", ("rlat",), [0.0, 1], standard_name="grid_latitude", bounds="rlat_b")
        _put(file, "rlon", ("rlon",), [0.0, 1], standard_name="grid_longitude", bounds="rlon_b")
        _put(file, "rlat_b", ("rlat", "b"), [[-0.5, 0.5], [0.5, 1.5]])
        _put(file, "rlon_b", ("rlon", "b"), [[-0.5, 0.5], [0.5, 1.5]])
        _put(file, "pole", (), 0, "i4", grid_mapping_name="rotated_latitude_longitude")
        file["pole"].grid_north_pole_latitude = 39.25
        file["pole"].grid_north_pole_longitude = -162.0
        _put(file, "tas", ("rlat", "rlon"), np.zeros((2, 2)), "f4", grid_mapping="pole")

    geometry = _geometry(tmp_path / "a.nc", create)
    assert geometry.kind == "rotated"
    assert geometry.lat is not None
    assert geometry.lat[0, 0] == pytest.approx(50.75)
    assert geometry.lat_bounds is not None
    assert geometry.lat_bounds.shape == (2, 2, 4)
    # A corner that four cells share is the same place in all of them.
    shared = [geometry.lat_bounds[cell] for cell in ((0, 0, 2), (0, 1, 3), (1, 0, 1), (1, 1, 0))]
    np.testing.assert_allclose(shared, shared[0])
    assert "computed from the rotated pole" in geometry.reason


def test_a_projection_without_planes_says_so(tmp_path: Path) -> None:
    def create(file: Any) -> None:
        _put(file, "y", ("y",), [0.0, 1], standard_name="projection_y_coordinate", units="m")
        _put(file, "x", ("x",), [0.0, 1], standard_name="projection_x_coordinate", units="m")
        _put(file, "crs", (), 0, "i4", grid_mapping_name="lambert_conformal_conic")
        _put(file, "tas", ("y", "x"), np.zeros((2, 2)), "f4", grid_mapping="crs")

    geometry = _geometry(tmp_path / "a.nc", create)
    assert geometry.kind == "projected"
    assert geometry.lat is None
    assert "lambert_conformal_conic" in geometry.reason


@pytest.mark.parametrize(
    ("names", "units", "scale"),
    [
        (("lat", "lon"), "degrees_north degrees_east", 1.0),
        (("clat", "clon"), "radian radian", 180 / np.pi),
        (("latCell", "lonCell"), " ", 180 / np.pi),
        (("lat", "lon"), " ", 1.0),
    ],
)
def test_radians_become_degrees_only_where_they_must(
    tmp_path: Path, names: tuple[str, str], units: str, scale: float
) -> None:
    values = np.array([-1.5, 0.0, 1.0])

    def create(file: Any) -> None:
        for name, unit in zip(names, units.split(" "), strict=True):
            _put(file, name, ("nCells",), values, **({"units": unit} if unit else {}))
        _put(file, "tas", ("nCells",), np.zeros(3), "f4")

    geometry = _geometry(tmp_path / "a.nc", create)
    assert geometry.kind == "unstructured"
    assert geometry.lat is not None
    np.testing.assert_array_equal(geometry.lat, values * scale)
    assert ("range is that of radians" in geometry.reason) == (names[0] == "latCell")


def test_a_mesh_gives_the_corners_of_its_faces(tmp_path: Path) -> None:
    def create(file: Any) -> None:
        _put(file, "mesh", (), 0, "i4", cf_role="mesh_topology", topology_dimension=2)
        file["mesh"].setncatts(
            {
                "node_coordinates": "node_x node_y",
                "face_coordinates": "face_x face_y",
                "face_node_connectivity": "face_nodes",
            }
        )
        _put(file, "node_x", ("node",), [0.0, 1, 1, 0], standard_name="longitude")
        _put(file, "node_y", ("node",), [0.0, 0, 1, 1], standard_name="latitude")
        _put(file, "face_x", ("face",), [0.6, 0.5], standard_name="longitude")
        _put(file, "face_y", ("face",), [0.3, 0.5], standard_name="latitude")
        file.createVariable("face_nodes", "i4", ("face", file.createDimension("n", 4).name))
        file["face_nodes"].setncatts({"cf_role": "face_node_connectivity", "start_index": 1})
        file["face_nodes"][:] = np.ma.masked_equal([[1, 2, 3, -1], [1, 2, 3, 4]], -1)
        file["face_nodes"].missing_value = np.int32(netCDF4.default_fillvals["i4"])
        _put(file, "tas", ("face",), np.zeros(2), "f4", mesh="mesh", location="face")
        file["tas"].coordinates = "face_x face_y"

    geometry = _geometry(tmp_path / "a.nc", create)
    assert geometry.kind == "unstructured"
    assert geometry.lat_bounds is not None
    assert geometry.lon_bounds is not None
    np.testing.assert_array_equal(geometry.lat_bounds, [[0, 0, 1, np.nan], [0, 0, 1, 1]])
    np.testing.assert_array_equal(geometry.lon_bounds, [[0, 1, 1, np.nan], [0, 1, 1, 0]])


def test_areas_that_are_elsewhere_are_told(make_file: MakeFile) -> None:
    def change(file: Any) -> None:
        file["tas"].cell_measures = "area: areacella"
        file.external_variables = "areacella"

    geometry = read_geometry(open_source(make_file(change=change)), "tas")
    assert geometry.area_m2 is None
    assert "'areacella', which is in another file" in geometry.reason


@pytest.mark.parametrize("units", ["", "steradian"])
def test_areas_in_steradians_become_square_metres(tmp_path: Path, units: str) -> None:
    def create(file: Any) -> None:
        _put(file, "lat", ("ncol",), [-45.0, 45.0], units="degrees_north")
        _put(file, "lon", ("ncol",), [0.0, 0.0], units="degrees_east")
        _put(file, "area", ("ncol",), [2 * np.pi, 2 * np.pi], units=units)
        _put(file, "tas", ("ncol",), np.zeros(2), "f4")

    geometry = _geometry(tmp_path / "a.nc", create)
    assert geometry.area_m2 is not None
    assert geometry.area_m2.sum() == pytest.approx(5.1006e14, rel=1e-4)


def test_a_moving_grid_has_no_coordinates(tmp_path: Path) -> None:
    def create(file: Any) -> None:
        lat = np.arange(8.0).reshape(2, 2, 2)
        file.createDimension("Time", None)
        _put(file, "XLAT", ("Time", "south_north", "west_east"), lat, units="degree_north")
        _put(file, "XLONG", ("Time", "south_north", "west_east"), lat, units="degree_east")
        _put(file, "T2", ("Time", "south_north", "west_east"), lat, "f4")
        file["T2"].coordinates = "XLONG XLAT"

    geometry = _geometry(tmp_path / "a.nc", create, "T2")
    assert geometry.lat is None
    assert "a moving grid" in geometry.reason


def test_coordinates_that_were_never_written_are_missing(tmp_path: Path) -> None:
    def create(file: Any) -> None:
        fill = netCDF4.default_fillvals["f8"]
        _put(file, "lat", ("y", "x"), [[1.0, 2.0], [1.5, fill]], units="degrees_north")
        _put(file, "lon", ("y", "x"), [[1.0, 2.0], [1.0, fill]], units="degrees_east")
        _put(file, "tas", ("y", "x"), np.zeros((2, 2)), "f4", coordinates="lat lon")

    geometry = _geometry(tmp_path / "a.nc", create)
    assert geometry.lat is not None
    assert np.isnan(geometry.lat[1, 1])
    assert "lat is missing at 1 places" in geometry.reason


def test_a_zonal_mean_keeps_its_latitudes(tmp_path: Path) -> None:
    def create(file: Any) -> None:
        _put(file, "lat", ("lat",), [-45.0, 45.0], units="degrees_north")
        _put(file, "tas", ("time", "lat"), np.zeros((3, 2)), "f4")

    geometry = _geometry(tmp_path / "a.nc", create)
    assert geometry.kind == "none"
    assert "only one of y and x" in geometry.reason


# What was checked by eye, file by file: kind, periodic, bounds there, areas there.
REAL = {
    "arome_wind10m_67h.nc:x_wind_10m": ("projected", False, False, False),
    "cam_fv_T_3mon.nc:T": ("latlon", True, False, False),
    "cam_se_TS_12mon.nc:TS": ("unstructured", False, False, True),
    "cmip6_cl_CESM2_hybrid.nc:cl": ("latlon", False, True, False),
    "cmip6_siconc_CanESM5_12mon.nc:siconc": ("curvilinear", False, True, True),
    "cmip6_tos_BCC-CSM2-HR_025.nc:tos": ("curvilinear", False, False, False),
    "coads_climatology_nc3.cdf:SST": ("latlon", True, False, False),
    "cordex_psl_WRF_EUR11_day.nc:psl": ("rotated", False, True, False),
    "era5_city_stations.nc:tas": ("unstructured", False, False, False),
    "era5_tl31_37lev.nc:temperature": ("gaussian", True, False, False),
    "eraint_uvz_packed.nc:u": ("latlon", True, False, False),
    "fesom_pi_temp_1948.nc:temp": ("unstructured", False, False, False),
    "gfdl_idealized_sphum_monthly.nc:sphum": ("gaussian", True, True, False),
    "gldas_noah_land.nc4:SoilMoi0_10cm_inst": ("latlon", True, False, False),
    "hadcm_A1B_north_america_360day.nc:air_temperature": ("latlon", False, False, False),
    "icon_r2b4_ta_aps.nc:ta": ("unstructured", False, False, False),
    "lfric_c48_surface_mean.nc:tstar": ("unstructured", False, True, False),
    "mpas_atm_ps.nc:surface_pressure": ("unstructured", False, False, False),
    "ncl_groups_uvt.nc:grp1/T": ("gaussian", True, False, False),
    "orca2_votemper.nc:votemper": ("curvilinear", False, True, False),
    "pop_SST_60day.nc:SST": ("curvilinear", False, False, True),
    "um_hybrid_height.nc:air_potential_temperature": ("rotated", False, True, False),
    "wrfout_d01_20220501.nc4:T2": ("curvilinear", False, False, True),
    "wrfout_d01_20220501.nc4:U": ("curvilinear", False, False, False),
}


@pytest.mark.parametrize("key", REAL)
def test_real_grids_are_recognised(shared_data: Path, key: str) -> None:
    file, name = key.split(":")
    geometry = read_geometry(open_source(shared_data / file), name)
    actual = (
        geometry.kind,
        geometry.periodic_x,
        geometry.lat_bounds is not None,
        geometry.area_m2 is not None,
    )
    assert actual == REAL[key]
    if geometry.lat is not None:
        assert 20 < np.nanmax(np.abs(geometry.lat)) <= 90
