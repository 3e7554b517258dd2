"""The terms of the budgets, with their signs, as CMIP, CESM and ERA5 store them.

CMIP's fluxes are positive in the direction of their name. CESM's net solar flux is positive
downward, its net longwave, latent and sensible heat flux upward. All of ERA5's are positive
downward, evaporation included, whatever the standard_name in its files says.
"""

from __future__ import annotations

from dataclasses import dataclass

from climcomp_metrics.together.names import Quantity, words

_FLUX = ("energy flux", "energy over a while")
_WATER = ("water flux", "water over a while")


@dataclass(frozen=True, slots=True)
class Term:
    """A term of a budget.

    Parameters
    ----------
    sign
        1.0 if its values count as they are, -1.0 if they are taken off.
    gain
        Whether it is part of what the change is compared with.
    """

    role: str
    sign: float
    quantity: Quantity
    gain: bool = False


Formula = tuple[Term, ...]


def _flux(label: str, standard: str, names: str, beside: str = "") -> Quantity:
    return Quantity(label, _FLUX, words(standard), words(names), words(beside))


def _water(label: str, standard: str, names: str, beside: str = "") -> Quantity:
    return Quantity(label, _WATER, words(standard), words(names), words(beside))


_INCOMING = Term(
    "incoming", 1.0, _flux("incoming shortwave", "toa_incoming_shortwave_flux", "rsdt solin")
)
_REFLECTED = Term(
    "reflected",
    -1.0,
    _flux("reflected shortwave", "toa_outgoing_shortwave_flux", "rsut fsutoa"),
)
_EMITTED = Term(
    "emitted", -1.0, _flux("outgoing longwave", "toa_outgoing_longwave_flux", "rlut flut olr")
)
_ABSORBED = Term(
    "absorbed", 1.0, _flux("net shortwave at the top", "toa_net_downward_shortwave_flux", "fsntoa")
)

TOP: tuple[Formula, ...] = (
    (_INCOMING, _REFLECTED, _EMITTED),
    (
        Term("shortwave at the model top", 1.0, _flux("FSNT", "", "fsnt")),
        Term("longwave at the model top", -1.0, _flux("FLNT", "", "flnt")),
    ),
    (
        Term(
            "shortwave downward",
            1.0,
            _flux(
                "net shortwave at the top, downward",
                "",
                "tsr top_net_solar_radiation mtnswrf avg_tnswrf "
                "mean_top_net_short_wave_radiation_flux",
                "toa_net_upward_shortwave_flux toa_net_downward_shortwave_flux unknown",
            ),
        ),
        Term(
            "longwave downward",
            1.0,
            _flux(
                "net longwave at the top, downward",
                "",
                "ttr top_net_thermal_radiation mtnlwrf avg_tnlwrf "
                "mean_top_net_long_wave_radiation_flux",
                "toa_outgoing_longwave_flux unknown",
            ),
        ),
    ),
    (_ABSORBED, _EMITTED),
)
"""Net downward radiation at the top of the atmosphere."""

SURFACE: tuple[Formula, ...] = (
    (
        Term(
            "shortwave down",
            1.0,
            _flux(
                "shortwave down",
                "surface_downwelling_shortwave_flux_in_air surface_downwelling_shortwave_flux",
                "rsds",
            ),
        ),
        Term(
            "shortwave up",
            -1.0,
            _flux(
                "shortwave up",
                "surface_upwelling_shortwave_flux_in_air surface_upwelling_shortwave_flux",
                "rsus",
            ),
        ),
        Term(
            "longwave down",
            1.0,
            _flux(
                "longwave down",
                "surface_downwelling_longwave_flux_in_air surface_downwelling_longwave_flux",
                "rlds",
            ),
        ),
        Term(
            "longwave up",
            -1.0,
            _flux(
                "longwave up",
                "surface_upwelling_longwave_flux_in_air surface_upwelling_longwave_flux",
                "rlus",
            ),
        ),
        Term("latent heat", -1.0, _flux("latent heat", "surface_upward_latent_heat_flux", "hfls")),
        Term(
            "sensible heat",
            -1.0,
            _flux("sensible heat", "surface_upward_sensible_heat_flux", "hfss"),
        ),
    ),
    (
        Term("net shortwave", 1.0, _flux("FSNS", "", "fsns")),
        Term("net longwave upward", -1.0, _flux("FLNS", "", "flns")),
        Term("latent heat upward", -1.0, _flux("LHFLX", "", "lhflx")),
        Term("sensible heat upward", -1.0, _flux("SHFLX", "", "shflx")),
    ),
    (
        Term(
            "shortwave downward",
            1.0,
            _flux(
                "net shortwave at the surface, downward",
                "",
                "ssr surface_net_solar_radiation msnswrf avg_snswrf "
                "mean_surface_net_short_wave_radiation_flux",
                "surface_net_downward_shortwave_flux unknown",
            ),
        ),
        Term(
            "longwave downward",
            1.0,
            _flux(
                "net longwave at the surface, downward",
                "",
                "str surface_net_thermal_radiation msnlwrf avg_snlwrf "
                "mean_surface_net_long_wave_radiation_flux",
                "surface_net_upward_longwave_flux surface_net_downward_longwave_flux unknown",
            ),
        ),
        Term(
            "latent heat downward",
            1.0,
            _flux(
                "latent heat, downward",
                "",
                "slhf surface_latent_heat_flux mslhf avg_slhtf mean_surface_latent_heat_flux",
                "surface_upward_latent_heat_flux surface_downward_latent_heat_flux unknown",
            ),
        ),
        Term(
            "sensible heat downward",
            1.0,
            _flux(
                "sensible heat, downward",
                "",
                "sshf surface_sensible_heat_flux msshf avg_ishf mean_surface_sensible_heat_flux",
                "surface_upward_sensible_heat_flux surface_downward_sensible_heat_flux unknown",
            ),
        ),
    ),
)
"""Net downward energy flux at the surface."""

_RAIN = _water(
    "precipitation",
    "precipitation_flux lwe_precipitation_rate",
    "pr prect tp total_precipitation mtpr avg_tprate mean_total_precipitation_rate",
    "precipitation_amount lwe_thickness_of_precipitation_amount unknown",
)

WATER: tuple[Formula, ...] = (
    (
        Term("rain", 1.0, _RAIN, gain=True),
        Term(
            "evaporation",
            -1.0,
            _water(
                "evaporation, upward",
                "water_evapotranspiration_flux water_evaporation_flux lwe_water_evaporation_rate",
                "evspsbl qflx",
            ),
        ),
    ),
    (
        Term("convective rain", 1.0, _water("PRECC", "", "precc"), gain=True),
        Term("large-scale rain", 1.0, _water("PRECL", "", "precl"), gain=True),
        Term("evaporation", -1.0, _water("QFLX", "", "qflx")),
    ),
    (
        Term("rain", 1.0, _RAIN, gain=True),
        Term(
            "evaporation downward",
            1.0,
            _water(
                "evaporation, downward",
                "",
                "e evaporation mer avg_ie mean_evaporation_rate",
                "lwe_thickness_of_water_evaporation_amount unknown",
            ),
        ),
    ),
)
"""Precipitation less evaporation."""
