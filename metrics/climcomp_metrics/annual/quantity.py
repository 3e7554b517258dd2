"""Whether a variable is a temperature or precipitation, by its class and its unit."""

from __future__ import annotations

import re

from climcomp_metrics.field import FieldSettings

WET_MM = 1.0
"""ETCCDI: a day of at least 1 mm is wet."""

_KELVIN = frozenset({"k", "kelvin", "kelvins", "degk", "degree_kelvin", "degrees_kelvin", "deg_k"})
_CELSIUS = frozenset(
    {"c", "celsius", "degc", "deg_c", "degree_c", "degrees_c", "degreec", "degreesc",
     "degree_celsius", "degrees_celsius", "deg_celsius", "degcelsius", "°c"}
)  # fmt: skip
_FACTOR = re.compile(
    r"(?P<over>/?)\s*(?P<name>[a-z]+)\s*(?:\*\*|\^)?\s*(?P<power>-?\d+)?\s*[.*]?\s*"
)
_DAYS = {
    "s": 1.0 / 86400.0, "sec": 1.0 / 86400.0, "second": 1.0 / 86400.0,
    "h": 1.0 / 24.0, "hr": 1.0 / 24.0, "hour": 1.0 / 24.0,
    "d": 1.0, "day": 1.0, "days": 1.0,
}  # fmt: skip
_DEPTHS_MM = {"mm": 1.0, "cm": 10.0, "m": 1000.0}
_AMOUNT_NAME = re.compile(
    r"prec|rain|snowf|^(pr|prc|prl|prsn|tp|cp|lsp|sf|csf|lsf|rr|rf|ppt|pre)$|^pr_|^tot_pre"
)


def is_temperature(settings: FieldSettings) -> bool:
    """A continuous variable in kelvin or degrees Celsius, in the spellings that files use."""
    unit = re.sub(r"\s+", "_", settings.unit.strip().lower())
    return settings.kind == "C" and unit in _KELVIN | _CELSIUS


def lacks_temperature(settings: FieldSettings) -> str:
    """Why a variable is no temperature, in words for the report; empty if it is one."""
    return "" if is_temperature(settings) else f"not a temperature in K or degC: {_named(settings)}"


def lacks_precipitation(settings: FieldSettings) -> str:
    """Why a variable is no precipitation, in words for the report; empty if it is."""
    return "" if days_unit_mm(settings) is not None else f"not precipitation: {_named(settings)}"


def _named(settings: FieldSettings) -> str:
    unit = f"in {settings.unit}" if settings.unit else "without a unit"
    return f"{settings.variable} {unit}"


def days_unit_mm(settings: FieldSettings) -> float | None:
    """How many mm of water a day one unit of a variable is; None if it is not precipitation.

    A variable of class P in a unit of water per time, by mass and area (1 kg m-2 is 1 mm) or by
    depth. Amounts (mm, m, kg m-2) are taken as those of a day, and as precipitation only where the
    name says so: water vapour, snow on the ground and waves have the same units.
    """
    if settings.kind != "P":
        return None
    powers = _powers(settings.unit)
    time = [name for name in powers if name in _DAYS]
    per_day = 1.0
    if len(time) == 1 and powers.pop(time[0]) == -1:
        per_day = 1.0 / _DAYS[time[0]]
    elif time or not _AMOUNT_NAME.search(settings.variable.rpartition("/")[2].lower()):
        return None
    if powers == {"kg": 1, "m": -2}:
        return per_day
    if len(powers) == 1 and (name := next(iter(powers))) in _DEPTHS_MM and powers[name] == 1:
        return _DEPTHS_MM[name] * per_day
    return None


def _powers(unit: str) -> dict[str, int]:
    """The names of a plain product and their powers; empty for what is written otherwise."""
    text = re.sub(r"\s+of\s+water.*$", "", unit.strip().lower())
    powers: dict[str, int] = {}
    position = 0
    while position < len(text):
        factor = _FACTOR.match(text, position)
        if factor is None:
            return {}
        power = int(factor["power"] or 1) * (-1 if factor["over"] else 1)
        powers[factor["name"]] = powers.get(factor["name"], 0) + power
        position = factor.end()
    return powers
