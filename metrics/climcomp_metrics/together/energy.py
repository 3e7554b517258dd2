"""Kinetic energy of the wind, heat of the ocean (C6): METRICS, "Conservation"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.base import State, Value
from climcomp_metrics.together import sums
from climcomp_metrics.together.levels import depths, thicknesses
from climcomp_metrics.together.model import Group, GroupPart, Member
from climcomp_metrics.together.months import (
    month_in_words,
    monthly,
    monthly_means,
    worst_month,
)
from climcomp_metrics.together.names import first_of, has_one_level_axis
from climcomp_metrics.together.quantities import SEA_TEMPERATURE
from climcomp_metrics.together.units import find_unit, unit_not_known
from climcomp_metrics.together.wind_pairs import find_winds, same_speed_unit

ZERO_CELSIUS = 273.15


class KineticEnergy:
    """Relative change of the mean kinetic energy 0.5 (u2 + v2) of a level (C6-kinetic).

    Over the area and all measured times; the worst level counts. Winds that are missing in one of
    u and v, before or after, are left out.
    """

    name: ClassVar[str] = "kinetic energy"
    criteria: ClassVar[tuple[str, ...]] = ("C6-kinetic",)
    by_level: ClassVar[bool] = True

    def find(self, members: Sequence[Member]) -> list[Group]:
        """Eastward and northward winds, or currents, on the same dimensions."""
        return find_winds(self.name, members)

    def stride(self, steps: int) -> int:
        """Every 8th step, at least 32."""
        return sums.derived_stride(steps)

    def of(self, group: Group, part: GroupPart) -> State:
        """Of each level the steps measured, and the sums of their mean energy and its change."""
        if part.domain.weights is None:
            return sums.lacking("no area weights")
        factor = same_speed_unit(group, part)
        if isinstance(factor, str):
            return sums.lacking(factor)
        # numba takes a second to import, and plans and reports need none of it.
        from climcomp_metrics.kernels.jit import read_only
        from climcomp_metrics.together.loops import energy_sums

        weights = read_only(part.domain.weights)
        steps, levels = part.original["u"].shape[:2]
        added = np.zeros((levels, 3))
        for level in range(levels):
            for step in range(steps):
                weight, energy, change = energy_sums(
                    read_only(part.original["u"][step, level]),
                    read_only(part.original["v"][step, level]),
                    read_only(part.decoded["u"][step, level]),
                    read_only(part.decoded["v"][step, level]),
                    weights,
                )
                if weight > 0:
                    added[level] += 1.0, energy / weight, change / weight
        return sums.begin(part) | {"sum/energy": added * np.array([1.0, factor**2, factor**2])}

    def merge(self, first: State, second: State) -> State:
        """The sums of both parts."""
        return sums.merge(first, second)

    def values(self, group: Group, state: State) -> list[Value]:
        """The worst level."""
        criterion, sampled = self.criteria[0], sums.sampled_in_words(state)
        if "sum/energy" not in state:
            reason = sums.reason_for_nothing(state, "nothing was measured")
            return [sums.without(criterion, "1", reason, sampled)]
        steps, energy, change = sums.numbers(state, "sum/energy").T
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(change == 0.0, 0.0, np.abs(change) / energy)
        share[steps == 0] = np.nan
        share[(energy == 0) & (change != 0)] = np.nan
        if not np.isfinite(share).any():
            return [sums.without(criterion, "1", "no cell has both winds, or no wind", sampled)]
        level = int(np.nanargmax(share))
        return [
            Value(
                criterion, level if share.size > 1 else None, float(share[level]), "1",
                place=sums.level_name(state, level),
                detail={
                    "signed": float(change[level] / energy[level]) if energy[level] else 0.0,
                    "mean": float(energy[level] / steps[level]),
                },
                sampled=sampled,
            )
        ]  # fmt: skip


class OceanHeat:
    """Relative change of the heat content of the ocean above 0 degC (C6-ocean-heat).

    Notes
    -----
    sum(T dz dA) over all cells that are valid before and after, T in degC and dz from borders
    midway between the depths; the change of a month over sum(abs(T) dz dA). Density and heat
    capacity cancel. In kelvin the ratio would hide everything: 1e-4 of 277 K is 0.03 K, thirty
    years of warming. Of degC it is 0.0004 K for a global ocean of 3.5 degC, a few months' worth;
    absolute values keep the denominator of cold basins from vanishing.
    """

    name: ClassVar[str] = "ocean heat"
    criteria: ClassVar[tuple[str, ...]] = ("C6-ocean-heat",)
    by_level: ClassVar[bool] = False

    def find(self, members: Sequence[Member]) -> list[Group]:
        """Each temperature of sea water on levels."""
        return [
            Group(self.name, {"temperature": member.name})
            for member in members
            if has_one_level_axis(member) and first_of([member], *SEA_TEMPERATURE)
        ]

    def stride(self, steps: int) -> int:
        """Every 8th step, at least 32: whole columns are read for it."""
        return sums.derived_stride(steps)

    def of(self, group: Group, part: GroupPart) -> State:
        """The means of each month, added up: of the change, the heat, and abs(T) times depth."""
        if part.domain.weights is None:
            return sums.lacking("no area weights")
        values = part.original["temperature"]
        depth = depths(part, values.shape[1])
        if isinstance(depth, str):
            return sums.lacking(depth)
        unit = find_unit("temperature", part.units["temperature"])
        if unit is None:
            name = group.members["temperature"]
            return sums.lacking(unit_not_known(name, part.units["temperature"], "temperature"))
        layers = thicknesses(depth)[:, None, None]

        def fields() -> Iterator[tuple[int, int, list[NDArray[np.float64]]]]:
            for step, x in enumerate(values):
                with np.errstate(invalid="ignore"):
                    change = part.decoded["temperature"][step] - x
                celsius = unit.to_si(x) - ZERO_CELSIUS
                valid = np.isfinite(change)
                wet = valid.any(axis=0)
                yield (
                    step,
                    0,
                    [
                        np.where(wet, (np.where(valid, field, 0.0) * layers).sum(axis=0), np.nan)
                        for field in (change, celsius, np.abs(celsius))
                    ],
                )

        return sums.begin(part) | monthly_means(part, fields())

    def merge(self, first: State, second: State) -> State:
        """The sums of both parts."""
        return sums.merge(first, second)

    def values(self, group: Group, state: State) -> list[Value]:
        """The worst month."""
        criterion, sampled = self.criteria[0], sums.sampled_in_words(state)
        found = monthly(state)
        if found is None:
            reason = sums.reason_for_nothing(state, "no cell has a value")
            return [sums.without(criterion, "1", reason, sampled)]
        size = found.means[:, 2]
        worst = worst_month(found, 1.0 / np.where(size > 0, size, np.nan))
        if worst is None:
            return [sums.without(criterion, "1", "all water is at 0 degC", sampled)]
        change, heat, _ = found.means[worst.row]
        return [
            Value(
                criterion, None, worst.value, "1",
                place=month_in_words(int(found.months[worst.row])),
                detail={"signed (K m)": float(change), "mean heat (K m)": float(heat)},
                sampled=sampled,
                error=worst.error,
            )
        ]  # fmt: skip
