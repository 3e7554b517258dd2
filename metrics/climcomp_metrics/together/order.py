"""Values that must keep their order (F4): METRICS, "Physical"."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.base import State, Value
from climcomp_metrics.together import sums
from climcomp_metrics.together.model import Group, GroupPart, Member
from climcomp_metrics.together.names import Quantity, by_stand, first_of, has_one_level_axis, words
from climcomp_metrics.together.quantities import HEIGHT, PRESSURE
from climcomp_metrics.together.units import Unit, find_unit, unit_not_known

_SLACK = 1e-6
"""Of the sum of both bounds: what rounding may add."""
_AIR = words("air_temperature")
_TEMPERATURES = {
    "lowest": Quantity(
        "daily minimum temperature",
        ("temperature",),
        names=words("tasmin tmin tn mn2t t2min trefhtmn trefmnav 2m_temperature_min"),
        beside=_AIR,
    ),
    "mean": Quantity(
        "mean temperature",
        ("temperature",),
        names=words("tas tmean tg t2m 2t t2 trefht 2m_temperature"),
        beside=_AIR,
    ),
    "highest": Quantity(
        "daily maximum temperature",
        ("temperature",),
        names=words("tasmax tmax tx mx2t t2max trefhtmx trefmxav tmx 2m_temperature_max"),
        beside=_AIR,
    ),
}
_RISING = (("lowest", "mean"), ("mean", "highest"), ("lowest", "highest"))
_COUNTS = 3  # compared, newly out of order, beyond the bounds
_WORST = 5  # by how much, time, level, and row and column


class TemperatureOrder:
    """New violations of tasmin <= tas <= tasmax beyond the bounds of both (F4).

    Notes
    -----
    A pair counts that was in order before and is out of order after by more than the bounds of
    both allow: so much no two kept bounds can make, so a step that was moved or a member that
    belongs to another variable is behind it. Those within the bounds are in the detail. Pairs
    need both values before and after.
    """

    name: ClassVar[str] = "order"
    criteria: ClassVar[tuple[str, ...]] = ("F4",)
    by_level: ClassVar[bool] = False

    def find(self, members: Sequence[Member]) -> list[Group]:
        """Two or three of the daily minimum, mean and maximum near the surface."""
        groups = []
        for together in by_stand(members):
            flat = [member for member in together if not member.axes.level]
            found = {role: first_of(flat, quantity) for role, quantity in _TEMPERATURES.items()}
            named = {role: member.name for role, member in found.items() if member is not None}
            if len(named) > 1:
                groups.append(Group(self.name, named))
        return groups

    def stride(self, steps: int) -> int:
        """Every step: what is forbidden is looked for everywhere."""
        return 1

    def of(self, group: Group, part: GroupPart) -> State:
        """Counts, and the worst violation."""
        units: dict[str, Unit] = {}
        for role, name in group.members.items():
            unit = find_unit("temperature", part.units[role])
            if unit is None:
                return sums.lacking(unit_not_known(name, part.units[role], "temperature"))
            units[role] = unit
        bounds = _bounds(group, part)
        if isinstance(bounds, str):
            return sums.lacking(bounds)
        return sums.begin(part) | _count(part, self._pairs(part, units, bounds))

    def merge(self, first: State, second: State) -> State:
        """The sums of both parts."""
        return sums.merge(first, second)

    def values(self, group: Group, state: State) -> list[Value]:
        """How many pairs are out of order beyond both bounds."""
        return [_value(state, self.criteria[0], "K")]

    def _pairs(
        self, part: GroupPart, units: dict[str, Unit], bounds: dict[str, float]
    ) -> Iterator[tuple[int, int, NDArray[np.float64], NDArray[np.float64], float]]:
        """Step, level, upper less lower before and after, and what the bounds allow."""
        for low, high in _RISING:
            if low not in units or high not in units:
                continue
            allowed = bounds[low] * units[low].factor + bounds[high] * units[high].factor
            shape = part.original[low].shape
            for step in range(shape[0]):
                for level in range(shape[1]):
                    before, after = (
                        units[high].to_si(values[high][step, level])
                        - units[low].to_si(values[low][step, level])
                        for values in (part.original, part.decoded)
                    )
                    yield step, level, before, after, allowed


class LevelOrder:
    """New turns of height or pressure along the levels, beyond the bounds (F4-levels).

    Notes
    -----
    Up or down is what the whole column does before. Neighbouring levels of a column count that
    were in order before and are out of order after by more than twice the variable's bound.
    """

    name: ClassVar[str] = "order of levels"
    criteria: ClassVar[tuple[str, ...]] = ("F4-levels",)
    by_level: ClassVar[bool] = False

    def find(self, members: Sequence[Member]) -> list[Group]:
        """Each height, geopotential or pressure on levels."""
        return [
            Group(self.name, {"profile": member.name})
            for member in members
            if has_one_level_axis(member) and first_of([member], HEIGHT, PRESSURE)
        ]

    def stride(self, steps: int) -> int:
        """Every 8th step, at least 32: whole columns are read for it."""
        return sums.derived_stride(steps)

    def of(self, group: Group, part: GroupPart) -> State:
        """Counts, and the worst violation."""
        if part.original["profile"].shape[1] < 2:
            return sums.lacking("one level has no order")
        bounds = _bounds(group, part)
        if isinstance(bounds, str):
            return sums.lacking(bounds)
        unit = {"words/unit": np.array([part.units["profile"]])}
        return sums.begin(part) | unit | _count(part, self._pairs(part, 2.0 * bounds["profile"]))

    def merge(self, first: State, second: State) -> State:
        """The sums of both parts."""
        return sums.merge(first, second)

    def values(self, group: Group, state: State) -> list[Value]:
        """How many neighbouring levels are out of order beyond the bounds."""
        unit = state.get("words/unit")
        return [_value(state, self.criteria[0], "" if unit is None else str(unit[0]))]

    def _pairs(
        self, part: GroupPart, allowed: float
    ) -> Iterator[tuple[int, int, NDArray[np.float64], NDArray[np.float64], float]]:
        """Step, level, the rise to the next level before and after, and what the bounds allow."""
        for step, (before, after) in enumerate(
            zip(part.original["profile"], part.decoded["profile"], strict=True)
        ):
            rises = np.diff(before, axis=0)
            up = np.where(np.nansum(rises, axis=0) < 0, -1.0, 1.0)
            for level, rise in enumerate(rises):
                yield step, level, up * rise, up * (after[level + 1] - after[level]), allowed


def _bounds(group: Group, part: GroupPart) -> dict[str, float] | str:
    """The bound of each member, or the reason why order cannot be judged."""
    unknown = [name for role, name in group.members.items() if role not in part.bounds]
    if unknown:
        return f"no absolute error bound is known of {' and '.join(unknown)}"
    return {role: part.bounds[role] for role in group.members}


def _count(
    part: GroupPart,
    pairs: Iterator[tuple[int, int, NDArray[np.float64], NDArray[np.float64], float]],
) -> State:
    counts, worst = np.zeros(_COUNTS), np.full((1, _WORST), -np.inf)
    times = sums.time_steps(part)
    for step, level, before, after, allowed in pairs:
        both = np.isfinite(before) & np.isfinite(after)
        new = both & (before >= 0) & (after < 0)
        counts += both.sum(), new.sum(), (new & (-after > allowed * (1.0 + _SLACK))).sum()
        if new.any():
            by = np.where(new, -after, -np.inf)
            row, column = np.unravel_index(int(np.argmax(by)), by.shape)
            found = (float(by[row, column]), float(times[step]), level, int(row), int(column))
            if (-found[0], found[1:]) < (-worst[0, 0], tuple(worst[0, 1:])):
                worst[0] = found
    return {"sum/order": counts, "worst/order": worst}


def _value(state: State, criterion: str, unit: str) -> Value:
    sampled = sums.sampled_in_words(state)
    if "sum/order" not in state:
        reason = sums.reason_for_nothing(state, "nothing was measured")
        return sums.without(criterion, "values", reason, sampled)
    compared, new, beyond = sums.numbers(state, "sum/order")
    if compared == 0:
        reason = "no place has two values to compare"
        return sums.without(criterion, "values", reason, sampled)
    by, time, level, row, column = sums.numbers(state, "worst/order")[0]
    if not math.isfinite(by):
        return Value(criterion, None, 0.0, "values", sampled=sampled)
    where = (sums.level_name(state, int(level)), f"row {row:.0f}, column {column:.0f}")
    return Value(
        criterion, None, float(beyond), "values",
        time=int(time),
        place=", ".join(filter(None, where)),
        detail={"newly out of order": float(new), f"by at most ({unit})": float(by)},
        sampled=sampled,
    )  # fmt: skip
