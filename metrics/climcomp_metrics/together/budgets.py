"""Budgets of energy and water (C4): METRICS, "Conservation"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.base import State, Value
from climcomp_metrics.together import sums
from climcomp_metrics.together.budget_terms import (
    SURFACE,
    TOP,
    WATER,
    Formula,
    Term,
)
from climcomp_metrics.together.model import Group, GroupPart, Member
from climcomp_metrics.together.months import (
    means_of_record,
    month_in_words,
    monthly,
    monthly_means,
    worst_month,
)
from climcomp_metrics.together.names import by_stand, first_of
from climcomp_metrics.together.units import Unit, find_unit, unit_not_known

_CHANGE, _NET, _GAIN = range(3)


class Budget:
    """The change of the monthly area mean of a sum of terms with signs.

    Notes
    -----
    Each step's area mean is taken over the cells that are valid in all members before and after;
    months are those of the calendar, in whole or as far as they were seen; without dates the whole
    record is one. Ensemble members and other levels are told apart, the worst counts.
    """

    name: ClassVar[str]
    criteria: ClassVar[tuple[str, ...]]
    formulas: ClassVar[tuple[Formula, ...]]
    kinds: ClassVar[tuple[str, ...]] = ("energy flux",)
    unit: ClassVar[str] = "W m-2"
    of_gain: ClassVar[bool] = False  # whether the change is told in % of what is gained

    def find(self, members: Sequence[Member]) -> list[Group]:
        """One group for each set of dimensions: the first formula whose terms are all there."""
        groups = []
        for together in by_stand(members):
            for formula in self.formulas:
                found = {term.role: first_of(together, term.quantity) for term in formula}
                named = {role: member.name for role, member in found.items() if member is not None}
                if len(named) == len(formula) == len(set(named.values())):
                    groups.append(Group(self.name, named))
                    break
        return groups

    def stride(self, steps: int) -> int:
        """Every step: budgets are small and must close."""
        return 1

    def of(self, group: Group, part: GroupPart) -> State:
        """The means of each month, added up."""
        if part.domain.weights is None:
            return sums.lacking("no area weights")
        terms = self._terms(group)
        units = self._units(group, part)
        if isinstance(units, str):
            return sums.lacking(units)
        return sums.begin(part) | monthly_means(part, _fields(part, terms, units))

    def merge(self, first: State, second: State) -> State:
        """The sums of both parts."""
        return sums.merge(first, second)

    def values(self, group: Group, state: State) -> list[Value]:
        """The worst month of the worst level."""
        criterion = self.criteria[0]
        found = monthly(state)
        if found is None:
            reason = sums.reason_for_nothing(state, "no cell has a value in all members")
            return [sums.without(criterion, self.unit, reason)]
        scale = np.ones(found.levels.size)
        if self.of_gain:
            gains = [means_of_record(state, level)[_GAIN] for level in found.levels]
            scale = np.array([100.0 / gain if gain > 0 else np.nan for gain in gains])
        worst = worst_month(found, scale)
        if worst is None:
            return [sums.without(criterion, self.unit, "there is no rain to compare with")]
        means = found.means[worst.row]
        level = int(found.levels[worst.row])
        return [
            Value(
                criterion,
                level if np.unique(found.levels).size > 1 else None,
                worst.value,
                self.unit,
                place=month_in_words(int(found.months[worst.row])),
                detail={"signed": float(means[_CHANGE]), "net": float(means[_NET])},
                sampled=sums.sampled_in_words(state),
                error=worst.error,
            )
        ]

    def _terms(self, group: Group) -> list[Term]:
        for formula in self.formulas:
            if {term.role for term in formula} == set(group.members):
                return list(formula)
        raise AssertionError(f"no formula of {self.name} has the roles {sorted(group.members)}")

    def _units(self, group: Group, part: GroupPart) -> dict[str, Unit] | str:
        """The unit of each role, all of one kind, or the reason why there is none."""
        for kind in self.kinds:
            found = {role: find_unit(kind, part.units[role]) for role in group.members}
            units = {role: unit for role, unit in found.items() if unit is not None}
            if len(units) == len(found):
                return units
        for role, name in group.members.items():
            text = part.units[role]
            if find_unit("energy over a while", text) is not None:
                return f"{name} is in {text}: over which time it was gathered is not said"
            if all(find_unit(kind, text) is None for kind in self.kinds):
                return unit_not_known(name, text, self.kinds[0])
        return f"{' and '.join(group.members.values())} have units of different kinds"


def _fields(
    part: GroupPart, terms: Sequence[Term], units: dict[str, Unit]
) -> Iterator[tuple[int, int, list[NDArray[np.float64]]]]:
    """Of each step and level the change of the net, the net, and what is gained."""
    shape = part.original[terms[0].role].shape
    for step in range(shape[0]):
        for level in range(shape[1]):
            change, net, gain = (np.zeros(shape[2:]) for _ in range(3))
            for term in terms:
                x = part.original[term.role][step, level]
                factor = term.sign * units[term.role].factor
                with np.errstate(invalid="ignore"):  # inf - inf, which then counts as missing
                    change += (part.decoded[term.role][step, level] - x) * factor
                    net += x * factor
                    if term.gain:
                        gain += x * factor
            yield step, level, [change, net, gain]


class TopBudget(Budget):
    """Change of the net downward radiation at the top of the atmosphere, W m-2 (C4-toa).

    rsdt - rsut - rlut of CMIP, or the net fluxes of CESM and ERA5. Source: METRICS, argued: 1 % of
    Earth's imbalance of about 1 W m-2.
    """

    name: ClassVar[str] = "TOA budget"
    criteria: ClassVar[tuple[str, ...]] = ("C4-toa",)
    by_level: ClassVar[bool] = False
    formulas: ClassVar[tuple[Formula, ...]] = TOP


class SurfaceBudget(Budget):
    """Change of the net downward energy flux at the surface, W m-2 (C4-surface).

    rsds - rsus + rlds - rlus - hfls - hfss of CMIP, or the net fluxes of CESM and ERA5.
    """

    name: ClassVar[str] = "surface budget"
    criteria: ClassVar[tuple[str, ...]] = ("C4-surface",)
    by_level: ClassVar[bool] = False
    formulas: ClassVar[tuple[Formula, ...]] = SURFACE


class WaterBudget(Budget):
    """Change of precipitation less evaporation, % of the record's mean precipitation (C4-water).

    Over the mean of the whole record and not of the month, so that a dry month of a small region
    is not divided by nothing.
    """

    name: ClassVar[str] = "water budget"
    criteria: ClassVar[tuple[str, ...]] = ("C4-water",)
    by_level: ClassVar[bool] = False
    formulas: ClassVar[tuple[Formula, ...]] = WATER
    kinds: ClassVar[tuple[str, ...]] = ("water flux", "water over a while")
    unit: ClassVar[str] = "% of P"
    of_gain: ClassVar[bool] = True
