"""The few units that relations between variables have to convert."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

DAY_SECONDS = 86400.0
HOUR_SECONDS = 3600.0
WATER_DENSITY = 1000.0  # kg m-3: CF gives depths of liquid water equivalent at this density


@dataclass(frozen=True, slots=True)
class Unit:
    """How values in a unit become values in the SI unit of their kind."""

    factor: float
    offset: float = 0.0

    def to_si(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """values * factor + offset; the very same array where that changes nothing."""
        if self.factor == 1.0 and self.offset == 0.0:
            return values
        return values * self.factor + self.offset

    def difference(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Differences of two values, for which the offset does not count."""
        return values if self.factor == 1.0 else values * self.factor


_KELVIN = ("k, kelvin, kelvins, degk, deg k, degree k, degrees k", 1.0, 0.0)
_CELSIUS = (
    "c, degc, deg c, degree c, degrees c, degreec, celsius, deg celsius, degree celsius, "
    "degrees celsius, °c",
    1.0,
    273.15,
)

# Kind, SI unit, and (texts between commas, factor, offset); texts as `_spelling` leaves them.
_TABLE: dict[str, tuple[str, tuple[tuple[str, float, float], ...]]] = {
    "temperature": ("K", (_KELVIN, _CELSIUS)),
    # The air is told in kelvin and the sea in degC where a name says no more than "temp".
    "kelvin": ("K", (_KELVIN,)),
    "celsius": ("K", (_CELSIUS,)),
    "pressure": (
        "Pa",
        (
            ("pa, pascal, pascals", 1.0, 0.0),
            ("hpa, hectopascal, hectopascals, mbar, mb, millibar, millibars", 100.0, 0.0),
            ("kpa", 1e3, 0.0),
            ("dbar, decibar, decibars", 1e4, 0.0),
            ("bar", 1e5, 0.0),
        ),
    ),
    "height": (
        "m",
        (
            ("m, meter, meters, metre, metres, gpm", 1.0, 0.0),
            ("geopotential meter, geopotential meters, geopotential metre", 1.0, 0.0),
            ("gpdm, dam", 10.0, 0.0),
            ("km", 1e3, 0.0),
            ("cm, centimeter, centimeters, centimetre, centimetres", 0.01, 0.0),
        ),
    ),
    "geopotential": ("m2 s-2", (("m2 s-2, m2/s2, m2/sec2, j kg-1, j/kg", 1.0, 0.0),)),
    "mass ratio": (
        "kg kg-1",
        (
            ("kg kg-1, kg/kg, kg/ kg, 1", 1.0, 0.0),
            ("g kg-1, g/kg", 1e-3, 0.0),
        ),
    ),
    "speed": (
        "m s-1",
        (
            ("m s-1, m/s, m/sec, ms-1, meter/second, meters/second, metres/second", 1.0, 0.0),
            ("cm s-1, cm/s, centimeter/s, centimeter/second, centimeters/second", 0.01, 0.0),
        ),
    ),
    "energy flux": ("W m-2", (("w m-2, w/m2, wm-2, watt m-2, watt/m2, watts/m2", 1.0, 0.0),)),
    "energy over a while": ("J m-2", (("j m-2, j/m2, jm-2", 1.0, 0.0),)),
    "water flux": (
        "kg m-2 s-1",
        (
            ("kg m-2 s-1, kg/m2/s, kg/m2s, kg/(m2s), kg/m/m/s, kg/m2/sec", 1.0, 0.0),
            ("mm s-1, mm/s, mm/sec", 1.0, 0.0),
            ("m s-1, m/s, m/sec", WATER_DENSITY, 0.0),
            ("kg m-2 d-1, kg m-2 day-1, kg/m2/day", 1.0 / DAY_SECONDS, 0.0),
            ("mm d-1, mm day-1, mm/d, mm/day", 1.0 / DAY_SECONDS, 0.0),
            ("mm h-1, mm hr-1, mm/h, mm/hr", 1.0 / HOUR_SECONDS, 0.0),
        ),
    ),
    "water over a while": (
        "kg m-2",
        (
            ("kg m-2, kg/m2, mm, mm of water equivalent", 1.0, 0.0),
            ("m, m of water equivalent", WATER_DENSITY, 0.0),
        ),
    ),
}

KINDS = tuple(_TABLE)


def find_unit(kind: str, text: str) -> Unit | None:
    """The unit of this kind that a file's text means; None if it is none that is known.

    Case, blanks, "**" and "^" do not count, so that "kg kg**-1", "KG/KG" and "kg kg-1" are one.
    """
    return _units(kind).get(_spelling(text))


def is_listed(text: str) -> bool:
    """Whether the text is a unit of any kind that relations know."""
    return any(find_unit(kind, text) for kind in KINDS)


def si_unit(kind: str) -> str:
    """The SI unit of a kind, as CF writes it."""
    return _TABLE[kind][0]


def unit_not_known(name: str, text: str, kind: str) -> str:
    """The reason for n/a."""
    found = f"the unit {text!r}" if text.strip() else "no unit"
    return f"{name} has {found}, which does not convert to {si_unit(kind)}"


@cache
def _units(kind: str) -> dict[str, Unit]:
    return {
        text.strip(): Unit(factor, offset)
        for texts, factor, offset in _TABLE[kind][1]
        for text in texts.split(",")
    }


def _spelling(text: str) -> str:
    plain = re.sub(r"\*\*|\^", "", text.strip().lower())
    return re.sub(r"[\s_.]+", " ", plain).replace(" / ", "/")
