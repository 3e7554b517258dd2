"""Relative humidity from temperature, specific humidity and pressure (T7): METRICS, "Structure"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.base import State, Value
from climcomp_metrics.together import sums
from climcomp_metrics.together.levels import pressures
from climcomp_metrics.together.model import Group, GroupPart, Member
from climcomp_metrics.together.names import by_stand, first_of, has_one_level_axis
from climcomp_metrics.together.quantities import (
    AIR_TEMPERATURE,
    HUMIDITY,
    PRESSURE,
    SURFACE_HUMIDITY,
    SURFACE_PRESSURE,
    SURFACE_TEMPERATURE,
)
from climcomp_metrics.together.units import Unit, find_unit, unit_not_known

QUANTILE = 0.999
BIN = 0.001
"""Width of a bin of the histogram, in % of relative humidity: 1/500 of the WARN limit."""
BINS = 5000
"""Up to 5 %, five times the FAIL limit; one more bin holds what is beyond."""
COLDEST = 123.15
"""K. Far below any air; the formula for saturation has a pole at 29.65 K."""
VAPOUR_SHARE = 0.622  # the molar mass of water over that of dry air
_BLOCK = 1 << 16  # values done at a time, so that their intermediate results stay in the cache
_KINDS = {"temperature": "temperature", "humidity": "mass ratio", "pressure": "pressure"}


def relative_humidity(
    temperature: NDArray[np.float64],
    humidity: NDArray[np.float64],
    pressure: NDArray[np.float64] | float,
) -> NDArray[np.float64]:
    """The vapour pressure over that of saturation above liquid water, in %.

    Parameters
    ----------
    temperature, humidity, pressure
        K, kg kg-1 and Pa.

    Returns
    -------
    NaN where one is missing or the temperature is under 123.15 K; above 100 where oversaturated.

    Notes
    -----
    e = q p / (0.622 + 0.378 q), es = 611.2 Pa * exp(17.67 t / (t + 243.5)) with t in degC: Bolton
    1980, eq. 10, good to 0.1 % from -30 to 35 degC. Liquid water at all temperatures, as WMO has
    it for radiosondes: a jump between ice and liquid would be a jump of the metric.
    """
    celsius = temperature - 273.15
    # In this order each step overwrites the one before.
    result = celsius + 243.5
    np.divide(celsius, result, out=result)
    result *= -17.67
    np.exp(result, out=result)
    result *= humidity
    result *= pressure
    result /= humidity * (1.0 - VAPOUR_SHARE) + VAPOUR_SHARE
    result *= 100.0 / 611.2
    result[~(temperature >= COLDEST)] = np.nan
    return result


HIGHEST = 200.0
"""%: supersaturation over ice comes to 160 to 170 %, so this leaves out nothing real. Our own."""


class RelativeHumidity:
    """The 99.9 % quantile of the absolute change of relative humidity, in % (T7).

    Notes
    -----
    Over all values of a level, each counting as much as any other; the worst level counts. From a
    histogram with bins of 0.001 %: the upper end of the bin that holds the quantile, or the largest
    change where that is less or beyond 5 %. Pressure is that of the levels, or a variable's. States
    of more than 200 % in the original are left out: the air has none, and where vapour is far more
    than the air can hold, as in idealised runs, the ratio grows without bound.
    """

    name: ClassVar[str] = "relative humidity"
    criteria: ClassVar[tuple[str, ...]] = ("T7",)
    by_level: ClassVar[bool] = True

    def find(self, members: Sequence[Member]) -> list[Group]:
        """Temperature and humidity on the same levels; or both near the surface, with pressure."""
        groups = []
        for together in by_stand(members):
            deep = [member for member in together if has_one_level_axis(member)]
            flat = [member for member in together if not member.axes.level]
            found = {
                "temperature": first_of(deep, *AIR_TEMPERATURE),
                "humidity": first_of(deep, HUMIDITY),
            }
            pressure = first_of(deep, PRESSURE)
            near = {
                "temperature": first_of(flat, SURFACE_TEMPERATURE),
                "humidity": first_of(flat, SURFACE_HUMIDITY),
                "pressure": first_of(flat, SURFACE_PRESSURE),
            }
            for roles in (found if pressure is None else found | {"pressure": pressure}, near):
                named = {role: member.name for role, member in roles.items() if member is not None}
                if len(named) == len(roles):
                    groups.append(Group(self.name, named))
        return groups

    def stride(self, steps: int) -> int:
        """Every 8th step, at least 32."""
        return sums.derived_stride(steps)

    def of(self, group: Group, part: GroupPart) -> State:
        """Of each level the histogram, the number of values, and the largest change."""
        units = {}
        for role, name in group.members.items():
            unit = find_unit(_KINDS[role], part.units[role])
            if unit is None:
                return sums.lacking(unit_not_known(name, part.units[role], _KINDS[role]))
            units[role] = unit
        temperature = part.original["temperature"]
        levels = temperature.shape[1]
        levels_pa: NDArray[np.float64] | str = np.zeros(levels)
        if "pressure" not in group.members:
            levels_pa = pressures(part, levels)
            if isinstance(levels_pa, str):
                return sums.lacking(f"{levels_pa}, or a variable of pressure")
        histogram = np.zeros((levels, BINS + 1), np.int64)
        largest = np.full((levels, 3), -np.inf)
        for level in range(levels):
            for step, time in enumerate(sums.time_steps(part)):
                changes = _changes(part, units, step, level, float(levels_pa[level]))
                if changes.size:
                    counted = np.minimum(changes * (1.0 / BIN), BINS).astype(np.int64)
                    histogram[level] += np.bincount(counted, minlength=BINS + 1)
                    most = float(changes.max())
                    if most > largest[level, 0]:
                        largest[level] = most, time, 0.0
        return sums.begin(part) | {"sum/bins": histogram, "worst/change": largest}

    def merge(self, first: State, second: State) -> State:
        """The sums of both parts."""
        return sums.merge(first, second)

    def values(self, group: Group, state: State) -> list[Value]:
        """The worst level."""
        sampled = sums.sampled_in_words(state)
        if "sum/bins" not in state:
            reason = sums.reason_for_nothing(state, "nothing was measured")
            return [sums.without("T7", "%", reason, sampled)]
        histogram = np.asarray(state["sum/bins"], np.int64)
        largest = sums.numbers(state, "worst/change")
        found = [
            _quantile(bins, float(most))
            for bins, most in zip(histogram, largest[:, 0], strict=True)
        ]
        if np.isnan(found).all():
            return [
                sums.without(
                    "T7",
                    "%",
                    "no value has all its members and at most 200 % of relative humidity",
                    sampled,
                )
            ]
        level = int(np.nanargmax(found))
        return [
            Value(
                "T7", level if len(found) > 1 else None, found[level], "%",
                time=int(largest[level, 1]) if largest[level, 0] > 0 else None,
                place=sums.level_name(state, level),
                detail={"largest": float(largest[level, 0])},
                sampled=sampled,
            )
        ]  # fmt: skip


def _changes(
    part: GroupPart, units: dict[str, Unit], step: int, level: int, level_pa: float
) -> NDArray[np.float64]:
    """(n,) the absolute changes of one field, in %, missing ones left out."""
    found = []
    fields = {
        role: (part.original[role][step, level].ravel(), part.decoded[role][step, level].ravel())
        for role in units
    }
    size = fields["temperature"][0].size
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        for start in range(0, size, _BLOCK):
            block = slice(start, start + _BLOCK)
            before, after = (
                relative_humidity(
                    *(
                        units[role].to_si(fields[role][which][block])
                        for role in _KINDS
                        if role in units
                    ),
                    *(() if "pressure" in units else (level_pa,)),
                )
                for which in (0, 1)
            )
            change = np.abs(after - before)
            good = np.isfinite(change) & (before <= HIGHEST)
            found.append(change if good.all() else change[good])
    return np.concatenate(found) if found else np.zeros(0)


def _quantile(bins: NDArray[np.int64], largest: float) -> float:
    """The upper end of the bin that holds the quantile, never more than the largest value."""
    count = int(bins.sum())
    if count == 0:
        return float("nan")
    place = int(np.searchsorted(np.cumsum(bins), QUANTILE * count))
    return largest if place >= BINS else min(largest, (place + 1) * BIN)
