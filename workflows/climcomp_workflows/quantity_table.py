"""The quantities that climcomp knows by name, with their class and their default bound.

The bounds are the table "Default bounds by variable" of the metric suite. Names are those of CMIP,
ERA5 (short and long), CESM, WRF and NEMO, in lower case; patterns are searched in lower case too.
A quantity is met only in units of its own kind, so that `z` in m2 s-2 is a geopotential and `z` in
m is a height. Of several that fit, the first counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ClassLetter = Literal["C", "P", "B", "L"]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A physical quantity, how it is recognised, and the bound it has by default.

    `absolute` is in `unit`; `sigma_share` with it or with `relative`: the tighter of the two.
    """

    label: str
    letter: ClassLetter
    unit: str | None  # what its variables convert to; None: any
    standard_names: str
    names: frozenset[str]
    long_names: str = r"(?!)"
    absolute: float | None = None
    relative: float | None = None
    sigma_share: float | None = None
    tops_out: bool = True  # for B: whether 1 is a ceiling (relative humidity exceeds it)


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_RAIN = _names(
    "pr prc prl prsn tp cp lsp sf csf lsf mtpr mcpr mlspr total_precipitation "
    "large_scale_precipitation convective_precipitation snowfall precipitation precip "
    "precip_rate rain rainfall prect precc precl precsc precsl prectmx rainc rainnc rainsh "
    "snownc graupelnc hailnc condensation_rain convection_rain total_rain pracc rr tot_prec "
    "rain_gsp rain_con pr_amount"
)
_RATIOS = _names(
    "hus huss q q2 qv qvapor qcloud qrain qice qsnow qgraup qhail sphum shum specific_humidity "
    "clw cli clwc ciwc crwc cswc cldliq cldice specific_cloud_liquid_water_content "
    "specific_cloud_ice_water_content specific_rain_water_content specific_snow_water_content "
    "o3 ozone ch4 co2 n2o no no2 co so2 so4 nh3 hno3 oh h2o h2o2 dms isop hcho c2h6 c3h8 speh "
    "mmrso4 mmrbc mmrdust mmroa mmrss"
)
_CONTENTS = _names(
    "clwvi clivi tgcldlwp tgcldiwp tclw tciw tcrw tcsw tcwv tcw tmq prw tco3 gtco3 chl no3 po4 "
    "fe phyc zooc numliq numice qnice qnrain od550aer abs550aer aod"
)
_FRACTIONS = _names(
    "clt clh clm cll cl cc tcc hcc mcc lcc tot_cld cldtot cldlow cldmed cldhgh cloud cldfra "
    "clct siconc sic aice ci icefrac ice_fraction sea_ice_cover sea_ice siconca snc seaice "
    "total_cloud_cover high_cloud_cover medium_cloud_cover low_cloud_cover "
    "fraction_of_cloud_cover soicecov ileadfra"
)
_WIND_10M = _names(
    "uas vas sfcwind sfcwindmax u10 v10 10u 10v si10 10si fg10 10fg i10fg u10m v10m wspd10 "
    "u_10m v_10m 10m_u_component_of_wind 10m_v_component_of_wind 10m_wind_speed ws10 x_wind_10m "
    "y_wind_10m wind_speed_10m u10max v10max u100 v100 100u 100v u10n v10n"
)
_TEMPERATURES = _names(
    "ta tas tasmax tasmin ts tos tob thetao bigthetao tsl tdps ta700 ta850 ta500 t t2m 2t d2m "
    "2d skt sst mx2t mn2t stl1 stl2 stl3 stl4 istl1 lblt tsn temperature 2m_temperature "
    "2m_dewpoint_temperature skin_temperature sea_surface_temperature trefht trefhtmx trefhtmn "
    "trefmxav trefmnav temp tmp t2 th2 tsk votemper sosstsst tstar tstar_sea tstar_land airt "
    "tmn tslb tsoi tsa tg tv t850 t500 t700 t200"
)
_WIND = _names(
    "ua va u v wa_u u_component_of_wind v_component_of_wind u850 v850 u200 v200 u500 v500 ws wspd"
)
_RADIATION = _names(
    "rsdt rsut rsutcs rlut rlutcs rsds rsdscs rsus rsuscs rlds rldscs rlus rtmt rls rss "
    "rsdsdiff fsnt fsntc fsns fsnsc fsds fsdsc flnt flntc flns flnsc flds fldsc flut flutc "
    "fsntoa fsutoa solin swdown glw gsw olr swupt swdnt swupb swdnb lwupt lwdnt lwupb lwdnb "
    "msdwswrf msdwlwrf msnswrf msnlwrf mtnlwrf mtnswrf mtdwswrf avg_sdswrf avg_sdlwrf "
    "avg_snswrf avg_snlwrf avg_tnlwrf avg_tnswrf"
)

_PRESSURES = _names(
    "psl ps msl sp slp aps pslv psfc surface_pressure mean_sea_level_pressure prmsl mslp"
)
_AMOUNTS = _names(
    "snw snow snd sd swe sithick sivol hi ro sro ssro mrro mrros cape snowh rnof swh hs snow_depth"
)
_GEOMETRY = _names(
    "areacella areacello sftlf sftof orog lsm land_mask landmask lakemask mask tmask basin deptho "
    "xlat xlong tlat tlong ulat ulong nav_lat nav_lon"
)

