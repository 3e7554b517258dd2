"""Mass, water and enthalpy of columns of air (C5): METRICS, "Conservation"."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.base import State, Value
from climcomp_metrics.together import sums
from climcomp_metrics.together.levels import pressures
from climcomp_metrics.together.model import Group, GroupPart, Member
from climcomp_metrics.together.months import (
    month_in_words,
    monthly,
    monthly_means,
    worst_month,
)
from climcomp_metrics.together.names import by_stand, first_of, has_one_level_axis, lies_under
from climcomp_metrics.together.quantities import AIR_TEMPERATURE, HUMIDITY, SURFACE_PRESSURE
from climcomp_metrics.together.units import find_unit, unit_not_known

GRAVITY = 9.80665  # m s-2: standard gravity, CGPM 1901
AIR_HEAT = 1004.7  # J kg-1 K-1: dry air at constant pressure, 7/2 of 287.06, as ECMWF's IFS has it
MONTH_SECONDS = 365.2425 / 12.0 * 86400.0

Fields = Iterator[tuple[int, int, list[NDArray[np.float64]]]]


class ColumnIntegral(ABC):
    """A monthly area mean of what stands above a square metre, and its change.

    Notes
    -----
    The integral of f dp/g by the trapezoidal rule over the pressure levels at which f is valid
    before and after; a column with fewer than two of them next to each other counts as missing. No
    layer is added below the lowest level, and levels that a model filled below ground count: both
    are the same before and after.
    """

    name: ClassVar[str]
    criteria: ClassVar[tuple[str, ...]]
    unit: ClassVar[str]

    def stride(self, steps: int) -> int:
        """Every 8th step, at least 32: whole columns are read for it."""
        return sums.derived_stride(steps)

    def of(self, group: Group, part: GroupPart) -> State:
        """The means of each month, added up: of the change, and of what it is compared with."""
        if part.domain.weights is None:
            return sums.lacking("no area weights")
        fields = self._fields(group, part)
        if isinstance(fields, str):
            return sums.lacking(fields)
        remark = {"words/remark": np.array([self._remark(part)])}
        return sums.begin(part) | remark | monthly_means(part, fields)

    def merge(self, first: State, second: State) -> State:
        """The sums of both parts."""
        return sums.merge(first, second)

    def values(self, group: Group, state: State) -> list[Value]:
        """The worst month."""
        criterion, sampled = self.criteria[0], sums.sampled_in_words(state)
        found = monthly(state)
        if found is None:
            reason = sums.reason_for_nothing(state, "no column has two valid levels")
            return [sums.without(criterion, self.unit, reason, sampled)]
        worst = worst_month(found, self._scale(found.means[:, 1]))
        if worst is None:
            return [sums.without(criterion, self.unit, "there is nothing in the columns", sampled)]
        change, mean = found.means[worst.row]
        place = (month_in_words(int(found.months[worst.row])), str(state["words/remark"][0]))
        return [
            Value(
                criterion, None, worst.value, self.unit,
                place=", ".join(filter(None, place)),
                detail={"signed": float(change), "mean": float(mean)},
                sampled=sampled,
                error=worst.error,
            )
        ]  # fmt: skip

    @abstractmethod
    def _fields(self, group: Group, part: GroupPart) -> Fields | str:
        """Of each step the change and the original, or the reason why there is none."""

    @abstractmethod
    def _scale(self, means: NDArray[np.float64]) -> NDArray[np.float64]:
        """What makes the metric of the change of each month, from the months' means."""

    @abstractmethod
    def _remark(self, part: GroupPart) -> str:
        """What was measured, where that is not plain from the name."""


