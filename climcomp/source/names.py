"""Names that models give to axes and geometry where their files do not follow CF."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Compared in lower case. Sources: the files of WRF, POP, CICE, NEMO, ROMS, MOM, CAM-SE, ICON,
# MPAS-A, FESOM2, LFRic, FV3 and UM, and the dimension tables of their user guides.
TIME = _words(
    "time t times time_counter ocean_time initial_time reftime valid_time forecast_time date "
    "xtime step_time record month months year years day week season"
)
LATITUDE = _words(
    "lat lats latitude latitudes xlat xlat_m xlat_u xlat_v clat tlat ulat nav_lat gphit gphiu "
    "gphiv "
    "latcell latedge latvertex lat_rho lat_u lat_v lat_psi geolat geolat_t geolat_u geolat_c "
    "elat vlat slat coadsy grid_lat glat lat_aux_grid gridlat_0 g0_lat_0 g0_lat_1 g0_lat_2"
)
LONGITUDE = _words(
    "lon lons longitude longitudes long xlong xlong_m xlong_u xlong_v clon tlong tlon ulong ulon "
    "nav_lon glamt glamu glamv loncell lonedge lonvertex lon_rho lon_u lon_v lon_psi geolon "
    "geolon_t geolon_u geolon_c elon vlon slon coadsx grid_lon glon gridlon_0 g0_lon_1 g0_lon_2 "
    "g0_lon_3"
)
Y_DIMENSION = _words(
    "y lat latitude south_north south_north_stag nlat rlat grid_latitude j nj yc yh yq yt_ocean "
    "yu_ocean eta_rho eta_u eta_v eta_psi jy grid_yt grid_y y_grid northing ygrid_0"
)
X_DIMENSION = _words(
    "x lon longitude west_east west_east_stag nlon rlon grid_longitude i ni xc xh xq xt_ocean "
    "xu_ocean xi_rho xi_u xi_v xi_psi ix grid_xt grid_x x_grid easting xgrid_0"
)
CELL_DIMENSION = _words(
    "ncol cell cells ncells ncell nelem elem elements nod2 nod2d nodes node nvertices nedges "
    "edges edge edg_n vertex location locations station stations site sites point points values "
    "rgrid reduced_points gridcell landunit pft column lndgrid nmesh2d_face nmesh2d_node "
    "nmesh2d_edge healpix_index hpx"
)
_MESH_DIMENSION = re.compile(r"^n?mesh\w*_(face|node|edge)s?$|^n(face|node|edge)s?$")

# Values of these standard names lie on Earth whatever the day.
STATIC_STANDARD_NAMES = _words(
    "surface_altitude land_area_fraction sea_area_fraction land_binary_mask sea_binary_mask "
    "sea_floor_depth_below_geoid sea_floor_depth_below_mean_sea_level sea_floor_depth "
    "model_sea_floor_depth_below_geoid sea_floor_depth_below_reference_ellipsoid cell_area "
    "cell_thickness cell_volume angle_of_rotation_from_east_to_x angle_of_rotation_from_east_to_y "
    "angle_of_rotation_from_solar_north_to_y height_above_reference_ellipsoid region soil_type "
    "coriolis_parameter bedrock_altitude ground_level_altitude "
    "geoid_height_above_reference_ellipsoid"
)
AREA_NAMES = _words(
    "area areacella areacello areacellr cell_area tarea uarea narea earea elem_area nod_area "
    "areacell area_t area_u area2d e1e2t dxdy gw"
)
# Geometry of grids and surfaces, lower case. Names that elsewhere mean a field (hus, e, f, var) are
# not among them: where other fields have time, having none says enough.
STATIC_NAMES = _words(
    "hgt orog orography oro topo topography zsurf sftlf sftof sftgif deptho basin lsm mask "
    "landmask lakemask landfrac ocnfrac landsea lsmask land_mask angle anglet kmt kmu "
    "region_mask tmask umask vmask bathymetry bathy zbar_e_bottom zbar_n_bottom nlevels "
    "nlevels_nod2d nod_in_elem2d nod_in_elem2d_num nod_part elem_part elements nodes edges "
    "edge_tri edge_cross_dxdy gradient_sca_x gradient_sca_y face_nodes"
)
# WRF writes its geometry again for every time; its variables are known by the attribute stagger.
WRF_STATIC_NAMES = _words(
    "hgt hgt_m mapfac_m mapfac_u mapfac_v mapfac_mx mapfac_my mapfac_ux mapfac_uy mapfac_vx "
    "mapfac_vy mf_vx_inv sinalpha cosalpha dx2d xland landmask lakemask lu_index ivgtyp isltyp e f "
    "con var var_sso oa1 oa2 oa3 oa4 ol1 ol2 ol3 ol4 shdmax shdmin nest_pos water_depth"
)
_LENGTH_ALONG_GRID = re.compile(r"^(dx|dy|e1|e2)[tuvfcqh]?$")

_NORTH = re.compile(r"^degrees?_?(north|n)$", re.IGNORECASE)
_EAST = re.compile(r"^degrees?_?(east|e)$", re.IGNORECASE)
_SINCE = re.compile(r"^\s*[a-z]+\s+since\s+\S|^\s*day as %Y%m%d", re.IGNORECASE)


def is_north(units: object) -> bool:
    """The units are one of CF's spellings of degrees_north."""
    return isinstance(units, str) and bool(_NORTH.match(units.strip()))


def is_east(units: object) -> bool:
    """The units are one of CF's spellings of degrees_east."""
    return isinstance(units, str) and bool(_EAST.match(units.strip()))


def is_since(units: object) -> bool:
    """The units count time from a date ("days since ..."), or are CDO's "day as %Y%m%d.%f"."""
    return isinstance(units, str) and bool(_SINCE.match(units))


def is_angle(units: object) -> bool:
    """The units could be those of a latitude; a file that says nothing says nothing against it."""
    if not isinstance(units, str):
        return True
    return units.strip().lower() in ("", "degrees", "degree", "deg", "radians", "radian", "rad")


def is_cell_dimension(name: str) -> bool:
    """A dimension of this name counts the cells, nodes or edges of an unstructured grid."""
    lower = name.lower()
    return lower in CELL_DIMENSION or bool(_MESH_DIMENSION.match(lower))


def is_static_name(name: str) -> bool:
    """A variable of this name that has no time describes the grid or the surface."""
    lower = name.lower()
    return lower in STATIC_NAMES or bool(_LENGTH_ALONG_GRID.match(lower))
