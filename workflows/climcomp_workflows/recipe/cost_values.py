"""What a recipe says of costs: how each key is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from pydantic import BeforeValidator

from climcomp_workflows.recipe.problems import listed, meant, shown
from climcomp_workflows.recipe.values import integer, number, reads, reads_if_said, refusal

# Beyond these is a slip of the pen, and sums stay finite.
MOST_WATTS = 10_000
MOST_PUE = 10
MOST_YEARS = 1000
MOST_COPIES = 1000
_PRICES = (1e-9, 1e12)

# Number, currency (a word of letters or one sign), unit: "20 EUR/TB/year", "0.30 €/kWh".
_PRICE = re.compile(
    r"(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?) ?"
    r"(?P<currency>[^\W\d_]{1,12}|[$€£¥₹]) ?/ ?(?P<unit>\S.*)"
)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")

# How many of what `Price.value` counts one of these units is: TB and years, kWh, core-hours.
_STORAGE = {
    f"{size}/{time}": terabytes * years
    for size, terabytes in (("GB", 1e-3), ("TB", 1.0), ("PB", 1e3),
                            ("GiB", 2**30 / 1e12), ("TiB", 2**40 / 1e12), ("PiB", 2**50 / 1e12))
    for time, years in (("year", 1.0), ("month", 1 / 12))
}  # fmt: skip
_ENERGY = {"kWh": 1.0, "MWh": 1e3}
_CORE_HOUR = {"core-hour": 1.0}


@dataclass(frozen=True, slots=True)
class Price:
    """Money for an amount of something.

    Parameters
    ----------
    value
        Positive and finite: money for one TB kept for a year, one kWh or one core-hour.
    currency
        As written.
    text
        What was written, with single spaces.
    """

    value: float
    currency: str
    text: str


def _read_price(units: Mapping[str, float], example: str, value: object) -> Price:
    if isinstance(value, Price):
        return value
    wanted = f"wanted a price such as {example!r}"
    written = " ".join(value.split()) if isinstance(value, str) else ""
    if _DECIMAL_COMMA.match(written):
        raise refusal(
            f"found {shown(value)}, {wanted}: write the number with a decimal point, without commas"
        )
    found = _PRICE.fullmatch(written)
    if found is None:
        raise refusal(f"found {shown(value)}, {wanted}")
    unit = found["unit"].replace(" ", "")
    if unit not in units:
        common = [name for name in units if "iB" not in name]
        raise refusal(
            f"found {shown(value)}, {wanted}: a price is per {listed(common)}{meant(unit, units)}"
        )
    price = float(found["number"]) / units[unit]
    least, most = _PRICES
    if not least <= price <= most:
        one = next(name for name, amount in units.items() if amount == 1)
        raise refusal(
            f"found {shown(value)}, {wanted}: above 0, from {least:g} to {most:g} a {one}"
        )
    return Price(price, found["currency"], written)


def _read_number(what: str, most: float, value: object) -> float:
    found = number(value)
    if found is None or not 0 < found <= most:
        raise refusal(f"found {shown(value)}, wanted {what}: a number above 0, {most:g} at most")
    return found


def _read_pue(value: object) -> float:
    found = number(value)
    if found is None or not 1 <= found <= MOST_PUE:
        raise refusal(
            f"found {shown(value)}, wanted what the building takes over what its computers take: "
            f"a number from 1 to {MOST_PUE}, such as 1.3"
        )
    return found


def _read_copies(value: object) -> int:
    copies = integer(value)
    if copies is None or not 1 <= copies <= MOST_COPIES:
        raise refusal(f"found {shown(value)}, wanted a whole number from 1 to {MOST_COPIES}")
    return copies


def _price(units: Mapping[str, float], example: str) -> BeforeValidator:
    return reads_if_said(partial(_read_price, units, example))


MaybeWatts = Annotated[
    float | None, reads_if_said(partial(_read_number, "watts without their unit", MOST_WATTS))
]
MaybeYears = Annotated[float | None, reads_if_said(partial(_read_number, "years", MOST_YEARS))]
MaybePue = Annotated[float | None, reads_if_said(_read_pue)]
Copies = Annotated[int, reads(_read_copies)]
StoragePrice = Annotated[Price | None, _price(_STORAGE, "20 EUR/TB/year")]
EnergyPrice = Annotated[Price | None, _price(_ENERGY, "0.30 EUR/kWh")]
CoreHourPrice = Annotated[Price | None, _price(_CORE_HOUR, "0.02 EUR/core-hour")]