def column_integral(
    values: NDArray[np.float64], pressure: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The integral of values dp/g.

    Parameters
    ----------
    values : (level, y, x)
        In a unit u per kg of air; NaN where missing.
    pressure : (level,)
        Pa, in any order, each level once.

    Returns
    -------
    (y, x)
        In u m-2; NaN where no two levels next to each other are valid.
    """
    order = np.argsort(pressure)
    thickness = np.diff(pressure[order]) / GRAVITY
    total = np.zeros(values.shape[1:])
    pairs = np.zeros(values.shape[1:], bool)
    for upper, lower, mass in zip(order[:-1], order[1:], thickness, strict=True):
        layer = (values[upper] + values[lower]) * (0.5 * mass)
        valid = np.isfinite(layer)
        total += layer if valid.all() else np.where(valid, layer, 0.0)
        pairs |= valid
    return np.where(pairs, total, np.nan)


def _column_fields(
    group: Group, part: GroupPart, role: str, kind: str, scale: float
) -> Fields | str:
    """Of each step the change of a member's column and the column itself, times `scale`."""
    before, after = part.original[role], part.decoded[role]
    pressure = pressures(part, before.shape[1])
    if isinstance(pressure, str):
        return pressure
    if pressure.size < 2:
        return "one level is no column"
    unit = find_unit(kind, part.units[role])
    if unit is None:
        return unit_not_known(group.members[role], part.units[role], kind)

    def fields() -> Fields:
        for step in range(before.shape[0]):
            x = unit.to_si(before[step])
            with np.errstate(invalid="ignore"):  # inf - inf, which then counts as missing
                change = unit.difference(after[step] - before[step])
            missing = ~np.isfinite(change)
            if missing.any():
                x = np.where(missing, np.nan, x)
                change = np.where(missing, np.nan, change)
            columns = [column_integral(values, pressure) for values in (change, x)]
            yield step, 0, [column * scale for column in columns]

    return fields()


class WaterColumn(ColumnIntegral):
    """Relative change of precipitable water, the integral of q dp/g (C5-water)."""

    name: ClassVar[str] = "precipitable water"
    criteria: ClassVar[tuple[str, ...]] = ("C5-water",)
    by_level: ClassVar[bool] = False
    unit: ClassVar[str] = "1"

    def find(self, members: Sequence[Member]) -> list[Group]:
        """Each specific humidity on levels."""
        return [
            Group(self.name, {"humidity": member.name})
            for member in members
            if has_one_level_axis(member) and HUMIDITY.fits(member)
        ]

    def _fields(self, group: Group, part: GroupPart) -> Fields | str:
        return _column_fields(group, part, "humidity", "mass ratio", 1.0)

    def _scale(self, means: NDArray[np.float64]) -> NDArray[np.float64]:
        return 1.0 / np.where(means > 0, means, np.nan)

    def _remark(self, part: GroupPart) -> str:
        return ""


class Enthalpy(ColumnIntegral):
    """Change of the columns' enthalpy over the length of a month, in W m-2 (C5-enthalpy).

    cp T dp/g, integrated, in J m-2. Over 30.4 days, since it is the error that the storage term of
    a month's energy budget gets where the month before has none: 1e7 J m-2 K-1 of a column make
    0.01 W m-2 of 0.0026 K. The latent part is in C5-water.
    """

    name: ClassVar[str] = "enthalpy"
    criteria: ClassVar[tuple[str, ...]] = ("C5-enthalpy",)
    by_level: ClassVar[bool] = False
    unit: ClassVar[str] = "W m-2"

    def find(self, members: Sequence[Member]) -> list[Group]:
        """Each air temperature on levels."""
        return [
            Group(self.name, {"temperature": member.name})
            for member in members
            if has_one_level_axis(member) and first_of([member], *AIR_TEMPERATURE)
        ]

    def _fields(self, group: Group, part: GroupPart) -> Fields | str:
        scale = AIR_HEAT / MONTH_SECONDS
        return _column_fields(group, part, "temperature", "temperature", scale)

    def _scale(self, means: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.ones(means.size)

    def _remark(self, part: GroupPart) -> str:
        return ""


class DryMass(ColumnIntegral):
    """Change of the area mean of the surface pressure of dry air, in Pa (C5-mass).

    ps less g times the precipitable water, where the archive has specific humidity on pressure
    levels of the same grid and times; else ps itself, which the place says.
    """

    name: ClassVar[str] = "air mass"
    criteria: ClassVar[tuple[str, ...]] = ("C5-mass",)
    by_level: ClassVar[bool] = False
    unit: ClassVar[str] = "Pa"

    def find(self, members: Sequence[Member]) -> list[Group]:
        """Each surface pressure, with the specific humidity above it if there is one."""
        groups = []
        for together in by_stand(members):
            surface = first_of(together, SURFACE_PRESSURE)
            if surface is None or surface.axes.level:
                continue
            above = [
                member
                for member in members
                if has_one_level_axis(member) and lies_under(surface, member)
            ]
            humidity = first_of(above, HUMIDITY)
            wet = {} if humidity is None else {"humidity": humidity.name}
            groups.append(Group(self.name, {"surface_pressure": surface.name, **wet}))
        return groups

    def _fields(self, group: Group, part: GroupPart) -> Fields | str:
        unit = find_unit("pressure", part.units["surface_pressure"])
        if unit is None:
            name = group.members["surface_pressure"]
            return unit_not_known(name, part.units["surface_pressure"], "pressure")
        water: Fields | str = ""
        if not self._remark(part):
            water = _column_fields(group, part, "humidity", "mass ratio", -GRAVITY)
        if isinstance(water, str) and water:
            return water
        before, after = part.original["surface_pressure"], part.decoded["surface_pressure"]

        def fields() -> Fields:
            dry = None if isinstance(water, str) else water
            for step in range(before.shape[0]):
                with np.errstate(invalid="ignore"):
                    change = unit.difference(after[step, 0] - before[step, 0])
                    pair = [change, unit.to_si(before[step, 0])]
                if dry is not None:
                    pair = [a + b for a, b in zip(pair, next(dry)[2], strict=True)]
                yield step, 0, pair

        return fields()

    def _scale(self, means: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.ones(means.size)

    def _remark(self, part: GroupPart) -> str:
        """Why the mass is not that of dry air; empty if it is."""
        humidity = part.original.get("humidity")
        if humidity is None:
            return "with its water: no specific humidity"
        found = pressures(part, humidity.shape[1])
        if not isinstance(found, str) and found.size < 2:
            found = "one level is no column"
        return f"with its water: {found}" if isinstance(found, str) else ""
