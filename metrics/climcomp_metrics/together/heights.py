"""Geostrophic and thermal wind from the heights of pressure levels (T6): METRICS, "Structure"."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.base import State, Value
from climcomp_metrics.together import sums
from climcomp_metrics.together.gradients import SphereGrid, sphere_grid
from climcomp_metrics.together.levels import pressures
from climcomp_metrics.together.model import Group, GroupPart, Member
from climcomp_metrics.together.names import by_stand, has_one_level_axis, short_name
from climcomp_metrics.together.quantities import HEIGHT
from climcomp_metrics.together.units import find_unit, unit_not_known

GRAVITY = 9.80665  # m s-2: WMO's standard, by which geopotential metres are defined
EARTH_ROTATION = 7.292115e-5  # rad s-1: IERS 2010
TROPICS, NEAREST_POLE = 20.0, 85.0
"""Degrees of latitude. Nearer to the equator f is too small for winds to be near geostrophic, and
1 m of height would count for ever more m/s. Nearer to a pole the columns close up (as for T5)."""


class GeostrophicWind:
    """Rms of the change of the geostrophic wind, and of the thermal wind, in m/s (T6).

    Notes
    -----
    (u, v) = (-dPhi/dy, dPhi/dx) / f with f = 2 Omega sin lat and Phi = 9.80665 z, for
    20 <= abs(lat) < 85, by centred differences over two cells. The change is that of the error
    field, since all is linear. Thickness is told as the thermal wind between neighbouring pressure
    levels, which is the geostrophic wind of their thickness and has the unit of the limit; where
    the errors of both levels have nothing in common it is sqrt(2) of that of one. Rms over all
    measured times and the area of a level; the worst level, or pair, counts. Source: Holton, An
    Introduction to Dynamic Meteorology, 3.2 and 3.4; limits METRICS.
    """

    name: ClassVar[str] = "geostrophic wind"
    criteria: ClassVar[tuple[str, ...]] = ("T6-geostrophic", "T6-thickness")
    by_level: ClassVar[bool] = False

    def find(self, members: Sequence[Member]) -> list[Group]:
        """Each height or geopotential of levels, or of one that its name tells, such as z500."""
        return [
            Group(self.name, {"height": member.name})
            for together in by_stand(members)
            for member in together
            if HEIGHT.fits(member) and (has_one_level_axis(member) or _names_a_level(member))
        ]

    def stride(self, steps: int) -> int:
        """Every 8th step, at least 32."""
        return sums.derived_stride(steps)

    def of(self, group: Group, part: GroupPart) -> State:
        """Sums of squares of each level and of each pair of levels."""
        grid = sphere_grid(part.domain)
        if isinstance(grid, str):
            return sums.lacking(grid)
        levels = part.original["height"].shape[1]
        pressure = pressures(part, levels)
        # One level without a coordinate is z500 or the like: its name says where it is.
        if isinstance(pressure, str) and (levels > 1 or part.level_values is not None):
            return sums.lacking(pressure)
        text = part.units["height"]
        unit, gravity = find_unit("height", text), GRAVITY
        if unit is None:
            unit, gravity = find_unit("geopotential", text), 1.0
        if unit is None:
            return sums.lacking(unit_not_known(group.members["height"], text, "height"))
        order = np.arange(1) if isinstance(pressure, str) else np.argsort(pressure)
        return sums.begin(part) | _measure(part, grid, unit.factor * gravity, order)

    def merge(self, first: State, second: State) -> State:
        """The sums of both parts."""
        return sums.merge(first, second)

    def values(self, group: Group, state: State) -> list[Value]:
        """The worst level, and the worst pair."""
        found = [_value(state, "T6-geostrophic", "winds")]
        if "sum/winds" in state and "sum/pairs" not in state:
            return [*found, sums.without("T6-thickness", "m s-1", "one level has no thickness")]
        return [*found, _value(state, "T6-thickness", "pairs")]


def _names_a_level(member: Member) -> bool:
    """A geopotential without levels and without a number is that of the ground."""
    return not member.axes.level and re.search(r"\d\d", short_name(member)) is not None


def _measure(part: GroupPart, grid: SphereGrid, scale: float, order: NDArray[np.intp]) -> State:
    # numba takes a second to import, and plans and reports need none of it.
    from climcomp_metrics.kernels.jit import read_only
    from climcomp_metrics.together.loops import slope_sums

    coriolis = 2.0 * EARTH_ROTATION * np.sin(np.deg2rad(grid.lat))
    rows = np.zeros(grid.lat.size)
    band = grid.band(TROPICS, NEAREST_POLE)
    rows[band] = scale / coriolis[band]
    weights = read_only(grid.weights)
    before, after = part.original["height"], part.decoded["height"]
    levels = before.shape[1]
    added = {"winds": np.zeros((levels, 2)), "pairs": np.zeros((levels - 1, 2))}
    worst = {name: np.full((len(table), 2), -np.inf) for name, table in added.items()}
    for i, time in enumerate(sums.time_steps(part)):
        above: NDArray[np.float64] | None = None
        for place, k in enumerate(order):
            with np.errstate(invalid="ignore"):  # inf - inf, which then counts as missing
                error = after[i, k] - before[i, k]
                jobs = [("winds", int(k), error)]
                if above is not None:
                    jobs.append(("pairs", place - 1, error - above))
            for name, row, field in jobs:
                weight, square = slope_sums(
                    read_only(field), rows, grid.cosine, grid.by_row, grid.by_column,
                    grid.periodic, weights,
                )  # fmt: skip
                added[name][row] += weight, square
                if weight > 0 and square / weight > worst[name][row, 0]:
                    worst[name][row] = square / weight, time
            above = error
    names = sums.level_names(part, levels)
    between = [f"between {names[a]} and {names[b]}" for a, b in itertools.pairwise(order)]
    state: State = {"words/winds": np.array(names)}
    if between:
        state["words/pairs"] = np.array(between)
    for name, table in added.items():
        if len(table):
            state |= {f"sum/{name}": table, f"worst/{name}": worst[name]}
    return state


def _value(state: State, criterion: str, name: str) -> Value:
    sampled = sums.sampled_in_words(state)
    if f"sum/{name}" not in state:
        reason = sums.reason_for_nothing(state, "nothing was measured")
        return sums.without(criterion, "m s-1", reason, sampled)
    weight, square = sums.numbers(state, f"sum/{name}").T
    if not (weight > 0).any():
        reason = (
            f"no cell with four neighbours lies between {TROPICS:g} and {NEAREST_POLE:g} degrees "
            "of latitude"
        )
        return sums.without(criterion, "m s-1", reason, sampled)
    rms = np.where(weight > 0, np.sqrt(square / np.where(weight > 0, weight, 1.0)), -1.0)
    row = int(np.argmax(rms))
    size, step = sums.numbers(state, f"worst/{name}")[row]
    return Value(
        criterion,
        row if rms.size > 1 and name == "winds" else None,
        float(rms[row]),
        "m s-1",
        time=int(step) if math.isfinite(step) and rms[row] > 0 else None,
        place=str(state[f"words/{name}"][row]),
        detail={"rms of the worst step": math.sqrt(max(size, 0.0))},
        sampled=sampled,
    )
