"""Units as climate files write them, compared as units of differences."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from climcomp.errors import BoundError
from climcomp_workflows.unit_text import Factor, UnitSyntaxError, factors

# Names that pint lacks or reads as something else (mb: millibarn, C: coulomb, Sv: sievert, h:
# Planck's constant); temperatures are steps here, so that degC is a kelvin and degF 5/9 of one.
_OWN_NAMES: dict[str, str] = {
    **dict.fromkeys(
        ("C", "c", "degC", "deg_C", "degreeC", "degree_C", "degreesC", "degrees_C"), "K"
    ),
    **dict.fromkeys(("Celsius", "celsius", "degree_Celsius", "degree_celsius"), "K"),
    **dict.fromkeys(("degrees_Celsius", "degrees_celsius", "degK", "deg_K", "Kelvin"), "K"),
    **dict.fromkeys(("degF", "deg_F", "degree_F", "degrees_F", "Fahrenheit"), "degR"),
    **dict.fromkeys(("mb", "millibars", "Millibar", "Millibars"), "mbar"),
    **dict.fromkeys(("gpm", "gpdm"), "m"),
    **dict.fromkeys(("d", "Day", "Days"), "day"),
    **dict.fromkeys(("h", "hr", "hrs", "Hour", "Hours"), "hour"),
    **dict.fromkeys(("degrees_north", "degree_north", "degrees_N", "degrees_east"), "degree"),
    **dict.fromkeys(("degree_east", "degrees_E", "degree_true", "degrees_true", "deg"), "degree"),
    "Pascal": "Pa",
    "Pascals": "Pa",
}
_CAPITALS: dict[str, str] = {
    "M": "m", "MM": "mm", "CM": "cm", "KM": "km", "S": "s", "SEC": "s", "HR": "hour", "DAY": "day",
    "G": "g", "KG": "kg", "MB": "mbar", "PA": "Pa", "HPA": "hPa", "K": "K", "W": "W", "J": "J",
    "N": "N", "C": "K",
}  # fmt: skip
_MULTIPLES: dict[str, tuple[float, str]] = {
    "%": (0.01, ""),
    "percent": (0.01, ""),
    "psu": (1e-3, ""),
    "PSU": (1e-3, ""),
    "pptv": (1e-12, ""),
    "ppb": (1e-9, ""),
    "ppbv": (1e-9, ""),
    "ppm": (1e-6, ""),
    "ppmv": (1e-6, ""),
    "Sv": (1e6, "m**3/s"),
    "sverdrup": (1e6, "m**3/s"),
    "PVU": (1e-6, "K*m**2/kg/s"),
    "DU": (4.4615e-4, "mol/m**2"),
}
_WATER = re.compile(
    r"precipitation|rainfall|snowfall|evapo|lwe_|runoff|soil_moisture|water_flux|water_amount"
    r"|surface_snow_amount|canopy_water|water_content_of_soil_layer"
)
_WATER_DENSITY_KG_M3 = 1000.0

Dimensions = tuple[tuple[str, float], ...]

# What pint says of the units that most files use (a test compares them): its registry takes half a
# second to load, which a plan of temperatures and winds need not pay.
_COMMON: dict[str, tuple[float, Dimensions]] = {
    "K": (1.0, (("kelvin", 1.0),)),
    "m": (1.0, (("meter", 1.0),)),
    "mm": (1e-3, (("meter", 1.0),)),
    "s": (1.0, (("second", 1.0),)),
    "day": (86400.0, (("second", 1.0),)),
    "hour": (3600.0, (("second", 1.0),)),
    "kg": (1.0, (("kilogram", 1.0),)),
    "g": (1e-3, (("kilogram", 1.0),)),
    "Pa": (1.0, (("kilogram", 1.0), ("meter", -1.0), ("second", -2.0))),
    "hPa": (100.0, (("kilogram", 1.0), ("meter", -1.0), ("second", -2.0))),
    "mbar": (100.0, (("kilogram", 1.0), ("meter", -1.0), ("second", -2.0))),
    "W": (1.0, (("kilogram", 1.0), ("meter", 2.0), ("second", -3.0))),
    "J": (1.0, (("kilogram", 1.0), ("meter", 2.0), ("second", -2.0))),
    "degree": (math.pi / 180, ()),
}


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of differences: `factor` SI base units of `dimensions`; offsets play no part."""

    factor: float
    dimensions: Dimensions


def parse_unit(text: str | None) -> Unit:
    """Read a unit in UDUNITS, ECMWF ("m s**-1") or old capital ("G/KG") spelling.

    Raises
    ------
    BoundError
        If it is no unit that can be read.
    """
    return _parse_unit(text or "")


@lru_cache(maxsize=1024)
def _parse_unit(text: str) -> Unit:
    try:
        found = factors(text)
    except UnitSyntaxError as error:
        raise BoundError(f"{text!r} is no unit that climcomp can read: {error}") from None
    names = {part.name for part in found if part.name}
    # Files of the 1980s write M/S and G/KG, which SI would read as molar per siemens.
    capitals = bool(names) and len(text) > 1 and names <= _CAPITALS.keys()
    factor = 1.0
    powers: dict[str, float] = {}
    for part in found:
        scale, dimensions = _named(part, text, capitals)
        factor *= scale**part.power
        for dimension, power in dimensions:
            powers[dimension] = powers.get(dimension, 0.0) + power * part.power
    return Unit(factor, tuple(sorted((name, power) for name, power in powers.items() if power)))


