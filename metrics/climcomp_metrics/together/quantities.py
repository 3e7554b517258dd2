"""Quantities that several relations ask for."""

from __future__ import annotations

from climcomp_metrics.together.names import Quantity, words

AIR_TEMPERATURE = (
    Quantity(
        "air temperature on levels",
        ("temperature",),
        words("air_temperature"),
        words("ta t tmp"),
    ),
    Quantity("temperature in kelvin", ("kelvin",), names=words("temp temperature")),
)
SEA_TEMPERATURE = (
    Quantity(
        "sea water temperature",
        ("temperature",),
        words(
            "sea_water_potential_temperature sea_water_conservative_temperature "
            "sea_water_temperature"
        ),
        words("thetao bigthetao votemper"),
    ),
    Quantity("temperature in degC", ("celsius",), names=words("temp temperature")),
)
HUMIDITY = Quantity(
    "specific humidity",
    ("mass ratio",),
    words("specific_humidity"),
    words("hus q qv sphum shum specific_humidity"),
)
SURFACE_PRESSURE = Quantity(
    "surface pressure",
    ("pressure",),
    words("surface_air_pressure"),
    words("ps sp aps psfc surface_pressure pressfc"),
)
PRESSURE = Quantity(
    "pressure on levels",
    ("pressure",),
    words("air_pressure"),
    words("p pfull pres pressure plev_full pfull_mean pmid"),
)
HEIGHT = Quantity(
    "height or geopotential of levels",
    ("height", "geopotential"),
    words("geopotential_height geopotential"),
    words(
        "zg z z3 gh hgt phi geopotential geopotential_height z50 z100 z200 z300 z500 z700 z850 "
        "z1000 zg50 zg100 zg200 zg300 zg500 zg700 zg850 zg1000"
    ),
)
SURFACE_TEMPERATURE = Quantity(
    "near-surface air temperature",
    ("temperature",),
    words(""),
    words("tas t2m 2t t2 trefht 2m_temperature"),
    words("air_temperature"),
)
SURFACE_HUMIDITY = Quantity(
    "near-surface specific humidity",
    ("mass ratio",),
    words(""),
    words("huss q2m q2 qrefht 2sh sh2 2m_specific_humidity"),
    words("specific_humidity"),
)