QUANTITIES: tuple[Quantity, ...] = (
    Quantity(
        "precipitation",
        "P",
        None,
        r"^(lwe_|convective_|stratiform_|solid_|large_scale_)*(precipitation|rainfall|snowfall)_"
        r"(flux|rate|amount)$|^(lwe_)?thickness_of_.*(precipitation|rainfall|snowfall)_amount",
        _RAIN,
        r"\b(precipitation|rainfall|snowfall)\b(?!.*(fraction|type|days|\bheat\b))",
        relative=0.01,
    ),
    Quantity(
        "area fraction",
        "B",
        "1",
        r"^(?!land_|sea_area).*area_fraction($|_in_|_assuming)|^(low|medium|high)_type_cloud_area_fraction",
        _FRACTIONS,
        r"\bcloud (fraction|cover|amount)\b|sea[ -]ice (concentration|fraction|cover)\b",
        absolute=0.005,
    ),
    Quantity(
        "relative humidity",
        "B",
        "1",
        r"^relative_humidity",
        _names("hur hurs r rh rh2m relhum relative_humidity hursmin hursmax"),
        r"\brelative humidity\b",
        sigma_share=0.01,
        tops_out=False,
    ),
    Quantity(
        "other fraction",
        "B",
        "1",
        r"albedo|_fraction_of_absorbed",
        _names("albedo fal asn aldvis vegfra sndc"),
        sigma_share=0.01,
    ),
    Quantity(
        "tracer",
        "P",
        "1",
        r"^(specific_humidity|humidity_mixing_ratio|(mass|mole|volume)_(fraction|mixing_ratio)_of_)",
        _RATIOS,
        r"\b(mixing ratio|specific humidity|mass fraction)\b",
        relative=0.01,
        sigma_share=0.01,
    ),
    Quantity(
        "content or concentration of a tracer",
        "P",
        None,
        r"^(atmosphere_(mass_)?content_of|(mass|mole|volume|number)_(concentration|content)_of_|"
        r"cloud_(liquid|ice)_|atmosphere_optical_thickness|mole_fraction_of_|"
        r"equivalent_thickness_at_stp_of_atmosphere_ozone|sea_water_.*concentration)",
        _CONTENTS,
        relative=0.01,
        sigma_share=0.01,
    ),
    Quantity(
        "10 m wind",
        "C",
        "m s-1",
        r"(?!)",
        _WIND_10M,
        r"\b10[ -]?(m|metre|meter)\b.*\bwind",
        absolute=0.05,
    ),
    Quantity(
        "temperature",
        "C",
        "K",
        r"^(?!.*(change|tendency|difference|anomaly|excess)).*temperature(_at_|_of_|$)",
        _TEMPERATURES,
        r"\btemperature\b(?!.*(tendency|gradient|variance|flux|anomaly))",
        absolute=0.01,
    ),
    Quantity(
        "wind",
        "C",
        "m s-1",
        r"^(eastward_wind|northward_wind|[xy]_wind|wind_speed)$",
        _WIND,
        r"\b(zonal|meridional|eastward|northward|[uv][ -]component of) wind\b",
        absolute=0.01,
    ),
    Quantity(
        "pressure at the surface or sea level",
        "C",
        "Pa",
        r"^(surface_air_pressure|air_pressure_at_(mean_)?sea_level)$",
        _PRESSURES,
        r"\b(surface|sea[ -]level) pressure\b",
        absolute=1.0,
    ),
    Quantity(
        "geopotential",
        "C",
        "m2 s-2",
        r"^(surface_)?geopotential$",
        _names("z geopotential ph phb phi fi"),
        r"\bgeopotential\b(?! height)",
        absolute=1.0,
    ),
    Quantity(
        "geopotential height",
        "C",
        "m",
        r"^geopotential_height",
        _names("zg z3 gh hgt z z500 zg500 z200"),
        r"\bgeopotential height\b",
        absolute=0.1,
    ),
    Quantity(
        "radiative flux",
        "C",
        "W m-2",
        r"(shortwave|longwave|radiative|radiation).*_flux|_flux_in_air.*(shortwave|longwave)",
        _RADIATION,
        r"\b(short|long)[ -]?wave\b.*\b(flux|radiation)|\b(solar|infrared) flux\b",
        absolute=0.1,
    ),
    Quantity(
        "amount that is never negative",
        "P",
        None,
        r"^(surface_snow_(amount|thickness)|lwe_thickness_of_surface_snow|sea_ice_thickness|"
        r"surface_runoff|runoff|.*_runoff_flux|sea_surface_wave_significant)",
        _AMOUNTS,
        r"\b(snow depth|runoff)\b",
        relative=0.01,
        sigma_share=0.01,
    ),
    Quantity(
        "geometry or flag",
        "L",
        None,
        r"^(land_binary_mask|sea_binary_mask|region|cell_area|surface_altitude|area_type|"
        r"sea_floor_depth.*|model_level_number|latitude|longitude|grid_(latitude|longitude)|"
        r"projection_[xy]_coordinate|time|forecast_(period|reference_time)|land_area_fraction|"
        r"sea_area_fraction|soil_type|(.*_)?status_flag)$",
        _GEOMETRY,
    ),
)