def _named(part: Factor, text: str, capitals: bool) -> tuple[float, Dimensions]:
    if part.name in _MULTIPLES:
        multiple, base = _MULTIPLES[part.name]
        scale, dimensions = _scale_of(base)
        return multiple * scale * part.number, dimensions
    name = _CAPITALS[part.name] if capitals and part.name else _OWN_NAMES.get(part.name, part.name)
    try:
        scale, dimensions = _scale_of(name)
    except LookupError:
        raise BoundError(
            f"{text!r} is no unit that climcomp can read: {part.name!r} is unknown"
        ) from None
    return scale * part.number, dimensions


def _scale_of(name: str) -> tuple[float, Dimensions]:
    """Scale and dimensions of a name or of a product; LookupError where there is none."""
    if not name:
        return 1.0, ()
    return _COMMON.get(name) or _from_pint(name)


@lru_cache(maxsize=1024)
def _from_pint(name: str) -> tuple[float, Dimensions]:
    import pint

    try:
        base = _registry().Quantity(1.0, name).to_base_units()
    except (pint.errors.PintError, AttributeError, ValueError) as error:
        raise LookupError(name) from error
    dimensions = tuple((str(unit), float(power)) for unit, power in base.unit_items())
    # An angle is a number to UDUNITS as it is to pint, which spells it out.
    return float(base.magnitude), tuple(item for item in dimensions if item[0] != "radian")


@lru_cache(maxsize=1)
def _registry() -> Any:  # Any: to pint a magnitude may be a number of any kind
    """A registry of our own: cf_xarray's replaces the process's and warns without matplotlib."""
    import pint

    return pint.UnitRegistry(cache_folder=None)


def is_dimensionless(text: str | None) -> bool:
    """Whether a variable with these units is a plain number, so that a bound needs no unit."""
    try:
        return parse_unit(text) == Unit(1.0, ())
    except BoundError:
        return False


def is_percent(text: str | None) -> bool:
    """Whether a variable with these units counts in hundredths."""
    return (text or "").strip().lower() in {"%", "percent", "per cent", "pct", "(%)", "[%]"}


def is_water(standard_name: str | None) -> bool:
    """Whether a CF standard name is of an amount or flux of water, so that 1 mm is 1 kg m-2."""
    return bool(standard_name and _WATER.search(standard_name))


def has_same_dimensions(one: str | None, other: str | None) -> bool:
    """Whether differences in one unit can be written in the other; False if either is no unit."""
    try:
        return parse_unit(one).dimensions == parse_unit(other).dimensions
    except BoundError:
        return False


def difference_factor(
    found: str | None, wanted: str | None, *, water: bool = False
) -> tuple[float, str | None]:
    """What a difference in the unit `found` is multiplied with to be in `wanted`, and a note.

    Parameters
    ----------
    water
        Both count water, whose depth becomes a mass at 1000 kg m-3; the note says so.

    Raises
    ------
    BoundError
        If one of them cannot be read and they are not the same text, or they do not convert.
    """
    if _spelling(found) == _spelling(wanted):
        return 1.0, None
    try:
        target = parse_unit(wanted)
    except BoundError:
        raise BoundError(
            f"the variable's own unit {wanted!r} cannot be read, so a bound in {found!r} cannot be "
            f'converted: write the bound in exactly that unit ("0.01 {wanted}") or in %'
        ) from None
    source = parse_unit(found)
    # Fifteen digits: 1 mm/day is 1/86400 mm/s as a person writes it, without the last float digit.
    ratio = float(f"{source.factor / target.factor:.15g}")
    if source.dimensions == target.dimensions:
        return ratio, None
    density = _water_factor(source.dimensions, target.dimensions)
    if density is not None and water:
        return ratio * density, f"{found} became {wanted} with water of 1000 kg m-3"
    hint = (
        ". (A depth of water converts to a mass only where the standard_name says water)"
        if density is not None
        else ""
    )
    raise BoundError(
        f"a bound in {found!r} does not fit a variable in {wanted or '1 (no unit)'!r}: "
        f"write it in {wanted or 'a plain number'!s}, in a unit that converts to it, or in %{hint}"
    )


def _spelling(text: str | None) -> str:
    return " ".join((text or "1").split())


def _water_factor(source: Dimensions, target: Dimensions) -> float | None:
    """Density for depth to mass, its inverse for mass to depth, None where it is neither."""
    change = dict(target)
    for name, power in source:
        change[name] = change.get(name, 0.0) - power
    change = {name: power for name, power in change.items() if power}
    if change == {"kilogram": 1.0, "meter": -3.0}:
        return _WATER_DENSITY_KG_M3
    if change == {"kilogram": -1.0, "meter": 3.0}:
        return 1 / _WATER_DENSITY_KG_M3
    return None
