"""Recognising the quantity that a variable is, by its CF attributes and its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from climcomp_workflows.quantity_table import QUANTITIES, Quantity
from climcomp_workflows.units import has_same_dimensions

# These names are winds in the atmosphere and currents in the ocean, where 0.01 m/s is coarse.
AMBIGUOUS_WINDS = frozenset({"u", "v", "ws", "wspd"})
_MODIFIERS = ("detection_minimum", "number_of_observations", "standard_error", "status_flag")


@dataclass(frozen=True, slots=True)
class Match:
    """A quantity that a variable is, and by which of its attributes it was recognised."""

    quantity: Quantity
    by: str


def recognise(name: str, attributes: Mapping[str, object]) -> Match | None:
    """The quantity of a variable; None where it is none of those known, or in another unit.

    Parameters
    ----------
    name
        "tas", or "grp1/T", whose last part counts.
    attributes
        CF attributes; `standard_name`, `long_name`, `units` and `cell_methods` are read.
    """
    methods = str(attributes.get("cell_methods", ""))
    if re.search(r"\b(variance|standard_deviation|range)\b", methods):
        return None
    units = attributes.get("units")
    unit_text = units if isinstance(units, str) else None
    short = name.rpartition("/")[2].lower()
    standard = str(attributes.get("standard_name", "")).strip().lower()
    long_name = str(attributes.get("long_name", "")).strip().lower()
    # A tendency or a standard error of a temperature is another quantity.
    if standard.startswith(("tendency_of", "change_", "product_of")):
        return None
    if standard.endswith(_MODIFIERS):
        return None
    if " " in standard:
        standard, long_name = "", f"{standard} {long_name}"
    fits = [quantity for quantity in QUANTITIES if _fits(quantity, unit_text)]
    if standard and (ten_metres := _at_ten_metres(standard, short, long_name, fits)):
        return Match(ten_metres, "standard_name and name")
    for quantity in fits if standard else ():
        if re.search(quantity.standard_names, standard):
            return Match(quantity, f"standard_name {standard}")
    # A CF name that is none of these says that the variable is none of them.
    if "_" in standard:
        return None
    for quantity in fits:
        if short in quantity.names:
            return Match(quantity, f"name {name}")
    for quantity in fits:
        if re.search(quantity.long_names, long_name):
            return Match(quantity, f"long_name {long_name}")
    return None


def _fits(quantity: Quantity, units: str | None) -> bool:
    if quantity.unit is None:
        return True
    # Packages that drop units drop them from fractions first; anything else needs its unit.
    return has_same_dimensions(units, quantity.unit)


def _at_ten_metres(
    standard: str, short: str, long_name: str, fits: list[Quantity]
) -> Quantity | None:
    """CF gives 10 m winds the standard name of any wind; name or long name tell the height."""
    if not re.search(r"(^|_)wind($|_speed)|^wind_speed", standard):
        return None
    for quantity in fits:
        if quantity.label == "10 m wind" and (
            short in quantity.names or re.search(quantity.long_names, long_name)
        ):
            return quantity
    return None
