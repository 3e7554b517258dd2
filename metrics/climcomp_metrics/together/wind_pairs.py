"""Pairs of an eastward and a northward wind, or current."""

from __future__ import annotations

from collections.abc import Sequence

from climcomp_metrics.together.model import Group, GroupPart, Member
from climcomp_metrics.together.names import Quantity, by_stand, short_name, words
from climcomp_metrics.together.units import find_unit, unit_not_known

_EAST = Quantity(
    "eastward wind",
    ("speed",),
    words(
        "eastward_wind x_wind grid_eastward_wind eastward_sea_water_velocity sea_water_x_velocity"
    ),
    words(
        "u ua uas uo u10 10u u100 100u u10m u_10m ubot u_component_of_wind uvel uwnd "
        "10m_u_component_of_wind 100m_u_component_of_wind x_wind_10m vozocrtx u1000 u925 u850 "
        "u700 u500 u300 u250 u200 u100 u50 u10n ua1000 ua925 ua850 ua700 ua500 ua300 ua250 ua200 "
        "ua100 ua50"
    ),
)
_NORTH = Quantity(
    "northward wind",
    ("speed",),
    words(
        "northward_wind y_wind grid_northward_wind northward_sea_water_velocity "
        "sea_water_y_velocity"
    ),
    words(
        "v va vas vo v10 10v v100 100v v10m v_10m vbot v_component_of_wind vvel vwnd "
        "10m_v_component_of_wind 100m_v_component_of_wind y_wind_10m vomecrty v1000 v925 v850 "
        "v700 v500 v300 v250 v200 v100 v50 v10n va1000 va925 va850 va700 va500 va300 va250 va200 "
        "va100 va50"
    ),
)
_LETTERS = {"u": "v", "U": "V", "x": "y", "X": "Y"}
_WORDS = (("eastward", "northward"), ("zonal", "meridional"), ("vozocrtx", "vomecrty"))


def find_winds(relation: str, members: Sequence[Member]) -> list[Group]:
    """The pairs on the same dimensions, by name where there are several: u10 goes with v10."""
    groups = []
    for together in by_stand(members):
        easts = [member for member in together if _EAST.fits(member)]
        norths = [member for member in together if _NORTH.fits(member)]
        for east in easts:
            twins = _twins(short_name(east))
            north = next((member for member in norths if short_name(member) in twins), None)
            if north is None and len(easts) == len(norths) == 1:
                north = norths[0]
            if north is not None:
                groups.append(Group(relation, {"u": east.name, "v": north.name}))
    return groups


def same_speed_unit(group: Group, part: GroupPart) -> float | str:
    """What makes m/s of both winds, or the reason why nothing does."""
    factors = set()
    for role in ("u", "v"):
        unit = find_unit("speed", part.units[role])
        if unit is None:
            return unit_not_known(group.members[role], part.units[role], "speed")
        factors.add(unit.factor)
    if len(factors) > 1:
        return f"{' and '.join(group.members.values())} have different units"
    return factors.pop()


def _twins(name: str) -> set[str]:
    """What the northward wind beside an eastward one may be called."""
    letters = {
        name[:i] + _LETTERS[letter] + name[i + 1 :]
        for i, letter in enumerate(name)
        if letter in _LETTERS
    }
    return letters | {name.replace(east, north) for east, north in _WORDS if east in name}
